//! A cell's history, one bit per time. It knows no messages.

use crate::message::{Memory, Note};

/// A history: contents from `first` to `now`, both included.
///
/// The last 64 lie in one word. Only [`Memory::Whole`] keeps older ones; with checkpoints the
/// protocol guarantees that no cell can need them (`docs/life.md`, "Forgetting").
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct History {
    now: u32,
    first: u32,
    /// The content at `now` is the lowest bit, the one before it the next.
    recent: u64,
    whole: bool,
    /// Sixty-four contents each from time 0 on, the earliest in the lowest bit.
    older: Vec<u64>,
}

impl History {
    /// A history that begins at time 0.
    pub fn new(alive: bool, memory: Memory) -> History {
        let whole = memory == Memory::Whole;
        History { now: 0, first: 0, recent: u64::from(alive), whole, older: Vec::new() }
    }

    /// A history from a note.
    pub fn from_note(note: &Note, memory: Memory) -> History {
        let Note { at, first, bits, .. } = *note;
        let whole = memory == Memory::Whole;
        History { now: at, first, recent: bits, whole, older: Vec::new() }
    }

    /// The time of the last content.
    #[inline]
    pub fn now(&self) -> u32 {
        self.now
    }

    /// The earliest remembered time.
    #[inline]
    pub fn first(&self) -> u32 {
        self.first
    }

    /// The last content.
    #[inline]
    pub fn alive(&self) -> bool {
        self.recent & 1 == 1
    }

    /// The last 64 contents, the newest in the lowest bit; those before `first` are meaningless.
    #[inline]
    pub fn recent(&self) -> u64 {
        self.recent
    }

    /// The content at a time that is remembered.
    #[inline]
    pub fn at(&self, time: u32) -> Option<bool> {
        if time > self.now || time < self.first {
            return None;
        }
        let back = self.now - time;
        if back < u64::BITS {
            return Some(self.recent >> back & 1 == 1);
        }
        let word = self.older.get((time / u64::BITS) as usize)?;
        Some(word >> (time % u64::BITS) & 1 == 1)
    }

    /// Adds a step.
    #[inline]
    pub fn push(&mut self, alive: bool) {
        self.now = self.now.checked_add(1).expect("a cell never runs beyond u32::MAX steps");
        self.recent = self.recent << 1 | u64::from(alive);
        if self.whole {
            if self.now % u64::BITS == u64::BITS - 1 {
                self.older.push(self.recent.reverse_bits());
            }
        } else if self.now - self.first >= u64::BITS {
            self.first = self.now - (u64::BITS - 1);
        }
    }

    /// Forgets all before a time, which may be any.
    #[inline]
    pub fn forget_before(&mut self, time: u32) {
        if !self.whole {
            self.first = self.first.max(time.min(self.now));
        }
    }

    /// Replaces the content at time 0. Only before any step.
    pub fn set(&mut self, alive: bool) {
        assert_eq!(self.now, 0, "what has been is not changed");
        self.recent = u64::from(alive);
    }

    /// Takes at most 32 contents from a time on: the time of the first, how many, and the bits, the first the lowest.
    pub fn part(&self, from: u32) -> (u32, u8, u32) {
        let first = from.max(self.first);
        let (mut bits, mut count) = (0, 0);
        while count < 32
            && let Some(alive) = first.checked_add(u32::from(count)).and_then(|time| self.at(time))
        {
            bits |= u32::from(alive) << count;
            count += 1;
        }
        (first, count, bits)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_whole_history_remembers_everything(contents in prop::collection::vec(any::<bool>(), 1..300)) {
            let mut history = History::new(contents[0], Memory::Whole);
            contents[1..].iter().for_each(|alive| history.push(*alive));
            history.forget_before(200);
            let mut told = Vec::new();
            while let (_, count @ 1.., bits) = history.part(u32::try_from(told.len()).unwrap()) {
                told.extend((0..count).map(|bit| bits >> bit & 1 == 1));
            }
            prop_assert_eq!(&told, &contents);
            for (time, alive) in (0..).zip(&contents) {
                prop_assert_eq!(history.at(time), Some(*alive));
            }
            prop_assert_eq!(history.at(u32::try_from(contents.len()).unwrap()), None);
        }

        #[test]
        fn with_checkpoints_it_remembers_what_was_not_forgotten(
            contents in prop::collection::vec(any::<bool>(), 1..300), kept in 0u32..64,
        ) {
            let mut history = History::new(contents[0], Memory::Since(8));
            contents[1..].iter().for_each(|alive| history.push(*alive));
            let now = history.now();
            let first = now.saturating_sub(kept);
            history.forget_before(first);
            prop_assert_eq!(history.first(), first);
            for (time, alive) in (0..).zip(&contents) {
                prop_assert_eq!(history.at(time), (time >= first).then_some(*alive));
            }
        }
    }
}
