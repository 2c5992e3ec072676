//! Each process follows its model, and a process with a planted mistake does not.

use checker::component::{Games, Mistake, Model, Reached, check, check_with};
use kernel::Event;
use market::Party;
use protocol::{Fact, Message, TimeInForce};
use units::MarketId;

use crate::floor::{self, Floor};
use crate::ledger::LedgerModel;
use crate::order::{self, Order};
use crate::traces::nothing_is_fiction;

/// The seed of all games here, unless `BUTTONWOOD_SEED` says another.
fn seed() -> u64 {
    let seed = std::env::var("BUTTONWOOD_SEED").ok();
    seed.map_or(1, |text| text.parse().expect("a number"))
}

fn plays(model: &impl Model, games: u32) -> Reached {
    let games = Games { games, ..Games::of(seed()) };
    check(model, games).unwrap_or_else(|failure| panic!("{failure}"))
}

/// Runs of the laws in which real processes are judged by their models.
const RUNS: std::ops::Range<u64> = 0..3_000;

#[test]
fn an_order_does_as_its_model_says() {
    let mut reached = plays(&Order::played(TimeInForce::GoodTillCancel), 600);
    reached.add(plays(&Order::played(TimeInForce::ImmediateOrCancel), 600));
    let (pairs, steps) = order::real::judged(RUNS);
    assert!(steps > 50_000, "{steps}");
    nothing_is_fiction(&reached.inputs, &pairs);
}

/// Plays games of a process with a planted mistake. Returns the failure, which must come in a short game.
fn finds(model: &impl Model<Process = Party>, plant: &dyn Fn() -> Mistake<Party>) -> String {
    let games = Games { games: 600, ..Games::of(seed()) };
    let failure = check_with(model, games, Some(plant)).expect_err("a mistake");
    let steps = failure.choices.len();
    assert!(steps <= 20, "{steps} inputs to show it: {failure}");
    failure.to_string()
}

#[test]
fn an_order_that_accepts_without_noting_is_found() {
    let order = Order::played(TimeInForce::GoodTillCancel);
    let found = finds(&order, &|| {
        Box::new(|_, slip| {
            if slip.said().iter().any(|(_, said)| matches!(said, Message::Accept { .. })) {
                slip.forget_notes();
            }
        })
    });
    assert!(found.contains("\"accepts\" wants"), "{found}");
    assert!(found.contains("Notes(Some"), "{found}");
}

#[test]
fn an_order_that_answers_a_doubled_proposal_twice_is_found() {
    let order = Order::played(TimeInForce::GoodTillCancel);
    let found = finds(&order, &|| {
        let mut heard = None;
        Box::new(move |event, slip| {
            let Event::Message { from, message: Message::Propose { deal, .. } } = event else {
                return;
            };
            if heard.replace(*deal) == Some(*deal) {
                for (_, said) in slip.said() {
                    slip.out().send(*from, said);
                }
            }
        })
    });
    assert!(found.contains("wants nothing more"), "{found}");
}

#[test]
fn an_order_that_has_a_deal_recorded_that_it_has_not_noted_is_found() {
    let order = Order::played(TimeInForce::GoodTillCancel);
    let found = finds(&order, &|| {
        Box::new(|_, slip| {
            if slip.said().iter().any(|(_, said)| matches!(said, Message::Record { .. })) {
                slip.forget_notes();
            }
        })
    });
    assert!(found.contains("\"has it recorded\" wants"), "{found}");
}

#[test]
fn an_order_that_leaves_in_a_deal_is_found() {
    let order = Order::played(TimeInForce::GoodTillCancel);
    let found = finds(&order, &|| {
        Box::new(|event, slip| {
            let cancelled = matches!(event, Event::Message { message: Message::Cancel { .. }, .. });
            if cancelled && slip.said().is_empty() {
                slip.out().exit(kernel::Reason::Normal);
            }
        })
    });
    assert!(found.contains("\"postpones the command\" wants nothing more"), "{found}");
}

#[test]
fn the_ledgers_process_does_as_its_model_says() {
    plays(&LedgerModel::new(), 400);
}

#[test]
fn a_clerk_that_records_without_a_check_is_found() {
    let found = finds(&LedgerModel::new(), &|| {
        Box::new(|event, slip| {
            let Event::Message { message: Message::Record { deal, price, quantity }, from } = event
            else {
                return;
            };
            let (deal, market) = (*deal, MarketId(0));
            slip.forget_facts();
            slip.unsay(|_, _| true);
            slip.out().record(Fact::Traded { deal, market, price: *price, quantity: *quantity });
            slip.out().send(*from, Message::Recorded { deal });
        })
    });
    // The state machine undoes that step: the ledger process has died of it, and the model says that it may not.
    assert!(found.contains("a trade that the ledger cannot allow"), "{found}");
}

#[test]
fn a_clerk_that_says_void_without_a_fact_is_found() {
    let found = finds(&LedgerModel::new(), &|| {
        Box::new(|event, slip| {
            if let Event::Message { message: Message::Resolve { .. }, .. } = event {
                slip.forget_facts();
            }
        })
    });
    assert!(found.contains("\"voids\" wants Records(Voided"), "{found}");
}

#[test]
fn a_floor_does_as_its_model_says() {
    let reached = plays(&Floor::played(), 800);
    let (pairs, steps) = floor::real::judged(RUNS);
    assert!(steps > 50_000, "{steps}");
    nothing_is_fiction(&reached.inputs, &pairs);
}

#[test]
fn a_floor_that_introduces_to_two_at_once_is_found() {
    let found = finds(&Floor::played(), &|| {
        Box::new(|_, slip| {
            for (_, said) in slip.said() {
                if let Message::Introduce { incoming, .. } = said {
                    slip.out().send(incoming, said);
                }
            }
        })
    });
    assert!(found.contains("introduce"), "{found}");
    assert!(found.contains("wants nothing more"), "{found}");
}
