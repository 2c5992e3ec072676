//! One side of a floor: who rests at which price, in order of place.
//!
//! Pages of 32 price levels with a bit for each that is not empty, in a tree by price; the best
//! page and the last one used are at hand. Finding the best, adding, taking out: O(1) near the
//! touch, O(log pages) elsewhere. The index is the floor's own: it knows addresses, never an order's state.

mod look;
mod seats;

use std::collections::BTreeMap;

use kernel::Pid;
use units::{AskId, Lots, Price, Side};
use words::Presence;

use seats::LevelRef;
pub(crate) use seats::{Seat, Seats};

const LEVELS: i64 = 32;
const LEVELS_OF_A_PAGE: usize = 32;
const RECENT: usize = 64;
const NONE: u32 = u32::MAX;
/// The number of no page: prices stay far from it.
const NO_PAGE: i64 = i64::MAX;
/// The best page where there is none: any is better.
const NOBODY: (i64, u32) = (NO_PAGE, NONE);

#[derive(Clone, Copy, Debug)]
struct Queue {
    head: u32,
    tail: u32,
    lots: Lots,
    /// The latest place that was ever here: a later one goes to the end without a look at who is there.
    latest: AskId,
}

#[derive(Clone, Debug)]
struct Page {
    /// The rank of its first level, divided by `LEVELS`.
    number: i64,
    /// A bit for each level that is not empty.
    taken: u32,
    queues: [Queue; LEVELS_OF_A_PAGE],
}

/// One side's levels.
///
/// Levels go by rank: the price of who sells, and the price of who buys below zero. So the best has the least rank
/// on either side, and nothing else in here asks which side it is.
#[derive(Clone, Debug)]
pub struct Ladder {
    side: Side,
    /// Pages that are not empty, by the rank of their first level, divided by `LEVELS`.
    index: BTreeMap<i64, u32>,
    pages: Vec<Page>,
    free: Vec<u32>,
    /// The page of the best level: number and place in `pages`; `NOBODY` if there is none.
    best: (i64, u32),
    /// Pages that were used of late, by the end of their number.
    recent: [(i64, u32); RECENT],
    resting: usize,
}

#[inline(always)]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 63")]
fn near(number: i64) -> usize {
    number as usize % RECENT
}

#[inline(always)]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 31")]
fn split(rank: i64) -> (i64, usize) {
    (rank.div_euclid(LEVELS), rank.rem_euclid(LEVELS) as usize)
}

impl Ladder {
    pub(crate) fn new(side: Side) -> Ladder {
        let (index, pages, free) = (BTreeMap::new(), Vec::new(), Vec::new());
        Ladder {
            side,
            index,
            pages,
            free,
            best: NOBODY,
            recent: [(NO_PAGE, 0); RECENT],
            resting: 0,
        }
    }

    /// Orders that rest on this side.
    pub fn resting(&self) -> usize {
        self.resting
    }

    /// A price as this side ranks it, and a rank as a price.
    #[inline(always)]
    fn rank(&self, price: i64) -> i64 {
        let buys = -i64::from(self.side == Side::Buy); // 0, or all bits
        (price ^ buys) - buys
    }

    /// The best price at which somebody rests, with the lots there.
    pub fn best(&self) -> Option<(Price, Lots)> {
        let (rank, queue) = self.best_queue()?;
        Some((Price(self.rank(rank)), queue.lots))
    }

    /// Who is the next to be dealt with by somebody of the other side who goes as far as `limit`: the best price,
    /// then the earliest place.
    #[inline(always)]
    pub(crate) fn first_within(&self, limit: Price) -> Option<usize> {
        let (rank, queue) = self.best_queue()?;
        (rank <= self.rank(limit.0)).then_some(queue.head as usize)
    }

    #[inline(always)]
    fn best_queue(&self) -> Option<(i64, &Queue)> {
        let (number, page) = self.best;
        let page = self.pages.get(page as usize)?;
        let level = page.taken.trailing_zeros();
        Some((number * LEVELS + i64::from(level), page.queues.get(level as usize)?))
    }

    /// The lots that rest at a price.
    pub fn depth_at(&self, price: Price) -> Lots {
        let (number, level) = split(self.rank(price.0));
        match self.index.get(&number) {
            Some(page) => self.pages[*page as usize].queues[level].lots,
            None => Lots::ZERO,
        }
    }

