//! One side of a floor: its resting orders by price, then by priority.
//!
//! Finding the best, adding and removing cost O(1) near the touch and O(log pages) elsewhere. The index is the floor's
//! own: it knows addresses, never an order's state.

mod fingerprint;
mod levels;
mod resting_orders;
mod slot_table;
#[cfg(test)]
mod tests;

use kernel::Pid;
use protocol::Presence;
use units::{CommandId, Lots, Price, Side};

use levels::Levels;
use resting_orders::LevelRef;
pub(crate) use resting_orders::{RestingOrder, RestingOrders};

const NONE: u32 = u32::MAX;

/// One side's levels.
///
/// A level's rank is its price on the sell side and its negated price on the buy side. So the best level has the least
/// rank on either side, and no other code here depends on the side.
#[derive(Clone, Debug)]
pub struct Ladder {
    side: Side,
    levels: Levels,
    /// The latest priority that was ever here: a later one is appended to its queue without a search.
    latest: CommandId,
    resting: usize,
}

impl Ladder {
    pub(crate) fn new(side: Side) -> Ladder {
        Ladder { side, levels: Levels::new(), latest: CommandId(0), resting: 0 }
    }

    /// Orders that rest on this side.
    pub fn resting(&self) -> usize {
        self.resting
    }

    /// A price as this side ranks it, and a rank as a price.
    #[inline(always)]
    fn rank(&self, price: i64) -> i64 {
        // Branch-free: 0 on the sell side, all bits on the buy side, where it negates.
        let buys = -i64::from(self.side == Side::Buy);
        (price ^ buys) - buys
    }

    /// The best price, with the lots at it.
    pub fn best(&self) -> Option<(Price, Lots)> {
        let (rank, queue) = self.levels.best()?;
        Some((Price(self.rank(rank)), self.levels.queue(queue).quantity))
    }

    /// The slot of the next order to be introduced to one of the other side with this limit: best price, then earliest
    /// priority.
    #[inline(always)]
    pub(crate) fn first_within(&self, limit: Price) -> Option<usize> {
        self.levels.first_within(self.rank(limit.0)).map(|first| first as usize)
    }

    /// The lots that rest at a price.
    pub fn depth_at(&self, price: Price) -> Lots {
        self.levels.find(self.rank(price.0)).map_or(Lots::ZERO, |queue| queue.quantity)
    }

    /// All levels, best first. O(levels).
    pub fn levels(&self) -> impl Iterator<Item = (Price, Lots)> + '_ {
        self.levels.iter().map(|queue| (Price(self.rank(queue.rank)), queue.quantity))
    }

    /// The orders at a price, earliest priority first.
    pub(crate) fn queue<'a>(
        &self,
        resting_orders: &'a RestingOrders,
        price: Price,
    ) -> impl Iterator<Item = &'a RestingOrder> {
        let mut at = self.levels.find(self.rank(price.0)).map_or(NONE, |queue| queue.head);
        std::iter::from_fn(move || {
            let resting = resting_orders.get(at as usize)?;
            at = resting.next;
            Some(resting)
        })
    }

    /// Adds an order at its price, behind all of earlier priority.
    #[inline]
    pub(crate) fn add(
        &mut self,
        resting_orders: &mut RestingOrders,
        pid: Pid,
        presence: &Presence,
    ) {
        let &Presence { order, priority, price, open: quantity, .. } = presence;
        let at = self.levels.take(self.rank(price.0));
        let queue = self.levels.queue_mut(at);
        let (before, after) = if priority >= self.latest || queue.tail == NONE {
            (queue.tail, NONE)
        } else {
            resting_orders.gap(queue.tail, queue.head, priority)
        };
        self.latest = self.latest.max(priority);
        let generation = pid.generation();
        let (next, previous) = (after, before);
        let level = LevelRef::new(self.side, at);
        let (index, resting) = resting_orders.resting_at(pid);
        *resting = RestingOrder { order, priority, quantity, generation, next, previous, level };
        let index = u32::try_from(index).expect("an index has 32 bits");
        *resting_orders.next_of(before, &mut queue.head) = index;
        *resting_orders.previous_of(after, &mut queue.tail) = index;
        queue.quantity += quantity;
        self.resting += 1;
    }

    /// Changes how many lots an order shows.
    #[inline(always)]
    pub(crate) fn set_quantity(
        &mut self,
        resting_orders: &mut RestingOrders,
        index: usize,
        quantity: Lots,
    ) {
        let resting = &mut resting_orders.orders[index];
        let queue = self.levels.queue_mut(resting.level.queue());
        queue.quantity = queue.quantity - resting.quantity + quantity;
        resting.quantity = quantity;
    }

    /// The price of a resting order of this side.
    #[inline(always)]
    pub(crate) fn price_of(&self, resting: &RestingOrder) -> Price {
        Price(self.rank(self.levels.queue(resting.level.queue()).rank))
    }

    /// Takes an order off.
    #[inline]
    pub(crate) fn remove(&mut self, resting_orders: &mut RestingOrders, index: usize) {
        let resting = &mut resting_orders.orders[index];
        let quantity = std::mem::take(&mut resting.quantity);
        let (next, previous, at) = (resting.next, resting.previous, resting.level);
        let queue = self.levels.queue_mut(at.queue());
        *resting_orders.next_of(previous, &mut queue.head) = next;
        *resting_orders.previous_of(next, &mut queue.tail) = previous;
        queue.quantity -= quantity;
        self.resting -= 1;
        if queue.head == NONE {
            self.levels.free(at.queue());
        }
    }
}
