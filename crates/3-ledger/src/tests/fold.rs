//! Each fact that cannot be is refused, by its reason, and changes nothing.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use kernel::Digest;
use kernel::{Pid, StateMachine};
use units::limits;

use super::*;
use crate::Wrong;

fn refused(ledger: &mut Ledger, fact: &Fact, wrong: Wrong) {
    let before = (ledger.save(), ledger.facts());
    assert_eq!(ledger.apply(fact), Err(wrong), "{fact:?}");
    assert_eq!((ledger.save(), ledger.facts()), before, "{fact:?}");
}

#[test]
fn an_order_is_entered_once_in_a_market_that_is_there_within_all_limits() {
    let mut ledger = markets(Ledger::new());
    let sound = entry(5, 0, Side::Buy, 100, 1);
    let nowhere = entry(5, 2, Side::Buy, 100, 1);
    refused(&mut ledger, &Fact::Entered(nowhere), Wrong::NoMarket);
    for (price, quantity) in [
        (100, 0),
        (100, limits::MAX_LOTS + 1),
        (limits::MAX_PRICE + 1, 1),
        (-limits::MAX_PRICE - 1, 1),
    ] {
        refused(&mut ledger, &Fact::Entered(entry(5, 0, Side::Buy, price, quantity)), Wrong::Range);
    }
    refused(
        &mut ledger,
        &Fact::Entered(Entered { order: OrderId(0), ..sound }),
        Wrong::OrderNumber,
    );
    ledger.apply(&Fact::Entered(sound)).unwrap();
    refused(&mut ledger, &Fact::Entered(sound), Wrong::OrderNumber);
    // Commands may overtake each other: an older number is free if it was not used.
    ledger.apply(&Fact::Entered(entry(4, 0, Side::Buy, 100, 1))).unwrap();
    let largest = entry(6, 0, Side::Buy, limits::MAX_PRICE, limits::MAX_LOTS);
    ledger.apply(&Fact::Entered(largest)).unwrap();
    ledger.apply(&Fact::Entered(entry(7, 0, Side::Buy, -limits::MAX_PRICE, 1))).unwrap();
    assert_eq!((ledger.open_orders(), ledger.facts(), ledger.trades()), (4, 6, 0));
    assert_eq!(ledger.newest, OrderId(7));
}

#[test]
fn an_order_leaves_with_all_that_it_has_left_and_once() {
    let mut ledger = markets(Ledger::new());
    ledger.apply(&Fact::Entered(entry(5, 0, Side::Buy, 100, 3))).unwrap();
    refused(&mut ledger, &left(6, 3), Wrong::NoOrder);
    refused(&mut ledger, &left(5, 2), Wrong::Left);
    refused(&mut ledger, &left(5, 4), Wrong::Left);
    ledger.apply(&left(5, 3)).unwrap();
    refused(&mut ledger, &left(5, 3), Wrong::NoOrder);
    assert_eq!(ledger.open_orders(), 0);
}

#[test]
fn a_replace_is_of_an_open_order_and_to_more_than_has_traded() {
    let mut ledger = markets(Ledger::new());
    ledger.apply(&Fact::Entered(entry(1, 0, Side::Sell, 100, 5))).unwrap();
    ledger.apply(&Fact::Entered(entry(2, 0, Side::Buy, 100, 2))).unwrap();
    ledger.apply(&trade(deal(1, 2, 1, 1), 0, 100, 2)).unwrap();
    refused(&mut ledger, &replaced(2, None, 100, 4, 9), Wrong::NoOrder);
    refused(&mut ledger, &replaced(1, None, 100, 2, 9), Wrong::Size);
    ledger.apply(&replaced(1, None, 99, 3, 9)).unwrap();
    let record = ledger.order(OrderId(1)).unwrap();
    assert_eq!((record.price, record.size, record.priority), (Price(99), Lots(3), CommandId(9)));
    assert_eq!(ledger.remaining(OrderId(1)), Lots(1));
    assert_eq!(ledger.remaining(OrderId(2)), Lots::ZERO);
    assert_eq!((ledger.trades(), ledger.open_orders()), (1, 1));
}

