//! A branch that is given up alone: with a fact, in the same step, and without harm to what is beside it.

use std::cell::Cell;
use std::rc::Rc;

use kernel::{Intensity, Name, Node, NodeId, Strategy};

use crate::actor::{Diary, Role, Town, crash, town};
use crate::schedule::{quietly, under_every_schedule};

const FLOOR: Name = Name(1);
const OTHER: Name = Name(2);
/// The fact that says that the branch was given up.
const STOPPED: u64 = 99;

/// A branch with an intensity of two restarts: orders, and then a floor that crashes on command.
fn branch(diary: &Diary, floor: Role) -> Node<Role> {
    let children = vec![
        Node::many("orders", diary.role("order")).named(Name(3)),
        Node::one("floor", floor).named(FLOOR),
    ];
    let intensity = Intensity::times(2).within(1_000);
    Node::group("market", Strategy::RestForOne, intensity, children)
        .given_up_as(diary.role("market").recording(STOPPED))
}

/// A root that bears one restart, another child, and the branch.
fn market(diary: &Diary, floor: Role) -> (Town, NodeId) {
    quietly();
    let mut town = town();
    let other = Node::one("other", diary.role("other")).named(OTHER);
    let root = Node::group("root", Strategy::OneForOne, Intensity::times(1), vec![other]);
    let root = town.grow(None, root);
    let branch = town.grow(Some(root), branch(diary, floor));
    (town, branch)
}

fn is_stopped(town: &Town) -> bool {
    town.state_machine().inside.contains(&STOPPED)
}

#[test]
fn a_branch_that_bears_no_more_is_given_up_alone_with_a_fact() {
    under_every_schedule(100, |schedule| {
        let diary = Diary::default();
        let (mut town, branch) = market(&diary, diary.role("floor"));
        let orders = town.node("root/market/orders").expect("was grown");
        let order = town.spawn_child(orders, 1, diary.role("order").actor());
        for died in 1..=3 {
            assert!(!is_stopped(&town), "{died} deaths");
            town.send_to(FLOOR, crash());
            schedule.run(&mut town);
        }
        assert!(is_stopped(&town));
        assert_eq!(town.whereis(FLOOR), None);
        assert!(!town.is_alive(order), "its orders have ended with it");
        assert_eq!(town.count_children(branch).alive, 0);
        assert!(town.death().is_none(), "what is above it goes on");
        assert_eq!(diary.of("other"), ["start 1"], "and so does what is beside it");
        assert_eq!(diary.of("floor"), ["start 1", "start 2", "start 3"]);
    });
}

#[test]
fn a_branch_that_was_given_up_is_started_again_by_order_and_counts_anew() {
    let diary = Diary::default();
    let (mut town, branch) = market(&diary, diary.role("floor"));
    let crash_floor = |town: &mut Town| {
        town.send_to(FLOOR, crash());
        town.run();
    };
    for round in 1..=3 {
        for _ in 0..2 {
            crash_floor(&mut town);
            assert!(town.whereis(FLOOR).is_some(), "two restarts are allowed in round {round}");
        }
        crash_floor(&mut town);
        assert_eq!(town.whereis(FLOOR), None, "round {round}");
        town.restart_child(branch).expect("it is not there");
        town.run();
    }
    // Each life has a number of its own, also over these ends.
    let lives: Vec<_> = (1..=10).map(|life| format!("start {life}")).collect();
    assert_eq!(diary.of("floor"), lives);
    assert_eq!(diary.of("other"), ["start 1"]);
}

#[test]
fn a_branch_that_does_not_start_is_given_up_alone() {
    let diary = Diary::default();
    let fails = Rc::new(Cell::new(true));
    let of_role = fails.clone();
    let floor = diary.role("floor").making(move |_| assert!(!of_role.get(), "planned"));
    let (mut town, branch) = market(&diary, floor);
    town.run();
    assert!(is_stopped(&town) && town.death().is_none());
    assert_eq!(town.whereis(FLOOR), None);
    fails.set(false);
    town.restart_child(branch).expect("it is not there");
    town.run();
    assert!(town.whereis(FLOOR).is_some());
    assert_eq!(diary.of("other"), ["start 1"]);
}

#[test]
fn a_branch_whose_supervisor_is_killed_counts_that_for_itself() {
    let diary = Diary::default();
    let (mut town, branch) = market(&diary, diary.role("floor"));
    for borne in [true, true, false] {
        let children = town.which_children(town.node("root").expect("was grown"));
        let supervisor = children.iter().find(|child| child.node == branch).and_then(|c| c.pid);
        town.kill(supervisor.expect("it is there"));
        town.run();
        assert_eq!(town.whereis(FLOOR).is_some(), borne);
        assert_eq!(is_stopped(&town), !borne);
    }
    assert!(town.death().is_none());
    assert_eq!(diary.of("other"), ["start 1"]);
    town.restart_child(branch).expect("it is not there");
    town.run();
    assert!(town.whereis(FLOOR).is_some());
}

#[test]
fn a_branch_that_is_grown_without_a_start_waits_for_the_order() {
    let diary = Diary::default();
    let (mut town, _) = market(&diary, diary.role("floor"));
    let root = town.node("root").expect("was grown");
    let late = Node::group(
        "late",
        Strategy::OneForOne,
        Intensity::times(1),
        vec![Node::one("late", diary.role("late"))],
    );
    let late = town.grow_ended(root, late);
    town.run();
    assert_eq!(diary.of("late").len(), 0);
    town.restart_child(late).expect("it was never started");
    town.run();
    assert_eq!(diary.of("late"), ["start 1"]);
}

#[test]
fn the_tree_says_who_is_given_up_alone() {
    let diary = Diary::default();
    let (town, _) = market(&diary, diary.role("floor"));
    let text = town.tree();
    let line = text.lines().find(|line| line.contains("market:")).expect("was grown");
    assert!(line.contains("at most 2 restarts in 0 ms, then given up alone"), "{text}");
}
