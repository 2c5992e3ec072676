//! The state of a supervisor that is ending children, which can take many steps: plain data in the
//! tree.

use std::collections::BTreeSet;

use super::NodeId;
use crate::{Pid, Reason};

/// A supervisor's progress while it ends children. `supervise/end.rs` acts on it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Ending {
    /// Children still to end; the last one is next.
    pub(crate) todo: Vec<NodeId>,
    /// Children that got their exit signal and have not ended.
    pub(crate) awaited: BTreeSet<Pid>,
    /// What follows when all have ended.
    pub(crate) then: Then,
    /// Tasks that came meanwhile, to be done after `then`.
    pub(crate) later: Vec<Task>,
}

/// What a supervisor does after it has ended children.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Then {
    /// Nothing.
    Nothing,
    /// Restarts the dead child at `next`, the address of its next life, and its siblings with it.
    Restart { dead: NodeId, next: Pid },
    /// Ends itself.
    Terminate(Reason),
}

/// A task of a supervisor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Task {
    /// A child has ended; this is the address of its next life.
    Down(Pid),
    /// Starts a child, unless it is running.
    Start(NodeId),
    /// Ends a child.
    Terminate(NodeId),
}
