//! Starts that fail: what was started before is ended in reverse, and who must try again does.

use kernel::{Intensity, Name, Node, NodeId, Reason, StartContext, Strategy};

use crate::actor::{Diary, KEYLESS, Role, act, crash, text, town};
use crate::schedule::under_every_schedule;

/// Cannot be made in these lives.
fn unmade(diary: &Diary, name: &'static str, lives: &'static [u32]) -> Role {
    diary.role(name).making(move |context: &StartContext<'_, u32>| {
        if lives.contains(&context.incarnation) {
            panic!("planned")
        }
    })
}

fn group(name: &'static str, strategy: Strategy, children: Vec<Node<Role>>) -> Node<Role> {
    Node::group(name, strategy, Intensity::times(3), children)
}

#[test]
fn a_tree_that_fails_in_the_middle_of_its_start_ends_what_it_had_started_in_reverse() {
    under_every_schedule(20, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let goes = |name| diary.role(name).trapping(|out| out.exit(Reason::Shutdown));
        let inner = vec![Node::one("b", goes("b")), Node::one("bad", unmade(&diary, "bad", &[1]))];
        let inner = group("inner", Strategy::OneForOne, inner);
        let all = vec![Node::one("a", goes("a")), inner, Node::one("c", goes("c"))];
        town.grow(None, group("root", Strategy::OneForOne, all));
        schedule.run(&mut town);
        let lines = ["a: start 1", "b: start 1", "b: exit: shutdown", "a: exit: shutdown"];
        assert_eq!(diary.all(), lines);
        let reason = Reason::Failed("bad did not start: failed: planned".into());
        assert_eq!(town.death(), Some(&reason));
        assert_eq!(town.census().slots, town.census().free);
    });
}

#[test]
fn a_branch_that_does_not_start_is_tried_again_as_the_group_above_bears() {
    for (lives, alive) in [(&[1, 2][..], true), (&[1, 2, 3, 4, 5], false)] {
        under_every_schedule(20, |schedule| {
            let (mut town, diary) = (town(), Diary::default());
            let a = Node::one("a", diary.role("a"));
            let root = town.grow(None, group("root", Strategy::OneForOne, vec![a]));
            let inner = vec![
                Node::one("b", diary.role("b")),
                Node::one("bad", unmade(&diary, "bad", lives)),
            ];
            town.grow(Some(root), group("inner", Strategy::OneForOne, inner));
            schedule.run(&mut town);
            assert_eq!(town.death().is_none(), alive);
            let starts = if alive { 3 } else { 4 };
            assert_eq!(diary.of("b").len(), starts, "each attempt starts b, and ends it");
            assert_eq!(diary.of("bad"), if alive { vec!["start 3"] } else { vec![] });
            assert_eq!(diary.of("a"), ["start 1"]);
        });
    }
}

#[test]
fn a_sibling_that_does_not_start_again_is_tried_again_and_those_after_it_wait() {
    for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
        under_every_schedule(50, |schedule| {
            let (mut town, diary) = (town(), Diary::default());
            let children = vec![
                Node::one("a", diary.role("a")).named(Name(1)),
                Node::one("bad", unmade(&diary, "bad", &[2])).named(Name(2)),
                Node::one("c", diary.role("c")).named(Name(3)),
            ];
            town.grow(None, group("root", strategy, children));
            town.send_to(Name(1), crash());
            schedule.run(&mut town);
            let lives = if strategy == Strategy::OneForAll { 3 } else { 2 };
            assert_eq!(diary.of("a").len(), lives, "{strategy:?}");
            assert_eq!(diary.of("bad"), ["start 1", "start 3"], "{strategy:?}");
            assert_eq!(diary.of("c").len(), 2, "{strategy:?}: not in vain");
            assert_eq!((town.census().processes, town.death()), (3, None));
        });
    }
}

#[test]
fn all_who_are_restarted_with_one_count_as_one_restart() {
    for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
        under_every_schedule(20, |schedule| {
            let (mut town, diary) = (town(), Diary::default());
            let one = |name, number| Node::one(name, diary.role(name)).named(Name(number));
            let children = vec![one("a", 1), one("b", 2), one("c", 3)];
            town.grow(None, group("root", strategy, children));
            for _ in 0..3 {
                town.send_to(Name(1), crash());
                schedule.run(&mut town);
            }
            assert_eq!((diary.of("c").len(), town.death()), (4, None));
            town.send_to(Name(1), crash());
            schedule.run(&mut town);
            assert!(town.death().is_some());
        });
    }
}

#[test]
fn a_branch_grown_under_a_group_that_is_not_there_starts_with_it_once() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let inner = group("inner", Strategy::OneForOne, vec![Node::one("a", diary.role("a"))]);
        town.grow(None, group("root", Strategy::OneForOne, vec![inner.named(Name(1))]));
        let inner: NodeId = town.node("root/inner").expect("was grown");
        town.kill(town.whereis(Name(1)).expect("was named"));
        let late = Node::one("late", diary.role("late")).named(Name(2));
        town.grow(Some(inner), late);
        assert_eq!(diary.of("late").len(), 0);
        schedule.run(&mut town);
        assert_eq!((diary.of("late"), town.census().processes), (vec!["start 1".into()], 2));
        town.send_to(Name(2), text("hello"));
        town.send_to(Name(2), act(|out| out.exit(Reason::Normal)));
        schedule.run(&mut town);
        assert_eq!(diary.of("late"), ["start 1", "hello", "start 2"]);
    });
}

#[test]
fn a_supervisor_of_many_that_cannot_say_which_children_it_has_does_not_start() {
    crate::schedule::quietly();
    let (mut town, diary) = (town(), Diary::default());
    let all = vec![Node::one("a", diary.role("a")), Node::many("many", diary.role(KEYLESS))];
    town.grow(None, group("root", Strategy::OneForOne, all));
    town.run();
    let reason = Reason::Failed("many did not start: planned".into());
    assert_eq!((town.death(), town.census().processes), (Some(&reason), 0));
}
