//! How facts go out: durable ones, in order, from the first that is kept.

use std::collections::VecDeque;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::time::Duration;

use protocol::{Fact, Stamp};

use super::messages::{History, Live, ToJournal};

/// Durable facts as they come. Each batch holds facts of whole commands.
pub struct Subscription {
    history: History,
    /// Position of the next fact of the history.
    next: u64,
    read: VecDeque<Arc<[(Stamp, Fact)]>>,
    live: Receiver<Live>,
}

/// Facts of a history that are read at once.
const AT_ONCE: u64 = 65_536;

pub(crate) fn subscribe(to_journal: &SyncSender<ToJournal>, lag: usize) -> Subscription {
    let (to, live) = sync_channel(lag);
    let (history_to, history) = sync_channel(1);
    let none = History::Kept(VecDeque::new());
    let history = match to_journal.send(ToJournal::Subscribe(to, history_to)) {
        Ok(()) => history.recv().unwrap_or(none),
        Err(_) => none, // the service has ended; so does the subscription, at once
    };
    Subscription { history, next: 1, read: VecDeque::new(), live }
}

impl Subscription {
    /// The next batch; waits for it. `None` when the service has ended, or this subscriber was so
    /// far behind that it was cut off: then subscribe again.
    pub fn recv(&mut self) -> Option<Arc<[(Stamp, Fact)]>> {
        self.next_of_history().or_else(|| Some(self.live.recv().ok()?.facts()))
    }

    /// The next batch, if it comes within this time; else [`RecvTimeoutError`].
    pub fn recv_timeout(
        &mut self,
        within: Duration,
    ) -> Result<Arc<[(Stamp, Fact)]>, RecvTimeoutError> {
        match self.next_of_history() {
            Some(batch) => Ok(batch),
            None => Ok(self.live.recv_timeout(within)?.facts()),
        }
    }

    /// The next batch, if it is there; else [`TryRecvError`].
    pub fn try_recv(&mut self) -> Result<Arc<[(Stamp, Fact)]>, TryRecvError> {
        match self.next_of_history() {
            Some(batch) => Ok(batch),
            None => Ok(self.live.try_recv()?.facts()),
        }
    }

    fn next_of_history(&mut self) -> Option<Arc<[(Stamp, Fact)]>> {
        if self.read.is_empty() {
            self.read_on();
        }
        self.read.pop_front()
    }

    fn read_on(&mut self) {
        match &mut self.history {
            History::Kept(kept) => self.read.extend(kept.pop_front().map(|live| live.facts())),
            History::Journal(reader, end) if self.next < *end => {
                let until = (*end).min(self.next.saturating_add(AT_ONCE));
                let (read, from, end) = (&mut self.read, self.next, *end);
                let result = reader.read(from, until, &mut |batch| {
                    let wanted = |stamp: &Stamp| stamp.seq >= from && stamp.seq < end;
                    let facts = batch.facts().map_while(Result::ok).filter(|(s, _)| wanted(s));
                    read.push_back(facts.collect());
                    ControlFlow::Continue(())
                });
                // A history that cannot be read ends the subscription: better than one with a gap.
                self.next = result.unwrap_or_else(|_| {
                    self.live = sync_channel(1).1;
                    end
                });
            }
            History::Journal(..) => {}
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subscription(next {})", self.next)
    }
}
