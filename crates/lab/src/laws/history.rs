//! The laws' own fold of facts, computed apart from the ledger's so that the two can be compared.
//! It holds every order that ever entered and every deal that ended. It checks each fact by the
//! rules of trade alone and must never use the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use protocol::{Command, Deal, Distance, Entered, Fact, MarketSpec};
use units::{CommandId, Lots, MarketId, OrderId, Price, Side};

use super::{Broken, Law};

/// An order by its facts.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// The fact that entered it.
    pub entered: Entered,
    /// Its limit now.
    pub price: Price,
    /// Its size now, lots that have traded included.
    pub size: Lots,
    /// Lots that have traded.
    pub filled: Lots,
    /// Trades that it was in.
    pub trades: u32,
    /// Its priority.
    pub priority: CommandId,
    /// Suspended by its supervisor.
    pub suspended: bool,
    /// It was cancelled.
    pub left: bool,
}

impl Line {
    /// True until it is filled or cancelled.
    pub fn is_open(&self) -> bool {
        !self.left && self.filled < self.size
    }

    /// Lots that have neither traded nor been cancelled.
    pub fn remaining(&self) -> Lots {
        if self.left { Lots::ZERO } else { self.size - self.filled }
    }
}

/// The part that a law still needs of a closed order: that it is closed, and its traded lots.
impl Hash for Line {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let &Line { entered, price, size, filled, trades: _, priority, suspended, left: _ } = self;
        (entered.order, filled).hash(state);
        if self.is_open() {
            (entered.new.account, entered.new.side, price, size, priority, suspended).hash(state);
        }
    }
}

/// The history of a world, folded from its facts.
#[derive(Clone, Debug, Default)]
pub struct History {
    lines: BTreeMap<OrderId, Line>,
    trades: BTreeSet<Deal>,
    voids: BTreeSet<Deal>,
    /// Stopped markets.
    stopped: BTreeSet<MarketId>,
    facts: Vec<Fact>,
    markets: BTreeMap<MarketId, MarketSpec>,
    /// The price of the last trade of each market that has a collar.
    last: BTreeMap<MarketId, Price>,
}

impl History {
    /// An order that has entered.
    pub fn line(&self, order: OrderId) -> Option<&Line> {
        self.lines.get(&order)
    }

