//! What the seats look like to whoever counts a floor's states. It changes nothing.

use std::hash::{Hash, Hasher};

use kernel::Pid;
use units::Side;

use super::{Ladder, Seats};

impl Seats {
    /// Hashes who sits where, at which price and with how much, and which lives have spoken. Who is before
    /// whom follows from price and place; how the levels lie in their pages makes no difference.
    pub(crate) fn look<H: Hasher>(&self, ladders: [&Ladder; 2], state: &mut H) {
        if self.places.is_empty() {
            return (0..self.seats.len()).for_each(|place| self.look_at(place, ladders, state));
        }
        let mut places: Vec<usize> = (0..self.seats.len()).collect();
        places.sort_by_key(|place| self.index_at(*place));
        places.into_iter().for_each(|place| self.look_at(place, ladders, state));
    }

    fn look_at<H: Hasher>(&self, place: usize, [bids, asks]: [&Ladder; 2], state: &mut H) {
        let seat = &self.seats[place];
        if seat.generation == 0 && seat.lots.is_zero() {
            return; // nobody has ever spoken from there
        }
        Pid::made_up(self.index_at(place), seat.generation).hash(state);
        seat.lots.hash(state);
        if !seat.lots.is_zero() {
            let ladder = if seat.side() == Side::Buy { bids } else { asks };
            let price = ladder.price_of(seat);
            let whence = (seat.side(), seat.was_introduced());
            (seat.order, seat.place, price, whence).hash(state);
        }
    }
}
