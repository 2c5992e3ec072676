//! A market whose floor dies too often stops alone, stays stopped over a restart, and the operator can resume it.

#![allow(clippy::unwrap_used, reason = "a test: a surprise is a failure")]

mod orders;

use exchange::{Exchange, Options};
use protocol::{CancelReason, Command, Fact, MarketSpec, RejectCode, Replace, Response};
use units::{AccountId, CommandId, Lots, MarketId, OrderId, Price, Scale, Side, Time};

use orders::{place, submit};

const TEA: MarketId = MarketId(0);
const RUM: MarketId = MarketId(1);
const BOB: OrderId = OrderId(3);
const CID: OrderId = OrderId(4);

/// Two markets. In the first bob and cid sell 4 lots each, bob before cid.
fn markets() -> Exchange {
    let mut exchange = Exchange::new(Options::default());
    let (tick, lot) = (Scale::places(2), Scale::places(0));
    for symbol in ["TEA-USD", "RUM-USD"] {
        let spec = MarketSpec::new(symbol.parse().unwrap(), tick, lot);
        submit(&mut exchange, &Command::OpenMarket(spec));
    }
    place(&mut exchange, TEA, Side::Sell, 4);
    place(&mut exchange, TEA, Side::Sell, 4);
    exchange
}

/// Kills the floor until its market stops; returns the number of deaths.
fn stop(exchange: &mut Exchange, market: MarketId) -> u32 {
    let mut deaths = 0;
    while let Some(floor) = exchange.world().whereis(market::floor_of(market)) {
        exchange.world_mut().kill(floor);
        exchange.world_mut().run();
        deaths += 1;
    }
    let facts: Vec<_> = exchange.world_mut().take_log().collect();
    assert_eq!(facts, [Fact::MarketStopped { market }]);
    deaths
}

fn refused(code: RejectCode) -> [Response; 1] {
    [Response::Rejected(code)]
}

fn traded(responses: &[Response]) -> Vec<(OrderId, u64)> {
    let trades = responses.iter().filter_map(|response| match response {
        Response::Fact(_, Fact::Traded { deal, quantity, .. }) => Some((deal.maker, quantity.0)),
        _ => None,
    });
    trades.collect()
}

fn resume(exchange: &mut Exchange) -> Vec<Response> {
    submit(exchange, &Command::ResumeMarket { market: TEA })
}

#[test]
fn one_failing_floor_stops_its_market_and_no_other() {
    let mut exchange = markets();
    assert_eq!(stop(&mut exchange, TEA), 101, "the supervisor allows a hundred restarts");
    assert_eq!(exchange.death(), None);
    place(&mut exchange, RUM, Side::Sell, 3);
    assert_eq!(traded(&place(&mut exchange, RUM, Side::Buy, 2)).len(), 1);

    assert_eq!(place(&mut exchange, TEA, Side::Buy, 1), refused(RejectCode::MarketStopped));
    let (account, client, price, quantity) = (AccountId(1), None, Price(90), Lots(9));
    let replace = Command::Replace(Replace { account, client, order: BOB, price, quantity });
    assert_eq!(submit(&mut exchange, &replace), refused(RejectCode::MarketStopped));
    assert_eq!(
        submit(&mut exchange, &Command::Release { order: BOB }),
        refused(RejectCode::MarketStopped)
    );
    let left = submit(&mut exchange, &Command::Cancel { account, order: BOB });
    let (quantity, reason) = (Lots(4), CancelReason::Requested);
    assert!(
        matches!(left[..], [Response::Fact(_, fact)] if fact == Fact::Cancelled { order: BOB, quantity, reason }),
        "{left:?}"
    );
    let again = submit(&mut exchange, &Command::Cancel { account, order: BOB });
    assert_eq!(again, refused(RejectCode::UnknownOrder));
}

