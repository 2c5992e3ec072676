//! Small worlds, gone through to the end: every schedule, every death within the budget, all laws.

use kernel::explore::Report;
use lab::explore::{Step, World, draw, explore, worlds};

/// Explores a world and says how any law comes to be broken.
fn proves(world: &World) -> Report<Step> {
    let found = explore(world);
    for verdict in &found.verdicts {
        if let Some(breach) = &verdict.breach {
            panic!("{}: {}\n{}", world.name, verdict.law, draw(world, &breach.what, &breach.path));
        }
        assert!(verdict.sometimes > 0, "{}: nothing puts {} to the test", world.name, verdict.law);
    }
    assert!(found.is_proof(), "{}: {found:?}", world.name);
    found
}

fn named(name: &str) -> World {
    World::named(name).expect("it is one of the named worlds")
}

#[test]
fn every_named_world_holds_without_faults() {
    for world in worlds() {
        if world.name != "given-up" {
            proves(&world.faults(0));
        }
    }
}

#[test]
fn a_deal_survives_any_death() {
    proves(&named("buyer-and-seller").faults(1));
    proves(&named("immediate-or-cancel").faults(1));
}

#[test]
fn a_cancel_and_a_replace_in_flight_survive_any_death() {
    proves(&named("a-cancel-in-flight").faults(1));
    proves(&named("a-replace-in-flight").faults(1));
}

#[test]
fn priority_survives_any_death() {
    proves(&named("one-at-a-time").faults(1));
}

#[test]
fn what_was_told_survives_the_loss_of_the_world() {
    proves(&named("the-world-dies").faults(1));
}
