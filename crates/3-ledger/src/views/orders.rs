//! Orders as their owners see them: every open one, and the most recent finished ones.
//!
//! Found by number, or by account and client id. A client id leads to the last order that was
//! placed under it; the client id of a replace leads nowhere.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use units::{AccountId, AskId, ClientId, Lots, MarketId, OrderId, Price, Side};
use words::{Entered, Fact, Reason, Stamp, TimeInForce};

use super::BookOrder;

/// One order, from its own facts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Order {
    /// Its first line: what its owner asked for, before any replace.
    pub entered: Entered,
    /// Stamp of that line.
    pub stamp: Stamp,
    /// Its rank in time now.
    pub place: AskId,
    /// Its limit now, in ticks.
    pub price: Price,
    /// Its size now, lots that have traded included.
    pub size: Lots,
    /// Lots that have traded.
    pub done: Lots,
    /// What they traded for: the sum of ticks times lots.
    pub value: i128,
    /// True while it is off the floor because its process was given up.
    pub suspended: bool,
    /// How and when it ended, if it has.
    pub end: Option<End>,
}

/// How and when an order ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct End {
    /// Stamp of the fact that ended it.
    pub stamp: Stamp,
    /// How.
    pub reason: DoneReason,
}

/// How an order ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum DoneReason {
    /// All of it traded.
    Filled,
    /// Its owner cancelled it.
    Cancelled,
    /// It was immediate-or-cancel, and nobody else was there.
    Unmatched,
}

/// Where an order is in its life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Status {
    /// It may trade.
    Open,
    /// It is off the floor until an operator lets it go, or its owner cancels it.
    Suspended,
    /// All of it traded.
    Done,
    /// It ended before all of it had traded.
    Cancelled,
}

impl Order {
    /// An order of which only its first line is known.
    pub fn new(stamp: &Stamp, entered: Entered) -> Order {
        Order {
            entered,
            stamp: *stamp,
            place: AskId(entered.order.0),
            price: entered.price,
            size: entered.lots,
            done: Lots::ZERO,
            value: 0,
            suspended: false,
            end: None,
        }
    }

    /// Takes in a fact. One that is not about this order changes nothing.
    pub fn apply(&mut self, stamp: &Stamp, fact: &Fact) {
        let own = self.entered.order;
        match *fact {
            Fact::Traded { deal, price, lots, .. } if deal.maker == own || deal.taker == own => {
                self.done += lots;
                self.value += i128::from(price.0) * i128::from(lots.0);
                if self.done >= self.size {
                    self.end = Some(End { stamp: *stamp, reason: DoneReason::Filled });
                }
            }
            Fact::Replaced { order, price, lots, place, .. } if order == own => {
                (self.price, self.size, self.place) = (price, lots, place);
            }
            Fact::Suspended { order } if order == own => self.suspended = true,
            Fact::Left { order, reason, .. } if order == own => {
                let reason = match reason {
                    Reason::Cancelled => DoneReason::Cancelled,
                    Reason::Unmatched => DoneReason::Unmatched,
                };
                self.end = Some(End { stamp: *stamp, reason });
            }
            _ => {}
        }
    }

    /// Where it is in its life.
    pub fn status(&self) -> Status {
        match self.end {
            Some(End { reason: DoneReason::Filled, .. }) => Status::Done,
            Some(_) => Status::Cancelled,
            None if self.suspended => Status::Suspended,
            None => Status::Open,
        }
    }

    /// Lots that may still trade.
    pub fn open(&self) -> Lots {
        match self.end {
            Some(_) => Lots::ZERO,
            None => self.size.checked_sub(self.done).unwrap_or(Lots::ZERO),
        }
    }

    /// Its row in the book of its market, if it is there.
    pub(super) fn row(&self) -> Option<BookOrder> {
        let Order { place, price, entered: Entered { order, stands, .. }, .. } = *self;
        let row = BookOrder { order, place, price, lots: self.open() };
        (rests(stands) && !self.suspended && !row.lots.is_zero()).then_some(row)
    }
}

/// What a fact did to one order.
pub(super) struct Change {
    pub(super) account: AccountId,
    pub(super) market: MarketId,
    pub(super) side: Side,
    /// Its row in the book before and after.
    pub(super) before: Option<BookOrder>,
    pub(super) after: Option<BookOrder>,
}

#[derive(Clone, Default, Debug)]
struct Account {
    open: BTreeSet<OrderId>,
    /// Numbers of their ends, rising.
    finished: VecDeque<u64>,
}

