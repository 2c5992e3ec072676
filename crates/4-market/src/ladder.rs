//! One side of a floor: who rests at which price, in order of place.
//!
//! Pages of 32 price levels with a bit for each that is not empty, in a tree by price; the best
//! page and the last one used are at hand. Finding the best, adding, taking out: O(1) near the
//! touch, O(log pages) elsewhere. The index is the floor's own: it knows addresses, never an order's state.

mod look;

use std::collections::BTreeMap;

use kernel::Pid;
use units::{AskId, Lots, OrderId, Price, Side};

const LEVELS: i64 = 32;
const LEVELS_OF_A_PAGE: usize = 32;
const RECENT: usize = 16;
const NONE: u32 = u32::MAX;
/// The number of no page: prices stay far from it.
const NO_PAGE: i64 = i64::MAX;
/// The best page where there is none: any is better.
const NOBODY: (i64, u32) = (NO_PAGE, NONE);

/// Where an order rests: 40 bytes, kept by the index of the order's address.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    /// Who; or who sat here or spoke from here last, if the seat is empty.
    pub(crate) order: OrderId,
    pub(crate) place: AskId,
    /// What it shows; an empty seat shows none.
    pub(crate) lots: Lots,
    /// The latest life of that address that was heard of; it stays when the seat is empty.
    pub(crate) generation: u32,
    next: u32,
    previous: u32,
    level: LevelRef,
}

/// A level of one of the two ladders: a mark, place of its page, side, level in the page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct LevelRef(u32);

/// All seats of a floor.
#[derive(Clone, Default, Debug)]
pub(crate) struct Seats {
    seats: Vec<Seat>,
}

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
    /// The page of the best level: number and place in `pages`; [`NOBODY`] if there is none.
    best: (i64, u32),
    /// Pages that were used of late, by the end of their number.
    recent: [(i64, u32); RECENT],
    resting: usize,
}

impl Seats {
    #[inline(always)]
    pub(crate) fn get(&self, index: usize) -> Option<&Seat> {
        self.seats.get(index).filter(|seat| !seat.lots.is_zero())
    }

    #[inline(always)]
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut Seat> {
        self.seats.get_mut(index).filter(|seat| !seat.lots.is_zero())
    }

    /// The seat of an order at the address that it had or has.
    #[inline(always)]
    pub(crate) fn of(&self, pid: Pid, order: OrderId) -> Option<&Seat> {
        self.get(pid.index()).filter(|seat| seat.order == order)
    }

    /// Hears a life speak: false if a later one has spoken at this address before, of this order or
    /// of the next that was given the address. Words of two lives need not come in the lives' order.
    #[inline(always)]
    pub(crate) fn hears(&mut self, pid: Pid, order: OrderId) -> bool {
        self.make_room(pid.index());
        let seat = &mut self.seats[pid.index()];
        if seat.generation > pid.generation() {
            return false;
        }
        (seat.order, seat.generation) = (order, pid.generation());
        true
    }

    /// True if a later life has spoken at this address, of the same order or of the next that was
    /// given it: this one has ended.
    #[inline(always)]
    pub(crate) fn is_taken_over(&self, pid: Pid) -> bool {
        self.seats.get(pid.index()).is_some_and(|seat| seat.generation > pid.generation())
    }

    /// Who sits at this address, if it is another order than this one: it must have ended.
    #[inline(always)]
    pub(crate) fn other(&self, pid: Pid, order: OrderId) -> Option<OrderId> {
        let seat = self.get(pid.index())?;
        (seat.order != order && seat.generation <= pid.generation()).then_some(seat.order)
    }

    #[inline(always)]
    fn make_room(&mut self, index: usize) {
        if index >= self.seats.len() {
            self.seats.resize(index + 1, Seat::EMPTY);
        }
    }

    /// Between whom an order of this place belongs: only one who comes back finds later ones.
    #[cold]
    fn gap(&mut self, tail: u32, head: u32, place: AskId) -> (u32, u32) {
        let (mut before, mut after) = (tail, NONE);
        while before != NONE && self.at(before).place > place {
            (before, after) = (self.at(before).previous, before);
        }
        (before, if before == NONE { head } else { after })
    }

    #[inline(always)]
    fn at(&mut self, index: u32) -> &mut Seat {
        &mut self.seats[index as usize]
    }

    /// Who comes behind a seat; behind no seat, the head of the queue. (One look whether there is a seat: that
    /// there is none cannot be foreseen.)
    #[inline(always)]
    fn next_of<'a>(&'a mut self, index: u32, head: &'a mut u32) -> &'a mut u32 {
        match self.seats.get_mut(index as usize) {
            Some(seat) => &mut seat.next,
            None => head,
        }
    }

    /// Who comes before a seat; before no seat, the tail of the queue.
    #[inline(always)]
    fn previous_of<'a>(&'a mut self, index: u32, tail: &'a mut u32) -> &'a mut u32 {
        match self.seats.get_mut(index as usize) {
            Some(seat) => &mut seat.previous,
            None => tail,
        }
    }

