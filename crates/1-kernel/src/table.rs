//! A table from numbers that mostly count up to small numbers, in one probe.

/// Maps `u64` keys, most of them near each other (numbers given in order), to `u32` values.
///
/// Lines of eight entries, each a cache line. Four neighbouring keys share their home, so that keys which
/// were given one after the other are found one beside the other and few lines are full; homes are
/// spread evenly (Fibonacci hashing). A line is looked at as a whole, without a loop
/// whose length hangs on what is there: a processor cannot foresee that. 8 bytes an entry, a quarter to a half of
/// them in use.
/// In a table that has seen some keys the latest have a window in front of the lines, in which each has its place by
/// its last bits: most are taken out again while they lie there. Who is in its way goes to the lines.
/// The caller confirms a hit (it knows the whole key of a value), which saves storing keys whole:
/// `is` is asked for each candidate. Not a general map; iteration is not offered, so order cannot show.
#[derive(Clone, Debug)]
pub struct Table {
    /// A power of two of them.
    lines: Vec<Line>,
    /// Entries of late, by the end of their keys; none while the table is new.
    window: Vec<Recent>,
    /// Keys that came while there was no window.
    early: u32,
    /// Entries in lines.
    settled: usize,
    len: usize,
    /// 64 less the binary logarithm of the number of lines.
    shift: u32,
}

/// An entry that does not lie in its home line lies in one behind it, and all between are full.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line {
    /// The keys' lower halves.
    tags: [u32; ENTRIES],
    values: [u32; ENTRIES],
}

const ENTRIES: usize = 8;
const EMPTY: u32 = u32::MAX;
/// Entries of a window: 4 kB, which stay in the nearest cache.
const WINDOW: usize = 512;
/// So many keys come before there is one: a world of a few processes is copied often, by whoever explores it.
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

/// A bit for each number that is this one.
#[inline(always)]
#[cfg(target_arch = "x86_64")]
#[allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, reason = "compared bit by bit")]
fn equal(numbers: &[u32; ENTRIES], to: u32) -> u32 {
    use std::arch::x86_64::{
        __m128i, _mm_castsi128_ps, _mm_cmpeq_epi32, _mm_loadu_si128, _mm_movemask_ps,
        _mm_set1_epi32,
    };
    // SAFETY: each x86-64 has SSE2. The two loads are of the eight numbers, 16 bytes each at 0 and 16 of 32, and need
    // no alignment; the pointer is made of the whole array, which is borrowed as long as it is read. Measured to pay
    // beside what the compiler makes of the same in a loop: a third of the instructions.
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

/// A bit for each number that is this one.
#[inline(always)]
#[cfg(not(target_arch = "x86_64"))]
fn equal(numbers: &[u32; ENTRIES], to: u32) -> u32 {
    (0..).zip(numbers).fold(0, |bits, (bit, number)| bits | u32::from(*number == to) << bit)
}

/// The place of the lowest bit; there is one.
#[inline(always)]
fn first(bits: u32) -> usize {
    bits.trailing_zeros() as usize % ENTRIES
}

impl Line {
    const EMPTY: Line = Line { tags: [0; ENTRIES], values: [EMPTY; ENTRIES] };

    /// A bit for each entry that is empty.
    #[inline(always)]
    fn free(&self) -> u32 {
        equal(&self.values, EMPTY)
    }

    /// The entry of this tag that is the caller's.
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

    /// The line behind another; behind the last one is the first.
    #[inline(always)]
    fn after(&self, line: usize) -> usize {
        (line + 1) & (self.lines.len() - 1)
    }

    /// How far a line lies behind another.
    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.lines.len() - 1)
    }

    /// Entries in the table.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        self.lines.capacity() * size_of::<Line>() + self.window.capacity() * size_of::<Recent>()
    }

    /// True if there are none.
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

    /// What lies where a key has its place in the window.
    #[inline(always)]
    fn recent(&self, key: u64) -> Option<&Recent> {
        self.window.get(tag(key) as usize % WINDOW)
    }

    /// Puts a value under a key, unless the key is there: then false. Values are below `u32::MAX`.
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

    /// The value under a key.
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

    /// Puts a value under a key that is not there yet. Values are below `u32::MAX`.
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

    /// Puts a value under a tag into the lines.
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

    /// Takes a key out and gives its value.
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

    /// Takes out a key that is known to be there with this value.
    #[inline(always)]
    pub(crate) fn remove_entry(&mut self, key: u64, value: u32) {
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

    /// A line is not full any more: who passed it on the way from home moves back.
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
                return; // nobody passed this one
            }
        }
    }

    /// A value that is probably the key's, looked up without asking anybody: good for [`crate::prefetch`].
    #[inline(always)]
    pub fn guess(&self, key: u64) -> Option<u32> {
        self.get(key, |_| true)
    }

    /// Asks the processor to fetch a key's line soon. No effect but on time.
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
