//! A second opinion: Stateright explores the same system, and must count the same states.

use checker::explore::Explorer;
use checker::second_opinion::{Checker, Model, SameSystem};

use crate::lock::{self, Wrong};

#[test]
fn two_engines_count_the_same_states() {
    for (users, faults) in [(2, 0), (2, 2), (3, 1)] {
        let scene = || lock::scene(users, Wrong::Not).faults(faults);
        let ours = Explorer::new(scene()).search();
        let theirs = SameSystem::new(scene()).checker().spawn_bfs().join();
        assert_eq!(theirs.unique_state_count(), ours.states, "{users} users, {faults} faults");
    }
}
