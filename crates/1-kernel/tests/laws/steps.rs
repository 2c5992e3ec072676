//! A step is atomic: all of its effects, or none.

use std::cell::Cell;
use std::rc::Rc;

use kernel::{Name, Node, Out, Pid, Reason};

use crate::actor::{Actor, Diary, Fact, Message, act, text, town, watch};
use crate::schedule::{quietly, under_every_schedule};
use crate::supervision::pair;

/// Puts one of everything into `out`.
fn everything(out: &mut Out<Actor>, diary: &Diary, bob: Pid, met: &Cell<Option<Pid>>) {
    out.send(bob, text("sent"));
    out.send_to(Name(5), text("sent to a name"));
    out.record(Fact::Enters(9));
    out.note(Some(9));
    let child = out.spawn(diary.actor("child"));
    met.set(Some(child));
    out.send(child, text("to the child"));
    out.spawn_child(Name(6), 1, diary.actor("child"));
    out.monitor(bob);
    out.monitor(child);
    out.link(child);
    out.trap_exits(true);
    out.timer(1, 1);
    out.register(Name(7));
    out.join(1, 1);
    out.publish(2, 1, &text("published"));
    out.multicast(Name(6), text("to all children"));
    out.exit_other(bob, Reason::Shutdown);
    out.exit(Reason::Normal);
}

/// What a step does last.
type Last = fn(&mut Out<Actor>);

fn nothing_came_of(last: Last, reason: &'static str) {
    under_every_schedule(200, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let many = Node::many("many", diary.role("child")).named(Name(6));
        town.grow(None, pair(diary.role("other"), many));
        let (ann, bob) = (town.spawn(diary.actor("ann")), town.spawn(diary.actor("bob")));
        let witness = town.spawn(diary.actor("witness"));
        town.send(witness, watch(ann));
        town.send(bob, act(|out| out.register(Name(5))));
        town.send(bob, act(|out| out.join(2, 1)));
        schedule.run(&mut town);
        let (before, met) = (town.census(), Rc::new(Cell::new(None)));
        let (mine, meets) = (diary.clone(), Rc::clone(&met));
        town.send(
            ann,
            act(move |out| {
                everything(out, &mine, bob, &meets);
                last(out);
            }),
        );
        schedule.run(&mut town);
        assert_eq!(diary.of("bob"), ["start 1"]);
        assert_eq!(diary.of("witness"), ["start 1".to_string(), format!("down: {reason}")]);
        assert_eq!((diary.of("child").len(), diary.of("child 1").len()), (0, 0));
        assert_eq!((town.state_machine().admitted, town.take_log().count()), (0, 0));
        assert_eq!((town.whereis(Name(7)), town.next_timer()), (None, None));
        assert!(!town.is_alive(met.get().expect("the step was run")));
        assert_eq!(town.undeliverable(), 0);
        let after = town.census();
        assert_eq!((after.notes, after.timers), (before.notes, before.timers));
        assert_eq!((after.processes, after.links), (before.processes - 1, before.links - 1));
        // And the world goes on, in the addresses that were given back too.
        for word in ["one", "two", "three", "four"] {
            let next = town.spawn(diary.actor("next"));
            town.send(next, text(word));
        }
        schedule.run(&mut town);
        assert_eq!(diary.of("next").len(), 8);
        assert!(town.is_alive(bob));
    });
}

#[test]
fn a_step_that_panics_leaves_no_effect_and_only_its_process_dies() {
    nothing_came_of(|_| panic!("planned"), "failed: planned");
}

#[test]
fn of_a_burst_each_message_is_a_step_of_its_own() {
    let ends: [(Last, &str); 3] = [
        (|_| panic!("planned"), "down: failed: planned"),
        (|out| out.record(Fact::Wrong), "down: failed: nothing wrong is written"),
        (|out| out.exit(Reason::Said(3)), "down: said 3"),
    ];
    for (third, told) in ends {
        under_every_schedule(50, |schedule| {
            let (mut town, diary) = (town(), Diary::default());
            let [ann, bob] = ["ann", "bob"].map(|name| town.spawn(diary.actor(name)));
            town.send(bob, watch(ann));
            schedule.run(&mut town);
            for number in 1..=5u64 {
                town.send(
                    ann,
                    act(move |out| {
                        out.send(bob, text(number));
                        if number == 3 {
                            third(out);
                        }
                    }),
                );
            }
            schedule.run(&mut town);
            let heard = if told == "down: said 3" { "start 1 1 2 3 " } else { "start 1 1 2 " };
            assert_eq!(diary.of("bob").join(" "), format!("{heard}{told}"));
            assert_eq!((town.undeliverable(), town.take_log().count()), (2, 0));
        });
    }
}

#[test]
fn a_fact_that_the_keeper_refuses_undoes_the_step_and_kills() {
    nothing_came_of(|out| out.record(Fact::Wrong), "failed: nothing wrong is written");
}

