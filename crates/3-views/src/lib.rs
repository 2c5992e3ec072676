//! What clients may look at, folded from durable facts and from nothing else.
//!
//! [`Views`] holds the markets, each with its [`Book`] and its [`Tape`], the [`Orders`] and the
//! [`Fills`]. The fold is pure: the same facts give the same views on every machine. Views decide
//! nothing and reject nothing; a fact that names an unknown market or order is counted and skipped.
//! Everything that would grow with history has a bound in [`Bounds`], beyond which the oldest is dropped.
//!
//! Between the facts of one command a book may be crossed, since an incoming order is in it before its trades
//! are. So readers look only after the facts of whole commands, and a subscription hands them out that way.

mod book;
mod fills;
mod orders;
mod tape;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use protocol::{Fact, MarketSpec, Stamp};
use units::{MarketId, Side, Symbol, Time};

pub use book::{Book, BookLevel, BookOrder};
pub use fills::{Fill, Fills};
pub use orders::{DoneReason, End, Order, Orders, Status};
pub use tape::{Tape, Trade};

use orders::Change;

/// How much history views keep, in entries. Open orders and markets are bounded by the exchange.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Trades on the tape of one market.
    pub tape: usize,
    /// Finished orders of one account.
    pub finished_per_account: usize,
    /// Finished orders of all accounts together.
    pub finished: usize,
    /// Fills of one account.
    pub fills_per_account: usize,
    /// Trades in all accounts' fills together.
    pub fills: usize,
}

impl Default for Bounds {
    /// A day's page of each for a person, and some tens of megabytes over all.
    fn default() -> Bounds {
        Bounds {
            tape: 1000,
            finished_per_account: 1000,
            finished: 1 << 17,
            fills_per_account: 1000,
            fills: 1 << 17,
        }
    }
}

/// One market as clients see it.
#[derive(Clone, Debug)]
pub struct Market {
    /// Its number.
    pub id: MarketId,
    /// Its rules.
    pub spec: MarketSpec,
    /// When it was opened.
    pub opened: Stamp,
    /// When it stopped, if it has.
    pub stopped: Option<Stamp>,
    /// Number of the last fact about it. Rises, with gaps.
    pub sequence: u64,
    /// Its resting orders.
    pub book: Book,
    /// Its last trades.
    pub tape: Tape,
}

/// All views of one world.
#[derive(Clone, Debug)]
pub struct Views {
    bounds: Bounds,
    seq: u64,
    time: Time,
    epoch: u32,
    strays: u64,
    markets: BTreeMap<MarketId, Market>,
    symbols: BTreeMap<Symbol, MarketId>,
    orders: Orders,
    fills: Fills,
}

impl Default for Views {
    fn default() -> Views {
        Views::new(Bounds::default())
    }
}

impl Views {
    /// The views of a world in which nothing has happened.
    pub fn new(bounds: Bounds) -> Views {
        Views {
            bounds,
            seq: 0,
            time: Time(0),
            epoch: 0,
            strays: 0,
            markets: BTreeMap::new(),
            symbols: BTreeMap::new(),
            orders: Orders::new(bounds.finished_per_account, bounds.finished),
            fills: Fills::new(bounds.fills_per_account, bounds.fills),
        }
    }

    /// Takes in the next fact. One that was taken in before changes nothing.
    ///
    /// Cost: O(log open orders + log levels), whatever the fact.
    pub fn apply(&mut self, stamp: &Stamp, fact: &Fact) {
        if stamp.seq <= self.seq {
            return;
        }
        self.seq = stamp.seq;
        self.time = stamp.time;
        let known = match *fact {
            Fact::Started { epoch } => {
                self.epoch = epoch;
                true
            }
            Fact::MarketOpened { market, spec } => self.open_market(stamp, market, spec),
            Fact::Entered(entered) => {
                let change = self.orders.enter(stamp, entered);
                self.change_book(stamp, &change)
            }
            Fact::Traded { deal, market, price, quantity } => {
                let trade = Trade::of_fact_alone(stamp, deal, market, price, quantity);
                self.trade(stamp, fact, trade)
            }
            Fact::Voided { .. } => true,
            Fact::Replaced { order, .. }
            | Fact::Suspended { order }
            | Fact::Released { order }
            | Fact::Cancelled { order, .. } => {
                let change = self.orders.change(order, stamp, fact);
                change.is_some_and(|change| self.change_book(stamp, &change))
            }
            Fact::MarketStopped { market } => self.set_stopped(stamp, market, Some(*stamp)),
            Fact::MarketResumed { market } => self.set_stopped(stamp, market, None),
        };
        self.strays += u64::from(!known);
    }

