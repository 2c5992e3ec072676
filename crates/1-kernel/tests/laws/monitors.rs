//! Monitors: one end of a life, told once.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use kernel::{MonitorRef, Pid, Reason};

use crate::actor::{Diary, Heard, act, crash, text, town, watch};
use crate::schedule::under_every_schedule;

const SEEDS: u64 = 1000;

#[test]
fn a_monitor_on_one_who_is_gone_fires_with_no_process() {
    under_every_schedule(SEEDS, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let (bob, ann) = (town.spawn(diary.actor("bob")), town.spawn(diary.actor("ann")));
        schedule.run(&mut town);
        town.kill(bob);
        for gone in [bob, Pid::OUTSIDE, Pid::made_up(77, 1)] {
            town.send(
                ann,
                act(move |out| {
                    out.monitor(gone);
                }),
            );
        }
        schedule.run(&mut town);
        assert_eq!(
            diary.of("ann"),
            ["start 1"; 1].iter().copied().chain(["down: no process"; 3]).collect::<Vec<_>>()
        );
    });
}

#[test]
fn what_a_process_sent_before_its_end_arrives_before_its_down() {
    for (end, reason) in [
        (act(|out| out.exit(Reason::Said(7))), "down: said 7"),
        (crash(), "down: failed: planned"),
        (act(|out| out.exit_other(out.me(), Reason::Killed)), "down: killed"),
    ] {
        under_every_schedule(SEEDS, |schedule| {
            let (mut town, diary) = (town(), Diary::default());
            let (bob, ann) = (town.spawn(diary.actor("bob")), town.spawn(diary.actor("ann")));
            town.send(ann, watch(bob));
            schedule.run(&mut town);
            for word in ["one", "two"] {
                town.send(bob, act(move |out| out.send(ann, text(word))));
            }
            town.send(bob, end.clone());
            schedule.run(&mut town);
            assert_eq!(diary.of("ann"), ["start 1", "one", "two", reason]);
        });
    }
}

#[test]
fn a_monitor_fires_once_and_then_is_used_up() {
    under_every_schedule(200, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let (bob, ann) = (town.spawn(diary.actor("bob")), town.spawn(diary.actor("ann")));
        let kept = Rc::new(Cell::new(None));
        let keep = Rc::clone(&kept);
        town.send(ann, act(move |out| keep.set(Some(out.monitor(bob)))));
        schedule.run(&mut town);
        town.kill(bob);
        schedule.run(&mut town);
        let used: MonitorRef = kept.get().expect("ann has set it");
        town.send(ann, act(move |out| out.demonitor(used)));
        schedule.run(&mut town);
        assert_eq!(diary.of("ann"), ["start 1", "down: killed"]);
    });
}

#[test]
fn two_monitors_on_one_process_fire_each_for_itself() {
    let (mut town, diary) = (town(), Diary::default());
    let (bob, ann) = (town.spawn(diary.actor("bob")), town.spawn(diary.actor("ann")));
    let kept: Rc<RefCell<Vec<MonitorRef>>> = Rc::default();
    for _ in 0..3 {
        let keep = Rc::clone(&kept);
        town.send(ann, act(move |out| keep.borrow_mut().push(out.monitor(bob))));
    }
    town.run();
    let second = kept.borrow()[1];
    town.send(ann, act(move |out| out.demonitor(second)));
    town.run();
    town.kill(bob);
    town.run();
    let fired: Vec<MonitorRef> = diary
        .events("ann")
        .into_iter()
        .filter_map(|event| match event {
            Heard::Down { monitor, pid, .. } if pid == bob => Some(monitor),
            _ => None,
        })
        .collect();
    assert_eq!(fired, [kept.borrow()[0], kept.borrow()[2]], "oldest first, without the second");
}

#[test]
fn demonitor_takes_back_a_down_that_is_on_its_way() {
    under_every_schedule(SEEDS, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let (bob, ann) = (town.spawn(diary.actor("bob")), town.spawn(diary.actor("ann")));
        let kept = Rc::new(Cell::new(None));
        let keep = Rc::clone(&kept);
        town.send(ann, act(move |out| keep.set(Some(out.monitor(bob)))));
        schedule.run(&mut town);
        // Ann demonitors in a step before the Down is delivered, which is under way from here on.
        town.send(ann, act(move |out| out.demonitor(kept.get().expect("was set"))));
        if schedule.is_seeded() {
            town.kill(bob); // may overtake
            let before = diary.of("ann").len();
            schedule.run(&mut town);
            assert!(diary.of("ann").len() <= before + 1);
        } else {
            town.kill(bob);
            schedule.run(&mut town);
            assert_eq!(diary.of("ann"), ["start 1"]);
        }
    });
}

