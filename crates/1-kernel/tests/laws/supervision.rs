//! Supervisors: who lives again, how often, and what happens when it is too often.

use kernel::{Intensity, Name, Node, NodeId, Pid, Reason, Restart, Strategy, Watch, World};

use crate::actor::{
    Actor, Book, Diary, Role, SPEECHLESS, Town, act, bearer, crash, text, town, watch,
};
use crate::schedule::{quietly, under_every_schedule};

/// A root with two children: one that is left alone, and the one that a test is about.
pub(crate) fn pair(other: Role, node: Node<Role>) -> Node<Role> {
    let children = vec![Node::one("other", other), node];
    Node::group("root", Strategy::OneForOne, Intensity::times(10), children)
}

/// Orders under a supervisor of many that bears 3 restarts of each in a second.
fn orders(restart: Restart) -> (Town, Diary, Role, NodeId) {
    quietly();
    let (mut town, diary) = (town(), Diary::default());
    let role = diary.role("order").telling(Name(2));
    let many = Node::many("orders", role.clone())
        .named(Name(1))
        .restarted(restart)
        .intensity_per_child(Intensity::times(3).within(1_000));
    town.grow(None, pair(diary.role("floor"), many));
    let node = town.node("root/orders").expect("was grown");
    (town, diary, role, node)
}

#[test]
fn permanent_transient_and_temporary_children_live_again_as_their_kind_says() {
    let ends: [(fn() -> crate::actor::Message, bool); 4] = [
        (|| act(|out| out.exit(Reason::Normal)), true),
        (|| act(|out| out.exit(Reason::Shutdown)), true),
        (|| act(|out| out.exit(Reason::Said(1))), false),
        (crash, false),
    ];
    for (end, orderly) in ends {
        for (restart, lives) in [
            (Restart::Permanent, 2),
            (Restart::Transient, if orderly { 1 } else { 2 }),
            (Restart::Temporary, 1),
        ] {
            under_every_schedule(20, |schedule| {
                let (mut town, diary, role, node) = orders(restart);
                let lone = Node::one("ann", diary.role("ann")).restarted(restart).named(Name(3));
                town.grow(Some(town.node("root").expect("was grown")), lone);
                let child = town.spawn_child(node, 1, role.actor());
                town.send(child, end());
                town.send_to(Name(3), end());
                schedule.run(&mut town);
                assert_eq!(diary.of("order 1").len(), lives, "{restart:?}");
                assert_eq!(diary.of("ann").len(), lives, "{restart:?}");
                assert_eq!(town.child(node, 1).is_some(), lives == 2);
                assert_eq!(town.whereis(Name(3)).is_some(), lives == 2);
            });
        }
    }
}

#[test]
fn one_bad_child_of_many_is_given_up_alone_and_who_must_know_is_told() {
    under_every_schedule(200, |schedule| {
        let (mut town, diary, role, node) = orders(Restart::Transient);
        let floor = town.spawn(diary.actor("operator"));
        town.send(floor, act(|out| out.register(Name(2))));
        let bad = diary.role("order").telling(Name(2)).starting(|out| {
            if out.key() == 1 {
                panic!("planned")
            }
        });
        town.spawn_child(node, 1, bad.actor());
        let good = town.spawn_child(node, 2, role.actor());
        schedule.run(&mut town);
        // `role` makes the next lives, and those are good: so it is made to crash by hand.
        for _ in 0..3 {
            let Some(child) = town.child(node, 1) else { break };
            town.send(child, crash());
            schedule.run(&mut town);
        }
        assert_eq!(diary.of("order 1"), ["start 1", "start 2", "start 3", "start 4"]);
        assert_eq!(town.child(node, 1), None);
        assert_eq!(diary.of("operator"), ["start 1", "gave up 1"]);
        assert!(town.is_alive(good) && town.death().is_none());
        assert_eq!(diary.of("floor"), ["start 1"], "no other process is touched");
    });
}

