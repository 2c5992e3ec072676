//! Times as text: RFC 3339 in UTC, with microseconds, as the dialect writes them; read in any zone.

use std::fmt;

use units::Time;

/// A time that prints as `2026-03-21T09:30:00.000250Z`.
pub(crate) struct Rfc3339(pub(crate) Time);

/// What time it is, by this machine's clock. For showing only: asks get their time elsewhere.
#[allow(clippy::disallowed_types, reason = "a gateway is an edge, where clocks are read")]
pub(crate) fn now() -> Time {
    use std::time::SystemTime;
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400;

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Time(nanos) = self.0;
        let (seconds, micros) = (nanos / SECOND, nanos % SECOND / 1000);
        let (year, month, day) = civil(seconds / DAY);
        let (hour, minute, second) = (seconds % DAY / 3600, seconds % 3600 / 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
    }
}

/// Year, month and day of a day that is counted from 1970-01-01.
///
/// Source: Howard Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`:
/// years begin in March, so that the leap day is the last.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // from 0000-03-01
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153; // 0 is March
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// Reads `2026-03-21`, which is its midnight in UTC, or `2026-03-21T09:30:00.25+01:00`.
///
/// What lies before 1970 is 1970, and what lies beyond the year 2554 is the last moment there is.
pub(crate) fn parse(text: &str) -> Option<Time> {
    let bytes = text.as_bytes();
    let date = (number(bytes, 0, 4)?, number(bytes, 5, 2)?, number(bytes, 8, 2)?);
    let (year, month, day) = date;
    let hyphens = bytes[4] == b'-' && bytes[7] == b'-';
    if !hyphens || !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    let midnight = days_of(date).checked_mul(24 * 3600)?;
    if bytes.len() == 10 {
        return Some(saturated(midnight, 0));
    }
    let (hour, minute, second) =
        (number(bytes, 11, 2)?, number(bytes, 14, 2)?, number(bytes, 17, 2)?);
    let marks = b"Tt".contains(&bytes[10]) && bytes[13] == b':' && bytes[16] == b':';
    // A leap second is the last one of its minute.
    if !marks || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = &bytes[19..];
    let digits = match rest.strip_prefix(b".") {
        Some(fraction) => fraction.iter().take_while(|byte| byte.is_ascii_digit()).count(),
        None => 0,
    };
    let (fraction, zone) = if digits > 0 { rest[1..].split_at(digits) } else { (&rest[..0], rest) };
    let nanos =
        (0..9).fold(0, |sum, at| sum * 10 + i64::from(fraction.get(at).map_or(0, |d| d - b'0')));
    let seconds = hour * 3600 + minute * 60 + second.min(59) - offset(zone)?;
    Some(saturated(midnight + seconds, nanos))
}

/// Seconds by which a zone is ahead of UTC. A blank stands for the `+` that it was in a query.
fn offset(zone: &[u8]) -> Option<i64> {
    let sign = match zone {
        b"Z" | b"z" => return Some(0),
        [b'+' | b' ', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let (hours, minutes) = (number(zone, 1, 2)?, number(zone, 4, 2)?);
    let valid = zone.len() == 6 && zone[3] == b':' && hours < 24 && minutes < 60;
    valid.then_some(sign * (hours * 3600 + minutes * 60))
}

fn saturated(seconds: i64, nanos: i64) -> Time {
    let all = i128::from(seconds) * i128::from(SECOND) + i128::from(nanos);
    Time(u64::try_from(all.max(0)).unwrap_or(u64::MAX))
}

/// The number that `digits` digits from `at` on write.
fn number(bytes: &[u8], at: usize, digits: usize) -> Option<i64> {
    let digits = bytes.get(at..at + digits)?;
    digits
        .iter()
        .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The day of a date, counted from 1970-01-01: what `civil` undoes.
///
/// Source: as there, `days_from_civil`.
fn days_of((year, month, day): (i64, i64, i64)) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month = (month + 9) % 12; // 0 is March
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_as_it_was() {
        for day in (0..200_000).step_by(37) {
            let time = Time(day * DAY * SECOND + 49_500_000_123_000);
            assert_eq!(parse(&Rfc3339(time).to_string()), Some(time));
        }
    }

    #[test]
    fn dates_zones_and_fractions_are_read() {
        let at = |text: &str| parse(text).map(|time| Rfc3339(time).to_string());
        let cases = [
            ("2026-03-21", "2026-03-21T00:00:00.000000Z"),
            ("2026-03-21T09:30:00Z", "2026-03-21T09:30:00.000000Z"),
            ("2026-03-21t09:30:00.25z", "2026-03-21T09:30:00.250000Z"),
            ("2026-03-21T00:30:00+01:00", "2026-03-20T23:30:00.000000Z"),
            ("2026-03-21T00:30:00 01:00", "2026-03-20T23:30:00.000000Z"),
            ("2026-03-21T09:30:00.123456789123-00:30", "2026-03-21T10:00:00.123456Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000000Z"),
            ("0001-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"),
            ("2024-02-29", "2024-02-29T00:00:00.000000Z"),
        ];
        for (text, time) in cases {
            assert_eq!(at(text).as_deref(), Some(time), "{text}");
        }
        assert_eq!(parse("9999-12-31T23:59:59Z"), Some(Time(u64::MAX)));
        let wrong = [
            "",
            "2026",
            "2026-13-01",
            "2026-02-29",
            "2026-00-01",
            "2026-01-00",
            "2026-01-01T",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+1:00",
            "2026-01-01T00:00:00Zx",
            "2026-01-01 00:00:00Z",
            "yesterday",
            "٢٠٢٦-٠١-٠١",
            "20260101T00",
        ];
        for text in wrong {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn days_of_note_are_written_right() {
        let cases = [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400, "2000-02-29T00:00:00.000000Z"),
            (951_868_800, "2000-03-01T00:00:00.000000Z"),
            (1_709_164_799, "2024-02-28T23:59:59.000000Z"),
            (1_735_689_599, "2024-12-31T23:59:59.000000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000000Z"),
        ];
        for (seconds, text) in cases {
            assert_eq!(Rfc3339(Time(seconds * SECOND)).to_string(), text);
        }
        assert_eq!(Rfc3339(Time(1_234_567_891)).to_string(), "1970-01-01T00:00:01.234567Z");
    }
}
