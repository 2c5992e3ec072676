//! Mistakes that the explorer finds: in which world, which law breaks first, and within how many steps. It goes breadth
//! first, so the path that it shows is a shortest one, and the bound is the number itself.
//!
//! A step is a command that is let in, a signal that is delivered, or a death. Those of the deal are counted from the
//! delivery of the first introduction on, it included.

use std::num::NonZero;

use checker::explore::Counterexample;
use kernel::mutation::{Mutation, SAME_INCARNATION, with};
use lab::explore::{Step, World, draw};
use lab::world::{Observed, message};
use ledger::mutation::{JUDGE_TRUSTS_LOTS, LEAK_ACROSS_WORLDS, TRADE_FORGOTTEN, VOID_FORGOTTEN};
use market::mutation::*;
use protocol::Message;

/// States of the largest world here, and some.
const ENOUGH: usize = 200_000;

/// One of the named worlds.
fn named(name: &str, faults: u32) -> World {
    World::named(name).expect("it is one of the named worlds").faults(faults)
}

/// A world of its own.
fn of(given: &[&str]) -> World {
    World::new("for a mistake", "a world in which it matters", given).expect("lines of a chart")
}

/// The shortest way to break a law of a world in which these mistakes are made, if there is one.
fn counterexample(
    mistakes: &[Mutation],
    world: &World,
) -> Option<(&'static str, Counterexample<Step>)> {
    let search = || world.explorer().stop_at_counterexample().most_states(ENOUGH).search();
    let report = with(mistakes, search);
    let found = report.verdicts.into_iter().find_map(|v| Some((v.law, v.counterexample?)));
    assert!(found.is_some() || report.exhausted, "{world} has more than {} states", report.states);
    found
}

/// Steps of a path from the first introduction on.
fn of_the_deal(mistakes: &[Mutation], world: &World, path: &[Step]) -> Option<NonZero<usize>> {
    let introduces = |seen: &Observed| match seen {
        Observed::Delivered(envelope) => {
            matches!(message(envelope), Some(Message::Introduce { .. }))
        }
        _ => false,
    };
    with(mistakes, || {
        let mut state = world.start();
        let first = path.iter().position(|step| state.take(step).iter().any(introduces))?;
        NonZero::new(path.len() - first)
    })
}

/// This law catches mistakes that are made together, in this many steps, and this many of the deal.
fn caught(mistakes: &[Mutation], world: &World, law: &str, steps: usize, of_deal: usize) {
    let names: Vec<_> = mistakes.iter().map(|mistake| mistake.name).collect();
    let Some((found, counterexample)) = counterexample(mistakes, world) else {
        panic!("{names:?} break no law in {world}");
    };
    let chart = with(mistakes, || draw(world, &counterexample.what, &counterexample.path));
    let deal = of_the_deal(mistakes, world, &counterexample.path).map_or(0, NonZero::get);
    assert_eq!(found, law, "{names:?}\n{chart}");
    assert!(
        counterexample.path.len() <= steps,
        "{names:?}: {} steps\n{chart}",
        counterexample.path.len()
    );
    assert!(deal <= of_deal, "{names:?}: {deal} steps of the deal\n{chart}");
}

