//! What processes have written down for their next lives.

use std::mem::needs_drop;

use crate::discard::{discard, discard_all};

/// No note.
pub(crate) const NO_NOTE: u32 = u32::MAX;

/// All notes of a world. Each is written once, where it lies until it is wiped out: a note that is copied
/// just after it was written is waited for.
#[derive(Debug)]
pub(crate) struct Notes<N> {
    places: Vec<Option<N>>,
    free: Vec<u32>,
    /// Notes whose destructor panicked.
    failed_drops: u64,
}

impl<N> Notes<N> {
    pub(crate) fn new() -> Notes<N> {
        Notes { places: Vec::new(), free: Vec::new(), failed_drops: 0 }
    }

    /// Writes a note down, and says where.
    #[inline(always)]
    pub(crate) fn write(&mut self, note: N) -> u32 {
        let at = self.free.pop().unwrap_or_else(|| self.make_room());
        self.places[at as usize] = Some(note);
        at
    }

    #[cold]
    fn make_room(&mut self) -> u32 {
        self.places.push(None);
        u32::try_from(self.places.len() - 1).expect("fewer notes than addresses")
    }

    /// The note at a place.
    #[inline(always)]
    pub(crate) fn get(&self, at: u32) -> Option<&N> {
        self.places.get(at as usize)?.as_ref()
    }

    /// Wipes the note at a place out, if there is one.
    #[inline(always)]
    pub(crate) fn wipe(&mut self, at: u32) {
        if at != NO_NOTE {
            let note = self.places[at as usize].take();
            self.free.push(at);
            if needs_drop::<N>() {
                self.failed_drops += u64::from(discard(note).is_err());
            }
        }
    }

    /// Frees all notes, at the end of their world.
    pub(crate) fn free(&mut self) {
        self.failed_drops += discard_all(std::mem::take(&mut self.places));
    }

    /// Notes whose destructor panicked, so far.
    pub(crate) fn failed_drops(&self) -> u64 {
        self.failed_drops
    }

    /// All notes, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &N> {
        self.places.iter().flatten()
    }

    /// Places, in use or not.
    pub(crate) fn places(&self) -> usize {
        self.places.len()
    }
}

impl<N: Clone> Clone for Notes<N> {
    fn clone(&self) -> Notes<N> {
        let Notes { places, free, failed_drops } = self;
        Notes { places: places.clone(), free: free.clone(), failed_drops: *failed_drops }
    }

    fn clone_from(&mut self, other: &Notes<N>) {
        self.places.clone_from(&other.places);
        self.free.clone_from(&other.free);
        self.failed_drops = other.failed_drops;
    }
}
