//! Numbers of steps as decimal text, and back, for one market.

use ledger::views::Market;
use units::{DecimalError, Lots, Price, Scale, limits};
use words::Code;

use crate::problem::Problem;

/// A price as text, such as `236.47`.
pub(crate) fn price(market: &Market, price: Price) -> String {
    market.spec.tick.write(price.0).to_string()
}

/// A size as text, such as `0.5`.
pub(crate) fn size(market: &Market, lots: impl Into<i128>) -> String {
    market.spec.lot.write(lots).to_string()
}

/// What lots traded for, as text: a sum of ticks times lots.
pub(crate) fn value(market: &Market, value: i128) -> String {
    product(value, market.spec.tick, market.spec.lot)
}

/// `value` steps of one scale times steps of another.
///
/// An order's |value| is at most 2^90 and a mantissa is below 2^32; all three together may leave a
/// `u128`, so the second product is made in two halves of 18 digits.
fn product(value: i128, a: Scale, b: Scale) -> String {
    const HALF: u128 = 10u128.pow(18);
    let sign = if value < 0 { "-" } else { "" };
    let first = value.unsigned_abs() * u128::from(a.mantissa);
    let low = first % HALF * u128::from(b.mantissa);
    let high = first / HALF * u128::from(b.mantissa) + low / HALF;
    let places = usize::from(a.places) + usize::from(b.places);
    let digits = format!("{high}{:018}", low % HALF);
    let digits = format!("{:0>width$}", digits.trim_start_matches('0'), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    match fraction {
        "" => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{fraction}"),
    }
}

/// Reads a price; off tick and out of range are `bad-price`.
pub(crate) fn parse_price(market: &Market, text: &str) -> Result<Price, Problem> {
    let tick = market.spec.tick;
    let bad = |why: String| Problem::from(Code::BadPrice).because(why);
    match tick.parse(text) {
        Ok(ticks) if ticks.unsigned_abs() <= limits::MAX_PRICE.unsigned_abs() => Ok(Price(ticks)),
        Ok(_) => Err(bad("price is too far from zero".to_owned())),
        Err(DecimalError::OffStep) => {
            Err(bad(format!("price is no whole number of ticks of {}", tick.step())))
        }
        Err(why) => Err(bad(format!("price is {why}"))),
    }
}

/// Reads a size; off lot, zero, negative and out of range are `bad-lots`.
pub(crate) fn parse_size(market: &Market, text: &str) -> Result<Lots, Problem> {
    let lot = market.spec.lot;
    let bad = |why: String| Problem::from(Code::BadLots).because(why);
    match lot.parse(text).map(u64::try_from) {
        Ok(Ok(0) | Err(_)) => Err(bad("size is not above zero".to_owned())),
        Ok(Ok(lots)) if lots <= limits::MAX_LOTS => Ok(Lots(lots)),
        Ok(Ok(_)) => Err(bad("size is too large".to_owned())),
        Err(DecimalError::OffStep) => {
            Err(bad(format!("size is no whole number of lots of {}", lot.step())))
        }
        Err(why) => Err(bad(format!("size is {why}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_in_full_however_large() {
        let cent = Scale::places(2);
        assert_eq!(product(0, cent, cent), "0.0000");
        assert_eq!(product(-5, cent, cent), "-0.0005");
        assert_eq!(product(23_647 * 10, cent, Scale::places(1)), "236.470");
        assert_eq!(product(7, Scale::places(0), Scale { mantissa: 50, places: 0 }), "350");
        let finest = Scale { mantissa: u32::MAX, places: 18 };
        // 2^90 × (2^32 - 1)^2, with 36 places.
        let written = product(1 << 90, finest, finest);
        assert_eq!(written.split_once('.').map(|(_, fraction)| fraction.len()), Some(36));
        let digits = written.replace('.', "");
        assert_eq!(remainder(&digits, 1_000_000_007), expected(1_000_000_007));
        assert_eq!(remainder(&digits, 998_244_353), expected(998_244_353));
    }

    /// The number that decimal digits write, modulo `m`.
    fn remainder(digits: &str, m: u128) -> u128 {
        digits.bytes().fold(0, |sum, digit| (sum * 10 + u128::from(digit - b'0')) % m)
    }

    /// 2^90 × (2^32 - 1)^2 modulo `m`.
    fn expected(m: u128) -> u128 {
        let mantissa = u128::from(u32::MAX) % m;
        (1 << 90) % m * mantissa % m * mantissa % m
    }
}
