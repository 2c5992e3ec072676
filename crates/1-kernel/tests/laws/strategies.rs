//! What becomes of a dead child's siblings.

use kernel::{Intensity, Name, Node, Restart, Strategy};

use crate::actor::{Diary, Heard, Town, act, crash, text, town};
use crate::schedule::{Schedule, under_every_schedule};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// Four children a, b, c, d, of which c has died. The diary holds what was heard since.
fn c_dies(strategy: Strategy, schedule: &mut Schedule) -> (Town, Diary) {
    let (mut town, diary) = (town(), Diary::default());
    let children = (1..)
        .zip(NAMES)
        .map(|(number, name)| Node::one(name, diary.role(name)).named(Name(number)));
    let tree = Node::group("root", strategy, Intensity::times(1), children.collect());
    town.grow(None, tree);
    schedule.run(&mut town);
    diary.clear();
    town.send_to(Name(3), crash());
    schedule.run(&mut town);
    (town, diary)
}

#[test]
fn one_for_one_restarts_the_dead_child_alone() {
    under_every_schedule(100, |schedule| {
        let (_, diary) = c_dies(Strategy::OneForOne, schedule);
        assert_eq!(diary.all(), ["c: start 2"]);
    });
}

#[test]
fn one_for_all_restarts_all_in_order() {
    under_every_schedule(100, |schedule| {
        let (_, diary) = c_dies(Strategy::OneForAll, schedule);
        assert_eq!(diary.all(), ["a: start 2", "b: start 2", "c: start 2", "d: start 2"]);
    });
}

#[test]
fn rest_for_one_restarts_the_dead_child_and_those_after_it_in_order() {
    under_every_schedule(100, |schedule| {
        let (_, diary) = c_dies(Strategy::RestForOne, schedule);
        assert_eq!(diary.all(), ["c: start 2", "d: start 2"]);
    });
}

#[test]
fn after_any_strategy_all_are_found_under_their_names() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        under_every_schedule(100, |schedule| {
            let (mut town, diary) = c_dies(strategy, schedule);
            diary.clear();
            for number in 1..=4 {
                assert!(town.send_to(Name(number), text("hello")));
            }
            schedule.run(&mut town);
            for name in NAMES {
                assert_eq!(diary.of(name), ["hello"]);
            }
            assert_eq!((town.census().processes, town.census().supervisors), (4, 1));
        });
    }
}

#[test]
fn siblings_are_ended_in_reverse_order_and_who_watches_is_told() {
    let (mut town, diary) = (town(), Diary::default());
    let children = (1..)
        .zip(NAMES)
        .map(|(number, name)| Node::one(name, diary.role(name)).named(Name(number)));
    let tree = Node::group("root", Strategy::OneForAll, Intensity::times(1), children.collect());
    town.grow(None, tree);
    let ann = town.spawn(diary.actor("ann"));
    town.send(
        ann,
        act(|out| {
            for number in 1..=4 {
                let pid = out.whereis(Name(number)).expect("was named");
                out.monitor(pid);
            }
        }),
    );
    town.run();
    let pids: Vec<_> = (1..=4).filter_map(|number| town.whereis(Name(number))).collect();
    town.send_to(Name(3), crash());
    crate::schedule::quietly();
    town.run();
    let downs: Vec<_> = diary
        .events("ann")
        .into_iter()
        .filter_map(|event| match event {
            Heard::Down { pid, .. } => Some(pid),
            _ => None,
        })
        .collect();
    assert_eq!(downs, [pids[2], pids[3], pids[1], pids[0]]);
    assert_eq!(
        diary.of("ann")[1..],
        ["down: failed: planned", "down: shutdown", "down: shutdown", "down: shutdown"]
    );
}

#[test]
fn two_who_die_at_once_are_both_back_and_only_once() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        under_every_schedule(500, |schedule| {
            let (mut town, diary) = (town(), Diary::default());
            let children = (1..)
                .zip(NAMES)
                .map(|(number, name)| Node::one(name, diary.role(name)).named(Name(number)));
            let tree = Node::group("root", strategy, Intensity::times(5), children.collect());
            town.grow(None, tree);
            town.send_to(Name(2), crash());
            town.send_to(Name(4), crash());
            schedule.run(&mut town);
            assert_eq!((town.census().processes, town.census().supervisors), (4, 1));
            assert_eq!(town.death(), None);
            for number in 1..=4 {
                assert!(town.send_to(Name(number), text("hello")));
            }
            schedule.run(&mut town);
            for name in NAMES {
                assert_eq!(diary.of(name).last().map(String::as_str), Some("hello"));
            }
        });
    }
}

#[test]
fn a_temporary_sibling_that_is_ended_with_others_stays_away_and_a_transient_one_comes_back() {
    under_every_schedule(100, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let children = vec![
            Node::one("a", diary.role("a")).named(Name(1)),
            Node::one("b", diary.role("b")).named(Name(2)).restarted(Restart::Temporary),
            Node::one("c", diary.role("c")).named(Name(3)).restarted(Restart::Transient),
        ];
        town.grow(None, Node::group("root", Strategy::OneForAll, Intensity::times(1), children));
        town.send_to(Name(1), crash());
        schedule.run(&mut town);
        let lives = NAMES.map(|name| diary.of(name).len());
        assert_eq!(lives, [2, 1, 2, 0]);
        assert_eq!(town.whereis(Name(2)), None);
    });
}

#[test]
fn a_branch_that_is_a_sibling_is_ended_and_started_whole() {
    under_every_schedule(100, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let role = diary.role("order");
        let branch = vec![
            Node::one("b", diary.role("b")),
            Node::many("orders", role.clone()).named(Name(2)),
        ];
        let branch = Node::group("branch", Strategy::OneForOne, Intensity::times(1), branch);
        let children = vec![Node::one("a", diary.role("a")).named(Name(1)), branch];
        town.grow(None, Node::group("root", Strategy::RestForOne, Intensity::times(2), children));
        let orders = town.node("root/branch/orders").expect("was grown");
        for key in [1, 2] {
            let pid = town.spawn_child(orders, key, role.actor());
            let enters = act(move |out| out.record(crate::actor::Fact::Enters(key)));
            if key == 1 {
                town.send(pid, enters);
            }
        }
        schedule.run(&mut town);
        town.send_to(Name(1), crash());
        schedule.run(&mut town);
        assert_eq!(diary.of("b"), ["start 1", "start 2"]);
        assert_eq!(diary.of("order 1"), ["start 1", "start 2"]);
        assert_eq!(diary.of("order 2"), ["start 1"], "the log does not know it");
        assert_eq!((town.child(orders, 1).is_some(), town.child(orders, 2)), (true, None));
        assert_eq!((town.census().processes, town.census().supervisors), (3, 3));
    });
}
