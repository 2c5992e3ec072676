//! Messages of cells, collectors and readers, and the note that a cell leaves for its next life.
//!
//! Twelve bytes per message: millions of them are in flight.

use crate::torus::{Torus, Ways};

/// A message. `docs/life.md` has their order, as charts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Message {
    /// Outside → cell: your content at time 0. Ignored once the old one may be known.
    Set {
        /// The content.
        alive: bool,
    },
    /// Outside → cell: step up to this time, at your own pace.
    Run {
        /// The time.
        until: u32,
    },
    /// Outside → cell: start no more steps.
    Pause,
    /// Collector → cell: what is your content at this time?
    Ask {
        /// The time.
        at: u32,
        /// All ways that lead from the asker's cell to this one.
        ways: Ways,
    },
    /// Cell → collector: my content.
    Answer {
        /// The ways of the question.
        ways: Ways,
        /// The content.
        alive: bool,
        /// The time of my checkpoint: neither I nor a collector of a later life of mine will ask
        /// for anything before it.
        kept: u32,
    },
    /// Collector → its cell: your next content.
    Report {
        /// The content.
        alive: bool,
        /// The earliest of the neighbours' checkpoints.
        kept: u32,
    },
    /// Cell → its neighbours: I have started; questions to my former life are lost.
    Here {
        /// From the neighbour to me.
        ways: Ways,
    },
    /// Cell → its collector: repeat the question there, unless it has been answered.
    Again {
        /// From me to the restarted cell.
        ways: Ways,
    },
    /// Reader → cell: what is your content at this time?
    Get {
        /// The time.
        at: u32,
    },
    /// Cell → reader: my content.
    Was {
        /// The content.
        alive: bool,
    },
    /// Cell → reader: I have forgotten it; no cell can need it.
    Forgotten {
        /// The earliest time that I remember.
        first: u32,
    },
    /// Reader → cell: what is your history from this time on?
    Tell {
        /// The time.
        from: u32,
    },
    /// Cell → reader: a part of my history, 32 contents at most.
    Past {
        /// The time of the first.
        first: u32,
        /// Their number; 0 if that time has not come.
        count: u8,
        /// The contents, the first in the lowest bit.
        bits: u32,
    },
}

/// The note of a cell: its checkpoint. The next life continues from it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Note {
    /// The time of the checkpoint.
    pub at: u32,
    /// The earliest time in `bits`.
    pub first: u32,
    /// Contents back from `at`, which is the lowest bit, to `first`.
    pub bits: u64,
    /// The time up to which the cell steps.
    pub until: u32,
    /// The content at time 0 may be known, so it is fixed.
    pub told: bool,
}

/// The role of a place in the tree.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Role {
    /// The grid.
    pub torus: Torus,
    /// The first place of this world.
    pub first: u32,
    /// The place after its last.
    pub end: u32,
    /// The memory of its cells.
    pub memory: Memory,
}

/// How much a cell remembers, and where its next life continues.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Memory {
    /// The whole history. A next life begins at time 0 and asks its neighbours for theirs.
    Whole,
    /// From the earliest checkpoint of its neighbours on. A next life continues from its own last checkpoint;
    /// the value is the number of steps between checkpoints: 1 to [`Memory::LONGEST`].
    Since(u8),
}

impl Memory {
    /// A note holds 64 contents, so there can be no more steps between checkpoints.
    pub const LONGEST: u8 = 63;
}
