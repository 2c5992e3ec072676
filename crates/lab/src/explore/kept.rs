//! A state that waits to be expanded, and its fingerprint. There are very many: common parts are
//! shared in memory, and the fingerprint of an unchanged part is not computed again.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use kernel::Digest;

use super::State;
use super::disk::Disk;
use super::state::Status;
use crate::laws::{Broken, Inspector};
use crate::oracle::{Oracle, Outcome};
use crate::world::KeptStage;

/// A state that waits to be expanded.
pub struct Kept {
    stage: KeptStage,
    /// With its fingerprint.
    inspector: (Arc<Inspector>, u64),
    statuses: Vec<Status>,
    faults: u32,
    disk: Option<Disk>,
    oracle: Option<Oracle>,
    outcomes: Vec<Outcome>,
    broken: Vec<Broken>,
}

impl Kept {
    /// Keeps a state.
    pub(super) fn of(state: &mut State) -> Kept {
        Kept {
            stage: state.stage.keep(),
            inspector: (state.inspector.clone(), state.inspected()),
            statuses: state.statuses.clone(),
            faults: state.faults,
            disk: state.disk.clone(),
            oracle: state.oracle.clone(),
            outcomes: state.outcomes.clone(),
            broken: state.broken.clone(),
        }
    }

    /// Overwrites another state with this one.
    pub(super) fn put_into(&self, state: &mut State) {
        state.stage.put_back(&self.stage);
        if !Arc::ptr_eq(&state.inspector, &self.inspector.0) {
            state.inspector = self.inspector.0.clone();
        }
        state.inspected = Some(self.inspector.1);
        state.statuses.clone_from(&self.statuses);
        state.faults = self.faults;
        state.disk.clone_from(&self.disk);
        state.oracle.clone_from(&self.oracle);
        state.outcomes.clone_from(&self.outcomes);
        state.broken.clone_from(&self.broken);
    }
}

impl State {
    /// The fingerprint of the inspector.
    pub(super) fn inspected(&mut self) -> u64 {
        *self.inspected.get_or_insert_with(|| digest(&self.inspector))
    }

    /// The fingerprint of world, inspector and everything else.
    pub(super) fn fingerprint_with(&self, world: u64, inspector: u64) -> u64 {
        let State { stage, statuses, faults, disk, outcomes, broken, .. } = self;
        let mut hasher = Digest::new();
        (world, stage.next_command(), inspector).hash(&mut hasher);
        (statuses, faults, disk, outcomes).hash(&mut hasher);
        for Broken { law, .. } in broken {
            law.hash(&mut hasher);
        }
        hasher.finish()
    }
}

/// The fingerprint of an inspector.
pub(super) fn digest(inspector: &Inspector) -> u64 {
    let mut hasher = Digest::new();
    inspector.hash(&mut hasher);
    hasher.finish()
}
