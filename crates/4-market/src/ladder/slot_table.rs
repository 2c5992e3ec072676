//! Finds the slot of an address, on a floor that has few of the world's addresses.

use super::NONE;

/// The slots of resting orders by the index of their address: a hash table with linear probing.
///
/// It takes 4 bytes a slot, and 4 to 10 more in a table that is at most seven eighths full. It is not in use before
/// [`SlotTable::begin`].
///
/// - `table` holds each slot once, at its home or behind it, with no gap between
#[derive(Clone, Default, Debug)]
pub(super) struct SlotTable {
    /// The index of each slot's address.
    indexes: Vec<u32>,
    /// Its length is a power of two; `NONE` marks an empty entry.
    table: Vec<u32>,
    len: usize,
}

const LEAST: usize = 16;

impl SlotTable {
    /// True if it is not in use.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Takes the table in use, with capacity for this many slots.
    pub(super) fn begin(&mut self, slots: usize) {
        self.table = vec![NONE; (slots * 8 / 7 + 1).next_power_of_two().max(LEAST)];
        self.indexes.reserve(slots);
    }

    /// The index of a slot's address.
    #[inline(always)]
    pub(super) fn index_at(&self, slot: usize) -> usize {
        self.indexes[slot] as usize
    }

    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "the upper bits are asked for")]
    fn home(&self, index: usize) -> usize {
        let spread = (index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        spread as usize & (self.table.len() - 1)
    }

    #[inline(always)]
    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.table.len() - 1)
    }

    /// The slot of an address; beyond all slots if it has none.
    #[inline]
    pub(super) fn find(&self, index: usize) -> usize {
        let mut at = self.home(index);
        loop {
            let slot = self.table[at];
            if slot == NONE || self.indexes[slot as usize] as usize == index {
                return slot as usize;
            }
            at = self.after(at);
        }
    }

    /// Gives a slot to an address that has none. The slot has no address, or is the next one.
    pub(super) fn insert(&mut self, index: usize, slot: u32) {
        let index = u32::try_from(index).expect("an index has 32 bits");
        match self.indexes.get_mut(slot as usize) {
            Some(free) => *free = index,
            None => self.indexes.push(index),
        }
        self.len += 1;
        if self.len * 8 > self.table.len() * 7 {
            self.grow();
        } else {
            self.put_at_home(slot);
        }
    }

    fn put_at_home(&mut self, slot: u32) {
        let mut at = self.home(self.index_at(slot as usize));
        while self.table[at] != NONE {
            at = self.after(at);
        }
        self.table[at] = slot;
    }

    /// Doubles the table. Every slot of `indexes` belongs in it: those that were removed have been given away again.
    #[cold]
    fn grow(&mut self) {
        self.table = vec![NONE; self.table.len() * 2];
        for slot in 0..u32::try_from(self.indexes.len()).expect("an index has 32 bits") {
            self.put_at_home(slot);
        }
    }

    /// Removes a slot, which the caller gives to another address at once.
    pub(super) fn remove(&mut self, slot: u32) {
        let mut hole = self.home(self.index_at(slot as usize));
        while self.table[hole] != slot {
            hole = self.after(hole);
        }
        self.len -= 1;
        // Backward shift: an entry whose probe has passed the hole moves into it, so no gap is left.
        let mut at = hole;
        loop {
            at = self.after(at);
            let other = self.table[at];
            if other == NONE {
                break;
            }
            let home = self.home(self.index_at(other as usize));
            let mask = self.table.len() - 1;
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(hole) & mask {
                self.table[hole] = other;
                hole = at;
            }
        }
        self.table[hole] = NONE;
    }

    /// Prefetches the table entry that leads to a slot. It affects time only.
    #[inline(always)]
    pub(super) fn warm(&self, index: usize) {
        if let Some(entry) = self.table.get(self.home(index)) {
            memory::prefetch(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Splitmix64: the tests' own chance.
    fn chance(seed: &mut u64, below: u64) -> usize {
        *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % below).unwrap_or(0)
    }

    #[test]
    fn it_agrees_with_a_map() {
        for mut seed in 0..50 {
            let (mut table, mut map, mut indexes) = (SlotTable::default(), BTreeMap::new(), vec![]);
            table.begin(0);
            for _ in 0..600 {
                let index = chance(&mut seed, 400);
                let found = table.find(index);
                assert_eq!(map.get(&index), (found != NONE as usize).then_some(&found));
                if found != NONE as usize {
                    assert_eq!(table.index_at(found), index);
                    continue;
                }
                let next = u32::try_from(indexes.len()).unwrap_or(NONE);
                let slot = if chance(&mut seed, 3) == 0 && next > 0 {
                    let slot = chance(&mut seed, u64::from(next));
                    map.remove(&indexes[slot]);
                    let slot = u32::try_from(slot).unwrap_or(NONE);
                    table.remove(slot);
                    slot
                } else {
                    indexes.push(index);
                    next
                };
                table.insert(index, slot);
                indexes[slot as usize] = index;
                map.insert(index, slot as usize);
            }
            assert!(map.len() > 100, "seed {seed}");
        }
    }
}