#[test]
fn facts_of_a_good_step_are_admitted_and_logged_in_order() {
    let (mut town, diary) = (town(), Diary::default());
    let ann = town.spawn(diary.actor("ann"));
    town.send(
        ann,
        act(|out| {
            out.record(Fact::Enters(2));
            out.record(Fact::Enters(1));
            out.record(Fact::Leaves(2));
        }),
    );
    town.run();
    assert_eq!(town.state_machine().inside.iter().copied().collect::<Vec<_>>(), [1]);
    let log: Vec<String> = town.take_log().map(|fact| format!("{fact:?}")).collect();
    assert_eq!(log, ["Enters(2)", "Enters(1)", "Leaves(2)"]);
    assert_eq!(town.take_log().count(), 0, "taken once");
}

#[test]
fn a_fact_from_outside_is_judged_too() {
    let mut town = town();
    assert!(town.record(Fact::Wrong).is_err());
    assert!(town.record(Fact::Enters(1)).is_ok());
    assert_eq!((town.state_machine().admitted, town.take_log().count()), (1, 1));
}

#[test]
fn only_the_reader_of_the_log_may_read_the_keeper() {
    let (mut town, diary) = (town(), Diary::default());
    let (ann, bob) = (town.spawn(diary.actor("ann")), town.spawn(diary.actor("bob")));
    town.send(ann, act(|out| out.register(Name(0))));
    let look = || act(|out| out.send(out.me(), text(out.read_state().is_some())));
    town.send(ann, look());
    town.send(bob, look());
    town.run();
    assert_eq!((&diary.of("ann")[1], &diary.of("bob")[1]), (&"true".into(), &"false".into()));
}

#[test]
fn an_effect_before_an_exit_in_the_same_step_still_happens() {
    under_every_schedule(200, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let (ann, bob) = (town.spawn(diary.actor("ann")), town.spawn(diary.actor("bob")));
        let mine = diary.clone();
        town.send(
            ann,
            act(move |out| {
                out.exit(Reason::Normal);
                out.spawn(mine.actor("child"));
                out.send(bob, text("farewell"));
                out.record(Fact::Enters(1));
            }),
        );
        schedule.run(&mut town);
        assert!(!town.is_alive(ann));
        assert_eq!((diary.of("child").len(), diary.of("bob").len()), (1, 2));
        assert_eq!(town.state_machine().admitted, 1);
    });
}

#[test]
fn many_spawned_in_one_step_get_each_their_own_process_in_order() {
    let (mut town, diary) = (town(), Diary::default());
    let ann = town.spawn(diary.actor("ann"));
    let mine = diary.clone();
    town.send(
        ann,
        act(move |out| {
            for name in ["x", "y", "z"] {
                let pid = out.spawn(mine.actor(name));
                out.send(pid, text(name));
            }
        }),
    );
    town.run();
    for name in ["x", "y", "z"] {
        assert_eq!(diary.of(name), ["start 1", name]);
    }
}

#[test]
fn a_child_for_a_supervisor_that_nobody_bears_is_never_started_and_its_address_never_used() {
    under_every_schedule(200, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let ann = town.spawn(diary.actor("ann"));
        let mine = diary.clone();
        town.send(
            ann,
            act(move |out| {
                let child = out.spawn_child(Name(6), 1, mine.actor("child"));
                out.send(child, text("for the child that never was"));
                out.monitor(child);
                let other = out.spawn(mine.actor("other"));
                out.send(other, text("for the other"));
            }),
        );
        schedule.some(&mut town, 2);
        let next = town.spawn(diary.actor("next"));
        town.send(next, text("for the next"));
        schedule.run(&mut town);
        assert_eq!(diary.of("child 1").len(), 0);
        assert_eq!(diary.of("other"), ["start 1", "for the other"]);
        assert_eq!(diary.of("next"), ["start 1", "for the next"]);
        assert_eq!(diary.of("ann"), ["start 1", "down: no process"]);
        assert_eq!(town.undeliverable(), 2, "its start and its message");
    });
}

#[test]
fn a_panic_of_who_was_called_from_outside_a_step_passes_through() {
    quietly();
    let mut town = town();
    let blame = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        town.run_by(&mut Bad);
    }));
    assert!(blame.is_ok(), "nothing waits, so the scheduler is not asked");
    let diary = Diary::default();
    town.spawn(diary.actor("ann"));
    let blame = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        town.run_by(&mut Bad);
    }));
    assert!(blame.is_err());
    assert_eq!(diary.of("ann").len(), 0);
}

struct Bad;

impl kernel::Scheduler for Bad {
    fn choose(&mut self, _ready: &[usize]) -> Option<usize> {
        panic!("planned")
    }
}

#[test]
fn text_of_a_panic_is_the_reason_whether_it_is_formatted_or_not() {
    let (mut town, diary) = (town(), Diary::default());
    let (ann, bob) = (town.spawn(diary.actor("ann")), town.spawn(diary.actor("bob")));
    quietly();
    let die: Message = act(|_| panic!("{}", String::from("planned")));
    town.send(bob, watch(ann));
    town.send(ann, die);
    town.run();
    assert_eq!(diary.of("bob"), ["start 1", "down: failed: planned"]);
}
