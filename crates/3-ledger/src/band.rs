//! The prices that a market takes now: what its rules say, and the price of its last trade. Pure.

use protocol::{Collar, Distance, MarketSpec};
use units::{Price, Side, limits};

/// Basis points of a whole.
const WHOLE: i128 = 10_000;

/// The prices that a market takes now.
///
/// - every price is from the market's lowest to its highest, whatever the side
/// - with a collar, a buy is at most its distance above the reference, a sell at most so far below
/// - so an order that reaches less far than the reference is never rejected by a collar
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Band {
    /// Lowest and highest price of a buy, then of a sell.
    sides: [(Price, Price); 2],
    reference: Option<Price>,
}

impl Band {
    /// The band of a market that opens, or `None` if its rules contradict each other: a reference that
    /// the market does not take, or a collar in basis points where prices may be zero.
    pub fn opening(spec: &MarketSpec) -> Option<Band> {
        let band = Band::after(spec, None);
        let Some(Collar { distance, reference }) = spec.collar else { return Some(band) };
        let in_part = matches!(distance, Distance::BasisPoints(_));
        (band.has(reference) && !(in_part && spec.negative_prices)).then_some(band)
    }

    /// The band after a last trade at this price, or before the first. The rules must be sound.
    pub fn after(spec: &MarketSpec, last: Option<Price>) -> Band {
        let lowest = if spec.negative_prices { -limits::MAX_PRICE } else { 1 };
        let (lowest, highest) = (Price(lowest), Price(limits::MAX_PRICE));
        let Some(collar) = spec.collar else {
            return Band { sides: [(lowest, highest); 2], reference: None };
        };
        let reference = last.unwrap_or(collar.reference);
        let reach = reach(collar.distance, reference);
        let most = Price(reference.0.saturating_add(reach)).min(highest);
        let least = Price(reference.0.saturating_sub(reach)).max(lowest);
        Band { sides: [(lowest, most), (least, highest)], reference: Some(reference) }
    }

    /// True if an order of this side may have this limit now. O(1), two comparisons.
    #[inline(always)]
    pub fn takes(&self, side: Side, price: Price) -> bool {
        let (lowest, highest) = self.sides[side as usize];
        lowest <= price && price <= highest
    }

    /// True if the market has this price at all, collar or not.
    #[inline(always)]
    pub fn has(&self, price: Price) -> bool {
        let [(lowest, _), (_, highest)] = self.sides;
        lowest <= price && price <= highest
    }

    /// The furthest limit of a side: the highest of a buy, the lowest of a sell.
    pub fn furthest(&self, side: Side) -> Price {
        let (lowest, highest) = self.sides[side as usize];
        match side {
            Side::Buy => highest,
            Side::Sell => lowest,
        }
    }

    /// What the collar is around; `None` without a collar.
    #[inline(always)]
    pub fn reference(&self) -> Option<Price> {
        self.reference
    }
}

/// A collar's distance in ticks; at least one, so that a low price can still move.
fn reach(distance: Distance, reference: Price) -> i64 {
    match distance {
        Distance::Ticks(ticks) => ticks.get().into(),
        Distance::BasisPoints(points) => {
            let ticks = i128::from(reference.0) * i128::from(points.get()) / WHOLE;
            i64::try_from(ticks).unwrap_or(i64::MAX).max(1)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use units::Scale;

    use super::*;

    fn spec() -> MarketSpec {
        MarketSpec::new("TEA-USD".parse().unwrap(), Scale::places(2), Scale::places(0))
    }

    fn points(points: u32) -> Distance {
        Distance::BasisPoints(NonZeroU32::new(points).unwrap())
    }

    fn ticks(ticks: u32) -> Distance {
        Distance::Ticks(NonZeroU32::new(ticks).unwrap())
    }

    /// The furthest buy and the furthest sell.
    fn reaches(spec: &MarketSpec, last: Option<i64>) -> (i64, i64) {
        let band = Band::after(spec, last.map(Price));
        (band.furthest(Side::Buy).0, band.furthest(Side::Sell).0)
    }

    #[test]
    fn a_collar_bounds_the_side_that_would_pay_too_much() {
        let spec = spec().with_collar(points(1_000), Price(10_000));
        assert_eq!(reaches(&spec, None), (11_000, 9_000));
        assert_eq!(reaches(&spec, Some(20_000)), (22_000, 18_000));
        let band = Band::opening(&spec).unwrap();
        for (side, price, taken) in [
            (Side::Buy, 11_000, true),
            (Side::Buy, 11_001, false),
            (Side::Buy, 1, true),
            (Side::Buy, 0, false),
            (Side::Sell, 9_000, true),
            (Side::Sell, 8_999, false),
            (Side::Sell, limits::MAX_PRICE, true),
            (Side::Sell, limits::MAX_PRICE + 1, false),
        ] {
            assert_eq!(band.takes(side, Price(price)), taken, "{side} {price}");
        }
    }

    #[test]
    fn a_low_price_can_still_move_and_a_far_collar_ends_with_the_market() {
        let spec = spec().with_collar(points(1), Price(1));
        assert_eq!(reaches(&spec, None), (2, 1));
        assert_eq!(reaches(&spec, Some(19_999)), (20_000, 19_998));
        let far = spec.with_collar(points(u32::MAX), Price(limits::MAX_PRICE));
        assert_eq!(reaches(&far, None), (limits::MAX_PRICE, 1));
        let deep = spec.with_negative_prices().with_collar(ticks(5), Price(-limits::MAX_PRICE));
        assert_eq!(reaches(&deep, None), (5 - limits::MAX_PRICE, -limits::MAX_PRICE));
    }

    #[test]
    fn below_zero_a_collar_counts_ticks() {
        let spec = spec().with_negative_prices().with_collar(ticks(300), Price(0));
        assert_eq!(reaches(&spec, None), (300, -300));
        assert_eq!(reaches(&spec, Some(-1_000)), (-700, -1_300));
    }

    #[test]
    fn rules_that_contradict_each_other_are_none() {
        let (any, above) = (spec().with_negative_prices(), spec());
        assert_eq!(Band::opening(&any.with_collar(points(1_000), Price(100))), None);
        for price in [0, -1, limits::MAX_PRICE + 1, i64::MIN, i64::MAX] {
            assert_eq!(Band::opening(&above.with_collar(ticks(5), Price(price))), None, "{price}");
        }
        for price in [i64::MIN, -limits::MAX_PRICE - 1, limits::MAX_PRICE + 1, i64::MAX] {
            assert_eq!(Band::opening(&any.with_collar(ticks(5), Price(price))), None, "{price}");
        }
        for price in [0, -limits::MAX_PRICE, limits::MAX_PRICE] {
            assert!(Band::opening(&any.with_collar(ticks(5), Price(price))).is_some(), "{price}");
        }
        assert!(Band::opening(&any).is_some() && Band::opening(&above).is_some());
    }
}
