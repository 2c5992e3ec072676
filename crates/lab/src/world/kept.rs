//! States of a watched world that wait to be expanded, many of them: they share their common parts.
//! Only for explorers; see [`kernel::Checkpoint`].

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::{Checkpoint, Pid, Touched};
use market::Party;
use units::{CommandId, Time};

use super::{Observed, Stage, Who};

/// A waiting stage.
pub(crate) struct KeptStage {
    world: Checkpoint<Party>,
    people: Arc<BTreeMap<Pid, Who>>,
    next: CommandId,
    time: Time,
}

impl Stage {
    /// Forgets the fingerprints of changed parts.
    fn heed(&mut self) {
        self.bench.forget(&mut self.exchange.world_mut().watch.touched);
    }

    /// Keeps this state.
    pub(crate) fn keep(&mut self) -> KeptStage {
        self.heed();
        let world = self.exchange.world().save(&mut self.bench);
        KeptStage { world, people: self.people.clone(), next: self.next, time: self.time }
    }

    /// Restores this state, without events.
    pub(crate) fn put_back(&mut self, kept: &KeptStage) {
        self.heed();
        let world = self.exchange.world_mut();
        world.load(&kept.world, &mut self.bench);
        world.watch.seen.clear();
        if !Arc::ptr_eq(&self.people, &kept.people) {
            self.people = kept.people.clone();
        }
        (self.next, self.time) = (kept.next, kept.time);
    }

    /// The world's fingerprint; unchanged parts are not computed again.
    pub(crate) fn fingerprint_anew(&mut self) -> u64 {
        self.heed();
        self.exchange.world().fingerprint_on(&mut self.bench)
    }

    /// Replaces another state, and reuses its fingerprints of parts of worlds.
    pub(crate) fn come_after(&mut self, other: &mut Stage) {
        self.bench = std::mem::take(&mut other.bench);
        self.exchange.world_mut().watch.touched = Touched::everything();
    }

    /// Returns a processed list, to reuse its memory.
    pub(crate) fn reuse(&mut self, mut seen: Vec<Observed>) {
        seen.clear();
        self.exchange.world_mut().watch.seen = seen;
    }
}
