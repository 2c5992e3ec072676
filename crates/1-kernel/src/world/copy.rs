//! Copies a world between two steps: the same processes and waiting signals, without the past.
//! Explorers and tests run the copy and keep the original.

use super::{NO_STEP, World};
use crate::out::Out;
use crate::{Process, Watch};

impl<P, W> Clone for World<P, W>
where
    P: Process + Clone,
    P::StateMachine: Clone,
    W: Watch<P> + Clone,
{
    /// O(processes and signals that wait). The flight recorder's past is not copied.
    fn clone(&self) -> World<P, W> {
        World {
            slots: self.slots.clone(),
            out: self.out.clone(),
            tree: self.tree.clone(),
            parked: self.parked.clone(),
            timers: self.timers.clone(),
            timers_of: self.timers_of.clone(),
            bearers: self.bearers.clone(),
            calls: self.calls.clone(),
            aliases: self.aliases.clone(),
            failures: self.failures,
            judging: false,
            mark: NO_STEP,
            undeliverable: self.undeliverable,
            failed_drops: self.failed_drops,
            dead: self.dead.clone(),
            watch: self.watch.clone(),
        }
    }
}

impl<P: Process + Clone> Clone for Out<P>
where
    P::StateMachine: Clone,
{
    fn clone(&self) -> Out<P> {
        let Out {
            me,
            ring,
            step_flags,
            noting,
            monitoring,
            effects,
            exit,
            causes,
            notes,
            note,
            spawned,
            multicasts,
            log,
            recorded,
            links,
            remote,
            number,
            names,
            groups,
            state_machine,
            reader,
            free,
            fresh,
            now,
            timers_set,
            key,
            incarnation,
        } = self;
        Out {
            me: *me,
            ring: ring.clone(),
            step_flags: *step_flags,
            noting: *noting,
            monitoring: *monitoring,
            effects: effects.clone(),
            exit: *exit,
            causes: causes.clone(),
            notes: notes.clone(),
            note: *note,
            spawned: spawned.clone(),
            multicasts: multicasts.clone(),
            log: log.clone(),
            recorded: *recorded,
            links: links.clone(),
            remote: remote.clone(),
            number: *number,
            names: names.clone(),
            groups: groups.clone(),
            state_machine: state_machine.clone(),
            reader: *reader,
            free: free.clone(),
            fresh: *fresh,
            now: *now,
            timers_set: *timers_set,
            key: *key,
            incarnation: *incarnation,
        }
    }
}
