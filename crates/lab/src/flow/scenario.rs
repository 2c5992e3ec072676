//! The five scenarios, as data.

use std::fmt;
use std::str::FromStr;

/// How the mid behaves, from easy to hard for a book.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Scenario {
    /// The mid does not move; the standing book is deep.
    Still,
    /// A tenth of a tick a command, no direction.
    Calm,
    /// Up by 22 % and back.
    Trending,
    /// Two ticks a command, no direction: every quote is stale soon.
    Volatile,
    /// Calm, then down by 60 % in a tenth of the period, aftershocks, and a slow climb back.
    Crash,
}

/// A part of a scenario's course.
#[derive(Debug)]
pub(super) struct Leg {
    /// Its part of the period, in thousandths; a scenario's legs sum to 1,000.
    pub(super) thousandths: u64,
    /// The natural logarithm of the mid's change over the leg, in parts per billion.
    pub(super) log_ppb: i64,
    /// Standard deviation of the mid's change at each command, in parts per billion of the mid.
    pub(super) breadth: i64,
}

const fn leg(thousandths: u64, log_ppb: i64, breadth: i64) -> Leg {
    Leg { thousandths, log_ppb, breadth }
}

const STILL: &[Leg] = &[leg(1_000, 0, 0)];
const CALM: &[Leg] = &[leg(1_000, 0, 5_000)];
const TRENDING: &[Leg] = &[leg(500, 200_000_000, 10_000), leg(500, -200_000_000, 10_000)];
const VOLATILE: &[Leg] = &[leg(1_000, 0, 100_000)];
/// ln 0.4, in parts per billion.
const FALL: i64 = -916_290_732;
const CRASH: &[Leg] =
    &[leg(400, 0, 5_000), leg(100, FALL, 50_000), leg(100, 0, 100_000), leg(400, -FALL, 20_000)];

impl Scenario {
    /// All five, from easy to hard.
    pub const ALL: [Scenario; 5] =
        [Scenario::Still, Scenario::Calm, Scenario::Trending, Scenario::Volatile, Scenario::Crash];

    /// Its name: `still`, `calm`, `trending`, `volatile` or `crash`.
    pub fn name(self) -> &'static str {
        match self {
            Scenario::Still => "still",
            Scenario::Calm => "calm",
            Scenario::Trending => "trending",
            Scenario::Volatile => "volatile",
            Scenario::Crash => "crash",
        }
    }

    /// Orders of the standing book that it begins with, unless the options say otherwise.
    pub fn standing(self) -> u32 {
        if self == Scenario::Still { 20_000 } else { 1_000 }
    }

    pub(super) fn legs(self) -> &'static [Leg] {
        match self {
            Scenario::Still => STILL,
            Scenario::Calm => CALM,
            Scenario::Trending => TRENDING,
            Scenario::Volatile => VOLATILE,
            Scenario::Crash => CRASH,
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no scenario.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnknownScenario;

impl fmt::Display for UnknownScenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scenario is one of still, calm, trending, volatile, crash")
    }
}

impl std::error::Error for UnknownScenario {}

impl FromStr for Scenario {
    type Err = UnknownScenario;

    fn from_str(text: &str) -> Result<Scenario, UnknownScenario> {
        Scenario::ALL.into_iter().find(|s| s.name() == text).ok_or(UnknownScenario)
    }
}
