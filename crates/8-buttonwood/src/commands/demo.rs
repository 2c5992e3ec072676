//! `buttonwood demo`: two markets with simulated traders.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use exchange::ServiceOptions;
use protocol::MarketSpec;
use serde::Serialize;
use units::rfc3339::Rfc3339;
use units::{Scale, Side};

use super::serve::check_listen;
use crate::config::{Market, Reserve, listen};
use crate::ends::{self, Ends};
use crate::failure::Failure;
use crate::folder;
use crate::output::{self, thousands};
use crate::server::{Plan, Server};
use crate::traders::{Traders, Wants};
use crate::watch::Watch;

/// Default folder of the demo's journal.
pub(crate) const JOURNAL: &str = "./buttonwood-demo";

/// Run two markets with simulated traders
///
/// Prints the address of the page, then one line per second. Ctrl-C ends the demo; the next start
/// resumes from the journal, also after a crash.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder of the journal
    #[arg(long, value_name = "DIR", default_value = JOURNAL)]
    journal: PathBuf,
    /// Address and port of the page and the REST gateway; loopback only
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", value_parser = listen)]
    listen: SocketAddr,
    /// Disk space reserved for cancels when the disk is full, in MiB: 0 for none, else 8 to 1048576
    #[arg(long, value_name = "MEBIBYTES", default_value_t = Reserve::default())]
    reserve_mib: Reserve,
    /// Commands per second and market
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rate: u32,
    /// Seed of the traders; a new one at each start by default
    #[arg(long)]
    seed: Option<u64>,
    /// End after this many seconds
    #[arg(long)]
    seconds: Option<u64>,
    /// Print one JSON document per line
    #[arg(long)]
    json: bool,
}

/// The demo's markets, and the price around which each begins, in ticks.
fn markets() -> [(MarketSpec, i64); 2] {
    let market = |symbol: &str, tick, lot, price| {
        let symbol = symbol.parse().expect("the names are constants");
        (MarketSpec::new(symbol, Scale::places(tick), Scale::places(lot)), price)
    };
    [market("BTC-USD", 0, 3, 65_000), market("ETH-USD", 1, 2, 35_000)]
}

/// Rule sets that an open market of the demo may have.
fn may_have(spec: MarketSpec) -> Vec<MarketSpec> {
    Market { spec, says_prices: false }.may_have()
}

/// Runs the demo.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    check_listen(args.listen)?;
    folder::to_write(&args.journal)?;
    let ends = Ends::listen()?;
    let plan = Plan {
        listen: args.listen,
        journal: Some(args.journal.clone()),
        markets: markets().map(|(spec, _)| spec).to_vec(),
        rules: markets().into_iter().flat_map(|(spec, _)| may_have(spec)).collect(),
        reserve_bytes: args.reserve_mib.bytes(),
        snapshot_every: ServiceOptions::default().snapshot_every,
        clock_bound: ServiceOptions::default().clock_bound,
    };
    let server = Server::open(&plan)?;
    let watch = Watch::start(server.service(), ends.sender())?;
    let mut traders = Vec::new();
    for (index, (spec, price)) in markets().into_iter().enumerate() {
        let started = watch.read(|views| {
            let seed = args.seed.unwrap_or(views.seq()).wrapping_add(index as u64);
            let wants = Wants { symbol: spec.symbol, price, rate: args.rate, seed };
            Traders::start(&wants, views, server.client(), ends.sender())
        });
        traders.push(started?);
    }
    ends.are_awaited();
    let end = greet(args, &server).and_then(|()| follow(args, &server, &watch, &ends));
    let traders: Vec<_> = traders.into_iter().map(Traders::stop).collect();
    let closed = server.close();
    traders.into_iter().for_each(ends::join);
    watch.stop();
    end?;
    closed?;
    output::log(&format!("demo ended; the next start resumes from {}", args.journal.display()));
    Ok(())
}

fn greet(args: &Args, server: &Server) -> Result<(), Failure> {
    let url = server.url();
    if args.json {
        return output::json_line(&serde_json::json!({"url": url, "journal": args.journal}));
    }
    output::text_line(format!(
        "page    {url}/\n\
         book    curl '{url}/products/BTC-USD/book?level=2'\n\
         trades  curl '{url}/products/BTC-USD/trades'\n\
         buy     curl '{url}/orders' -H 'Buttonwood-Account: 1' -H 'content-type: application/json' \
         -d '{{\"product_id\":\"BTC-USD\",\"side\":\"buy\",\"price\":\"70000\",\"size\":\"0.010\"}}'\n\
         facts   in {}; Ctrl-C ends",
        args.journal.display()
    ))
}

