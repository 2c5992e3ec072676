//! A grid at the live edge: signals are delivered in portions, and between two of them processes are
//! killed, so many a second of wall time. Who, the seed says; when, the clock.
#![allow(clippy::disallowed_types, reason = "an edge: kills come by wall time")]

use std::time::{Duration, Instant};

use kernel::Seeded;
use life::{Cell, Grid};

use super::Plan;

/// Signals between two looks at the clock: well under a millisecond's work.
const PORTION: u64 = 20_000;
/// Most kills between two portions, so that a rate beyond the machine's strength leaves time to live.
const AT_ONCE: u64 = 1_000;

/// A grid that runs, and what was done to it.
pub(super) struct Edge {
    pub(super) grid: Grid,
    pub(super) cells_killed: u64,
    pub(super) collectors_killed: u64,
    /// Steps beyond their last checkpoint that killed cells had made.
    pub(super) steps_lost: u64,
    chance: Seeded,
    kills_per_second: u32,
    /// Kills that the clock has asked for so far.
    due: u64,
    /// Time in which cells ran, and since when they run.
    ran: Duration,
    since: Option<Instant>,
}

impl Edge {
    pub(super) fn new(plan: &Plan) -> Edge {
        let mut grid = Grid::new(plan.first.torus(), plan.memory, ());
        grid.set(&plan.first).expect("contents of its size, before the first step");
        grid.run_until(plan.until.unwrap_or(u32::MAX));
        Edge {
            grid,
            cells_killed: 0,
            collectors_killed: 0,
            steps_lost: 0,
            chance: Seeded::new(plan.seed),
            kills_per_second: plan.kills_per_second,
            due: 0,
            ran: Duration::ZERO,
            since: None,
        }
    }

    /// Delivers a portion of signals, and kills who is due. False once there is nothing to do.
    pub(super) fn advance(&mut self) -> bool {
        self.since.get_or_insert_with(Instant::now);
        // Not always the same portion: a kill can come between any two steps.
        let portion = PORTION - self.chance.draw() % (PORTION / 2);
        let goes_on = self.grid.advance(portion);
        if goes_on {
            self.kill_who_is_due();
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

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of kills")]
    fn kill_who_is_due(&mut self) {
        let due = (self.seconds() * f64::from(self.kills_per_second)) as u64;
        for _ in 0..due.saturating_sub(self.due).min(AT_ONCE) {
            self.kill();
        }
        self.due = due;
    }

    /// Kills a cell, or one time in four its collector if it has one.
    pub(super) fn kill(&mut self) {
        let cells = self.grid.torus().cells();
        let place = u32::try_from(self.chance.draw() % u64::from(cells)).expect("less than cells");
        if self.chance.below(4) == 0 && self.grid.kill_collector(place) {
            self.collectors_killed += 1;
            return;
        }
        let lost = |cell: &Cell| cell.history().now() - cell.checkpoint();
        let lost = self.grid.cell(place).map_or(0, lost);
        if self.grid.kill_cell(place) {
            self.cells_killed += 1;
            self.steps_lost += u64::from(lost);
        }
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
