//! Facts into the fold. Whatever a fact says is checked first; what breaks a law changes nothing.

use kernel::{Broken, Pid, StateMachine};
use protocol::{Deal, Entered, Fact, MarketSpec, Stamp};
use thiserror::Error;
use units::{CommandId, Lots, MarketId, OrderId, Price, limits};

use crate::order_record::{DealOutcome, OrderRecord, PidHint, RecordFlags};
use crate::repeats::Remembered;
use crate::{Band, Ledger, Market, Verdict, mutation};

/// Why a fact cannot be true after those before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Error)]
pub enum Wrong {
    /// An epoch that is not the next one.
    #[error("an epoch is not the next one")]
    Epoch,
    /// A market that exists, or whose number is not the next one.
    #[error("a market's number is not the next one, or its name is taken")]
    MarketNumber,
    /// A market that there is not.
    #[error("there is no such market")]
    NoMarket,
    /// An order with a number that was used before.
    #[error("an order's number was used before")]
    OrderNumber,
    /// An order that is not open.
    #[error("the order is not open")]
    NoOrder,
    /// A release of an order that is not suspended.
    #[error("the order is not suspended")]
    NotSuspended,
    /// A market whose price rules contradict each other.
    #[error("a market's price rules contradict each other")]
    Rules,
    /// A stop of a market that has stopped, or an order that enters one.
    #[error("the market has stopped already")]
    MarketStopped,
    /// A resumption of a market that has not stopped.
    #[error("the market has not stopped")]
    MarketNotStopped,
    /// Lots, a price, the number of a deal, or how many markets or orders there are, beyond every limit;
    /// or a price that the market does not have.
    #[error("a price, size or number is beyond every limit")]
    Range,
    /// A trade that the judge does not allow: lots that are not there, outside a limit, or ended before.
    #[error("a trade that the ledger cannot allow")]
    Trade,
    /// A void of a trade.
    #[error("a void of what is a trade")]
    Void,
    /// A number or time of a command that does not follow those before it, or is beyond every limit.
    #[error("a command's number or time does not follow those before it")]
    Stamp,
    /// More or fewer lots left than were there.
    #[error("more or fewer lots leave than are there")]
    Left,
    /// A size not above what has traded.
    #[error("a size is not above what has traded")]
    Size,
}

impl StateMachine for Ledger {
    type Fact = Fact;

    /// A step of ours records one fact at most, so all or none is what happens anyway.
    #[inline]
    fn apply(&mut self, by: Pid, facts: &[Fact]) -> Result<(), Broken> {
        match facts {
            [fact] => self.fold(seen(by), fact).map_err(|wrong| broken(wrong, fact)),
            _ => Err(Broken("a step of a market records one fact at most".to_owned())),
        }
    }

    fn place_of(&self, key: u64) -> Option<u32> {
        self.order(OrderId(key)).map(OrderRecord::pid_hint)
    }

    fn is_placed(&mut self, key: u64, index: u32) {
        if let Some(record) = self.order_mut(OrderId(key)) {
            record.pid_hint = PidHint(index);
        }
    }
}

#[inline(always)]
#[allow(clippy::cast_possible_truncation, reason = "an address's index has 32 bits")]
fn seen(pid: Pid) -> PidHint {
    PidHint(pid.index() as u32)
}

#[cold]
fn broken(wrong: Wrong, fact: &Fact) -> Broken {
    Broken(format!("{wrong}: {fact:?}"))
}

/// A price and a size that an order may have. Facts come from a file too, so nothing is taken for granted.
#[inline(always)]
pub(crate) fn check_range(price: Price, quantity: Lots) -> Result<(), Wrong> {
    let fits = quantity.0.wrapping_sub(1) < limits::MAX_LOTS
        && price.0.unsigned_abs() <= limits::MAX_PRICE.unsigned_abs();
    if fits { Ok(()) } else { Err(Wrong::Range) }
}

/// A deal's number that a [`Mark`] can hold.
#[inline(always)]
fn check_number(deal: &Deal) -> Result<(), Wrong> {
    if deal.number <= limits::MAX_PROPOSALS { Ok(()) } else { Err(Wrong::Range) }
}

/// Says whether a fact with this stamp may come after one with the stamp `last`: commands are numbered upwards, time
/// does not go back, and no order has a number above that of the command whose fact enters it. (Below is possible
/// where commands overtake each other, as in explored worlds.)
///
/// For whoever folds facts that were stored: [`Ledger::apply`] sees no stamps.
pub fn follows(last: Stamp, next: Stamp, fact: &Fact) -> Result<(), Wrong> {
    let is_own = match fact {
        Fact::Entered(entered) => entered.order.0 <= next.command.0,
        _ => true,
    };
    let in_order = last.command <= next.command && next.command.0 <= limits::MAX_COMMAND;
    if is_own && in_order && last.time <= next.time { Ok(()) } else { Err(Wrong::Stamp) }
}