#[test]
fn a_supervisor_of_many_that_panics_over_giving_up_has_died_of_it_alone() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let role = diary.role(SPEECHLESS);
        let many = Node::many("many", role.clone()).named(Name(1));
        let many = many.intensity_per_child(Intensity::times(0));
        town.grow(None, pair(diary.role("other"), many));
        let node = town.node("root/many").expect("was grown");
        let (first, other) = (bearer(&town, Name(1)), town.spawn_child(node, 2, role.actor()));
        let bad = town.spawn_child(node, 1, role.actor());
        town.send(bad, crash());
        schedule.run(&mut town);
        assert!(bearer(&town, Name(1)) != first && !town.is_alive(other));
        assert_eq!((town.death(), diary.of("other").len()), (None, 1));
        assert_eq!(town.count_children(node).all, 0);
    });
}

#[test]
fn who_watches_the_next_life_of_one_that_is_given_up_is_told() {
    let (mut town, diary, role, node) = orders(Restart::Transient);
    let mut child = town.spawn_child(node, 1, role.actor());
    for _ in 0..3 {
        town.send(child, crash());
        town.run();
        child = town.child(node, 1).expect("three restarts are allowed");
    }
    let ann = town.spawn(diary.actor("ann"));
    town.run();
    town.kill(child);
    let next = town.child(node, 1).expect("the supervisor has not heard yet");
    town.send(ann, watch(next));
    // Ann comes after the supervisor in the order of sending; by hand she is first.
    assert!(town.deliver_at(1));
    town.run();
    assert_eq!(diary.of("ann"), ["start 1", "down: no process"]);
    assert_eq!(town.child(node, 1), None);
}

#[test]
fn restarts_are_counted_within_a_window_of_virtual_time() {
    for (step, given_up) in [(250, true), (400, false)] {
        let (mut town, _, role, node) = orders(Restart::Transient);
        town.spawn_child(node, 1, role.actor());
        for time in 1..=20 {
            town.set_time(time * step);
            if let Some(child) = town.child(node, 1) {
                town.send(child, crash());
            }
            town.run();
        }
        assert_eq!(town.child(node, 1).is_none(), given_up, "a crash every {step} ns");
    }
}

#[test]
fn the_restarts_of_one_key_are_not_counted_against_the_next_in_its_slot() {
    let (mut town, _, role, node) = orders(Restart::Transient);
    let mut child = town.spawn_child(node, 1, role.actor());
    for _ in 0..3 {
        town.send(child, crash());
        town.run();
        child = town.child(node, 1).expect("three restarts are allowed");
    }
    town.send(child, act(|out| out.exit(Reason::Normal)));
    town.run();
    let next = town.spawn_child(node, 2, role.actor());
    assert_eq!(next.index(), child.index());
    for _ in 0..3 {
        town.send(town.child(node, 2).expect("three restarts are allowed"), crash());
        town.run();
    }
    assert!(town.child(node, 2).is_some());
}

#[test]
fn too_many_restarts_go_up_the_tree_to_the_root_and_the_world_says_so() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let times = |n| Intensity::times(n).within(1_000);
        let ann = Node::one("ann", diary.role("ann")).named(Name(1));
        let inner = Node::group("inner", Strategy::OneForOne, times(2), vec![ann]);
        let outer = vec![Node::one("bob", diary.role("bob")), inner];
        town.grow(None, Node::group("outer", Strategy::OneForAll, times(1), outer));
        let mut crashes = 0;
        while town.death().is_none() && crashes < 100 {
            crashes += 1;
            town.send_to(Name(1), crash());
            schedule.run(&mut town);
        }
        // Inner bears 2, its own restart is the 1 that outer bears, then inner bears 2 again.
        assert_eq!(crashes, 6);
        assert_eq!(diary.of("ann").len(), 6);
        assert_eq!(diary.of("bob").len(), 2, "restarted once, when inner gave up first");
        assert_eq!(
            town.death(),
            Some(&Reason::Failed("outer exceeded its restart intensity".into()))
        );
        assert_eq!((town.census().processes, town.census().supervisors), (0, 0));
    });
}

