//! Decimal text to whole numbers and back, without a float in between.

use std::fmt;

use thiserror::Error;

/// How many of the smallest unit make a text's `1`: a step of `mantissa × 10^-places`.
///
/// `Scale { mantissa: 1, places: 2 }` is a cent; `{ mantissa: 5, places: 1 }` is half a unit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Scale {
    /// The step's digits; at least 1.
    pub mantissa: u32,
    /// Decimal places of the step; at most [`Scale::MAX_PLACES`].
    pub places: u8,
}

/// A number of steps of a [`Scale`], written as decimal text: `Decimal::new(23647, cent)` is `236.47`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decimal {
    steps: i128,
    scale: Scale,
}

/// Why a text is not a whole number of steps.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum DecimalError {
    /// Not of the form `-12.34`.
    #[error("must be a decimal number such as 12.34")]
    Syntax,
    /// Between two steps: off tick, or off lot.
    #[error("must be a multiple of the step")]
    OffStep,
    /// More digits than a number here can have.
    #[error("must have at most 18 digits on each side of the point")]
    Range,
}

impl Scale {
    /// Most decimal places of a step.
    pub const MAX_PLACES: u8 = 18;

    /// A step of `10^-places`.
    pub const fn places(places: u8) -> Scale {
        Scale { mantissa: 1, places }
    }

    /// True if the step is above zero and not too fine.
    pub fn is_valid(self) -> bool {
        self.mantissa > 0 && self.places <= Scale::MAX_PLACES
    }

    /// Reads decimal text (`-12.34`, up to 18 digits on each side) as a whole number of steps.
    ///
    /// Trailing zeros beyond the scale are allowed; any other digit there is [`DecimalError::OffStep`].
    pub fn parse(self, text: &str) -> Result<i64, DecimalError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() || digits.ends_with('.') {
            return Err(DecimalError::Syntax);
        }
        if !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return Err(DecimalError::Syntax);
        }
        let fraction = fraction.trim_end_matches('0');
        if whole.trim_start_matches('0').len() > 18 {
            return Err(DecimalError::Range);
        }
        if fraction.len() > usize::from(Scale::MAX_PLACES) {
            return Err(DecimalError::OffStep);
        }
        let mut units: i128 = 0; // of 10^-18
        let padding = usize::from(Scale::MAX_PLACES) - fraction.len();
        for digit in whole.bytes().chain(fraction.bytes()) {
            units = units * 10 + i128::from(digit - b'0');
        }
        units *= 10i128.pow(u32::try_from(padding).expect("at most 18"));
        let step =
            i128::from(self.mantissa) * 10i128.pow(u32::from(Scale::MAX_PLACES - self.places));
        if units % step != 0 {
            return Err(DecimalError::OffStep);
        }
        let steps = if negative { -(units / step) } else { units / step };
        i64::try_from(steps).map_err(|_| DecimalError::Range)
    }

    /// The step itself, as text: `0.01`.
    pub fn step(self) -> Decimal {
        Decimal { steps: 1, scale: self }
    }

    /// `steps` of this scale, to be written as text.
    pub fn write(self, steps: impl Into<i128>) -> Decimal {
        Decimal { steps: steps.into(), scale: self }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = self.steps * i128::from(self.scale.mantissa);
        let places = usize::from(self.scale.places);
        let sign = if units < 0 { "-" } else { "" };
        let digits = format!("{:0width$}", units.unsigned_abs(), width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        if fraction.is_empty() {
            write!(f, "{sign}{whole}")
        } else {
            write!(f, "{sign}{whole}.{fraction}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CENT: Scale = Scale::places(2);

    #[test]
    fn text_becomes_steps_and_text_again() {
        assert_eq!(CENT.parse("236.47"), Ok(23647));
        assert_eq!(CENT.parse("-0.5"), Ok(-50));
        assert_eq!(CENT.parse("7"), Ok(700));
        assert_eq!(CENT.parse("7.10000"), Ok(710));
        assert_eq!(CENT.write(-5i64).to_string(), "-0.05");
        assert_eq!(CENT.write(23647i64).to_string(), "236.47");
        assert_eq!(Scale { mantissa: 5, places: 1 }.write(3i64).to_string(), "1.5");
        assert_eq!(Scale::places(0).write(12i64).to_string(), "12");
    }

    #[test]
    fn what_lies_between_two_steps_is_refused() {
        assert_eq!(CENT.parse("0.001"), Err(DecimalError::OffStep));
        assert_eq!(Scale { mantissa: 5, places: 1 }.parse("0.7"), Err(DecimalError::OffStep));
        assert_eq!(CENT.parse("0.0000000000000000001"), Err(DecimalError::OffStep));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", ".", "1.", ".5", "1e5", "+1", "1,0", " 1", "NaN", "--1", "1.2.3"] {
            assert_eq!(CENT.parse(text), Err(DecimalError::Syntax), "{text:?}");
        }
        assert_eq!(CENT.parse("9999999999999999999"), Err(DecimalError::Range));
        assert_eq!(CENT.parse("999999999999999999"), Err(DecimalError::Range));
    }
}
