//! A configured market: `BTC-USD:0.01:0.00000001`, or its parts by name.

use std::num::NonZeroU32;
use std::str::FromStr;

use ledger::Band;
use protocol::{Distance, MarketSpec};
use serde::Deserialize;
use units::{Price, Scale};

use crate::number::Number;

/// The form of a market in one word.
pub(crate) const FORM: &str = "SYMBOL:TICK:LOT[:negative][:collar=DISTANCE@REFERENCE]";

/// A configured market.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(try_from = "MarketText")]
pub(crate) struct Market {
    /// The rules with which it is opened.
    pub(crate) spec: MarketSpec,
    /// False if no price rule was given: then the defaults apply to a market that is opened now.
    pub(crate) says_prices: bool,
}

impl Market {
    /// Rule sets that the market may have if it is open already. Markets that were opened before price rules
    /// existed accept every price.
    pub(crate) fn may_have(&self) -> Vec<MarketSpec> {
        match self.says_prices {
            true => vec![self.spec],
            false => vec![self.spec, self.spec.with_negative_prices()],
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct MarketText {
    symbol: String,
    tick: String,
    lot: String,
    negative_prices: Option<bool>,
    collar: Option<String>,
    reference: Option<String>,
}

impl TryFrom<MarketText> for Market {
    type Error = String;

    fn try_from(text: MarketText) -> Result<Market, String> {
        let MarketText { symbol, tick, lot, negative_prices, collar, reference } = text;
        let step = |name: &str, text: &str| -> Result<Scale, String> {
            let step = Number::parse(text).and_then(Number::step);
            step.ok_or_else(|| {
                format!("{name} = \"{text}\" of {symbol} must be a decimal step above zero, such as \"0.01\"")
            })
        };
        let (tick, lot) = (step("tick", &tick)?, step("lot", &lot)?);
        let name = symbol.parse().map_err(|why| format!("symbol = \"{symbol}\": {why}"))?;
        let mut spec = MarketSpec::new(name, tick, lot);
        spec.negative_prices = negative_prices.unwrap_or(false);
        let says_prices = negative_prices.is_some() || collar.is_some();
        spec = match (collar, reference) {
            (None, None) => spec,
            (Some(collar), Some(reference)) => with_collar(spec, &collar, &reference)?,
            (Some(collar), None) => {
                return Err(format!(
                    "collar = \"{collar}\" of {symbol} needs a reference, the price that it is \
                     around until the first trade: add one, such as reference = \"100\""
                ));
            }
            (None, Some(reference)) => {
                return Err(format!(
                    "reference = \"{reference}\" of {symbol} needs a collar: add \
                     one, such as collar = \"10%\", or omit the reference"
                ));
            }
        };
        Ok(Market { spec, says_prices })
    }
}

fn with_collar(spec: MarketSpec, collar: &str, reference: &str) -> Result<MarketSpec, String> {
    let MarketSpec { symbol, tick, negative_prices, .. } = spec;
    let length = |steps: i64| u32::try_from(steps).ok().and_then(NonZeroU32::new);
    let distance = match collar.strip_suffix('%') {
        Some(_) if negative_prices => {
            return Err(format!(
                "collar = \"{collar}\" of {symbol} cannot be in percent, since this market allows zero \
                 and negative prices; give a distance between prices, such as collar = \"{}\"",
                tick.write(100)
            ));
        }
        Some(percent) => {
            Scale::places(2).parse(percent).ok().and_then(length).map(Distance::BasisPoints)
        }
        None => tick.parse(collar).ok().and_then(length).map(Distance::Ticks),
    };
    let distance = distance.ok_or_else(|| {
        format!(
            "collar = \"{collar}\" of {symbol} must be a percentage above zero with at most two decimals, \
             such as \"12.5%\", or a distance of 1 to {} ticks of {}, such as \"{}\"",
            u32::MAX,
            tick.step(),
            tick.write(100)
        )
    })?;
    let spec = tick.parse(reference).map(|price| spec.with_collar(distance, Price(price)));
    spec.ok().filter(|spec| Band::opening(spec).is_some()).ok_or_else(|| {
        let above = if negative_prices { "" } else { " above zero" };
        format!(
            "reference = \"{reference}\" of {symbol} must be a price{above} in ticks of {}, such as \"{}\"",
            tick.step(),
            tick.write(100)
        )
    })
}

impl FromStr for Market {
    type Err = String;

    fn from_str(word: &str) -> Result<Market, String> {
        let form = || format!("give a market as {FORM}, such as BTC-USD:0.01:0.00000001");
        let mut parts = word.split(':').map(str::to_owned);
        let mut next = || parts.next().ok_or_else(form);
        let mut text =
            MarketText { symbol: next()?, tick: next()?, lot: next()?, ..MarketText::default() };
        for part in parts {
            match part.split_once('=') {
                None if part == "negative" && text.negative_prices.is_none() => {
                    text.negative_prices = Some(true);
                }
                Some(("collar", collar)) if text.collar.is_none() => {
                    let (distance, reference) = collar.split_once('@').ok_or_else(|| {
                        format!(
                            "collar={collar} needs a reference, the price that it is around until the first trade: \
                             collar=DISTANCE@REFERENCE, such as collar=10%@100"
                        )
                    })?;
                    text.collar = Some(distance.to_owned());
                    text.reference = Some(reference.to_owned());
                }
                _ => return Err(form()),
            }
        }
        Market::try_from(text)
    }
}

#[cfg(test)]
mod tests {
    use protocol::Collar;

    use super::*;

    fn read(word: &str) -> Result<Market, String> {
        word.parse()
    }

    #[test]
    fn a_market_is_read_from_one_word() {
        let market = read("ETH-USD:0.05:1").unwrap();
        assert_eq!(
            (market.spec.symbol.as_str(), market.spec.tick),
            ("ETH-USD", Scale { mantissa: 5, places: 2 })
        );
        assert!(!market.says_prices);
        assert_eq!(market.may_have(), [market.spec, market.spec.with_negative_prices()]);
        for bad in [
            "",
            "ETH-USD",
            "ETH-USD:1",
            "ETH-USD:1:1:1",
            "ETH-USD:1:1:negative:negative",
            "ETH-USD:1:1:collar",
            "ETH-USD:1:1:collar=10%@5:collar=10%@5",
            "ETH-USD:1:1:colar=10%@5",
            "eth:1:1",
            "ETH:0:1",
            "ETH:1:x",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn price_rules_follow_in_any_order() {
        let percent = read("BTC-USD:0.01:1:collar=12.5%@65000").unwrap();
        let length = |length| NonZeroU32::new(length).unwrap();
        let distance = Distance::BasisPoints(length(1_250));
        let collar = Collar { distance, reference: Price(6_500_000) };
        assert_eq!(percent.spec.collar, Some(collar));
        assert!(!percent.spec.negative_prices);
        assert_eq!(percent.may_have(), [percent.spec]);
        assert_eq!(distance.text(percent.spec.tick), "12.5%");

        let ticks = read("GAS-EUR:0.5:1:collar=5@-1.5:negative").unwrap();
        let distance = Distance::Ticks(length(10));
        assert_eq!(ticks.spec.collar, Some(Collar { distance, reference: Price(-3) }));
        assert!(ticks.spec.negative_prices);
        assert_eq!(read("GAS-EUR:0.5:1:negative:collar=5@-1.5"), Ok(ticks));
        assert_eq!(distance.text(Scale { mantissa: 5, places: 1 }), "5.0");
    }

    #[test]
    fn rules_that_cannot_be_say_why() {
        for (word, expected) in [
            ("A:1:1:collar=10%", "needs a reference, the price that it is around"),
            ("A:1:1:collar=10%@0", "must be a price above zero in ticks of 1, such as \"100\""),
            ("A:1:1:collar=10%@-5", "must be a price above zero"),
            ("A:0.5:1:collar=10%@5.2", "must be a price above zero in ticks of 0.5"),
            ("A:1:1:collar=0%@5", "must be a percentage above zero"),
            ("A:1:1:collar=0.001%@5", "must be a percentage above zero"),
            ("A:1:1:collar=-1@5", "or a distance of 1 to 4294967295 ticks of 1"),
            ("A:1:1:collar=4294967296@5", "or a distance"),
            ("A:0.01:1:collar=0.001@5", "such as \"1.00\""),
            ("A:0.01:1:negative:collar=10%@5", "cannot be in percent, since this market allows"),
            ("A:1:1:negative:collar=10@x", "must be a price in ticks of 1"),
        ] {
            let why = read(word).unwrap_err();
            assert!(why.contains(expected), "{why} should say {expected}");
        }
    }
}
