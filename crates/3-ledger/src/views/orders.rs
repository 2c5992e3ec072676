//! Orders as their owners see them: every open one, and the most recent finished ones.
//!
//! Found by number, or by account and client id. A client id leads to the last order that was
//! placed under it; the client id of a replace leads nowhere.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use units::{AccountId, AskId, ClientId, Lots, MarketId, OrderId, Price, Side};
use words::{Entered, Stamp};

use super::rests;

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

    fn spot(&self) -> Spot {
        let Entered { order, account, market, side, stands, .. } = self.entered;
        let Order { place, price, .. } = *self;
        let on_floor = rests(stands) && !self.suspended;
        Spot { order, account, market, side, price, place, open: self.open(), on_floor }
    }
}

/// Where an order stands in its book: how orders tell the book of a change.
pub(super) struct Spot {
    pub(super) order: OrderId,
    pub(super) account: AccountId,
    pub(super) market: MarketId,
    pub(super) side: Side,
    pub(super) price: Price,
    pub(super) place: AskId,
    pub(super) open: Lots,
    on_floor: bool,
}

impl Spot {
    /// True if the order is in the book, with open lots.
    pub(super) fn on_floor(&self) -> bool {
        self.on_floor && !self.open.is_zero()
    }

    /// True if the order was in the book, before the trade that this is the spot after.
    pub(super) fn on_floor_before(&self) -> bool {
        self.on_floor
    }
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

    /// An account's open orders, newest first.
    pub fn open_of(&self, account: AccountId) -> impl Iterator<Item = &Order> {
        let orders = self.accounts.get(&account).into_iter().flat_map(|a| a.open.iter().rev());
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

    pub(super) fn enter(&mut self, stamp: &Stamp, entered: Entered) -> Spot {
        let order = Order {
            entered,
            stamp: *stamp,
            place: AskId(entered.order.0),
            price: entered.price,
            size: entered.lots,
            done: Lots::ZERO,
            value: 0,
            suspended: false,
            end: None,
        };
        self.open.insert(entered.order, order);
        self.accounts.entry(entered.account).or_default().open.insert(entered.order);
        if let Some(client) = entered.client {
            self.clients.insert((entered.account, client), entered.order);
        }
        order.spot()
    }

    /// The order's spot after the trade.
    pub(super) fn trade(
        &mut self,
        stamp: &Stamp,
        order: OrderId,
        price: Price,
        lots: Lots,
    ) -> Option<Spot> {
        let entry = self.open.get_mut(&order)?;
        entry.done += lots;
        entry.value += i128::from(price.0) * i128::from(lots.0);
        let spot = entry.spot();
        if spot.open.is_zero() {
            self.finish(stamp, order, DoneReason::Filled);
        }
        Some(spot)
    }

    /// The order's spots before and after the replace.
    pub(super) fn replace(
        &mut self,
        order: OrderId,
        price: Price,
        size: Lots,
        place: AskId,
    ) -> Option<(Spot, Spot)> {
        let entry = self.open.get_mut(&order)?;
        let before = entry.spot();
        *entry = Order { price, size, place, ..*entry };
        Some((before, entry.spot()))
    }

    /// The order's spot before it was suspended.
    pub(super) fn suspend(&mut self, order: OrderId) -> Option<Spot> {
        let entry = self.open.get_mut(&order)?;
        let before = entry.spot();
        entry.suspended = true;
        Some(before)
    }

    /// The order's spot before it left.
    pub(super) fn leave(
        &mut self,
        stamp: &Stamp,
        order: OrderId,
        reason: DoneReason,
    ) -> Option<Spot> {
        let before = self.open.get(&order)?.spot();
        self.finish(stamp, order, reason);
        Some(before)
    }

    fn finish(&mut self, stamp: &Stamp, id: OrderId, reason: DoneReason) {
        let Some(mut order) = self.open.remove(&id) else { return };
        order.end = Some(End { stamp: *stamp, reason });
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
