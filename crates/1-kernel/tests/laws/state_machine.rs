//! A state machine that fails is not a process that does: its fold cannot be trusted, so the world is over.

use kernel::{Intensity, Name, Node, Reason, Strategy};

use crate::actor::{Diary, Fact, act, text, town};
use crate::schedule::under_every_schedule;

fn failed() -> Reason {
    Reason::Failed("the state machine failed: planned".into())
}

#[test]
fn a_keeper_that_panics_ends_the_world_with_that_reason_and_nobody_goes_on() {
    under_every_schedule(50, |schedule| {
        let (mut town, diary) = (town(), Diary::default());
        let one = |name, number| {
            let role = diary.role(name).trapping(|_| {});
            Node::one(name, role).named(Name(number))
        };
        let all = vec![one("ann", 1), one("bob", 2)];
        town.grow(None, Node::group("root", Strategy::OneForOne, Intensity::times(9), all));
        let loose = town.spawn(diary.actor("loose"));
        schedule.run(&mut town);
        town.send_to(
            Name(1),
            act(|out| {
                out.record(Fact::Enters(1));
                out.record(Fact::Fatal);
                out.send_to(Name(2), text("it happened"));
            }),
        );
        town.send(loose, text("late"));
        schedule.run(&mut town);
        assert_eq!(town.death(), Some(&failed()));
        let census = town.census();
        assert_eq!((census.processes, census.supervisors, census.between), (0, 0, 0));
        assert_eq!(town.take_log().count(), 0, "the step has not happened");
        assert_eq!(
            (diary.of("bob"), diary.of("ann")),
            (vec!["start 1".to_owned()], vec!["start 1".to_owned()])
        );
        assert!(town.record(Fact::Enters(2)).is_err(), "nothing is folded any more");
    });
}

#[test]
fn a_keeper_that_panics_over_a_fact_from_the_edge_ends_the_world_too() {
    let (mut town, diary) = (town(), Diary::default());
    town.grow(None, Node::one("ann", diary.role("ann")));
    crate::schedule::quietly();
    assert!(town.record(Fact::Fatal).is_err());
    assert_eq!((town.death(), town.census().processes), (Some(&failed()), 0));
}

#[test]
fn a_process_that_panics_after_its_facts_were_judged_is_blamed_itself() {
    let (mut town, diary) = (town(), Diary::default());
    crate::schedule::quietly();
    let all = vec![Node::one("ann", diary.role("ann")).named(Name(1))];
    town.grow(None, Node::group("root", Strategy::OneForOne, Intensity::times(9), all));
    town.send_to(Name(1), act(|out| out.record(Fact::Enters(1))));
    town.send_to(Name(1), crate::actor::crash());
    town.run();
    assert_eq!((diary.of("ann").len(), town.death()), (2, None));
    assert_eq!(town.take_log().count(), 1);
}
