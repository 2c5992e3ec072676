//! Clocks: a monotonic clock counts restarts, and a journal from the future refuses the start.

#![allow(clippy::unwrap_used, reason = "a test: a surprise is a failure")]

use std::path::Path;
use std::time::Duration;

use exchange::{Exchange, Options, Service, ServiceOptions, StartError};
use journal::{DiskJournal, Journal as _};
use protocol::bytes::FactEncoder;
use protocol::{Command, Fact, MarketSpec, NewOrder, Stamp, TimeInForce};
use units::{AccountId, CommandId, Lots, MarketId, OrderId, Price, Scale, Side, Time};

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400 * SECOND;
const BOB: OrderId = OrderId(2);

fn place() -> Command {
    let (client, time_in_force, side) = (None, TimeInForce::GoodTillCancel, Side::Sell);
    let (account, market) = (AccountId(1), MarketId(0));
    let (price, quantity) = (Price(100), Lots(4));
    Command::NewOrder(NewOrder { account, client, market, side, price, quantity, time_in_force })
}

fn spec() -> MarketSpec {
    let (tick, lot) = (Scale::places(2), Scale::places(0));
    MarketSpec::new("TEA-USD".parse().unwrap(), tick, lot)
}

/// Bob's process dies ten times, two seconds of uptime apart, while the clock has jumped ahead once and was set right.
/// True if it was suspended.
fn is_suspended_after_a_jump(by_uptime: bool) -> bool {
    let mut exchange = Exchange::new(Options::default());
    if by_uptime {
        exchange.set_uptime(0);
    }
    exchange.submit(Time(DAY), &Command::OpenMarket(spec()), &mut |_, _| ());
    exchange.submit(Time(DAY), &place(), &mut |_, _| ());
    exchange.submit(Time(9 * DAY), &place(), &mut |_, _| ()); // and the next command has the right time again
    for death in 0..10 {
        if by_uptime {
            exchange.set_uptime(2 * death * SECOND);
        }
        let orders = exchange.world().node("exchange/TEA-USD/orders").unwrap();
        if let Some(bob) = exchange.world().child(orders, BOB.0) {
            exchange.world_mut().kill(bob);
        }
        exchange.submit(Time(DAY + 2 * death * SECOND), &place(), &mut |_, _| ());
    }
    exchange.ledger().order(BOB).unwrap().is_suspended()
}

#[test]
fn a_clock_that_jumped_ahead_once_suspends_nobody() {
    assert!(is_suspended_after_a_jump(false), "with one clock, time stands still");
    assert!(!is_suspended_after_a_jump(true));
}

/// A journal whose last fact is of this time.
fn journal_of(time: Time, dir: &Path) {
    let mut groups = FactEncoder::default();
    groups.push(Stamp { seq: 1, command: CommandId(1), time }, &Fact::Started { epoch: 1 });
    let mut journal = DiskJournal::open(dir, journal::Options::default()).unwrap();
    journal.append(&groups).unwrap();
    journal.close().unwrap();
}

#[test]
fn a_journal_from_the_future_refuses_the_start_and_is_left_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let future = Time(4_000_000_000 * SECOND); // in 2096
    journal_of(future, dir.path());
    let facts = dir.path().join("00000000000000000001.facts");
    let before = std::fs::read(&facts).unwrap();
    let options = ServiceOptions { journal: Some(dir.path().into()), ..ServiceOptions::default() };
    let refused = Service::start(options.clone()).expect_err("seventy years ahead");
    assert!(matches!(refused, StartError::Clock(ahead) if ahead.last == future), "{refused}");
    assert!(refused.to_string().contains("2096-10-02T07:06:40"), "{refused}");
    assert!(std::fs::read(&facts).unwrap() == before, "something was written");

    // With a wide enough bound it continues from there: time stands still, and restarts still count.
    let clock_bound = Duration::from_secs(100 * 366 * 86_400);
    let service = Service::start(ServiceOptions { clock_bound, ..options }).unwrap();
    let answer = service.client().submit(Command::OpenMarket(spec())).unwrap();
    assert!(
        matches!(answer.responses[0], protocol::Response::Fact(stamp, _) if stamp.time == future)
    );
    assert_eq!(service.health().clock, None);
    service.stop().unwrap();
}
