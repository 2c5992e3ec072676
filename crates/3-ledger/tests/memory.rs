//! The bytes that remembered client ids are said to take, held against what the allocator counts.
#![allow(unsafe_code, reason = "a counting allocator is one")]
#![allow(clippy::unwrap_used, reason = "a test: a surprise is a failure")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use ledger::Ledger;
use protocol::{CancelReason, Entered, Fact, MarketSpec, NewOrder, TimeInForce};
use units::{AccountId, ClientId, Lots, MarketId, OrderId, Price, Scale, Side};

thread_local! {
    static BYTES: Cell<i64> = const { Cell::new(0) };
}

fn size(layout: Layout) -> i64 {
    i64::try_from(layout.size()).unwrap_or(i64::MAX)
}

struct Counting;

// Safe: every call goes to the system's allocator unchanged; only a number is kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.with(|bytes| bytes.set(bytes.get() + size(layout)));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        BYTES.with(|bytes| bytes.set(bytes.get() - size(layout)));
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Bytes of a ledger, and what it says of them, after `orders` orders that came and went under an id each.
fn bytes(
    orders: u64,
    bound: usize,
    account: impl Fn(u64) -> u32,
    client: impl Fn(u64) -> u64,
) -> [usize; 2] {
    let before = BYTES.with(Cell::get);
    let mut ledger = Ledger::remembering(bound);
    let (tick, lot) = (Scale::places(2), Scale::places(0));
    let spec = MarketSpec::new("TEA-USD".parse().unwrap(), tick, lot);
    ledger.apply(&Fact::MarketOpened { market: MarketId(0), spec }).unwrap();
    for number in 1..=orders {
        let entered = Entered {
            order: OrderId(number),
            new: NewOrder {
                account: AccountId(account(number)),
                client: ClientId::new(u128::from(client(number)) << 64 | u128::from(number)),
                market: MarketId(0),
                side: Side::Buy,
                price: Price(100),
                quantity: Lots(1),
                time_in_force: TimeInForce::GoodTillCancel,
            },
        };
        let (order, quantity, reason) =
            (entered.order, entered.new.quantity, CancelReason::Requested);
        ledger.apply(&Fact::Entered(entered)).unwrap();
        ledger.apply(&Fact::Cancelled { order, quantity, reason }).unwrap();
        assert!(ledger.remembered_bytes() <= bound);
    }
    [usize::try_from(BYTES.with(Cell::get) - before).unwrap(), ledger.remembered_bytes()]
}

/// Spread over all numbers.
fn anywhere(number: u64) -> u64 {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[test]
fn what_is_remembered_takes_no_more_than_it_is_said_to() {
    let many = |number: u64| u32::try_from(anywhere(number) >> 32).unwrap();
    let rising = |number: u64| u32::try_from(number).unwrap();
    let few = |number: u64| u32::try_from(number % 20).unwrap();
    for orders in [5_000, 60_000] {
        for [taken, said] in [
            bytes(orders, usize::MAX, many, anywhere),
            bytes(orders, usize::MAX, rising, |_| 0),
            bytes(orders, usize::MAX, few, anywhere),
            bytes(orders, usize::MAX, few, |number| number),
            // An account for each order, as many as fit, and a few that take turns.
            bytes(orders, 1 << 20, many, anywhere),
            bytes(orders, 1 << 20, rising, |_| 0),
            bytes(orders, 1 << 20, few, anywhere),
        ] {
            let besides = 4_096; // its market, its one line, its table of numbers
            assert!(taken <= said + besides, "{taken} bytes, said to be {said}");
            assert!(2 * taken >= said / 2, "{taken} bytes, said to be {said}: too careful");
        }
    }
}
