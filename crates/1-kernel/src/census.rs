//! Counts of what a world holds: for operators, and for the law that nothing leaks.

use crate::world::slot::State;
use crate::{Process, Watch, World};

/// Counts of what a world holds at one moment. Equal counts before and after churn mean no leak.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Census {
    /// Slots, in use or not. Their number never falls.
    pub slots: usize,
    /// Slots without a process.
    pub free: usize,
    /// Living processes.
    pub processes: usize,
    /// Living supervisors.
    pub supervisors: usize,
    /// Processes and supervisors that wait to be restarted.
    pub between: usize,
    /// Monitors and directions of links, fired ones included.
    pub links: usize,
    /// Records for monitors and links, in use or free.
    pub link_places: usize,
    /// Notes.
    pub notes: usize,
    /// Places for notes, in use or free.
    pub note_places: usize,
    /// Open calls.
    pub calls: usize,
    /// Timers that have not fired.
    pub timers: usize,
    /// Waiting signals.
    pub waiting: usize,
    /// Places for waiting and past signals.
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
