//! What the seats look like to whoever counts a floor's states. It changes nothing.

use std::hash::{Hash, Hasher};

use kernel::Pid;
use units::Side;

use super::{Ladder, RestingOrders};

impl RestingOrders {
    /// Hashes who sits where, at which price and with how much, and which lives have spoken. Who is before
    /// whom follows from price and place; how the levels lie in their pages makes no difference.
    pub(crate) fn hash_with<H: Hasher>(&self, ladders: [&Ladder; 2], state: &mut H) {
        if self.places.is_empty() {
            return (0..self.orders.len()).for_each(|place| self.hash_order(place, ladders, state));
        }
        let mut places: Vec<usize> = (0..self.orders.len()).collect();
        places.sort_by_key(|place| self.index_at(*place));
        places.into_iter().for_each(|place| self.hash_order(place, ladders, state));
    }

    fn hash_order<H: Hasher>(&self, place: usize, [bids, asks]: [&Ladder; 2], state: &mut H) {
        let resting = &self.orders[place];
        if resting.generation == 0 && resting.quantity.is_zero() {
            return; // nobody has ever spoken from there
        }
        Pid::made_up(self.index_at(place), resting.generation).hash(state);
        resting.quantity.hash(state);
        if !resting.quantity.is_zero() {
            let ladder = if resting.side() == Side::Buy { bids } else { asks };
            let price = ladder.price_of(resting);
            let whence = (resting.side(), resting.was_introduced());
            (resting.order, resting.priority, price, whence).hash(state);
        }
    }
}
