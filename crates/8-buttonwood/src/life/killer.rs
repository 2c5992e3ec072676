//! Selects processes to kill, at a rate per second, by a seed. It reads no clock.

use kernel::{Seeded, World};
use life::{Being, Cell, Tile};

/// Kills cells and collectors of one tile, and counts them.
pub(super) struct Killer {
    pub(super) cells_killed: u64,
    pub(super) collectors_killed: u64,
    /// Steps beyond their last checkpoint that killed cells had made.
    pub(super) steps_lost: u64,
    pub(super) chance: Seeded,
    per_second: f64,
    /// Kills that were due so far.
    due: u64,
}

impl Killer {
    pub(super) fn new(seed: u64, per_second: f64) -> Killer {
        let chance = Seeded::new(seed);
        Killer { cells_killed: 0, collectors_killed: 0, steps_lost: 0, chance, per_second, due: 0 }
    }

    /// Kills all that are due after this many seconds. The command's bound on the rate keeps killing itself from
    /// taking up the time.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of kills")]
    pub(super) fn kill_who_is_due(&mut self, seconds: f64, tile: &Tile, world: &mut World<Being>) {
        let due = (seconds * self.per_second) as u64;
        for _ in 0..due.saturating_sub(self.due) {
            self.kill(tile, world);
        }
        self.due = due;
    }

    /// Kills a cell, or one time in four its collector if it has one.
    pub(super) fn kill(&mut self, tile: &Tile, world: &mut World<Being>) {
        let places = tile.places();
        let drawn = self.chance.draw() % u64::from(places.end - places.start);
        let place = places.start + u32::try_from(drawn).expect("less than cells");
        if self.chance.below(4) == 0 && tile.kill_collector(world, place) {
            self.collectors_killed += 1;
            return;
        }
        let lost = |cell: &Cell| cell.history().now() - cell.checkpoint();
        let lost = tile.cell(world, place).map_or(0, lost);
        if tile.kill_cell(world, place) {
            self.cells_killed += 1;
            self.steps_lost += u64::from(lost);
        }
    }
}

#[cfg(test)]
mod tests {
    use life::{Grid, Memory, Torus};

    use super::*;

    #[test]
    fn whoever_is_due_is_drawn_however_many_they_are() {
        let mut grid = Grid::new(Torus::new(100, 100).unwrap(), Memory::Since(32), ());
        grid.settle();
        let mut killer = Killer::new(1, 5_000.0);
        let (tile, world) = grid.parts_mut();
        killer.kill_who_is_due(2.0, tile, world);
        // Of 10,000 cells that are drawn 10,000 times, 1 - 1/e are drawn at least once. No cell steps, so none has a
        // collector.
        assert!((6_000..6_640).contains(&killer.cells_killed), "{}", killer.cells_killed);
        let before = killer.cells_killed;
        killer.kill_who_is_due(2.0, tile, world);
        assert_eq!((killer.cells_killed, killer.collectors_killed), (before, 0), "each once");
    }
}
