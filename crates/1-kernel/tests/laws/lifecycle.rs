//! What the next life of a process is given, and what it is not.

use kernel::{Intensity, Name, Node, Reason, Restart, Strategy};

use crate::actor::{Diary, Fact, Message, act, bearer, crash, text, town};
use crate::schedule::{quietly, under_every_schedule};
use crate::supervision::pair;

fn note(note: u32) -> Message {
    act(move |out| out.note(Some(note)))
}

#[test]
fn a_note_reaches_the_next_life_and_the_incarnation_goes_up() {
    under_every_schedule(200, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        town.grow(None, pair(diary.role("x"), Node::one("ann", diary.role("ann")).named(Name(1))));
        for life in 1..4 {
            schedule.run(&mut town);
            town.send_to(Name(1), note(life));
            town.send_to(Name(1), crash());
        }
        schedule.run(&mut town);
        town.send_to(Name(1), act(|out| out.note(None)));
        town.send_to(Name(1), crash());
        schedule.run(&mut town);
        let lives = ["start 1", "start 2, note 1", "start 3, note 2", "start 4, note 3", "start 5"];
        assert_eq!(diary.of("ann"), lives);
    });
}

#[test]
fn a_note_of_a_step_that_panics_was_never_written() {
    quietly();
    let (mut town, diary) = (town(), Diary::default());
    town.grow(None, pair(diary.role("x"), Node::one("ann", diary.role("ann")).named(Name(1))));
    town.send_to(Name(1), note(1));
    town.send_to(
        Name(1),
        act(|out| {
            out.note(Some(2));
            panic!("planned")
        }),
    );
    town.run();
    assert_eq!(diary.of("ann"), ["start 1", "start 2, note 1"]);
    assert_eq!(town.note(bearer(&town, Name(1))), Some(&1));
}

#[test]
fn a_child_of_many_keeps_its_key_its_note_and_its_index() {
    under_every_schedule(200, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let role = diary.role("order");
        let root = town.grow(None, pair(diary.role("x"), Node::many("orders", role.clone())));
        let orders = town.node("root/orders").expect("was grown");
        assert_ne!(root, orders);
        let first = town.spawn_child(orders, 7, role.actor());
        schedule.run(&mut town);
        town.send(first, note(5));
        town.send(first, crash());
        schedule.run(&mut town);
        let second = town.child(orders, 7).expect("lives again");
        assert_eq!((first.index(), town.is_alive(first)), (second.index(), false));
        assert_eq!(diary.of("order 7"), ["start 1", "start 2, note 5"]);
    });
}

#[test]
fn a_place_that_is_used_again_knows_nothing_of_its_last_owner() {
    let (mut town, diary) = (town(), Diary::default());
    let role = diary.role("order");
    town.grow(None, pair(diary.role("x"), Node::many("orders", role.clone())));
    let orders = town.node("root/orders").expect("was grown");
    let first = town.spawn_child(orders, 1, role.actor());
    town.send(first, note(5));
    town.send(first, act(|out| out.trap_exits(true)));
    town.send(first, act(|out| out.exit(Reason::Normal)));
    town.run();
    assert_eq!(town.child(orders, 1), None);
    let second = town.spawn_child(orders, 2, role.actor());
    assert_eq!(first.index(), second.index());
    town.send(second, crash());
    town.run();
    assert_eq!(diary.of("order 2"), ["start 1", "start 2"]);
    let third = town.child(orders, 2).expect("lives again");
    let killer = town.spawn(diary.actor("killer"));
    town.send(killer, act(move |out| out.exit_other(third, Reason::Said(1))));
    town.run();
    assert!(!town.is_alive(third), "trapping is not inherited");
}

#[test]
fn trapping_ends_with_the_life() {
    let (mut town, diary) = (town(), Diary::default());
    town.grow(None, pair(diary.role("x"), Node::one("ann", diary.role("ann")).named(Name(1))));
    town.send_to(Name(1), act(|out| out.trap_exits(true)));
    town.send_to(Name(1), crash());
    town.run();
    let second = bearer(&town, Name(1));
    let killer = town.spawn(diary.actor("killer"));
    town.send(killer, act(move |out| out.exit_other(second, Reason::Said(1))));
    town.run();
    assert_eq!(diary.of("ann"), ["start 1", "start 2", "start 3"]);
}

