//! What a process is: a value that owns its state and has one entrance.

use std::fmt;
use std::hash::Hash;

use crate::{MonitorRef, Name, Out, Pid, Reason, StateMachine};

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
