//! An order per process: ours, and the same handshake on ractor, with order actors linked to a supervisor,
//! a floor with a priced index that introduces one resting order at a time, and a ledger. Both must make
//! the trades of the plain book.
//!
//! ractor's have less to do: nothing of theirs is restarted, no fact is kept beyond the ledger's table, no
//! account is checked, and no order monitors the partner of a deal.

mod ractors;

use std::time::Duration;

use exchange::Exchange;
use protocol::{Command, Fact, NewOrder, Response, TimeInForce};
use units::{AccountId, Lots, MarketId, OrderId, Price, Side, Time};

use super::{Part, Plan, clock, one_thread};
use crate::plain::Plain;
use crate::report::{Kind, Tally};
use crate::script::FIRST;

/// Orders of a round.
const ORDERS: u64 = 200_000;
/// Center of the prices, in ticks.
const MIDDLE: i64 = 10_000;

/// Nanoseconds per order placed, with its share of the cancels: ours, ractor's, the plain book's.
pub struct Orders {
    /// Orders placed.
    pub orders: u64,
    /// Cancels among them.
    pub cancels: u64,
    /// Trades, the same for all.
    pub trades: u64,
    /// Ours, then theirs.
    pub parts: Vec<Part>,
}

/// Measures them in turns.
pub fn run(plan: &Plan) -> Orders {
    let orders = if plan.quick { ORDERS / 50 } else { ORDERS };
    let commands = commands(orders);
    let (right, _) = on_plain(&commands);
    let mut parts =
        ["buttonwood", "ractor", "plain BTreeMap"].map(|name| Part { name, rounds: Vec::new() });
    for _ in 0..plan.rounds {
        let made = [
            on_ours(&commands),
            one_thread().block_on(ractors::run(&commands)),
            on_plain(&commands),
        ];
        for (part, (traded, spent)) in parts.iter_mut().zip(made) {
            assert_eq!(traded, right, "{}: other trades and lots than the plain book", part.name);
            part.rounds.push(spent.as_secs_f64() * 1e9 / orders as f64);
        }
    }
    let cancels = commands.len() as u64 - orders;
    Orders { orders, cancels, trades: right.0, parts: parts.into() }
}

/// Orders, of which three of ten cross the spread, and after every second one a cancel of an earlier one,
/// which may have traded by then.
fn commands(orders: u64) -> Vec<Command> {
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
    let mut commands = Vec::new();
    for _ in 0..orders {
        let side = if below(2) == 0 { Side::Buy } else { Side::Sell };
        let away = if below(10) < 3 { -(below(20) as i64) } else { 1 + below(100) as i64 };
        let price = if side == Side::Buy { MIDDLE - away } else { MIDDLE + away };
        placed.push(OrderId(FIRST + commands.len() as u64));
        commands.push(Command::NewOrder(NewOrder {
            account,
            client: None,
            market: MarketId(0),
            side,
            price: Price(price),
            quantity: Lots(1 + below(10)),
            time_in_force: TimeInForce::GoodTillCancel,
        }));
        if below(2) == 0 {
            let order = placed[below(placed.len() as u64) as usize];
            commands.push(Command::Cancel { account, order });
        }
    }
    commands
}

/// Trades and lots.
type Traded = (u64, u64);

fn on_ours(commands: &[Command]) -> (Traded, Duration) {
    let mut exchange = Exchange::new(exchange::Options::default());
    exchange.submit(Time(1), &Command::OpenMarket(lab::flow::market()), &mut |_, _| {});
    assert_eq!(exchange.next_command().0, FIRST, "cancels name their orders from here");
    let (mut trades, mut sum) = (0, 0);
    let before = clock();
    for (index, command) in commands.iter().enumerate() {
        exchange.warm(&commands[index + 1..]);
        exchange.submit(Time(2), command, &mut |_, response| {
            if let Response::Fact(_, Fact::Traded { quantity, .. }) = response {
                trades += 1;
                sum += quantity.0;
            }
        });
    }
    ((trades, sum), clock() - before)
}

fn on_plain(commands: &[Command]) -> (Traded, Duration) {
    let mut plain = Plain::new(0);
    let mut tally = Tally::default();
    let before = clock();
    for (number, command) in (FIRST..).zip(commands) {
        plain.submit(number, command, &mut tally);
    }
    ((tally.count(Kind::Traded), tally.quantity), clock() - before)
}
