//! Times as text: the one place that writes and reads RFC 3339.
//!
//! It writes UTC only and reads any zone. No clock is read here.

use std::fmt;

use crate::Time;

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400;

/// A time that prints as RFC 3339 in UTC.
///
/// - `{}` writes no fraction, or thousandths, millionths or billionths, whichever is exact
/// - `{:.6}` writes this many digits of the fraction, at most nine, and drops the rest
///
/// ```
/// use units::Time;
/// use units::rfc3339::Rfc3339;
///
/// let time = Rfc3339(Time(1_709_164_800_000_001_000));
/// assert_eq!(time.to_string(), "2024-02-29T00:00:00.000001Z");
/// assert_eq!(format!("{time:.3}"), "2024-02-29T00:00:00.000Z");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rfc3339(pub Time);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Time(time) = self.0;
        let (seconds, nanos) = (time / SECOND, time % SECOND);
        let (year, month, day) = date(seconds / DAY);
        let (hour, minute, second) = (seconds % DAY / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        let digits = f.precision().unwrap_or(match nanos {
            0 => 0,
            _ if nanos.is_multiple_of(1_000_000) => 3,
            _ if nanos.is_multiple_of(1000) => 6,
            _ => 9,
        });
        match digits.min(9) {
            0 => f.write_str("Z"),
            3 => write!(f, ".{:03}Z", nanos / 1_000_000),
            6 => write!(f, ".{:06}Z", nanos / 1000),
            digits => write!(f, ".{}Z", &format!("{nanos:09}")[..digits]),
        }
    }
}

/// Reads a date and time with its zone, such as `2026-03-21T09:30:00.25+01:00`, as nanoseconds since 1970 UTC.
///
/// - years 0000 to 9999, so the result may be below zero or beyond what a [`Time`] holds
/// - `T` may be `t` or a blank, and `Z` may be `z`
/// - a leap second counts as the last second of its minute
/// - digits of the fraction beyond the ninth are dropped
/// - returns `None` for anything else
pub fn parse(text: &str) -> Option<i128> {
    let bytes = text.as_bytes();
    let (year, month, day) = (number(bytes, 0, 4)?, number(bytes, 5, 2)?, number(bytes, 8, 2)?);
    let (hour, minute, second) =
        (number(bytes, 11, 2)?, number(bytes, 14, 2)?, number(bytes, 17, 2)?);
    let separators = [bytes[4], bytes[7], bytes[13], bytes[16]] == *b"--::";
    let is_date = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    let is_clock = b"Tt ".contains(&bytes[10]) && hour < 24 && minute < 60 && second <= 60;
    if !separators || !is_date || !is_clock {
        return None;
    }
    let rest = &bytes[19..];
    let (fraction, zone) = match rest.strip_prefix(b".") {
        Some(rest) => rest.split_at(rest.iter().take_while(|byte| byte.is_ascii_digit()).count()),
        None => (&b"0"[..], rest),
    };
    if fraction.is_empty() {
        return None;
    }
    let digit = |at: usize| i64::from(fraction.get(at).map_or(0, |digit| digit - b'0'));
    let nanos = (0..9).fold(0, |sum, at| sum * 10 + digit(at));
    let of_day = hour * 3600 + minute * 60 + second.min(59) - offset(zone)?;
    let seconds = days(year, month, day) * 86_400 + of_day;
    Some(i128::from(seconds) * i128::from(SECOND) + i128::from(nanos))
}

/// Seconds by which a zone is ahead of UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    let sign = match zone {
        b"Z" | b"z" => return Some(0),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let (hours, minutes) = (number(zone, 1, 2)?, number(zone, 4, 2)?);
    let is_valid = zone.len() == 6 && zone[3] == b':' && hours < 24 && minutes < 60;
    is_valid.then_some(sign * (hours * 3600 + minutes * 60))
}

/// The number that the `digits` digits from `at` on write.
fn number(bytes: &[u8], at: usize, digits: usize) -> Option<i64> {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    bytes.get(at..at + digits)?.iter().try_fold(0, |sum, byte| Some(sum * 10 + digit(byte)?))
}

fn days_in(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Year, month and day of a day after 1970-01-01, in the Gregorian calendar.
///
/// Source: Howard Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`. Years begin in March, so
/// that the leap day is the last of its year, and repeat every 400.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // since 0000-03-01
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153; // 0 is March
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

/// The day of a date, counted from 1970-01-01. Source: as for `date`, `days_from_civil`.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month = (month + 9) % 12; // 0 is March
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(nanos: i128) -> String {
        Rfc3339(Time(u64::try_from(nanos).unwrap())).to_string()
    }

    #[test]
    fn what_is_written_is_read_as_it_was() {
        for day in (0..200_000).step_by(37) {
            let time = day * DAY * SECOND + 49_500_000_123_456;
            assert_eq!(parse(&written(time.into())), Some(time.into()));
        }
        assert_eq!(parse(&written(u64::MAX.into())), Some(u64::MAX.into()));
    }

    #[test]
    fn zones_and_fractions_are_read() {
        let cases = [
            ("2026-03-21T09:30:00Z", "2026-03-21T09:30:00Z"),
            ("2026-03-21t09:30:00.25z", "2026-03-21T09:30:00.250Z"),
            ("2026-03-21 09:30:00Z", "2026-03-21T09:30:00Z"),
            ("2026-03-21T00:30:00+01:00", "2026-03-20T23:30:00Z"),
            ("2026-03-21T09:30:00.123456789123-00:30", "2026-03-21T10:00:00.123456789Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
            ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
        ];
        for (text, time) in cases {
            assert_eq!(parse(text).map(written).as_deref(), Some(time), "{text}");
        }
        assert!(parse("0001-01-01T00:00:00Z").is_some_and(|nanos| nanos < 0));
        assert!(parse("9999-12-31T23:59:59Z").is_some_and(|nanos| nanos > u64::MAX.into()));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        let wrong = [
            "",
            "2026",
            "2026-03-21",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:61Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+1:00",
            "2026-01-01T00:00:00+01:60",
            "2026-01-01T00:00:00 01:00",
            "2026-01-01T00:00:00Zx",
            "2026/01/01T00:00:00Z",
            "2026-01-01T00-00-00Z",
            "2026-1-1T00:00:00Z",
            "yesterday, in the late evening",
            "٢٠٢٦-٠١-٠١T00:00:00Z",
        ];
        for text in wrong {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn days_are_counted_as_the_calendar_has_them() {
        let cases = [
            (0, "1970-01-01"),
            (58, "1970-02-28"),
            (59, "1970-03-01"),
            (789, "1972-02-29"),
            (10_956, "1999-12-31"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (47_540, "2100-02-28"),
            (47_541, "2100-03-01"),
        ];
        for (day, text) in cases {
            let time = day * DAY * SECOND;
            assert_eq!(written(time.into()), format!("{text}T00:00:00Z"));
            assert_eq!(parse(&format!("{text}T00:00:00Z")), Some(time.into()));
        }
        assert_eq!(written(u64::MAX.into()), "2554-07-21T23:34:33.709551615Z");
        assert_eq!(written(86_399_500_000_000), "1970-01-01T23:59:59.500Z");
    }

    #[test]
    fn a_precision_says_how_many_digits() {
        let time = Rfc3339(Time(1_234_567_891));
        let texts = [0, 1, 3, 6, 9, 12].map(|digits| format!("{time:.digits$}"));
        let fractions = ["", ".2", ".234", ".234567", ".234567891", ".234567891"];
        assert_eq!(texts, fractions.map(|fraction| format!("1970-01-01T00:00:01{fraction}Z")));
    }
}
