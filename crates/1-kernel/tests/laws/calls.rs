//! Questions and answers: exactly one of answer and `Down`, and a late answer is never taken for another.

use std::cell::RefCell;
use std::rc::Rc;

use kernel::{Call, Name, Pid, Reason};

use crate::actor::{Diary, Heard, Message, Town, act, crash, text, town, watch};
use crate::schedule::under_every_schedule;

/// A question that makes the receiver act on the address of the answer.
fn question(
    what: impl Fn(&mut kernel::Out<crate::actor::Actor>, Pid) + Clone + 'static,
) -> impl Fn(Pid) -> Message {
    move |reply_to| {
        let what = what.clone();
        act(move |out| what(out, reply_to))
    }
}

type Kept = Rc<RefCell<Vec<Call>>>;

/// Makes a process ask, and keeps the call's reference.
fn ask(kept: &Kept, asked: Pid, question: impl Fn(Pid) -> Message + 'static) -> Message {
    let kept = Rc::clone(kept);
    act(move |out| kept.borrow_mut().push(out.call(asked, &question)))
}

struct Set {
    town: Town,
    diary: Diary,
    ann: Pid,
    bob: Pid,
    kept: Kept,
}

fn set() -> Set {
    let (mut town, diary) = (town(), Diary::default());
    let [ann, bob] = ["ann", "bob"].map(|name| town.spawn(diary.actor(name)));
    Set { town, diary, ann, bob, kept: Kept::default() }
}

/// Nothing of a question is left.
fn all_clear(town: &Town) {
    let census = town.census();
    assert_eq!((census.calls, census.links), (0, 0));
    assert_eq!(census.slots, census.free + census.processes);
}

#[test]
fn an_answer_comes_once_from_the_address_it_was_sent_to_and_no_down_after_it() {
    under_every_schedule(100, |schedule| {
        let Set { mut town, diary, ann, bob, kept } = set();
        let twice = question(|out, reply_to| {
            out.send(reply_to, text("first"));
            out.send(reply_to, text("second"));
            out.exit(Reason::Said(1));
        });
        town.send(ann, ask(&kept, bob, twice));
        schedule.run(&mut town);
        assert_eq!(diary.of("ann"), ["start 1", "first"]);
        let from = match &diary.events("ann")[1] {
            Heard::Message { from, .. } => *from,
            other => unreachable!("{other:?}"),
        };
        assert_eq!(from, kept.borrow()[0].reply_to);
        all_clear(&town);
    });
}

#[test]
fn whoever_ends_without_an_answer_is_told_of_and_a_later_answer_is_dropped() {
    under_every_schedule(100, |schedule| {
        let Set { mut town, diary, ann, bob, kept } = set();
        let cid = town.spawn(diary.actor("cid"));
        // Bob hands the question to cid and dies; cid answers too late, or in time.
        let hand_on = question(move |out, reply_to| {
            out.send(cid, act(move |out| out.send(reply_to, text("answer"))));
            out.exit(Reason::Said(1));
        });
        town.send(ann, ask(&kept, bob, hand_on));
        schedule.run(&mut town);
        let heard = diary.of("ann").split_off(1);
        assert!(heard == ["answer"] || heard == ["down: said 1"], "{heard:?}");
        all_clear(&town);
    });
}

#[test]
fn the_answer_of_one_who_then_ends_comes_before_its_end() {
    under_every_schedule(200, |schedule| {
        let Set { mut town, diary, ann, bob, kept } = set();
        let answer = question(|out, reply_to| {
            out.send(reply_to, text("answer"));
            out.exit(Reason::Said(1));
        });
        town.send(ann, watch(bob));
        town.send(ann, ask(&kept, bob, answer));
        schedule.run(&mut town);
        assert_eq!(diary.of("ann"), ["start 1", "answer", "down: said 1"]);
    });
}

#[test]
fn a_question_to_nobody_is_answered_by_down() {
    under_every_schedule(20, |schedule| {
        let Set { mut town, diary, ann, bob, kept } = set();
        schedule.run(&mut town);
        town.kill(bob);
        town.send(ann, ask(&kept, bob, question(|_, _| {})));
        town.send(
            ann,
            act(|out| {
                out.call_by_name(Name(5), |_| text("any process?"));
            }),
        );
        schedule.run(&mut town);
        assert_eq!(diary.of("ann"), ["start 1", "down: no process", "down: no process"]);
        all_clear(&town);
    });
}