    /// Hears somebody who speaks for the first time from here, where nobody sits: true if it is so.
    #[inline(always)]
    pub(crate) fn hears_new(&mut self, pid: Pid, order: OrderId) -> bool {
        self.make_room(pid.index());
        let seat = &mut self.seats[pid.index()];
        let is_new = seat.lots.is_zero() && seat.generation < pid.generation();
        if is_new {
            (seat.order, seat.generation) = (order, pid.generation());
        }
        is_new
    }

    /// True if this life is the last that spoke from here, and sits here.
    #[inline(always)]
    pub(crate) fn is_taken_by(&self, pid: Pid, order: OrderId) -> bool {
        let is = |seat: &Seat| seat.order == order && seat.generation == pid.generation();
        self.get(pid.index()).is_some_and(is)
    }

    /// Asks the processor to fetch the seats before and behind one soon. No effect but on time.
    #[inline(always)]
    pub(crate) fn warm_neighbours(&self, index: usize) {
        if let Some(seat) = self.seats.get(index) {
            self.warm(seat.next as usize);
            self.warm(seat.previous as usize);
        }
    }

    /// Asks the processor to fetch a seat soon. No effect but on time.
    #[inline(always)]
    pub(crate) fn warm(&self, index: usize) {
        if let Some(seat) = self.seats.get(index) {
            kernel::prefetch(seat);
        }
    }
}

#[inline(always)]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 15")]
fn near(number: i64) -> usize {
    number as usize % RECENT
}

impl LevelRef {
    /// Most pages of a ladder: an index has 32 bits, of which mark, side and level take 7.
    const MAX_PAGES: u32 = 1 << 25;
    /// Set on who was introduced to a newcomer and has not said since where it is.
    const INTRODUCED: u32 = 1 << 31;

    #[inline(always)]
    fn new(side: Side, page: u32, level: usize) -> LevelRef {
        assert!(page < LevelRef::MAX_PAGES, "fewer pages than limits::MAX_ORDERS");
        LevelRef(page << 6 | (side as u32) << 5 | u32::try_from(level).expect("0 to 31"))
    }

    #[inline(always)]
    fn page(self) -> usize {
        ((self.0 & !LevelRef::INTRODUCED) >> 6) as usize
    }

    #[inline(always)]
    fn side(self) -> Side {
        if self.0 & 1 << 5 == 0 { Side::Buy } else { Side::Sell }
    }

    #[inline(always)]
    fn level(self) -> usize {
        (self.0 & 31) as usize
    }
}

#[inline(always)]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 31")]
fn split(rank: i64) -> (i64, usize) {
    (rank.div_euclid(LEVELS), rank.rem_euclid(LEVELS) as usize)
}

impl Seat {
    const EMPTY: Seat = Seat {
        order: OrderId(0),
        place: AskId(0),
        lots: Lots::ZERO,
        generation: 0,
        next: NONE,
        previous: NONE,
        level: LevelRef(0),
    };

    /// On which side.
    #[inline(always)]
    pub(crate) fn side(&self) -> Side {
        self.level.side()
    }

    /// True if it was introduced to a newcomer and has not said since where it is: what it says may
    /// be older than the deal that came of it.
    #[inline(always)]
    pub(crate) fn was_introduced(&self) -> bool {
        self.level.0 & LevelRef::INTRODUCED != 0
    }

    #[inline(always)]
    pub(crate) fn set_introduced(&mut self, introduced: bool) {
        if introduced {
            self.level.0 |= LevelRef::INTRODUCED;
        } else {
            self.level.0 &= !LevelRef::INTRODUCED;
        }
    }

    /// The address of who sits here.
    #[inline(always)]
    pub(crate) fn pid(&self, index: usize) -> Pid {
        Pid::made_up(u32::try_from(index).expect("an index has 32 bits"), self.generation)
    }
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
    pub(crate) fn add(&mut self, seats: &mut Seats, pid: Pid, seat: (OrderId, AskId, Price, Lots)) {
        let (order, place, price, lots) = seat;
        let (number, level) = split(self.rank(price.0));
        let page = self.page(number);
        let queue = &mut self.pages[page as usize].queues[level];
        let (before, after) = if place >= queue.latest || queue.tail == NONE {
            (queue.tail, NONE)
        } else {
            seats.gap(queue.tail, queue.head, place)
        };
        queue.latest = queue.latest.max(place);
        let generation = pid.generation();
        let (next, previous) = (after, before);
        let index = u32::try_from(pid.index()).expect("an index has 32 bits");
        let level_ref = LevelRef::new(self.side, page, level);
        let seat = Seat { order, place, lots, generation, next, previous, level: level_ref };
        seats.make_room(pid.index());
        *seats.at(index) = seat;
        *seats.next_of(before, &mut queue.head) = index;
        *seats.previous_of(after, &mut queue.tail) = index;
        queue.lots += lots;
        self.resting += 1;
        self.pages[page as usize].taken |= 1 << level;
        if number < self.best.0 {
            self.best = (number, page);
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
