//! What a process is: a value that owns its state and has one entrance.

use std::collections::VecDeque;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use crate::{MonitorRef, Out, Pid};

/// The processes of one world: usually an enum with a variant for each kind, so that dispatch is static.
///
/// No clock, chance, I/O, lock or global is to be reached from [`handle`](Process::handle). What a
/// process wants done it puts into `out`. A step is atomic: its effects happen when `handle`
/// returns; if it panics, none do, and the process has died of it.
///
/// A destructor that panics harms no other process. Its own process has ended then, as a failure if it wanted
/// to end. Messages, notes and facts are gone whatever their destructors do: [`crate::World::failed_drops`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no process of a world",
    label = "`impl kernel::Process` for it",
    note = "a world's processes are one type, usually an enum with a variant for each kind"
)]
pub trait Process: Sized {
    /// What processes say to each other. Handled where it lies in the ring; keep it small (48 bytes fill a cache line).
    /// Its `clone` must not panic: the kernel copies messages between two steps as well.
    type Message: Clone + fmt::Debug;
    /// What is recorded in the world's log. Use [`NoFact`] in a world without one.
    type Fact: Clone + fmt::Debug;
    /// Who judges facts. Use [`NoStateMachine`] in a world without a log.
    type StateMachine: StateMachine<Fact = Self::Fact>;
    /// What a process writes down for its next life. Use `()` if nothing.
    type Note: Clone + fmt::Debug;
    /// What a place in the tree is for: enough to make its process again.
    type Role: Clone + fmt::Debug;

    /// Makes the process for a place in the tree: at its supervisor's start, and after each death.
    /// Its first event is [`Event::Start`].
    fn start(role: &Self::Role, life: StartContext<'_, Self::Note>) -> Self;

    /// Takes one event. The only entrance. What is in it is lent, a message from where its sender has put it.
    fn handle(&mut self, event: Event<'_, Self::Message>, out: &mut Out<Self>);

    /// Keys of the children that a supervisor of many like children has from its start: those that
    /// the log says must be there. Called when that supervisor starts, for the first time or again. If it panics, that
    /// supervisor does not start.
    fn children(_role: &Self::Role, _keeper: &Self::StateMachine) -> Vec<u64> {
        Vec::new()
    }

    /// The fact that the supervisor records when it gives up on one of many like children, or when a branch is given
    /// up alone ([`crate::Node::given_up_as`], whose role this is then, with key 0), if the log must know. What the
    /// state machine does not admit is not recorded. If it panics, the supervisor has died of it.
    fn given_up(_role: &Self::Role, _key: u64, _keeper: &Self::StateMachine) -> Option<Self::Fact> {
        None
    }

    /// Whom to tell, and what, when the supervisor gives up on one of many like children.
    /// The message comes from the address that the child's next life would have had. If it panics, the supervisor has
    /// died of it.
    fn gave_up(_role: &Self::Role, _key: u64) -> Option<(Name, Self::Message)> {
        None
    }
}

/// One life of a process, as its supervisor begins it.
#[derive(Debug)]
pub struct StartContext<'a, N> {
    /// The child's key under a supervisor of many like children; 0 elsewhere.
    pub key: u64,
    /// Which life in this place, from 1. Goes up at each restart.
    pub incarnation: u32,
    /// What the last life wrote down.
    pub note: Option<&'a N>,
}

/// What a process can be given.
#[derive(PartialEq, Eq, Hash, Debug)]
pub enum Event<'a, M> {
    /// The first event of every life.
    Start,
    /// A message.
    Message {
        /// Who sent it.
        from: Pid,
        /// What.
        message: &'a M,
    },
    /// A monitored process is gone; whatever it had sent here has arrived before.
    Down {
        /// The monitor, which is thereby used up.
        monitor: MonitorRef,
        /// Who is gone.
        pid: Pid,
        /// Why.
        reason: &'a Reason,
    },
    /// An exit signal, to a process that traps them.
    Exit {
        /// Who ended, or sent it.
        from: Pid,
        /// Why.
        reason: &'a Reason,
    },
    /// A timer fired.
    Timer {
        /// What the process called it.
        token: u64,
    },
}

impl<M> Clone for Event<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Event<'_, M> {}

/// Why a process ended.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Reason {
    /// It was done.
    Normal,
    /// Its supervisor ended it in good order.
    Shutdown,
    /// It was killed; nobody can trap that.
    Killed,
    /// It was not there to begin with.
    NoProcess,
    /// Its whole world is lost; nobody knows what it did last.
    NoConnection,
    /// It panicked, or recorded what breaks a law: the message.
    Failed(Arc<str>),
    /// What the process itself said, by number.
    Said(u32),
}

impl Reason {
    /// True for ends that are no failure: `Normal` and `Shutdown`.
    pub fn is_orderly(&self) -> bool {
        matches!(self, Reason::Normal | Reason::Shutdown)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Normal => f.write_str("normal"),
            Reason::Shutdown => f.write_str("shutdown"),
            Reason::Killed => f.write_str("killed"),
            Reason::NoProcess => f.write_str("no process"),
            Reason::NoConnection => f.write_str("no connection"),
            Reason::Failed(why) => write!(f, "failed: {why}"),
            Reason::Said(number) => write!(f, "said {number}"),
        }
    }
}

