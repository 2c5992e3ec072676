//! `buttonwood simulate`: seeded worlds with every fault, until one breaks a law.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "an edge: runs seeds on several threads, within a time limit"
)]

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use lab::faults::Kinds;
use lab::simulate::{Counts, SOMETIMES, Violation, Wanted, run, shrink};
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::output;

/// Run seeded worlds with injected faults, and check the laws at each step
///
/// A seed draws a world with its orders, its clients, its disk and its faults: killed processes, program
/// exits, power losses, torn writes, failed syncs, a full disk, flipped bits, deleted files. Thousands of
/// orders run in virtual time, worlds crash and recover, and every acknowledged answer must stay true. A
/// failing seed is shrunk, drawn, and printed with the flags that reproduce it.
/// Faults by name: kill, program, power, short, write, sync, full, rot, slow, inodes, make, taken,
/// stale, end, second, ruin, clock.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Number of seeds; 100 unless --seed or --minutes is given
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: Option<u64>,
    /// First seed; without --seeds and --minutes, the only one
    #[arg(long)]
    seed: Option<u64>,
    /// Run for this many minutes
    #[arg(long, conflicts_with = "seeds", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    minutes: Option<u64>,
    /// Orders per seed, 250 by default
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    orders: Option<u32>,
    /// Markets per seed; drawn by default
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=4096))]
    markets: Option<u16>,
    /// Kinds of fault: all, none, or names separated by commas
    #[arg(long)]
    faults: Option<Kinds>,
    /// Virtual hours over which a seed's orders arrive; drawn by default
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    hours: Option<u32>,
    /// Of the faults that a seed draws, counted from 0, inject only these: FROM..UNTIL
    #[arg(long, value_parser = window)]
    window: Option<Range<u64>>,
    /// Multiply all fault probabilities by this factor
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    hasten: Option<u32>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

fn window(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| text.parse::<u64>().ok();
    let ends = text.split_once("..").and_then(|(from, to)| Some(number(from)?..number(to)?));
    let ends = ends.ok_or_else(|| "give a window as FROM..UNTIL, such as 3..5".to_owned())?;
    if ends.start > ends.end {
        return Err(format!("the window ends before it begins; give {}..{}", ends.end, ends.start));
    }
    Ok(ends)
}

/// State that the threads share.
struct Shared {
    wanted: Wanted,
    first: u64,
    seeds: u64,
    ends: Option<Instant>,
    next: AtomicU64,
    done: AtomicU64,
    stop: Arc<AtomicBool>,
    found: Mutex<Found>,
    bar: ProgressBar,
}

#[derive(Default)]
struct Found {
    counts: Counts,
    violations: Vec<Violation>,
}

/// Violations after which the search stops.
const ENOUGH: usize = 3;

pub(crate) fn run_seeds(args: &Args) -> Result<(), Failure> {
    let Args { orders, markets, faults, hours, hasten, .. } = *args;
    let window = args.window.clone().map(|window| (window.start, window.end));
    let wanted = Wanted { orders, markets, faults, hours, window, hasten };
    let alone = if args.seed.is_some() { 1 } else { 100 };
    let seeds = if args.minutes.is_some() { u64::MAX } else { args.seeds.unwrap_or(alone) };
    let stop = Arc::new(AtomicBool::new(false));
    let asked = stop.clone();
    ctrlc::set_handler(move || asked.store(true, Ordering::Relaxed))
        .map_err(|why| Failure::Absent(format!("cannot listen for Ctrl-C: {why}")))?;
    let begun = Instant::now();
    let shared = Shared {
        wanted,
        first: args.seed.unwrap_or(1),
        seeds,
        ends: args.minutes.map(|minutes| begun + Duration::from_secs(60 * minutes)),
        next: AtomicU64::new(0),
        done: AtomicU64::new(0),
        stop,
        found: Mutex::default(),
        bar: if seeds == u64::MAX {
            output::spinner("seeds")
        } else {
            output::count_bar("seeds", seeds)
        },
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let threads = threads.min(usize::try_from(seeds).unwrap_or(usize::MAX));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| work(&shared));
        }
    });
    shared.bar.finish_and_clear();
    if shared.stop.load(Ordering::Relaxed) {
        output::log("simulation stopped; these are the results so far");
    }
    let done = shared.done.load(Ordering::Relaxed);
    let found = shared.found.into_inner().unwrap_or_else(PoisonError::into_inner);
    report(args, done, &found, begun.elapsed())
}

fn work(shared: &Shared) {
    loop {
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        let late = shared.ends.is_some_and(|ends| Instant::now() >= ends);
        if number >= shared.seeds || late || shared.stop.load(Ordering::Relaxed) {
            return;
        }
        let result = run(shared.first.wrapping_add(number), &shared.wanted);
        shared.done.fetch_add(1, Ordering::Relaxed);
        shared.bar.inc(1);
        let mut found = shared.found.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(report) => found.counts.add(&report.counts),
            Err(violation) => {
                found.counts.add(&violation.counts);
                found.violations.push(*violation);
            }
        }
        if found.violations.len() >= ENOUGH {
            return;
        }
    }
}

/// Prints the results. A violation is a failure.
fn report(args: &Args, seeds: u64, found: &Found, took: Duration) -> Result<(), Failure> {
    let first = found.violations.iter().min_by_key(|violation| violation.seed);
    let small = first.map(|violation| {
        let bar = output::spinner("shrinking");
        let small = shrink(Box::new(violation.clone()), None);
        bar.finish_and_clear();
        small
    });
    let mut figures = Map::new();
    figures.insert("seeds".to_owned(), seeds.into());
    figures.insert("violations".to_owned(), found.violations.len().into());
    for (name, count, _) in found.counts.all() {
        figures.insert(name.to_owned(), count.into());
    }
    figures.insert("seconds".to_owned(), json!((took.as_secs_f64() * 1_000.0).round() / 1_000.0));
    let never = found
        .counts
        .all()
        .into_iter()
        .filter(|(name, count, _)| *count == 0 && SOMETIMES.contains(name));
    let never: Vec<&str> = never.into_iter().map(|(name, ..)| name).collect();
    figures.insert("never_reached".to_owned(), json!(never));
    if args.json {
        figures.insert("violation".to_owned(), small.as_deref().map_or(Value::Null, violation));
        output::json(&figures)?;
    } else {
        output::text_line(output::figures(&Value::Object(figures)))?;
    }
    let Some(small) = small else { return Ok(()) };
    if !args.json {
        output::text_line(format!("\n{small}"))?;
    }
    Err(Failure::Broken(format!("seed {} breaks a law: {}", small.seed, small.broken)))
}

fn violation(small: &Violation) -> Value {
    json!({
        "seed": small.seed,
        "law": small.broken.law.name(),
        "what": small.broken.what,
        "again": format!("buttonwood simulate --seed {} {}", small.seed, small.wanted),
        "chart": small.rows,
    })
}
