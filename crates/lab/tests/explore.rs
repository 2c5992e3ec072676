//! Exhaustive exploration of small worlds: every schedule, every death within the budget, all laws.

use checker::explore::{Report, System};
use checker::second_opinion::{Checker, Model, SameSystem};
use kernel::Seeded;
use lab::explore::{Explorer, NoSuchDeath, State, Step, WhatIf, World, draw, explore, worlds};

/// Explores a world; panics with the path to a broken law.
fn proves(world: &World) -> Report<Step> {
    judged(world, explore(world))
}

fn judged(world: &World, found: Report<Step>) -> Report<Step> {
    for verdict in &found.verdicts {
        if let Some(counterexample) = &verdict.counterexample {
            panic!(
                "{}: {}\n{}",
                world.name,
                verdict.law,
                draw(world, &counterexample.what, &counterexample.path)
            );
        }
        assert!(verdict.sometimes > 0, "{}: nothing puts {} to the test", world.name, verdict.law);
    }
    assert!(found.is_proof(), "{}: {found:?}", world.name);
    found
}

/// Checks that no law is broken in the explored part of a world.
fn unbroken(found: &Report<Step>) {
    for verdict in &found.verdicts {
        assert!(verdict.counterexample.is_none(), "{}: {:?}", verdict.law, verdict.counterexample);
    }
}

fn named(name: &str) -> World {
    World::named(name).expect("it is one of the named worlds")
}

#[test]
fn every_named_world_holds_without_faults() {
    for world in worlds() {
        proves(&world.faults(0));
    }
}

#[test]
fn a_buyer_and_a_seller_survive_two_deaths() {
    proves(&named("buyer-and-seller"));
}

#[test]
fn a_buyer_and_a_seller_survive_the_death_of_all_orders_at_once() {
    proves(&named("buyer-and-seller").supervisors_too().faults(1));
}

#[test]
fn a_cancel_in_flight_survives_two_deaths() {
    proves(&named("a-cancel-in-flight").faults(2));
}

#[test]
fn a_replace_in_flight_survives_any_death() {
    proves(&named("a-replace-in-flight").faults(1));
}

#[test]
fn a_cancel_and_a_replace_in_flight_survive_any_death() {
    proves(&named("a-cancel-and-a-replace-in-flight").faults(1));
}

#[test]
fn two_buyers_and_a_cancel_in_flight_survive_any_death() {
    proves(&named("two-buyers-and-a-cancel").faults(1));
}

#[test]
fn two_buyers_and_a_seller_survive_any_death() {
    proves(&named("two-buyers-one-seller").faults(1));
}

#[test]
fn who_may_not_rest_does_not_whoever_dies() {
    proves(&named("immediate-or-cancel"));
}

#[test]
fn priority_survives_any_death() {
    proves(&named("one-at-a-time").faults(1));
}

#[test]
fn what_was_told_survives_the_loss_of_the_world() {
    proves(&named("the-world-dies").faults(1));
}

#[test]
fn who_dies_too_often_is_suspended_and_can_be_cancelled() {
    let suspended = |state: &State| state.history().lines().any(|line| line.suspended);
    let law = checker::explore::Law::always("an order is suspended", |_: &State| Ok(()));
    let world = named("given-up");
    let found = world.explorer().law(law.sometimes(suspended)).most_states(150_000).search();
    unbroken(&found);
    assert!(found.verdicts.last().is_some_and(|verdict| verdict.sometimes > 0));
}

/// Smaller twins of the searches in `large`: the same worlds, as far as some seconds allow.
#[test]
fn large_worlds_hold_in_their_first_states() {
    let worlds = [
        ("a-cancel-and-a-replace-in-flight", 2),
        ("two-buyers-a-cancel-and-a-replace", 1),
        ("two-and-two", 1),
    ];
    for (name, faults) in worlds {
        let found = named(name).faults(faults).explorer().most_states(200_000).search();
        unbroken(&found);
        assert!(found.states >= 200_000, "{name}: {found:?}");
    }
}

/// Worlds of millions of states, by two threads each: `cargo xtask test --long` runs them. Nextest knows this
/// module by its name, and runs one at a time.
mod large {
    use super::*;

    fn proves(world: &World) -> Report<Step> {
        judged(world, world.explorer().search_with(2))
    }

    #[test]
    fn a_cancel_and_a_replace_in_flight_survive_two_deaths() {
        proves(&named("a-cancel-and-a-replace-in-flight").faults(2));
    }

    #[test]
    fn two_buyers_a_cancel_and_a_replace_in_flight_survive_any_death() {
        proves(&named("two-buyers-a-cancel-and-a-replace").faults(1));
    }

    #[test]
    fn two_and_two_hold_in_the_first_million_states_with_a_death() {
        let found = named("two-and-two").faults(1).explorer().most_states(1_000_000).search_with(2);
        unbroken(&found);
        assert!(found.exhausted || found.states >= 1_000_000, "{found:?}");
    }
}

