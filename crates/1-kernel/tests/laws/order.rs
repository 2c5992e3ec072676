//! In which order signals arrive.

use std::cell::Cell;
use std::rc::Rc;

use kernel::{Name, Node, Seeded};

use crate::actor::{Diary, act, crash, text, town};
use crate::schedule::{Schedule, under_every_schedule};

const SEEDS: u64 = 2000;

/// Two senders and two receivers; each sends 0 to 4 to both. What the receivers heard.
fn two_to_two(schedule: &mut Schedule) -> [Vec<String>; 2] {
    let (mut town, diary) = (town(), Diary::default());
    let (bob, eve) = (town.spawn(diary.actor("bob")), town.spawn(diary.actor("eve")));
    for sender in ["ann", "joe"] {
        let pid = town.spawn(diary.actor("sender"));
        for number in 0..5 {
            let say = text(format!("{sender} {number}"));
            town.send(
                pid,
                act(move |out| {
                    out.send(bob, say.clone());
                    out.send(eve, say.clone());
                }),
            );
        }
    }
    schedule.run(&mut town);
    assert_eq!(town.waiting(), 0);
    ["bob", "eve"].map(|who| diary.of(who))
}

fn from(sender: &str, heard: &[String]) -> Vec<String> {
    heard.iter().filter(|line| line.starts_with(sender)).cloned().collect()
}

#[test]
fn messages_between_a_pair_arrive_in_the_order_of_sending() {
    under_every_schedule(SEEDS, |schedule| {
        for heard in two_to_two(schedule) {
            for sender in ["ann", "joe"] {
                let sent: Vec<String> = (0..5).map(|n| format!("{sender} {n}")).collect();
                assert_eq!(from(sender, &heard), sent);
            }
        }
    });
}

#[test]
fn sometimes_messages_of_different_pairs_overtake_each_other() {
    let by_sender = Cell::new(0);
    let by_receiver = Cell::new(0);
    under_every_schedule(SEEDS, |schedule| {
        let [bob, eve] = two_to_two(schedule);
        by_sender.set(by_sender.get() + u32::from(bob[1].starts_with("joe")));
        by_receiver.set(by_receiver.get() + u32::from(bob != eve));
    });
    assert!(by_sender.get() > 100, "the second sender is first in {}", by_sender.get());
    assert!(by_receiver.get() > 100, "the receivers differ in {}", by_receiver.get());
}

#[test]
fn live_is_the_order_of_sending() {
    let [bob, eve] = two_to_two(&mut Schedule::Live);
    let sent: Vec<String> =
        ["ann", "joe"].iter().flat_map(|s| (0..5).map(move |n| format!("{s} {n}"))).collect();
    assert_eq!(bob[1..], sent);
    assert_eq!(eve[1..], sent);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in 0..200 {
        let run = || two_to_two(&mut Schedule::Seeded(Seeded::new(seed)));
        assert_eq!(run(), run(), "seed {seed}");
    }
}

#[test]
fn start_is_the_first_event_of_every_life() {
    under_every_schedule(SEEDS, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let newcomer = diary.clone();
        let (bob, ann) = (town.spawn(diary.actor("bob")), town.spawn(diary.actor("ann")));
        town.send(
            ann,
            act(move |out| {
                let child = out.spawn(newcomer.actor("child"));
                out.send(child, text("from its parent"));
                // Tells another, whose message may try to be there first.
                out.send(bob, act(move |out| out.send(child, text("from another"))));
                out.send(bob, act(move |out| out.exit_other(child, kernel::Reason::Killed)));
            }),
        );
        schedule.run(&mut town);
        assert_eq!(diary.of("child")[0], "start 1");
    });
}

