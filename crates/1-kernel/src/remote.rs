//! What a world keeps of other worlds: signals that wait to be carried there, who watches from there, and
//! which worlds are lost. Plain data: `world/remote.rs` acts on it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::signal::Envelope;
use crate::{MonitorRef, Pid};

/// A signal between two worlds.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RemoteEnvelope<M> {
    /// The signal.
    pub envelope: Envelope<M>,
    /// The text of the failure that it tells of, if it does: a world keeps its texts to itself.
    pub(crate) why: Option<Arc<str>>,
}

impl<M> RemoteEnvelope<M> {
    /// To which world.
    pub fn to(&self) -> u8 {
        self.envelope.to.world()
    }
}

/// What a world keeps of others.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Remote<M> {
    pub(crate) outbox: Vec<RemoteEnvelope<M>>,
    /// Who of ours is monitored from elsewhere: by whom, under which name of theirs, called what by them.
    pub(crate) watched: BTreeSet<(Pid, Pid, MonitorRef, Pid)>,
    /// Worlds that are lost for ever: nobody answers from there.
    pub(crate) lost: BTreeSet<u8>,
}

impl<M> Default for Remote<M> {
    fn default() -> Remote<M> {
        Remote { outbox: Vec::new(), watched: BTreeSet::new(), lost: BTreeSet::new() }
    }
}
