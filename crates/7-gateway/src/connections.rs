//! The open connections: how many there are, which of them are at work, which has been idle longest.
//!
//! Clients that hold connections and do nothing with them must not keep others out. So no new
//! connection is refused: at the bound, the one that has been idle longest is closed in its favour.
//! A connection whose request is at work is never closed so. There are fewer requests at work than
//! connections, hence there always is one to close.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Nothing is at work: waiting for a request, reading one, or writing an answer.
const IDLE: u8 = 0;
/// A request is at work.
const AT_WORK: u8 = 1;
/// Chosen to be closed.
const CUT: u8 = 2;

/// All open connections.
///
/// - there are never more than the bound
/// - each is idle, at work or cut; only an idle one is cut, and one that is cut stays so
pub(crate) struct Connections {
    places: Arc<Semaphore>,
    /// Counts what is read and written on any connection: the order of it is all that is needed.
    clock: Arc<AtomicU64>,
    open: Arc<Mutex<BTreeMap<u64, Arc<Connection>>>>,
}

/// One of them.
pub(crate) struct Connection {
    clock: Arc<AtomicU64>,
    /// The clock when bytes last moved on it.
    moved: AtomicU64,
    state: AtomicU8,
    cut: Notify,
}

/// A place among the connections, free again when this is dropped.
pub(crate) struct Place {
    pub(crate) connection: Arc<Connection>,
    number: u64,
    open: Arc<Mutex<BTreeMap<u64, Arc<Connection>>>>,
    _permit: OwnedSemaphorePermit,
}

/// A request at work; dropped when it is answered.
pub(crate) struct Work(Arc<Connection>);

impl Connections {
    pub(crate) fn new(bound: usize) -> Connections {
        Connections {
            places: Arc::new(Semaphore::new(bound)),
            clock: Arc::default(),
            open: Arc::default(),
        }
    }

    /// A place for one more. At the bound, closes the idlest and waits until it is gone.
    pub(crate) async fn place(&self) -> Place {
        let permit = match self.places.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                self.cut_idlest();
                let place = self.places.clone().acquire_owned().await;
                place.expect("the semaphore is never closed")
            }
        };
        let number = self.clock.fetch_add(1, Ordering::Relaxed);
        let connection = Arc::new(Connection {
            clock: self.clock.clone(),
            moved: AtomicU64::new(number),
            state: AtomicU8::new(IDLE),
            cut: Notify::new(),
        });
        lock(&self.open).insert(number, connection.clone());
        Place { connection, number, open: self.open.clone(), _permit: permit }
    }

    /// Closes the connection that has been idle longest; false if none is idle. O(connections).
    pub(crate) fn cut_idlest(&self) -> bool {
        let open = lock(&self.open);
        // One that was idle a moment ago may be at work by now; then it is the next one's turn.
        while let Some(idlest) = open
            .values()
            .filter(|connection| connection.state.load(Ordering::Acquire) == IDLE)
            .min_by_key(|connection| connection.moved.load(Ordering::Relaxed))
        {
            if idlest.change(IDLE, CUT) {
                idlest.cut.notify_one();
                return true;
            }
        }
        false
    }
}

impl Connection {
    /// Notes that bytes moved on it.
    pub(crate) fn moved(&self) {
        let now = self.clock.fetch_add(1, Ordering::Relaxed);
        self.moved.store(now, Ordering::Relaxed);
    }

    /// Begins work on a request; `None` if the connection is about to be closed.
    pub(crate) fn work(self: &Arc<Self>) -> Option<Work> {
        self.change(IDLE, AT_WORK).then(|| Work(self.clone()))
    }

    /// Returns when the connection is to be closed.
    pub(crate) async fn to_be_closed(&self) {
        self.cut.notified().await;
    }

    fn change(&self, from: u8, to: u8) -> bool {
        self.state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.0.moved();
        self.0.state.store(IDLE, Ordering::Release);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.open).remove(&self.number);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The map is whole after every operation on it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(place: &Place) -> bool {
        place.connection.state.load(Ordering::Acquire) == CUT
    }

    #[tokio::test]
    async fn the_idlest_is_cut_and_never_one_at_work() {
        let all = Connections::new(3);
        let (first, second, third) = (all.place().await, all.place().await, all.place().await);
        first.connection.moved();
        let work = third.connection.work().expect("it is idle");
        assert!(all.cut_idlest());
        assert!(cut(&second) && !cut(&first), "the second moved least lately");
        all.cut_idlest();
        assert!(cut(&first) && !cut(&third), "what is cut already is not cut again");
        assert!(!all.cut_idlest() && !cut(&third), "it is at work");
        drop(work);
        all.cut_idlest();
        assert!(cut(&third));
        assert!(third.connection.work().is_none(), "what is cut begins no work");
    }

    #[tokio::test]
    async fn a_new_one_waits_until_the_idlest_is_gone() {
        let all = Connections::new(1);
        let first = all.place().await;
        let end = async {
            first.connection.to_be_closed().await;
            drop(first);
        };
        let (second, ()) = tokio::join!(all.place(), end);
        assert!(!cut(&second));
        assert_eq!(lock(&all.open).len(), 1);
    }
}
