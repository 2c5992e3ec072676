//! States of a watched world that wait to be gone on from, many of them: what two have in common they share.
//! Only for explorers; see [`kernel::Saved`].

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::{Pid, Saved, Touched};
use market::Party;
use units::{AskId, Time};

use super::{Seen, Stage, Who};

/// A stage that waits.
pub(crate) struct KeptStage {
    world: Saved<Party>,
    people: Arc<BTreeMap<Pid, Who>>,
    next: AskId,
    time: Time,
}

impl Stage {
    /// Keeps this state. `base` is the one that was put back here last, if any was. The stage must be put back
    /// before it goes on.
    pub(crate) fn keep(&mut self, base: Option<&KeptStage>) -> KeptStage {
        let world = self.exchange.world_mut();
        let touched = std::mem::take(&mut world.watch.touched);
        let saved = world.save(base.map(|base| (&base.world, &touched)));
        world.watch.touched = touched;
        let people = self.people.clone();
        KeptStage { world: saved, people, next: self.next, time: self.time }
    }

    /// Is in this state again, with nothing to be seen.
    pub(crate) fn put_back(&mut self, kept: &KeptStage, base: Option<&KeptStage>) {
        let world = self.exchange.world_mut();
        let mut touched = std::mem::take(&mut world.watch.touched);
        world.load(&kept.world, base.map(|base| (&base.world, &touched)));
        touched.clear();
        world.watch.touched = touched;
        world.watch.seen.clear();
        if !Arc::ptr_eq(&self.people, &kept.people) {
            self.people = kept.people.clone();
        }
        (self.next, self.time) = (kept.next, kept.time);
    }

    /// The world's fingerprint, if `base` is what was put back here last.
    pub(crate) fn fingerprint_since(&self, base: &KeptStage) -> u64 {
        let world = self.exchange.world();
        world.fingerprint_since(Some((&base.world, &world.watch.touched)))
    }

    /// This is another world than the one that was put back here.
    pub(crate) fn is_another(&mut self) {
        self.exchange.world_mut().watch.touched = Touched::everything();
    }

    /// Takes a list back that was looked through, so that its room is used again.
    pub(crate) fn reuse(&mut self, mut seen: Vec<Seen>) {
        seen.clear();
        self.exchange.world_mut().watch.seen = seen;
    }
}
