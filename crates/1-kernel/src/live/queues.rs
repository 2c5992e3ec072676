//! The queues and flags over which threads meet: the standard library's, behind a trait, so that a test
//! can put in others that try every interleaving of threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

/// There was no room for this.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full<T>(pub T);

/// Bounded queues with many senders and one receiver, and flags that are raised once.
pub trait Queues {
    /// A way in.
    type Sender<T>: Clone;
    /// The way out.
    type Receiver<T>;
    /// Raised once, seen by all.
    type Flag: Clone;

    /// A queue with room for so many.
    fn queue<T>(room: usize) -> (Self::Sender<T>, Self::Receiver<T>);

    /// Puts one in, unless it is full. To a receiver that is gone it is lost.
    fn try_send<T>(sender: &Self::Sender<T>, value: T) -> Result<(), Full<T>>;

    /// Takes the oldest, if there is one.
    fn try_recv<T>(receiver: &Self::Receiver<T>) -> Option<T>;

    /// Waits for the next. `None` if all senders are gone.
    fn recv<T>(receiver: &Self::Receiver<T>) -> Option<T>;

    /// A flag that is down.
    fn flag() -> Self::Flag;

    /// Raises it. Whoever sees it up sees all that was sent before.
    fn raise(flag: &Self::Flag);

    /// Whether it is up.
    fn is_up(flag: &Self::Flag) -> bool;
}

/// The standard library's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Std {}

impl Queues for Std {
    type Sender<T> = SyncSender<T>;
    type Receiver<T> = Receiver<T>;
    type Flag = Arc<AtomicBool>;

    fn queue<T>(room: usize) -> (SyncSender<T>, Receiver<T>) {
        sync_channel(room)
    }

    fn try_send<T>(sender: &SyncSender<T>, value: T) -> Result<(), Full<T>> {
        match sender.try_send(value) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => Ok(()),
            Err(TrySendError::Full(value)) => Err(Full(value)),
        }
    }

    fn try_recv<T>(receiver: &Receiver<T>) -> Option<T> {
        receiver.try_recv().ok()
    }

    fn recv<T>(receiver: &Receiver<T>) -> Option<T> {
        receiver.recv().ok()
    }

    fn flag() -> Arc<AtomicBool> {
        Arc::new(AtomicBool::new(false))
    }

    fn raise(flag: &Arc<AtomicBool>) {
        flag.store(true, Ordering::Release);
    }

    fn is_up(flag: &Arc<AtomicBool>) -> bool {
        flag.load(Ordering::Acquire)
    }
}