impl Ledger {
    /// Folds the next fact in, or says what is wrong with it and stays as it was. O(1).
    #[inline]
    pub fn apply(&mut self, fact: &Fact) -> Result<(), Wrong> {
        self.fold(PidHint::NOWHERE, fact)
    }

    /// The same, of a fact that somebody at this place has recorded.
    #[inline(always)]
    fn fold(&mut self, by: PidHint, fact: &Fact) -> Result<(), Wrong> {
        match fact {
            Fact::Entered(entered) => self.on_entered(by, entered)?,
            Fact::Traded { deal, market, price, quantity } => {
                self.on_traded(deal, *market, *price, *quantity)?;
            }
            Fact::Cancelled { order, quantity, .. } => self.on_left(*order, *quantity)?,
            Fact::Replaced { order, client, price, quantity, priority } => {
                check_range(*price, *quantity)?;
                let index = self.index(*order).ok_or(Wrong::NoOrder)?;
                let record = &mut self.records[index as usize];
                if *quantity <= record.filled {
                    return Err(Wrong::Size);
                }
                if !self.markets[usize::from(record.market.0)].band.has(*price) {
                    return Err(Wrong::Range);
                }
                (record.price, record.size, record.priority) = (*price, *quantity, *priority);
                if let Some(client) = client {
                    let (account, is_new) = (record.account, record.set_by_client());
                    if is_new {
                        self.repeats.on_open(account);
                    }
                    let asked = Remembered::Replace(*order, *price, *quantity);
                    self.repeats.remember(self.facts, account, *client, asked);
                }
            }
            Fact::Voided { deal } => self.on_voided(deal)?,
            Fact::Started { epoch } => {
                if self.epoch.checked_add(1) != Some(*epoch) || *epoch == u32::MAX {
                    return Err(Wrong::Epoch);
                }
                self.on_started(*epoch);
            }
            Fact::MarketOpened { market, spec } => self.on_market_opened(*market, spec)?,
            Fact::Suspended { order } => {
                self.order_mut(*order).ok_or(Wrong::NoOrder)?.suspend();
            }
            Fact::Released { order } => {
                let record = self.order_mut(*order).ok_or(Wrong::NoOrder)?;
                if !record.is_suspended() {
                    return Err(Wrong::NotSuspended);
                }
                record.release();
            }
            Fact::MarketStopped { market } => {
                let market = self.markets.get_mut(usize::from(market.0)).ok_or(Wrong::NoMarket)?;
                if std::mem::replace(&mut market.stopped, true) {
                    return Err(Wrong::MarketStopped);
                }
            }
            Fact::MarketResumed { market } => {
                let market = self.markets.get_mut(usize::from(market.0)).ok_or(Wrong::NoMarket)?;
                if !std::mem::replace(&mut market.stopped, false) {
                    return Err(Wrong::MarketNotStopped);
                }
            }
        }
        self.facts += 1;
        Ok(())
    }

    /// A new start: no deal is in progress any more, so no end of one need be remembered.
    fn on_started(&mut self, epoch: u32) {
        self.epoch = epoch;
        if mutation::LEAK_ACROSS_WORLDS.is_on() {
            return;
        }
        for record in &mut self.records {
            record.as_maker = DealOutcome::default();
            record.as_taker = (OrderId(0), DealOutcome::default());
        }
    }

    fn on_market_opened(&mut self, market: MarketId, spec: &MarketSpec) -> Result<(), Wrong> {
        let next = usize::from(market.0) == self.markets.len();
        if !next || self.symbols.contains_key(&spec.symbol) {
            return Err(Wrong::MarketNumber);
        }
        if self.markets.len() >= limits::MAX_MARKETS {
            return Err(Wrong::Range);
        }
        let band = Band::opening(spec).ok_or(Wrong::Rules)?;
        self.markets.push(Market { spec: *spec, stopped: false, band });
        self.symbols.insert(spec.symbol, market);
        Ok(())
    }

    #[inline]
    fn on_entered(&mut self, by: PidHint, entered: &Entered) -> Result<(), Wrong> {
        let order = entered.order;
        let market = self.market(entered.new.market).ok_or(Wrong::NoMarket)?;
        if market.stopped {
            return Err(Wrong::MarketStopped);
        }
        if !market.band.has(entered.new.price) {
            return Err(Wrong::Range);
        }
        check_range(entered.new.price, entered.new.quantity)?;
        if self.open_orders() >= limits::MAX_ORDERS {
            return Err(Wrong::Range);
        }
        // Above all numbers so far it is nobody's; only where commands overtake each other must it be looked for.
        if order > self.newest {
            self.newest = order;
        } else if order == OrderId(0) || self.index(order).is_some() {
            return Err(Wrong::OrderNumber);
        }
        let index = self.free_record();
        self.table.insert(order.0, index);
        let record = &mut self.records[index as usize];
        record.order = order;
        record.priority = CommandId(order.0);
        record.price = entered.new.price;
        (record.size, record.filled) = (entered.new.quantity, Lots::ZERO);
        record.account = entered.new.account;
        record.market = entered.new.market;
        record.side = entered.new.side;
        record.flags = RecordFlags::of(entered.new.time_in_force);
        record.as_maker = DealOutcome::default();
        record.as_taker = (OrderId(0), DealOutcome::default());
        record.pid_hint = by;
        if let Some(client) = entered.new.client {
            record.set_by_client();
            self.repeats.on_entered(self.facts, client, entered);
        }
        Ok(())
    }

