//! Several worlds at the live edge: a tile of the torus in each, on its own thread. Processes of a world are
//! killed between two of its turns, by wall time.
//!
//! Threads share three numbers and the queues between worlds, nothing else. No thread waits for a world that has
//! nothing more to send: a world that ends wakes the others.
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "an edge: a thread a tile, and kills by wall time"
)]

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::thread::{self, Builder};
use std::time::Instant;

use indicatif::ProgressBar;
use kernel::World;
use kernel::live::{Station, Turn, join};
use life::{Array, Being, Cell, Tile};

use super::killer::Killer;
use super::{Outcome, Plan};
use crate::failure::Failure;
use crate::output;

/// Batches of signals that a queue between two worlds holds.
const QUEUE: usize = 64;

/// What the threads share.
struct Course<'a> {
    until: u32,
    since: Instant,
    /// Ctrl-C was received.
    asked: &'a AtomicBool,
    /// Number of tiles that have reached the end.
    done: AtomicUsize,
    /// Generation of each tile at its last turn, for the report.
    reached: Vec<AtomicU32>,
    bar: ProgressBar,
}

impl Course<'_> {
    fn all_are_done(&self) -> bool {
        self.done.load(Ordering::Acquire) == self.reached.len()
    }

    fn is_over(&self) -> bool {
        self.all_are_done() || self.asked.load(Ordering::Relaxed)
    }

    fn show(&self, number: u8, earliest: u32) {
        self.reached[usize::from(number)].fetch_max(earliest, Ordering::Relaxed);
        let least = self.reached.iter().map(|reached| reached.load(Ordering::Relaxed)).min();
        self.bar.set_position(least.unwrap_or(0).into());
    }
}

/// A world was lost with its cells, which is a bug.
#[derive(Debug)]
struct Lost(u8);

impl From<Lost> for Failure {
    fn from(Lost(number): Lost) -> Failure {
        Failure::Life(format!(
            "world {number} is lost with all its cells and their histories, so no other world can continue: this \
             program has a bug; report it with these flags and what is said above"
        ))
    }
}

/// A tile, its world, and its killer.
struct Band {
    tile: Tile,
    station: Station<Being>,
    killer: Killer,
    /// Signals that were delivered before the run began.
    before: u64,
}

/// Runs to the end, or until Ctrl-C.
pub(super) fn play(plan: &Plan, until: u32, asked: &AtomicBool) -> Result<Outcome, Failure> {
    let course = Course {
        until,
        since: Instant::now(),
        asked,
        done: AtomicUsize::new(0),
        reached: (0..plan.worlds).map(|_| AtomicU32::new(0)).collect(),
        bar: output::count_bar("generations", until.into()),
    };
    let bands = bands(plan, until);
    let ended = thread::scope(|scope| {
        let start = |band: Band| {
            let number = band.station.world.number();
            let run = || band.run(&course);
            let thread = Builder::new().name(format!("world {number}")).spawn_scoped(scope, run);
            (number, thread)
        };
        let threads: Vec<_> = bands.into_iter().map(start).collect();
        let mut ended = Vec::new();
        let mut lost = Ok(());
        for (number, thread) in threads {
            match thread.map(thread::ScopedJoinHandle::join) {
                Ok(Ok(Ok(band))) => ended.push(band),
                // The other worlds end as a consequence; this thread reports the cause.
                Ok(Ok(Err(heard))) => lost = lost.and(Err(heard.into())),
                Ok(Err(_panic)) => lost = Err(Lost(number).into()),
                Err(why) => {
                    let why = format!("no thread for world {number}: {why}");
                    lost = Err(Failure::Life(why));
                }
            }
        }
        lost.map(|()| ended)
    });
    course.bar.finish_and_clear();
    let mut bands = ended?;
    level(&mut bands);
    Ok(outcome(plan, &bands, &course))
}

/// Tiles with their worlds, joined, with their last generation set.
fn bands(plan: &Plan, until: u32) -> Vec<Band> {
    let torus = plan.first.torus();
    let make = |number| {
        let (mut tile, mut world) = Tile::new(torus, (number, plan.worlds), plan.memory, ());
        tile.set(&mut world, &plan.first).expect("contents of its size, before the first step");
        tile.run_until(&mut world, until);
        (tile, world)
    };
    let (tiles, worlds): (Vec<Tile>, Vec<World<Being>>) = (0..plan.worlds).map(make).unzip();
    let kills = f64::from(plan.kills_per_second) / f64::from(plan.worlds);
    let band = |((tile, station), number): ((Tile, Station<Being>), u64)| {
        let killer = Killer::new(plan.seed.wrapping_add(number), kills);
        Band { tile, before: delivered(&station.world), station, killer }
    };
    tiles.into_iter().zip(join(worlds, QUEUE)).zip(0..).map(band).collect()
}

