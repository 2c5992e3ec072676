//! The mistakes that a cell and a collector can be told to make, found by their models. Only in builds with the
//! feature `mutations`.

use checker::component::{Games, Model, check};
use kernel::mutation::{Mutation, with};
use life::Being;
use life::mutation::{
    COUNTS_TWICE, FORGETS_QUESTION, FORGETS_TOO_MUCH, NO_AGAIN, NO_RESPAWN, SPEAKS_FIRST,
};

use crate::cell::Played;
use crate::collector::Collecting;

/// The process does not as its model says, and a short game shows it.
fn finds(model: &impl Model<Process = Being>, mistake: Mutation) {
    let games = Games { games: 400, ..Games::of(1) };
    let failure = with(&[mistake], || check(model, games)).expect_err(mistake.text);
    let steps = failure.choices.len();
    assert!(steps <= 10, "{steps} inputs: {failure}");
}

#[test]
fn each_mistake_of_a_cell_is_found() {
    let cell = Played::<false>::on(2, 2, 2);
    finds(&cell, NO_AGAIN);
    finds(&cell, SPEAKS_FIRST);
    finds(&cell, FORGETS_TOO_MUCH);
    finds(&cell, NO_RESPAWN);
    finds(&cell, FORGETS_QUESTION);
}

#[test]
fn the_mistake_of_a_collector_is_found() {
    finds(&Collecting::on(2, 2, true), COUNTS_TWICE);
}
