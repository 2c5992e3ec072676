//! The flight recorder, and runs that are repeated.

use kernel::{Live, Recorded, Scheduler, Seeded};
use proptest::prelude::*;

use crate::actor::{Diary, act, text, town};
use crate::roamer::{Shared, Wild, wild};
use crate::schedule::{Recording, quietly};

/// Runs a wild world by a chooser, for a while.
fn run(seed: u64, scheduler: &mut impl Scheduler) -> Wild {
    let (mut world, _) = wild(seed, &Shared::default());
    let mut ready = Vec::new();
    for step in 0..2_000 {
        if !world.step_by(scheduler, &mut ready) {
            break;
        }
        world.set_time(step / 10);
    }
    world
}

fn past(world: &Wild) -> Vec<String> {
    world.past().map(|(_, envelope)| format!("{envelope:?}")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_recorded_run_repeats_a_seeded_one_exactly(world in any::<u64>(), picks in any::<u64>()) {
        quietly();
        let mut recording = Recording { scheduler: Seeded::new(picks), picks: Vec::new() };
        let first = run(world, &mut recording);
        let again = run(world, &mut Recorded::new(recording.picks.into_iter()));
        prop_assert_eq!(&first.watch.all, &again.watch.all);
        prop_assert_eq!(past(&first), past(&again));
        prop_assert_eq!(first.census(), again.census());
    }

    #[test]
    fn the_live_chooser_does_what_running_does(seed in any::<u64>()) {
        quietly();
        let (mut one, _) = wild(seed, &Shared::default());
        one.run();
        let (mut other, _) = wild(seed, &Shared::default());
        other.run_by(&mut Live);
        prop_assert_eq!(&one.watch.all, &other.watch.all);
        prop_assert_eq!(one.census(), other.census());
    }

    #[test]
    fn the_flight_recorder_holds_the_last_deliveries_whatever_happened(
        world in any::<u64>(), picks in any::<u64>()
    ) {
        quietly();
        let world = run(world, &mut Seeded::new(picks));
        let (past, all) = (past(&world), &world.watch.all);
        prop_assert!(all.ends_with(&past), "what is remembered is what happened last");
        prop_assert!(past.len() >= all.len().min(512), "{} of {}", past.len(), all.len());
        let numbers: Vec<u64> = world.past().map(|(number, _)| number).collect();
        prop_assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]));
    }
}

#[test]
fn a_recorded_run_stops_where_its_picks_end_or_fit_no_more() {
    let (mut town, diary) = (town(), Diary::default());
    let ann = town.spawn(diary.actor("ann"));
    for word in ["one", "two"] {
        town.send(ann, text(word));
    }
    assert_eq!(town.run_by(&mut Recorded::new([0, 0].into_iter())), 2);
    assert_eq!(town.run_by(&mut Recorded::new([9].into_iter())), 0);
    assert_eq!((town.waiting(), diary.of("ann")), (1, vec!["start 1".into(), "one".into()]));
}

#[test]
fn an_undone_step_is_remembered_but_what_it_would_have_sent_is_not() {
    quietly();
    let (mut town, diary) = (town(), Diary::default());
    let ann = town.spawn(diary.actor("ann"));
    for number in 0..3_000 {
        town.send(ann, text(number));
        town.run();
    }
    assert!(town.past().count() >= 1_000);
    town.send(
        ann,
        act(|out| {
            for number in 0..600 {
                out.send(out.me(), text(format!("undone {number}")));
            }
            panic!("planned")
        }),
    );
    town.run();
    assert!(town.past().count() >= 400);
    assert!(town.past().all(|(_, envelope)| !format!("{envelope:?}").contains("undone")));
    let last = town.past().last().map(|(number, _)| number);
    assert_eq!(last, Some(3_001), "start, messages, and the last step");
}

#[test]
fn an_undone_step_that_made_the_ring_grow_leaves_its_order_and_its_past_alone() {
    quietly();
    let (mut town, diary) = (town(), Diary::default());
    let [ann, bob] = ["ann", "bob"].map(|name| town.spawn(diary.actor(name)));
    for number in 0..100 {
        town.send(bob, text(number));
    }
    town.run();
    town.send(
        ann,
        act(move |out| {
            for number in 0..10_000 {
                out.send(bob, text(format!("undone {number}")));
            }
            panic!("planned")
        }),
    );
    town.send(bob, text("after"));
    town.run();
    let numbers: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    assert_eq!(diary.of("bob")[1..101], numbers);
    assert_eq!(diary.of("bob")[101..], ["after"]);
    assert!(town.past().all(|(_, envelope)| !format!("{envelope:?}").contains("undone")));
}
