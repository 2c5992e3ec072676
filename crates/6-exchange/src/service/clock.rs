//! Tells the time from two clocks: the system's, which people and programs set, and a monotonic one,
//! which only goes on. It reads neither itself, so that a simulator drives it.
//!
//! The system's clock counts as long as it agrees with the monotonic one. If it jumps by more than a bound, time
//! goes on from before the jump by the monotonic clock until the two agree again. A journal
//! whose last fact is that far ahead of the clock refuses the start, since time would stand still until then.

use std::fmt;
use std::time::Duration;

use thiserror::Error;
use units::Time;
use units::rfc3339::Rfc3339;

/// Time as an exchange takes it.
///
/// - what [`Clock::read`] gives never goes back
/// - it is never further from the monotonic clock, over any stretch without an agreement, than the bound
#[derive(Clone, Debug)]
pub struct Clock {
    bound: u64,
    /// The readings of both clocks when they agreed last: nanoseconds since 1970, and since the start.
    wall: u64,
    uptime: u64,
    /// The last time that was given out.
    last: u64,
    jump: Option<Jump>,
}

/// The system's clock has jumped, and is ignored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Jump {
    /// The system clock's reading.
    pub says: Time,
    /// The time by the monotonic clock.
    pub is: Time,
}

impl fmt::Display for Jump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Jump { says, is } = self;
        let (by, way) = match says.0.checked_sub(is.0) {
            Some(by) => (by, "ahead"),
            None => (is.0 - says.0, "back"),
        };
        write!(
            f,
            "the system's clock jumped {way} by {} s: it says {}, and the exchange goes on with {}. Set the \
             clock right; or, if it is right now, start the exchange again",
            by / SECOND,
            Rfc3339(*says),
            Rfc3339(*is)
        )
    }
}

/// The journal's last fact is further ahead of the clock than the bound allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error(
    "the journal's last fact is of {}, and the system's clock says {}: more than {} s ahead. One of them is wrong. Set \
     the clock right; or, if it was wrong when that fact was recorded, wait until that time, or allow more \
     (clock_bound_s). Nothing was written",
    Rfc3339(*last), Rfc3339(*now), bound.as_secs()
)]
pub struct Ahead {
    /// The time of the last fact.
    pub last: Time,
    /// The system clock's reading.
    pub now: Time,
    /// The bound.
    pub bound: Duration,
}

const SECOND: u64 = 1_000_000_000;

impl Clock {
    /// For an exchange whose last fact is of the time `last`.
    ///
    /// - `bound`: how far the two clocks may disagree from one reading to the next, and the journal be ahead
    /// - `wall`, `uptime`: their present readings
    pub fn new(last: Time, bound: Duration, wall: Time, uptime: u64) -> Result<Clock, Ahead> {
        let nanoseconds = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
        if last.0 > wall.0.saturating_add(nanoseconds) {
            return Err(Ahead { last, now: wall, bound });
        }
        Ok(Clock { bound: nanoseconds, wall: wall.0, uptime, last: last.0, jump: None })
    }

    /// The time, by these readings of the two clocks.
    pub fn read(&mut self, wall: Time, uptime: u64) -> Time {
        let expected = self.wall.saturating_add(uptime.saturating_sub(self.uptime));
        if wall.0.abs_diff(expected) <= self.bound {
            (self.wall, self.uptime, self.jump) = (wall.0, uptime, None);
            self.last = self.last.max(wall.0);
        } else {
            self.last = self.last.max(expected);
            self.jump = Some(Jump { says: wall, is: Time(self.last) });
        }
        Time(self.last)
    }

    /// Whether the system's clock is not believed at present.
    pub fn jump(&self) -> Option<Jump> {
        self.jump
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 86_400 * SECOND;
    const BOUND: Duration = Duration::from_secs(60);

    fn at(wall: u64) -> Clock {
        Clock::new(Time(0), BOUND, Time(wall), 0).expect("nothing was recorded yet")
    }

    #[test]
    fn a_clock_that_agrees_is_believed_and_never_goes_back() {
        let mut clock = at(DAY);
        assert_eq!(clock.read(Time(DAY + 5), 5), Time(DAY + 5));
        // The clock was set back a little: time stands still until the clock has caught up.
        assert_eq!(clock.read(Time(DAY + 5 - SECOND), 6), Time(DAY + 5));
        assert_eq!(clock.read(Time(DAY + SECOND), 7 + 2 * SECOND), Time(DAY + SECOND));
        assert_eq!(clock.jump(), None);
    }

    #[test]
    fn a_jump_either_way_is_told_and_time_goes_on() {
        for jumped in [3 * DAY, DAY] {
            let mut clock = at(2 * DAY);
            let right = |uptime| Time(2 * DAY + uptime);
            for uptime in (SECOND..60 * SECOND).step_by(1_000_000_000) {
                assert_eq!(clock.read(Time(jumped + uptime), uptime), right(uptime));
                assert_eq!(clock.jump().map(|jump| jump.is), Some(right(uptime)));
            }
            let text = clock.jump().map(|jump| jump.to_string()).unwrap_or_default();
            let way =
                if jumped > 2 * DAY { "jumped ahead by 86400 s" } else { "jumped back by 86400 s" };
            assert!(text.contains(way), "{text}");
            assert_eq!(clock.read(right(61 * SECOND), 61 * SECOND), right(61 * SECOND));
            assert_eq!(clock.jump(), None, "it was set right");
        }
    }

    #[test]
    fn a_slow_drift_is_no_jump() {
        let mut clock = at(DAY);
        // A tenth of a percent over a day comes to more than the bound.
        for second in 1..=86_400 {
            let wall = Time(DAY + second * (SECOND + SECOND / 1_000));
            assert_eq!(clock.read(wall, second * SECOND), wall);
        }
        assert_eq!(clock.jump(), None);
    }

    #[test]
    fn a_journal_from_the_future_is_refused_with_both_times() {
        let minute = 60 * SECOND;
        assert!(Clock::new(Time(DAY + minute), BOUND, Time(DAY), 0).is_ok());
        let ahead = Clock::new(Time(2 * DAY), BOUND, Time(DAY), 0).expect_err("a day ahead");
        let text = ahead.to_string();
        for part in ["1970-01-03T00:00:00", "1970-01-02T00:00:00", "60 s ahead", "clock_bound_s"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn a_journal_a_little_ahead_makes_time_stand_still_until_then() {
        let mut clock =
            Clock::new(Time(DAY + SECOND), BOUND, Time(DAY), 0).expect("within the bound");
        assert_eq!(clock.read(Time(DAY + 5), 5), Time(DAY + SECOND));
        assert_eq!(clock.read(Time(DAY + 2 * SECOND), 2 * SECOND), Time(DAY + 2 * SECOND));
    }
}
