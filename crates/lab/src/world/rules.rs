//! The price rules of a run's markets, and the prices of its clients: some that
//! the market accepts and some that it rejects.

use std::num::NonZeroU32;

use protocol::{Distance, MarketSpec};
use units::{Price, Scale, Symbol};

/// The price rules of a run's markets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PriceRules {
    /// Every price, and no collar.
    Any,
    /// Prices above zero.
    AboveZero,
    /// Prices above zero, and a collar in basis points.
    BasisPoints,
    /// Every price, and a collar in ticks.
    Ticks,
}

impl PriceRules {
    /// One of the kinds that reject a price, by a number.
    pub(crate) fn strict(number: u64) -> PriceRules {
        match number % 3 {
            0 => PriceRules::AboveZero,
            1 => PriceRules::BasisPoints,
            _ => PriceRules::Ticks,
        }
    }

    /// The market with this number, whose clients use this many prices: whole ticks, whole lots,
    /// named `M0`, `M1`, ...
    pub fn spec(self, number: u16, prices: usize) -> MarketSpec {
        let symbol: Symbol = format!("M{number}").parse().expect("a few capitals and digits");
        let (middle, quarter) = (self.lowest(prices) + half(prices), half(prices) / 2 + 1);
        let length = |length: i64| {
            let length = u32::try_from(length).ok().and_then(NonZeroU32::new);
            length.expect("clients use few prices, and at least one")
        };
        let above = MarketSpec::new(symbol, Scale::places(0), Scale::places(0));
        match self {
            PriceRules::Any => above.with_negative_prices(),
            PriceRules::AboveZero => above,
            PriceRules::BasisPoints => {
                above.with_collar(Distance::BasisPoints(length(2_500)), Price(middle.max(1)))
            }
            PriceRules::Ticks => {
                let collar = Distance::Ticks(length(quarter));
                above.with_negative_prices().with_collar(collar, Price(middle))
            }
        }
    }

    /// The lowest price of clients that use this many from it on.
    pub(crate) fn lowest(self, prices: usize) -> i64 {
        match self {
            PriceRules::Any => 1,
            PriceRules::AboveZero | PriceRules::BasisPoints => 0,
            PriceRules::Ticks => -half(prices),
        }
    }

    /// The lowest of those prices that the market accepts as a limit to buy at, whatever has traded.
    pub(crate) fn lowest_taken(self, prices: usize) -> Price {
        match self {
            PriceRules::Ticks => Price(self.lowest(prices)),
            _ => Price(1),
        }
    }
}

fn half(prices: usize) -> i64 {
    i64::try_from(prices / 2).unwrap_or(0)
}
