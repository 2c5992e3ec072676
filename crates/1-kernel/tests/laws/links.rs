//! Links, exit signals, trapping and killing.

use kernel::{Name, Pid, Reason};

use crate::actor::{Diary, Heard, Message, Town, act, crash, text, town, watch};
use crate::schedule::{Schedule, under_every_schedule};

const SEEDS: u64 = 500;

/// Ann has linked herself to bob.
fn linked(schedule: &mut Schedule) -> (Town, Diary, Pid, Pid) {
    let (mut town, diary) = (town(), Diary::default());
    let (ann, bob) = (town.spawn(diary.actor("ann")), town.spawn(diary.actor("bob")));
    town.send(ann, act(move |out| out.link(bob)));
    schedule.run(&mut town);
    (town, diary, ann, bob)
}

fn trap() -> Message {
    act(|out| out.trap_exits(true))
}

#[test]
fn a_link_works_both_ways() {
    for first in [true, false] {
        under_every_schedule(SEEDS, |schedule| {
            let (mut town, _, ann, bob) = linked(schedule);
            town.send(if first { ann } else { bob }, crash());
            schedule.run(&mut town);
            assert!(!town.is_alive(ann) && !town.is_alive(bob));
        });
    }
}

#[test]
fn failures_go_through_a_chain_of_links_with_their_reason() {
    under_every_schedule(SEEDS, |schedule| {
        let (mut town, diary, ann, bob) = linked(schedule);
        let eve = town.spawn(diary.actor("eve"));
        town.send(bob, act(move |out| out.link(eve)));
        let watcher = town.spawn(diary.actor("watcher"));
        town.send(watcher, watch(eve));
        schedule.run(&mut town);
        town.send(ann, crash());
        schedule.run(&mut town);
        assert_eq!(diary.of("watcher"), ["start 1", "down: failed: planned"]);
    });
}

#[test]
fn a_normal_end_takes_nobody_along_and_every_other_does() {
    for (reason, along) in [
        (Reason::Normal, false),
        (Reason::Shutdown, true),
        (Reason::Killed, true),
        (Reason::Said(3), true),
        (Reason::Failed("so".into()), true),
    ] {
        under_every_schedule(50, |schedule| {
            let (mut town, _, ann, bob) = linked(schedule);
            let reason = reason.clone();
            town.send(ann, act(move |out| out.exit(reason.clone())));
            schedule.run(&mut town);
            assert!(!town.is_alive(ann));
            assert_eq!(town.is_alive(bob), !along);
        });
    }
}

#[test]
fn who_traps_exits_hears_of_them_and_lives_on() {
    under_every_schedule(SEEDS, |schedule| {
        let (mut town, diary, ann, bob) = linked(schedule);
        town.send(bob, trap());
        schedule.run(&mut town);
        town.send(ann, act(move |out| out.send(bob, text("last words"))));
        town.send(ann, crash());
        schedule.run(&mut town);
        assert!(town.is_alive(bob));
        assert_eq!(diary.of("bob"), ["start 1", "last words", "exit: failed: planned"]);
    });
}

#[test]
fn who_traps_exits_hears_of_normal_ones_too() {
    let (mut town, diary, ann, bob) = linked(&mut Schedule::Live);
    town.send(bob, trap());
    town.send(ann, act(|out| out.exit(Reason::Normal)));
    town.run();
    assert_eq!(diary.of("bob"), ["start 1", "exit: normal"]);
}

#[test]
fn a_kill_cannot_be_trapped_and_those_linked_see_killed() {
    under_every_schedule(SEEDS, |schedule| {
        let (mut town, diary, ann, bob) = linked(schedule);
        town.send(ann, trap());
        town.send(bob, trap());
        schedule.run(&mut town);
        let eve = town.spawn(diary.actor("eve"));
        town.send(eve, act(move |out| out.exit_other(ann, Reason::Killed)));
        schedule.run(&mut town);
        assert!(!town.is_alive(ann));
        assert_eq!(diary.of("ann"), ["start 1"]);
        assert_eq!(diary.of("bob"), ["start 1", "exit: killed"]);
        assert!(town.is_alive(bob), "that another was killed can be trapped");
    });
}

