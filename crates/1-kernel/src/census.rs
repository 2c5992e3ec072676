//! What a world holds, counted: for operators, and for the law that nothing is left behind.

use crate::world::slot::State;
use crate::{Process, Watch, World};

/// Counts of what a world holds at one moment. Equal counts before and after churn mean no leak.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Census {
    /// Slots for processes and supervisors, in use or not; never fewer than before.
    pub slots: usize,
    /// Slots that hold nobody and can be used again.
    pub free: usize,
    /// Processes that are alive.
    pub processes: usize,
    /// Supervisors that are alive.
    pub supervisors: usize,
    /// Processes and supervisors between two lives.
    pub between: usize,
    /// Monitors and halves of links, those included whose end is on its way.
    pub links: usize,
    /// Places for ties, in use or not.
    pub link_places: usize,
    /// Notes that are kept for next lives.
    pub notes: usize,
    /// Places for notes, in use or not.
    pub note_places: usize,
    /// Answers that are awaited.
    pub calls: usize,
    /// Timers that have not fired.
    pub timers: usize,
    /// Signals that wait.
    pub waiting: usize,
    /// Places for signals that wait or were delivered of late.
    pub ring: usize,
}

impl<P: Process, W: Watch<P>> World<P, W> {
    /// Counts what the world holds. O(slots).
    pub fn census(&self) -> Census {
        let slots = &self.slots;
        let count = |state| slots.iter().filter(|slot| slot.state == state).count();
        Census {
            slots: slots.len(),
            free: count(State::Free),
            processes: count(State::Alive),
            supervisors: count(State::Supervisor) + count(State::Closing),
            between: count(State::Between),
            links: self.out.links.len(),
            link_places: self.out.links.places(),
            notes: self.out.notes.iter().count(),
            note_places: self.out.notes.places(),
            calls: count(State::Alias),
            timers: self.timers.len(),
            waiting: self.out.ring.len(),
            ring: self.out.ring.capacity(),
        }
    }
}
