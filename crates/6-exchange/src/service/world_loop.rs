//! The world's thread: waits for batches of asks, gives them their time, lets [`Answering`] run them,
//! and hands chunks to the journal's thread. It never waits for the disk, only for room in that queue.
#![allow(clippy::disallowed_types, reason = "an edge: this is where an ask gets its time")]

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::SystemTime;

use units::Time;

use super::Shared;
use super::answering::Answering;
use super::letters::{ToJournal, ToWorld};
use crate::Exchange;

pub(crate) struct WorldLoop {
    exchange: Exchange,
    answering: Answering,
    from_clients: Receiver<ToWorld>,
    to_journal: SyncSender<ToJournal>,
    shared: Arc<Shared>,
}

impl WorldLoop {
    pub(crate) fn new(
        exchange: Exchange,
        from_clients: Receiver<ToWorld>,
        to_journal: SyncSender<ToJournal>,
        shared: Arc<Shared>,
        answering: Answering,
    ) -> WorldLoop {
        WorldLoop { exchange, answering, from_clients, to_journal, shared }
    }

    /// Runs until it is told to stop, the world is over, or the journal's thread is gone.
    pub(crate) fn run(&mut self) {
        self.answering.begin(&mut self.exchange, now());
        let mut going = self.lives() && self.hand_on();
        while going {
            let Ok(first) = self.from_clients.recv() else { break };
            let mut next = Some(first);
            let mut stop = false;
            while let Some(message) = next {
                match message {
                    ToWorld::Batch(batch) => {
                        let intake = self.shared.intake();
                        self.answering.take(&mut self.exchange, batch, intake, now());
                    }
                    ToWorld::Stop => {
                        stop = true;
                        break;
                    }
                    #[cfg(test)]
                    ToWorld::Harm(harm) => harm(&mut self.exchange),
                }
                if !self.lives() {
                    return;
                }
                let full = self.answering.is_full();
                next = if full { None } else { self.from_clients.try_recv().ok() };
            }
            if stop {
                self.answering.end();
            }
            going = self.hand_on() && !stop;
        }
    }

    /// False if the world is over. What it has not handed on is told to nobody then: those who wait hear that
    /// its end is not known.
    fn lives(&self) -> bool {
        let death = self.exchange.death();
        if let Some(why) = death {
            self.shared.fail(why.to_owned());
        }
        death.is_none()
    }

    /// False if the journal's thread is gone.
    fn hand_on(&mut self) -> bool {
        let chunk = self.answering.hand_on(&self.exchange);
        self.to_journal.send(ToJournal::Chunk(chunk)).is_ok()
    }
}

/// The time of what comes in now. The exchange sees to it that it never goes back.
fn now() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
