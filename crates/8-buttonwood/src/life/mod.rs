//! The live edge of a world of cells: time enters here, as how many to kill and when to draw.
//!
//! It decides nothing about cells; what they come to is `life`'s, and is compared with the plain array.
#![allow(
    clippy::disallowed_types,
    reason = "an edge: kills come by wall time, and rates are measured"
)]

mod edge;
mod screen;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use life::{Array, Memory};
use serde::Serialize;

use crate::failure::Failure;
use crate::output;
use edge::Edge;

/// What is to be played.
pub(crate) struct Plan {
    /// How the pattern was called.
    pub(crate) pattern: String,
    /// Contents at time 0.
    pub(crate) first: Array,
    /// The last generation, if there is to be one.
    pub(crate) until: Option<u32>,
    pub(crate) kills_per_second: u32,
    pub(crate) seed: u64,
    pub(crate) memory: Memory,
    /// Generations a second when it is drawn; 0 for as many as it can.
    pub(crate) speed: u32,
}

/// What came of it.
#[derive(Serialize)]
pub(crate) struct Report {
    size: String,
    pattern: String,
    cells: u32,
    /// What every cell has come to.
    pub(crate) generation: u32,
    population: usize,
    /// False if it was ended before its last generation, or has none.
    finished: bool,
    kills: u64,
    cells_killed: u64,
    collectors_killed: u64,
    /// Restarts of cells by their supervisor.
    restarts: u64,
    seed: u64,
    /// Each cell's content is the plain array's.
    pub(crate) matches_array: bool,
    /// Steps that count: cells times generations.
    cell_steps: u64,
    /// Steps that killed cells had to make again.
    steps_made_again: u64,
    cell_steps_per_second: u64,
    /// Of the plain array, which compares the result in the same run.
    array_cell_steps_per_second: u64,
    signals: u64,
    signals_per_second: u64,
    seconds: f64,
    /// The longest history that any cell remembers at the end.
    longest_history: u32,
    /// Of this program, now; not known on every system.
    resident_bytes: Option<u64>,
}

/// Plays to the end, or until Ctrl-C; gives also the last contents.
pub(crate) fn play(plan: &Plan, draws: bool) -> Result<(Report, Array), Failure> {
    let asked = Arc::new(AtomicBool::new(false));
    let hears = asked.clone();
    ctrlc::set_handler(move || hears.store(true, Ordering::Relaxed))
        .map_err(|why| Failure::Life(format!("cannot listen for Ctrl-C: {why}")))?;
    let mut edge = Edge::new(plan);
    if draws {
        screen::follow(&mut edge, plan, &asked)?;
    } else {
        run(&mut edge, plan, &asked);
    }
    let finished = plan.until.is_some_and(|until| edge.grid.earliest() == until);
    edge.level();
    Ok(report(plan, &edge, finished))
}

/// Runs as fast as it goes, without drawing.
fn run(edge: &mut Edge, plan: &Plan, asked: &AtomicBool) {
    let bar = match plan.until {
        Some(until) => output::count_bar("generations", until.into()),
        None => output::spinner("generations"),
    };
    let mut looked = Instant::now();
    while edge.advance() && !asked.load(Ordering::Relaxed) {
        if !bar.is_hidden() && looked.elapsed().as_millis() > 200 {
            bar.set_position(edge.grid.earliest().into());
            looked = Instant::now();
        }
    }
    bar.finish_and_clear();
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "rates for people"
)]
fn report(plan: &Plan, edge: &Edge, finished: bool) -> (Report, Array) {
    let grid = &edge.grid;
    let (generation, last) = (grid.earliest(), grid.contents());
    let start = Instant::now();
    let mut array = plan.first.clone();
    array.run(generation);
    let array_seconds = start.elapsed().as_secs_f64();
    let cells = grid.torus().cells();
    let cell_steps = u64::from(cells) * u64::from(generation);
    let per_second = |count: u64, seconds: f64| match seconds > 0.0 {
        true => (count as f64 / seconds) as u64,
        false => 0,
    };
    let seconds = edge.seconds();
    let remembered = |cell: &life::Cell| cell.history().now() - cell.history().first() + 1;
    let report = Report {
        size: grid.torus().to_string(),
        pattern: plan.pattern.clone(),
        cells,
        generation,
        population: last.population(),
        finished,
        kills: edge.cells_killed + edge.collectors_killed,
        cells_killed: edge.cells_killed,
        collectors_killed: edge.collectors_killed,
        restarts: grid.restarts(),
        seed: plan.seed,
        matches_array: grid.latest() == generation && array == last,
        cell_steps,
        steps_made_again: edge.steps_lost,
        cell_steps_per_second: per_second(cell_steps, seconds),
        array_cell_steps_per_second: per_second(cell_steps, array_seconds),
        signals: grid.signals(),
        signals_per_second: per_second(grid.signals(), seconds),
        seconds: (seconds * 1000.0).round() / 1000.0,
        longest_history: grid.cells().map(remembered).max().unwrap_or(0),
        resident_bytes: crate::bench::resident_bytes(),
    };
    (report, last)
}