    /// The place of a line that is free.
    #[inline(always)]
    pub(crate) fn free_record(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.records.push(OrderRecord::free());
            u32::try_from(self.records.len() - 1).expect("limits::MAX_ORDERS is below 2^32")
        })
    }

    /// Frees the line of an order that is done.
    #[inline(always)]
    fn remove(&mut self, index: u32) {
        let order = self.records[index as usize].order;
        self.table.remove(order.0, |other| other == index);
        self.free_up(index);
    }

    #[inline(always)]
    fn free_up(&mut self, index: u32) {
        let record = &mut self.records[index as usize];
        record.order = OrderId(0);
        let is_by_client = record.is_by_client();
        self.free.push(index);
        if is_by_client {
            self.on_end_by_client(index);
        }
    }

    /// An order of an account that is remembered has ended.
    #[cold]
    #[inline(never)]
    fn on_end_by_client(&mut self, index: u32) {
        let account = self.records[index as usize].account;
        self.repeats.on_end(self.facts, account);
    }

    #[inline]
    fn on_traded(
        &mut self,
        deal: &Deal,
        market: MarketId,
        price: Price,
        quantity: Lots,
    ) -> Result<(), Wrong> {
        check_number(deal)?;
        let (maker, taker) = (self.index(deal.maker), self.index(deal.taker));
        let record = |index: Option<u32>| index.map(|index| &self.records[index as usize]);
        let verdict = self.validate_between(record(maker), record(taker), deal, price, quantity);
        let Verdict::Trade(traded_in) = verdict else { return Err(Wrong::Trade) };
        if traded_in != market && !mutation::TRADE_ELSEWHERE.is_on() {
            return Err(Wrong::Trade);
        }
        let mark = match mutation::TRADE_FORGOTTEN.is_on() {
            true => DealOutcome::default(),
            false => DealOutcome::of(deal, true),
        };
        let sound = "the judge has seen both lines";
        let (maker, taker) = (maker.expect(sound), taker.expect(sound));
        if !self.fill(maker, quantity) {
            self.records[maker as usize].as_maker = mark;
        }
        if !self.fill(taker, quantity) {
            self.records[taker as usize].as_taker = (deal.maker, mark);
        }
        self.trades += 1;
        let market = &mut self.markets[usize::from(traded_in.0)];
        if market.band.reference().is_some() && !mutation::COLLAR_STANDS.is_on() {
            market.band = Band::after(&market.spec, Some(price));
        }
        Ok(())
    }

    /// Lots of an order have traded: true if these were the last, and its line is free.
    #[inline(always)]
    fn fill(&mut self, index: u32, quantity: Lots) -> bool {
        let record = &mut self.records[index as usize];
        record.filled += quantity;
        let is_filled = record.filled == record.size;
        if is_filled {
            self.remove(index);
        }
        is_filled
    }

    /// Fences a deal off: whoever asks for it from now on, however late, hears that it is void.
    fn on_voided(&mut self, deal: &Deal) -> Result<(), Wrong> {
        check_number(deal)?;
        let asker = if self.order(deal.taker).is_some() { deal.taker } else { deal.maker };
        if self.resolve(deal, asker) == Verdict::Traded {
            return Err(Wrong::Void);
        }
        if mutation::VOID_FORGOTTEN.is_on() {
            return Ok(());
        }
        let mark = DealOutcome::of(deal, false);
        if let Some(maker) = self.order_mut(deal.maker)
            && maker.as_maker.is_before(deal)
        {
            maker.as_maker = mark;
        }
        if let Some(taker) = self.order_mut(deal.taker) {
            taker.as_taker = (deal.maker, mark);
        }
        Ok(())
    }

    #[inline]
    fn on_left(&mut self, order: OrderId, quantity: Lots) -> Result<(), Wrong> {
        // Taken out at once, and put back if that was wrong: most are right, and one look is enough.
        let is = |index: u32| self.records[index as usize].order == order;
        let index = self.table.remove(order.0, is).ok_or(Wrong::NoOrder)?;
        if self.records[index as usize].remaining() != quantity {
            self.table.insert(order.0, index);
            return Err(Wrong::Left);
        }
        self.free_up(index);
        Ok(())
    }
}
