//! Hands a flow to an exchange on this thread, and counts what comes of it.

use std::collections::BTreeMap;

use exchange::Exchange;
use indicatif::ProgressBar;
use protocol::bytes::FactsHash;
use protocol::{Ask, Code, Fact, MarketSpec, Place, Stamp, Tell, TimeInForce};
use units::{AccountId, AskId, Lots, MarketId, OrderId, Price, Side, Time};

use super::rejected::Rejections;
use super::{Event, Flow, Print, Wish};

/// Recordings do not say whose an order is, so all are one participant's. Nothing here keeps an
/// account from trading with itself.
const ACCOUNT: AccountId = AccountId(1);

/// Cancels of what a recording never entered name this order, which no ask can have made: asks
/// count from 1. So they are refused as what they are, unknown.
const NEVER_ENTERED: OrderId = OrderId(0);

/// Asks between two looks at the progress bar.
const STRIDE: usize = 1 << 14;

/// What came of a flow.
#[derive(Default)]
pub(crate) struct Outcome {
    /// Asks handed in, those that open the markets included.
    pub(crate) asks: u64,
    /// Facts that came of them.
    pub(crate) facts: u64,
    /// Trades among the facts.
    pub(crate) trades: u64,
    /// Lots that they traded.
    pub(crate) lots: u128,
    /// Refusals by code.
    pub(crate) refusals: BTreeMap<Code, u64>,
    /// Refusals by cause, with the first of each.
    pub(crate) rejections: Rejections,
    /// Trades and the lots that they traded, by market.
    pub(crate) volumes: BTreeMap<MarketId, Volume>,
    /// Every trade, in order.
    pub(crate) prints: Vec<Print>,
    /// Over all facts.
    pub(crate) hash: FactsHash,
}

/// What traded in a market.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Volume {
    /// Trades.
    pub(crate) trades: u64,
    /// Lots that they traded.
    pub(crate) lots: u128,
}

impl Outcome {
    fn take(&mut self, tell: &Tell) {
        match tell {
            Tell::Fact(stamp, fact) => {
                self.facts += 1;
                self.hash.add(*stamp, fact);
                if let Fact::Traded { market, price, lots, .. } = *fact {
                    self.trades += 1;
                    self.lots += u128::from(lots.0);
                    let volume = self.volumes.entry(market).or_default();
                    volume.trades += 1;
                    volume.lots += u128::from(lots.0);
                    self.prints.push(Print { time: stamp.time, price, lots });
                }
            }
            Tell::Refused(code) => *self.refusals.entry(*code).or_default() += 1,
            Tell::Repeated(_) => {}
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
    /// Orders on its floor.
    pub(crate) resting: usize,
}

/// An exchange that is being fed, with what has come of it.
struct Fed<'a, K, E> {
    exchange: &'a mut Exchange,
    outcome: Outcome,
    keep: K,
    failed: Option<E>,
}

impl<K: FnMut(&Stamp, &Fact) -> Result<(), E>, E> Fed<'_, K, E> {
    fn begin(&mut self, time: Time) -> Result<(), E> {
        let Fed { exchange, outcome, keep, failed } = self;
        exchange.begin(time, &mut |_, tell| take(outcome, keep, failed, &tell));
        self.failed.take().map_or(Ok(()), Err)
    }

    /// The ask's number, and the code if it was refused.
    fn ask(&mut self, time: Time, ask: &Ask) -> Result<(AskId, Option<Code>), E> {
        let Fed { exchange, outcome, keep, failed } = self;
        outcome.asks += 1;
        let mut code = None;
        let number = exchange.ask(time, ask, &mut |_, tell| {
            if let Tell::Refused(why) = tell {
                code = Some(why);
            }
            take(outcome, keep, failed, &tell);
        });
        self.failed.take().map_or(Ok((number, code)), Err)
    }
}

fn take<E>(
    outcome: &mut Outcome,
    keep: &mut impl FnMut(&Stamp, &Fact) -> Result<(), E>,
    failed: &mut Option<E>,
    tell: &Tell,
) {
    outcome.take(tell);
    if let (Tell::Fact(stamp, fact), None) = (tell, &failed) {
        *failed = keep(stamp, fact).err();
    }
}

/// Opens the flow's markets in `exchange`, which is new, and hands in every ask at its own time.
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
        fed.ask(begin, &Ask::OpenMarket(*spec))?;
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
                Wish::Place { market, side, price, lots } => {
                    let place = Place {
                        account: ACCOUNT,
                        client: None,
                        market: markets[usize::from(market)],
                        side,
                        price,
                        lots,
                        stands: TimeInForce::GoodTillCancel,
                    };
                    // An order has its ask's number, whether it was let in or refused.
                    let (number, code) = fed.ask(*time, &Ask::Place(place))?;
                    orders.push(OrderId(number.0));
                    code
                }
                Wish::Cancel { place } => {
                    let order = place.map_or(NEVER_ENTERED, |place| orders[place as usize]);
                    fed.ask(*time, &Ask::Cancel { account: ACCOUNT, order })?.1
                }
            };
            fed.outcome.rejections.take(index, *wish, code);
            index += 1;
        }
        progress.inc(events.len() as u64);
    }
    Ok(fed.outcome)
}

/// How the flow's markets stand now.
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
