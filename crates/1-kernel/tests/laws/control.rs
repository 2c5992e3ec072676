//! Children that are ended, started again, taken out and looked at by order.

use std::panic::{AssertUnwindSafe, catch_unwind};

use kernel::{
    ChildId, Children, ControlError, Intensity, Name, Node, NodeId, Pid, Reason, Shutdown, Strategy,
};

use crate::actor::{Diary, Role, Town, act, crash, text, town, watch};
use crate::schedule::under_every_schedule;

/// A root with a, a branch with b, and orders 1 and 2.
fn office() -> (Town, Diary, Role) {
    let (mut town, diary) = (town(), Diary::default());
    let role = diary.role("order");
    let b = vec![Node::one("b", diary.role("b")).named(Name(2))];
    let all = vec![
        Node::one("a", diary.role("a")).named(Name(1)),
        Node::group("branch", Strategy::OneForOne, Intensity::times(1), b),
        Node::many("orders", role.clone()).named(Name(3)).shutdown(Shutdown::Within(10)),
    ];
    let root = Node::group("root", Strategy::OneForOne, Intensity::times(3), all);
    town.grow(None, root.named(Name(9)));
    for key in [1, 2] {
        town.spawn_child(node(&town, "root/orders"), key, role.actor());
    }
    (town, diary, role)
}

fn node(town: &Town, path: &str) -> NodeId {
    town.node(path).expect("was grown")
}

#[test]
fn a_child_that_was_ended_stays_away_until_it_is_started_with_its_note() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary, _) = office();
        let a = node(&town, "root/a");
        town.send_to(Name(1), act(|out| out.note(Some(7))));
        schedule.run(&mut town);
        assert_eq!(town.restart_child(a), Err(ControlError::Running));
        assert_eq!(town.terminate_child(a), Ok(()));
        schedule.run(&mut town);
        assert_eq!(town.whereis(Name(1)), None);
        let counts = Children { all: 3, alive: 2, supervisors: 2 };
        assert_eq!(town.count_children(node(&town, "root")), counts);
        assert_eq!(town.restart_child(a), Ok(()));
        schedule.run(&mut town);
        assert_eq!(diary.of("a"), ["start 1", "start 2, note 7"]);
        assert!(town.send_to(Name(1), text("hello")));
    });
}

#[test]
fn a_branch_is_ended_started_and_taken_out_whole() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary, _) = office();
        let branch = node(&town, "root/branch");
        assert_eq!(town.delete_child(branch), Err(ControlError::Running));
        assert_eq!(town.terminate_child(branch), Ok(()));
        schedule.run(&mut town);
        assert_eq!(
            town.restart_child(node(&town, "root/branch/b")),
            Err(ControlError::NoSupervisor)
        );
        assert_eq!(town.restart_child(branch), Ok(()));
        schedule.run(&mut town);
        assert_eq!(diary.of("b"), ["start 1", "start 2"]);
        assert_eq!(town.terminate_child(branch), Ok(()));
        assert_eq!(town.delete_child(branch), Ok(()));
        assert!(town.node("root/branch").is_none() && town.node("root/branch/b").is_none());
        assert_eq!(town.restart_child(branch), Err(ControlError::NotThere));
        assert!(!town.tree().contains("branch"));
        // A restart of all does not bring it back.
        town.kill(town.whereis(Name(9)).expect("was named"));
        assert_eq!(town.terminate_child(node(&town, "root")), Err(ControlError::Root));
    });
}

#[test]
fn one_of_many_is_ended_alone_and_its_key_is_free() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary, role) = office();
        let orders = node(&town, "root/orders");
        schedule.run(&mut town);
        assert_eq!(town.terminate_one_of(orders, 1), Ok(()));
        assert_eq!(town.terminate_one_of(orders, 1), Err(ControlError::NotThere));
        schedule.run(&mut town);
        assert_eq!((town.child(orders, 1), town.count_children(orders).all), (None, 1));
        let again = town.spawn_child(orders, 1, role.actor());
        // An end between two lives works as well, and notifies the watchers of the next life.
        let witness = town.spawn(diary.actor("witness"));
        schedule.run(&mut town);
        town.kill(again);
        let next = town.child(orders, 1).expect("waits for its supervisor");
        town.send(witness, watch(next));
        assert!(town.deliver_at(1), "the witness comes before the supervisor");
        assert_eq!(town.terminate_one_of(orders, 1), Ok(()));
        schedule.run(&mut town);
        assert_eq!(diary.of("order 1"), ["start 1", "start 1"]);
        assert_eq!(diary.of("witness"), ["start 1", "down: shutdown"]);
        assert_eq!((town.census().between, town.census().links), (0, 0));
    });
}

