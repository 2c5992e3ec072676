//! Ending in good order: who is asked, who is waited for, for how long, and what comes after.

use kernel::{Intensity, Name, Node, NodeId, Reason, Shutdown, Strategy};

use crate::actor::{Diary, Heard, Role, Town, act, bearer, crash, text, town};
use crate::schedule::under_every_schedule;

/// Needs another message, to itself, before it ends.
fn slow(diary: &Diary, name: &'static str) -> Role {
    diary.role(name).trapping(|out| {
        let me = out.me();
        out.send(me, text("last words"));
        out.send(me, act(|out| out.exit(Reason::Shutdown)));
    })
}

/// Takes no notice.
fn deaf(diary: &Diary, name: &'static str) -> Role {
    diary.role(name).trapping(|_| {})
}

fn root(strategy: Strategy, children: Vec<Node<Role>>) -> Node<Role> {
    Node::group("root", strategy, Intensity::times(3), children).named(Name(9))
}

/// A process outside the tree that monitors the processes with these names, in this order.
fn witness(town: &mut Town, diary: &Diary, names: &'static [u32]) {
    let ann = town.spawn(diary.actor("witness"));
    let monitor = act(move |out| {
        for name in names {
            let pid = out.whereis(Name(*name)).expect("was named");
            out.monitor(pid);
        }
    });
    town.send(ann, monitor);
    town.run();
}

/// Who ended, in which order, as the witness heard.
fn ends(diary: &Diary) -> Vec<(usize, String)> {
    let downs = diary.events("witness").into_iter().filter_map(|event| match event {
        Heard::Down { pid, reason, .. } => Some((pid.index(), reason.to_string())),
        _ => None,
    });
    downs.collect()
}

fn node(town: &Town, path: &str) -> NodeId {
    town.node(path).expect("was grown")
}

#[test]
fn whoever_traps_exits_may_finish_and_the_next_is_asked_only_then() {
    under_every_schedule(100, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let children = ["a", "b", "c"].map(|name| Node::one(name, slow(&diary, name)));
        town.grow(None, root(Strategy::OneForOne, children.into()));
        town.shut_down();
        assert!(town.death().is_none(), "c is asked, and has not heard of it");
        schedule.run(&mut town);
        let last =
            ["c", "b", "a"].map(|n| [format!("{n}: exit: shutdown"), format!("{n}: last words")]);
        assert_eq!(diary.all()[3..], last.concat());
        assert_eq!(town.death(), Some(&Reason::Shutdown));
        let census = town.census();
        assert_eq!((census.processes, census.supervisors, census.timers), (0, 0, 0));
        assert_eq!(census.slots, census.free);
    });
}

#[test]
fn a_world_in_which_nobody_traps_is_shut_down_at_once() {
    let (mut town, diary) = (town(), Diary::default());
    let inner = vec![Node::one("a", diary.role("a")), Node::many("many", diary.role("order"))];
    let inner = Node::group("inner", Strategy::OneForAll, Intensity::times(1), inner);
    town.grow(None, root(Strategy::OneForOne, vec![inner, Node::one("b", diary.role("b"))]));
    town.spawn_child(node(&town, "root/inner/many"), 1, diary.role("order").actor());
    town.shut_down();
    assert_eq!(town.death(), Some(&Reason::Shutdown));
    assert_eq!((town.census().processes, town.census().supervisors), (0, 0));
}

#[test]
fn a_world_of_one_process_is_shut_down_as_well() {
    for (traps, steps) in [(false, false), (true, true)] {
        let (mut town, diary) = (town(), Diary::default());
        let role = if traps { slow(&diary, "a") } else { diary.role("a") };
        town.grow(None, Node::one("a", role));
        town.shut_down();
        assert_eq!(town.death().is_none(), steps);
        town.run();
        assert_eq!(town.death(), Some(&Reason::Shutdown));
    }
}

#[test]
fn whoever_is_there_at_its_limit_is_killed_and_the_next_has_its_own_limit() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let one = |name, number, limit| {
            let node = Node::one(name, deaf(&diary, name)).named(Name(number));
            node.shutdown(Shutdown::Within(limit))
        };
        town.grow(None, root(Strategy::OneForOne, vec![one("a", 1, 5), one("b", 2, 10)]));
        witness(&mut town, &diary, &[1, 2]);
        town.shut_down();
        let mut log = Vec::new();
        for time in [9, 10, 14, 15] {
            town.set_time(time);
            schedule.run(&mut town);
            log.push((time, ends(&diary).len(), town.death().is_some()));
        }
        assert_eq!(log, [(9, 0, false), (10, 1, false), (14, 1, false), (15, 2, true)]);
        assert!(ends(&diary).iter().all(|(_, reason)| reason == "killed"));
        assert_eq!(
            diary.of("b").last().map(String::as_str),
            Some("exit: shutdown"),
            "it was asked"
        );
        assert_eq!(town.census().timers, 0);
    });
}

