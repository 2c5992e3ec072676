//! Times as the dialect has them: written with microseconds, read leniently.

use units::Time;
use units::rfc3339::{self, Rfc3339};

/// A time as answers show it, such as `2026-03-21T09:30:00.000250Z`.
pub(crate) fn show(time: Time) -> String {
    format!("{:.6}", Rfc3339(time))
}

/// The time of this machine's clock. Only for answers: commands get their time from the service.
#[allow(clippy::disallowed_types, reason = "a gateway is an edge, where clocks are read")]
pub(crate) fn now() -> Time {
    use std::time::SystemTime;
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

/// Reads `2026-03-21`, which is its midnight in UTC, or `2026-03-21T09:30:00.25+01:00`.
///
/// - a blank counts as the `+` that a query string has turned into one
/// - a time before 1970 counts as 1970, and one beyond the year 2554 as the last that a [`Time`] holds
pub(crate) fn parse(text: &str) -> Option<Time> {
    let text = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        _ => text.replace(' ', "+"),
    };
    let nanoseconds = rfc3339::parse(&text)?;
    Some(Time(u64::try_from(nanoseconds.max(0)).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_of_queries_are_read() {
        let cases = [
            ("2026-03-21", "2026-03-21T00:00:00.000000Z"),
            ("2026-03-21T09:30:00.000250Z", "2026-03-21T09:30:00.000250Z"),
            ("2026-03-21T00:30:00 01:00", "2026-03-20T23:30:00.000000Z"),
            ("2026-03-21T09:30:00.123456789123-00:30", "2026-03-21T10:00:00.123456Z"),
            ("0001-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"),
        ];
        for (text, time) in cases {
            assert_eq!(parse(text).map(show).as_deref(), Some(time), "{text}");
        }
        assert_eq!(parse("9999-12-31T23:59:59Z"), Some(Time(u64::MAX)));
        for text in ["", "2026-02-29", "2026-01-01 00:00:00Z", "yesterday", "٢٠٢٦-٠١"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