#[test]
fn suspended_and_released_by_turns() {
    let mut ledger = markets(Ledger::new());
    let order = OrderId(5);
    refused(&mut ledger, &Fact::Suspended { order }, Wrong::NoOrder);
    refused(&mut ledger, &Fact::Released { order }, Wrong::NoOrder);
    for time_in_force in [TimeInForce::GoodTillCancel, TimeInForce::ImmediateOrCancel] {
        let entered = Entered {
            new: NewOrder { time_in_force, ..entry(5, 0, Side::Buy, 100, 3).new },
            ..entry(5, 0, Side::Buy, 100, 3)
        };
        ledger.apply(&Fact::Entered(entered)).unwrap();
        refused(&mut ledger, &Fact::Released { order }, Wrong::NotSuspended);
        ledger.apply(&Fact::Suspended { order }).unwrap();
        let record = ledger.order(order).unwrap();
        assert!(record.is_suspended() && !record.is_open());
        assert_eq!(record.time_in_force(), time_in_force);
        assert!(ledger.open_in(MarketId(0)).is_empty());
        ledger.apply(&Fact::Released { order }).unwrap();
        let record = ledger.order(order).unwrap();
        assert!(!record.is_suspended() && record.is_open());
        assert_eq!(record.time_in_force(), time_in_force);
        assert_eq!(ledger.open_in(MarketId(0)), [order]);
        assert!(ledger.open_in(MarketId(1)).is_empty());
        ledger.apply(&left(5, 3)).unwrap();
    }
}

#[test]
fn epochs_rise_and_markets_are_numbered_and_named_once() {
    let mut ledger = markets(Ledger::new());
    for epoch in 1..=3 {
        ledger.apply(&Fact::Started { epoch }).unwrap();
    }
    for epoch in [2, 3, 5] {
        refused(&mut ledger, &Fact::Started { epoch }, Wrong::Epoch);
    }
    assert_eq!(ledger.epoch(), 3);
    let opened = |number, name| Fact::MarketOpened { market: MarketId(number), spec: spec(name) };
    refused(&mut ledger, &opened(1, 2), Wrong::MarketNumber);
    refused(&mut ledger, &opened(3, 2), Wrong::MarketNumber);
    refused(&mut ledger, &opened(2, 1), Wrong::MarketNumber);
    ledger.apply(&opened(2, 2)).unwrap();
    assert_eq!(ledger.symbol(&spec(2).symbol), Some(MarketId(2)));
    refused(&mut ledger, &Fact::MarketStopped { market: MarketId(3) }, Wrong::NoMarket);
    ledger.apply(&Fact::MarketStopped { market: MarketId(2) }).unwrap();
    assert!(
        ledger.market(MarketId(2)).unwrap().stopped && !ledger.market(MarketId(1)).unwrap().stopped
    );
}

#[test]
fn a_new_start_forgets_how_deals_of_the_last_one_ended() {
    let mut ledger = markets(Ledger::new());
    ledger.apply(&Fact::Entered(entry(1, 0, Side::Sell, 100, 5))).unwrap();
    ledger.apply(&Fact::Entered(entry(2, 0, Side::Buy, 100, 5))).unwrap();
    let first = deal(1, 2, 1, 1);
    ledger.apply(&trade(first, 0, 100, 1)).unwrap();
    refused(&mut ledger, &trade(first, 0, 100, 1), Wrong::Trade);
    ledger.apply(&Fact::Started { epoch: 1 }).unwrap();
    ledger.apply(&trade(first, 0, 100, 1)).unwrap();
    assert_eq!(ledger.trades(), 2);
}

#[test]
fn the_room_of_an_order_that_is_gone_is_used_again() {
    let mut ledger = markets(Ledger::new());
    for order in 1..100 {
        ledger.apply(&Fact::Entered(entry(order, 0, Side::Buy, 100, 1))).unwrap();
        ledger.apply(&left(order, 1)).unwrap();
    }
    assert_eq!(ledger.records.len(), 1);
    assert_eq!(ledger.open_orders(), 0);
}

#[test]
fn a_step_records_one_fact_and_it_must_be_true() {
    let mut ledger = markets(Ledger::new());
    let by = Pid::made_up(7, 1);
    let facts = [1, 2].map(|order| Fact::Entered(entry(order, 0, Side::Buy, 100, 1)));
    assert!(StateMachine::apply(&mut ledger, by, &facts).is_err(), "two at once");
    StateMachine::apply(&mut ledger, by, &facts[..1]).unwrap();
    let broken = StateMachine::apply(&mut ledger, by, &facts[..1]).unwrap_err();
    assert!(broken.0.contains("used before") && broken.0.contains("Entered"), "{}", broken.0);
    assert_eq!(ledger.open_orders(), 1);
}

