//! What is beside a world's log: the fold of its facts, which also validates them. It knows no process.

use crate::Pid;

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
