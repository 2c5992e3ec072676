//! A grid at the live edge: signals are delivered in portions, and between two of them processes are
//! killed, so many a second of wall time. Who, the seed says; when, the clock.
#![allow(clippy::disallowed_types, reason = "an edge: kills come by wall time")]

use std::time::{Duration, Instant};

use life::Grid;

use super::Plan;
use super::killer::Killer;

/// Signals between two looks at the clock: well under a millisecond's work.
const PORTION: u64 = 20_000;

/// A grid that runs, and what was done to it.
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

    /// Delivers a portion of signals, and kills who is due. False once there is nothing to do.
    pub(super) fn advance(&mut self) -> bool {
        self.since.get_or_insert_with(Instant::now);
        // Not always the same portion: a kill can come between any two steps.
        let portion = PORTION - self.killer.chance.draw() % (PORTION / 2);
        let goes_on = self.grid.advance(portion);
        if goes_on {
            let seconds = self.seconds();
            let (tile, world) = self.grid.parts_mut();
            self.killer.kill_who_is_due(seconds, tile, world);
        }
        goes_on
    }

    /// Time stands still for cells, and nobody is due, until the next portion.
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

    /// Ends in good order: every cell comes to the generation of the one that is furthest, and to the
    /// last one if that was reached.
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
