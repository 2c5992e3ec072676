//! States of a watched world that wait to be gone on from, many of them: what two have in common they share.
//! Only for explorers; see [`kernel::Checkpoint`].

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::{Checkpoint, Pid, Touched};
use market::Party;
use units::{CommandId, Time};

use super::{Observed, Stage, Who};

/// A stage that waits.
pub(crate) struct KeptStage {
    world: Checkpoint<Party>,
    people: Arc<BTreeMap<Pid, Who>>,
    next: CommandId,
    time: Time,
}

impl Stage {
    /// Forgets of what may have changed how it looked.
    fn heed(&mut self) {
        self.bench.forget(&mut self.exchange.world_mut().watch.touched);
    }

    /// Keeps this state.
    pub(crate) fn keep(&mut self) -> KeptStage {
        self.heed();
        let world = self.exchange.world().save(&mut self.bench);
        KeptStage { world, people: self.people.clone(), next: self.next, time: self.time }
    }

    /// Is in this state again, with nothing to be seen.
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

    /// The world's fingerprint; what has not changed since the last one is not looked at again.
    pub(crate) fn fingerprint_anew(&mut self) -> u64 {
        self.heed();
        self.exchange.world().fingerprint_on(&mut self.bench)
    }

    /// This one comes in another's place, and what that has learnt of parts of worlds is of use to it.
    pub(crate) fn come_after(&mut self, other: &mut Stage) {
        self.bench = std::mem::take(&mut other.bench);
        self.exchange.world_mut().watch.touched = Touched::everything();
    }

    /// Takes a list back that was looked through, so that its room is used again.
    pub(crate) fn reuse(&mut self, mut seen: Vec<Observed>) {
        seen.clear();
        self.exchange.world_mut().watch.seen = seen;
    }
}
