//! The slot of a process in its world: the process and 32 bytes beside it.

use crate::Pid;
use crate::links::Heads;
use crate::notes::NO_NOTE;

/// What a slot holds now.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum State {
    Free,
    /// A process.
    Alive,
    /// A dead process that its supervisor has not restarted yet. Its address is already the next
    /// life's.
    Between,
    /// A supervisor: the kernel's own kind of process.
    Supervisor,
    /// A supervisor that is ending its children, and then itself.
    Closing,
    /// No process: the reply address of an open call. See [`crate::Out::call`].
    Alias,
}

/// What a timer does when it is due.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Due {
    /// Delivers this token to its process.
    Token(u64),
    /// Kills its process, which was told to shut down and has not ended.
    Kill {
        /// The supervisor that told it.
        by: Pid,
    },
}

#[derive(Clone, Debug)]
pub(crate) struct Slot<P> {
    pub(crate) body: Option<P>,
    pub(crate) key: u64,
    pub(crate) generation: u32,
    pub(crate) incarnation: u32,
    pub(crate) links: Heads,
    pub(crate) note: u32,
    /// Its place in the tree, or `NO_NODE`. For one of many, the place of its supervisor.
    pub(crate) node: u16,
    pub(crate) state: State,
    pub(crate) flags: Flags,
}

/// Facts about a process, a bit each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub(crate) struct Flags(u8);

impl Flags {
    /// Exit signals arrive as events.
    pub(crate) const TRAPS: Flags = Flags(1);
    /// It may bear a name or be in a group: its end looks into those lists.
    pub(crate) const LISTED: Flags = Flags(2);
    /// It may have timers: its end looks for them.
    pub(crate) const TIMED: Flags = Flags(4);
    /// It has handled its first event.
    pub(crate) const BEGUN: Flags = Flags(8);
    /// Its supervisor is ending it and will not restart it.
    pub(crate) const ENDING: Flags = Flags(16);
    /// A process of another world may monitor it.
    pub(crate) const REMOTE: Flags = Flags(32);
    /// Its end needs more than the common path: it may be in a list of the world, or its supervisor
    /// waits for it.
    pub(crate) const ANYWHERE: Flags = Flags(2 | 4 | 16 | 32);
    /// Reset when the slot is freed.
    pub(crate) const OWN: Flags = Flags(1 | 8 | 16);

    #[inline(always)]
    pub(crate) fn any(self, of: Flags) -> bool {
        self.0 & of.0 != 0
    }

    #[inline(always)]
    pub(crate) fn set(&mut self, flag: Flags, to: bool) {
        self.0 = if to { self.0 | flag.0 } else { self.0 & !flag.0 };
    }

    /// Clears a flag and returns its former value.
    pub(crate) fn take(&mut self, flag: Flags) -> bool {
        let was = self.any(flag);
        self.set(flag, false);
        was
    }
}

/// What is kept of a process whose slot was freed while its place in the tree can be started again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Parked {
    pub(super) incarnation: u32,
    pub(super) note: u32,
    /// Given up: kept over restarts of its supervisor, since it can be started again on request.
    pub(super) given_up: bool,
}

pub(crate) const NO_NODE: u16 = u16::MAX;

impl<P> Slot<P> {
    /// A slot without a process.
    pub(crate) fn vacant() -> Slot<P> {
        Slot {
            body: None,
            key: 0,
            generation: 0,
            incarnation: 0,
            links: Heads::EMPTY,
            note: NO_NOTE,
            node: NO_NODE,
            state: State::Free,
            flags: Flags::default(),
        }
    }

    /// Sets the fields beside a new process. The lists, note and flags of a free slot are empty
    /// already.
    #[inline(always)]
    pub(crate) fn occupy(&mut self, pid: Pid, node: u16, key: u64, incarnation: u32, state: State) {
        (self.key, self.generation, self.incarnation) = (key, pid.generation(), incarnation);
        (self.node, self.state) = (node, state);
    }

    /// Frees the slot and returns its note, which the caller wipes or keeps.
    #[inline(always)]
    pub(crate) fn vacate(&mut self, pid: Pid, free: &mut Vec<Pid>) -> u32 {
        self.state = State::Free;
        self.flags.set(Flags::OWN, false);
        // A slot without a further generation is never used again: a reused one would make old
        // addresses valid.
        if let Some(next) = (Pid::new(pid.slot(), self.generation)).next_life() {
            self.generation = next.generation();
            free.push(next);
        }
        std::mem::replace(&mut self.note, NO_NOTE)
    }
}
