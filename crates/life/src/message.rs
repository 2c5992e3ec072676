//! What cells, collectors and readers say to each other, and what a cell writes down for its next life.
//!
//! Twelve bytes a message: many millions of them are on their way in a second.

use crate::torus::{Torus, Ways};

/// What is said. Who may say what to whom stands in `docs/life.md`, as charts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Message {
    /// Outside → cell: have this content at time 0. Too late once anybody can know the old one.
    Set {
        /// The content.
        alive: bool,
    },
    /// Outside → cell: go on until this time, at your own pace.
    Run {
        /// The time.
        until: u32,
    },
    /// Outside → cell: start no more steps.
    Pause,
    /// Collector → cell: what are you at this time?
    Ask {
        /// The time.
        at: u32,
        /// All that lead from the asker's cell to the asked one.
        ways: Ways,
    },
    /// Cell → collector: this.
    Answer {
        /// As it was asked.
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
        /// The earliest of the checkpoints that I was told.
        kept: u32,
    },
    /// Cell → its neighbours: my life has begun; what was asked of a former one is lost.
    Here {
        /// From the neighbour to me.
        ways: Ways,
    },
    /// Cell → its collector: ask there once more, if you have no answer from there.
    Again {
        /// From me to the one who came back.
        ways: Ways,
    },
    /// Reader → cell: what are you at this time?
    Get {
        /// The time.
        at: u32,
    },
    /// Cell → reader: this.
    Was {
        /// The content.
        alive: bool,
    },
    /// Cell → reader: I do not remember; nobody can need it.
    Forgotten {
        /// The earliest time that I remember.
        first: u32,
    },
    /// Reader → cell: tell what you remember, from this time on.
    Tell {
        /// The time.
        from: u32,
    },
    /// Cell → reader: a part of my history, 32 contents at most.
    Past {
        /// The time of the first.
        first: u32,
        /// How many there are; none if that time has not come.
        count: u8,
        /// The contents, the first in the lowest bit.
        bits: u32,
    },
}

/// What a cell writes down: its checkpoint. The next life goes on from it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Note {
    /// The time of the checkpoint.
    pub at: u32,
    /// The earliest time that is in `bits`.
    pub first: u32,
    /// Contents back from `at`, which is the lowest bit, to `first`.
    pub bits: u64,
    /// How far to go.
    pub until: u32,
    /// Somebody may know the content at time 0, so that it stands for ever.
    pub told: bool,
}

/// What the place of a cell in the tree is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Role {
    /// The grid.
    pub torus: Torus,
    /// The first place of this world's.
    pub first: u32,
    /// The place after its last.
    pub end: u32,
    /// How much is remembered.
    pub memory: Memory,
}

/// How much a cell remembers, and from where its next life goes on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Memory {
    /// All of its history, for ever. A next life begins at time 0 and asks its neighbours for theirs.
    Whole,
    /// From the earliest checkpoint of its neighbours on. A next life begins at its own last one, of
    /// which there is one each so many steps: 1 to [`Memory::LONGEST`].
    Since(u8),
}

impl Memory {
    /// More steps from one checkpoint to the next do not fit the 64 contents that a note has room for.
    pub const LONGEST: u8 = 63;
}
