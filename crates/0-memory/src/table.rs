//! A table from numbers that mostly count up to small numbers, in one probe.

/// Maps `u64` keys, most of them near each other (numbers given in order), to `u32` values below
/// `u32::MAX`.
///
/// The caller confirms each candidate with `is`, since it knows the whole key of a value; so the
/// table stores only the lower half of a key, the *tag*. It is no general map: it offers no
/// iteration, so order cannot show.
///
/// - An entry is in the window or in the lines, never in both.
/// - A window entry lies at its tag modulo `WINDOW`; a newer key with the same remainder moves it
///   to the lines.
/// - A line entry lies in its home line or behind it, and every line between the two is full.
/// - `settled` is the number of entries in lines, `len` that of all; lines are at most half full.
/// - Cost: one cache line as a rule; 8 bytes an entry, of which a quarter to a half are in use.
///
/// Four neighbouring tags share a home line, so keys given in order lie side by side and few lines
/// overflow; Fibonacci hashing spreads the homes evenly. A line is compared as a whole, since a
/// loop whose length depends on the data mispredicts. The window holds the latest keys: most are
/// removed again before they reach a line.
#[derive(Clone, Debug)]
pub struct Table {
    /// Their number is a power of two.
    lines: Vec<Line>,
    /// The latest entries, by tag modulo [`WINDOW`]; empty until [`EARLY`] keys have come.
    window: Vec<Recent>,
    /// Keys inserted before the window exists.
    early: u32,
    /// Entries in lines.
    settled: usize,
    len: usize,
    /// 64 less the binary logarithm of the number of lines.
    shift: u32,
}

/// Eight entries: one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line {
    /// Lower halves of keys; meaningless where the value is [`EMPTY`].
    tags: [u32; ENTRIES],
    values: [u32; ENTRIES],
}

const ENTRIES: usize = 8;
const EMPTY: u32 = u32::MAX;
/// Entries of a window: 4 kB, which stay in the nearest cache.
const WINDOW: usize = 512;
/// Keys before the table takes a window: an explorer copies small tables often, and a window is 4
/// kB to copy.
const EARLY: u32 = 64;

#[derive(Clone, Copy, Debug)]
struct Recent {
    tag: u32,
    value: u32,
}

impl Default for Table {
    fn default() -> Table {
        Table {
            lines: vec![Line::EMPTY; 8],
            window: Vec::new(),
            early: 0,
            settled: 0,
            len: 0,
            shift: 61,
        }
    }
}

#[inline(always)]
#[allow(clippy::cast_possible_truncation, reason = "a tag is the lower half on purpose")]
fn tag(key: u64) -> u32 {
    key as u32
}

/// A bitmask of the numbers that equal `to`.
#[inline(always)]
#[cfg(target_arch = "x86_64")]
#[allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, reason = "compared bit by bit")]
fn equal(numbers: &[u32; ENTRIES], to: u32) -> u32 {
    use std::arch::x86_64::{
        __m128i, _mm_castsi128_ps, _mm_cmpeq_epi32, _mm_loadu_si128, _mm_movemask_ps,
        _mm_set1_epi32,
    };
    // SAFETY: each x86-64 has SSE2. The two loads are of the eight numbers, 16 bytes each at 0 and
    // 16 of 32, and need no alignment; the pointer is made of the whole array, which is borrowed as
    // long as it is read. Measured to pay beside what the compiler makes of the same in a loop: a
    // third of the instructions.
    #[allow(unsafe_code)]
    unsafe {
        let numbers = numbers.as_ptr().cast::<__m128i>();
        let to = _mm_set1_epi32(to as i32);
        let low = _mm_cmpeq_epi32(_mm_loadu_si128(numbers), to);
        let high = _mm_cmpeq_epi32(_mm_loadu_si128(numbers.add(1)), to);
        let (low, high) = (_mm_castsi128_ps(low), _mm_castsi128_ps(high));
        _mm_movemask_ps(low) as u32 | (_mm_movemask_ps(high) as u32) << 4
    }
}

/// A bitmask of the numbers that equal `to`.
#[inline(always)]
#[cfg(not(target_arch = "x86_64"))]
fn equal(numbers: &[u32; ENTRIES], to: u32) -> u32 {
    (0..).zip(numbers).fold(0, |bits, (bit, number)| bits | u32::from(*number == to) << bit)
}

/// Position of the lowest set bit. `bits` is not 0.
#[inline(always)]
fn first(bits: u32) -> usize {
    bits.trailing_zeros() as usize % ENTRIES
}

impl Line {
    const EMPTY: Line = Line { tags: [0; ENTRIES], values: [EMPTY; ENTRIES] };

    /// A bitmask of the empty entries.
    #[inline(always)]
    fn free(&self) -> u32 {
        equal(&self.values, EMPTY)
    }

