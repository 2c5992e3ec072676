//! A hasher for fingerprints: fast, the same on every machine, and good in all of its 64 bits. It
//! does not resist deliberate collisions, by which nothing could be gained.

use std::hash::Hasher;

/// Folds in one word at a time, by a multiplication of 64 by 64 bits whose halves are combined:
/// about a nanosecond a word.
#[derive(Clone, Copy, Debug)]
pub struct Digest(u64);

/// Odd, and with its bits well spread: the fraction of the golden ratio, and that of the root of
/// two.
const START: u64 = 0x9E37_79B9_7F4A_7C15;
const STEP: u64 = 0x6A09_E667_F3BC_C909;

impl Digest {
    /// The digest of nothing.
    pub fn new() -> Digest {
        Digest(START)
    }

    #[inline(always)]
    fn take(&mut self, word: u64) {
        self.0 = fold(self.0 ^ word, STEP).wrapping_add(self.0.rotate_left(23));
    }
}

#[inline(always)]
#[allow(clippy::cast_possible_truncation, reason = "the two halves of a product")]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

impl Default for Digest {
    fn default() -> Digest {
        Digest::new()
    }
}

impl Hasher for Digest {
    fn finish(&self) -> u64 {
        fold(self.0 ^ START, STEP) ^ fold(self.0.rotate_left(32), START)
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.take(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        // Its length too, so that zeros at the end show.
        self.take(u64::from_le_bytes(last) ^ (bytes.len() as u64).rotate_right(8));
    }

    fn write_u8(&mut self, number: u8) {
        self.take(number.into());
    }

    fn write_u16(&mut self, number: u16) {
        self.take(number.into());
    }

    fn write_u32(&mut self, number: u32) {
        self.take(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.take(number);
    }

    fn write_usize(&mut self, number: usize) {
        self.take(number as u64);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::hash::Hash;

    use super::*;

    fn of(value: impl Hash) -> u64 {
        let mut digest = Digest::new();
        value.hash(&mut digest);
        digest.finish()
    }

    #[test]
    fn neighbours_are_told_apart_in_either_half() {
        let mut all = BTreeSet::new();
        let (mut high, mut low) = (BTreeSet::new(), BTreeSet::new());
        for a in 0..300_u64 {
            for b in 0..300_u32 {
                let digest = of((a, b));
                all.insert(digest);
                high.insert(digest >> 32);
                low.insert(digest & 0xFFFF_FFFF);
            }
        }
        assert_eq!(all.len(), 90_000);
        // Of 90,000 numbers of 32 bits one pair is the same on average.
        assert!(high.len() > 89_980 && low.len() > 89_980, "{} {}", high.len(), low.len());
    }

    #[test]
    fn order_and_length_make_a_difference() {
        assert_ne!(of((1, 2)), of((2, 1)));
        assert_ne!(of([0_u8; 3]), of([0_u8; 4]));
        assert_ne!(of(""), of("\0"));
    }
}
