//! Short-lived helpers: their end is reported once, with its reason, and nothing is left when either ends first.

use kernel::{Intensity, Name, Node, Reason, Strategy};

use crate::actor::{Diary, Town, act, crash, text, town};
use crate::schedule::{Schedule, quietly, under_every_schedule};

/// A message that ends its receiver.
type End = fn() -> crate::actor::Message;

/// A boss in the tree, with a place for helpers beside it.
fn shop() -> (Town, Diary) {
    quietly();
    let (mut town, diary) = (town(), Diary::default());
    let children = vec![
        Node::one("boss", diary.role("boss")).named(Name(1)),
        Node::many("helpers", diary.role("helper")).named(Name(2)),
    ];
    town.grow(None, Node::group("root", Strategy::OneForOne, Intensity::times(9), children));
    (town, diary)
}

#[test]
fn a_monitored_helpers_end_is_told_once_with_its_reason_also_if_it_never_got_to_work() {
    let ends: [(End, &str); 3] = [
        (|| act(|out| out.exit(Reason::Normal)), "down: normal"),
        (|| act(|out| out.exit(Reason::Said(4))), "down: said 4"),
        (crash, "down: failed: planned"),
    ];
    for (end, told) in ends {
        under_every_schedule(50, |schedule| {
            let (mut town, diary) = shop();
            let helper = diary.actor("helper");
            town.send_to(
                Name(1),
                act(move |out| {
                    let (pid, monitor) = out.spawn_monitored(helper.clone());
                    out.send(pid, end());
                    assert_ne!(monitor, out.monitor(out.me()));
                }),
            );
            schedule.run(&mut town);
            assert_eq!(diary.of("boss"), ["start 1", told]);
        });
    }
}

#[test]
fn a_linked_helper_ends_with_whom_it_works_for_however_that_ends() {
    let ends: [(End, usize); 4] = [
        (crash, 0),
        (|| act(|out| out.exit(Reason::Said(1))), 0),
        (|| act(|out| out.exit(Reason::Shutdown)), 0),
        (|| act(|out| out.exit(Reason::Normal)), 1), // as in Erlang: that is no reason to go
    ];
    for (end, left) in ends {
        under_every_schedule(50, |schedule| {
            let (mut town, diary) = shop();
            let helper = diary.actor("helper");
            town.send_to(
                Name(1),
                act(move |out| {
                    out.spawn_linked(helper.clone());
                }),
            );
            town.send_to(Name(1), end());
            schedule.run(&mut town);
            let alive = town.census().processes - 1;
            assert_eq!((alive, town.census().links), (left, 0));
        });
    }
}

#[test]
fn a_linked_helper_that_fails_takes_whom_it_works_for_along_unless_that_traps() {
    for (traps, lines) in
        [(false, vec!["start 1", "start 2"]), (true, vec!["start 1", "exit: failed: planned"])]
    {
        under_every_schedule(50, |schedule| {
            let (mut town, diary) = shop();
            let helper = diary.actor("helper");
            town.send_to(
                Name(1),
                act(move |out| {
                    out.trap_exits(traps);
                    let pid = out.spawn_linked(helper.clone());
                    out.send(pid, crash());
                }),
            );
            schedule.run(&mut town);
            assert_eq!(diary.of("boss"), lines);
            assert_eq!(town.census().links, 0);
        });
    }
}

#[test]
fn a_step_that_is_undone_has_no_helpers() {
    let (mut town, diary) = shop();
    let helper = diary.actor("helper");
    let before = town.census();
    town.send_to(
        Name(1),
        act(move |out| {
            out.spawn_monitored(helper.clone());
            out.spawn_linked(helper.clone());
            out.spawn_child_monitored(Name(2), 1, helper.clone());
            panic!("planned")
        }),
    );
    town.run();
    let after = town.census();
    assert_eq!(after.processes, before.processes);
    assert_eq!((after.links, after.slots - after.free), (0, before.slots - before.free));
    assert!(diary.of("helper").is_empty());
}

#[test]
fn a_child_is_refused_by_a_supervisor_that_is_not_there_and_a_monitor_says_so() {
    for at_once in [false, true] {
        under_every_schedule(50, |schedule| is_refused(schedule, at_once));
    }
}

fn is_refused(schedule: &mut Schedule, at_once: bool) {
    let (mut town, diary) = shop();
    let helper = diary.role("helper");
    let spawn = move |name: u32| {
        let helper = helper.clone();
        act(move |out| {
            let pid = if at_once {
                out.spawn_child_monitored(Name(name), 1, helper.actor()).0
            } else {
                let pid = out.spawn_child(Name(name), 1, helper.actor());
                out.monitor(pid);
                pid
            };
            out.send(pid, text("work"));
        })
    };
    schedule.run(&mut town);
    // Between two lives: the next life would not know of the child.
    town.kill(town.whereis(Name(2)).expect("was named"));
    town.send_to(Name(1), spawn(2));
    assert!(town.deliver_at(1), "the boss comes before the root");
    schedule.run(&mut town);
    assert_eq!(diary.of("boss"), ["start 1", "down: no process"]);
    assert_eq!(town.undeliverable(), 2, "its start, and the message");
    // A key that is taken: the one who has it is left alone.
    town.send_to(Name(1), spawn(2));
    schedule.run(&mut town);
    town.send_to(Name(1), spawn(2));
    schedule.run(&mut town);
    assert_eq!(diary.of("helper 1"), ["start 1", "work"]);
    assert_eq!(diary.of("boss"), ["start 1", "down: no process", "down: no process"]);
    // No process has that name.
    town.send_to(Name(1), spawn(7));
    schedule.run(&mut town);
    assert_eq!(diary.of("boss").len(), 4);
    let census = town.census();
    assert_eq!((census.processes, census.slots), (2, census.free + 4));
}

#[test]
fn what_is_said_to_all_children_reaches_also_the_next_life_of_one_that_has_just_died() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary) = shop();
        let helpers = town.node("root/helpers").expect("was grown");
        let pids = [1, 2].map(|key| town.spawn_child(helpers, key, diary.role("helper").actor()));
        schedule.run(&mut town);
        town.kill(pids[0]);
        town.send_to(Name(1), act(|out| out.multicast(Name(2), text("all"))));
        assert!(town.deliver_at(1), "the boss comes before the supervisor");
        schedule.run(&mut town);
        assert_eq!(diary.of("helper 1"), ["start 1", "start 2", "all"]);
        assert_eq!(diary.of("helper 2"), ["start 1", "all"]);
    });
}