/// State at one moment. `durable`, `epoch`, `commands` and `open_orders` are the same as in `/readyz`, from the same
/// source.
#[derive(Serialize)]
struct Second {
    time: String,
    /// Number of the last durable fact.
    durable: u64,
    /// Number of this start of the exchange, from 1.
    epoch: u32,
    /// Commands answered since that start.
    commands: u64,
    /// Trades since the journal's first fact, as `journal verify` counts them.
    trades: u64,
    open_orders: usize,
    commands_this_second: u64,
    trades_this_second: u64,
    markets: Vec<MarketNow>,
}

#[derive(Serialize)]
struct MarketNow {
    market: String,
    best_bid: Option<String>,
    best_ask: Option<String>,
    /// Open orders that may trade now; suspended orders are not counted.
    resting: usize,
}

/// Prints one line per second until the run ends.
fn follow(args: &Args, server: &Server, watch: &Watch, ends: &Ends) -> Result<(), Failure> {
    let mut last = now(server, watch);
    let mut left = args.seconds.unwrap_or(u64::MAX);
    while left > 0 && !ends.wait(server, Duration::from_secs(1))? {
        left -= 1;
        let mut second = now(server, watch);
        second.commands_this_second = second.commands - last.commands;
        second.trades_this_second = second.trades - last.trades;
        if args.json {
            output::json_line(&second)?
        } else {
            output::text_line(second.line(output::columns()))?
        }
        last = second;
    }
    Ok(())
}

fn now(server: &Server, watch: &Watch) -> Second {
    let health = server.service().health();
    watch.read(|views| {
        let market = |market: &views::Market| {
            let best = |side| {
                market
                    .book
                    .best(side)
                    .map(|level| market.spec.tick.write(level.price.0).to_string())
            };
            MarketNow {
                market: market.spec.symbol.to_string(),
                best_bid: best(Side::Buy),
                best_ask: best(Side::Sell),
                resting: market.book.len(),
            }
        };
        Second {
            time: Rfc3339(views.time()).to_string(),
            durable: health.durable,
            epoch: views.epoch(),
            commands: health.commands,
            trades: views.markets().map(|market| market.tape.count()).sum(),
            open_orders: views.orders().open_count(),
            commands_this_second: 0,
            trades_this_second: 0,
            markets: views.markets().map(market).collect(),
        }
    })
}

impl Second {
    /// One line of text. On a narrow terminal, totals and quote currencies are left out.
    fn line(&self, columns: Option<usize>) -> String {
        let time = self.time.split(['T', '.', 'Z']).nth(1).unwrap_or_default();
        let (commands, trades) = (self.commands_this_second, self.trades_this_second);
        let open = thousands(self.open_orders as u64);
        let price = |price: &Option<String>| price.clone().unwrap_or_else(|| "-".to_owned());
        let [mut whole, mut short] = [
            format!(
                "{time}  commands {} (+{commands})  trades in all {} (+{trades})  open orders {open}",
                thousands(self.commands),
                thousands(self.trades),
            ),
            format!("{time}  commands +{commands}  trades +{trades}  open {open}"),
        ];
        for market in &self.markets {
            let (bid, ask) = (price(&market.best_bid), price(&market.best_ask));
            whole += &format!("  {} {bid} / {ask}", market.market);
            let base = market.market.split('-').next().unwrap_or_default();
            short += &format!("  {base} {bid}/{ask}");
        }
        if columns.is_some_and(|columns| whole.len() > columns) { short } else { whole }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_fits_80_columns() {
        let market = |market: &str, bid: &str, ask: &str| MarketNow {
            market: market.to_owned(),
            best_bid: Some(bid.to_owned()),
            best_ask: Some(ask.to_owned()),
            resting: 400,
        };
        let second = Second {
            time: "2026-11-29T06:05:00.123Z".to_owned(),
            durable: 1_234_567,
            epoch: 2,
            commands: 1_234_567,
            trades: 123_456,
            open_orders: 1_234,
            commands_this_second: 100,
            trades_this_second: 12,
            markets: vec![
                market("BTC-USD", "64992", "65003"),
                market("ETH-USD", "3499.8", "3500.4"),
            ],
        };
        let whole = second.line(None);
        assert_eq!(
            whole,
            "06:05:00  commands 1,234,567 (+100)  trades in all 123,456 (+12)  open orders 1,234  \
             BTC-USD 64992 / 65003  ETH-USD 3499.8 / 3500.4"
        );
        assert_eq!(second.line(Some(140)), whole);
        assert_eq!(
            second.line(Some(80)),
            "06:05:00  commands +100  trades +12  open 1,234  BTC 64992/65003  ETH 3499.8/3500.4"
        );
    }
}
