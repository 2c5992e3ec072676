//! Bytes per order, counted by the allocator: no more in many markets than in one, and little more if each order has a
//! price of its own.
#![allow(unsafe_code, reason = "a counting allocator is one")]
#![allow(clippy::unwrap_used, reason = "a test: a surprise is a failure")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use exchange::{Exchange, Options};
use protocol::{Command, MarketSpec, NewOrder, TimeInForce};
use units::{AccountId, Lots, MarketId, Price, Scale, Side, Time};

thread_local! {
    static BYTES: Cell<i64> = const { Cell::new(0) };
}

fn count(bytes: usize, sign: i64) {
    BYTES.with(|count| count.set(count.get() + sign * i64::try_from(bytes).unwrap_or(i64::MAX)));
}

struct Counting;

// Safe: every call goes to the system's allocator unchanged; only a number is kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Orders, a little below a power of two: tables that double are nearly full.
const ORDERS: u32 = 30_000;
/// As many to a market as a million have in 4,096.
const MARKETS: u16 = 123;

/// Bytes per order, with this many markets, of orders at these prices. The markets take turns.
fn bytes_an_order(markets: u16, price: impl Fn(u32) -> i64) -> i64 {
    let before = BYTES.with(Cell::get);
    let mut exchange = Exchange::new(Options::default());
    for market in 0..markets {
        let symbol = format!("M{market}-USD").parse().unwrap();
        let spec =
            MarketSpec::new(symbol, Scale::places(2), Scale::places(0)).with_negative_prices();
        exchange.submit(Time(0), &Command::OpenMarket(spec), &mut |_, _| {});
    }
    for number in 0..ORDERS {
        let market = MarketId(u16::try_from(number % u32::from(markets)).unwrap());
        let (account, client, price) = (AccountId(number % 1_000), None, Price(price(number)));
        let (side, quantity, time_in_force) = (Side::Buy, Lots(1), TimeInForce::GoodTillCancel);
        let place = NewOrder { account, client, market, side, price, quantity, time_in_force };
        exchange.submit(Time(1), &Command::NewOrder(place), &mut |_, _| {});
    }
    assert_eq!(exchange.ledger().open_orders(), ORDERS as usize);
    (BYTES.with(Cell::get) - before) / i64::from(ORDERS)
}

/// Twenty levels, as near the touch of a busy market.
fn near(number: u32) -> i64 {
    1_000 + i64::from(number / u32::from(MARKETS) % 20)
}

#[test]
fn orders_in_many_markets_cost_what_they_cost_in_one() {
    let one = bytes_an_order(1, near);
    let many = bytes_an_order(MARKETS, near);
    assert!(many * 10 <= one * 11, "{many} bytes an order in {MARKETS} markets, {one} in one");
}

#[test]
fn an_order_with_a_price_of_its_own_costs_at_most_400_bytes() {
    let rising = |number: u32| i64::from(number) * 1_000;
    let anywhere = |number: u32| i64::from(number.reverse_bits() >> 8) * 64;
    for price in [rising as fn(u32) -> i64, anywhere] {
        let bytes = bytes_an_order(1, price);
        assert!(bytes <= 400, "{bytes} bytes an order");
    }
}