macro_rules! caught {
    ($($test:ident: $mistakes:expr, $world:expr, $law:literal, $steps:literal steps, $deal:literal of the deal;)*) => {
        $(#[test] fn $test() { caught(&$mistakes, &$world, $law, $steps, $deal); })*
    };
}

caught! {
    no_fence: [NO_FENCE], named("buyer-and-seller", 1), "agreement", 14 steps, 8 of the deal;
    void_forgotten: [VOID_FORGOTTEN], named("buyer-and-seller", 1), "agreement", 13 steps, 7 of the deal;
    record_before_log: [RECORD_BEFORE_LOG], named("buyer-and-seller", 0), "awareness", 10 steps, 4 of the deal;
    accept_before_log: [ACCEPT_BEFORE_LOG], named("buyer-and-seller", 0), "awareness", 10 steps, 4 of the deal;
    responder_times_out: [RESPONDER_TIMES_OUT], named("buyer-and-seller", 1), "awareness", 12 steps, 6 of the deal;
    forgotten_finished_deals: [TRADE_FORGOTTEN], named("a-replace-in-flight", 1), "agreement",
        13 steps, 7 of the deal;
    reused_deal_id: [REUSED_DEAL], named("a-replace-in-flight", 1), "agreement", 21 steps, 15 of the deal;
    same_incarnation: [SAME_INCARNATION], named("a-replace-in-flight", 1), "agreement", 21 steps, 15 of the deal;
    cancel_frees_hold: [CANCEL_FREES_HOLD], named("a-cancel-in-flight", 0), "no-bug", 12 steps, 6 of the deal;
    commit_without_ledger: [COMMIT_WITHOUT_LEDGER], named("buyer-and-seller", 0), "solo", 9 steps, 3 of the deal;
    done_on_accept: [DONE_ON_ACCEPT], named("buyer-and-seller", 0), "solo", 9 steps, 3 of the deal;
    no_hold_on_proposing: [NO_HOLD_ON_PROPOSING], named("buyer-and-seller", 1), "solo", 20 steps, 14 of the deal;
    forgotten_introductions: [FORGOTTEN_INTRODUCTIONS], named("buyer-and-seller", 1), "one-introduction",
        18 steps, 12 of the deal;
    early_floor: [EARLY_FLOOR],
        of(&["ann buys 1 @ 100", "bob buys 1 @ 101", "sam sells 1 @ 100"])
            .one_at_a_time().mortals(&["floor"]).faults(1),
        "priority", 23 steps, 8 of the deal;
    two_introductions: [TWO_INTRODUCTIONS],
        of(&["ann buys 2 @ 100", "sam sells 1 @ 100", "tom sells 1 @ 100"]),
        "one-introduction", 12 steps, 6 of the deal;
    leak_across_worlds: [LEAK_ACROSS_WORLDS],
        of(&["ann buys 2 @ 100", "sam sells 1 @ 100", "tom sells 1 @ 100"])
            .may_die().mortals(&["world"]).faults(1),
        "solo", 19 steps, 13 of the deal;
    trusts_the_proposal_and_is_trusted: [TRUSTS_THE_PROPOSAL, JUDGE_TRUSTS_LOTS], smaller_incoming(),
        "no-overfill", 12 steps, 6 of the deal;
}

/// An incoming order that is made smaller while it is proposed to, so that it accepts less than that.
fn smaller_incoming() -> World {
    of(&["ann buys 2 @ 100", "sam sells 2 @ 100", "sam replaces 1 @ 100"])
}

/// What the maker says of the incoming order's lots is one check, and what the ledger sees of them another: each
/// stands in for the other, and the ledger voids what is not there.
#[test]
fn whoever_trusts_the_proposal_is_stopped_by_the_judge() {
    for mistake in [TRUSTS_THE_PROPOSAL, JUDGE_TRUSTS_LOTS] {
        let found = counterexample(&[mistake], &smaller_incoming());
        assert_eq!(found, None, "{}", mistake.name);
    }
}

/// A world neither duplicates nor reorders messages between two processes. So a maker gets one answer to each proposal,
/// and none while it waits for the ledger: rules 6 and 7 matter only on another transport. The order's model sends
/// duplicates, and so tests both rules: `tests/component/mistakes.rs`.
#[test]
fn doubled_answers_are_needed_to_break_these() {
    for mistake in [DECLINE_WHILE_CLOSING, WITHDRAW_WHILE_CLOSING] {
        for world in [named("buyer-and-seller", 1), named("a-cancel-in-flight", 1)] {
            assert_eq!(counterexample(&[mistake], &world), None, "{}", mistake.name);
        }
    }
}
