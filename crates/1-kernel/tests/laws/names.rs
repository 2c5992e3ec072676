//! Names: to whom a message goes that names its receiver.

use kernel::{Name, Node};

use crate::actor::{Diary, act, bearer, crash, text, town};
use crate::schedule::under_every_schedule;
use crate::supervision::pair;

#[test]
fn a_message_to_a_name_whose_bearer_has_died_reaches_the_next_life_after_its_start() {
    under_every_schedule(2000, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        town.grow(None, pair(diary.role("x"), Node::one("ann", diary.role("ann")).named(Name(1))));
        let (bob, eve) = (town.spawn(diary.actor("bob")), town.spawn(diary.actor("eve")));
        schedule.run(&mut town);
        town.send_to(Name(1), crash());
        for sender in [bob, eve] {
            for word in ["one", "two"] {
                town.send(sender, act(move |out| out.send_to(Name(1), text(word))));
            }
        }
        let dead = bearer(&town, Name(1));
        while town.is_alive(dead) {
            schedule.some(&mut town, 1);
        }
        // From here on everything that is sent by name is for the next life.
        assert!(town.send_to(Name(1), text("from outside")));
        let already = diary.of("ann").len() - 1; // of bob's and eve's, what overtook the crash
        schedule.run(&mut town);
        let heard = diary.of("ann");
        let born = heard.iter().position(|line| line == "start 2").expect("lives again");
        assert_eq!(born, 1 + already, "nothing comes between two lives: {heard:?}");
        assert!(heard[born..].iter().any(|line| line == "from outside"), "{heard:?}");
        // What was sent to the life that died is lost with it; nothing else is.
        let lost = usize::try_from(town.undeliverable()).expect("few");
        assert_eq!(heard.len() - 3 + lost, 4, "{heard:?}");
    });
}

#[test]
fn live_nothing_that_is_sent_to_a_name_after_a_death_is_lost() {
    let (mut town, diary) = (town(), Diary::default());
    town.grow(None, pair(diary.role("x"), Node::one("ann", diary.role("ann")).named(Name(1))));
    let bob = town.spawn(diary.actor("bob"));
    town.send_to(Name(1), crash());
    for word in ["one", "two"] {
        town.send(bob, act(move |out| out.send_to(Name(1), text(word))));
    }
    crate::schedule::quietly();
    town.run();
    assert_eq!(diary.of("ann"), ["start 1", "start 2", "one", "two"]);
}

#[test]
fn a_message_to_a_name_that_nobody_bears_goes_to_nobody() {
    let (mut town, diary) = (town(), Diary::default());
    let ann = town.spawn(diary.actor("ann"));
    town.send(ann, act(|out| out.send_to(Name(3), text("hello"))));
    town.run();
    assert!(!town.send_to(Name(3), text("hello")));
    assert_eq!((diary.all().len(), town.undeliverable(), town.whereis(Name(3))), (1, 0, None));
}

#[test]
fn a_name_passes_to_the_last_who_took_it_and_is_free_after_its_end() {
    let (mut town, diary) = (town(), Diary::default());
    let (ann, bob) = (town.spawn(diary.actor("ann")), town.spawn(diary.actor("bob")));
    for pid in [ann, bob] {
        town.send(pid, act(|out| out.register(Name(3))));
    }
    town.run();
    assert_eq!(town.whereis(Name(3)), Some(bob));
    town.kill(ann);
    assert_eq!(town.whereis(Name(3)), Some(bob), "ann's end takes nothing from bob");
    town.kill(bob);
    assert_eq!(town.whereis(Name(3)), None);
}

#[test]
fn who_dies_in_its_first_step_is_found_under_its_name_in_the_next_life() {
    under_every_schedule(200, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let role = diary.role("ann").starting(|out| {
            if out.incarnation() < 3 {
                panic!("planned")
            }
        });
        town.grow(None, pair(diary.role("x"), Node::one("ann", role).named(Name(1))));
        schedule.run(&mut town);
        assert!(town.send_to(Name(1), text("hello")));
        schedule.run(&mut town);
        assert_eq!(diary.of("ann"), ["start 1", "start 2", "start 3", "hello"]);
    });
}

#[test]
fn a_name_that_would_take_all_memory_is_the_end_of_who_takes_it() {
    let (mut town, diary) = (town(), Diary::default());
    let (ann, bob) = (town.spawn(diary.actor("ann")), town.spawn(diary.actor("bob")));
    town.send(bob, crate::actor::watch(ann));
    town.send(ann, act(|out| out.register(Name(Name::LIMIT))));
    town.send(bob, act(|out| out.send_to(Name(u32::MAX), text("to no process"))));
    town.run();
    assert_eq!(diary.of("bob")[1], format!("down: failed: name {0} is not below {0}", Name::LIMIT));
    assert!(town.is_alive(bob));
}

#[test]
fn a_process_bears_as_many_names_as_it_takes_and_loses_all_at_its_end() {
    let (mut town, diary) = (town(), Diary::default());
    let ann = town.spawn(diary.actor("ann"));
    town.send(ann, act(|out| out.register(Name(1))));
    town.send(ann, act(|out| out.register(Name(2))));
    town.run();
    assert_eq!([1, 2].map(|name| town.whereis(Name(name))), [Some(ann); 2]);
    town.kill(ann);
    assert_eq!([1, 2].map(|name| town.whereis(Name(name))), [None; 2]);
}
