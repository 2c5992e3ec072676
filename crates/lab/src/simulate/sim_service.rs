//! One start of a service, from recovery to crash: the shipped code's loops of the world and of the
//! journal, between queues, in virtual time. The virtual clock decides their order; no thread
//! waits here. It checks nothing but its world.

use std::collections::VecDeque;

use exchange::Intake;
use exchange::steps::{Batch, Chunk, Clock, CommitResult, GroupCommit, Moment, Next, Sequencer};
use journal::Journal;
use units::Time;

use super::live::Live;
use super::plan::Plan;
use crate::disk::SimDisk;

/// Capacity of the queue to the journal, in chunks.
const CHUNKS: usize = 8;
/// Virtual nanoseconds of a command.
const COMMAND: u64 = 2_000;
/// Interval of space checks on a full disk.
const LOOK_FOR_ROOM: u64 = 100_000_000;

/// State of the journal's loop.
enum Journalling {
    /// It waits for chunks; on a full disk, it checks the space at this time.
    Waits(u64),
    /// It waits for the disk, until this time; then this is the result.
    Writes(u64, CommitResult),
    /// It waits for space, and tries again at this time.
    Stalls(u64),
}

/// A service.
pub(super) struct SimService {
    pub(super) live: Live,
    sequencer: Sequencer,
    clock: Clock,
    group_commit: GroupCommit,
    to_world: VecDeque<Batch>,
    queue: usize,
    to_journal: VecDeque<Chunk>,
    world_free: u64,
    journalling: Journalling,
    /// Time of its check of the journal's files. The real one checks more often, and finds them in place:
    /// that changes nothing, and is left out.
    looks: Option<u64>,
    /// The world's view of free space.
    pub(super) intake: Intake,
}

/// The next action of a service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turnout {
    World,
    Journal,
    Look,
}

/// Result of a turn of the journal's loop.
#[derive(Default)]
pub(super) struct Acknowledged {
    /// Durable chunks.
    pub(super) chunks: Vec<Chunk>,
    /// Facts up to this number are durable; 0 if nothing has changed.
    pub(super) durable: u64,
    /// The disk has failed, for this reason.
    pub(super) failure: Option<String>,
    /// Facts wait for space.
    pub(super) stalled: bool,
    /// It has checked the journal's files.
    pub(super) looked: bool,
}

impl SimService {
    /// Starts with this world on this journal, of which a snapshot covers this many facts.
    pub(super) fn start(
        mut live: Live,
        journal: Box<dyn Journal>,
        from_snapshot: u64,
        plan: &Plan,
        mut clock: Clock,
        (wall, now): (Time, u64),
    ) -> SimService {
        let mut sequencer = Sequencer::new(from_snapshot, plan.snapshot_every);
        let group_commit = GroupCommit::new(journal);
        let (time, intake) = (clock.read(wall, now), group_commit.intake());
        sequencer.begin(&mut live, Moment { time, uptime: now, intake });
        let mut service = SimService {
            sequencer,
            clock,
            intake: group_commit.intake(),
            group_commit,
            to_world: VecDeque::new(),
            queue: plan.queue,
            to_journal: VecDeque::new(),
            world_free: now,
            journalling: Journalling::Waits(now),
            looks: None,
            live,
        };
        service.to_journal.push_back(service.sequencer.hand_on(&service.live));
        service
    }

    /// A client submits a batch, or gets it back.
    pub(super) fn submit(&mut self, batch: Batch) -> Option<Batch> {
        if self.to_world.len() >= self.queue {
            return Some(batch);
        }
        self.to_world.push_back(batch);
        None
    }

    /// True if no queue has anything.
    pub(super) fn is_idle(&self) -> bool {
        let waits = matches!(self.journalling, Journalling::Waits(_));
        waits
            && self.to_world.is_empty()
            && self.to_journal.is_empty()
            && self.intake == Intake::All
    }