#[test]
fn after_demonitor_no_down_arrives_under_any_schedule() {
    under_every_schedule(SEEDS, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let (bob, ann) = (town.spawn(diary.actor("bob")), town.spawn(diary.actor("ann")));
        let kept = Rc::new(Cell::new(None));
        let keep = Rc::clone(&kept);
        town.send(ann, act(move |out| keep.set(Some(out.monitor(bob)))));
        schedule.run(&mut town);
        let mark = text("demonitored");
        town.send(
            ann,
            act(move |out| {
                out.demonitor(kept.get().expect("was set"));
                out.send(out.me(), mark.clone());
            }),
        );
        town.send(bob, crash());
        schedule.run(&mut town);
        let heard = diary.of("ann");
        let done = heard.iter().position(|line| line == "demonitored").expect("always sent");
        // The Down may come before the step that demonitors, hence before the mark, never after.
        assert!(heard[done..].iter().all(|line| !line.starts_with("down")), "{heard:?}");
    });
}

#[test]
fn a_late_down_is_never_taken_for_another_monitors() {
    under_every_schedule(SEEDS, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let (bob, eve) = (town.spawn(diary.actor("bob")), town.spawn(diary.actor("eve")));
        let ann = town.spawn(diary.actor("ann"));
        let (old, new) = (Rc::new(Cell::new(None)), Rc::new(Cell::new(None)));
        let keep = Rc::clone(&old);
        town.send(ann, act(move |out| keep.set(Some(out.monitor(bob)))));
        schedule.run(&mut town);
        town.kill(bob); // its Down is on its way
        let (taken, keep) = (old.clone(), Rc::clone(&new));
        town.send(
            ann,
            act(move |out| {
                out.demonitor(taken.get().expect("was set"));
                keep.set(Some(out.monitor(eve))); // takes the place in the table that became free
            }),
        );
        schedule.run(&mut town);
        assert_ne!(old.get(), new.get());
        for event in diary.events("ann") {
            if let Heard::Down { monitor, pid, .. } = event {
                assert_eq!((Some(monitor), pid), (old.get(), bob), "eve is alive");
            }
        }
        town.kill(eve);
        schedule.run(&mut town);
        let last = diary.events("ann").pop();
        let Some(Heard::Down { monitor, pid, reason: Reason::Killed }) = last else {
            panic!("eve's end was not told")
        };
        assert_eq!((Some(monitor), pid), (new.get(), eve));
    });
}

#[test]
fn nobody_can_take_away_a_monitor_of_another() {
    let (mut town, diary) = (town(), Diary::default());
    let (bob, ann) = (town.spawn(diary.actor("bob")), town.spawn(diary.actor("ann")));
    let kept = Rc::new(Cell::new(None));
    let keep = Rc::clone(&kept);
    town.send(ann, act(move |out| keep.set(Some(out.monitor(bob)))));
    town.run();
    let eve = town.spawn(diary.actor("eve"));
    town.send(eve, act(move |out| out.demonitor(kept.get().expect("was set"))));
    town.run();
    town.kill(bob);
    town.run();
    assert_eq!(diary.of("ann"), ["start 1", "down: killed"]);
}

#[test]
fn a_slot_that_is_used_again_is_never_taken_for_its_last_owner() {
    let (mut town, diary) = (town(), Diary::default());
    let watcher = town.spawn(diary.actor("watcher"));
    let first = town.spawn(diary.actor("first"));
    town.send(watcher, watch(first));
    town.run();
    town.kill(first);
    let second = town.spawn(diary.actor("second"));
    assert_eq!(first.index(), second.index(), "the slot is used again");
    assert_ne!(first, second);
    town.send(first, text("for the first"));
    town.send(first, crash());
    town.send(watcher, watch(first));
    town.send(watcher, act(move |out| out.exit_other(first, Reason::Killed)));
    town.run();
    assert_eq!(diary.of("watcher"), ["start 1", "down: killed", "down: no process"]);
    assert_eq!(diary.of("second"), ["start 1"]);
    assert!(town.is_alive(second) && !town.is_alive(first));
    assert!(town.process(first).is_none() && town.note(first).is_none());
    town.kill(first);
    assert!(town.is_alive(second));
}

#[test]
fn who_monitors_itself_dies_in_peace() {
    let (mut town, diary) = (town(), Diary::default());
    let ann = town.spawn(diary.actor("ann"));
    town.send(
        ann,
        act(|out| {
            out.monitor(out.me());
        }),
    );
    town.send(ann, act(|out| out.exit(Reason::Normal)));
    town.run();
    assert_eq!((diary.of("ann").len(), town.undeliverable()), (1, 0));
}
