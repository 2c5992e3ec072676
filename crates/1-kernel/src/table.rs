//! A table from numbers that mostly count up to small numbers, in one probe.

/// Maps `u64` keys, most of them near each other (numbers given in order), to `u32` values.
///
/// Open addressing in which eight neighbouring keys share a cache line, so that keys which were
/// given one after the other are found one beside the other; the lines of neighbours are spread
/// evenly (Fibonacci hashing), so that a run of keys hardly meets itself. 8 bytes an entry, a quarter
/// to a half of them in use.
/// The caller confirms a hit (it knows the whole key of a value), which saves storing keys whole:
/// `is` is asked for each candidate. Not a general map; iteration is not offered, so order cannot show.
#[derive(Clone, Debug)]
pub struct Table {
    entries: Vec<Entry>,
    len: usize,
    /// 64 less the binary logarithm of the number of lines.
    shift: u32,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// The key's lower half.
    tag: u32,
    value: u32,
}

const EMPTY: u32 = u32::MAX;

impl Default for Table {
    fn default() -> Table {
        Table { entries: vec![Entry { tag: 0, value: EMPTY }; 64], len: 0, shift: 61 }
    }
}

#[inline(always)]
#[allow(clippy::cast_possible_truncation, reason = "a tag is the lower half on purpose")]
fn tag(key: u64) -> u32 {
    key as u32
}

impl Table {
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "shifted to the number of lines")]
    fn home(&self, tag: u32) -> usize {
        let line = u64::from(tag >> 3).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> self.shift;
        (line as usize) << 3 | (tag & 7) as usize
    }

    /// Entries in the table.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline(always)]
    fn find(&self, key: u64, mut is: impl FnMut(u32) -> bool) -> Option<usize> {
        let tag = tag(key);
        let mut at = self.home(tag);
        loop {
            let entry = self.entries[at];
            if entry.value == EMPTY {
                return None;
            }
            if entry.tag == tag && is(entry.value) {
                return Some(at);
            }
            at = (at + 1) & (self.entries.len() - 1);
        }
    }

    /// Puts a value under a key, unless the key is there: then false.
    #[inline(always)]
    pub fn insert_new(&mut self, key: u64, value: u32, mut is: impl FnMut(u32) -> bool) -> bool {
        assert!(value != EMPTY, "u32::MAX marks an empty entry");
        if self.len >= self.entries.len() / 2 {
            self.grow();
        }
        let tag = tag(key);
        let mut at = self.home(tag);
        while self.entries[at].value != EMPTY {
            let entry = self.entries[at];
            if entry.tag == tag && is(entry.value) {
                return false;
            }
            at = (at + 1) & (self.entries.len() - 1);
        }
        self.entries[at] = Entry { tag, value };
        self.len += 1;
        true
    }

    /// The value under a key.
    #[inline(always)]
    pub fn get(&self, key: u64, is: impl FnMut(u32) -> bool) -> Option<u32> {
        self.find(key, is).map(|at| self.entries[at].value)
    }

    /// Puts a value under a key that is not there yet. Values are below `u32::MAX`.
    #[inline]
    pub fn insert(&mut self, key: u64, value: u32) {
        self.insert_new(key, value, |_| false);
    }

    #[inline(always)]
    fn place(&mut self, entry: Entry) {
        let mut at = self.home(entry.tag);
        while self.entries[at].value != EMPTY {
            at = (at + 1) & (self.entries.len() - 1);
        }
        self.entries[at] = entry;
    }

    #[cold]
    fn grow(&mut self) {
        let larger = vec![Entry { tag: 0, value: EMPTY }; self.entries.len() * 2];
        self.shift -= 1;
        for entry in std::mem::replace(&mut self.entries, larger) {
            if entry.value != EMPTY {
                self.place(entry);
            }
        }
    }

    /// Takes a key out and gives its value.
    #[inline]
    pub fn remove(&mut self, key: u64, is: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut hole = self.find(key, is)?;
        let value = self.entries[hole].value;
        let mask = self.entries.len() - 1;
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let entry = self.entries[at];
            if entry.value == EMPTY {
                break;
            }
            // Move an entry back into the hole unless its home lies after the hole.
            let home = self.home(entry.tag);
            if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(hole) & mask) {
                self.entries[hole] = entry;
                hole = at;
            }
        }
        self.entries[hole].value = EMPTY;
        self.len -= 1;
        Some(value)
    }

    /// A value that is probably the key's, looked up without asking anybody: good for [`crate::prefetch`].
    #[inline(always)]
    pub fn guess(&self, key: u64) -> Option<u32> {
        self.get(key, |_| true)
    }

    /// Asks the processor to fetch a key's line soon. No effect but on time.
    #[inline(always)]
    pub fn warm(&self, key: u64) {
        crate::prefetch(&self.entries[self.home(tag(key))]);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

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