    fn set_stopped(&mut self, now: &Stamp, market: MarketId, stopped: Option<Stamp>) -> bool {
        let market = self.markets.get_mut(&market);
        market.is_some_and(|market| {
            (market.stopped, market.sequence) = (stopped, now.seq);
            true
        })
    }

    fn open_market(&mut self, stamp: &Stamp, id: MarketId, spec: MarketSpec) -> bool {
        let market = Market {
            id,
            spec,
            opened: *stamp,
            stopped: None,
            sequence: stamp.seq,
            book: Book::default(),
            tape: Tape::new(self.bounds.tape),
        };
        self.symbols.insert(spec.symbol, id);
        self.markets.insert(id, market).is_none()
    }

    fn change_book(&mut self, stamp: &Stamp, change: &Change) -> bool {
        let Some(market) = self.markets.get_mut(&change.market) else { return false };
        market.sequence = stamp.seq;
        market.book.change(change.side, change.before, change.after);
        true
    }

    fn trade(&mut self, stamp: &Stamp, fact: &Fact, trade: Trade) -> bool {
        let maker = self.orders.change(trade.deal.maker, stamp, fact);
        let taker = self.orders.change(trade.deal.taker, stamp, fact);
        let mut known = true;
        for party in [&maker, &taker] {
            known &= party.as_ref().is_some_and(|change| self.change_book(stamp, change));
        }
        let side = taker.as_ref().map(|t| t.side).or(maker.as_ref().map(|m| m.side.opposite()));
        let (Some(taker_side), Some(market)) = (side, self.markets.get_mut(&trade.market)) else {
            return false;
        };
        let trade = Trade {
            taker_side,
            maker_account: maker.map(|m| m.account),
            taker_account: taker.map(|t| t.account),
            ..trade
        };
        market.tape.push(trade);
        self.fills.push(trade);
        known
    }

    /// Number of the last fact that was taken in; 0 before the first.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Time of the last fact that was taken in.
    pub fn time(&self) -> Time {
        self.time
    }

    /// Which start of the world the last fact belongs to; 0 before the first.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Facts that named an unknown market or open order. Zero if the views were folded from the first fact on.
    pub fn strays(&self) -> u64 {
        self.strays
    }

    /// The market with this number.
    pub fn market(&self, id: MarketId) -> Option<&Market> {
        self.markets.get(&id)
    }

    /// The market with this name.
    pub fn market_named(&self, symbol: &Symbol) -> Option<&Market> {
        self.markets.get(self.symbols.get(symbol)?)
    }

    /// Every market, in the order in which they were opened.
    pub fn markets(&self) -> impl Iterator<Item = &Market> {
        self.markets.values()
    }

    /// Open orders and the most recent finished ones.
    pub fn orders(&self) -> &Orders {
        &self.orders
    }

    /// The most recent fills of each account.
    pub fn fills(&self) -> &Fills {
        &self.fills
    }

    /// The trade that is the fact with this number, if it is still on a tape or among the fills.
    pub fn trade_of_fact(&self, seq: u64) -> Option<&Trade> {
        let on_tapes = || self.markets.values().find_map(|market| market.tape.of_fact(seq));
        self.fills.of_fact(seq).or_else(on_tapes)
    }
}

/// Removes the oldest of a list, and frees the capacity that a longer list has left.
fn pop_oldest(list: &mut VecDeque<u64>) {
    list.pop_front();
    if list.capacity() > 4 * list.len().max(16) {
        list.shrink_to(2 * list.len());
    }
}

/// The better of two neighbours first: bids fall, asks rise.
fn best_first<'a, T: 'a>(
    side: Side,
    rising: impl DoubleEndedIterator<Item = T> + 'a,
) -> Box<dyn Iterator<Item = T> + 'a> {
    match side {
        Side::Buy => Box::new(rising.rev()),
        Side::Sell => Box::new(rising),
    }
}
