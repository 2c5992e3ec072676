//! A grid at the live edge: signals are delivered in portions, and processes are killed between them at a rate
//! per second of wall time. The seed selects the victims; the clock decides when.
#![allow(clippy::disallowed_types, reason = "an edge: kills come by wall time")]

use std::time::{Duration, Instant};

use life::Grid;

use super::Plan;
use super::killer::Killer;

/// Signals between two readings of the clock: well under a millisecond of work.
const PORTION: u64 = 20_000;

/// A running grid, and the kills in it.
pub(super) struct Edge {
    pub(super) grid: Grid,
    pub(super) killer: Killer,
    /// Time in which cells ran, and since when they run.
    ran: Duration,
    since: Option<Instant>,
}

impl Edge {
    pub(super) fn new(plan: &Plan) -> Edge {
        let mut grid = Grid::new(plan.first.torus(), plan.memory, ());
        grid.set(&plan.first).expect("contents of its size, before the first step");
        grid.run_until(plan.until.unwrap_or(u32::MAX));
        let killer = Killer::new(plan.seed, plan.kills_per_second.into());
        Edge { grid, killer, ran: Duration::ZERO, since: None }
    }

    /// Delivers a portion of signals, then kills what is due. False once nothing is left to do.
    pub(super) fn advance(&mut self) -> bool {
        self.since.get_or_insert_with(Instant::now);
        // Portions vary in size, so that a kill can come between any two steps.
        let portion = PORTION - self.killer.chance.draw() % (PORTION / 2);
        let goes_on = self.grid.advance(portion);
        if goes_on {
            let seconds = self.seconds();
            let (tile, world) = self.grid.parts_mut();
            self.killer.kill_who_is_due(seconds, tile, world);
        }
        goes_on
    }

    /// Stops the clock for cells until the next portion: no kills are due meanwhile.
    pub(super) fn rest(&mut self) {
        self.ran += self.since.take().map(|since| since.elapsed()).unwrap_or_default();
    }

    /// Wall time in which cells ran.
    pub(super) fn seconds(&self) -> f64 {
        (self.ran + self.since.map(|since| since.elapsed()).unwrap_or_default()).as_secs_f64()
    }

    /// Kills one.
    pub(super) fn kill(&mut self) {
        let (tile, world) = self.grid.parts_mut();
        self.killer.kill(tile, world);
    }

    /// Ends in good order: every cell reaches the generation of the most advanced one, or the last generation if
    /// any cell has reached it.
    pub(super) fn level(&mut self) {
        self.since.get_or_insert_with(Instant::now);
        while self.grid.earliest() < self.grid.latest() || self.grid.world().waiting() > 0 {
            let latest = self.grid.latest();
            self.grid.run_until(latest);
            self.grid.settle();
        }
        self.rest();
    }
}
