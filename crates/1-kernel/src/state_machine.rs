//! The state machine of a world's log: the fold of its facts, which also validates them. It knows
//! no process.

use crate::Pid;

/// The fold of a world's log, which also decides which facts enter it.
///
/// It changes by facts alone, so it is as durable as the log and outlives every process.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the state machine of a world's log",
    label = "`impl kernel::StateMachine` for it, with the `Fact` of the process",
    note = "a world without a log has `type Fact = NoFact` and `type StateMachine = NoStateMachine`"
)]
pub trait StateMachine {
    /// What it folds.
    type Fact;

    /// Applies the facts of one step, in order: all of them, or none and the law that they break.
    /// `by` is the process that recorded them, or [`Pid::OUTSIDE`].
    fn apply(&mut self, by: Pid, facts: &[Self::Fact]) -> Result<(), Broken>;

    /// The index of the address of the process with this key, as far as it knows, under a
    /// supervisor whose index it is ([`crate::Node::indexed_by_state_machine`]).
    fn place_of(&self, _key: u64) -> Option<u32> {
        None
    }

    /// A supervisor whose index it is has started the process of this key at this index, without a
    /// fact.
    fn is_placed(&mut self, _key: u64, _index: u32) {}
}

/// The law that a fact would break.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken(pub String);

/// The fact of a world without a log. It has no value.
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
