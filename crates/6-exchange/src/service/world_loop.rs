//! The world's thread: takes batches of asks, runs each to quiet, and hands their facts and
//! answers to the journal's thread in chunks. It never waits for the disk, only for room in that queue.
#![allow(clippy::disallowed_types, reason = "an edge: this is where an ask gets its time")]

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::SystemTime;

use units::{AskId, Time};
use words::bytes::Groups;
use words::{Ask, Tell};

use super::letters::{Answer, Batch, Chunk, ToJournal, ToWorld};
use super::{Shared, recover};
use crate::Exchange;

/// A chunk is handed on when it has so many bytes of facts, or when nobody waits.
const CHUNK_BYTES: usize = 128 << 10;
/// ... or so many answers.
const CHUNK_ANSWERS: usize = 16_384;

pub(crate) struct WorldLoop {
    exchange: Exchange,
    from_clients: Receiver<ToWorld>,
    to_journal: SyncSender<ToJournal>,
    shared: Arc<Shared>,
    snapshot_every: u64,
    /// Facts at the last snapshot.
    snapshot_at: u64,
}

impl WorldLoop {
    pub(crate) fn new(
        exchange: Exchange,
        from_clients: Receiver<ToWorld>,
        to_journal: SyncSender<ToJournal>,
        shared: Arc<Shared>,
        snapshot_every: u64,
    ) -> WorldLoop {
        let snapshot_at = exchange.ledger().facts();
        WorldLoop { exchange, from_clients, to_journal, shared, snapshot_every, snapshot_at }
    }

    pub(crate) fn run(mut self) {
        let mut chunk = Chunk::default();
        let number = self.exchange.begin(now(), &mut |_, tell| write(&mut chunk.groups, &tell));
        debug_assert!(number >= AskId(1));
        let mut going = self.hand_on(chunk);
        while going {
            let Ok(first) = self.from_clients.recv() else { break };
            let mut chunk = Chunk::default();
            let mut next = Some(first);
            while let Some(ToWorld::Batch(batch)) = next {
                self.take(batch, &mut chunk);
                let full =
                    chunk.groups.bytes().len() >= CHUNK_BYTES || chunk.answers >= CHUNK_ANSWERS;
                next = if full { None } else { self.from_clients.try_recv().ok() };
            }
            let stop = matches!(next, Some(ToWorld::Stop));
            going = self.hand_on(chunk) && !stop;
        }
        // The journal's thread ends when it has done all that was handed on; if it has ended
        // before, everybody who waits is told by the drop of what they wait for.
        match self.to_journal.send(ToJournal::End) {
            Ok(()) | Err(_) => {}
        }
    }

    fn take(&mut self, batch: Batch, chunk: &mut Chunk) {
        let Batch { asks, reply } = batch;
        self.exchange.set_room(self.shared.room.load(Ordering::Relaxed));
        let time = now();
        let mut answers = Vec::with_capacity(asks.len());
        for (at, ask) in asks.iter().enumerate() {
            self.exchange.warm(&asks[at + 1..]);
            answers.push(self.answer(time, ask, &mut chunk.groups));
        }
        chunk.answers += answers.len();
        chunk.replies.push((answers, reply));
    }

    fn answer(&mut self, time: Time, ask: &Ask, groups: &mut Groups) -> Answer {
        let mut tells = Vec::with_capacity(1);
        let ask = self.exchange.ask(time, ask, &mut |_, tell| {
            write(groups, &tell);
            tells.push(tell);
        });
        Answer { ask, tells }
    }

    /// False if the journal's thread is gone.
    fn hand_on(&mut self, mut chunk: Chunk) -> bool {
        let facts = self.exchange.ledger().facts();
        if facts - self.snapshot_at >= self.snapshot_every {
            self.snapshot_at = facts;
            chunk.snapshot = Some((facts + 1, recover::snapshot(&self.exchange)));
        }
        self.to_journal.send(ToJournal::Chunk(chunk)).is_ok()
    }
}

fn write(groups: &mut Groups, tell: &Tell) {
    if let Tell::Fact(stamp, fact) = tell {
        groups.push(*stamp, fact);
    }
}

/// The time of what comes in now. The exchange sees to it that it never goes back.
fn now() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