    /// What comes next, and when.
    pub(super) fn next(&self, now: u64) -> Option<(u64, Turnout)> {
        let may = !self.to_world.is_empty() && self.to_journal.len() < CHUNKS;
        let world = may.then(|| (self.world_free.max(now), Turnout::World));
        let journal = match &self.journalling {
            Journalling::Waits(_) if !self.to_journal.is_empty() => Some(now),
            Journalling::Waits(look) => (self.intake != Intake::All).then_some((*look).max(now)),
            Journalling::Stalls(_) if !self.to_journal.is_empty() => Some(now),
            Journalling::Writes(at, _) | Journalling::Stalls(at) => Some((*at).max(now)),
        };
        let journal = journal.map(|at| (at, Turnout::Journal));
        let looks = match self.journalling {
            Journalling::Writes(..) => None, // when the disk is done
            _ => self.looks.map(|at| (at.max(now), Turnout::Look)),
        };
        [looks, journal, world].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// The world processes waiting batches, up to a chunk. The system clock says `wall`.
    pub(super) fn world(&mut self, wall: Time, now: u64) {
        let before = self.live.counts.commands;
        while let Some(batch) = self.to_world.pop_front() {
            let time = self.clock.read(wall, now);
            self.live.counts.clock_disbelieved += u64::from(self.clock.jump().is_some());
            let now = Moment { time, uptime: now, intake: self.intake };
            self.sequencer.take(&mut self.live, batch, now);
            if self.sequencer.is_full() {
                break;
            }
        }
        self.to_journal.push_back(self.sequencer.hand_on(&self.live));
        self.world_free = now + COMMAND * (self.live.counts.commands - before);
    }

    /// The journal begins to write, or has written.
    pub(super) fn journal(&mut self, now: u64, disk: &SimDisk) -> Acknowledged {
        let journalling = std::mem::replace(&mut self.journalling, Journalling::Waits(now));
        match journalling {
            Journalling::Writes(_, turn) => return self.written(now, turn),
            Journalling::Waits(_) if self.to_journal.is_empty() => {
                let next = self.group_commit.look_for_space();
                self.intake = self.group_commit.intake();
                self.journalling = Journalling::Waits(now + LOOK_FOR_ROOM);
                let failure = if let Next::Stop(why) = next { Some(why) } else { None };
                return Acknowledged { failure, ..Acknowledged::default() };
            }
            Journalling::Waits(_) => {
                while let Some(chunk) = self.to_journal.pop_front() {
                    let _kept = self.group_commit.take(chunk); // no response is due at once: it is not stalled
                    if self.group_commit.is_full() {
                        break;
                    }
                }
            }
            Journalling::Stalls(at) if !self.to_journal.is_empty() => {
                self.journalling = Journalling::Stalls(at);
                let chunks: Vec<_> = self.to_journal.drain(..).collect();
                let chunks = chunks.into_iter().filter_map(|chunk| self.group_commit.take(chunk));
                return Acknowledged { chunks: chunks.collect(), ..Acknowledged::default() };
            }
            Journalling::Stalls(_) => {}
        }
        let turn = self.group_commit.commit(false);
        self.journalling = Journalling::Writes(now + disk.took(), turn);
        Acknowledged::default()
    }

    fn written(&mut self, now: u64, turn: CommitResult) -> Acknowledged {
        let CommitResult { acknowledged, durable, intake, next } = turn;
        self.intake = intake;
        let stalled = next == Next::NoSpace;
        let wait = now + LOOK_FOR_ROOM;
        self.journalling =
            if stalled { Journalling::Stalls(wait) } else { Journalling::Waits(wait) };
        let failure = if let Next::Stop(why) = next { Some(why) } else { None };
        Acknowledged { chunks: acknowledged, durable, failure, stalled, looked: false }
    }

    /// It will check the journal's files at this time.
    pub(super) fn will_look(&mut self, at: u64) {
        self.looks = Some(at);
    }

    /// It checks the journal's files.
    pub(super) fn look(&mut self) -> Acknowledged {
        self.looks = None;
        let failure = match self.group_commit.check_files() {
            Next::Stop(why) => Some(why),
            Next::Wait | Next::NoSpace => None,
        };
        Acknowledged { failure, looked: true, ..Acknowledged::default() }
    }

    /// Facts up to this number are durable.
    pub(super) fn durable(&self) -> u64 {
        self.group_commit.journal().durable() - 1
    }

    /// Ends in good order: pending chunks are written and acknowledged, then the journal is closed.
    pub(super) fn end(&mut self) -> (Acknowledged, Option<String>) {
        self.to_world.clear(); // waiting clients hear that their results are unknown
        for chunk in self.to_journal.drain(..) {
            let _kept = self.group_commit.take(chunk); // no response is due at once: it is not stalled
        }
        let CommitResult { acknowledged, durable, next, .. } = self.group_commit.commit(true);
        if let Next::Stop(why) = next {
            return (
                Acknowledged { chunks: acknowledged, durable, ..Acknowledged::default() },
                Some(why),
            );
        }
        let closed = self.group_commit.close().err().map(|why| why.to_string());
        (Acknowledged { chunks: acknowledged, durable, ..Acknowledged::default() }, closed)
    }

    /// True if its journal has failed, though the world has not heard of that yet.
    pub(super) fn has_failed(&self) -> bool {
        matches!(
            &self.journalling,
            Journalling::Writes(_, CommitResult { next: Next::Stop(_), .. })
        )
    }

    /// True if the journal's loop waits for nothing but chunks.
    pub(super) fn can_end(&self) -> bool {
        matches!(self.journalling, Journalling::Waits(_))
    }

    /// Saves the snapshot of an acknowledged chunk, if it has one. A failure to do so is harmless.
    pub(super) fn save(&mut self, mut chunk: Chunk) -> bool {
        self.group_commit.save(&mut chunk).is_some_and(|saved| saved.is_ok())
    }

    /// A reader of the durable facts.
    pub(super) fn history(&self) -> (Box<dyn journal::Reader>, u64) {
        self.group_commit.history()
    }
}