#[test]
fn one_of_many_that_traps_is_asked_and_nobody_else_waits_for_it() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary, role) = office();
        let orders = node(&town, "root/orders");
        let deaf = diary.role("order").trapping(|_| {});
        town.spawn_child(orders, 3, deaf.actor());
        schedule.run(&mut town);
        assert_eq!(town.terminate_one_of(orders, 3), Ok(()));
        town.spawn_child(orders, 4, role.actor());
        town.send(town.child(orders, 2).expect("lives"), crash());
        schedule.run(&mut town);
        assert_eq!(diary.of("order 2"), ["start 1", "start 2"], "others live again meanwhile");
        assert_eq!(diary.of("order 4"), ["start 1"]);
        assert!(town.which_children(orders).iter().any(|c| c.key == 3 && c.is_ending));
        town.set_time(10);
        schedule.run(&mut town);
        assert_eq!(town.child(orders, 3), None, "killed, and not restarted");
        assert_eq!(diary.of("order 3"), ["start 1", "exit: shutdown"]);
        assert_eq!(town.census().timers, 0);
    });
}

#[test]
fn a_process_orders_by_name_what_the_edge_orders_by_place() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary, _) = office();
        let clerk = town.spawn(diary.actor("operator"));
        schedule.run(&mut town);
        town.send(
            clerk,
            act(|out| {
                out.terminate_child(Name(9), ChildId::Named(Name(1)));
                out.terminate_child(Name(3), ChildId::Key(1));
                out.terminate_child(Name(3), ChildId::Key(77)); // no child
                out.terminate_child(Name(77), ChildId::Key(1)); // no supervisor
                out.terminate_child(Name(3), ChildId::Named(Name(1))); // not of this one
            }),
        );
        schedule.run(&mut town);
        let orders = node(&town, "root/orders");
        assert_eq!((town.whereis(Name(1)), town.child(orders, 1)), (None, None));
        assert!(town.child(orders, 2).is_some());
        town.send(clerk, act(|out| out.restart_child(Name(9), Name(1))));
        schedule.run(&mut town);
        assert_eq!(diary.of("a"), ["start 1", "start 2"]);
        assert_eq!(diary.of("order 1"), ["start 1"]);
    });
}

#[test]
fn a_child_that_is_given_up_while_its_supervisor_waits_for_it_is_waited_for_no_more() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary, _) = office();
        let orders = node(&town, "root/orders");
        let deaf = diary.role("order").trapping(|_| {}).actor();
        town.spawn_child(orders, 3, deaf);
        schedule.run(&mut town);
        town.shut_down();
        schedule.run(&mut town);
        assert_eq!((town.death(), town.child(orders, 3).is_some()), (None, true));
        assert_eq!(town.give_up_one_of(orders, 3), Ok(()));
        schedule.run(&mut town);
        assert_eq!((town.death(), town.census().processes), (Some(&Reason::Shutdown), 0));
    });
}

#[test]
fn a_child_is_spawned_under_a_supervisor_of_many_alone() {
    let (mut town, _, role) = office();
    let orders = node(&town, "root/orders");
    let before = town.census();
    for at in [node(&town, "root"), node(&town, "root/a")] {
        assert_eq!(town.spawn_child(at, 1, role.actor()), Pid::OUTSIDE);
    }
    assert_eq!(town.census(), before);
    let child = town.spawn_child(orders, 3, role.actor());
    assert_eq!(town.child(orders, 3), Some(child));
}

#[test]
fn a_branch_is_grown_under_a_group_alone() {
    crate::schedule::quietly();
    let (mut town, diary, _) = office();
    let tree = town.tree();
    for at in ["root/a", "root/orders"] {
        let at = node(&town, at);
        let late = Node::one("late", diary.role("late"));
        let grown = catch_unwind(AssertUnwindSafe(|| town.grow(Some(at), late)));
        let why = grown.expect_err("it is no group");
        assert_eq!(why.downcast_ref(), Some(&"a branch is grown under a group"));
        assert_eq!(town.tree(), tree);
    }
}

