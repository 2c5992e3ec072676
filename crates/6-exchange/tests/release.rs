//! Suspended orders that are released: their next life has the old priority, as after any restart.

#![allow(clippy::unwrap_used, reason = "a test: a surprise is a failure")]

mod orders;

use exchange::{Exchange, Options};
use protocol::{Command, Fact, MarketSpec, RejectCode, Response};
use units::{AccountId, CommandId, Lots, MarketId, OrderId, Scale, Side, Time};

use orders::{place, submit};

const TEA: MarketId = MarketId(0);
const BOB: OrderId = OrderId(2);
const CID: OrderId = OrderId(3);

/// Bob and cid sell 4 lots each, bob before cid.
fn market() -> Exchange {
    let mut exchange = Exchange::new(Options::default());
    let (tick, lot) = (Scale::places(2), Scale::places(0));
    let spec = MarketSpec::new("TEA-USD".parse().unwrap(), tick, lot);
    submit(&mut exchange, &Command::OpenMarket(spec));
    place(&mut exchange, TEA, Side::Sell, 4);
    place(&mut exchange, TEA, Side::Sell, 4);
    exchange
}

/// Kills the order's process until its supervisor gives it up.
fn suspend(exchange: &mut Exchange, order: OrderId) {
    let orders = exchange.world().node("exchange/TEA-USD/orders").unwrap();
    while let Some(pid) = exchange.world().child(orders, order.0) {
        exchange.world_mut().kill(pid);
        exchange.world_mut().run();
    }
    assert!(exchange.ledger().order(order).unwrap().is_suspended());
    exchange.world_mut().take_log().for_each(drop);
}

fn traded(responses: &[Response]) -> Vec<(OrderId, u32, u64)> {
    let trades = responses.iter().filter_map(|response| match response {
        Response::Fact(_, Fact::Traded { deal, quantity, .. }) => {
            Some((deal.maker, deal.incarnation, quantity.0))
        }
        _ => None,
    });
    trades.collect()
}

#[test]
fn a_released_order_trades_at_its_old_place_under_names_that_were_never_used() {
    let mut exchange = market();
    assert_eq!(traded(&place(&mut exchange, TEA, Side::Buy, 1)), [(BOB, 1, 1)]);
    suspend(&mut exchange, BOB);
    assert_eq!(traded(&place(&mut exchange, TEA, Side::Buy, 1)), [(CID, 1, 1)]);
    let responses = submit(&mut exchange, &Command::Release { order: BOB });
    assert!(
        matches!(responses[..], [Response::Fact(_, Fact::Released { order: BOB })]),
        "{responses:?}"
    );
    // Four lives were lost, so this is the fifth; before cid again, since its place is older.
    assert_eq!(traded(&place(&mut exchange, TEA, Side::Buy, 5)), [(BOB, 5, 3), (CID, 1, 2)]);
}

#[test]
fn only_a_suspended_order_is_released() {
    let mut exchange = market();
    let refused = |code| [Response::Rejected(code)];
    let release = |order| Command::Release { order };
    assert_eq!(submit(&mut exchange, &release(BOB)), refused(RejectCode::OrderNotSuspended));
    assert_eq!(submit(&mut exchange, &release(OrderId(99))), refused(RejectCode::UnknownOrder));
    suspend(&mut exchange, BOB);
    submit(&mut exchange, &Command::Cancel { account: AccountId(1), order: BOB });
    assert_eq!(submit(&mut exchange, &release(BOB)), refused(RejectCode::UnknownOrder));
    assert_eq!(traded(&place(&mut exchange, TEA, Side::Buy, 9)), [(CID, 1, 4)]);
}

#[test]
fn a_release_is_heard_whatever_its_supervisor_has_gone_through() {
    for killed_before in [true, false] {
        let mut exchange = market();
        assert_eq!(traded(&place(&mut exchange, TEA, Side::Buy, 1)), [(BOB, 1, 1)]);
        suspend(&mut exchange, BOB);
        let orders = exchange.world().whereis(market::orders_of(MarketId(0))).unwrap();
        exchange.world_mut().kill(orders);
        if killed_before {
            exchange.world_mut().run(); // else it is between two lives when the command comes
        }
        submit(&mut exchange, &Command::Release { order: BOB });
        let trades = traded(&place(&mut exchange, TEA, Side::Buy, 1));
        assert_eq!(trades, [(BOB, 5, 1)], "killed before: {killed_before}");
    }
}

#[test]
fn a_suspended_order_of_a_lost_world_is_released_in_the_next() {
    let mut exchange = market();
    suspend(&mut exchange, BOB);
    let ledger = exchange.ledger().clone();
    let mut exchange = Exchange::recovered(ledger, CommandId(50), Time(0), Options::default());
    exchange.begin(Time(0), &mut |_, _| {});
    assert_eq!(traded(&place(&mut exchange, TEA, Side::Buy, 1)), [(CID, 1, 1)]);
    submit(&mut exchange, &Command::Release { order: BOB });
    assert_eq!(traded(&place(&mut exchange, TEA, Side::Buy, 4)), [(BOB, 1, 4)]);
}

#[test]
fn a_cancel_is_done_though_its_order_is_given_up_of_it() {
    let mut exchange = market();
    let cancel = Command::Cancel { account: AccountId(1), order: BOB };
    let (mut submission, mut told) = (exchange.start(Time(1)), Vec::new());
    let orders = exchange.world().node("exchange/TEA-USD/orders").unwrap();
    while exchange.go_on(&mut submission, &cancel, &mut |_, response| told.push(response)) {
        if let Some(pid) = exchange.world().child(orders, BOB.0) {
            exchange.world_mut().kill(pid);
        }
        exchange.world_mut().run();
    }
    let [Response::Fact(_, Fact::Suspended { order: BOB }), Response::Fact(_, left)] = told[..]
    else {
        panic!("{told:?}")
    };
    assert!(matches!(left, Fact::Cancelled { order: BOB, quantity: Lots(4), .. }), "{left:?}");
    assert!(exchange.ledger().order(BOB).is_none());
}
