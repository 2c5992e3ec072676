//! The children of a supervisor of many by key: it has an index of its own, or the state machine has one. A lookup
//! gives the same answer with either.

use kernel::{Intensity, Name, Node, NodeId, Pid, Reason};

use crate::actor::{Diary, Fact, Role, Town, act, bearer, crash, text, town};
use crate::schedule::{Schedule, under_every_schedule};

const ORDERS: Name = Name(1);

/// A tree with orders, whose index is the state machine's or not.
fn orders(by_state_machine: bool) -> (Town, Diary, Role, NodeId) {
    let (mut town, diary) = (town(), Diary::default());
    let role = diary.role("order");
    let many = Node::many("orders", role.clone()).named(ORDERS);
    let many = many.intensity_per_child(Intensity::times(3));
    let many = if by_state_machine { many.indexed_by_state_machine() } else { many };
    town.grow(None, crate::supervision::pair(diary.role("x"), many));
    let node = town.node("root/orders").expect("was grown");
    (town, diary, role, node)
}

fn under_both(law: impl Fn(bool, &mut Schedule)) {
    under_every_schedule(40, |schedule| {
        law(false, &mut schedule.clone());
        law(true, schedule);
    });
}

/// Enters an order, which says so itself.
fn enter(town: &mut Town, node: NodeId, role: &Role, key: u64) -> Pid {
    let enters = act(move |out| out.record(Fact::Enters(key)));
    town.spawn_child_with(node, key, || role.actor(), enters)
}

#[test]
fn a_child_is_found_by_its_key_while_it_is_there() {
    under_both(|by_state_machine, schedule| {
        let (mut town, _, role, node) = orders(by_state_machine);
        let pids = [7, 8, 9].map(|key| enter(&mut town, node, &role, key));
        let known = town.child(node, 8);
        assert_eq!(
            known,
            (!by_state_machine).then_some(pids[1]),
            "a state machine knows whom it was told of"
        );
        schedule.run(&mut town);
        for (key, pid) in [7, 8, 9].into_iter().zip(pids) {
            assert_eq!(town.child(node, key), Some(pid));
            let index = u32::try_from(pid.index()).expect("32 bits");
            assert_eq!(town.child_seen_at(node, key, index), Some(pid));
            assert_eq!(town.child_seen_at(node, key, index + 1), Some(pid), "a wrong hint");
        }
        town.send(pids[1], act(|out| out.exit(Reason::Normal)));
        schedule.run(&mut town);
        assert_eq!(town.child(node, 8), None);
        let index = u32::try_from(pids[1].index()).expect("32 bits");
        assert_eq!(town.child_seen_at(node, 8, index), None, "who sat there has ended");
        assert_eq!(town.count_children(node).all, 2);
    });
}

#[test]
fn a_child_is_found_in_its_next_life() {
    under_both(|by_state_machine, schedule| {
        let (mut town, diary, role, node) = orders(by_state_machine);
        let first = enter(&mut town, node, &role, 7);
        schedule.run(&mut town);
        town.send(first, crash());
        schedule.run(&mut town);
        let next = town.child(node, 7).expect("it was started again");
        assert_ne!(next, first);
        town.send(next, text("hello"));
        schedule.run(&mut town);
        assert_eq!(diary.of("order 7").last().map(String::as_str), Some("hello"));
    });
}

#[test]
fn children_are_found_where_a_supervisor_that_is_back_has_started_them() {
    under_both(|by_state_machine, schedule| {
        let (mut town, _, role, node) = orders(by_state_machine);
        // Another one takes the first place of those who come back.
        let gone = enter(&mut town, node, &role, 6);
        for key in [7, 8] {
            enter(&mut town, node, &role, key);
        }
        schedule.run(&mut town);
        town.send(gone, act(|out| out.record(Fact::Leaves(6))));
        town.send(gone, act(|out| out.exit(Reason::Normal)));
        schedule.run(&mut town);
        town.kill(bearer(&town, ORDERS));
        schedule.run(&mut town);
        for key in [7, 8] {
            let pid = town.child(node, key).expect("it is inside by the log");
            assert!(town.is_alive(pid));
            if by_state_machine {
                let index = u32::try_from(pid.index()).expect("32 bits");
                assert_eq!(
                    town.state_machine().places.get(&key),
                    Some(&index),
                    "the state machine was told"
                );
            }
        }
        assert_eq!((town.child(node, 6), town.count_children(node).all), (None, 2));
    });
}

#[test]
fn a_key_is_given_to_one_child_at_a_time() {
    under_both(|by_state_machine, schedule| {
        let (mut town, diary, role, node) = orders(by_state_machine);
        let first = enter(&mut town, node, &role, 7);
        let other = town.spawn(diary.actor("other"));
        schedule.run(&mut town);
        let second = role.actor();
        town.send(
            other,
            act(move |out| {
                let pid = out.spawn_child(ORDERS, 7, second.clone());
                out.monitor(pid);
            }),
        );
        schedule.run(&mut town);
        assert_eq!(diary.of("other").last().map(String::as_str), Some("down: no process"));
        assert_eq!((town.child(node, 7), town.count_children(node).all), (Some(first), 1));
    });
}
