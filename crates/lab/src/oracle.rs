//! The oracle: a plain matcher in one loop, written to be obviously right, that computes what an
//! exchange must answer to each command. It must never share code with the exchange, and never be
//! clever: its speed does not matter.

mod follow;
mod outcome;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use protocol::{
    CancelReason, Command, Distance, Entered, MarketSpec, NewOrder, RejectCode, Replace,
    TimeInForce,
};
use units::{AccountId, ClientId, CommandId, Lots, MarketId, OrderId, Price, Side, limits};

pub use outcome::Outcome;

/// Capacities.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Open orders.
    pub orders: usize,
    /// Markets.
    pub markets: usize,
    /// Accounts that may use client ids; the oracle forgets none of them.
    pub accounts: usize,
    /// Client ids remembered for each of them.
    pub client_ids: usize,
}

impl Default for Bounds {
    /// Those of `units::limits`.
    fn default() -> Bounds {
        Bounds {
            orders: limits::MAX_ORDERS,
            markets: limits::MAX_MARKETS,
            accounts: usize::MAX,
            client_ids: limits::REMEMBERED_CLIENT_IDS,
        }
    }
}

#[derive(Clone, Debug)]
struct Order {
    account: AccountId,
    market: MarketId,
    side: Side,
    price: Price,
    size: Lots,
    filled: Lots,
    priority: CommandId,
    time_in_force: TimeInForce,
}

impl Order {
    fn new(entered: Entered) -> Order {
        let Entered {
            order,
            new: NewOrder { account, market, side, price, quantity: size, time_in_force, .. },
        } = entered;
        let (filled, priority) = (Lots::ZERO, CommandId(order.0));
        Order { account, market, side, price, size, filled, priority, time_in_force }
    }

    fn open(&self) -> Lots {
        self.size - self.filled
    }
}

/// An account's remembered commands, oldest first, each with the order that it concerned.
type Remembered = VecDeque<(ClientId, Command, OrderId)>;

/// The matcher.
#[derive(Clone, Debug, Default)]
pub struct Oracle {
    bounds: Bounds,
    /// A market's number is its index.
    markets: Vec<MarketSpec>,
    /// The price of each market's last trade.
    last: BTreeMap<MarketId, Price>,
    /// Open orders.
    orders: BTreeMap<OrderId, Order>,
    /// The open orders of each market and side by rank: the best has the lowest (see [`rank`]).
    queues: BTreeMap<(MarketId, Side), BTreeMap<(i64, CommandId), OrderId>>,
    clients: BTreeMap<AccountId, Remembered>,
    /// Open orders that were suspended: they are in no queue. Empty unless [`Oracle::follow`] adds one.
    suspended: BTreeSet<OrderId>,
    /// Stopped markets. Empty unless [`Oracle::follow`] adds one.
    stopped: BTreeSet<MarketId>,
}

/// A price as a number that is lower the better the price is for the other side.
fn rank(side: Side, price: Price) -> i64 {
    match side {
        Side::Buy => -price.0,
        Side::Sell => price.0,
    }
}

impl Oracle {
    /// An oracle with no markets and the bounds of `units::limits`.
    pub fn new() -> Oracle {
        Oracle::default()
    }

    /// An oracle with other bounds.
    pub fn bounded(bounds: Bounds) -> Oracle {
        Oracle { bounds, ..Oracle::default() }
    }