#[test]
fn the_late_answer_to_a_forgotten_question_is_not_taken_for_that_to_the_next() {
    under_every_schedule(200, |schedule| {
        let Set { mut town, diary, ann, bob, kept } = set();
        let answer =
            |what: &'static str| question(move |out, reply_to| out.send(reply_to, text(what)));
        town.send(ann, ask(&kept, bob, answer("old")));
        schedule.some(&mut town, 4);
        let is_heard = diary.of("ann").len() > 1;
        let old = Rc::clone(&kept);
        let ask_again = answer("new");
        town.send(
            ann,
            act(move |out| {
                if let Some(ask) = old.borrow_mut().pop() {
                    out.cancel_call(ask);
                }
                old.borrow_mut().push(out.call(bob, &ask_again));
            }),
        );
        schedule.run(&mut town);
        let heard = diary.of("ann").split_off(1);
        let was_heard = heard.contains(&"old".to_owned());
        assert!(was_heard || !is_heard);
        assert_eq!(heard.last().map(String::as_str), Some("new"));
        let from = match diary.events("ann").last() {
            Some(Heard::Message { from, .. }) => *from,
            other => unreachable!("{other:?}"),
        };
        assert_eq!(Some(from), kept.borrow().last().map(|ask| ask.reply_to));
        all_clear(&town);
    });
}

#[test]
fn the_answer_to_one_who_has_died_is_not_taken_for_one_to_its_next_life() {
    under_every_schedule(100, |schedule| {
        let Set { mut town, diary, bob, kept, .. } = set();
        let one = kernel::Node::one("eve", diary.role("eve")).named(Name(1));
        let root = kernel::Node::group(
            "root",
            kernel::Strategy::OneForOne,
            kernel::Intensity::times(3),
            vec![one],
        );
        town.grow(None, root);
        let ready = question(|out, reply_to| out.send(reply_to, text("answer")));
        town.send_to(Name(1), ask(&kept, bob, ready));
        town.send_to(Name(1), crash());
        schedule.run(&mut town);
        let heard = diary.of("eve");
        assert_eq!(heard.last().map(String::as_str), Some("start 2"), "nothing after that");
        assert_eq!((town.census().calls, town.census().links), (0, 0));
    });
}

#[test]
fn a_step_that_is_undone_has_asked_nothing() {
    under_every_schedule(20, |schedule| {
        let Set { mut town, diary, ann, bob, .. } = set();
        town.send(
            ann,
            act(move |out| {
                out.call(bob, |_| text("question"));
                panic!("planned")
            }),
        );
        schedule.run(&mut town);
        assert_eq!(diary.of("bob"), ["start 1"]);
        all_clear(&town);
    });
}

#[test]
fn the_address_of_an_answer_takes_nothing_but_the_answer() {
    let (mut town, diary) = (town(), Diary::default());
    let [ann, bob, eve] = ["ann", "bob", "eve"].map(|name| town.spawn(diary.actor(name)));
    let kept = Kept::default();
    town.send(ann, ask(&kept, bob, question(|_, _| {})));
    town.run();
    let reply_to = kept.borrow()[0].reply_to;
    town.send(eve, act(|out| out.trap_exits(true)));
    town.send(eve, watch(reply_to));
    town.send(eve, act(move |out| out.link(reply_to)));
    town.send(eve, act(move |out| out.exit_other(reply_to, Reason::Killed)));
    town.run();
    assert_eq!(diary.of("eve"), ["start 1", "down: no process", "exit: no process"]);
    assert!(town.is_alive(ann) && !town.is_alive(reply_to));
    assert_eq!((town.census().calls, town.undeliverable()), (1, 1), "it still waits");
    town.send(bob, act(move |out| out.send(reply_to, text("here"))));
    town.run();
    assert_eq!(diary.of("ann"), ["start 1", "here"]);
}