#[test]
fn where_an_order_was_seen_is_a_hint_that_makes_no_difference() {
    let mut ledger = markets(Ledger::new());
    StateMachine::apply(
        &mut ledger,
        Pid::made_up(7, 1),
        &[Fact::Entered(entry(1, 0, Side::Buy, 100, 1))],
    )
    .unwrap();
    assert_eq!((ledger.place_of(1), ledger.place_of(2)), (Some(7), None));
    let before = ledger.order(OrderId(1)).unwrap().clone();
    ledger.is_placed(1, 9);
    ledger.is_placed(2, 8);
    assert_eq!(ledger.place_of(1), Some(9));
    let after = ledger.order(OrderId(1)).unwrap();
    assert_eq!((before.pid_hint(), after.pid_hint()), (7, 9));
    assert_eq!(&before, after);
}

fn digest(ledger: &Ledger) -> u64 {
    let mut state = Digest::new();
    ledger.hash(&mut state);
    state.finish()
}

#[test]
fn what_makes_a_difference_to_what_comes_next_is_in_the_hash() {
    let client = |id| ClientId::new(id);
    let states = [
        vec![],
        vec![Fact::Started { epoch: 1 }],
        vec![Fact::MarketStopped { market: MarketId(1) }],
        vec![Fact::Entered(entry(1, 0, Side::Buy, 100, 1))],
        vec![Fact::Entered(entry(1, 0, Side::Buy, 101, 1))],
        vec![Fact::Entered(Entered {
            new: NewOrder { client: client(1), ..entry(1, 0, Side::Buy, 100, 1).new },
            ..entry(1, 0, Side::Buy, 100, 1)
        })],
        vec![Fact::Entered(Entered {
            new: NewOrder { client: client(2), ..entry(1, 0, Side::Buy, 100, 1).new },
            ..entry(1, 0, Side::Buy, 100, 1)
        })],
        vec![
            Fact::Entered(Entered {
                new: NewOrder { client: client(1), ..entry(1, 0, Side::Buy, 100, 1).new },
                ..entry(1, 0, Side::Buy, 100, 1)
            }),
            left(1, 1),
        ],
        vec![
            Fact::Entered(Entered {
                new: NewOrder { client: client(2), ..entry(1, 0, Side::Buy, 100, 1).new },
                ..entry(1, 0, Side::Buy, 100, 1)
            }),
            left(1, 1),
        ],
        vec![Fact::Entered(entry(1, 0, Side::Buy, 100, 1)), left(1, 1)],
    ];
    let digests = states.iter().map(|facts| {
        let mut ledger = markets(Ledger::new());
        facts.iter().for_each(|fact| ledger.apply(fact).unwrap());
        digest(&ledger)
    });
    assert_eq!(digests.collect::<BTreeSet<_>>().len(), states.len());
    // Where lines lie, and how many facts it took, makes none.
    let orders = [1, 2].map(|order| Fact::Entered(entry(order, 0, Side::Buy, 100, 1)));
    let (mut one, mut other) = (markets(Ledger::new()), markets(Ledger::new()));
    [&orders[0], &orders[1]].iter().for_each(|fact| one.apply(fact).unwrap());
    [&orders[1], &orders[0]].iter().for_each(|fact| other.apply(fact).unwrap());
    other.apply(&Fact::Voided { deal: deal(8, 9, 1, 1) }).unwrap();
    assert_eq!(digest(&one), digest(&other));
}

#[test]
fn each_reason_is_told_in_words_of_its_own() {
    let reasons = [
        Wrong::Epoch,
        Wrong::MarketNumber,
        Wrong::NoMarket,
        Wrong::OrderNumber,
        Wrong::NoOrder,
        Wrong::NotSuspended,
        Wrong::Range,
        Wrong::Trade,
        Wrong::Void,
        Wrong::Left,
        Wrong::Size,
    ];
    let texts: BTreeSet<String> = reasons.iter().map(Wrong::to_string).collect();
    assert!(texts.len() == reasons.len() && !texts.contains(""), "{texts:?}");
}
