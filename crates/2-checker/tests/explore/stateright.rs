//! A second opinion: Stateright explores the same system, and must count the same states.

use std::hash::{Hash, Hasher};

use checker::explore::{Explorer, Scene, System};
use stateright::{Checker, Model, Property};

use crate::lock::{self, Party, Wrong};

/// A state as Stateright wants it: it is what its fingerprint is.
#[derive(Clone)]
struct State(Scene<Party>);

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.fingerprint().hash(state);
    }
}

impl PartialEq for State {
    fn eq(&self, other: &State) -> bool {
        self.0.fingerprint() == other.0.fingerprint()
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

struct SameWorld(Scene<Party>);

impl Model for SameWorld {
    type State = State;
    type Action = checker::explore::Action;

    fn init_states(&self) -> Vec<State> {
        vec![State(self.0.clone())]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Self::Action>) {
        state.0.actions(actions);
    }

    fn next_state(&self, state: &State, action: Self::Action) -> Option<State> {
        let mut next = state.clone();
        next.0.make(&action);
        Some(next)
    }

    /// It stops when nothing is left to be judged, so there is something that is always true.
    fn properties(&self) -> Vec<Property<SameWorld>> {
        vec![Property::always("it is a state", |_, _| true)]
    }
}

#[test]
fn two_engines_count_the_same_states() {
    for (users, faults) in [(2, 0), (2, 2), (3, 1)] {
        let scene = || lock::scene(users, Wrong::Not).faults(faults);
        let ours = Explorer::new(scene()).search();
        let theirs = SameWorld(scene()).checker().spawn_bfs().join();
        assert_eq!(theirs.unique_state_count(), ours.states, "{users} users, {faults} faults");
    }
}
