//! Timers, on virtual time.

use std::cell::Cell;
use std::rc::Rc;

use kernel::{Name, Node, Reason};

use crate::actor::{Diary, Message, act, crash, town};
use crate::schedule::{quietly, under_every_schedule};
use crate::supervision::pair;

fn timer(after: u64, token: u64) -> Message {
    act(move |out| {
        out.timer(after, token);
    })
}

#[test]
fn timers_fire_in_order_of_their_time_and_then_of_their_setting() {
    under_every_schedule(500, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let ann = town.spawn(diary.actor("ann"));
        for (after, token) in [(30, 1), (10, 2), (20, 3), (10, 4), (0, 5)] {
            town.send(ann, timer(after, token));
        }
        schedule.run(&mut town);
        assert_eq!(diary.of("ann"), ["start 1"], "no time has passed");
        assert_eq!(town.next_timer(), Some(0));
        town.set_time(19);
        schedule.run(&mut town);
        assert_eq!(diary.of("ann")[1..], ["timer 5", "timer 2", "timer 4"]);
        assert_eq!(town.next_timer(), Some(20));
        town.set_time(20);
        town.set_time(1_000);
        schedule.run(&mut town);
        assert_eq!(diary.of("ann")[4..], ["timer 3", "timer 1"]);
        assert_eq!(town.next_timer(), None);
    });
}

#[test]
fn time_never_goes_back() {
    let (mut town, diary) = (town(), Diary::default());
    let ann = town.spawn(diary.actor("ann"));
    town.set_time(100);
    town.set_time(50);
    town.send(ann, timer(10, 1));
    town.run();
    assert_eq!(town.next_timer(), Some(110));
}

#[test]
fn a_cancelled_timer_does_not_fire() {
    let (mut town, diary) = (town(), Diary::default());
    let ann = town.spawn(diary.actor("ann"));
    let kept = Rc::new(Cell::new(None));
    let keep = Rc::clone(&kept);
    town.send(ann, act(move |out| keep.set(Some(out.timer(10, 1)))));
    town.send(ann, timer(10, 2));
    town.run();
    town.send(ann, act(move |out| out.cancel_timer(kept.get().expect("was set"))));
    town.run();
    town.set_time(10);
    town.run();
    assert_eq!(diary.of("ann"), ["start 1", "timer 2"]);
    assert_eq!(town.census().timers, 0);
}

#[test]
fn a_timer_set_and_cancelled_in_one_step_does_not_fire() {
    let (mut town, diary) = (town(), Diary::default());
    let ann = town.spawn(diary.actor("ann"));
    town.send(
        ann,
        act(|out| {
            let timer = out.timer(1, 1);
            out.cancel_timer(timer);
        }),
    );
    town.run();
    assert_eq!(town.next_timer(), None);
}

#[test]
fn the_timers_of_a_life_end_with_it() {
    for end in [crash(), act(|out| out.exit(Reason::Normal))] {
        quietly();
        let (mut town, diary) = (town(), Diary::default());
        town.grow(None, pair(diary.role("x"), Node::one("ann", diary.role("ann")).named(Name(1))));
        town.send_to(Name(1), timer(10, 1));
        town.send_to(Name(1), timer(20, 2));
        town.send_to(Name(1), end);
        town.run();
        town.send_to(Name(1), timer(15, 3));
        town.run();
        assert_eq!(town.census().timers, 1);
        town.set_time(100);
        town.run();
        assert_eq!(diary.of("ann"), ["start 1", "start 2", "timer 3"]);
        assert_eq!((town.undeliverable(), town.census().timers), (0, 0));
    }
}

#[test]
fn a_timer_can_be_set_when_a_timer_fires() {
    let (mut town, diary) = (town(), Diary::default());
    let role = diary.role("ann").starting(|out| {
        out.timer(10, 1);
    });
    town.spawn(role.actor());
    let step = |town: &mut crate::actor::Town| {
        let due = town.next_timer()?;
        town.set_time(due);
        town.run();
        Some(due)
    };
    town.run();
    assert_eq!(step(&mut town), Some(10));
    assert_eq!(step(&mut town), None);
    assert_eq!(diary.of("ann"), ["start 1", "timer 1"]);
}

#[test]
fn a_timer_beyond_the_end_of_time_is_at_the_end_of_time() {
    let (mut town, diary) = (town(), Diary::default());
    let ann = town.spawn(diary.actor("ann"));
    town.set_time(5);
    town.send(ann, timer(u64::MAX, 1));
    town.run();
    assert_eq!(town.next_timer(), Some(u64::MAX));
}

#[test]
fn a_timer_can_be_cancelled_by_whoever_knows_it() {
    let (mut town, diary) = (town(), Diary::default());
    let (ann, bob) = (town.spawn(diary.actor("ann")), town.spawn(diary.actor("bob")));
    town.send(
        ann,
        act(move |out| {
            let timer = out.timer(5, 1);
            out.send(bob, act(move |out| out.cancel_timer(timer)));
        }),
    );
    town.run();
    town.set_time(9);
    town.run();
    assert_eq!((diary.of("ann").len(), town.census().timers), (1, 0));
}
