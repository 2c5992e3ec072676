//! The explorer beside Stateright on the same world: the same states, and what each takes for them.
//!
//! `cargo run --release -p lab --example beside_stateright -- WORLD FAULTS [ours|theirs]`
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
    let world = World::named(&args[1]).expect("a named world");
    let world = world.faults(args[2].parse().expect("a number of deaths"));
    let which = args.get(3).map_or("", String::as_str);
    if which != "theirs" {
        let start = Instant::now();
        let threads = args.get(4).and_then(|n| n.parse().ok()).unwrap_or(1);
        let found = world.explorer().search_with(threads);
        let took = start.elapsed().as_secs_f64();
        println!("ours, all laws: {} states {took:.2} s {:.0}/s, {} B kept, widest {}", found.states, found.states as f64 / took, found.bytes_per_state, found.widest);
        let start = Instant::now();
        let found = Explorer::new(world.start()).search();
        let took = start.elapsed().as_secs_f64();
        println!("ours, no law: {} states {took:.2} s {:.0}/s", found.states, found.states as f64 / took);
    }
    if which != "ours" {
        let start = Instant::now();
        let theirs = SameWorld(world.clone()).checker().spawn_bfs().join();
        let took = start.elapsed().as_secs_f64();
        let states = theirs.unique_state_count();
        println!("Stateright: {states} states {took:.2} s {:.0}/s", states as f64 / took);
    }
}
