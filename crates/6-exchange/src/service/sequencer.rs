//! What the world's thread decides, without the thread: batches of commands become chunks of facts with
//! those who wait for them. It must never read a clock, wait, or touch a journal, so that a simulator
//! drives the very code that a service runs.

use kernel::Watch;
use market::Party;
use protocol::bytes::FactEncoder;
use protocol::{Command, Response};
use units::{CommandId, Time};

use super::messages::{Answer, Batch, Chunk};
use super::recover;
use crate::{Exchange, Intake};

/// A chunk is handed on when it has so many bytes of facts, or when nobody waits.
const CHUNK_BYTES: usize = 128 << 10;
/// ... or so many answers.
const CHUNK_ANSWERS: usize = 16_384;

/// Who is asked: an exchange, or a simulated one whose every step is chosen from outside.
pub trait Engine {
    /// See [`Exchange::begin`].
    fn begin(&mut self, time: Time, sink: &mut impl FnMut(CommandId, Response)) -> CommandId;

    /// See [`Exchange::command`].
    fn submit(
        &mut self,
        time: Time,
        command: &Command,
        sink: &mut impl FnMut(CommandId, Response),
    ) -> CommandId;

    /// See [`Exchange::warm`].
    fn warm(&mut self, soon: &[Command]);

    /// See [`Exchange::set_intake`].
    fn set_intake(&mut self, intake: Intake);

    /// See [`Exchange::set_uptime`].
    fn set_uptime(&mut self, nanoseconds: u64);

    /// How many facts there are.
    fn facts(&self) -> u64;

    /// The fold of all of them, as a snapshot's bytes. O(open orders).
    fn fold(&self) -> Vec<u8>;
}

impl<W: Watch<Party>> Engine for Exchange<W> {
    fn begin(&mut self, time: Time, sink: &mut impl FnMut(CommandId, Response)) -> CommandId {
        Exchange::begin(self, time, sink)
    }

    #[inline]
    fn submit(
        &mut self,
        time: Time,
        command: &Command,
        sink: &mut impl FnMut(CommandId, Response),
    ) -> CommandId {
        Exchange::submit(self, time, command, sink)
    }

    #[inline(always)]
    fn warm(&mut self, soon: &[Command]) {
        Exchange::warm(self, soon);
    }

    fn set_intake(&mut self, intake: Intake) {
        Exchange::set_intake(self, intake);
    }

    fn set_uptime(&mut self, nanoseconds: u64) {
        Exchange::set_uptime(self, nanoseconds);
    }

    fn facts(&self) -> u64 {
        self.ledger().facts()
    }

    fn fold(&self) -> Vec<u8> {
        recover::snapshot(self)
    }
}

/// What is so when a batch comes in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// What time it is: of the facts of that batch.
    pub time: Time,
    /// What the monotonic clock says, in nanoseconds since the start: restarts are counted by it.
    pub uptime: u64,
    /// What the journal has room for.
    pub intake: Intake,
}

/// Gathers what was answered until it is handed on.
#[derive(Debug)]
pub struct Sequencer {
    chunk: Chunk,
    snapshot_every: u64,
    /// Facts at the last snapshot, which an earlier start may have saved.
    snapshot_at: u64,
}

impl Sequencer {
    /// For a world that began from a snapshot of so many facts, 0 if there was none; a snapshot is made each time
    /// so many more are there. Those that the start folded count: else many short runs would never save one.
    pub fn new(from_snapshot: u64, snapshot_every: u64) -> Sequencer {
        Sequencer { chunk: Chunk::default(), snapshot_every, snapshot_at: from_snapshot }
    }

    /// Says that a start of the world begins here, before anything is asked.
    pub fn begin(&mut self, engine: &mut impl Engine, now: Moment) {
        engine.set_uptime(now.uptime); // before anything has a time
        let encoder = &mut self.chunk.encoder;
        let number = engine.begin(now.time, &mut |_, response| write(encoder, &response));
        debug_assert!(number >= CommandId(1));
    }

    /// Runs a batch of commands, each to quiet.
    pub fn take(&mut self, engine: &mut impl Engine, batch: Batch, now: Moment) {
        let Batch { commands, reply } = batch;
        let Moment { time, uptime, intake } = now;
        engine.set_intake(intake);
        engine.set_uptime(uptime);
        let mut answers = Vec::with_capacity(commands.len());
        for (at, command) in commands.iter().enumerate() {
            engine.warm(&commands[at + 1..]);
            answers.push(answer(engine, time, command, &mut self.chunk.encoder));
        }
        self.chunk.answers += answers.len();
        self.chunk.replies.push((answers, reply));
    }

    /// True if what was gathered is to be handed on although more commands wait.
    pub fn is_full(&self) -> bool {
        self.chunk.encoder.bytes().len() >= CHUNK_BYTES || self.chunk.answers >= CHUNK_ANSWERS
    }

    /// Says that the next chunk is the last one of a clean end. It has a snapshot of all facts, unless one was saved of
    /// them: so the next start shows if a segment has gone missing since, and folds none of them anew.
    pub fn end(&mut self) {
        self.snapshot_every = 1;
    }

    /// What was gathered, with a snapshot if it is time for one.
    pub fn hand_on(&mut self, engine: &impl Engine) -> Chunk {
        let mut chunk = std::mem::take(&mut self.chunk);
        let facts = engine.facts();
        if facts - self.snapshot_at >= self.snapshot_every {
            self.snapshot_at = facts;
            chunk.snapshot = Some((facts + 1, engine.fold()));
        }
        chunk
    }
}

fn answer(
    engine: &mut impl Engine,
    time: Time,
    command: &Command,
    encoder: &mut FactEncoder,
) -> Answer {
    let mut responses = Vec::with_capacity(1);
    let command = engine.submit(time, command, &mut |_, response| {
        write(encoder, &response);
        responses.push(response);
    });
    Answer { command, responses }
}

fn write(encoder: &mut FactEncoder, response: &Response) {
    if let Response::Fact(stamp, fact) = response {
        encoder.push(*stamp, fact);
    }
}