#[test]
fn whoever_is_to_be_killed_is_not_asked_and_whoever_has_for_ever_is_waited_for() {
    let (mut town, diary) = (town(), Diary::default());
    let brutal = Node::one("a", deaf(&diary, "a")).named(Name(1)).shutdown(Shutdown::Kill);
    let patient = Node::one("b", deaf(&diary, "b")).named(Name(2)).shutdown(Shutdown::Infinity);
    town.grow(None, root(Strategy::OneForOne, vec![patient, brutal]));
    witness(&mut town, &diary, &[1, 2]);
    town.shut_down();
    town.set_time(u64::MAX);
    town.run();
    assert_eq!(diary.of("a"), ["start 1"]);
    assert_eq!(ends(&diary).iter().map(|(_, why)| why.as_str()).collect::<Vec<_>>(), ["killed"]);
    assert_eq!((town.next_timer(), town.death()), (None, None));
    town.send_to(Name(2), act(|out| out.exit(Reason::Normal)));
    town.run();
    assert_eq!(town.death(), Some(&Reason::Shutdown));
}

#[test]
fn many_like_children_are_asked_at_once_and_have_one_limit() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let role = deaf(&diary, "order");
        let many = Node::many("many", role.clone()).shutdown(Shutdown::Within(10)).named(Name(1));
        town.grow(None, root(Strategy::OneForOne, vec![Node::one("a", diary.role("a")), many]));
        let many = node(&town, "root/many");
        for key in 1..=3 {
            town.spawn_child(many, key, role.actor());
        }
        schedule.run(&mut town);
        town.spawn_child(many, 4, diary.role("order").actor()); // does not trap
        schedule.run(&mut town);
        town.shut_down();
        assert!(town.is_alive(bearer(&town, Name(1))) && town.child(many, 4).is_none());
        let late = town.spawn_child(many, 5, role.actor());
        assert_eq!(late, kernel::Pid::OUTSIDE, "no child is added any more");
        schedule.run(&mut town);
        for key in 1..=3 {
            assert_eq!(diary.of(&format!("order {key}")), ["start 1", "exit: shutdown"]);
            assert!(town.child(many, key).is_some());
        }
        town.set_time(9);
        schedule.run(&mut town);
        assert_eq!(town.count_children(many).alive, 3);
        town.set_time(10);
        schedule.run(&mut town);
        assert_eq!(town.death(), Some(&Reason::Shutdown));
        assert_eq!(town.census().slots, town.census().free);
    });
}

#[test]
fn a_restart_waits_for_siblings_and_what_is_sent_to_the_dead_waits_for_its_next_life() {
    under_every_schedule(200, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let one = |name, role| Node::one(name, role).shutdown(Shutdown::Within(10));
        let children = vec![
            one("a", diary.role("a")).named(Name(1)),
            one("b", deaf(&diary, "b")).named(Name(2)),
        ];
        town.grow(None, root(Strategy::RestForOne, children));
        town.send_to(Name(1), crash());
        schedule.run(&mut town);
        let pid = bearer(&town, Name(1));
        assert!(!town.is_alive(pid), "it waits for b's end");
        town.send_to(Name(1), text("hello"));
        town.send_to(Name(2), text("still there"));
        schedule.run(&mut town);
        assert_eq!(diary.of("b"), ["start 1", "exit: shutdown", "still there"]);
        town.set_time(10);
        schedule.run(&mut town);
        assert_eq!(diary.of("a"), ["start 1", "start 2", "hello"]);
        assert_eq!(diary.of("b").last().map(String::as_str), Some("start 2"));
        assert_eq!((town.waiting(), town.census().timers), (0, 0));
    });
}

