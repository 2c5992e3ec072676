//! A cell and a collector do as their models say, whatever comes when and wherever they die; and one that makes a
//! mistake does not. `LIFE_SEED=n` draws other games.

use checker::component::{Games, Mistake, Model, Reached, check, check_with};
use kernel::Event;
use life::{Being, Message, Ways};

use crate::cell::Played;
use crate::collector::Collecting;

type Forgetful = Played<false>;
type Whole = Played<true>;

fn games(games: u32) -> Games {
    let seed = std::env::var("LIFE_SEED").map_or(1, |text| text.parse().expect("a number"));
    Games { games, ..Games::of(seed) }
}

fn plays(model: &impl Model, of: u32) -> Reached {
    check(model, games(of)).unwrap_or_else(|failure| panic!("{failure}"))
}

#[test]
fn a_cell_does_as_its_model_says() {
    for steps in [1, 3] {
        let reached = plays(&Forgetful::on(2, 2, steps), 400);
        assert!(reached.kills > 5_000, "{}", reached.kills);
    }
}

#[test]
fn a_cell_that_forgets_nothing_does_as_its_model_says() {
    plays(&Whole::on(2, 2, 1), 400);
}

#[test]
fn a_cell_with_five_neighbours_does_as_its_model_says() {
    plays(&Forgetful::on(3, 2, 2), 300);
}

#[test]
fn a_collector_does_as_its_model_says() {
    for (width, height) in [(2, 1), (2, 2), (3, 2)] {
        for alive in [true, false] {
            plays(&Collecting::on(width, height, alive), 300);
        }
    }
}

/// Plays games of a process that makes a mistake. Gives the failure, whose game must be short.
fn finds(model: &impl Model<Process = Being>, plant: &dyn Fn() -> Mistake<Being>) -> String {
    let failure = check_with(model, games(400), Some(plant)).expect_err("a mistake");
    let steps = failure.choices.len();
    assert!(steps <= 10, "{steps} inputs to show it: {failure}");
    failure.to_string()
}

#[test]
fn a_cell_that_tells_time_0_without_writing_that_it_stands_is_found() {
    let found = finds(&Forgetful::on(2, 2, 1), &|| {
        Box::new(|event, slip| {
            if let Event::Message { message: Message::Ask { .. }, .. } = event {
                slip.forget_notes();
            }
        })
    });
    assert!(found.contains("wants Notes(Some("), "{found}");
}

#[test]
fn a_cell_that_answers_what_it_does_not_know_yet_is_found() {
    let found = finds(&Forgetful::on(2, 2, 1), &|| {
        Box::new(|event, slip| {
            let Event::Message { from, message: Message::Ask { ways, .. } } = event else { return };
            if slip.said().is_empty() {
                slip.out().send(*from, Message::Answer { ways: *ways, alive: false, kept: 0 });
            }
        })
    });
    assert!(found.contains("\"will answer\" wants nothing more"), "{found}");
}

#[test]
fn a_cell_that_answers_a_doubled_question_about_the_future_once_is_found() {
    let found = finds(&Forgetful::on(2, 2, 1), &|| {
        Box::new(|_, slip| {
            let mut before = Vec::new();
            slip.unsay(|to, said| {
                let again = before.contains(&(to, *said));
                before.push((to, *said));
                again
            });
        })
    });
    assert!(found.contains("it puts out nothing more"), "{found}");
}

#[test]
fn a_cell_that_does_not_have_it_asked_again_is_found() {
    let found = finds(&Forgetful::on(3, 2, 1), &|| {
        Box::new(|_, slip| slip.unsay(|_, said| matches!(said, Message::Again { .. })))
    });
    assert!(found.contains("\"has it asked again\" wants Says"), "{found}");
}

#[test]
fn a_collector_that_asks_those_who_have_answered_is_found() {
    let found = finds(&Collecting::on(2, 2, true), &|| {
        Box::new(|event, slip| {
            let Event::Message { message: Message::Again { .. }, from } = event else { return };
            if slip.said().is_empty() {
                slip.out().send(*from, Message::Ask { at: 5, ways: Ways::ALL });
            }
        })
    });
    assert!(found.contains("\"need not ask again\" wants nothing more"), "{found}");
}

#[test]
fn a_collector_that_stays_after_its_report_is_found() {
    let found = finds(&Collecting::on(2, 2, true), &|| Box::new(|_, slip| slip.forget_exit()));
    assert!(found.contains("\"reports\" wants Exits(Normal)"), "{found}");
}
