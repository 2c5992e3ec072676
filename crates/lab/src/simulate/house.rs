//! One start of a service, from recovery to death: the world's loop and the journal's loop as the
//! shipped code decides them, between queues, in virtual time. Which comes first when is the clock's
//! affair; nobody waits here. It judges nothing but its world.

use std::collections::VecDeque;

use exchange::Intake;
use exchange::steps::{Answering, Batch, Chunk, Clock, Keeping, Moment, Next, Turn};
use journal::Journal;
use units::Time;

use super::live::Live;
use super::plan::Plan;
use crate::disk::SimDisk;

/// Chunks that may wait for the journal.
const CHUNKS: usize = 8;
/// Virtual nanoseconds that an ask takes.
const ASK: u64 = 2_000;
/// While there is no room, it is looked for so often.
const LOOK_FOR_ROOM: u64 = 100_000_000;

/// What the journal's thread is at.
enum Journalling {
    /// It waits for chunks; if there is no room, it looks for some at this time.
    Waits(u64),
    /// It waits for the disk, until this time; then this is so.
    Writes(u64, Turn),
    /// It waits for room, and tries again at this time.
    Stalls(u64),
}

/// A service.
pub(super) struct House {
    pub(super) live: Live,
    answering: Answering,
    clock: Clock,
    keeping: Keeping,
    to_world: VecDeque<Batch>,
    queue: usize,
    to_journal: VecDeque<Chunk>,
    world_free: u64,
    journalling: Journalling,
    /// When it looks after the journal's files. It does so more often, and finds them where they were:
    /// that changes nothing, and is left out.
    looks: Option<u64>,
    /// What the world knows of room.
    pub(super) intake: Intake,
}

/// What a house does next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turnout {
    World,
    Journal,
    Look,
}

/// What became of a turn of the journal's.
#[derive(Default)]
pub(super) struct Told {
    /// Chunks that are durable.
    pub(super) chunks: Vec<Chunk>,
    /// Facts up to this number are; 0 if nothing has changed.
    pub(super) durable: u64,
    /// The disk has failed, and so.
    pub(super) failure: Option<String>,
    /// Facts wait for room.
    pub(super) stalled: bool,
    /// It has looked after the journal's files.
    pub(super) looked: bool,
}

impl House {
    /// Starts with this world on this journal, of which a snapshot stood for so many facts.
    pub(super) fn start(
        mut live: Live,
        journal: Box<dyn Journal>,
        from_snapshot: u64,
        plan: &Plan,
        mut clock: Clock,
        (wall, now): (Time, u64),
    ) -> House {
        let mut answering = Answering::new(from_snapshot, plan.snapshot_every);
        let keeping = Keeping::new(journal);
        let (time, intake) = (clock.read(wall, now), keeping.intake());
        answering.begin(&mut live, Moment { time, uptime: now, intake });
        let mut house = House {
            answering,
            clock,
            intake: keeping.intake(),
            keeping,
            to_world: VecDeque::new(),
            queue: plan.queue,
            to_journal: VecDeque::new(),
            world_free: now,
            journalling: Journalling::Waits(now),
            looks: None,
            live,
        };
        house.to_journal.push_back(house.answering.hand_on(&house.live));
        house
    }

    /// A client hands in a batch, or gets it back.
    pub(super) fn submit(&mut self, batch: Batch) -> Option<Batch> {
        if self.to_world.len() >= self.queue {
            return Some(batch);
        }
        self.to_world.push_back(batch);
        None
    }

    /// True if nothing waits anywhere.
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

    /// The world takes what waits, as far as a chunk goes. The system's clock says `wall`.
    pub(super) fn world(&mut self, wall: Time, now: u64) {
        let before = self.live.counts.asks;
        while let Some(batch) = self.to_world.pop_front() {
            let time = self.clock.read(wall, now);
            self.live.counts.clock_disbelieved += u64::from(self.clock.jump().is_some());
            let now = Moment { time, uptime: now, intake: self.intake };
            self.answering.take(&mut self.live, batch, now);
            if self.answering.is_full() {
                break;
            }
        }
        self.to_journal.push_back(self.answering.hand_on(&self.live));
        self.world_free = now + ASK * (self.live.counts.asks - before);
    }

