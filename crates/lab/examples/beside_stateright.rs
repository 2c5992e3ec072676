//! The explorer beside Stateright on the same world: the same states, and what each takes for them.
//!
//! `cargo run --release -p lab --example beside_stateright -- WORLD FAULTS [ours|theirs] [THREADS]`
#![allow(clippy::disallowed_types, reason = "measures how long it takes")]

use std::hash::{Hash, Hasher};
use std::time::Instant;

use kernel::explore::System;
use lab::explore::{Explorer, State, Step, World};
use stateright::{Checker, Model, Property};

/// A state as Stateright wants it: it is what its fingerprint is.
#[derive(Clone, Debug)]
struct Theirs(State);

impl Hash for Theirs {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.fingerprint().hash(state);
    }
}

impl PartialEq for Theirs {
    fn eq(&self, other: &Theirs) -> bool {
        self.0.fingerprint() == other.0.fingerprint()
    }
}

struct SameWorld(World);

impl Model for SameWorld {
    type State = Theirs;
    type Action = Step;

    fn init_states(&self) -> Vec<Theirs> {
        vec![Theirs(self.0.start())]
    }

    fn actions(&self, state: &Theirs, actions: &mut Vec<Step>) {
        state.0.moves(actions);
    }

    fn next_state(&self, state: &Theirs, action: Step) -> Option<Theirs> {
        let mut next = state.clone();
        next.0.take(&action);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<SameWorld>> {
        vec![Property::always("no step breaks a law", |_, state: &Theirs| {
            state.0.broken().is_empty()
        })]
    }
}

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
        let clock = Instant::now();
        let found = world.explorer().search_with(threads);
        tell("ours, all laws", found.states, clock);
        let clock = Instant::now();
        let states = Explorer::new(world.start()).search_with(threads).states;
        tell("ours, no law", states, clock);
    }
    if which != "ours" {
        let clock = Instant::now();
        let checker = SameWorld(world).checker().threads(threads).spawn_bfs().join();
        tell("Stateright, safety laws", checker.unique_state_count(), clock);
    }
}

/// Says how many states were seen, in which time and with how much memory, all of the process until now.
fn tell(what: &str, states: usize, clock: Instant) {
    let seconds = clock.elapsed().as_secs_f64();
    let per_second = states as f64 / seconds;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("no peak known");
    println!("{what}: {states} states, {seconds:.2} s, {per_second:.0} states/s; {peak}");
}
