//! Mistakes of the exchange on the caller's thread: the facts that answer a cancel, and what a cancel leaves behind.

use exchange::mutation::{ANY_END_ANSWERS, KEEPS_PAST_LIFE, SUSPENDED_ANSWERS};
use exchange::{Admission, Exchange, Options};
use kernel::mutation::with;
use lab::world::market_spec;
use protocol::{Command, Fact, NewOrder, Response, TimeInForce};
use units::{AccountId, Lots, MarketId, OrderId, Price, Side, Time};

const ANN: AccountId = AccountId(1);
/// Ann's buy order, in each of these worlds.
const RESTING: OrderId = OrderId(2);
const CANCEL: Command = Command::Cancel { account: ANN, order: RESTING };

fn buy(time_in_force: TimeInForce) -> Command {
    let (market, side, price, quantity) = (MarketId(0), Side::Buy, Price(100), Lots(4));
    Command::NewOrder(NewOrder {
        account: ANN,
        client: None,
        market,
        side,
        price,
        quantity,
        time_in_force,
    })
}

fn exchange() -> Exchange {
    let mut exchange = Exchange::new(Options::default());
    for command in [Command::OpenMarket(market_spec(0)), buy(TimeInForce::GoodTillCancel)] {
        exchange.submit(Time(0), &command, &mut |_, _| ());
    }
    exchange
}

fn kill(exchange: &mut Exchange, order: OrderId) {
    let supervisor = exchange.world().node("exchange/M0/orders").expect("a market's orders");
    if let Some(pid) = exchange.world().child(supervisor, order.0) {
        exchange.world_mut().kill(pid);
    }
}

/// Cancels the order, whose process dies of the cancel each of the first `deaths` times.
fn cancel(exchange: &mut Exchange, mut deaths: u32) -> Vec<Fact> {
    let (mut asking, mut facts) = (exchange.start(Time(1)), Vec::new());
    let mut sink = |_, response| match response {
        Response::Fact(_, fact) => facts.push(fact),
        Response::Rejected(_) | Response::Repeated(_) => {}
    };
    while exchange.go_on(&mut asking, &CANCEL, &mut sink) {
        if deaths > 0 {
            deaths -= 1;
            kill(exchange, RESTING);
        }
        exchange.world_mut().run();
    }
    facts
}

fn is_done(exchange: &Exchange) -> bool {
    exchange.ledger().order(RESTING).is_none()
}

/// An immediate order of the command before ends within a cancel that its order died of.
fn is_done_though_another_ends() -> bool {
    let mut exchange = exchange();
    let number = exchange.start(Time(1)).number();
    let immediate = buy(TimeInForce::ImmediateOrCancel);
    assert_eq!(exchange.admit(number, &immediate), Admission::Admitted);
    exchange.world_mut().run_at_most(1);
    let facts = cancel(&mut exchange, 1);
    let other = OrderId(number.0);
    let ended = |fact: &Fact| matches!(fact, Fact::Cancelled { order, .. } if *order == other);
    assert!(facts.iter().any(ended), "another order ends in it: {facts:?}");
    is_done(&exchange)
}

#[test]
fn a_cancel_is_not_answered_by_the_end_of_another_order() {
    assert!(is_done_though_another_ends());
    assert!(!with(&[ANY_END_ANSWERS], is_done_though_another_ends));
}

/// The order's process dies of the cancel until it is given up.
fn is_done_though_suspended() -> bool {
    let mut exchange = exchange();
    let facts = cancel(&mut exchange, 4);
    assert!(matches!(facts[..], [Fact::Suspended { order: RESTING }, ..]), "{facts:?}");
    is_done(&exchange)
}

#[test]
fn a_cancel_is_done_though_its_order_is_suspended_by_it() {
    assert!(is_done_though_suspended());
    assert!(!with(&[SUSPENDED_ANSWERS], is_done_though_suspended));
}

/// The incarnation of the next process in the place of an order that was suspended and then cancelled.
fn next_life() -> u32 {
    let mut exchange = exchange();
    for _ in 0..4 {
        kill(&mut exchange, RESTING);
        exchange.world_mut().run();
    }
    assert!(exchange.ledger().order(RESTING).is_some_and(|line| line.is_suspended()));
    cancel(&mut exchange, 0);
    let supervisor = exchange.world().node("exchange/M0/orders").expect("a market's orders");
    let pid =
        exchange.world_mut().restart_one_of(supervisor, RESTING.0).expect("the order is alive");
    let life = exchange.world().processes().find(|(other, ..)| *other == pid);
    life.expect("it was started").2
}

#[test]
fn a_suspended_order_that_is_cancelled_leaves_nothing_under_its_supervisor() {
    assert_eq!(next_life(), 1);
    assert_eq!(with(&[KEEPS_PAST_LIFE], next_life), 5);
}