#[test]
fn an_intensity_of_nought_bears_no_restart_and_a_good_end_is_none() {
    for (restart, ends) in [(Restart::Permanent, true), (Restart::Transient, false)] {
        let (mut town, diary) = (town(), Diary::default());
        let one = Node::one("ann", diary.role("ann")).restarted(restart).named(Name(1));
        town.grow(None, Node::group("root", Strategy::OneForOne, Intensity::times(0), vec![one]));
        town.send_to(Name(1), act(|out| out.exit(Reason::Normal)));
        town.run();
        assert_eq!((diary.of("ann").len(), town.death().is_some()), (1, ends));
    }
}

#[test]
fn a_supervisor_lives_on_without_children() {
    let (mut town, diary) = (town(), Diary::default());
    let one = Node::one("ann", diary.role("ann")).restarted(Restart::Temporary).named(Name(1));
    town.grow(None, Node::group("root", Strategy::OneForOne, Intensity::times(1), vec![one]));
    town.send_to(Name(1), crash());
    town.run();
    assert_eq!((town.census().processes, town.census().supervisors, town.death()), (0, 1, None));
}

#[test]
fn a_supervisor_that_lives_again_counts_from_nothing() {
    quietly();
    let (mut town, diary) = (town(), Diary::default());
    let ann = Node::one("ann", diary.role("ann")).named(Name(1));
    let inner = Node::group("inner", Strategy::OneForOne, Intensity::times(1), vec![ann]);
    let bob = Node::one("bob", diary.role("bob")).named(Name(2));
    let all = vec![inner, bob];
    town.grow(None, Node::group("outer", Strategy::OneForAll, Intensity::times(9), all));
    for name in [1, 2, 1] {
        town.send_to(Name(name), crash());
        town.run();
    }
    // Had inner's first restart been remembered over outer's, the second would have ended it.
    assert_eq!((diary.of("ann").len(), diary.of("bob").len()), (4, 2));
}

#[test]
fn a_root_that_is_one_process_ends_the_world_with_it() {
    quietly();
    let (mut town, diary) = (town(), Diary::default());
    town.grow(None, Node::one("ann", diary.role("ann")).named(Name(1)));
    town.send_to(Name(1), crash());
    town.run();
    assert_eq!(town.death(), Some(&Reason::Failed("planned".into())));
    assert_eq!((town.whereis(Name(1)), town.census().processes), (None, 0));
}

#[test]
fn a_root_that_is_killed_takes_all_with_it_in_reverse_order() {
    let mut town: World<Actor, Ends> = World::new(Book::default(), None, Ends::default());
    let diary = Diary::default();
    let names = ["a", "b", "c"];
    let children = names.iter().map(|name| Node::one(*name, diary.role(name))).collect();
    let tree = Node::group("root", Strategy::OneForOne, Intensity::times(1), children);
    town.grow(None, tree.named(Name(1)));
    let root = town.whereis(Name(1)).expect("was named");
    town.kill(root);
    town.run();
    let indexes: Vec<usize> = town.watch.0.iter().map(|(pid, _)| pid.index()).collect();
    assert_eq!(indexes, [3, 2, 1, 0]);
    assert_eq!(town.watch.0[3].1, Reason::Killed);
    assert_eq!(town.death(), Some(&Reason::Killed));
}

/// Who ended, in order.
#[derive(Default)]
struct Ends(Vec<(Pid, Reason)>);

impl Watch<Actor> for Ends {
    fn ended(&mut self, pid: Pid, _key: u64, reason: &Reason) {
        self.0.push((pid, reason.clone()));
    }
}

#[test]
fn a_child_that_panics_at_its_start_is_counted_and_at_last_given_up() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let bad = diary.role("bad").starting(|_| panic!("planned"));
        town.grow(None, pair(diary.role("good"), Node::one("bad", bad)));
        schedule.run(&mut town);
        assert_eq!(diary.of("bad").len(), 11, "one start and the ten restarts that the root bears");
        assert!(town.death().is_some());
    });
}

