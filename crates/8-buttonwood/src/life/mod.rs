//! The live edge of a world of cells: wall time enters here, as the number of kills and the time of frames.
//!
//! It decides nothing about cells; `life` computes them, and the result is compared with the plain array.
#![allow(
    clippy::disallowed_types,
    reason = "an edge: kills come by wall time, and rates are measured"
)]

mod edge;
mod killer;
mod screen;
mod tiles;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use life::{Array, Memory};
use serde::Serialize;

use crate::failure::Failure;
use crate::output;
use edge::Edge;

/// Settings of a run.
pub(crate) struct Plan {
    /// Name of the pattern.
    pub(crate) pattern: String,
    /// Contents at time 0.
    pub(crate) first: Array,
    /// The last generation, if the run has one.
    pub(crate) until: Option<u32>,
    pub(crate) kills_per_second: u32,
    pub(crate) seed: u64,
    pub(crate) memory: Memory,
    /// Generations per second when drawn; 0 for no limit.
    pub(crate) speed: u32,
    /// Number of worlds, each a band of rows on its own thread.
    pub(crate) worlds: u8,
}

/// Progress of the cells, and the kills.
struct Outcome {
    /// The generation that every cell has reached.
    generation: u32,
    /// The generation of the most advanced cell.
    latest: u32,
    last: Array,
    /// It reached its last generation.
    finished: bool,
    cells_killed: u64,
    collectors_killed: u64,
    steps_lost: u64,
    restarts: u64,
    signals: u64,
    seconds: f64,
    longest_history: u32,
}

/// Results.
#[derive(Serialize)]
pub(crate) struct Report {
    size: String,
    pattern: String,
    cells: u32,
    /// Worlds, each on its own thread.
    worlds: u8,
    /// The generation that every cell has reached.
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

/// The result of a run.
pub(crate) struct Played {
    pub(crate) report: Report,
    /// The contents at its end.
    pub(crate) last: Array,
    /// The terminal of the run is gone, so no report can be printed.
    pub(crate) unseen: bool,
}

/// Runs to the end, or until Ctrl-C or a hangup.
pub(crate) fn play(plan: &Plan, draws: bool) -> Result<Played, Failure> {
    let asked = Arc::new(AtomicBool::new(false));
    let hears = asked.clone();
    ctrlc::set_handler(move || hears.store(true, Ordering::Relaxed))
        .map_err(|why| Failure::Life(format!("cannot listen for Ctrl-C: {why}")))?;
    if let (Some(until), 2..) = (plan.until, plan.worlds) {
        let (report, last) = report(plan, tiles::play(plan, until, &asked)?);
        return Ok(Played { report, last, unseen: false });
    }
    let mut edge = Edge::new(plan);
    let mut unseen = false;
    if draws {
        unseen = !screen::follow(&mut edge, plan, &asked)?;
    } else {
        run(&mut edge, plan, &asked);
    }
    let finished = plan.until.is_some_and(|until| edge.grid.earliest() == until);
    edge.level();
    let (report, last) = report(plan, outcome(&edge, finished));
    Ok(Played { report, last, unseen })
}

/// Runs without drawing.
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

fn outcome(edge: &Edge, finished: bool) -> Outcome {
    let (grid, killer) = (&edge.grid, &edge.killer);
    let remembered = |cell: &life::Cell| cell.history().now() - cell.history().first() + 1;
    Outcome {
        generation: grid.earliest(),
        latest: grid.latest(),
        last: grid.contents(),
        finished,
        cells_killed: killer.cells_killed,
        collectors_killed: killer.collectors_killed,
        steps_lost: killer.steps_lost,
        restarts: grid.restarts(),
        signals: grid.signals(),
        seconds: edge.seconds(),
        longest_history: grid.cells().map(remembered).max().unwrap_or(0),
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "rates for people"
)]
fn report(plan: &Plan, outcome: Outcome) -> (Report, Array) {
    let Outcome { generation, last, seconds, .. } = outcome;
    let start = Instant::now();
    let mut array = plan.first.clone();
    array.run(generation);
    let array_seconds = start.elapsed().as_secs_f64();
    let torus = plan.first.torus();
    let cell_steps = u64::from(torus.cells()) * u64::from(generation);
    let per_second = |count: u64, seconds: f64| match seconds > 0.0 {
        true => (count as f64 / seconds) as u64,
        false => 0,
    };
    let report = Report {
        size: torus.to_string(),
        pattern: plan.pattern.clone(),
        cells: torus.cells(),
        worlds: plan.worlds,
        generation,
        population: last.population(),
        finished: outcome.finished,
        kills: outcome.cells_killed + outcome.collectors_killed,
        cells_killed: outcome.cells_killed,
        collectors_killed: outcome.collectors_killed,
        restarts: outcome.restarts,
        seed: plan.seed,
        matches_array: outcome.latest == generation && array == last,
        cell_steps,
        steps_made_again: outcome.steps_lost,
        cell_steps_per_second: per_second(cell_steps, seconds),
        array_cell_steps_per_second: per_second(cell_steps, array_seconds),
        signals: outcome.signals,
        signals_per_second: per_second(outcome.signals, seconds),
        seconds: (seconds * 1000.0).round() / 1000.0,
        longest_history: outcome.longest_history,
        resident_bytes: crate::bench::resident_bytes(),
    };
    (report, last)
}
