//! An order per process: ours, and the same handshake on ractor, with order actors linked to a supervisor,
//! a floor with a priced index that introduces one resting order at a time, and a ledger. Both must make
//! the trades of the plain book.
//!
//! ractor's have less to do: nothing of theirs is restarted, no fact is kept beyond the ledger's table, no
//! account is checked, and nobody monitors a partner of a deal.

mod ractors;

use std::time::Duration;

use exchange::Exchange;
use protocol::{Ask, Fact, Place, Tell, TimeInForce};
use units::{AccountId, Lots, MarketId, OrderId, Price, Side, Time};

use super::{Part, Plan, clock, one_thread};
use crate::plain::Plain;
use crate::report::{Kind, Tally};
use crate::script::FIRST;

/// Orders of a round.
const ORDERS: u64 = 200_000;
/// Where prices are, in ticks.
const MIDDLE: i64 = 10_000;

/// Nanoseconds for each order placed, its share of the cancels included: ours, ractor's, the plain book's.
pub struct Orders {
    /// Orders placed.
    pub orders: u64,
    /// Cancels among them.
    pub cancels: u64,
    /// Trades that they all made.
    pub trades: u64,
    /// Ours, then theirs.
    pub parts: Vec<Part>,
}

/// Measures them in turns.
pub fn run(plan: &Plan) -> Orders {
    let orders = if plan.quick { ORDERS / 50 } else { ORDERS };
    let asks = asks(orders);
    let (right, _) = on_plain(&asks);
    let mut parts =
        ["buttonwood", "ractor", "plain BTreeMap"].map(|name| Part { name, rounds: Vec::new() });
    for _ in 0..plan.rounds {
        let made = [on_ours(&asks), one_thread().block_on(ractors::run(&asks)), on_plain(&asks)];
        for (part, (traded, spent)) in parts.iter_mut().zip(made) {
            assert_eq!(traded, right, "{}: other trades and lots than the plain book", part.name);
            part.rounds.push(spent.as_secs_f64() * 1e9 / orders as f64);
        }
    }
    let cancels = asks.len() as u64 - orders;
    Orders { orders, cancels, trades: right.0, parts: parts.into() }
}

/// Orders, of which three of ten cross the spread, and after every second one a cancel of an earlier one,
/// which may have traded by then.
fn asks(orders: u64) -> Vec<Ask> {
    let mut state = 1_792u64;
    // SplitMix64: good enough to choose prices, and the same everywhere.
    let mut below = |limit: u64| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % limit
    };
    let account = AccountId(1);
    let mut placed: Vec<OrderId> = Vec::new();
    let mut asks = Vec::new();
    for _ in 0..orders {
        let side = if below(2) == 0 { Side::Buy } else { Side::Sell };
        let away = if below(10) < 3 { -(below(20) as i64) } else { 1 + below(100) as i64 };
        let price = if side == Side::Buy { MIDDLE - away } else { MIDDLE + away };
        placed.push(OrderId(FIRST + asks.len() as u64));
        asks.push(Ask::Place(Place {
            account,
            client: None,
            market: MarketId(0),
            side,
            price: Price(price),
            lots: Lots(1 + below(10)),
            stands: TimeInForce::GoodTillCancel,
        }));
        if below(2) == 0 {
            let order = placed[below(placed.len() as u64) as usize];
            asks.push(Ask::Cancel { account, order });
        }
    }
    asks
}

/// Trades and lots.
type Traded = (u64, u64);

fn on_ours(asks: &[Ask]) -> (Traded, Duration) {
    let mut exchange = Exchange::new(exchange::Options::default());
    exchange.ask(Time(1), &Ask::OpenMarket(lab::flow::market()), &mut |_, _| {});
    assert_eq!(exchange.next_ask().0, FIRST, "cancels name their orders from here");
    let (mut trades, mut sum) = (0, 0);
    let before = clock();
    for (index, ask) in asks.iter().enumerate() {
        exchange.warm(&asks[index + 1..]);
        exchange.ask(Time(2), ask, &mut |_, tell| {
            if let Tell::Fact(_, Fact::Traded { lots, .. }) = tell {
                trades += 1;
                sum += lots.0;
            }
        });
    }
    ((trades, sum), clock() - before)
}

fn on_plain(asks: &[Ask]) -> (Traded, Duration) {
    let mut plain = Plain::new(0);
    let mut tally = Tally::default();
    let before = clock();
    for (number, ask) in (FIRST..).zip(asks) {
        plain.ask(number, ask, &mut tally);
    }
    ((tally.count(Kind::Traded), tally.lots), clock() - before)
}