#[test]
fn a_child_that_panics_while_it_is_made_again_is_counted_and_at_last_given_up() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let bad = diary.role("bad").making(|context| {
            if !matches!(context.incarnation, 1 | 4) {
                panic!("planned")
            }
        });
        town.grow(None, pair(diary.role("good"), Node::one("bad", bad).named(Name(1))));
        town.send_to(Name(1), crash());
        schedule.run(&mut town);
        assert_eq!(
            (diary.of("bad"), town.death()),
            (vec!["start 1".into(), "start 4".into()], None)
        );
        town.send_to(Name(1), crash());
        schedule.run(&mut town);
        assert_eq!(diary.of("bad").len(), 2);
        assert!(town.death().is_some());
    });
}

#[test]
fn a_child_of_many_that_panics_while_it_is_made_again_is_given_up_alone() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        for key in [1, 2] {
            assert!(town.record(crate::actor::Fact::Enters(key)).is_ok());
        }
        let role = diary.role("order").telling(Name(2)).making(|context| {
            if context.key == 1 {
                panic!("planned")
            }
        });
        let clerk = diary.role("operator").starting(|out| out.register(Name(2)));
        town.grow(None, pair(clerk, Node::many("orders", role)));
        schedule.run(&mut town);
        assert_eq!(diary.of("operator"), ["start 1", "gave up 1"]);
        assert_eq!((diary.of("order 1").len(), diary.of("order 2").len()), (0, 1));
    });
}

#[test]
fn a_transient_group_that_is_ended_in_good_order_stays_away_and_others_come_back() {
    for (restart, reason, back) in [
        (Restart::Permanent, Reason::Shutdown, true),
        (Restart::Transient, Reason::Shutdown, false),
        (Restart::Transient, Reason::Said(1), true),
        (Restart::Temporary, Reason::Said(1), false),
    ] {
        let (mut town, diary) = (town(), Diary::default());
        let inner = vec![Node::one("ann", diary.role("ann")).named(Name(1))];
        let inner = Node::group("inner", Strategy::OneForOne, Intensity::times(1), inner);
        let root = pair(diary.role("x"), inner.restarted(restart).named(Name(2)));
        town.grow(None, root.named(Name(3)));
        let (root, inner) = (bearer(&town, Name(3)), bearer(&town, Name(2)));
        town.exit_as(root, inner, &reason);
        town.run();
        assert_eq!(diary.of("ann").len(), if back { 2 } else { 1 });
        assert_eq!(town.whereis(Name(1)).is_some(), back);
        assert_eq!(town.whereis(Name(2)).is_some(), back);
        assert_eq!(town.death(), None);
    }
}

#[test]
fn a_supervisor_can_be_monitored_and_is_not_ended_by_messages_or_normal_exits() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary, _, _) = orders(Restart::Transient);
        let many = bearer(&town, Name(1));
        let [ann, bob] = ["ann", "bob"].map(|name| town.spawn(diary.actor(name)));
        town.send(ann, watch(many));
        town.send(bob, act(move |out| out.link(many)));
        schedule.run(&mut town);
        let links = town.census().links;
        town.send(many, text("hello"));
        town.send(ann, act(move |out| out.exit_other(many, Reason::Normal)));
        town.send(bob, act(|out| out.exit(Reason::Normal)));
        schedule.run(&mut town);
        assert!(town.is_alive(many));
        assert_eq!(town.census().links, links - 2, "the link is gone at both ends");
        town.kill(many);
        schedule.run(&mut town);
        assert_eq!(diary.of("ann"), ["start 1", "down: killed"]);
        assert!(!town.is_alive(many) && town.whereis(Name(1)).is_some());
    });
}

#[test]
fn the_tree_is_data_that_can_be_printed() {
    let (mut town, _, role, node) = orders(Restart::Transient);
    town.spawn_child(node, 1, role.actor());
    let text = "root: one-for-one, at most 10 restarts in 1000 ms; permanent, any time to end
  other: one process, permanent, 5000 ms to end
  orders: many like children, 1 now; each transient, at most 3 restarts in 0 ms, 5000 ms to end; registered as 1
";
    assert_eq!(town.tree(), text);
    assert!(town.node("root/absent").is_none() && town.node("orders").is_none());
}
