//! Notes: what processes keep for their next lives.

use std::mem::needs_drop;

use crate::discard::{discard, discard_all};

/// The index of no note.
pub(crate) const NO_NOTE: u32 = u32::MAX;

/// All notes of a world.
///
/// - a note stays where it was written until it is wiped; slots and parked places hold its index.
///   (Moving a note soon after writing it causes a store-forwarding stall.)
/// - an index belongs to one slot, one parked place or the current step
/// - `free` holds the indices of the empty places
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

    /// Stores a note and returns its index.
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

    /// The note at an index.
    #[inline(always)]
    pub(crate) fn get(&self, at: u32) -> Option<&N> {
        self.places.get(at as usize)?.as_ref()
    }

    /// Drops the note at an index; [`NO_NOTE`] has no effect.
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

    /// Drops all notes, at the end of the world.
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
