//! The world's thread: waits for batches of commands, gives them their time, lets [`Sequencer`] run them,
//! and hands chunks to the journal's thread. It never waits for the disk, only for a place in that queue.
#![allow(clippy::disallowed_types, reason = "an edge: this is where a command gets its time")]

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant, SystemTime};

use units::Time;

use super::Shared;
use super::clock::{Ahead, Clock};
use super::messages::{ToJournal, ToWorld};
use super::sequencer::{Moment, Sequencer};
use crate::Exchange;

pub(crate) struct WorldLoop {
    exchange: Exchange,
    clocks: Clocks,
    sequencer: Sequencer,
    from_clients: Receiver<ToWorld>,
    to_journal: SyncSender<ToJournal>,
    shared: Arc<Shared>,
}

impl WorldLoop {
    pub(crate) fn new(
        exchange: Exchange,
        clocks: Clocks,
        from_clients: Receiver<ToWorld>,
        to_journal: SyncSender<ToJournal>,
        shared: Arc<Shared>,
        sequencer: Sequencer,
    ) -> WorldLoop {
        WorldLoop { exchange, clocks, sequencer, from_clients, to_journal, shared }
    }

    /// Runs until a stop message, the end of the world, or the end of the journal's thread.
    pub(crate) fn run(&mut self) {
        let began = self.now();
        self.sequencer.begin(&mut self.exchange, began);
        let mut going = self.lives() && self.hand_on();
        while going {
            let first = match self.from_clients.recv_timeout(LOOK) {
                Ok(first) => first,
                Err(RecvTimeoutError::Timeout) => {
                    self.now(); // a clock that drifts slowly is followed, and one that jumps is reported
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let mut next = Some(first);
            let mut stop = false;
            while let Some(message) = next {
                match message {
                    ToWorld::Batch(batch) => {
                        let now = self.now();
                        self.sequencer.take(&mut self.exchange, batch, now);
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
                let full = self.sequencer.is_full();
                next = if full { None } else { self.from_clients.try_recv().ok() };
            }
            if stop {
                self.sequencer.end();
            }
            going = self.hand_on() && !stop;
        }
    }

    /// The present state of the outside world. A clock that jumps, or was set right, is reported.
    fn now(&mut self) -> Moment {
        let before = self.clocks.clock.jump();
        let (time, uptime) = self.clocks.read();
        let jump = self.clocks.clock.jump();
        if before.is_some() || jump.is_some() {
            self.shared.set_clock(jump);
        }
        Moment { time, uptime, intake: self.shared.intake() }
    }

    /// False if the world has ended. Commands whose facts were not handed on are then answered as of unknown outcome.
    fn lives(&self) -> bool {
        let death = self.exchange.death();
        if let Some(why) = death {
            self.shared.fail(why.to_owned());
        }
        death.is_none()
    }

    /// False if the journal's thread is gone.
    fn hand_on(&mut self) -> bool {
        let chunk = self.sequencer.hand_on(&self.exchange);
        self.to_journal.send(ToJournal::Chunk(chunk)).is_ok()
    }
}

/// Time between two readings of the clocks while no command comes.
const LOOK: Duration = Duration::from_secs(1);

/// The system's two clocks, and what is made of them.
pub(crate) struct Clocks {
    began: Instant,
    clock: Clock,
}

impl Clocks {
    /// For an exchange whose last fact is of this time.
    pub(crate) fn new(last: Time, bound: Duration) -> Result<Clocks, Ahead> {
        Ok(Clocks { began: Instant::now(), clock: Clock::new(last, bound, wall(), 0)? })
    }

    /// What time it is, and for how long it has run.
    fn read(&mut self) -> (Time, u64) {
        let uptime = nanoseconds(self.began.elapsed());
        (self.clock.read(wall(), uptime), uptime)
    }
}

fn wall() -> Time {
    Time(nanoseconds(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()))
}

fn nanoseconds(of: Duration) -> u64 {
    u64::try_from(of.as_nanos()).unwrap_or(u64::MAX)
}
