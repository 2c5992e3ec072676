//! Follows durable facts on its own thread, and keeps views of them for other threads.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use exchange::{Service, Subscription};
use protocol::{Fact, Stamp};
use views::{Bounds, Views};

use crate::ends::{self, End};
use crate::server::ServerError;

/// Views, kept up to date.
pub(crate) struct Watch {
    seen: Arc<Mutex<Seen>>,
    thread: JoinHandle<()>,
}

struct Seen {
    views: Views,
}

impl Seen {
    fn take(&mut self, batch: &[(Stamp, Fact)]) {
        for (stamp, fact) in batch {
            self.views.apply(stamp, fact);
        }
    }
}

impl Watch {
    /// Follows from the first fact; all facts that were durable at the call are in the views on return. Reports to
    /// `ends` when the facts end.
    pub(crate) fn start(service: &Arc<Service>, ends: Sender<End>) -> Result<Watch, ServerError> {
        // The demo shows resting orders and trades, not their owners.
        let bounds = Bounds { finished_per_account: 0, finished: 0, ..Bounds::default() };
        let mut seen = Seen { views: Views::new(bounds) };
        let until = service.health().durable;
        let mut facts = service.subscribe();
        while seen.views.seq() < until {
            let Some(batch) = facts.recv() else { break };
            seen.take(&batch);
        }
        let seen = Arc::new(Mutex::new(seen));
        let writes = seen.clone();
        let service = Arc::downgrade(service);
        let none_left = ends.clone();
        let follow = move || {
            let mut next = Some(facts);
            while let Some(facts) = next {
                let came = take_all(facts, &writes);
                // The subscription also ends if this thread was too slow. Then it subscribes again and folds from
                // the first fact; facts already seen change nothing. If none come, the exchange has ended.
                next = service.upgrade().filter(|_| came).map(|service| service.subscribe());
            }
            ends::tell(&none_left, End::Exchange);
        };
        let thread = ends::spawn("watch".to_owned(), ends, follow)?;
        Ok(Watch { seen, thread })
    }

    /// Reads the views. New facts wait meanwhile.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Views) -> T) -> T {
        // A panic of the other thread leaves views that are stale at worst.
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        look(&seen.views)
    }

    /// Waits until the last fact is seen. The exchange must have ended.
    pub(crate) fn stop(self) {
        ends::join(self.thread);
    }
}

/// Takes facts until there are no more; true if any came.
fn take_all(mut facts: Subscription, writes: &Mutex<Seen>) -> bool {
    let mut came = false;
    while let Some(batch) = facts.recv() {
        came = true;
        writes.lock().unwrap_or_else(PoisonError::into_inner).take(&batch);
    }
    came
}
