//! A process: a value that owns its state and has one entry point.

use std::fmt;
use std::hash::Hash;

use crate::{MonitorRef, Name, Out, Pid, Reason, StateMachine};

/// The processes of one world: usually an enum with a variant for each kind, so that dispatch is
/// static.
///
/// [`handle`](Process::handle) must not use a clock, randomness, I/O, a lock or a global. It
/// requests effects through `out`. A step is atomic: its effects happen when `handle` returns; if
/// it panics, none happen and the process ends.
///
/// A destructor that panics harms no other process. If a process's own destructor panics, its end
/// is a failure. Values of other types are dropped all the same, and counted:
/// [`crate::World::failed_drops`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `Process`",
    label = "`impl kernel::Process` for it",
    note = "a world's processes are one type, usually an enum with a variant for each kind"
)]
pub trait Process: Sized {
    /// What processes send each other. Handled in place in the ring; keep it small (with 48 bytes
    /// an envelope fills a cache line). Its `clone` must not panic: the kernel copies messages
    /// outside steps too.
    type Message: Clone + fmt::Debug;
    /// What the world's log records. [`crate::NoFact`] in a world without a log.
    type Fact: Clone + fmt::Debug;
    /// The fold of the log, which also validates facts. [`crate::NoStateMachine`] in a world
    /// without a log.
    type StateMachine: StateMachine<Fact = Self::Fact>;
    /// What a process keeps for its next life. `()` if nothing.
    type Note: Clone + fmt::Debug;
    /// What a place in the tree runs: enough to construct its process again.
    type Role: Clone + fmt::Debug;

    /// Constructs the process of a place in the tree, at each start and restart. Its first event is
    /// [`Event::Start`]. If this panics, the process does not start, which counts as a failure.
    fn start(role: &Self::Role, context: StartContext<'_, Self::Note>) -> Self;

    /// Handles one event: the only entry point. The event is borrowed; a message lies in the ring.
    fn handle(&mut self, event: Event<'_, Self::Message>, out: &mut Out<Self>);

    /// Keys of the children with which a supervisor of many starts and restarts: those that must
    /// run according to the log. If it panics, that supervisor does not start.
    fn children(_role: &Self::Role, _state: &Self::StateMachine) -> Vec<u64> {
        Vec::new()
    }

    /// The fact, if any, that a supervisor records when it gives up one of many like children, or
    /// that is recorded when a branch is given up alone (then with the role of
    /// [`crate::Node::given_up_as`] and key 0). A fact that the state machine rejects is not
    /// recorded. A panic ends the supervisor.
    fn given_up(_role: &Self::Role, _key: u64, _state: &Self::StateMachine) -> Option<Self::Fact> {
        None
    }

    /// The message, if any, that a supervisor sends to a registered name when it gives up one of
    /// many like children. It comes from the address that the child's next life would have had. A
    /// panic ends the supervisor.
    fn gave_up(_role: &Self::Role, _key: u64) -> Option<(Name, Self::Message)> {
        None
    }
}

/// What a process is started with.
#[derive(Debug)]
pub struct StartContext<'a, N> {
    /// The child's key under a supervisor of many like children; 0 elsewhere.
    pub key: u64,
    /// How often this place was started, this time included: 1 for the first.
    pub incarnation: u32,
    /// The note of its last life.
    pub note: Option<&'a N>,
}

/// What a process handles in one step.
#[derive(PartialEq, Eq, Hash, Debug)]
pub enum Event<'a, M> {
    /// The first event after each start.
    Start,
    /// A message.
    Message {
        /// The sender; [`Pid::OUTSIDE`] for the world's edge, the reply address for an answer to a
        /// call.
        from: Pid,
        /// The message.
        message: &'a M,
    },
    /// A monitored process has ended. Everything it sent to this process has arrived before.
    Down {
        /// The monitor, which is used up.
        monitor: MonitorRef,
        /// The process.
        pid: Pid,
        /// Why it ended.
        reason: &'a Reason,
    },
    /// An exit signal, to a process that traps them.
    Exit {
        /// The linked process that ended, or the sender.
        from: Pid,
        /// Why it ended, or the reason sent.
        reason: &'a Reason,
    },
    /// A timer fired.
    Timer {
        /// The token that the process set it with.
        token: u64,
    },
}

impl<M> Clone for Event<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Event<'_, M> {}
