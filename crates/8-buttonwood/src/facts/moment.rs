//! A position in a journal as the flags give it: the number of a fact, or a time.

use std::fmt;
use std::str::FromStr;

use protocol::Stamp;
use units::Time;
use units::rfc3339::{self, Rfc3339};

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
    let nanoseconds = u64::try_from(rfc3339::parse(text)?).ok()?;
    (nanoseconds < YEAR_2501).then_some(Time(nanoseconds))
}

/// The first nanosecond of the year 2501.
const YEAR_2501: u64 = 16_756_761_600 * 1_000_000_000;

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
