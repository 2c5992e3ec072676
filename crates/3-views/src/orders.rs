//! Orders as their owners see them: every open one, and the most recent finished ones.
//!
//! Found by number, or by account and client id. A client id leads to the last order that was
//! placed under it; the client id of a replace leads nowhere.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;

use memory::Table;
use protocol::{CancelReason, Entered, Fact, NewOrder, Stamp, TimeInForce};
use units::{AccountId, ClientId, CommandId, Lots, MarketId, OrderId, Price, Side};

use super::{BookOrder, pop_oldest};

/// One order, from its own facts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Order {
    /// Its first line: what its owner asked for, before any replace.
    pub entered: Entered,
    /// Stamp of that line.
    pub stamp: Stamp,
    /// Its rank in time now.
    pub priority: CommandId,
    /// Its limit now, in ticks.
    pub price: Price,
    /// Its size now, lots that have traded included.
    pub size: Lots,
    /// Lots that have traded.
    pub filled: Lots,
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
            priority: CommandId(entered.order.0),
            price: entered.new.price,
            size: entered.new.quantity,
            filled: Lots::ZERO,
            value: 0,
            suspended: false,
            end: None,
        }
    }

    /// The first order that these facts enter, as it is after all of them; `None` if they enter none.
    pub fn of_facts<'a>(facts: impl IntoIterator<Item = (&'a Stamp, &'a Fact)>) -> Option<Order> {
        let mut facts = facts.into_iter();
        let entered = |(stamp, fact): (&Stamp, &Fact)| match fact {
            Fact::Entered(entered) => Some(Order::new(stamp, *entered)),
            _ => None,
        };
        let mut order = facts.find_map(entered)?;
        facts.for_each(|(stamp, fact)| order.apply(stamp, fact));
        Some(order)
    }

    /// Takes in a fact. One that is not about this order changes nothing.
    pub fn apply(&mut self, stamp: &Stamp, fact: &Fact) {
        let own = self.entered.order;
        match *fact {
            Fact::Traded { deal, price, quantity, .. }
                if deal.maker == own || deal.taker == own =>
            {
                self.filled += quantity;
                self.value += i128::from(price.0) * i128::from(quantity.0);
                if self.filled >= self.size {
                    self.end = Some(End { stamp: *stamp, reason: DoneReason::Filled });
                }
            }
            Fact::Replaced { order, price, quantity, priority, .. } if order == own => {
                (self.price, self.size, self.priority) = (price, quantity, priority);
            }
            Fact::Suspended { order } if order == own => self.suspended = true,
            Fact::Released { order } if order == own => self.suspended = false,
            Fact::Cancelled { order, reason, .. } if order == own => {
                let reason = match reason {
                    CancelReason::Requested => DoneReason::Cancelled,
                    CancelReason::Unmatched => DoneReason::Unmatched,
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
            None => self.size.checked_sub(self.filled).unwrap_or(Lots::ZERO),
        }
    }

    /// Its row in the book of its market, if it is there.
    pub(crate) fn row(&self) -> Option<BookOrder> {
        let Order {
            priority,
            price,
            entered: Entered { order, new: NewOrder { time_in_force, .. } },
            ..
        } = *self;
        let row = BookOrder { order, priority, price, quantity: self.open() };
        (rests(time_in_force) && !self.suspended && !row.quantity.is_zero()).then_some(row)
    }
}

/// What a fact did to one order.
pub(crate) struct Change {
    pub(crate) account: AccountId,
    pub(crate) market: MarketId,
    pub(crate) side: Side,
    /// Its row in the book before and after.
    pub(crate) before: Option<BookOrder>,
    pub(crate) after: Option<BookOrder>,
}

#[derive(Clone, Default, Debug)]
struct Account {
    open: BTreeSet<OrderId>,
    /// Numbers of their ends, rising.
    finished: VecDeque<u64>,
}

/// Open orders and the most recent finished ones.
///
/// Each order has a slot from its first line until it is forgotten; the rest leads to slots.
#[derive(Clone, Debug)]
pub struct Orders {
    finished_per_account: usize,
    bound: usize,
    slots: Vec<Order>,
    free: Vec<u32>,
    numbers: Table,
    /// A tree, not a table: clients choose these, and could choose all of them for one probe.
    clients: BTreeMap<(AccountId, ClientId), u32>,
    accounts: BTreeMap<AccountId, Account>,
    /// Slots of finished orders by the number of their end: 0 for the first that ever finished.
    ends: BTreeMap<u64, u32>,
    next_end: u64,
}

impl Orders {
    pub(crate) fn new(finished_per_account: usize, bound: usize) -> Orders {
        Orders {
            finished_per_account,
            bound,
            slots: Vec::new(),
            free: Vec::new(),
            numbers: Table::default(),
            clients: BTreeMap::new(),
            accounts: BTreeMap::new(),
            ends: BTreeMap::new(),
            next_end: 0,
        }
    }

    fn at(&self, slot: u32) -> &Order {
        &self.slots[slot as usize]
    }

    fn slot(&self, order: OrderId) -> Option<u32> {
        self.numbers.get(order.0, |slot| self.at(slot).entered.order == order)
    }

    /// The order with this number. One probe.
    pub fn get(&self, order: OrderId) -> Option<&Order> {
        self.slot(order).map(|slot| self.at(slot))
    }

    /// The last order that this account placed under this client id. O(log orders).
    pub fn by_client(&self, account: AccountId, client: ClientId) -> Option<&Order> {
        self.clients.get(&(account, client)).map(|&slot| self.at(slot))
    }

    /// An account's open orders with numbers below `below`, newest first. O(log orders) for each.
    pub fn open_of(&self, account: AccountId, below: OrderId) -> impl Iterator<Item = &Order> {
        self.open_between(account, OrderId(0), below).rev()
    }

    /// An account's open orders with numbers above `above` and below `below`, oldest first; none if
    /// no number can be between. O(log orders) for each.
    pub fn open_between(
        &self,
        account: AccountId,
        above: OrderId,
        below: OrderId,
    ) -> impl DoubleEndedIterator<Item = &Order> {
        let account = self.accounts.get(&account).filter(|_| above < below).into_iter();
        let between = (Bound::Excluded(above), Bound::Excluded(below));
        let orders = account.flat_map(move |a| a.open.range(between));
        orders.filter_map(|&order| self.get(order))
    }

    /// An account's finished orders that are kept, last ended first.
    pub fn finished_of(&self, account: AccountId) -> impl Iterator<Item = &Order> {
        let ends = self.accounts.get(&account).into_iter().flat_map(|a| a.finished.iter().rev());
        ends.filter_map(|end| self.ends.get(end)).map(|&slot| self.at(slot))
    }

    /// Places in the lists of finished orders, taken or not.
    #[cfg(test)]
    pub(crate) fn room(&self) -> usize {
        self.accounts.values().map(|account| account.finished.capacity()).sum()
    }

    /// How many orders are open, over all accounts.
    pub fn open_count(&self) -> usize {
        self.numbers.len() - self.ends.len()
    }

    pub(crate) fn enter(&mut self, stamp: &Stamp, entered: Entered) -> Change {
        let order = Order::new(stamp, entered);
        let Entered { order: id, new: NewOrder { account, client, market, side, .. } } = entered;
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = order;
                slot
            }
            None => {
                self.slots.push(order);
                u32::try_from(self.slots.len() - 1).expect("orders are below limits::MAX_ORDERS")
            }
        };
        self.numbers.insert(id.0, slot);
        self.accounts.entry(account).or_default().open.insert(id);
        if let Some(client) = client {
            self.clients.insert((account, client), slot);
        }
        Change { account, market, side, before: None, after: order.row() }
    }

    /// Takes in a fact about an open order; `None` if no such order is open.
    pub(crate) fn change(&mut self, id: OrderId, stamp: &Stamp, fact: &Fact) -> Option<Change> {
        let slot = self.slot(id)?;
        let order = &mut self.slots[slot as usize];
        if order.end.is_some() {
            return None;
        }
        let before = order.row();
        order.apply(stamp, fact);
        let Order {
            entered: Entered { new: NewOrder { account, market, side, .. }, .. }, end, ..
        } = *order;
        let after = order.row();
        if end.is_some() {
            self.finish(id, slot, account);
        }
        Some(Change { account, market, side, before, after })
    }

    fn finish(&mut self, id: OrderId, slot: u32, account: AccountId) {
        let end = self.next_end;
        self.next_end += 1;
        self.ends.insert(end, slot);
        let account = self.accounts.entry(account).or_default();
        account.open.remove(&id);
        account.finished.push_back(end);
        if account.finished.len() > self.finished_per_account
            && let Some(&oldest) = account.finished.front()
        {
            self.forget(oldest);
        }
        if self.ends.len() > self.bound
            && let Some((&oldest, _)) = self.ends.first_key_value()
        {
            self.forget(oldest);
        }
    }

    /// Forgets the finished order with this end, the oldest end of its account.
    fn forget(&mut self, end: u64) {
        let Some(slot) = self.ends.remove(&end) else { return };
        let Entered { order, new: NewOrder { account, client, .. } } = self.at(slot).entered;
        self.numbers.remove(order.0, |kept| kept == slot);
        // A later order may have the id by now; then it keeps it.
        if let Some(client) = client
            && self.clients.get(&(account, client)) == Some(&slot)
        {
            self.clients.remove(&(account, client));
        }
        self.free.push(slot);
        let Some(entry) = self.accounts.get_mut(&account) else { return };
        pop_oldest(&mut entry.finished);
        if entry.open.is_empty() && entry.finished.is_empty() {
            self.accounts.remove(&account);
        }
    }
}

/// True if an order that stands so may rest, and so belongs in the book.
fn rests(time_in_force: TimeInForce) -> bool {
    match time_in_force {
        TimeInForce::GoodTillCancel => true,
        TimeInForce::ImmediateOrCancel => false,
    }
}
