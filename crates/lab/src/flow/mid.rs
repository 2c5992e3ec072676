//! The mid: a geometric random walk whose drift and breadth follow the scenario's legs.

use super::START;
use super::scenario::{Leg, Scenario};

/// Parts of a tick that the walk counts in.
const PARTS: i64 = 1 << 16;
/// The walk turns back at these, in ticks, so that an endless flow stays within them.
const LOWEST: i64 = START / 5;
const HIGHEST: i64 = START * 5;

#[derive(Clone, Debug)]
pub(super) struct Mid {
    /// In parts of a tick.
    at: i64,
    ticks: i64,
    legs: &'static [Leg],
    /// Which leg, and the commands that are left of it.
    leg: usize,
    left: u64,
    period: u64,
    /// Of the current leg: parts per billion a command.
    drift: i64,
    breadth: i64,
}

impl Mid {
    pub(super) fn new(scenario: Scenario, period: u64) -> Mid {
        let legs = scenario.legs();
        let mut mid = Mid {
            at: START * PARTS,
            ticks: START,
            legs,
            leg: legs.len() - 1,
            left: 0,
            period: period.max(1_000),
            drift: 0,
            breadth: 0,
        };
        mid.turn();
        mid
    }

    #[inline]
    pub(super) fn ticks(&self) -> i64 {
        self.ticks
    }

    /// One command further. `coins` are 64 fair ones: how many show heads, less 32, over 4, is a
    /// standard normal deviate, near enough.
    #[inline]
    pub(super) fn step(&mut self, coins: u64) {
        if self.left == 0 {
            self.turn();
        }
        self.left -= 1;
        let deviate = i64::from(coins.count_ones()) - 32;
        let move_ppb = self.drift + self.breadth * deviate / 4;
        self.at += self.at * move_ppb / 1_000_000_000;
        if self.at < LOWEST * PARTS {
            self.at = 2 * LOWEST * PARTS - self.at;
        }
        if self.at > HIGHEST * PARTS {
            self.at = 2 * HIGHEST * PARTS - self.at;
        }
        self.ticks = self.at / PARTS;
    }

    /// On to the next leg.
    fn turn(&mut self) {
        self.leg = (self.leg + 1) % self.legs.len();
        let Leg { thousandths, log_ppb, breadth } = self.legs[self.leg];
        self.left = self.period * thousandths / 1_000;
        self.drift = log_ppb / self.left.cast_signed();
        self.breadth = breadth;
    }
}
