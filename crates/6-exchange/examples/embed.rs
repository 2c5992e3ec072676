//! The exchange as a library: first on the caller's thread, then as a service with a journal.
//!
//! Run it with `cargo run -p buttonwood-exchange --example embed`. It ends with an error if anything differs from what
//! it prints.
#![allow(clippy::print_stdout, reason = "an example that prints what it does")]

use std::error::Error;
use std::path::Path;

use exchange::{Exchange, Options, Service, ServiceOptions};
use protocol::{Command, Fact, MarketSpec, NewOrder, Response, TimeInForce};
use units::{AccountId, Lots, MarketId, Price, Scale, Side, Time};

/// Prices in cents, sizes in whole units.
fn spec() -> Result<MarketSpec, Box<dyn Error>> {
    Ok(MarketSpec::new("TEA-USD".parse()?, Scale::places(2), Scale::places(0)))
}

fn limit_order(account: u32, market: MarketId, side: Side, price: i64, quantity: u64) -> Command {
    Command::NewOrder(NewOrder {
        account: AccountId(account),
        client: None,
        market,
        side,
        price: Price(price),
        quantity: Lots(quantity),
        time_in_force: TimeInForce::GoodTillCancel,
    })
}

/// Price and lots of each trade among some responses.
fn trades(responses: &[Response]) -> Vec<(Price, Lots)> {
    let facts = responses.iter().filter_map(Response::as_fact);
    let trade = |fact: &Fact| match *fact {
        Fact::Traded { price, quantity, .. } => Some((price, quantity)),
        _ => None,
    };
    facts.filter_map(|(_, fact)| trade(fact)).collect()
}

/// No thread, clock or file: the caller gives each command its time, and gets the responses through a closure.
fn on_the_callers_thread() -> Result<(), Box<dyn Error>> {
    let mut exchange = Exchange::new(Options::default());
    exchange.submit(Time(0), &Command::OpenMarket(spec()?), &mut |_, _| ());
    let market = exchange.market(&spec()?.symbol).ok_or("the market is not open")?;

    let mut responses = Vec::new();
    let mut sink = |_, response| responses.push(response);
    exchange.submit(Time(1), &limit_order(1, market, Side::Sell, 100, 4), &mut sink);
    exchange.submit(Time(2), &limit_order(2, market, Side::Buy, 101, 10), &mut sink);

    assert_eq!(trades(&responses), [(Price(100), Lots(4))], "at the resting order's price");
    assert_eq!(exchange.best(market, Side::Buy), Some((Price(101), Lots(6))), "the rest rests");
    println!("on the caller's thread: {} responses, 1 trade", responses.len());
    Ok(())
}

/// Two threads and a journal: a command is answered once its facts are on the disk.
fn as_a_service(directory: &Path) -> Result<(), Box<dyn Error>> {
    let options = ServiceOptions { journal: Some(directory.into()), ..ServiceOptions::default() };
    let service = Service::start(options.clone())?;
    let client = service.client(); // can be cloned, for any number of threads
    client.submit(Command::OpenMarket(spec()?))?;
    let market = MarketId(0); // the first of this journal
    client.submit(limit_order(1, market, Side::Sell, 100, 4))?;
    let answer = client.submit(limit_order(2, market, Side::Buy, 101, 10))?;
    assert_eq!(trades(&answer.responses), [(Price(100), Lots(4))]);
    println!("as a service: command {} traded and is on the disk", answer.command);
    service.stop()?;

    // A new start continues from the journal: the rest of the buy order is still open.
    let service = Service::start(options)?;
    let recovered = service.recovered();
    assert_eq!((recovered.facts, recovered.open_orders), (5, 1));
    println!("after a restart: {} facts, {} open order", recovered.facts, recovered.open_orders);
    service.stop()?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    on_the_callers_thread()?;
    as_a_service(tempfile::tempdir()?.path())
}