    /// All levels, best first. O(levels).
    pub fn levels(&self) -> impl Iterator<Item = (Price, Lots)> + '_ {
        self.index.iter().flat_map(move |(number, page)| {
            let ranks = number * LEVELS..;
            let levels = ranks.zip(&self.pages[*page as usize].queues);
            let taken = levels.filter(|(_, queue)| queue.head != NONE);
            taken.map(|(rank, queue)| (Price(self.rank(rank)), queue.lots))
        })
    }

    /// Who rests at a price, earliest place first.
    pub(crate) fn queue<'a>(
        &self,
        seats: &'a Seats,
        price: Price,
    ) -> impl Iterator<Item = &'a Seat> {
        let (number, level) = split(self.rank(price.0));
        let page = self.index.get(&number).map(|page| &self.pages[*page as usize]);
        let mut at = page.map_or(NONE, |page| page.queues[level].head);
        std::iter::from_fn(move || {
            let seat = seats.get(at as usize)?;
            at = seat.next;
            Some(seat)
        })
    }

    #[inline(always)]
    fn page(&mut self, number: i64) -> u32 {
        match self.recent[near(number)] {
            (recent, page) if recent == number => page,
            _ => self.page_slow(number),
        }
    }

    fn page_slow(&mut self, number: i64) -> u32 {
        let page = match self.index.get(&number) {
            Some(page) => *page,
            None => {
                let page = self.free.pop().unwrap_or_else(|| {
                    let lots = Lots::ZERO;
                    let empty = Queue { head: NONE, tail: NONE, lots, latest: AskId(0) };
                    let queues = [empty; LEVELS_OF_A_PAGE];
                    self.pages.push(Page { number, taken: 0, queues });
                    u32::try_from(self.pages.len() - 1).expect("fewer pages than orders")
                });
                self.pages[page as usize].number = number;
                self.index.insert(number, page);
                page
            }
        };
        self.recent[near(number)] = (number, page);
        page
    }

    /// Seats an order at its price, behind all of earlier place.
    #[inline]
    pub(crate) fn add(&mut self, seats: &mut Seats, pid: Pid, presence: &Presence) {
        let &Presence { order, place, price, open: lots, .. } = presence;
        let (number, level) = split(self.rank(price.0));
        let at = self.page(number);
        let page = &mut self.pages[at as usize];
        page.taken |= 1 << level;
        let queue = &mut page.queues[level];
        let (before, after) = if place >= queue.latest || queue.tail == NONE {
            (queue.tail, NONE)
        } else {
            seats.gap(queue.tail, queue.head, place)
        };
        queue.latest = queue.latest.max(place);
        let generation = pid.generation();
        let (next, previous) = (after, before);
        let index = u32::try_from(pid.index()).expect("an index has 32 bits");
        let level_ref = LevelRef::new(self.side, at, level);
        let seat = Seat { order, place, lots, generation, next, previous, level: level_ref };
        seats.make_room(pid.index());
        *seats.at(index) = seat;
        *seats.next_of(before, &mut queue.head) = index;
        *seats.previous_of(after, &mut queue.tail) = index;
        queue.lots += lots;
        self.resting += 1;
        if number < self.best.0 {
            self.best = (number, at);
        }
    }

    /// Changes how many lots an order shows.
    #[inline(always)]
    pub(crate) fn set_lots(&mut self, seats: &mut Seats, index: usize, lots: Lots) {
        let seat = &mut seats.seats[index];
        let queue = &mut self.pages[seat.level.page()].queues[seat.level.level()];
        queue.lots = queue.lots - seat.lots + lots;
        seat.lots = lots;
    }

    /// The price of a seat on this side.
    #[inline(always)]
    pub(crate) fn price_of(&self, seat: &Seat) -> Price {
        let level = i64::try_from(seat.level.level()).expect("0 to 31");
        Price(self.rank(self.pages[seat.level.page()].number * LEVELS + level))
    }

    /// Takes an order off.
    #[inline]
    pub(crate) fn remove(&mut self, seats: &mut Seats, index: usize) {
        let seat = &mut seats.seats[index];
        let lots = std::mem::take(&mut seat.lots);
        let (next, previous, at) = (seat.next, seat.previous, seat.level);
        let page = &mut self.pages[at.page()];
        let queue = &mut page.queues[at.level()];
        *seats.next_of(previous, &mut queue.head) = next;
        *seats.previous_of(next, &mut queue.tail) = previous;
        queue.lots -= lots;
        self.resting -= 1;
        if queue.head == NONE {
            page.taken &= !(1 << at.level());
            if page.taken == 0 {
                self.drop_page(at.page());
            }
        }
    }

    #[cold]
    fn drop_page(&mut self, page: usize) {
        let number = self.pages[page].number;
        if let Some(page) = self.index.remove(&number) {
            self.free.push(page);
        }
        self.recent[near(number)] = (NO_PAGE, 0);
        if self.best.0 == number {
            let next = self.index.first_key_value();
            self.best = next.map_or(NOBODY, |(number, page)| (*number, *page));
        }
    }
}
