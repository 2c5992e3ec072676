//! Compares the explorer with Stateright on the same world: the same states, and the cost of each.
//!
//! `cargo run --release -p buttonwood-lab --example beside_stateright -- WORLD FAULTS [ours|theirs] [THREADS]`
#![allow(clippy::disallowed_types, reason = "measures how long it takes")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "prints to the terminal")]

use std::time::Instant;

use checker::second_opinion::{Checker, Model, SameSystem};
use lab::explore::{Explorer, World};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let [_, name, faults, rest @ ..] = &args[..] else {
        return eprintln!("beside_stateright WORLD FAULTS [ours|theirs] [THREADS]");
    };
    let Some(world) = World::named(name) else { return eprintln!("there is no world {name:?}") };
    let world = world.faults(faults.parse().expect("a number of deaths"));
    let which = rest.first().map_or("", String::as_str);
    let threads = rest.get(1).map_or(1, |threads| threads.parse().expect("a number of threads"));
    if which != "theirs" {
        let clock = Clock::start();
        let found = world.explorer().search_with(threads);
        tell("ours, all laws", found.states, clock);
        let broken = found.verdicts.iter().filter(|verdict| verdict.holds != Some(true));
        broken.for_each(|verdict| println!("BROKEN: {verdict:?}"));
        let empty = found.verdicts.iter().filter(|verdict| verdict.sometimes == 0);
        empty.for_each(|verdict| println!("nothing puts {} to the test", verdict.law));
        println!("depth {}, {} moves, proof: {}", found.depth, found.moves, found.is_proof());
        let clock = Clock::start();
        let states = Explorer::new(world.start()).search_with(threads).states;
        tell("ours, no law", states, clock);
    }
    if which != "ours" {
        let clock = Clock::start();
        let same = SameSystem::new(world.start()).always(|state| state.broken().is_empty());
        let checker = same.checker().threads(threads).spawn_bfs().join();
        tell("Stateright, safety laws", checker.unique_state_count(), clock);
    }
}

/// Elapsed time, and processor time where Linux reports it.
struct Clock {
    start: Instant,
    processor: f64,
}

impl Clock {
    fn start() -> Clock {
        Clock { start: Instant::now(), processor: processor_seconds() }
    }
}

/// Processor time of all threads, in steps of a hundredth of a second; 0 if the system does not report it.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks =
        after_name.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// Prints the number of states, the time, and the peak memory of this process.
fn tell(what: &str, states: usize, clock: Clock) {
    let seconds = clock.start.elapsed().as_secs_f64();
    let processor = processor_seconds() - clock.processor;
    let per_second = states as f64 / processor.max(0.01);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("no peak known");
    println!(
        "{what}: {states} states, {seconds:.2} s, of the processor {processor:.2} s: {per_second:.0} states/s; {peak}"
    );
}
