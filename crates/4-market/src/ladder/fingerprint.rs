//! Hashes the resting orders of a floor, for an explorer that counts its states. It changes nothing.

use std::hash::{Hash, Hasher};

use kernel::Pid;
use units::Side;

use super::{Ladder, RestingOrders};

impl RestingOrders {
    /// Hashes each resting order with its address, price and quantity, and the latest life of each address.
    ///
    /// The order of a queue follows from price and priority; the layout of levels in pages makes no difference.
    pub(crate) fn hash_with<H: Hasher>(&self, ladders: [&Ladder; 2], state: &mut H) {
        if self.table.is_empty() {
            return (0..self.orders.len()).for_each(|slot| self.hash_order(slot, ladders, state));
        }
        let mut slots: Vec<usize> = (0..self.orders.len()).collect();
        slots.sort_by_key(|slot| self.index_at(*slot));
        slots.into_iter().for_each(|slot| self.hash_order(slot, ladders, state));
    }

    fn hash_order<H: Hasher>(&self, slot: usize, [bids, asks]: [&Ladder; 2], state: &mut H) {
        let resting = &self.orders[slot];
        if resting.generation == 0 && resting.quantity.is_zero() {
            return; // no order has ever used this slot
        }
        Pid::made_up(self.index_at(slot), resting.generation).hash(state);
        resting.quantity.hash(state);
        if !resting.quantity.is_zero() {
            let ladder = if resting.side() == Side::Buy { bids } else { asks };
            let price = ladder.price_of(resting);
            let whence = (resting.side(), resting.was_introduced());
            (resting.order, resting.priority, price, whence).hash(state);
        }
    }
}
