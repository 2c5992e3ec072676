//! Exit signals to supervisors: only a parent's end one in good order.

use kernel::{Intensity, Name, Node, Pid, Reason, Strategy};

use crate::actor::{Diary, Town, act, bearer, town, watch};
use crate::schedule::under_every_schedule;
use crate::supervision::pair;

/// A root with a branch, in which ann is.
fn branched(diary: &Diary) -> (Town, Pid, Pid) {
    let mut town = town();
    let inner = vec![Node::one("ann", diary.role("ann")).named(Name(1))];
    let inner = Node::group("inner", Strategy::OneForOne, Intensity::times(1), inner);
    let root = pair(diary.role("x"), inner.named(Name(2)));
    town.grow(None, root.named(Name(3)));
    town.run();
    let (root, inner) = (bearer(&town, Name(3)), bearer(&town, Name(2)));
    (town, root, inner)
}

#[test]
fn an_exit_signal_of_a_stranger_means_nothing_to_a_supervisor() {
    for reason in [Reason::Normal, Reason::Shutdown, Reason::Said(1), Reason::Failed("so".into())] {
        under_every_schedule(20, |schedule| {
            let diary = Diary::default();
            let (mut town, root, inner) = branched(&diary);
            let bob = town.spawn(diary.actor("bob"));
            let reason = reason.clone();
            let signals = act(move |out| {
                out.exit_other(root, reason.clone());
                out.exit_other(inner, reason.clone());
            });
            town.send(bob, signals.clone());
            // Not even one of its own children: that one has ended is said by the kernel alone.
            town.send_to(Name(1), signals);
            schedule.run(&mut town);
            assert!(town.is_alive(root) && town.is_alive(inner));
            assert_eq!((diary.of("ann").len(), town.death()), (1, None));
        });
    }
}

#[test]
fn an_exit_signal_of_its_parent_ends_a_supervisor_in_good_order() {
    for (reason, told) in [(Reason::Normal, "normal"), (Reason::Said(1), "said 1")] {
        under_every_schedule(20, |schedule| {
            let diary = Diary::default();
            let (mut town, root, inner) = branched(&diary);
            let witness = town.spawn(diary.actor("witness"));
            town.send(witness, watch(inner));
            town.send(witness, watch(bearer(&town, Name(1))));
            schedule.run(&mut town);
            town.exit_as(root, inner, &reason);
            schedule.run(&mut town);
            let mut heard = diary.of("witness");
            assert_eq!(heard.remove(0), "start 1");
            if schedule.is_seeded() {
                heard.sort_by_key(|line| line == &format!("down: {told}")); // of two, in any order
            }
            let ends = ["down: shutdown".to_owned(), format!("down: {told}")];
            assert_eq!(heard, ends, "its child before it");
            assert_eq!(diary.of("ann").len(), 2, "and it is back");
        });
    }
}

#[test]
fn the_edge_is_the_parent_of_a_root() {
    let diary = Diary::default();
    let (mut town, root, _) = branched(&diary);
    town.exit_as(Pid::OUTSIDE, root, &Reason::Said(4));
    town.run();
    assert_eq!((town.death(), town.census().processes), (Some(&Reason::Said(4)), 0));
}

#[test]
fn a_kill_ends_a_supervisor_whoever_sends_it() {
    under_every_schedule(20, |schedule| {
        let diary = Diary::default();
        let (mut town, root, inner) = branched(&diary);
        let bob = town.spawn(diary.actor("bob"));
        town.send(bob, watch(inner));
        town.send(bob, act(move |out| out.exit_other(inner, Reason::Killed)));
        schedule.run(&mut town);
        assert_eq!(diary.of("bob"), ["start 1", "down: killed"]);
        assert!(town.is_alive(root) && bearer(&town, Name(2)) != inner);
    });
}