#[test]
fn every_market_but_the_last_may_stop_and_the_ledger_is_not_to_blame() {
    let mut exchange = markets();
    stop(&mut exchange, TEA);
    stop(&mut exchange, RUM);
    assert_eq!(exchange.death(), None);
    assert!(exchange.world().whereis(market::LEDGER).is_some());
    assert!(traded(&resume(&mut exchange)).is_empty());
    assert_eq!(traded(&place(&mut exchange, TEA, Side::Buy, 1)), [(BOB, 1)]);
}

#[test]
fn a_resumed_market_trades_at_the_old_places_and_may_stop_again() {
    let mut exchange = markets();
    for quantity in 1..=3 {
        stop(&mut exchange, TEA);
        let responses = resume(&mut exchange);
        assert!(
            matches!(responses[..], [Response::Fact(_, Fact::MarketResumed { market: TEA })]),
            "{responses:?}"
        );
        assert_eq!(traded(&place(&mut exchange, TEA, Side::Buy, 1)), [(BOB, 1)], "{quantity}");
    }
    assert_eq!(traded(&place(&mut exchange, TEA, Side::Buy, 5)), [(BOB, 1), (CID, 4)]);
}

#[test]
fn what_was_cancelled_while_its_market_was_stopped_does_not_come_back() {
    let mut exchange = markets();
    stop(&mut exchange, TEA);
    submit(&mut exchange, &Command::Cancel { account: AccountId(1), order: BOB });
    resume(&mut exchange);
    assert_eq!(traded(&place(&mut exchange, TEA, Side::Buy, 9)), [(CID, 4)]);
}

#[test]
fn only_a_stopped_market_is_resumed() {
    let mut exchange = markets();
    assert_eq!(resume(&mut exchange), refused(RejectCode::MarketNotStopped));
    let unknown = Command::ResumeMarket { market: MarketId(7) };
    assert_eq!(submit(&mut exchange, &unknown), refused(RejectCode::UnknownMarket));
    stop(&mut exchange, TEA);
    resume(&mut exchange);
    assert_eq!(resume(&mut exchange), refused(RejectCode::MarketNotStopped));
}

#[test]
fn a_restart_keeps_a_market_stopped() {
    let mut exchange = markets();
    stop(&mut exchange, TEA);
    let ledger = ledger::Ledger::load(&exchange.ledger().save()).unwrap();
    let mut exchange = Exchange::recovered(ledger, CommandId(50), Time(0), Options::default());
    exchange.begin(Time(0), &mut |_, _| {});
    assert_eq!(exchange.world().whereis(market::floor_of(TEA)), None);
    assert!(exchange.world().whereis(market::floor_of(RUM)).is_some());
    assert_eq!(place(&mut exchange, TEA, Side::Buy, 1), refused(RejectCode::MarketStopped));
    submit(&mut exchange, &Command::Cancel { account: AccountId(1), order: BOB });
    resume(&mut exchange);
    assert_eq!(traded(&place(&mut exchange, TEA, Side::Buy, 9)), [(CID, 4)]);
}

#[test]
fn a_ledger_that_dies_too_often_ends_the_world_which_then_refuses_everything() {
    let mut exchange = markets();
    while exchange.world().death().is_none() {
        let ledger = exchange.world().whereis(market::LEDGER).unwrap();
        exchange.world_mut().kill(ledger);
        exchange.world_mut().run();
    }
    let unavailable = refused(RejectCode::Unavailable);
    assert_eq!(place(&mut exchange, TEA, Side::Buy, 1), unavailable);
    assert!(exchange.death().unwrap().contains("exceeded its restart intensity"));
    let account = AccountId(1);
    for dead in [
        Command::Cancel { account, order: BOB },
        Command::Release { order: BOB },
        Command::ResumeMarket { market: TEA },
    ] {
        assert_eq!(submit(&mut exchange, &dead), unavailable, "{dead:?}");
    }
    exchange.set_intake(exchange::Intake::All);
    assert_eq!(place(&mut exchange, RUM, Side::Buy, 1), unavailable);
    exchange.begin(Time(0), &mut |_, _| panic!("nothing begins in a dead world"));
}
