//! What a supervisor is doing while it ends children, which can take many steps: plain data in the tree.

use std::collections::BTreeSet;

use super::NodeId;
use crate::{Pid, Reason};

/// What a supervisor is about while it ends children.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Ending {
    /// Children that are to be ended yet; the last one is next.
    pub(crate) todo: Vec<NodeId>,
    /// Those who were asked, and are not gone.
    pub(crate) awaited: BTreeSet<Pid>,
    /// What comes after.
    pub(crate) then: Then,
    /// What was heard meanwhile, and comes after that.
    pub(crate) later: Vec<Task>,
}

/// What comes after children were ended.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Then {
    /// Nothing: that was all.
    Nothing,
    /// The dead child lives again, and its siblings with it.
    Restart { dead: NodeId, life: Pid },
    /// The supervisor itself ends.
    Terminate(Reason),
}

/// What a supervisor has to do, one after the other.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Task {
    /// A child has died; this would be its next life.
    Down(Pid),
    /// A child is to be started, unless it is there.
    Start(NodeId),
    /// A child is to be ended.
    Terminate(NodeId),
}
