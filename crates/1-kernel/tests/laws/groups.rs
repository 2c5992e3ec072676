//! Groups: who hears what is published.

use kernel::{Name, Node};

use crate::actor::{Diary, Message, Town, act, crash, text, town};
use crate::schedule::{quietly, under_every_schedule};
use crate::supervision::pair;

fn join(topics: u64) -> Message {
    act(move |out| out.join(1, topics))
}

fn publish(town: &mut Town, topics: u64, word: &'static str) {
    let speaker = town.spawn(Diary::default().actor("speaker"));
    town.send(speaker, act(move |out| out.publish(1, topics, &text(word))));
    town.send(speaker, act(|out| out.exit(kernel::Reason::Normal)));
}

#[test]
fn who_joined_hears_what_is_published_on_its_topics_and_nothing_else() {
    under_every_schedule(200, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let topics = [("one", 1), ("two", 2), ("both", 3), ("none", 0)];
        for (name, topics) in topics {
            let pid = town.spawn(diary.actor(name));
            town.send(pid, join(topics));
        }
        schedule.run(&mut town);
        publish(&mut town, 1, "a");
        schedule.run(&mut town);
        publish(&mut town, 2, "b");
        publish(&mut town, 4, "c");
        schedule.run(&mut town);
        assert_eq!(diary.of("one")[1..], ["a"]);
        assert_eq!(diary.of("two")[1..], ["b"]);
        assert_eq!(diary.of("both")[1..], ["a", "b"]);
        assert_eq!(diary.of("none").len(), 1);
    });
}

#[test]
fn live_a_group_hears_in_order_of_joining() {
    let (mut town, diary) = (town(), Diary::default());
    let [x, y] = ["x", "y"].map(|name| town.spawn(diary.actor(name)));
    town.send(y, join(1));
    town.send(x, join(1));
    town.run();
    diary.clear();
    publish(&mut town, 1, "a");
    town.run();
    assert_eq!(diary.all(), ["y: a", "x: a"]);
}

#[test]
fn who_joins_again_has_its_new_topics_alone_and_hears_once() {
    let (mut town, diary) = (town(), Diary::default());
    let ann = town.spawn(diary.actor("ann"));
    town.send(ann, join(1));
    town.send(ann, join(2));
    town.run();
    publish(&mut town, 1, "a");
    publish(&mut town, 3, "b");
    town.run();
    assert_eq!(diary.of("ann"), ["start 1", "b"]);
}

#[test]
fn who_quits_or_ends_hears_no_more_and_nothing_is_sent_to_it() {
    quietly();
    let (mut town, diary) = (town(), Diary::default());
    let [ann, bob, eve] = ["ann", "bob", "eve"].map(|name| town.spawn(diary.actor(name)));
    for pid in [ann, bob, eve] {
        town.send(pid, join(1));
    }
    town.send(ann, act(|out| out.quit(1)));
    town.send(ann, act(|out| out.quit(99)));
    town.send(bob, crash());
    town.run();
    publish(&mut town, 1, "a");
    town.run();
    assert_eq!((diary.of("ann").len(), diary.of("bob").len()), (1, 1));
    assert_eq!(diary.of("eve"), ["start 1", "a"]);
    assert_eq!(town.undeliverable(), 0);
}

#[test]
fn a_membership_ends_with_the_life_and_the_next_one_joins_for_itself() {
    quietly();
    let (mut town, diary) = (town(), Diary::default());
    let joiner = diary.role("joiner").starting(|out| out.join(1, 1));
    let node = Node::one("joiner", joiner).named(Name(1));
    town.grow(None, pair(diary.role("x"), node));
    town.send_to(Name(1), crash());
    town.run();
    publish(&mut town, 1, "a");
    town.run();
    assert_eq!(diary.of("joiner"), ["start 1", "start 2", "a"]);
}

#[test]
fn a_multicast_reaches_each_child_of_a_supervisor_of_many_in_order_of_address() {
    let (mut town, diary) = (town(), Diary::default());
    let role = diary.role("order");
    town.grow(None, pair(diary.role("x"), Node::many("orders", role.clone()).named(Name(1))));
    let orders = town.node("root/orders").expect("was grown");
    for key in [4, 2, 3] {
        town.spawn_child(orders, key, role.actor());
    }
    let ann = town.spawn(diary.actor("ann"));
    let newcomer = role.clone();
    town.run();
    town.kill(town.child(orders, 2).expect("is there"));
    town.run();
    diary.clear();
    town.send(
        ann,
        act(move |out| {
            out.spawn_child(Name(1), 5, newcomer.actor());
            out.multicast(Name(1), text("hear"));
            out.multicast(Name(9), text("no children"));
        }),
    );
    town.run();
    let all =
        ["order 5: start 1", "order 4: hear", "order 2: hear", "order 3: hear", "order 5: hear"];
    assert_eq!(diary.all(), all);
}