/// Open orders and the most recent finished ones.
#[derive(Clone, Debug)]
pub struct Orders {
    finished_per_account: usize,
    bound: usize,
    open: BTreeMap<OrderId, Order>,
    /// By the number of their end: 0 for the first order that ever finished, then up by one.
    finished: BTreeMap<u64, Order>,
    next_end: u64,
    ends: BTreeMap<OrderId, u64>,
    accounts: BTreeMap<AccountId, Account>,
    clients: BTreeMap<(AccountId, ClientId), OrderId>,
}

impl Orders {
    pub(super) fn new(finished_per_account: usize, bound: usize) -> Orders {
        Orders {
            finished_per_account,
            bound,
            open: BTreeMap::new(),
            finished: BTreeMap::new(),
            next_end: 0,
            ends: BTreeMap::new(),
            accounts: BTreeMap::new(),
            clients: BTreeMap::new(),
        }
    }

    /// The order with this number. O(log orders).
    pub fn get(&self, order: OrderId) -> Option<&Order> {
        self.open.get(&order).or_else(|| self.finished.get(self.ends.get(&order)?))
    }

    /// The last order that this account placed under this client id. O(log orders).
    pub fn by_client(&self, account: AccountId, client: ClientId) -> Option<&Order> {
        self.get(*self.clients.get(&(account, client))?)
    }

    /// An account's open orders with numbers below `below`, newest first. O(log orders) for each.
    pub fn open_of(&self, account: AccountId, below: OrderId) -> impl Iterator<Item = &Order> {
        let account = self.accounts.get(&account).into_iter();
        let orders = account.flat_map(move |a| a.open.range(..below).rev());
        orders.filter_map(|order| self.open.get(order))
    }

    /// An account's finished orders that are kept, last ended first.
    pub fn finished_of(&self, account: AccountId) -> impl Iterator<Item = &Order> {
        let ends = self.accounts.get(&account).into_iter().flat_map(|a| a.finished.iter().rev());
        ends.filter_map(|end| self.finished.get(end))
    }

    /// How many orders are open, over all accounts.
    pub fn open_count(&self) -> usize {
        self.open.len()
    }

    pub(super) fn enter(&mut self, stamp: &Stamp, entered: Entered) -> Change {
        let order = Order::new(stamp, entered);
        let Entered { order: id, account, client, market, side, .. } = entered;
        self.open.insert(id, order);
        self.accounts.entry(account).or_default().open.insert(id);
        if let Some(client) = client {
            self.clients.insert((account, client), id);
        }
        Change { account, market, side, before: None, after: order.row() }
    }

    /// Takes in a fact about an open order; `None` if no such order is open.
    pub(super) fn change(&mut self, id: OrderId, stamp: &Stamp, fact: &Fact) -> Option<Change> {
        let order = self.open.get_mut(&id)?;
        let before = order.row();
        order.apply(stamp, fact);
        let Order { entered: Entered { account, market, side, .. }, end, .. } = *order;
        let after = order.row();
        if end.is_some() {
            self.finish(id);
        }
        Some(Change { account, market, side, before, after })
    }

    fn finish(&mut self, id: OrderId) {
        let Some(order) = self.open.remove(&id) else { return };
        let end = self.next_end;
        self.next_end += 1;
        self.finished.insert(end, order);
        self.ends.insert(id, end);
        let account = self.accounts.entry(order.entered.account).or_default();
        account.open.remove(&id);
        account.finished.push_back(end);
        if account.finished.len() > self.finished_per_account
            && let Some(&oldest) = account.finished.front()
        {
            self.forget(oldest);
        }
        if self.finished.len() > self.bound
            && let Some((&oldest, _)) = self.finished.first_key_value()
        {
            self.forget(oldest);
        }
    }

    /// Forgets the finished order with this end, the oldest end of its account.
    fn forget(&mut self, end: u64) {
        let Some(order) = self.finished.remove(&end) else { return };
        let Entered { order: id, account, client, .. } = order.entered;
        self.ends.remove(&id);
        if let Some(client) = client
            && self.clients.get(&(account, client)) == Some(&id)
        {
            self.clients.remove(&(account, client));
        }
        let Some(entry) = self.accounts.get_mut(&account) else { return };
        entry.finished.pop_front();
        if entry.open.is_empty() && entry.finished.is_empty() {
            self.accounts.remove(&account);
        }
    }
}

/// True if an order that stands so may rest, and so belongs in the book.
fn rests(stands: TimeInForce) -> bool {
    match stands {
        TimeInForce::GoodTillCancel => true,
        TimeInForce::ImmediateOrCancel => false,
    }
}
