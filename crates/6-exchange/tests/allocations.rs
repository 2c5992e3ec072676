//! Once the exchange is warm, a command allocates nothing on the caller's thread.
#![allow(unsafe_code, reason = "a counting allocator is one")]
#![allow(clippy::unwrap_used, reason = "a test: a surprise is a failure")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use exchange::{Exchange, Options};
use protocol::{Command, MarketSpec, NewOrder, Replace, TimeInForce};
use units::{AccountId, Lots, MarketId, OrderId, Price, Scale, Side, Time};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged. Only a number is kept beside it, in a thread's own cell
// that is there from the start (`const`) and has no destructor: to count allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const MARKET: MarketId = MarketId(0);

fn place(side: Side, price: i64, quantity: u64, time_in_force: TimeInForce) -> Command {
    let (account, client) = (AccountId(1), None);
    let (price, quantity) = (Price(price), Lots(quantity));
    Command::NewOrder(NewOrder {
        account,
        client,
        market: MARKET,
        side,
        price,
        quantity,
        time_in_force,
    })
}

/// A round of everything: orders over forty levels a side, replaces, sweeps, cancels.
fn round(exchange: &mut Exchange, facts: &mut u64) {
    let mut command =
        |command: &Command| exchange.submit(Time(1), command, &mut |_, _| *facts += 1);
    let mut resting = [OrderId(0); 160];
    for (at, order) in (0i64..).zip(&mut resting) {
        let side = if at % 2 == 0 { Side::Buy } else { Side::Sell };
        let away = 1 + at % 40;
        let price = if side == Side::Buy { 1_000 - away } else { 1_000 + away };
        *order = OrderId(command(&place(side, price, 10, TimeInForce::GoodTillCancel)).0);
    }
    for order in resting.iter().step_by(5) {
        let (account, client) = (AccountId(1), None);
        let (order, price, quantity) = (*order, Price(960), Lots(7));
        command(&Command::Replace(Replace { account, client, order, price, quantity }));
    }
    command(&place(Side::Buy, 1_010, 45, TimeInForce::ImmediateOrCancel));
    command(&place(Side::Sell, 990, 45, TimeInForce::GoodTillCancel));
    for order in resting {
        command(&Command::Cancel { account: AccountId(1), order });
    }
}

#[test]
fn nothing_is_allocated_per_ask_once_warm() {
    let mut exchange = Exchange::new(Options::default());
    let (tick, lot) = (Scale::places(2), Scale::places(0));
    let spec = MarketSpec::new("TEA-USD".parse().unwrap(), tick, lot).with_negative_prices();
    exchange.submit(Time(0), &Command::OpenMarket(spec), &mut |_, _| {});
    let mut facts = 0;
    for _ in 0..5 {
        round(&mut exchange, &mut facts);
    }
    let (before, warm) = (ALLOCATIONS.with(Cell::get), facts);
    for _ in 0..20 {
        round(&mut exchange, &mut facts);
    }
    let made = ALLOCATIONS.with(Cell::get) - before;
    assert!(facts > 2 * warm, "the rounds do something: {facts} facts");
    assert_eq!(made, 0, "allocations in 20 rounds of about 350 commands");
}
