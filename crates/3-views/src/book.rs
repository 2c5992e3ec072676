//! The book of one market: its resting orders, by side, price and place.
//!
//! Level 1 is [`Book::best`], level 2 is [`Book::levels`], level 3 is [`Book::orders`]. A level's
//! lots are the sum of its orders' lots at all times. Nothing here matches anything.

use std::collections::BTreeMap;

use units::{CommandId, Lots, OrderId, Price, Side};

use super::best_first;

/// The resting orders of one market.
#[derive(Clone, Default, Debug)]
pub struct Book {
    bids: BTreeMap<Price, Level>,
    asks: BTreeMap<Price, Level>,
    orders: usize,
}

/// One price with everything that rests there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BookLevel {
    /// The price, in ticks.
    pub price: Price,
    /// Open lots of all its orders together.
    pub quantity: Lots,
    /// How many orders.
    pub orders: usize,
}

/// One resting order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BookOrder {
    /// Its number.
    pub order: OrderId,
    /// Its rank in time.
    pub priority: CommandId,
    /// Its limit, in ticks.
    pub price: Price,
    /// Its open lots.
    pub quantity: Lots,
}

#[derive(Clone, Default, Debug)]
struct Level {
    quantity: Lots,
    orders: BTreeMap<CommandId, (OrderId, Lots)>,
}

impl Level {
    fn seen_at(&self, price: Price) -> BookLevel {
        BookLevel { price, quantity: self.quantity, orders: self.orders.len() }
    }
}

impl Book {
    /// The best level of a side, or `None` if nobody is there. O(log levels).
    pub fn best(&self, side: Side) -> Option<BookLevel> {
        let best = match side {
            Side::Buy => self.bids.last_key_value(),
            Side::Sell => self.asks.first_key_value(),
        };
        best.map(|(&price, level)| level.seen_at(price))
    }

    /// The levels of a side, best first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = BookLevel> {
        best_first(side, self.side(side).iter()).map(|(&price, level)| level.seen_at(price))
    }

    /// The orders of a side as they would trade: best price first, then earliest place.
    pub fn orders(&self, side: Side) -> impl Iterator<Item = BookOrder> {
        best_first(side, self.side(side).iter()).flat_map(|(&price, level)| {
            let row = move |(&priority, &(order, quantity))| BookOrder {
                order,
                priority,
                price,
                quantity,
            };
            level.orders.iter().map(row)
        })
    }

    /// Open lots at one price; zero if nobody is there. O(log levels).
    pub fn depth_at(&self, side: Side, price: Price) -> Lots {
        self.side(side).get(&price).map_or(Lots::ZERO, |level| level.quantity)
    }

    /// How many levels a side has.
    pub fn depth(&self, side: Side) -> usize {
        self.side(side).len()
    }

    /// How many orders rest, both sides together.
    pub fn len(&self) -> usize {
        self.orders
    }

    /// True if nothing rests.
    pub fn is_empty(&self) -> bool {
        self.orders == 0
    }

    /// Puts in, moves, resizes or takes out one order of a side.
    pub(crate) fn change(
        &mut self,
        side: Side,
        before: Option<BookOrder>,
        after: Option<BookOrder>,
    ) {
        match (before, after) {
            (Some(old), Some(new)) if (old.price, old.priority) == (new.price, new.priority) => {
                self.put(side, new);
            }
            (old, new) => {
                old.into_iter().for_each(|row| self.take(side, row));
                new.into_iter().for_each(|row| self.put(side, row));
            }
        }
    }

    /// Puts an order in, or changes its lots.
    fn put(&mut self, side: Side, row: BookOrder) {
        let level = self.side_mut(side).entry(row.price).or_default();
        level.quantity += row.quantity;
        match level.orders.insert(row.priority, (row.order, row.quantity)) {
            Some((_, before)) => level.quantity -= before,
            None => self.orders += 1,
        }
    }

    fn take(&mut self, side: Side, row: BookOrder) {
        let levels = self.side_mut(side);
        let Some(level) = levels.get_mut(&row.price) else { return };
        let Some((_, quantity)) = level.orders.remove(&row.priority) else { return };
        level.quantity -= quantity;
        if level.orders.is_empty() {
            levels.remove(&row.price);
        }
        self.orders -= 1;
    }

    fn side(&self, side: Side) -> &BTreeMap<Price, Level> {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    fn side_mut(&mut self, side: Side) -> &mut BTreeMap<Price, Level> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }
}
