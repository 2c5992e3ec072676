//! A position in a journal as the flags give it: the number of a fact, or a time.

use std::fmt;
use std::str::FromStr;

use protocol::Stamp;
use protocol::json::Rfc3339;
use units::Time;

/// A position in the order of facts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Moment {
    /// The fact with this number.
    Fact(u64),
    /// This time.
    Time(Time),
}

impl Moment {
    /// True if the fact with this stamp comes before this moment.
    pub(crate) fn is_after(self, stamp: &Stamp) -> bool {
        match self {
            Moment::Fact(seq) => stamp.seq < seq,
            Moment::Time(time) => stamp.time < time,
        }
    }

    /// True if the fact with this stamp comes after this moment.
    pub(crate) fn is_before(self, stamp: &Stamp) -> bool {
        match self {
            Moment::Fact(seq) => stamp.seq > seq,
            Moment::Time(time) => stamp.time > time,
        }
    }

    /// True if both are of one kind and this one is the later.
    pub(crate) fn is_later_than(self, other: Moment) -> bool {
        match (self, other) {
            (Moment::Fact(one), Moment::Fact(other)) => one > other,
            (Moment::Time(one), Moment::Time(other)) => one > other,
            (Moment::Fact(_), Moment::Time(_)) | (Moment::Time(_), Moment::Fact(_)) => false,
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Moment::Fact(seq) => seq.fmt(f),
            Moment::Time(time) => Rfc3339(*time).fmt(f),
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Moment, String> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().map(Moment::Fact).map_err(|_| format!("'{text}' is too large"));
        }
        time(text).map(Moment::Time).ok_or_else(|| {
            format!(
                "'{text}' is neither the number of a fact, such as 12, nor a time from 1970 to 2500 as \
                 RFC 3339 has it, such as 2026-11-29T06:05:00Z or 2026-11-29T07:05:00.5+01:00"
            )
        })
    }
}

/// Parses a time in RFC 3339, to the nanosecond; `None` unless it is from 1970 to 2500.
fn time(text: &str) -> Option<Time> {
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = rest.split_at(zone_at);
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let (clock, fraction) = clock.split_once('.').map_or((clock, None), |(c, f)| (c, Some(f)));
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    let (1970..=2500, 1..=12, 0..=23, 0..=59, 0..=59) = (year, month, hour, minute, second) else {
        return None;
    };
    if !(1..=days_of_month(year, month)).contains(&day) {
        return None;
    }
    let nanoseconds = fraction.map_or(Some(0), nanoseconds)?;
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    let seconds = seconds.checked_sub(offset(zone)?).filter(|seconds| *seconds >= 0)?;
    let nanoseconds = u64::try_from(seconds).ok()?.checked_mul(1_000_000_000)? + nanoseconds;
    Some(Time(nanoseconds))
}

/// Three numbers of the given digits each, with this separator.
fn numbers(text: &str, between: char, digits: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(between);
    let mut numbers = [0; 3];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next()?;
        *number = (part.len() == digits).then(|| whole(part))??;
    }
    parts.next().is_none().then_some(numbers)
}

fn whole(digits: &str) -> Option<i64> {
    let is_whole = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_whole.then(|| digits.parse().ok())?
}

/// Up to nine digits after the point, as nanoseconds.
fn nanoseconds(fraction: &str) -> Option<u64> {
    if !(1..=9).contains(&fraction.len()) {
        return None;
    }
    u64::try_from(whole(&format!("{fraction:0<9}"))?).ok()
}

/// Seconds that a zone is ahead of UTC.
fn offset(zone: &str) -> Option<i64> {
    let sign = match zone.chars().next()? {
        'Z' | 'z' => return (zone.len() == 1).then_some(0),
        '-' => -1,
        _ => 1,
    };
    let (hours, minutes) = zone[1..].split_once(':')?;
    if (hours.len(), minutes.len()) != (2, 2) {
        return None;
    }
    let (hours @ 0..=23, minutes @ 0..=59) = (whole(hours)?, whole(minutes)?) else { return None };
    Some(sign * (hours * 3600 + minutes * 60))
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to this date.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let leaps = |year: i64| year / 4 - year / 100 + year / 400;
    let of_years = (year - 1970) * 365 + leaps(before) - leaps(1969);
    let of_months: i64 = (1..month).map(|month| days_of_month(year, month)).sum();
    of_years + of_months + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let mut nanoseconds = 0u64;
        while nanoseconds < 13_500_000_000_000_000_000 {
            let text = Rfc3339(Time(nanoseconds)).to_string();
            assert_eq!(text.parse(), Ok(Moment::Time(Time(nanoseconds))), "{text}");
            nanoseconds += 86_399_123_456_789 * 7; // a day at a time would take long
        }
    }

    #[test]
    fn a_zone_is_taken_off() {
        let utc = |text: &str| match text.parse() {
            Ok(Moment::Time(time)) => Rfc3339(time).to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(utc("2024-02-29T01:30:00+02:00"), "2024-02-28T23:30:00Z");
        assert_eq!(utc("2024-02-29t23:30:00.5-01:00"), "2024-03-01T00:30:00.500Z");
        assert_eq!("12".parse(), Ok(Moment::Fact(12)));
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for bad in [
            "",
            "-1",
            "1.5",
            "yesterday",
            "2024-02-30T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2024-01-01",
            "2024-01-01T00:00:00",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:60:00Z",
            "2024-1-1T00:00:00Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00Zx",
            "2024-01-01T00:00:00+1:00",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+01:00",
            "2501-01-01T00:00:00Z",
            "99999999999999999999",
            "2024-01-01T00:00:00+é1:00",
        ] {
            assert!(bad.parse::<Moment>().is_err(), "{bad}");
        }
    }
}