impl Band {
    /// Runs until all tiles are at the end, or Ctrl-C. A tile at the end still answers the others.
    fn run(mut self, course: &Course<'_>) -> Result<Band, Lost> {
        let number = self.station.world.number();
        let (mut done, mut looked) = (false, 0.0);
        loop {
            let seconds = course.since.elapsed().as_secs_f64();
            if !done {
                self.killer.kill_who_is_due(seconds, &self.tile, &mut self.station.world);
            }
            let turn = self.station.turn();
            let lost = self.station.lost().next();
            if course.is_over() {
                self.station.wake();
                return Ok(self);
            }
            if let Some(lost) = lost {
                return Err(Lost(lost));
            }
            let world = &mut self.station.world;
            if !course.bar.is_hidden() && seconds > looked + 0.2 {
                course.show(number, self.tile.earliest(world));
                looked = seconds;
            }
            match turn {
                Turn::Busy => {}
                Turn::HeldBack => thread::yield_now(),
                Turn::Idle if done => drop(self.station.wait()),
                Turn::Idle if self.tile.remind(world) > 0 => {}
                Turn::Idle if self.tile.earliest(world) == course.until => {
                    done = true;
                    course.done.fetch_add(1, Ordering::AcqRel);
                }
                Turn::Idle => drop(self.station.wait()),
            }
        }
    }
}

fn earliest(bands: &[Band]) -> u32 {
    bands.iter().map(|band| band.tile.earliest(&band.station.world)).min().unwrap_or(0)
}

fn latest(bands: &[Band]) -> u32 {
    bands.iter().map(|band| Tile::latest(&band.station.world)).max().unwrap_or(0)
}

/// Ends in good order, on this thread: every cell reaches the generation of the most advanced one.
fn level(bands: &mut [Band]) {
    while earliest(bands) < latest(bands) {
        let latest = latest(bands);
        for band in &mut *bands {
            band.tile.run_until(&mut band.station.world, latest);
        }
        let mut goes_on = true;
        while goes_on {
            goes_on = false;
            for Band { tile, station, .. } in &mut *bands {
                goes_on |= station.turn() != Turn::Idle || tile.remind(&mut station.world) > 0;
            }
        }
    }
}

/// Signals that a world has delivered so far.
fn delivered(world: &World<Being>) -> u64 {
    world.past().last().map_or(0, |(number, _)| number + 1)
}

fn outcome(plan: &Plan, bands: &[Band], course: &Course<'_>) -> Outcome {
    let mut last = Array::empty(plan.first.torus());
    let worlds = || bands.iter().map(|band| &band.station.world);
    worlds().for_each(|world| Tile::show(world, &mut last));
    let remembered = |cell: &Cell| cell.history().now() - cell.history().first() + 1;
    Outcome {
        generation: earliest(bands),
        latest: latest(bands),
        last,
        finished: course.all_are_done(),
        cells_killed: bands.iter().map(|band| band.killer.cells_killed).sum(),
        collectors_killed: bands.iter().map(|band| band.killer.collectors_killed).sum(),
        steps_lost: bands.iter().map(|band| band.killer.steps_lost).sum(),
        restarts: worlds().map(Tile::restarts).sum(),
        signals: bands.iter().map(|band| delivered(&band.station.world) - band.before).sum(),
        seconds: course.since.elapsed().as_secs_f64(),
        longest_history: worlds().flat_map(Tile::cells).map(remembered).max().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use life::{Memory, Torus};

    #[test]
    fn a_lost_world_ends_the_run_with_its_number() {
        let plan = Plan {
            pattern: String::new(),
            first: Array::empty(Torus::new(6, 6).unwrap()),
            until: Some(9),
            kills_per_second: 0,
            seed: 1,
            memory: Memory::Since(4),
            speed: 0,
            worlds: 2,
        };
        let course = Course {
            until: 9,
            since: Instant::now(),
            asked: &AtomicBool::new(false),
            done: AtomicUsize::new(0),
            reached: vec![AtomicU32::new(0), AtomicU32::new(0)],
            bar: ProgressBar::hidden(),
        };
        let mut bands = bands(&plan, 9);
        drop(bands.pop());
        let first = bands.pop().expect("there are two");
        let Err(lost) = first.run(&course) else {
            panic!("a cell cannot continue without its neighbours")
        };
        let error = Failure::from(lost).to_string();
        assert!(error.contains("world 1 is lost with all its cells"), "{error}");
    }
}
