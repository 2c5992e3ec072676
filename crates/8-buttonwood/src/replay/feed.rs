//! Submits a flow to an exchange on this thread, and counts the results.

use std::collections::BTreeMap;

use exchange::Exchange;
use indicatif::ProgressBar;
use protocol::bytes::FactsHash;
use protocol::{Command, Fact, MarketSpec, NewOrder, RejectCode, Response, Stamp, TimeInForce};
use units::{AccountId, CommandId, Lots, MarketId, OrderId, Price, Side, Time};

use super::rejected::Rejections;
use super::{Event, Flow, Print, Wish};

/// Recordings do not name accounts, so all orders belong to one. The exchange does not prevent
/// self-trades.
const ACCOUNT: AccountId = AccountId(1);

/// Cancels of orders that a recording never entered name this order. Commands count from 1, so no order has
/// this number, and the exchange rejects the cancel as unknown-order.
const NEVER_ENTERED: OrderId = OrderId(0);

/// Commands between two updates of the progress bar.
const STRIDE: usize = 1 << 14;

/// Results of a flow.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Submitted commands, including those that open the markets.
    pub(crate) commands: u64,
    /// Facts of these commands.
    pub(crate) facts: u64,
    /// Trades among the facts.
    pub(crate) trades: u64,
    /// Traded lots.
    pub(crate) quantity: u128,
    /// Rejections by code.
    pub(crate) refusals: BTreeMap<RejectCode, u64>,
    /// Rejections by cause, with the first of each.
    pub(crate) rejections: Rejections,
    /// Trades and traded lots, by market.
    pub(crate) volumes: BTreeMap<MarketId, Volume>,
    /// Every trade, in order.
    pub(crate) prints: Vec<Print>,
    /// Hash of all facts.
    pub(crate) hash: FactsHash,
}

/// Trades of a market.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Volume {
    /// Number of trades.
    pub(crate) trades: u64,
    /// Traded lots.
    pub(crate) quantity: u128,
}

impl Outcome {
    fn take(&mut self, response: &Response) {
        match response {
            Response::Fact(stamp, fact) => {
                self.facts += 1;
                self.hash.add(*stamp, fact);
                if let Fact::Traded { market, price, quantity, .. } = *fact {
                    self.trades += 1;
                    self.quantity += u128::from(quantity.0);
                    let volume = self.volumes.entry(market).or_default();
                    volume.trades += 1;
                    volume.quantity += u128::from(quantity.0);
                    self.prints.push(Print { time: stamp.time, price, quantity });
                }
            }
            Response::Rejected(code) => *self.refusals.entry(*code).or_default() += 1,
            Response::Repeated(_) => {}
        }
    }
}

/// A market at the end of a flow.
pub(crate) struct MarketEnd {
    /// Its number.
    pub(crate) market: MarketId,
    /// Its rules.
    pub(crate) spec: MarketSpec,
    /// Best bid, if there is one.
    pub(crate) best_bid: Option<(Price, Lots)>,
    /// Best ask, if there is one.
    pub(crate) best_ask: Option<(Price, Lots)>,
    /// Number of resting orders.
    pub(crate) resting: usize,
}

/// An exchange that is being fed, with its results.
struct Fed<'a, K, E> {
    exchange: &'a mut Exchange,
    outcome: Outcome,
    keep: K,
    failed: Option<E>,
}

impl<K: FnMut(&Stamp, &Fact) -> Result<(), E>, E> Fed<'_, K, E> {
    fn begin(&mut self, time: Time) -> Result<(), E> {
        let Fed { exchange, outcome, keep, failed } = self;
        exchange.begin(time, &mut |_, response| take(outcome, keep, failed, &response));
        self.failed.take().map_or(Ok(()), Err)
    }

    /// The command's number, and the code if it was rejected.
    fn submit(
        &mut self,
        time: Time,
        command: &Command,
    ) -> Result<(CommandId, Option<RejectCode>), E> {
        let Fed { exchange, outcome, keep, failed } = self;
        outcome.commands += 1;
        let mut code = None;
        let number = exchange.submit(time, command, &mut |_, response| {
            if let Response::Rejected(why) = response {
                code = Some(why);
            }
            take(outcome, keep, failed, &response);
        });
        self.failed.take().map_or(Ok((number, code)), Err)
    }
}

fn take<E>(
    outcome: &mut Outcome,
    keep: &mut impl FnMut(&Stamp, &Fact) -> Result<(), E>,
    failed: &mut Option<E>,
    response: &Response,
) {
    outcome.take(response);
    if let (Response::Fact(stamp, fact), None) = (response, &failed) {
        *failed = keep(stamp, fact).err();
    }
}

/// Opens the flow's markets in `exchange`, which is new, and submits every command at its own time.
///
/// `keep` gets each fact, in order, for a journal.
pub(crate) fn feed<E>(
    exchange: &mut Exchange,
    flow: &Flow,
    progress: &ProgressBar,
    keep: impl FnMut(&Stamp, &Fact) -> Result<(), E>,
) -> Result<Outcome, E> {
    let mut fed = Fed { exchange, outcome: Outcome::default(), keep, failed: None };
    let begin = flow.events.first().map_or(Time(0), |event| event.time);
    fed.begin(begin)?;
    for spec in &flow.markets {
        fed.submit(begin, &Command::OpenMarket(*spec))?;
    }
    let markets: Vec<MarketId> = flow
        .markets
        .iter()
        .map(|spec| {
            fed.exchange.market(&spec.symbol).expect("readers give markets that can be opened")
        })
        .collect();
    let mut orders: Vec<OrderId> = Vec::new();
    let mut index = 0;
    for events in flow.events.chunks(STRIDE) {
        for Event { time, wish } in events {
            let code = match *wish {
                Wish::Place { market, side, price, quantity } => {
                    let place = NewOrder {
                        account: ACCOUNT,
                        client: None,
                        market: markets[usize::from(market)],
                        side,
                        price,
                        quantity,
                        time_in_force: TimeInForce::GoodTillCancel,
                    };
                    // An order has its command's number, accepted or rejected.
                    let (number, code) = fed.submit(*time, &Command::NewOrder(place))?;
                    orders.push(OrderId(number.0));
                    code
                }
                Wish::Cancel { place } => {
                    let order = place.map_or(NEVER_ENTERED, |place| orders[place as usize]);
                    fed.submit(*time, &Command::Cancel { account: ACCOUNT, order })?.1
                }
            };
            fed.outcome.rejections.take(index, *wish, code);
            index += 1;
        }
        progress.inc(events.len() as u64);
    }
    Ok(fed.outcome)
}

/// The state of the flow's markets.
pub(crate) fn markets(exchange: &Exchange) -> Vec<MarketEnd> {
    let end = |(market, spec)| MarketEnd {
        market,
        spec,
        best_bid: exchange.best(market, Side::Buy),
        best_ask: exchange.best(market, Side::Sell),
        resting: exchange.resting(market),
    };
    exchange.markets().map(end).collect()
}
