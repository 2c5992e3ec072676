//! Numbers of steps as decimal text, and back, for one market.

use protocol::RejectCode;
use units::{DecimalError, Lots, Price, Scale, limits};
use views::Market;

use crate::problem::Problem;

/// A price as text, such as `236.47`.
pub(crate) fn price(market: &Market, price: Price) -> String {
    market.spec.tick.write(price.0).to_string()
}

/// A size as text, such as `0.5`.
pub(crate) fn size(market: &Market, quantity: impl Into<i128>) -> String {
    market.spec.lot.write(quantity).to_string()
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
    let bad = |why: String| Problem::from(RejectCode::BadPrice).because(why);
    let most = limits::MAX_PRICE;
    let small = || format!("price too small ({text}). Minimum price is {}", tick.write(-most));
    match tick.parse(text) {
        Ok(ticks) if ticks > most => Err(bad(too_large("price", text, tick, most))),
        Ok(ticks) if ticks < -most => Err(bad(small())),
        Ok(ticks) => Ok(Price(ticks)),
        Err(DecimalError::OffStep) => Err(bad(format!(
            "price too precise ({text}): it must be a multiple of the tick size {}",
            tick.step()
        ))),
        Err(DecimalError::Range) if text.starts_with('-') => Err(bad(small())),
        Err(DecimalError::Range) => Err(bad(too_large("price", text, tick, most))),
        Err(DecimalError::Syntax) => Err(bad(no_number("price", text))),
    }
}

/// Reads a size; off lot, zero, negative and out of range are `bad-quantity`.
pub(crate) fn parse_size(market: &Market, text: &str) -> Result<Lots, Problem> {
    let lot = market.spec.lot;
    let bad = |why: String| Problem::from(RejectCode::BadQuantity).because(why);
    let small = || bad(format!("size is too small. Minimum size is {}", lot.step()));
    let most = limits::MAX_LOTS;
    match lot.parse(text).map(u64::try_from) {
        Ok(Ok(0) | Err(_)) => Err(small()),
        Err(DecimalError::Range) if text.starts_with('-') => Err(small()),
        Ok(Ok(quantity)) if quantity <= most => Ok(Lots(quantity)),
        Ok(Ok(_)) | Err(DecimalError::Range) => Err(bad(too_large("size", text, lot, most))),
        Err(DecimalError::OffStep) if below_one(lot, text) => Err(small()),
        Err(DecimalError::OffStep) => {
            Err(bad(format!("size is too accurate. Smallest unit is {}", lot.step())))
        }
        Err(DecimalError::Syntax) => Err(bad(no_number("size", text))),
    }
}

fn too_large(what: &str, text: &str, scale: Scale, most: impl Into<i128>) -> String {
    format!("{what} is too large ({text}). Maximum {what} is {}", scale.write(most))
}

fn no_number(what: &str, text: &str) -> String {
    format!("{what} must be a decimal number such as 12.34, not `{text}`")
}

/// True if decimal text, which is not a whole number of steps, is below one step.
fn below_one(scale: Scale, text: &str) -> bool {
    let finest = Scale::places(Scale::MAX_PLACES);
    let step = i128::from(scale.mantissa) * 10i128.pow(u32::from(Scale::MAX_PLACES - scale.places));
    // What the finest scale cannot hold is more than nine, or finer than anything: off step it stays.
    finest.parse(text).is_ok_and(|units| i128::from(units) < step)
}

/// A number of steps as its whole part and the rest in 10^-18: compares across scales.
pub(crate) fn exact(scale: Scale, steps: impl Into<i128>) -> (i128, i128) {
    let (units, one) = (steps.into() * i128::from(scale.mantissa), 10i128.pow(scale.places.into()));
    let rest = units.rem_euclid(one) * 10i128.pow(u32::from(Scale::MAX_PLACES - scale.places));
    (units.div_euclid(one), rest)
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

    #[test]
    fn numbers_of_different_scales_compare_by_their_value() {
        let (cent, half) = (Scale::places(2), Scale { mantissa: 5, places: 1 });
        assert!(exact(cent, 149i64) < exact(half, 3i64));
        assert_eq!(exact(cent, 150i64), exact(half, 3i64));
        assert!(exact(cent, -151i64) < exact(half, -3i64));
        let finest = Scale { mantissa: u32::MAX, places: 18 };
        assert!(exact(finest, limits::MAX_PRICE) > exact(cent, 1i64));
    }

    #[test]
    fn a_size_below_one_lot_is_too_small_and_not_too_accurate() {
        assert!(below_one(Scale::places(4), "0.00009"));
        assert!(!below_one(Scale::places(4), "0.00011"));
        assert!(!below_one(Scale::places(4), "123456789.00001"));
        assert!(below_one(Scale { mantissa: 5, places: 0 }, "4"));
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