#[test]
fn a_child_between_two_lives_counts_as_running_and_is_not_restarted_once_it_was_ended() {
    let (mut town, diary, _) = office();
    let a = node(&town, "root/a");
    town.run();
    town.kill(town.whereis(Name(1)).expect("is there"));
    assert_eq!(town.restart_child(a), Err(ControlError::Running));
    assert_eq!(town.delete_child(a), Err(ControlError::Running));
    assert_eq!(town.terminate_child(a), Ok(()));
    town.run();
    assert_eq!((diary.of("a").len(), town.census().between), (1, 0));
    assert_eq!(town.terminate_child(a), Ok(()), "though it is not there");
    assert_eq!(town.restart_child(a), Ok(()));
    assert_eq!(diary.of("a"), ["start 1", "start 2"]);
}

#[test]
fn children_are_told_in_the_order_of_their_start_whether_they_are_there_or_not() {
    let (mut town, _, _) = office();
    let root = node(&town, "root");
    town.run();
    assert_eq!(town.terminate_child(node(&town, "root/a")), Ok(()));
    let told = town.which_children(root);
    let names: Vec<_> = told.iter().map(|child| child.name.as_ref()).collect();
    assert_eq!(names, ["a", "branch", "orders"]);
    let there: Vec<_> = told.iter().map(|child| (child.pid.is_some(), child.supervises)).collect();
    assert_eq!(there, [(false, false), (true, true), (true, true)]);
    let orders = node(&town, "root/orders");
    let keys: Vec<_> = town.which_children(orders).iter().map(|child| child.key).collect();
    assert_eq!(keys, [1, 2]);
    assert_eq!(town.count_children(orders), Children { all: 2, alive: 2, supervisors: 0 });
}

#[test]
fn orders_wait_while_a_supervisor_ends_others() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let deaf = diary.role("deaf").trapping(|_| {});
        let all = vec![
            Node::one("a", diary.role("a")).named(Name(1)),
            Node::one("deaf", deaf).shutdown(Shutdown::Within(10)),
        ];
        town.grow(None, Node::group("root", Strategy::OneForOne, Intensity::times(3), all));
        let (a, deaf) = (node(&town, "root/a"), node(&town, "root/deaf"));
        assert_eq!(town.terminate_child(deaf), Ok(()));
        assert_eq!(town.terminate_child(a), Ok(()));
        let late = Node::one("late", diary.role("late"));
        town.grow(town.node("root"), late);
        schedule.run(&mut town);
        assert!(town.whereis(Name(1)).is_some() && diary.of("late").is_empty());
        town.set_time(10);
        schedule.run(&mut town);
        assert_eq!((town.whereis(Name(1)), diary.of("late").len()), (None, 1));
        assert_eq!(town.count_children(node(&town, "root")).alive, 1);
    });
}

#[test]
fn what_is_taken_out_of_the_tree_before_its_start_is_never_started() {
    let (mut town, diary) = (town(), Diary::default());
    let deaf = diary.role("deaf").trapping(|_| {});
    let all = vec![
        Node::one("a", diary.role("a")),
        Node::one("deaf", deaf).shutdown(Shutdown::Within(10)),
    ];
    let root = town.grow(None, Node::group("root", Strategy::OneForOne, Intensity::times(3), all));
    let (a, deaf) = (node(&town, "root/a"), node(&town, "root/deaf"));
    assert_eq!(town.terminate_child(a), Ok(()));
    assert_eq!(town.terminate_child(deaf), Ok(())); // which its supervisor waits for
    let late = town.grow(Some(root), Node::one("late", diary.role("late")));
    assert_eq!(town.restart_child(a), Ok(()));
    assert_eq!((town.delete_child(late), town.delete_child(a)), (Ok(()), Ok(())));
    town.set_time(10);
    town.run();
    assert_eq!((diary.of("a").len(), diary.of("late").len()), (1, 0));
    town.shut_down();
    assert_eq!((town.census().processes, town.death()), (0, Some(&Reason::Shutdown)));
}

#[test]
fn whoever_is_asked_to_end_is_not_restarted_whatever_its_reason() {
    for reason in [Reason::Normal, Reason::Said(1), Reason::Shutdown] {
        let (mut town, diary) = (town(), Diary::default());
        let goes = diary.role("a").trapping(move |out| out.exit(reason.clone()));
        let all = vec![Node::one("a", goes).named(Name(1))];
        town.grow(None, Node::group("root", Strategy::OneForOne, Intensity::times(0), all));
        assert_eq!(town.terminate_child(node(&town, "root/a")), Ok(()));
        town.run();
        assert_eq!(
            (diary.of("a"), town.death()),
            (vec!["start 1".into(), "exit: shutdown".into()], None)
        );
    }
}
