//! Where the seat of an address is, on a floor that has few of the world's addresses.

use super::NONE;

/// The places of seats by the index of their address: 4 bytes a seat, and 4 to 10 in a table that is at most seven
/// eighths full. It is not in use before [`Places::begin`].
///
/// - `table` holds each place once, in its home by the index or behind it, with no gap between
#[derive(Clone, Default, Debug)]
pub(super) struct Places {
    /// The index of each place's address.
    indexes: Vec<u32>,
    /// A power of two of them; `NONE` where there is none.
    table: Vec<u32>,
    len: usize,
}

const LEAST: usize = 16;

impl Places {
    /// True if it is not in use.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Takes it in use, with room for so many.
    pub(super) fn begin(&mut self, places: usize) {
        self.table = vec![NONE; (places * 8 / 7 + 1).next_power_of_two().max(LEAST)];
        self.indexes.reserve(places);
    }

    /// The index of the address of a place.
    #[inline(always)]
    pub(super) fn index_at(&self, place: usize) -> usize {
        self.indexes[place] as usize
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

    /// The place of an address's seat; beyond all places if there is none.
    #[inline]
    pub(super) fn find(&self, index: usize) -> usize {
        let mut at = self.home(index);
        loop {
            let place = self.table[at];
            if place == NONE || self.indexes[place as usize] as usize == index {
                return place as usize;
            }
            at = self.after(at);
        }
    }

    /// Gives an address a place; it has none, and the place has none or is the next.
    pub(super) fn insert(&mut self, index: usize, place: u32) {
        let index = u32::try_from(index).expect("an index has 32 bits");
        match self.indexes.get_mut(place as usize) {
            Some(free) => *free = index,
            None => self.indexes.push(index),
        }
        self.len += 1;
        if self.len * 8 > self.table.len() * 7 {
            self.grow();
        } else {
            self.settle(place);
        }
    }

    fn settle(&mut self, place: u32) {
        let mut at = self.home(self.index_at(place as usize));
        while self.table[at] != NONE {
            at = self.after(at);
        }
        self.table[at] = place;
    }

    /// Twice as many; all of `indexes` is in it but for places that were taken out, of which there is none now.
    #[cold]
    fn grow(&mut self) {
        self.table = vec![NONE; self.table.len() * 2];
        for place in 0..u32::try_from(self.indexes.len()).expect("an index has 32 bits") {
            self.settle(place);
        }
    }

    /// Takes a place out, to be given to another address at once.
    pub(super) fn remove(&mut self, place: u32) {
        let mut hole = self.home(self.index_at(place as usize));
        while self.table[hole] != place {
            hole = self.after(hole);
        }
        self.len -= 1;
        // Whoever has passed the hole on the way from home moves into it.
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

    /// Asks the processor to fetch what leads to a place soon. No effect but on time.
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
            let (mut places, mut map, mut indexes) = (Places::default(), BTreeMap::new(), vec![]);
            places.begin(0);
            for _ in 0..600 {
                let index = chance(&mut seed, 400);
                let found = places.find(index);
                assert_eq!(map.get(&index), (found != NONE as usize).then_some(&found));
                if found != NONE as usize {
                    assert_eq!(places.index_at(found), index);
                    continue;
                }
                let next = u32::try_from(indexes.len()).unwrap_or(NONE);
                let place = if chance(&mut seed, 3) == 0 && next > 0 {
                    let place = chance(&mut seed, u64::from(next));
                    map.remove(&indexes[place]);
                    let place = u32::try_from(place).unwrap_or(NONE);
                    places.remove(place);
                    place
                } else {
                    indexes.push(index);
                    next
                };
                places.insert(index, place);
                indexes[place as usize] = index;
                map.insert(index, place as usize);
            }
            assert!(map.len() > 100, "seed {seed}");
        }
    }
}