#[test]
fn an_exit_signal_ends_who_does_not_trap_unless_it_is_normal() {
    for (reason, ends) in [(Reason::Normal, false), (Reason::Said(1), true)] {
        let (mut town, diary) = (town(), Diary::default());
        let (ann, bob) = (town.spawn(diary.actor("ann")), town.spawn(diary.actor("bob")));
        town.send(ann, act(move |out| out.exit_other(bob, reason.clone())));
        town.run();
        assert_eq!(town.is_alive(bob), !ends);
        assert!(town.is_alive(ann));
    }
}

#[test]
fn an_exit_signal_to_oneself_ends_even_if_it_is_normal() {
    for (reason, told) in [
        (Reason::Normal, "normal"),
        (Reason::Shutdown, "shutdown"),
        (Reason::Said(1), "said 1"),
        (Reason::Killed, "killed"),
    ] {
        under_every_schedule(50, |schedule| {
            let (mut town, diary) = (town(), Diary::default());
            let (ann, bob) = (town.spawn(diary.actor("ann")), town.spawn(diary.actor("bob")));
            town.send(bob, watch(ann));
            schedule.run(&mut town);
            let reason = reason.clone();
            town.send(
                ann,
                act(move |out| {
                    out.exit_other(out.me(), reason.clone());
                    out.send(bob, text("still in that step"));
                }),
            );
            schedule.run(&mut town);
            let told = format!("down: {told}");
            assert_eq!(diary.of("bob"), ["start 1", "still in that step", told.as_str()]);
        });
    }
}

#[test]
fn who_traps_exits_hears_of_those_it_sends_itself_but_for_a_kill() {
    for (reason, told) in [
        (Reason::Normal, Some("exit: normal")),
        (Reason::Said(1), Some("exit: said 1")),
        (Reason::Killed, None),
    ] {
        under_every_schedule(50, |schedule| {
            let (mut town, diary) = (town(), Diary::default());
            let ann = town.spawn(diary.actor("ann"));
            town.send(ann, trap());
            let reason = reason.clone();
            town.send(ann, act(move |out| out.exit_other(out.me(), reason.clone())));
            schedule.run(&mut town);
            assert_eq!(town.is_alive(ann), told.is_some());
            assert_eq!(diary.of("ann").get(1).map(String::as_str), told);
        });
    }
}

#[test]
fn who_traps_exits_hears_of_a_normal_one_that_another_sends() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let (ann, bob) = (town.spawn(diary.actor("ann")), town.spawn(diary.actor("bob")));
        town.send(bob, trap());
        schedule.run(&mut town);
        town.send(ann, act(move |out| out.exit_other(bob, Reason::Normal)));
        schedule.run(&mut town);
        assert_eq!(diary.of("bob"), ["start 1", "exit: normal"]);
    });
}

#[test]
fn who_ends_as_killed_by_itself_is_told_so_and_that_can_be_trapped() {
    let (mut town, diary, ann, bob) = linked(&mut Schedule::Live);
    town.send(bob, trap());
    town.send(ann, act(|out| out.exit(Reason::Killed)));
    town.run();
    assert_eq!(diary.of("bob"), ["start 1", "exit: killed"]);
}

#[test]
fn who_links_to_one_who_is_gone_gets_an_exit_signal_at_once() {
    for traps in [true, false] {
        under_every_schedule(SEEDS, |schedule| {
            let (mut town, diary) = (town(), Diary::default());
            let (ann, bob) = (town.spawn(diary.actor("ann")), town.spawn(diary.actor("bob")));
            schedule.run(&mut town);
            town.kill(bob);
            town.send(ann, act(move |out| out.trap_exits(traps)));
            town.send(ann, act(move |out| out.link(bob)));
            schedule.run(&mut town);
            assert_eq!(town.is_alive(ann), traps);
            assert_eq!(diary.of("ann").len(), if traps { 2 } else { 1 });
        });
    }
}

#[test]
fn an_unlinked_pair_lives_and_dies_apart_whoever_unlinked() {
    for by_ann in [true, false] {
        under_every_schedule(SEEDS, |schedule| {
            let (mut town, _, ann, bob) = linked(schedule);
            let (by, other) = if by_ann { (ann, bob) } else { (bob, ann) };
            town.send(by, act(move |out| out.unlink(other)));
            schedule.run(&mut town);
            town.send(ann, crash());
            schedule.run(&mut town);
            assert!(town.is_alive(bob) && !town.is_alive(ann));
        });
    }
}

