//! Mistakes that the laws hardly detect. Of an order: those that only a duplicate message shows; no world duplicates
//! messages, and the order's model does. Of a floor: those about orders that die repeatedly, and about their late
//! messages. Only in builds with the feature `mutations`.

use checker::component::{Failure, Games, check};
use kernel::mutation::{Mutation, with};
use lab::laws::run;
use market::mutation::{
    DECLINE_WHILE_CLOSING, FORMER_LIVES, UNCOUNTED_SUSPECT, WITHDRAW_WHILE_CLOSING,
};
use protocol::TimeInForce;

use crate::floor::Floor;
use crate::order::Order;

/// The order deviates from its model, and a short game shows it.
fn finds(mistake: Mutation) {
    let games = Games { games: 600, ..Games::of(1) };
    let model = Order::played(TimeInForce::GoodTillCancel);
    let failure = with(&[mistake], || check(&model, games)).expect_err(mistake.text);
    assert!(failure.choices.len() <= 20, "{} inputs: {failure}", failure.choices.len());
}

#[test]
fn a_decline_that_is_honoured_while_closing_is_found() {
    finds(DECLINE_WHILE_CLOSING);
}

#[test]
fn a_withdraw_while_closing_is_found() {
    finds(WITHDRAW_WHILE_CLOSING);
}

fn of_a_floor(mistake: Mutation) -> Box<Failure> {
    let games = Games { games: 600, ..Games::of(1) };
    with(&[mistake], || check(&Floor::played(), games)).expect_err(mistake.text)
}

#[test]
fn a_floor_that_counts_no_deaths_of_makers_is_found_by_its_model_alone() {
    let failure = of_a_floor(UNCOUNTED_SUSPECT);
    let text = failure.to_string();
    assert!(text.contains("\"gives the suspect up\" wants Bids"), "{text}");
    for seed in 0..1_000 {
        let judged = with(&[UNCOUNTED_SUSPECT], || run(seed));
        assert!(judged.is_ok(), "a law sees it: say so here");
    }
}

#[test]
fn a_floor_that_hears_former_lives_is_found() {
    let failure = of_a_floor(FORMER_LIVES);
    assert!(failure.choices.len() <= 12, "{} inputs: {failure}", failure.choices.len());
}