    /// All orders that have entered.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.values()
    }

    /// All facts, oldest first.
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// True if this deal is a trade.
    pub fn is_trade(&self, deal: &Deal) -> bool {
        self.trades.contains(deal)
    }

    /// True if this deal was voided.
    pub fn is_void(&self, deal: &Deal) -> bool {
        self.voids.contains(deal)
    }

    /// True if the ledger has decided this deal.
    pub fn has_ended(&self, deal: &Deal) -> bool {
        self.is_trade(deal) || self.is_void(deal)
    }

    /// True if a market has stopped, and was not resumed.
    pub fn is_stopped(&self, market: MarketId) -> bool {
        self.stopped.contains(&market)
    }

    /// Orders of a side that are open and not suspended, by priority.
    pub fn book(&self, market: MarketId, side: Side) -> Vec<(OrderId, Price, Lots)> {
        let rests = |line: &&Line| {
            line.is_open()
                && !line.suspended
                && (line.entered.new.market, line.entered.new.side) == (market, side)
        };
        let mut lines: Vec<_> = self.lines.values().filter(rests).collect();
        lines.sort_by_key(|line| match side {
            Side::Buy => (-line.price.0, line.priority),
            Side::Sell => (line.price.0, line.priority),
        });
        lines.into_iter().map(|l| (l.entered.order, l.price, l.remaining())).collect()
    }

    /// Decided deals that are still remembered.
    pub(super) fn deals(&self) -> impl Iterator<Item = &Deal> {
        self.trades.iter().chain(&self.voids)
    }

    /// Forgets all facts, and every deal but those of the next check. The orders stay.
    pub fn forget_but(&mut self, counts: impl Fn(&Deal) -> bool) {
        self.facts.clear();
        self.trades.retain(&counts);
        self.voids.retain(&counts);
    }

    /// Takes the next fact, or returns the law that it breaks.
    pub fn take(&mut self, fact: &Fact) -> Result<(), Broken> {
        self.facts.push(*fact);
        match *fact {
            Fact::Entered(entered) => self.on_entered(entered),
            Fact::Traded { deal, market, price, quantity } => {
                self.on_traded(deal, market, price, quantity)
            }
            Fact::Voided { deal } => {
                self.voids.insert(deal);
                let traded = self.trades.contains(&deal);
                check(!traded, Law::Agreement, || format!("{deal:?} is a trade and was voided"))
            }
            Fact::Replaced { order, price, quantity, priority, .. } => {
                let market = self.open_line(order)?.entered.new.market;
                self.check_runs(market, fact)?;
                let line = self.open_line(order)?;
                let enough = quantity > line.filled;
                (line.price, line.size, line.priority) = (price, quantity, priority);
                check(enough, Law::NoOverfill, || {
                    format!("{order} was replaced below its trades")
                })?;
                self.check_sign(market, price)
            }
            Fact::Suspended { order } => {
                self.open_line(order)?.suspended = true;
                Ok(())
            }
            Fact::Released { order } => {
                let line = self.open_line(order)?;
                let was = std::mem::replace(&mut line.suspended, false);
                check(was, Law::Conservation, || format!("{order} was released, not suspended"))
            }
            Fact::Cancelled { order, quantity, .. } => {
                let line = self.open_line(order)?;
                let all = line.remaining() == quantity;
                line.left = true;
                check(all, Law::Conservation, || {
                    format!("{order} left with {quantity}, not with all")
                })
            }
            Fact::Started { .. } => {
                // Deal names are unique within an epoch, and no deal outlives its world.
                self.trades.clear();
                self.voids.clear();
                Ok(())
            }
            Fact::MarketOpened { market, spec } => {
                self.markets.insert(market, spec);
                Ok(())
            }
            Fact::MarketStopped { market } => {
                let first = self.stopped.insert(market);
                check(first, Law::OutsideFacts, || format!("{market} stopped twice"))
            }
            Fact::MarketResumed { market } => {
                let was = self.stopped.remove(&market);
                check(was, Law::OutsideFacts, || format!("{market} was resumed, and ran"))
            }
        }
    }

    /// In a stopped market nothing enters, is replaced or trades.
    fn check_runs(&self, market: MarketId, fact: &Fact) -> Result<(), Broken> {
        check(!self.is_stopped(market), Law::OutsideFacts, || {
            format!("{fact:?}, while {market} is stopped")
        })
    }

    fn on_entered(&mut self, entered: Entered) -> Result<(), Broken> {
        let order = entered.order;
        self.check_runs(entered.new.market, &Fact::Entered(entered))?;
        let line = Line {
            entered,
            price: entered.new.price,
            size: entered.new.quantity,
            filled: Lots::ZERO,
            trades: 0,
            priority: CommandId(order.0),
            suspended: false,
            left: false,
        };
        let before = self.lines.insert(order, line);
        check(before.is_none(), Law::OutsideFacts, || format!("{order} entered twice"))?;
        self.check_sign(entered.new.market, entered.new.price)
    }

    fn check_sign(&self, market: MarketId, price: Price) -> Result<(), Broken> {
        let negative = self.markets.get(&market).is_none_or(|spec| spec.negative_prices);
        check(negative || price > Price(0), Law::PriceRules, || {
            format!("{market} has no negative prices, and an order has {price}")
        })
    }

    /// The reference of this market's collar, if it has a collar and has traded.
    pub(super) fn followed(&self, market: MarketId) -> Option<Price> {
        self.last.get(&market).copied()
    }

    /// An accepted command: its limit must be within the collar of its market by the facts so far.
    pub fn check_let_in(&self, command: &Command) -> Result<(), Broken> {
        let (market, side, price) = match *command {
            Command::NewOrder(place) => (place.market, place.side, place.price),
            Command::Replace(replace) => match self.lines.get(&replace.order) {
                Some(line) => (line.entered.new.market, line.entered.new.side, replace.price),
                None => return Ok(()),
            },
            _ => return Ok(()),
        };
        let Some(collar) = self.markets.get(&market).and_then(|spec| spec.collar) else {
            return Ok(());
        };
        let reference = self.last.get(&market).unwrap_or(&collar.reference).0;
        let far = match side {
            Side::Buy => price.0 - reference,
            Side::Sell => reference - price.0,
        };
        // In hundredths of a per cent both sides are whole numbers.
        let within = match collar.distance {
            Distance::Ticks(ticks) => far <= i64::from(ticks.get()),
            Distance::BasisPoints(points) => {
                far <= 1 || far * 10_000 <= reference * i64::from(points.get())
            }
        };
        check(within, Law::PriceRules, || {
            format!("{command:?} was let in, {far} beyond the reference {reference}")
        })
    }

    fn open_line(&mut self, order: OrderId) -> Result<&mut Line, Broken> {
        let line = self.lines.get_mut(&order).filter(|line| line.is_open());
        let what = || format!("a fact about {order}, which is not open");
        line.ok_or_else(|| Broken { law: Law::OutsideFacts, what: what() })
    }

    fn on_traded(
        &mut self,
        deal: Deal,
        market: MarketId,
        price: Price,
        quantity: Lots,
    ) -> Result<(), Broken> {
        self.check_runs(market, &Fact::Traded { deal, market, price, quantity })?;
        let first = !self.voids.contains(&deal) && self.trades.insert(deal);
        check(first, Law::Agreement, || format!("{deal:?} had ended before it was recorded"))?;
        let (maker, taker) = (*self.open_line(deal.maker)?, *self.open_line(deal.taker)?);
        let sides = maker.entered.new.side != taker.entered.new.side;
        let markets = maker.entered.new.market == market && taker.entered.new.market == market;
        let at_work = !self.stopped.contains(&market) && !maker.suspended && !taker.suspended;
        check(at_work, Law::OutsideFacts, || {
            format!("{deal:?} of a market that is stopped, or of an order that is suspended")
        })?;
        let limits = price == maker.price && taker.entered.new.side.accepts(taker.price, price);
        let fair = sides && markets && limits && !quantity.is_zero();
        check(fair, Law::FairPrice, || format!("{deal:?}: {quantity} @ {price} is no fair trade"))?;
        if self.markets.get(&market).is_some_and(|spec| spec.collar.is_some()) {
            self.last.insert(market, price);
        }
        for order in [deal.maker, deal.taker] {
            let line = self.open_line(order)?;
            line.filled += quantity;
            line.trades += 1;
            let (done, size) = (line.filled, line.size);
            check(done <= size, Law::NoOverfill, || format!("{order} traded {done} of {size}"))?;
        }
        Ok(())
    }
}

impl Hash for History {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let History { lines, trades, voids, stopped, facts: _, markets: _, last } = self;
        (lines, trades, voids, stopped, last).hash(state);
    }
}

/// `Ok` if a law holds.
pub(super) fn check(holds: bool, law: Law, what: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken { law, what: what() }) }
}