#[test]
fn after_unlink_no_exit_signal_of_the_link_arrives_even_if_it_was_on_its_way() {
    let (mut town, _, ann, bob) = linked(&mut Schedule::Live);
    town.send(bob, act(move |out| out.unlink(ann)));
    town.kill(ann); // the signal is sent after bob's order, and bob obeys first
    town.run();
    assert!(town.is_alive(bob));
}

#[test]
fn to_link_twice_is_to_link_once() {
    let (mut town, diary, ann, bob) = linked(&mut Schedule::Live);
    town.send(bob, trap());
    town.send(ann, act(move |out| out.link(bob)));
    town.send(bob, act(move |out| out.link(ann)));
    town.send(ann, act(|out| out.link(out.me())));
    town.run();
    town.kill(ann);
    town.run();
    assert_eq!(diary.of("bob"), ["start 1", "exit: killed"]);
}

#[test]
fn a_link_to_one_between_two_lives_ties_the_next_life_both_ways() {
    for ann_first in [true, false] {
        let (mut town, diary) = (town(), Diary::default());
        let node = kernel::Node::one("bob", diary.role("bob")).named(Name(1));
        town.grow(None, crate::supervision::pair(diary.role("other"), node));
        let ann = town.spawn(diary.actor("ann"));
        town.run();
        let bob = crate::actor::bearer(&town, Name(1));
        town.send(ann, act(move |out| out.link(out.whereis(Name(1)).expect("next life"))));
        town.kill(bob);
        town.run();
        let next = crate::actor::bearer(&town, Name(1));
        assert!(town.is_alive(ann) && town.is_alive(next));
        town.kill(if ann_first { ann } else { next });
        town.run();
        assert!(!town.is_alive(ann), "ann_first: {ann_first}");
        let lives = diary.of("bob").len();
        assert_eq!(lives, 3, "the second life ended with ann's, ann_first: {ann_first}");
    }
}

#[test]
fn an_exit_event_says_from_whom_the_signal_is() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary, ann, bob) = linked(schedule);
        town.send(bob, trap());
        let eve = town.spawn(diary.actor("eve"));
        schedule.run(&mut town);
        town.send(eve, act(move |out| out.exit_other(bob, Reason::Said(1))));
        schedule.run(&mut town);
        town.send(ann, act(|out| out.exit(Reason::Said(2))));
        schedule.run(&mut town);
        let exits = [Heard::Exit { from: eve }, Heard::Exit { from: ann }];
        assert_eq!(diary.events("bob")[1..], exits);
    });
}

#[test]
fn an_exit_signal_to_one_who_is_gone_is_lost() {
    let (mut town, diary) = (town(), Diary::default());
    let (ann, bob) = (town.spawn(diary.actor("ann")), town.spawn(diary.actor("bob")));
    town.kill(bob);
    town.send(ann, act(move |out| out.exit_other(bob, Reason::Killed)));
    town.send(ann, act(|out| out.exit_other(Pid::OUTSIDE, Reason::Killed)));
    let next = town.spawn(diary.actor("next")); // where bob was
    town.run();
    assert!(town.is_alive(ann) && town.is_alive(next) && next.index() == bob.index());
    assert_eq!(town.undeliverable(), 2 + 1, "and bob's start");
}

#[test]
fn who_traps_exits_no_more_is_ended_by_them_again() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary, ann, bob) = linked(schedule);
        town.send(bob, trap());
        town.send(bob, act(|out| out.trap_exits(false)));
        schedule.run(&mut town);
        town.send(ann, crash());
        schedule.run(&mut town);
        assert!(!town.is_alive(bob) && diary.of("bob") == ["start 1"]);
    });
}

#[test]
fn who_unlinks_one_to_whom_it_is_not_linked_changes_nothing() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary, ann, bob) = linked(schedule);
        let (eve, gone) = (town.spawn(diary.actor("eve")), town.spawn(diary.actor("gone")));
        town.kill(gone);
        schedule.run(&mut town);
        let before = town.census();
        for other in [eve, gone, ann, Pid::OUTSIDE] {
            town.send(ann, act(move |out| out.unlink(other)));
        }
        schedule.run(&mut town);
        assert_eq!(town.census(), before);
        town.send(ann, crash());
        schedule.run(&mut town);
        assert!(!town.is_alive(bob) && town.is_alive(eve));
    });
}