#[test]
fn worlds_that_came_the_same_way_or_another_to_the_same_state_are_one() {
    let world = named("buyer-and-seller");
    let first = |state: &State| {
        let mut moves = Vec::new();
        state.actions(&mut moves);
        moves
    };
    // Both orders enter; their announcements are sent in either order, and wait.
    let go = |order: [usize; 2]| {
        let mut state = world.start();
        for line in [0, 1] {
            state.make(&Step::Ask(line));
        }
        let enters = first(&state);
        for at in order {
            state.make(&enters[at]);
        }
        state.fingerprint()
    };
    assert_eq!(go([0, 1]), go([1, 0]));
    assert_ne!(world.start().fingerprint(), go([0, 1]));
}

#[test]
fn a_law_of_the_explorer_can_be_broken() {
    // A false law: no order ever trades. The explorer finds and draws the shortest path to a trade.
    let wrong = checker::explore::Law::always("no order trades", |state: &State| {
        let trades = state.history().lines().any(|line| line.trades > 0);
        if trades { Err("an order does".to_owned()) } else { Ok(()) }
    });
    let world = named("buyer-and-seller").faults(0);
    let found = checker::explore::Explorer::new(world.start()).law(wrong).search();
    let counterexample = found.verdicts[0].counterexample.as_ref().expect("an order trades");
    // Two commands; enter, announce, for both; introduce, propose, accept, record.
    assert_eq!(counterexample.path.len(), 10);
    let chart = draw(&world, &counterexample.what, &counterexample.path).to_string();
    assert!(chart.contains("traded d1"), "{chart}");
}

#[test]
fn a_death_at_an_arrow_is_drawn_to_its_end() {
    let death = WhatIf { who: "maker".into(), before: false, word: "accept".into(), nth: 1 };
    let world = named("buyer-and-seller");
    let aftermath = world.what_if(&death).expect("there is an accept");
    assert_eq!(aftermath.broken, None);
    let chart = aftermath.picture.to_string();
    assert!(chart.contains("x ann dies") && chart.contains("ann comes back"), "{chart}");
    for who in ["incoming", "floor", "ledger", "orders", "world"] {
        for before in [true, false] {
            let death = WhatIf { who: who.into(), before, ..death.clone() };
            let aftermath = world.what_if(&death).expect("all of them are there");
            assert_eq!(aftermath.broken, None, "{}", aftermath.picture);
        }
    }
    let absent = world.what_if(&WhatIf { who: "eve".into(), ..death.clone() });
    assert!(matches!(absent, Err(NoSuchDeath::NoProcess(_))), "{absent:?}");
    let never = world.what_if(&WhatIf { nth: 9, ..death });
    assert!(matches!(never, Err(NoSuchDeath::NoArrow(_))), "{never:?}");
}

#[test]
fn with_two_threads_the_same_is_found_as_with_one() {
    for world in [named("two-buyers-one-seller"), named("the-world-dies"), named("one-at-a-time")] {
        let world = world.faults(1);
        let report = |threads| world.explorer().most_states(8_000).search_with(threads);
        assert_eq!(report(1), report(2), "{}", world.name);
    }
    let wrong = || {
        checker::explore::Law::always("no order trades", |state: &State| {
            let trades = state.history().lines().any(|line| line.trades > 0);
            if trades { Err("an order does".to_owned()) } else { Ok(()) }
        })
    };
    let start = || named("two-buyers-one-seller").faults(0).start();
    let report = |threads| Explorer::new(start()).law(wrong()).search_with(threads);
    assert_eq!(report(1), report(2));
}

/// The explorer restores only the changed parts of a state. A restored state must equal the kept one.
#[test]
fn a_state_that_is_put_back_is_the_one_that_was_kept() {
    for world in worlds() {
        let mut chance = Seeded::new(7);
        let (mut desk, mut copy) = (world.start(), world.start());
        let mut kept: Vec<(<State as System>::Kept, State)> = Vec::new();
        let mut moves = Vec::new();
        for step in 0..1_500 {
            copy.actions(&mut moves);
            if moves.is_empty() || step % 7 == 0 && !kept.is_empty() {
                let (there, like_it) = &kept[chance.below(kept.len())];
                desk.put_back(there);
                copy = like_it.clone();
                copy.actions(&mut moves);
                assert_eq!(desk.fingerprint(), copy.fingerprint(), "{world}");
            }
            if moves.is_empty() {
                continue;
            }
            let chosen = moves[chance.below(moves.len())];
            desk.make(&chosen);
            copy.make(&chosen);
            assert_eq!(desk.fingerprint_anew(), copy.fingerprint(), "{world}: {chosen:?}");
            assert_eq!(desk.fingerprint(), copy.fingerprint(), "{world}: {chosen:?}");
            let mut same_moves = Vec::new();
            desk.actions(&mut same_moves);
            copy.actions(&mut moves);
            assert_eq!(same_moves, moves, "{world}");
            if step % 3 == 0 {
                kept.push((desk.keep(), copy.clone()));
            }
        }
    }
}

#[test]
fn stateright_counts_the_same_states_of_a_market() {
    for (name, faults) in
        [("buyer-and-seller", 1), ("a-cancel-in-flight", 0), ("the-world-dies", 0)]
    {
        let world = named(name).faults(faults);
        let ours = explore(&world);
        let same = SameSystem::new(world.start()).always(|state| state.broken().is_empty());
        let theirs = same.checker().spawn_bfs().join();
        theirs.assert_properties();
        assert_eq!(theirs.unique_state_count(), ours.states, "{}", world.name);
    }
}