    /// The results of `command`, which has this number, in order. Numbers must go up.
    pub fn submit(&mut self, number: CommandId, command: &Command) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        let refused = match *command {
            Command::OpenMarket(spec) => self.open_market(spec, &mut outcomes),
            Command::NewOrder(place) => self.place(number, place, &mut outcomes),
            Command::Replace(replace) => self.replace(number, replace, &mut outcomes),
            Command::Cancel { account, order } => self.cancel(account, order, &mut outcomes),
            Command::Release { order } => self.release(order, &mut outcomes),
            Command::ResumeMarket { market } => self.resume(market, &mut outcomes),
        };
        if let Err(answer) = refused {
            assert!(outcomes.is_empty(), "nothing happens when a command is refused");
            outcomes.push(answer);
        }
        outcomes
    }

    /// The orders of one side: best price first, each level with its lots and its orders by priority.
    pub fn book(&self, market: MarketId, side: Side) -> Vec<(Price, Lots, Vec<OrderId>)> {
        let mut levels: Vec<(Price, Lots, Vec<OrderId>)> = Vec::new();
        for id in self.queues.get(&(market, side)).into_iter().flat_map(BTreeMap::values) {
            let order = &self.orders[id];
            match levels.last_mut() {
                Some((price, quantity, ids)) if *price == order.price => {
                    *quantity += order.open();
                    ids.push(*id);
                }
                _ => levels.push((order.price, order.open(), vec![*id])),
            }
        }
        levels
    }

    /// How many orders are open in all markets.
    pub fn open_orders(&self) -> usize {
        self.orders.len()
    }

    /// Traded lots and size of an open order; `None` if no open order has this number.
    pub fn order(&self, order: OrderId) -> Option<(Lots, Lots)> {
        self.orders.get(&order).map(|o| (o.filled, o.size))
    }

    fn open_market(&mut self, spec: MarketSpec, out: &mut Vec<Outcome>) -> Result<(), Outcome> {
        refuse_if(self.markets.iter().any(|m| m.symbol == spec.symbol), RejectCode::MarketExists)?;
        refuse_if(self.markets.len() >= self.bounds.markets, RejectCode::TooManyMarkets)?;
        refuse_if(!spec.tick.is_valid() || !spec.lot.is_valid(), RejectCode::BadScale)?;
        refuse_if(contradicts_itself(&spec), RejectCode::BadRules)?;
        let number = u16::try_from(self.markets.len()).expect("at most limits::MAX_MARKETS");
        self.markets.push(spec);
        out.push(Outcome::MarketOpened { market: MarketId(number), spec });
        Ok(())
    }

    fn place(
        &mut self,
        number: CommandId,
        command: NewOrder,
        out: &mut Vec<Outcome>,
    ) -> Result<(), Outcome> {
        let NewOrder { account, client, market, side, price, quantity, time_in_force } = command;
        let id = OrderId(number.0);
        refuse_if(usize::from(market.0) >= self.markets.len(), RejectCode::UnknownMarket)?;
        self.check_repeat(account, client, &Command::NewOrder(command))?;
        refuse_if(self.stopped.contains(&market), RejectCode::MarketStopped)?;
        self.check_price(market, side, price)?;
        check_quantity(quantity)?;
        refuse_if(self.orders.len() >= self.bounds.orders, RejectCode::TooManyOrders)?;
        self.check_accounts(account, client)?;

        self.remember(account, client, Command::NewOrder(command), id);
        let entered = Entered {
            order: id,
            new: NewOrder { account, client, market, side, price, quantity, time_in_force },
        };
        out.push(Outcome::Entered(entered));
        self.orders.insert(id, Order::new(entered));
        self.walk(id, out);
        Ok(())
    }

    fn replace(
        &mut self,
        number: CommandId,
        command: Replace,
        out: &mut Vec<Outcome>,
    ) -> Result<(), Outcome> {
        let Replace { account, client, order: id, price, quantity } = command;
        self.check_repeat(account, client, &Command::Replace(command))?;
        self.check_owner(account, id)?;
        refuse_if(self.stopped.contains(&self.orders[&id].market), RejectCode::MarketStopped)?;
        refuse_if(self.suspended.contains(&id), RejectCode::OrderSuspended)?;
        let Order { market, side, .. } = self.orders[&id];
        self.check_price(market, side, price)?;
        check_quantity(quantity)?;
        refuse_if(quantity <= self.orders[&id].filled, RejectCode::BelowFilled)?;
        self.check_accounts(account, client)?;

        self.remember(account, client, Command::Replace(command), id);
        self.dequeue(id);
        let order = self.orders.get_mut(&id).expect("its owner was checked");
        let kept_place = price == order.price && quantity <= order.size;
        order.price = price;
        order.size = quantity;
        if !kept_place {
            order.priority = number;
        }
        let priority = order.priority;
        out.push(Outcome::Replaced { order: id, client, price, quantity, priority });
        self.walk(id, out);
        Ok(())
    }

    fn cancel(
        &mut self,
        account: AccountId,
        id: OrderId,
        out: &mut Vec<Outcome>,
    ) -> Result<(), Outcome> {
        self.check_owner(account, id)?;
        self.leave(id, CancelReason::Requested, out);
        Ok(())
    }

    /// A released order keeps its priority: it deals with the other side, as an incoming order.
    fn release(&mut self, id: OrderId, out: &mut Vec<Outcome>) -> Result<(), Outcome> {
        refuse_if(!self.orders.contains_key(&id), RejectCode::UnknownOrder)?;
        refuse_if(self.stopped.contains(&self.orders[&id].market), RejectCode::MarketStopped)?;
        refuse_if(!self.suspended.remove(&id), RejectCode::OrderNotSuspended)?;
        out.push(Outcome::Released { order: id });
        self.walk(id, out);
        Ok(())
    }

    /// A resumed market: by priority, each of its orders is the incoming order to those before it.
    fn resume(&mut self, market: MarketId, out: &mut Vec<Outcome>) -> Result<(), Outcome> {
        refuse_if(usize::from(market.0) >= self.markets.len(), RejectCode::UnknownMarket)?;
        refuse_if(!self.stopped.remove(&market), RejectCode::MarketNotStopped)?;
        out.push(Outcome::MarketResumed { market });
        let back = self
            .orders
            .iter()
            .filter(|(id, order)| order.market == market && !self.suspended.contains(id));
        let mut back: Vec<_> = back.map(|(id, order)| (order.priority, *id)).collect();
        back.sort_unstable();
        back.iter().for_each(|(_, id)| self.dequeue(*id));
        for (_, id) in back {
            if self.orders.contains_key(&id) {
                self.walk(id, out);
            }
        }
        Ok(())
    }

    /// The order deals with the best of the other side until it is filled or no order is left that
    /// it may deal with; then the rest of it rests, or is cancelled if it may not rest.
    fn walk(&mut self, taker: OrderId, out: &mut Vec<Outcome>) {
        let Order { market, side, price: limit, time_in_force, .. } = self.orders[&taker];
        while let Some(maker) = self.best(market, side.opposite()) {
            let price = self.orders[&maker].price;
            if !side.accepts(limit, price) {
                break;
            }
            let quantity = self.orders[&taker].open().min(self.orders[&maker].open());
            out.push(Outcome::Traded { maker, taker, market, price, quantity });
            self.last.insert(market, price);
            self.trade(maker, quantity);
            self.trade(taker, quantity);
            if !self.orders.contains_key(&taker) {
                return;
            }
        }
        match time_in_force {
            TimeInForce::GoodTillCancel => self.enqueue(taker),
            TimeInForce::ImmediateOrCancel => self.leave(taker, CancelReason::Unmatched, out),
        }
    }

    fn best(&self, market: MarketId, side: Side) -> Option<OrderId> {
        self.queues.get(&(market, side))?.values().next().copied()
    }

    /// One side of a trade. A filled order is gone at once.
    fn trade(&mut self, id: OrderId, quantity: Lots) {
        let order = self.orders.get_mut(&id).expect("both sides of a trade are open");
        order.filled += quantity;
        if order.open().is_zero() {
            self.dequeue(id);
            self.orders.remove(&id);
        }
    }

    fn leave(&mut self, id: OrderId, reason: CancelReason, out: &mut Vec<Outcome>) {
        self.dequeue(id);
        self.suspended.remove(&id);
        let order = self.orders.remove(&id).expect("only open orders leave");
        out.push(Outcome::Cancelled { order: id, quantity: order.open(), reason });
    }

    /// Adds an order at its price and priority.
    fn enqueue(&mut self, id: OrderId) {
        let order = &self.orders[&id];
        let key = (rank(order.side, order.price), order.priority);
        self.queues.entry((order.market, order.side)).or_default().insert(key, id);
    }

    /// Removes an order from its queue, if it is in it: an incoming order is not.
    fn dequeue(&mut self, id: OrderId) {
        let order = &self.orders[&id];
        let key = (rank(order.side, order.price), order.priority);
        if let Some(queue) = self.queues.get_mut(&(order.market, order.side)) {
            queue.remove(&key);
        }
    }

    /// In range, then above zero unless the market allows others, then within the collar: a buy may not be
    /// further above the last trade, a sell not further below it. Before the first trade, the market's
    /// reference replaces the last trade.
    fn check_price(&self, market: MarketId, side: Side, price: Price) -> Result<(), Outcome> {
        let spec = &self.markets[usize::from(market.0)];
        refuse_if(is_out_of_range(price), RejectCode::BadPrice)?;
        refuse_if(price.0 <= 0 && !spec.negative_prices, RejectCode::PriceNotAboveZero)?;
        let Some(collar) = spec.collar else { return Ok(()) };
        let reference = i128::from(self.last.get(&market).unwrap_or(&collar.reference).0);
        let distance = match collar.distance {
            Distance::Ticks(ticks) => ticks.get().into(),
            Distance::BasisPoints(points) => (reference * i128::from(points.get()) / 10_000).max(1),
        };
        let beyond = match side {
            Side::Buy => i128::from(price.0) - reference,
            Side::Sell => reference - i128::from(price.0),
        };
        refuse_if(beyond > distance, RejectCode::BeyondCollar)
    }

    fn check_owner(&self, account: AccountId, id: OrderId) -> Result<(), Outcome> {
        let open = self.orders.get(&id).is_some_and(|order| order.account == account);
        refuse_if(!open, RejectCode::UnknownOrder)
    }

    fn check_repeat(
        &self,
        account: AccountId,
        client: Option<ClientId>,
        command: &Command,
    ) -> Result<(), Outcome> {
        let Some(remembered) = self.clients.get(&account) else { return Ok(()) };
        match remembered.iter().find(|(id, ..)| Some(*id) == client) {
            None => Ok(()),
            Some((_, first, order)) if first == command => Err(Outcome::Repeated(*order)),
            Some(_) => Err(Outcome::Rejected(RejectCode::ClientIdUsed)),
        }
    }

    fn check_accounts(&self, account: AccountId, client: Option<ClientId>) -> Result<(), Outcome> {
        let new = client.is_some() && !self.clients.contains_key(&account);
        refuse_if(new && self.clients.len() >= self.bounds.accounts, RejectCode::TooManyAccounts)
    }

    fn remember(
        &mut self,
        account: AccountId,
        client: Option<ClientId>,
        command: Command,
        order: OrderId,
    ) {
        let Some(client) = client else { return };
        let remembered = self.clients.entry(account).or_default();
        remembered.push_back((client, command, order));
        if remembered.len() > self.bounds.client_ids {
            remembered.pop_front();
        }
    }
}

/// A collar needs a reference that the market accepts; one in basis points, a market above zero.
fn contradicts_itself(spec: &MarketSpec) -> bool {
    let Some(collar) = spec.collar else { return false };
    let in_part = matches!(collar.distance, Distance::BasisPoints(_));
    let zero = collar.reference.0 <= 0 && !spec.negative_prices;
    is_out_of_range(collar.reference) || zero || (in_part && spec.negative_prices)
}

fn is_out_of_range(price: Price) -> bool {
    !(-limits::MAX_PRICE..=limits::MAX_PRICE).contains(&price.0)
}

fn check_quantity(quantity: Lots) -> Result<(), Outcome> {
    refuse_if(quantity.is_zero() || quantity.0 > limits::MAX_LOTS, RejectCode::BadQuantity)
}

fn refuse_if(condition: bool, code: RejectCode) -> Result<(), Outcome> {
    if condition { Err(Outcome::Rejected(code)) } else { Ok(()) }
}