    /// Position and value of the entry with this tag that `is` confirms.
    #[inline(always)]
    fn find(&self, tag: u32, mut is: impl FnMut(u32) -> bool) -> Option<(usize, u32)> {
        let mut hits = equal(&self.tags, tag);
        while hits != 0 {
            let value = self.values[first(hits)];
            if value != EMPTY && is(value) {
                return Some((first(hits), value));
            }
            hits &= hits - 1;
        }
        None
    }
}

impl Table {
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "shifted to the number of lines")]
    fn home(&self, tag: u32) -> usize {
        u64::from(tag >> 2).wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_shr(self.shift) as usize
    }

    /// The next line, cyclically.
    #[inline(always)]
    fn after(&self, line: usize) -> usize {
        (line + 1) & (self.lines.len() - 1)
    }

    /// Lines from `from` forward to `to`, cyclically.
    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.lines.len() - 1)
    }

    /// Entries in the table.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Bytes allocated.
    pub fn bytes(&self) -> usize {
        self.lines.capacity() * size_of::<Line>() + self.window.capacity() * size_of::<Recent>()
    }

    /// True if the table has no entries.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline(always)]
    fn find(&self, key: u64, is: impl FnMut(u32) -> bool) -> Option<(usize, usize, u32)> {
        if self.settled == 0 {
            return None;
        }
        self.look(key, is)
    }

    #[inline(always)]
    fn look(&self, key: u64, mut is: impl FnMut(u32) -> bool) -> Option<(usize, usize, u32)> {
        let tag = tag(key);
        let mut at = self.home(tag);
        loop {
            let line = &self.lines[at];
            if let Some((place, value)) = line.find(tag, &mut is) {
                return Some((at, place, value));
            }
            if line.free() != 0 {
                return None;
            }
            at = self.after(at);
        }
    }

    /// The window entry at a key's position, whichever key it belongs to.
    #[inline(always)]
    fn recent(&self, key: u64) -> Option<&Recent> {
        self.window.get(tag(key) as usize % WINDOW)
    }

    /// Inserts a value unless the key is present; then returns false.
    #[inline(always)]
    pub fn insert_new(&mut self, key: u64, value: u32, is: impl FnMut(u32) -> bool) -> bool {
        assert!(value != EMPTY, "u32::MAX marks an empty entry");
        if self.settled == 0
            && let Some(recent) = self.window.get_mut(tag(key) as usize % WINDOW)
            && recent.value == EMPTY
        {
            *recent = Recent { tag: tag(key), value };
            self.len += 1;
            return true;
        }
        self.insert_among(key, value, is)
    }

    fn insert_among(&mut self, key: u64, value: u32, is: impl FnMut(u32) -> bool) -> bool {
        if self.get(key, is).is_some() {
            return false;
        }
        self.insert(key, value);
        true
    }

    /// The value of a key, as `is` confirms it.
    #[inline(always)]
    pub fn get(&self, key: u64, mut is: impl FnMut(u32) -> bool) -> Option<u32> {
        if let Some(recent) = self.recent(key)
            && recent.tag == tag(key)
            && recent.value != EMPTY
            && is(recent.value)
        {
            return Some(recent.value);
        }
        self.find(key, is).map(|(_, _, value)| value)
    }

    /// Inserts a value under a key that the caller knows to be absent.
    ///
    /// # Panics
    ///
    /// If the value is `u32::MAX`.
    #[inline(always)]
    pub fn insert(&mut self, key: u64, value: u32) {
        assert!(value != EMPTY, "u32::MAX marks an empty entry");
        self.len += 1;
        let (key, value) = match self.window.get_mut(tag(key) as usize % WINDOW) {
            Some(recent) => {
                let Recent { tag, value } =
                    std::mem::replace(recent, Recent { tag: tag(key), value });
                if value == EMPTY {
                    return;
                }
                (tag, value)
            }
            None => {
                self.count_early();
                (tag(key), value)
            }
        };
        self.settle(key, value);
    }

    #[cold]
    fn count_early(&mut self) {
        self.early += 1;
        if self.early == EARLY {
            self.window = vec![Recent { tag: 0, value: EMPTY }; WINDOW];
        }
    }

    /// Inserts an entry into the lines.
    fn settle(&mut self, tag: u32, value: u32) {
        if self.settled >= self.lines.len() * (ENTRIES / 2) {
            self.grow();
        }
        self.settled += 1;
        let mut at = self.home(tag);
        loop {
            let line = &mut self.lines[at];
            let free = line.free();
            if free != 0 {
                (line.tags[first(free)], line.values[first(free)]) = (tag, value);
                return;
            }
            at = self.after(at);
        }
    }

    #[cold]
    fn grow(&mut self) {
        let larger = vec![Line::EMPTY; self.lines.len() * 2];
        (self.shift, self.settled) = (self.shift - 1, 0);
        for line in std::mem::replace(&mut self.lines, larger) {
            for (tag, value) in line.tags.into_iter().zip(line.values) {
                if value != EMPTY {
                    self.settle(tag, value);
                }
            }
        }
    }

    /// Removes a key and returns its value.
    #[inline(always)]
    pub fn remove(&mut self, key: u64, mut is: impl FnMut(u32) -> bool) -> Option<u32> {
        if let Some(recent) = self.window.get_mut(tag(key) as usize % WINDOW)
            && recent.tag == tag(key)
            && recent.value != EMPTY
            && is(recent.value)
        {
            self.len -= 1;
            return Some(std::mem::replace(&mut recent.value, EMPTY));
        }
        self.remove_settled(key, is)
    }

    /// Removes a key that the caller knows to be present with this value.
    #[inline(always)]
    pub fn remove_entry(&mut self, key: u64, value: u32) {
        if let Some(recent) = self.window.get_mut(tag(key) as usize % WINDOW)
            && (recent.tag, recent.value) == (tag(key), value)
        {
            self.len -= 1;
            recent.value = EMPTY;
            return;
        }
        self.remove_settled(key, |settled| settled == value);
    }

    fn remove_settled(&mut self, key: u64, is: impl FnMut(u32) -> bool) -> Option<u32> {
        let (at, place, value) = self.find(key, is)?;
        let line = &mut self.lines[at];
        let was_full = line.free() == 0;
        line.values[place] = EMPTY;
        (self.len, self.settled) = (self.len - 1, self.settled - 1);
        if was_full {
            self.refill(at, place);
        }
        Some(value)
    }

    /// A full line has a free entry now. An entry behind it whose home is here or before would no
    /// longer be found, since a search stops at the first line with a free entry. So the first such
    /// entry moves into the hole, and so on from the hole that it leaves.
    #[cold]
    fn refill(&mut self, at: usize, place: usize) {
        let (mut hole, mut at) = ((at, place), at);
        loop {
            at = self.after(at);
            let line = self.lines[at];
            let passed = (0..ENTRIES).find(|&place| {
                let home = self.home(line.tags[place]);
                line.values[place] != EMPTY && self.distance(home, at) >= self.distance(hole.0, at)
            });
            if let Some(place) = passed {
                self.lines[hole.0].tags[hole.1] = line.tags[place];
                self.lines[hole.0].values[hole.1] = line.values[place];
                self.lines[at].values[place] = EMPTY;
                hole = (at, place);
            }
            if line.free() != 0 {
                return; // no entry behind this line has passed it
            }
        }
    }

    /// A value that is probably the key's, found by its tag alone: good enough for
    /// [`crate::prefetch`].
    #[inline(always)]
    pub fn guess(&self, key: u64) -> Option<u32> {
        self.get(key, |_| true)
    }

    /// Prefetches a key's home line.
    #[inline(always)]
    pub fn warm(&self, key: u64) {
        crate::prefetch(&self.lines[self.home(tag(key))]);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_that_share_a_place_in_the_window_are_all_found() {
        let mut table = Table::default();
        let key = |value: u32| u64::from(value % 4) * WINDOW as u64 + u64::from(value / 4);
        for value in 0..2_000 {
            assert!(table.insert_new(key(value), value, |v| key(v) == key(value)));
            assert!(!table.insert_new(key(value), value, |v| key(v) == key(value)));
        }
        for value in (0..2_000).rev() {
            assert_eq!(table.get(key(value), |v| key(v) == key(value)), Some(value));
            assert_eq!(table.remove(key(value), |v| key(v) == key(value)), Some(value));
            assert_eq!(table.get(key(value), |v| key(v) == key(value)), None);
            assert_eq!(table.len(), value as usize);
        }
    }

    #[test]
    fn keys_given_in_order_and_taken_in_any_order_are_all_found() {
        let mut table = Table::default();
        for key in 0..10_000u32 {
            table.insert(u64::from(key), key);
        }
        for key in (0..10_000u32).rev().step_by(3) {
            assert_eq!(table.remove(u64::from(key), |v| v == key), Some(key));
        }
        for key in 0..10_000u32 {
            let gone = (9_999 - key) % 3 == 0;
            assert_eq!(table.get(u64::from(key), |v| v == key), (!gone).then_some(key));
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_map(steps in prop::collection::vec((0u64..300, any::<bool>()), 0..2000)) {
            let mut keys: Vec<u64> = Vec::new(); // value → key, as the caller of a table knows them
            let mut table = Table::default();
            let mut map = BTreeMap::new();
            for (near, insert) in steps {
                let key = near << 30; // tags clash often: the lower halves of every fourth key agree
                let known = |v: u32| keys[v as usize] == key;
                match (insert, map.contains_key(&key)) {
                    (true, false) => {
                        let value = u32::try_from(keys.len()).unwrap();
                        table.insert(key, value);
                        map.insert(key, value);
                        keys.push(key);
                    }
                    (false, _) => assert_eq!(table.remove(key, known), map.remove(&key)),
                    (true, true) => assert_eq!(table.get(key, known), map.get(&key).copied()),
                }
                prop_assert_eq!(table.len(), map.len());
            }
        }
    }
}
