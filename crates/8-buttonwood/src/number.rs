//! Decimal text as it stands, before a market says what a tick is.
//!
//! Captures write numbers as their venue or their tool liked: `236.47`, `6000.0`, `9.99e-07`. None
//! goes through a float here.

use units::Scale;

/// A number above or at zero: `digits × 10^-places`, without trailing zeros.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Number {
    digits: u128,
    places: u8,
}

/// Most digits that a number may have on either side of its point.
const MAX_PLACES: i32 = 36;

impl Number {
    /// The step of a scale, such as `0.01`; `None` if it is zero or too fine or too large for one.
    pub(crate) fn step(self) -> Option<Scale> {
        let mantissa = u32::try_from(self.digits).ok()?;
        Some(Scale { mantissa, places: self.places }).filter(|scale| scale.is_valid())
    }

    /// Reads `12`, `12.34` or `1.2e-3`; `None` if it is not so, is below zero or too long.
    pub(crate) fn parse(text: &str) -> Option<Number> {
        let (body, exponent) = match text.split_once(['e', 'E']) {
            Some((body, exponent)) => (body, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = body.split_once('.').unwrap_or((body, ""));
        if whole.is_empty() || body.ends_with('.') {
            return None;
        }
        let mut digits: u128 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            let digit = byte.is_ascii_digit().then(|| u128::from(byte - b'0'))?;
            digits = digits.checked_mul(10)?.checked_add(digit)?;
        }
        let mut places = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        while places > 0 && digits.is_multiple_of(10) {
            digits /= 10;
            places = if digits == 0 { 0 } else { places - 1 };
        }
        if !(-MAX_PLACES..=MAX_PLACES).contains(&places) {
            return None;
        }
        while places < 0 {
            digits = digits.checked_mul(10)?;
            places += 1;
        }
        Some(Number { digits, places: u8::try_from(places).ok()? })
    }

    /// Decimal places that it needs.
    pub(crate) fn places(self) -> u8 {
        self.places
    }

    /// How many steps of `10^-places` it is, or `None` if that is no whole number or too large.
    pub(crate) fn exactly(self, places: u8) -> Option<u128> {
        self.digits.checked_mul(10u128.checked_pow(u32::from(places.checked_sub(self.places)?))?)
    }

    /// The number of steps of `10^-places` that is nearest, half a step up. For text that a float
    /// has been through, such as `236.28999999999999`.
    pub(crate) fn nearly(self, places: u8) -> Option<u128> {
        match self.places.checked_sub(places) {
            None | Some(0) => self.exactly(places),
            Some(beyond) => {
                let step = 10u128.checked_pow(u32::from(beyond))?;
                Some(self.digits / step + u128::from(self.digits % step >= step / 2))
            }
        }
    }
}

/// Reads a whole number as the configuration file writes it: `20000000`, or `20_000_000`.
pub(crate) fn whole(text: &str) -> Result<u64, String> {
    let digits: Vec<&str> = text.split('_').collect();
    if digits.len() > 1 && digits.iter().any(|part| part.is_empty()) {
        return Err("an underscore stands between two digits".to_owned());
    }
    digits.concat().parse().map_err(|why: std::num::ParseIntError| why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap_or_else(|| panic!("{text} is a number"))
    }

    #[test]
    fn text_is_kept_digit_by_digit() {
        assert_eq!(number("236.47").exactly(2), Some(23647));
        assert_eq!(number("6000.0").exactly(0), Some(6000));
        assert_eq!(number("1.5e-3").exactly(4), Some(15));
        assert_eq!(number("1.5E+3").exactly(0), Some(1500));
        assert_eq!(number("0.000").exactly(0), Some(0));
        assert_eq!(number("31.5100").places(), 2);
        assert_eq!(number("0.0").places(), 0);
    }

    #[test]
    fn a_finer_number_than_the_step_is_no_whole_number_of_steps() {
        assert_eq!(number("236.471").exactly(2), None);
    }

    #[test]
    fn what_a_float_did_to_a_number_is_undone() {
        assert_eq!(number("236.28999999999999").nearly(2), Some(23629));
        assert_eq!(number("236.30000000000001").nearly(2), Some(23630));
        assert_eq!(number("9.9999999999999995e-07").nearly(8), Some(100));
        assert_eq!(number("8.8351857299999992").nearly(8), Some(883_518_573));
        assert_eq!(number("0.5").nearly(0), Some(1));
        assert_eq!(number("7").nearly(2), Some(700));
    }

    #[test]
    fn a_step_is_read_from_text() {
        assert_eq!(number("0.01").step(), Some(Scale::places(2)));
        assert_eq!(number("0.50").step(), Some(Scale { mantissa: 5, places: 1 }));
        assert_eq!(number("100").step(), Some(Scale { mantissa: 100, places: 0 }));
        for bad in ["0", "0.0000000000000000001", "5000000000"] {
            assert_eq!(number(bad).step(), None, "{bad}");
        }
    }

    #[test]
    fn a_whole_number_may_have_underscores_between_digits() {
        assert_eq!(whole("20000000"), Ok(20_000_000));
        assert_eq!(whole("20_000_000"), Ok(20_000_000));
        for bad in ["", "_", "_1", "1_", "1__0", "-1", "1 000", "1.5", "99999999999999999999"] {
            assert!(whole(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in
            ["", "-1", "+1", ".5", "5.", "1e", "e5", "1e5e5", "1.2.3", "NaN", "1e-99", "1e99"]
        {
            assert_eq!(Number::parse(text), None, "{text:?}");
        }
        assert_eq!(Number::parse(&"9".repeat(60)), None);
    }
}
