//! Random numbers in integers: uniform draws, and distances drawn by weight.

use std::sync::OnceLock;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// Random numbers that depend on the seed alone.
#[derive(Clone, Debug)]
pub(super) struct Chance(Xoshiro256PlusPlus);

impl Chance {
    pub(super) fn new(seed: u64) -> Chance {
        Chance(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// 64 fair coins.
    #[inline]
    pub(super) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number from 0 up to, not including, `bound`, which is above zero and below 2^32: the
    /// high half of a product, even to one part in 2^32 or better.
    #[inline]
    pub(super) fn below(&mut self, bound: i64) -> i64 {
        ((self.bits() >> 32).cast_signed() * bound) >> 32
    }

    /// As [`Chance::below`], for an index or a delay.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "below `bound`, which is a usize")]
    pub(super) fn index(&mut self, bound: usize) -> usize {
        (((self.bits() >> 32) * bound as u64) >> 32) as usize
    }

    /// True `n` times in 1,000.
    #[inline]
    pub(super) fn per_1000(&mut self, n: u64) -> bool {
        ((self.bits() >> 32) * 1_000) >> 32 < n
    }

    /// True `n` times in 1,024.
    #[inline]
    pub(super) fn per_1024(&mut self, n: u64) -> bool {
        self.bits() >> 54 < n
    }
}

/// Distances from the touch, in ticks, drawn by their weights at a fixed cost (Walker's alias
/// method).
#[derive(Debug)]
pub(super) struct Distances {
    /// For each distance: below which part of 2^32 it is kept, and which is taken otherwise.
    columns: Box<[(u32, u32)]>,
}

/// Where fleeting orders quote: density (d + 1) / (d + 28)^4 for d below 1,024, highest at d = 8.
pub(super) fn near() -> &'static Distances {
    static NEAR: OnceLock<Distances> = OnceLock::new();
    NEAR.get_or_init(|| Distances::new(1_024, |d| (1 << 60) * (d + 1) / (d + 28).pow(4)))
}

/// Where patient orders quote: density (d + 1) / (d + 10)^2 for d below 8,192, highest at d = 8.
pub(super) fn far() -> &'static Distances {
    static FAR: OnceLock<Distances> = OnceLock::new();
    FAR.get_or_init(|| Distances::new(8_192, |d| (1 << 60) * (d + 1) / (d + 10).pow(2)))
}

impl Distances {
    #[allow(clippy::cast_possible_truncation, reason = "columns are few, parts are of 2^32")]
    fn new(count: usize, weight: impl Fn(u128) -> u128) -> Distances {
        let mut parts: Vec<u128> = (0..count).map(|d| weight(d as u128) * count as u128).collect();
        let whole: u128 = parts.iter().sum::<u128>() / count as u128;
        let mut columns: Vec<(u32, u32)> = (0..count).map(|d| (u32::MAX, d as u32)).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..count).partition(|&d| parts[d] < whole);
        while let (Some(poor), Some(&rich)) = (small.pop(), large.last()) {
            columns[poor] = (((parts[poor] << 32) / whole) as u32, rich as u32);
            parts[rich] -= whole - parts[poor];
            if parts[rich] < whole {
                large.pop();
                small.push(rich);
            }
        }
        Distances { columns: columns.into_boxed_slice() }
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "the low half of 64 bits")]
    pub(super) fn draw(&self, chance: &mut Chance) -> i64 {
        let bits = chance.bits();
        let column = (((bits >> 32) * self.columns.len() as u64) >> 32) as usize;
        let (keep, other) = self.columns[column];
        if (bits as u32) < keep { column as i64 } else { i64::from(other) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_come_as_often_as_their_weights_say() {
        let mut chance = Chance::new(7);
        let mut seen = vec![0u32; 1_024];
        for _ in 0..1_000_000 {
            seen[usize::try_from(near().draw(&mut chance)).unwrap()] += 1;
        }
        let weight = |d: f64| (d + 1.0) / (d + 28.0).powi(4);
        let whole: f64 = (0..1_024).map(|d| weight(f64::from(d))).sum();
        for d in 0..64u32 {
            let expected = 1_000_000.0 * weight(f64::from(d)) / whole;
            let off = (f64::from(seen[d as usize]) - expected).abs();
            assert!(off < 5.0 * expected.sqrt(), "distance {d}: {expected} expected");
        }
    }

    #[test]
    fn both_laws_have_their_hump_at_eight_ticks() {
        for weight in [(|d: f64| (d + 1.0) / (d + 28.0).powi(4)) as fn(f64) -> f64, |d: f64| {
            (d + 1.0) / (d + 10.0).powi(2)
        }] {
            assert!(weight(8.0) > weight(7.0) && weight(8.0) > weight(9.0));
        }
    }
}
