//! The queues and flags between threads: the standard library's, behind a trait, so that a test can
//! substitute queues that try every interleaving of threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

/// The queue was full; the value comes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full<T>(pub T);

/// Bounded queues with many senders and one receiver, and flags that are raised once.
pub trait Queues {
    /// The sending end.
    type Sender<T>: Clone;
    /// The receiving end.
    type Receiver<T>;
    /// Raised once, visible to all.
    type Flag: Clone;

    /// A queue of this capacity.
    fn queue<T>(capacity: usize) -> (Self::Sender<T>, Self::Receiver<T>);

    /// Sends a value unless the queue is full. It is lost if the receiver is gone.
    fn try_send<T>(sender: &Self::Sender<T>, value: T) -> Result<(), Full<T>>;

    /// Receives the oldest value, if there is one.
    fn try_recv<T>(receiver: &Self::Receiver<T>) -> Option<T>;

    /// Blocks for the next value. `None` if all senders are gone.
    fn recv<T>(receiver: &Self::Receiver<T>) -> Option<T>;

    /// A flag that is down.
    fn flag() -> Self::Flag;

    /// Raises a flag. A thread that sees it up also sees all that was sent before.
    fn raise(flag: &Self::Flag);

    /// True if the flag is up.
    fn is_up(flag: &Self::Flag) -> bool;
}

/// The standard library's channels and atomics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Std {}

impl Queues for Std {
    type Sender<T> = SyncSender<T>;
    type Receiver<T> = Receiver<T>;
    type Flag = Arc<AtomicBool>;

    fn queue<T>(capacity: usize) -> (SyncSender<T>, Receiver<T>) {
        sync_channel(capacity)
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