#[test]
fn a_life_that_begins_with_a_message_hears_that_first_and_its_next_life_begins_with_start() {
    under_every_schedule(SEEDS, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let role = diary.role("order");
        let many = Node::many("orders", role.clone()).named(Name(1));
        town.grow(None, crate::supervision::pair(diary.role("x"), many));
        let orders = town.node("root/orders").expect("was grown");
        let ann = town.spawn(diary.actor("ann"));
        schedule.run(&mut town);
        town.send(ann, act(|out| out.multicast(Name(1), text("to all"))));
        let order = town.spawn_child_with(orders, 1, || role.actor(), text("the first"));
        town.send(order, text("the second"));
        town.send(order, crash());
        schedule.run(&mut town);
        let heard = diary.of("order 1");
        assert_eq!(heard[0], "the first");
        assert!(heard.iter().any(|line| line == "start 2"), "{heard:?}");
    });
}

#[test]
fn sometimes_mail_is_reordered_for_one_whose_life_began_with_a_message_live() {
    let mut overtaken = 0;
    for seed in 0..200 {
        let (mut town, diary) = (town(), Diary::default());
        let role = diary.role("order");
        let many = Node::many("orders", role.clone());
        town.grow(None, crate::supervision::pair(diary.role("x"), many));
        let orders = town.node("root/orders").expect("was grown");
        let order = town.spawn_child_with(orders, 1, || role.actor(), text("the first"));
        let [ann, eve] = ["ann", "eve"].map(|name| town.spawn(diary.actor(name)));
        town.run();
        town.send(ann, act(move |out| out.send(order, text("from ann"))));
        town.send(eve, act(move |out| out.send(order, text("from eve"))));
        assert!(town.deliver_at(0) && town.deliver_at(0));
        town.run_by(&mut Seeded::new(seed));
        assert_eq!(diary.of("order 1").len(), 3);
        overtaken += u32::from(diary.of("order 1")[1] == "from eve");
    }
    assert!(overtaken > 50, "{overtaken} of 200");
}

#[test]
fn what_a_process_sends_itself_arrives_in_order_among_its_timers() {
    under_every_schedule(500, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let ann = town.spawn(diary.actor("ann"));
        town.send(
            ann,
            act(|out| {
                out.timer(5, 1);
                out.send(out.me(), text("first"));
            }),
        );
        schedule.run(&mut town);
        town.set_time(5);
        town.send(ann, text("from outside"));
        schedule.run(&mut town);
        let mut heard = diary.of("ann");
        heard.retain(|line| line != "from outside");
        assert_eq!(heard, ["start 1", "first", "timer 1"]);
    });
}

#[test]
fn a_message_to_one_who_is_gone_is_counted_as_undeliverable() {
    under_every_schedule(200, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let (bob, ann) = (town.spawn(diary.actor("bob")), town.spawn(diary.actor("ann")));
        schedule.run(&mut town);
        town.kill(bob);
        let sent = Rc::new(Cell::new(0));
        let count = Rc::clone(&sent);
        town.send(
            ann,
            act(move |out| {
                out.send(bob, text("too late"));
                out.send(kernel::Pid::OUTSIDE, text("to no process"));
                count.set(2);
            }),
        );
        schedule.run(&mut town);
        assert_eq!(town.undeliverable(), sent.get());
    });
}

#[test]
fn a_run_in_portions_is_the_same_run() {
    let heard = |portion: Option<u64>| {
        let (mut town, diary) = (town(), Diary::default());
        let bob = town.spawn(diary.actor("bob"));
        let ann = town.spawn(diary.actor("ann"));
        for number in 0..5 {
            town.send(ann, act(move |out| out.send(bob, text(number))));
        }
        town.send(ann, crash());
        let Some(portion) = portion else {
            town.run();
            return diary.all();
        };
        while town.run_at_most(portion) == portion {}
        assert_eq!((town.waiting(), town.run_at_most(portion)), (0, 0));
        diary.all()
    };
    for portion in 1..20 {
        assert_eq!(heard(Some(portion)), heard(None), "{portion} at a time");
    }
}