    /// The journal begins to write, or has written.
    pub(super) fn journal(&mut self, now: u64, disk: &SimDisk) -> Told {
        let journalling = std::mem::replace(&mut self.journalling, Journalling::Waits(now));
        match journalling {
            Journalling::Writes(_, turn) => return self.written(now, turn),
            Journalling::Waits(_) if self.to_journal.is_empty() => {
                let next = self.keeping.look_for_room();
                self.intake = self.keeping.intake();
                self.journalling = Journalling::Waits(now + LOOK_FOR_ROOM);
                let failure = if let Next::Stop(why) = next { Some(why) } else { None };
                return Told { failure, ..Told::default() };
            }
            Journalling::Waits(_) => {
                while let Some(chunk) = self.to_journal.pop_front() {
                    let _kept = self.keeping.take(chunk); // nothing is told at once: it is not stalled
                    if self.keeping.is_full() {
                        break;
                    }
                }
            }
            Journalling::Stalls(at) if !self.to_journal.is_empty() => {
                self.journalling = Journalling::Stalls(at);
                let chunks: Vec<_> = self.to_journal.drain(..).collect();
                let chunks = chunks.into_iter().filter_map(|chunk| self.keeping.take(chunk));
                return Told { chunks: chunks.collect(), ..Told::default() };
            }
            Journalling::Stalls(_) => {}
        }
        let turn = self.keeping.turn(false);
        self.journalling = Journalling::Writes(now + disk.took(), turn);
        Told::default()
    }

    fn written(&mut self, now: u64, turn: Turn) -> Told {
        let Turn { told, durable, intake, next } = turn;
        self.intake = intake;
        let stalled = next == Next::NoRoom;
        let wait = now + LOOK_FOR_ROOM;
        self.journalling =
            if stalled { Journalling::Stalls(wait) } else { Journalling::Waits(wait) };
        let failure = if let Next::Stop(why) = next { Some(why) } else { None };
        Told { chunks: told, durable, failure, stalled, looked: false }
    }

    /// It will look after the journal's files at this time.
    pub(super) fn will_look(&mut self, at: u64) {
        self.looks = Some(at);
    }

    /// It looks after the journal's files.
    pub(super) fn look(&mut self) -> Told {
        self.looks = None;
        let failure = match self.keeping.check_files() {
            Next::Stop(why) => Some(why),
            Next::Wait | Next::NoRoom => None,
        };
        Told { failure, looked: true, ..Told::default() }
    }

    /// Facts up to this number are durable.
    pub(super) fn durable(&self) -> u64 {
        self.keeping.journal().durable() - 1
    }

    /// Ends in good order: what was handed on is written and told, then the journal is closed.
    pub(super) fn end(&mut self) -> (Told, Option<String>) {
        self.to_world.clear(); // whoever waits hears that nobody knows
        for chunk in self.to_journal.drain(..) {
            let _kept = self.keeping.take(chunk); // nothing is told at once: it is not stalled
        }
        let Turn { told, durable, next, .. } = self.keeping.turn(true);
        if let Next::Stop(why) = next {
            return (Told { chunks: told, durable, ..Told::default() }, Some(why));
        }
        let closed = self.keeping.close().err().map(|why| why.to_string());
        (Told { chunks: told, durable, ..Told::default() }, closed)
    }

    /// True if its journal takes nothing more, though that is not heard of yet.
    pub(super) fn has_failed(&self) -> bool {
        matches!(&self.journalling, Journalling::Writes(_, Turn { next: Next::Stop(_), .. }))
    }

    /// True if the journal's thread waits for nothing but chunks.
    pub(super) fn can_end(&self) -> bool {
        matches!(self.journalling, Journalling::Waits(_))
    }

    /// Saves the snapshot of a chunk that was told, if it has one. That it could not be is harmless.
    pub(super) fn save(&mut self, mut chunk: Chunk) -> bool {
        self.keeping.save(&mut chunk).is_some_and(|saved| saved.is_ok())
    }

    /// A reader of what is durable.
    pub(super) fn history(&self) -> (Box<dyn journal::Reader>, u64) {
        self.keeping.history()
    }
}
