//! The fold's rules, each tried from both sides: what it must take, and what it must refuse.

mod fold;
mod judge;
mod repeats;

use protocol::{CancelReason, Deal, Entered, Fact, MarketSpec, NewOrder, TimeInForce};
use units::{AccountId, ClientId, CommandId, Lots, MarketId, OrderId, Price, Scale, Side};

use crate::Ledger;

/// Splitmix64: the tests' own chance.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

fn spec(number: u16) -> MarketSpec {
    let symbol = format!("M{number}-USD").parse().unwrap();
    MarketSpec::new(symbol, Scale::places(2), Scale::places(0)).with_negative_prices()
}

/// A ledger with two markets.
fn markets(mut ledger: Ledger) -> Ledger {
    for number in 0..2 {
        let market = MarketId(number);
        ledger.apply(&Fact::MarketOpened { market, spec: spec(number) }).unwrap();
    }
    ledger
}

fn entry(order: u64, market: u16, side: Side, price: i64, quantity: u64) -> Entered {
    let (account, client, time_in_force) = (AccountId(1), None, TimeInForce::GoodTillCancel);
    let (order, market) = (OrderId(order), MarketId(market));
    Entered {
        order,
        new: NewOrder {
            account,
            client,
            market,
            side,
            price: Price(price),
            quantity: Lots(quantity),
            time_in_force,
        },
    }
}

fn deal(maker: u64, taker: u64, incarnation: u32, number: u32) -> Deal {
    Deal { maker: OrderId(maker), taker: OrderId(taker), incarnation, number }
}

fn trade(deal: Deal, market: u16, price: i64, quantity: u64) -> Fact {
    Fact::Traded { deal, market: MarketId(market), price: Price(price), quantity: Lots(quantity) }
}

fn left(order: u64, quantity: u64) -> Fact {
    Fact::Cancelled {
        order: OrderId(order),
        quantity: Lots(quantity),
        reason: CancelReason::Requested,
    }
}

fn replaced(
    order: u64,
    client: Option<ClientId>,
    price: i64,
    quantity: u64,
    priority: u64,
) -> Fact {
    let (order, price, quantity, priority) =
        (OrderId(order), Price(price), Lots(quantity), CommandId(priority));
    Fact::Replaced { order, client, price, quantity, priority }
}
