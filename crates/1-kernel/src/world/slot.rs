//! The place of a process in its world, and what is noted beside it.

use crate::Pid;
use crate::links::Heads;
use crate::notes::NO_NOTE;

/// What a slot holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum State {
    Free,
    /// A process.
    Alive,
    /// Between two lives: the supervisor has not heard yet. Its address is already the next life's.
    Between,
    /// A supervisor: the kernel's own kind of process.
    Supervisor,
    /// A supervisor that ends its children, and then itself.
    Closing,
    /// No process: the address to which an answer is sent. See [`Out::ask`].
    Alias,
}

/// What happens when a timer is due.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Due {
    /// Its process gets this token.
    Token(u64),
    /// Its process is killed: it was asked to end, and is still there.
    Kill {
        /// Who asked.
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

/// What can be true of a process, a bit each: a slot is 32 bytes beside its process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub(crate) struct Flags(u8);

impl Flags {
    /// Exit signals arrive as events.
    pub(crate) const TRAPS: Flags = Flags(1);
    /// It bears a name, or is of a group: to be struck off when it ends.
    pub(crate) const LISTED: Flags = Flags(2);
    /// It has set a timer: to be taken away when it ends.
    pub(crate) const TIMED: Flags = Flags(4);
    /// It has had its first event.
    pub(crate) const BEGUN: Flags = Flags(8);
    /// Its supervisor has asked it to end, and will not restart it.
    pub(crate) const ENDING: Flags = Flags(16);
    /// Somebody of another world monitors it.
    pub(crate) const REMOTE: Flags = Flags(32);
    /// Its end is not the common one: something of it is in the world's own lists, or somebody waits for it.
    pub(crate) const ANYWHERE: Flags = Flags(2 | 4 | 16 | 32);
    /// What a life leaves with.
    pub(crate) const OWN: Flags = Flags(1 | 8 | 16);

    #[inline(always)]
    pub(crate) fn any(self, of: Flags) -> bool {
        self.0 & of.0 != 0
    }

    #[inline(always)]
    pub(crate) fn set(&mut self, mark: Flags, to: bool) {
        self.0 = if to { self.0 | mark.0 } else { self.0 & !mark.0 };
    }

    /// Whether a mark was set; it is not any more.
    pub(crate) fn take(&mut self, mark: Flags) -> bool {
        let was = self.any(mark);
        self.set(mark, false);
        was
    }
}

/// What is kept of a life whose slot was freed, but not its place in the tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Parked {
    pub(super) incarnation: u32,
    pub(super) note: u32,
    /// Given up: it may be started again by order, whatever becomes of its supervisor.
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

    /// Writes what is to be said of a process beside it: a free slot's lists, note and marks are empty already.
    #[inline(always)]
    pub(crate) fn occupy(&mut self, pid: Pid, node: u16, key: u64, incarnation: u32, state: State) {
        (self.key, self.generation, self.incarnation) = (key, pid.generation(), incarnation);
        (self.node, self.state) = (node, state);
    }

    /// Is free for another process. What is to be done with its note is the caller's.
    #[inline(always)]
    pub(crate) fn vacate(&mut self, pid: Pid, free: &mut Vec<Pid>) -> u32 {
        self.state = State::Free;
        self.flags.set(Flags::OWN, false);
        // A slot whose generations are used up is never used again.
        if let Some(next) = (Pid::new(pid.slot(), self.generation)).next_life() {
            self.generation = next.generation();
            free.push(next);
        }
        std::mem::replace(&mut self.note, NO_NOTE)
    }
}