/// A [`Reason`] as it lies in the ring: plain bytes, so that an envelope is copied and dropped for
/// nothing. The text of a failure is kept by the world, the last thousand of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Cause {
    /// See [`Reason::Normal`].
    Normal,
    /// See [`Reason::Shutdown`].
    Shutdown,
    /// See [`Reason::Killed`].
    Killed,
    /// See [`Reason::NoProcess`].
    NoProcess,
    /// See [`Reason::NoConnection`].
    NoConnection,
    /// See [`Reason::Failed`]: the number of the failure in its world.
    Failed(u32),
    /// See [`Reason::Said`].
    Said(u32),
}

/// The texts of a world's last failures.
#[derive(Clone, Debug, Default)]
pub(crate) struct Causes {
    texts: VecDeque<Arc<str>>,
    /// Number of the first that is kept.
    first: u32,
}

impl Causes {
    /// So many texts are kept; a failure that was told long ago says only that there was one.
    pub(crate) const KEPT: usize = 1024;

    #[inline(always)]
    pub(crate) fn note(&mut self, reason: &Reason) -> Cause {
        match reason {
            Reason::Normal => Cause::Normal,
            Reason::Shutdown => Cause::Shutdown,
            Reason::Killed => Cause::Killed,
            Reason::NoProcess => Cause::NoProcess,
            Reason::NoConnection => Cause::NoConnection,
            Reason::Said(number) => Cause::Said(*number),
            Reason::Failed(text) => self.keep(text),
        }
    }

    #[cold]
    fn keep(&mut self, text: &Arc<str>) -> Cause {
        if self.texts.len() == Causes::KEPT {
            self.texts.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        self.texts.push_back(text.clone());
        let after = u32::try_from(self.texts.len()).expect("at most KEPT");
        Cause::Failed(self.first.wrapping_add(after - 1))
    }

    #[inline(always)]
    pub(crate) fn tell(&self, cause: Cause) -> Reason {
        match cause {
            Cause::Normal => Reason::Normal, // by far the most frequent
            other => self.tell_other(other),
        }
    }

    #[inline(never)]
    fn tell_other(&self, cause: Cause) -> Reason {
        match cause {
            Cause::Normal => Reason::Normal,
            Cause::Shutdown => Reason::Shutdown,
            Cause::Killed => Reason::Killed,
            Cause::NoProcess => Reason::NoProcess,
            Cause::NoConnection => Reason::NoConnection,
            Cause::Said(number) => Reason::Said(number),
            Cause::Failed(number) => self.text(number),
        }
    }

    #[cold]
    fn text(&self, number: u32) -> Reason {
        let text = self.texts.get(number.wrapping_sub(self.first) as usize);
        Reason::Failed(text.cloned().unwrap_or_else(|| "long ago".into()))
    }
}

/// A registered name: a small number of the world's own choosing; the registry is a table indexed by it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Name(pub u32);

impl Name {
    /// Names are below this, since the registry has a place for each that is lower than one in use: 128 MiB at most.
    pub const LIMIT: u32 = 1 << 24;

    /// A name that would take the program's memory is a bug of who made it up.
    #[inline]
    pub(crate) fn check(self) {
        assert!(self.0 < Name::LIMIT, "name {} is not below {}", self.0, Name::LIMIT);
    }
}

/// The fold of a world's log, and the judge of what enters it.
///
/// It changes by facts alone, so it is as durable as the log itself, and outlives every process.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot keep the log of a world",
    label = "`impl kernel::Keeper` for it, with the `Fact` of the process",
    note = "a world without a log has `type Fact = NoFact` and `type Keeper = NoKeeper`"
)]
pub trait StateMachine {
    /// What it judges.
    type Fact;

    /// Takes the facts of one step, in order: all of them, or none and says which law they break. `by` has
    /// recorded them; [`Pid::OUTSIDE`] if no process has.
    fn apply(&mut self, by: Pid, facts: &[Self::Fact]) -> Result<(), Broken>;

    /// Where the process of this key is, as far as it knows, of a supervisor whose index it is
    /// ([`crate::Node::indexed_by_state_machine`]): an address's index.
    fn place_of(&self, _key: u64) -> Option<u32> {
        None
    }

    /// A supervisor whose index it is has started the process of this key here, which records nothing of that.
    fn is_placed(&mut self, _key: u64, _index: u32) {}
}

/// A law that a fact would have broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken(pub String);

/// The fact of a world without a log: there is none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NoFact {}

/// The state machine of a world without a log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct NoStateMachine;

impl StateMachine for NoStateMachine {
    type Fact = NoFact;

    fn apply(&mut self, _by: Pid, _facts: &[NoFact]) -> Result<(), Broken> {
        Ok(())
    }
}
