//! A sample recording for a first try without a venue's data: generated flow through an exchange, written
//! in the format of Bitstamp's order events. The same seed gives the same bytes everywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use exchange::{Exchange, Options};
use lab::flow::{self, Flow, Scenario};
use protocol::{Command, Entered, Fact, MarketSpec, NewOrder, Response};
use units::{CommandId, OrderId, Side, Time};

use super::bitstamp::{HEADER, LOT, TICK};

/// Commands of the flow, including its standing orders.
const COMMANDS: usize = 5_000;
/// Orders of the standing book.
const STANDING: u32 = 200;
/// A lot of the flow is a hundredth of a bitcoin.
const LOTS: u64 = 1_000_000;
/// Time of the first order: 2026-01-01 in UTC.
const BEGIN: u64 = 1_767_225_600_000;
/// The venue's number of the flow's order 0. Orders from before the recording have lower ones.
const FIRST: u64 = 65_000_000;
/// Interval, in commands, between cancels of orders from before the recording.
const OLD: usize = 1_000;

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Sample {
    /// Lines without the header.
    pub(crate) events: u64,
    /// Trades that the events report.
    pub(crate) trades: u64,
}

/// Writes a sample.
pub(crate) fn write(seed: u64, out: &mut impl Write) -> io::Result<Sample> {
    let symbol = "BTC-USD".parse().expect("a symbol of seven allowed characters");
    let mut exchange = Exchange::new(Options::default());
    let spec = MarketSpec::new(symbol, TICK, LOT);
    exchange.submit(Time(0), &Command::OpenMarket(spec), &mut |_, _| ());
    let options = flow::Options {
        first: exchange.next_command(),
        standing: Some(STANDING),
        ..flow::Options::default()
    };
    writeln!(out, "{HEADER}")?;
    let mut venue = Venue { milliseconds: BEGIN, ..Venue::default() };
    let mut events = 0;
    for (index, command) in Flow::new(Scenario::Calm, seed, options).take(COMMANDS).enumerate() {
        venue.milliseconds += 5 + (index as u64).wrapping_mul(0x9e37_79b9).wrapping_add(seed) % 90;
        // The format has no replace: an order is cancelled, and its number is not used again.
        let command = match command {
            Command::Replace(replace) => {
                venue.replaced.insert(replace.order);
                Command::Cancel { account: replace.account, order: replace.order }
            }
            other => other,
        };
        exchange.submit(
            Time(venue.milliseconds * 1_000_000),
            &command,
            &mut |_: CommandId, response| {
                venue.hear(&command, &response);
            },
        );
        if index % OLD == OLD - 1 {
            let old = (index / OLD) as u64;
            venue.line(FIRST - 1 - old, flow::START, 1 + old, "deleted", Side::Buy);
        }
        for line in venue.lines.drain(..) {
            writeln!(out, "{line}")?;
            events += 1;
        }
    }
    out.flush()?;
    Ok(Sample { events, trades: venue.trades })
}

/// A venue that reports its events.
#[derive(Default)]
struct Venue {
    /// Open lots of each open order.
    open: BTreeMap<OrderId, u64>,
    entered: BTreeMap<OrderId, Entered>,
    /// Orders that were cancelled in place of a replace: the flow's later commands for them are skipped.
    replaced: BTreeSet<OrderId>,
    milliseconds: u64,
    lines: Vec<String>,
    trades: u64,
}

impl Venue {
    fn hear(&mut self, command: &Command, response: &Response) {
        match (response, command) {
            (Response::Fact(_, Fact::Entered(entered)), _) => {
                self.open.insert(entered.order, entered.new.quantity.0);
                self.entered.insert(entered.order, *entered);
                self.event(entered.order, entered.new.quantity.0, "created");
            }
            (Response::Fact(_, Fact::Traded { deal, quantity, .. }), _) => {
                self.trades += 1;
                for order in [deal.maker, deal.taker] {
                    let open =
                        self.open.get(&order).map_or(0, |open| open.saturating_sub(quantity.0));
                    self.open.insert(order, open);
                    self.event(order, open, if open == 0 { "deleted" } else { "changed" });
                }
            }
            (Response::Fact(_, Fact::Cancelled { order, quantity, .. }), _) => {
                self.event(*order, quantity.0, "deleted");
            }
            // A venue's client may cancel too late, so a recording has such cancels.
            (Response::Rejected(_), Command::Cancel { order, .. })
                if !self.replaced.contains(order) =>
            {
                let size = self.entered.get(order).map_or(1, |entered| entered.new.quantity.0);
                self.event(*order, size, "deleted");
            }
            _ => {}
        }
    }

    fn event(&mut self, order: OrderId, quantity: u64, action: &str) {
        if let Some(Entered { new: NewOrder { price, side, .. }, .. }) =
            self.entered.get(&order).copied()
        {
            self.line(FIRST + order.0, price.0, quantity, action, side);
        }
    }

    fn line(&mut self, id: u64, price: i64, quantity: u64, action: &str, side: Side) {
        let side = match side {
            Side::Buy => "bid",
            Side::Sell => "ask",
        };
        let (time, price, volume) = (self.milliseconds, TICK.write(price), quantity * LOTS);
        self.lines.push(format!("{id},{time},{time},{price},{volume},{action},{side}"));
    }
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressBar;

    use super::super::source::tests::source_of;
    use super::super::{bitstamp, feed};
    use super::*;

    fn sample(seed: u64) -> (Vec<u8>, Sample) {
        let mut bytes = Vec::new();
        let sample = write(seed, &mut bytes).unwrap();
        (bytes, sample)
    }

    #[test]
    fn a_seed_gives_the_same_bytes() {
        assert_eq!(sample(1), sample(1));
        assert_ne!(sample(1), sample(2));
    }

    #[test]
    fn what_is_replayed_trades_as_what_was_recorded() {
        for seed in [1, 7] {
            let (bytes, sample) = sample(seed);
            let flow = bitstamp::read(&mut source_of(&bytes)).unwrap();
            assert_eq!((flow.counts.events, flow.counts.late), (sample.events, 0));
            let mut exchange = Exchange::new(Options::default());
            let fed = feed(&mut exchange, &flow, &ProgressBar::hidden(), |_, _| Ok::<(), ()>(()));
            let outcome = fed.unwrap();
            assert!(sample.trades > 100, "{sample:?}");
            assert_eq!(outcome.trades, sample.trades);
            let causes: Vec<_> = outcome.rejections.groups().map(|(_, cause, _)| cause).collect();
            use super::super::Cause::{Cancelled, Filled, NeverEntered};
            assert_eq!(causes, [NeverEntered, Filled, Cancelled], "each is shown to a new user");
        }
    }
}
