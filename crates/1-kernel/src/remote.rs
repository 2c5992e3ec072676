//! What a world keeps about other worlds: signals that wait to be carried there, monitors set from
//! there, and lost worlds. Plain data: `world/remote.rs` acts on it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::signal::Envelope;
use crate::{MonitorRef, Pid};

/// A signal between two worlds.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RemoteEnvelope<M> {
    /// The signal.
    pub envelope: Envelope<M>,
    /// The text of the failure that it reports, if any: a [`crate::Cause`] resolves only in its own
    /// world.
    pub(crate) why: Option<Arc<str>>,
}

impl<M> RemoteEnvelope<M> {
    /// The number of the receiving world.
    pub fn to(&self) -> u8 {
        self.envelope.to.world()
    }
}

/// What a world keeps about others.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Remote<M> {
    /// Signals to be carried, in order of sending.
    pub(crate) outbox: Vec<RemoteEnvelope<M>>,
    /// Monitors set from other worlds: watched process, watcher, its reference, and the address it
    /// watches.
    pub(crate) watched: BTreeSet<(Pid, Pid, MonitorRef, Pid)>,
    /// Worlds that are lost for ever.
    pub(crate) lost: BTreeSet<u8>,
}

impl<M> Default for Remote<M> {
    fn default() -> Remote<M> {
        Remote { outbox: Vec::new(), watched: BTreeSet::new(), lost: BTreeSet::new() }
    }
}
