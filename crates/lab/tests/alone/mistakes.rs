//! Mistakes of an order that only a doubled message shows. Within a world none is doubled, so that the laws see
//! nothing of them; its model says everything twice. Only in builds with the feature `mutations`.

use kernel::alone::{Games, check};
use kernel::mutation::{Mutation, with};
use market::mutation::{DECLINE_WHILE_CLOSING, WITHDRAW_WHILE_CLOSING};
use words::TimeInForce;

use crate::order::Order;

/// The order does not as its model says, and a short game shows it.
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