#[test]
fn notes_and_incarnations_outlive_an_end_that_a_sibling_brought() {
    under_every_schedule(200, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let children = ["ann", "bob"].map(|name| Node::one(name, diary.role(name)));
        let [ann, bob] = children;
        let children = vec![ann.named(Name(1)), bob.named(Name(2))];
        let tree = Node::group("root", Strategy::OneForAll, Intensity::times(9), children);
        town.grow(None, tree);
        town.send_to(Name(2), note(4));
        schedule.run(&mut town);
        town.send_to(Name(1), crash());
        schedule.run(&mut town);
        assert_eq!(diary.of("bob"), ["start 1", "start 2, note 4"]);
        town.send_to(Name(2), crash());
        schedule.run(&mut town);
        assert_eq!(diary.of("ann"), ["start 1", "start 2", "start 3"]);
        assert_eq!(diary.of("bob")[2], "start 3, note 4");
    });
}

#[test]
fn children_that_the_log_names_come_back_with_their_supervisor_of_many() {
    under_every_schedule(200, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let role = diary.role("order");
        town.grow(None, pair(diary.role("x"), Node::many("orders", role.clone()).named(Name(1))));
        let orders = town.node("root/orders").expect("was grown");
        for key in 1..=4 {
            let pid = town.spawn_child(orders, key, role.actor());
            town.send(pid, act(move |out| out.record(Fact::Enters(key))));
            town.send(pid, note(u32::try_from(key).expect("small")));
        }
        schedule.run(&mut town);
        let third = town.child(orders, 3).expect("is there");
        town.send(third, act(|out| out.record(Fact::Leaves(3)))); // but has not ended yet
        schedule.run(&mut town);
        let before = town.census();
        town.kill(bearer(&town, Name(1)));
        schedule.run(&mut town);
        for key in [1, 2, 4] {
            let lives = ["start 1".to_string(), format!("start 2, note {key}")];
            assert_eq!(diary.of(&format!("order {key}")), lives);
            let pid = town.child(orders, key).expect("is back");
            town.send(pid, text("hello"));
        }
        assert_eq!((diary.of("order 3").len(), town.child(orders, 3)), (1, None));
        schedule.run(&mut town);
        assert_eq!(diary.of("order 4")[2], "hello");
        assert_eq!(town.census().notes, before.notes - 1, "the note of the third is gone with it");
        town.send(town.child(orders, 2).expect("is back"), crash());
        schedule.run(&mut town);
        assert_eq!(diary.of("order 2")[3], "start 3, note 2");
    });
}

#[test]
fn children_that_the_log_names_are_there_from_the_first_start() {
    let (mut town, diary) = (town(), Diary::default());
    for key in [5, 3] {
        assert!(town.record(Fact::Enters(key)).is_ok());
    }
    town.grow(None, pair(diary.role("x"), Node::many("orders", diary.role("order"))));
    town.run();
    assert_eq!(diary.all(), ["x: start 1", "order 3: start 1", "order 5: start 1"]);
}

#[test]
fn a_process_outside_the_tree_has_one_life() {
    quietly();
    let (mut town, diary) = (town(), Diary::default());
    let ann = town.spawn(diary.actor("ann"));
    town.send(ann, note(1));
    town.send(ann, crash());
    town.run();
    assert_eq!((diary.of("ann").len(), town.census().notes), (1, 0));
}

#[test]
fn a_transient_child_that_is_done_frees_its_place_and_its_note() {
    let (mut town, diary) = (town(), Diary::default());
    let role = diary.role("order");
    let many = Node::many("orders", role.clone()).restarted(Restart::Transient);
    town.grow(None, pair(diary.role("x"), many));
    let orders = town.node("root/orders").expect("was grown");
    let before = town.census();
    let pid = town.spawn_child(orders, 1, role.actor());
    town.send(pid, note(1));
    town.send(pid, act(|out| out.exit(Reason::Shutdown)));
    town.run();
    assert_eq!((town.census().notes, town.census().processes), (before.notes, before.processes));
}