#[test]
fn whoever_dies_while_others_are_ended_is_back_once() {
    under_every_schedule(300, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let children = vec![
            Node::one("a", diary.role("a")).named(Name(1)),
            Node::one("b", diary.role("b")).named(Name(2)),
            Node::one("c", diary.role("c")).named(Name(3)),
            Node::one("d", slow(&diary, "d")).named(Name(4)),
        ];
        town.grow(None, root(Strategy::RestForOne, children));
        town.send_to(Name(2), crash());
        schedule.some(&mut town, 2);
        town.send_to(Name(1), crash()); // is not among those who are ended
        town.send_to(Name(3), crash()); // is
        schedule.run(&mut town);
        assert_eq!((town.census().processes, town.waiting()), (4, 0));
        for (number, name) in (1..).zip(["a", "b", "c", "d"]) {
            assert!(town.send_to(Name(number), text("hello")));
            schedule.run(&mut town);
            assert_eq!(diary.of(name).last().map(String::as_str), Some("hello"));
        }
        assert_eq!(diary.of("a").iter().filter(|line| line.starts_with("start")).count(), 2);
        assert_eq!(town.death(), None);
    });
}

#[test]
fn a_supervisor_that_is_killed_while_it_waits_leaves_nobody_and_lives_again() {
    under_every_schedule(100, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let inner = vec![
            Node::one("a", diary.role("a")).named(Name(1)),
            Node::one("b", deaf(&diary, "b")).named(Name(2)),
        ];
        let inner = Node::group("inner", Strategy::OneForAll, Intensity::times(1), inner);
        town.grow(None, root(Strategy::OneForOne, vec![inner.named(Name(3))]));
        town.send_to(Name(1), crash());
        schedule.run(&mut town);
        town.kill(bearer(&town, Name(3)));
        assert_eq!((town.census().processes, town.census().timers), (0, 0));
        schedule.run(&mut town);
        assert_eq!((town.census().processes, town.census().between), (2, 0));
        assert_eq!(diary.of("a"), ["start 1", "start 2"]);
        assert_eq!(diary.of("b"), ["start 1", "exit: shutdown", "start 2"]);
        town.set_time(u64::MAX);
        schedule.run(&mut town);
        assert_eq!(town.census().processes, 2, "no limit of a former life strikes");
    });
}

#[test]
fn a_branch_that_is_ended_is_waited_for_and_killed_whole_at_its_limit() {
    for (limit, killed) in [(Shutdown::Infinity, false), (Shutdown::Within(10), true)] {
        under_every_schedule(50, |schedule| {
            let (mut town, diary) = (town(), Diary::default());
            let patient = deaf(&diary, "a");
            let inner = vec![Node::one("a", patient).named(Name(1)).shutdown(Shutdown::Infinity)];
            let inner = Node::group("inner", Strategy::OneForOne, Intensity::times(1), inner);
            let first = Node::one("b", slow(&diary, "b"));
            town.grow(None, root(Strategy::OneForOne, vec![first, inner.shutdown(limit)]));
            town.shut_down();
            schedule.run(&mut town);
            assert_eq!(diary.of("b"), ["start 1"], "not before the branch is gone");
            town.set_time(10);
            schedule.run(&mut town);
            assert_eq!(town.death().is_some(), killed);
            if !killed {
                town.send_to(Name(1), act(|out| out.exit(Reason::Normal)));
                schedule.run(&mut town);
            }
            assert_eq!(diary.of("b").last().map(String::as_str), Some("last words"));
            assert_eq!(town.death(), Some(&Reason::Shutdown));
        });
    }
}

#[test]
fn a_supervisor_that_gives_up_ends_its_children_in_good_order() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let a = Node::one("a", slow(&diary, "a"));
        let b = Node::one("b", diary.role("b").starting(|_| panic!("planned")));
        let group = vec![a, b];
        town.grow(None, Node::group("root", Strategy::OneForOne, Intensity::times(2), group));
        schedule.run(&mut town);
        assert_eq!(diary.of("a"), ["start 1", "exit: shutdown", "last words"]);
        let reason = Reason::Failed("root exceeded its restart intensity".into());
        assert_eq!(town.death(), Some(&reason));
    });
}

#[test]
fn what_is_ended_while_its_group_waits_and_then_ends_itself_is_ended_once() {
    under_every_schedule(100, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let children = vec![
            Node::one("a", diary.role("a")).named(Name(1)),
            Node::one("b", deaf(&diary, "b")).named(Name(2)).shutdown(Shutdown::Within(10)),
        ];
        town.grow(None, root(Strategy::OneForAll, children));
        witness(&mut town, &diary, &[2]);
        town.send_to(Name(1), crash());
        schedule.run(&mut town);
        town.shut_down(); // b has been asked already
        schedule.run(&mut town);
        assert_eq!(diary.of("b"), ["start 1", "exit: shutdown"]);
        town.set_time(10);
        schedule.run(&mut town);
        assert_eq!(diary.of("a"), ["start 1"], "a branch that ends restarts no child");
        assert_eq!((town.death(), ends(&diary).len()), (Some(&Reason::Shutdown), 1));
    });
}
