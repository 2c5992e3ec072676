//! What the seats look like to whoever counts a floor's states. It changes nothing.

use std::hash::{Hash, Hasher};

use units::Side;

use super::{Ladder, Seats};

impl Seats {
    /// Hashes who sits where, at which price and with how much, and which lives have spoken. Who is before
    /// whom follows from price and place; how the levels lie in their pages makes no difference.
    pub(crate) fn look<H: Hasher>(&self, [bids, asks]: [&Ladder; 2], state: &mut H) {
        for (index, seat) in self.seats.iter().enumerate() {
            if seat.generation == 0 && seat.lots.is_zero() {
                continue; // nobody has ever spoken from there
            }
            seat.pid(index).hash(state);
            seat.lots.hash(state);
            if !seat.lots.is_zero() {
                let ladder = if seat.side() == Side::Buy { bids } else { asks };
                let price = ladder.price_of(seat);
                let whence = (seat.side(), seat.was_introduced());
                (seat.order, seat.place, price, whence).hash(state);
            }
        }
    }
}
