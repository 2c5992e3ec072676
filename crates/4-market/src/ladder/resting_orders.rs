//! Seats: who rests where on a floor, each with who stands before and behind it, found by the index of its address.
//! They know of no price: that is the level's.

use kernel::Pid;
use units::{CommandId, Lots, OrderId, Side};

use super::NONE;
use super::places::Places;

/// Where an order rests: 40 bytes.
#[derive(Clone, Debug)]
pub(crate) struct RestingOrder {
    /// Who; or who sat here or spoke from here last, if the seat is empty.
    pub(crate) order: OrderId,
    pub(crate) priority: CommandId,
    /// What it shows; an empty seat shows none.
    pub(crate) quantity: Lots,
    /// The latest life of that address that was heard of; it stays when the seat is empty.
    pub(crate) generation: u32,
    pub(super) next: u32,
    pub(super) previous: u32,
    pub(super) level: LevelRef,
}

/// A level of one of the two ladders: a mark, its side, the number of its queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct LevelRef(u32);

/// All seats of a floor.
///
/// Addresses are the world's, seats are the floor's: where most addresses are of its market, the place of a seat is
/// the index of its address, which costs nothing to find; where they are not, places are counted from 0 and found by
/// a table ([`Places`]). What a floor takes hangs on who rests there and not on how many others there are.
///
/// - a seat that is taken stays where it is: others name its place
/// - without a table the place of a seat is the index of its address, and at most three in four are of no use
/// - with one, the table has the address of each place
#[derive(Clone, Debug)]
pub(crate) struct RestingOrders {
    pub(super) orders: Vec<RestingOrder>,
    /// So many places are there without asking again whether most are of use.
    reach: usize,
    pub(super) places: Places,
    /// With a table: places that were empty when they were last looked through, those of the oldest orders last.
    free: Vec<u32>,
}

/// So many places are few, whoever they are of.
const FEW: usize = 64;

/// Of so many orders at least that have left it is remembered which life has spoken from their address last: words of
/// a former one, should they come later, are not heard. A world hands them over in order of sending and comes to rest
/// before each command, so none comes later; only an explorer, whose worlds are few, lets words overtake each other.
const REMEMBERED: usize = 64;

impl Default for RestingOrders {
    fn default() -> RestingOrders {
        let places = Places::default();
        RestingOrders { orders: Vec::new(), reach: 0, places, free: Vec::new() }
    }
}

impl RestingOrders {
    /// The place of an address's seat, or one where there is none.
    #[inline(always)]
    pub(crate) fn place_of(&self, pid: Pid) -> usize {
        if self.places.is_empty() { pid.index() } else { self.place_by_table(pid.index()) }
    }

    #[cold]
    fn place_by_table(&self, index: usize) -> usize {
        self.places.find(index)
    }

    /// The index of the address of a place.
    #[inline(always)]
    pub(super) fn index_at(&self, place: usize) -> u32 {
        let index = if self.places.is_empty() { place } else { self.places.index_at(place) };
        u32::try_from(index).expect("an index has 32 bits")
    }

    #[inline(always)]
    pub(crate) fn get(&self, place: usize) -> Option<&RestingOrder> {
        self.orders.get(place).filter(|resting| !resting.quantity.is_zero())
    }

    /// Who sits in a place: it is introduced to an incoming order.
    #[inline(always)]
    pub(crate) fn introduce(&mut self, place: usize) -> (Pid, OrderId) {
        let index = self.index_at(place);
        let resting = self.orders.get_mut(place).expect("whoever is first on a ladder has a seat");
        resting.set_introduced(true);
        (Pid::made_up(index, resting.generation), resting.order)
    }

    /// Who sits in a place has said where it is since it was introduced.
    #[inline(always)]
    pub(crate) fn is_back(&mut self, place: usize) {
        if let Some(resting) = self.orders.get_mut(place) {
            resting.set_introduced(false);
        }
    }

    /// The seat of an order at the address that it had or has.
    #[inline(always)]
    pub(crate) fn of(&self, pid: Pid, order: OrderId) -> Option<(usize, &RestingOrder)> {
        match self.orders.get(pid.index()) {
            // With a table too: no order has two seats.
            Some(resting) if resting.order == order && !resting.quantity.is_zero() => {
                Some((pid.index(), resting))
            }
            _ => self.of_table(pid, order),
        }
    }

    /// The same, where it is not at the index of its address.
    #[cold]
    fn of_table(&self, pid: Pid, order: OrderId) -> Option<(usize, &RestingOrder)> {
        let place = self.place_of(pid);
        let resting = self.get(place).filter(|resting| resting.order == order)?;
        Some((place, resting))
    }

    /// Hears a life speak: false if a later one has spoken at this address before, of this order or
    /// of the next that was given the address. Words of two lives need not come in the lives' order.
    #[inline(always)]
    pub(crate) fn hears(&mut self, pid: Pid, order: OrderId) -> bool {
        let (_, resting) = self.resting_at(pid);
        if resting.generation > pid.generation() {
            return false;
        }
        (resting.order, resting.generation) = (order, pid.generation());
        true
    }

    /// True if a later life has spoken at this address, of the same order or of the next that was
    /// given it: this one has ended.
    #[inline(always)]
    pub(crate) fn is_taken_over(&self, pid: Pid) -> bool {
        self.orders
            .get(self.place_of(pid))
            .is_some_and(|resting| resting.generation > pid.generation())
    }

    /// Where another order than this one sits at this address, of a life that is no later: it must have ended.
    #[inline(always)]
    pub(crate) fn other(&self, pid: Pid, order: OrderId) -> Option<(Side, usize)> {
        let place = self.place_of(pid);
        let resting = self.get(place)?;
        let is_other = resting.order != order && resting.generation <= pid.generation();
        is_other.then(|| (resting.side(), place))
    }

    /// The seat of an address and its place, which is made if there is none.
    #[inline(always)]
    pub(super) fn resting_at(&mut self, pid: Pid) -> (usize, &mut RestingOrder) {
        let index = pid.index();
        if self.places.is_empty() && index < self.orders.len() {
            return (index, &mut self.orders[index]);
        }
        let place = self.make_room(index);
        (place, &mut self.orders[place])
    }

    #[inline(never)]
    fn make_room(&mut self, index: usize) -> usize {
        if self.places.is_empty() {
            if index < self.reach || self.most_are_of_use(index) {
                self.orders.resize(index + 1, RestingOrder::EMPTY);
                return index;
            }
            self.begin_table();
        }
        let place = self.places.find(index);
        if place < self.orders.len() {
            return place;
        }
        let place = self.free_place();
        self.places.insert(index, place);
        place as usize
    }

    /// A place for another address: one that is empty still, else a new one.
    fn free_place(&mut self) -> u32 {
        if self.free.is_empty() && self.orders.len() == self.orders.capacity() {
            self.find_free();
        }
        while let Some(place) = self.free.pop() {
            let resting = &mut self.orders[place as usize];
            if resting.quantity.is_zero() {
                *resting = RestingOrder::EMPTY;
                self.places.remove(place);
                return place;
            }
        }
        self.orders.push(RestingOrder::EMPTY);
        u32::try_from(self.orders.len() - 1).expect("fewer seats than addresses")
    }

    /// Looks through all seats for those to be used again, if they are many enough to pay for it: an eighth.
    #[cold]
    fn find_free(&mut self) {
        let places = (0..).zip(&self.orders);
        let empty = places
            .filter(|(_, resting)| resting.quantity.is_zero())
            .map(|(at, resting)| (resting.order, at));
        let mut empty: Vec<(OrderId, u32)> = empty.collect();
        if empty.len() > REMEMBERED + self.orders.len() / 8 {
            empty.sort_unstable_by(|one, other| other.cmp(one));
            self.free = empty.into_iter().skip(REMEMBERED).map(|(_, place)| place).collect();
        }
    }

    /// True if the places up to this index are few, or at least half of those that there are have been of use.
    fn most_are_of_use(&mut self, index: usize) -> bool {
        let used = self.orders.iter().filter(|resting| resting.generation != 0).count();
        let enough = index < (2 * used).max(FEW);
        if enough {
            self.reach = (2 * self.orders.len()).max(FEW).max(index + 1);
        }
        enough
    }

    /// From here on places are found by a table; the seats stay where they are, and those of no use are to be used.
    #[cold]
    fn begin_table(&mut self) {
        self.places.begin(self.orders.len());
        for (place, resting) in (0..).zip(&self.orders) {
            self.places.insert(place as usize, place);
            if resting.generation == 0 {
                self.free.push(place);
            }
        }
    }

    /// Between whom an order of this place belongs: only one who comes back finds later ones.
    #[cold]
    pub(super) fn gap(&mut self, tail: u32, head: u32, place: CommandId) -> (u32, u32) {
        let (mut before, mut after) = (tail, NONE);
        while before != NONE && self.at(before).priority > place {
            (before, after) = (self.at(before).previous, before);
        }
        (before, if before == NONE { head } else { after })
    }

    #[inline(always)]
    pub(super) fn at(&mut self, index: u32) -> &mut RestingOrder {
        &mut self.orders[index as usize]
    }

    /// Who comes behind a seat; behind no seat, the head of the queue. (One look whether there is a seat: that
    /// there is none cannot be foreseen.)
    #[inline(always)]
    pub(super) fn next_of<'a>(&'a mut self, index: u32, head: &'a mut u32) -> &'a mut u32 {
        match self.orders.get_mut(index as usize) {
            Some(resting) => &mut resting.next,
            None => head,
        }
    }

    /// Who comes before a seat; before no seat, the tail of the queue.
    #[inline(always)]
    pub(super) fn previous_of<'a>(&'a mut self, index: u32, tail: &'a mut u32) -> &'a mut u32 {
        match self.orders.get_mut(index as usize) {
            Some(resting) => &mut resting.previous,
            None => tail,
        }
    }

    /// Hears somebody who speaks for the first time from here, where nobody sits: true if it is so.
    #[inline(always)]
    pub(crate) fn hears_new(&mut self, pid: Pid, order: OrderId) -> bool {
        let (_, resting) = self.resting_at(pid);
        let is_new = resting.quantity.is_zero() && resting.generation < pid.generation();
        if is_new {
            (resting.order, resting.generation) = (order, pid.generation());
        }
        is_new
    }

    /// Asks the processor to fetch the seats before and behind that of an address soon. No effect but on time.
    #[inline(always)]
    pub(crate) fn warm_neighbours(&self, index: usize) {
        let place = if self.places.is_empty() { index } else { self.places.find(index) };
        if let Some(resting) = self.orders.get(place) {
            self.warm_place(resting.next as usize);
            self.warm_place(resting.previous as usize);
        }
    }

    /// Asks the processor to fetch the seat of an address soon, or what leads to it. No effect but on time.
    #[inline(always)]
    pub(crate) fn warm(&self, index: usize) {
        if self.places.is_empty() { self.warm_place(index) } else { self.places.warm(index) }
    }

    #[inline(always)]
    fn warm_place(&self, place: usize) {
        if let Some(resting) = self.orders.get(place) {
            memory::prefetch(resting);
        }
    }
}

impl LevelRef {
    /// Set on who was introduced to an incoming order and has not said since where it is.
    const INTRODUCED: u32 = 1 << 31;
    const SELLS: u32 = 1 << 30;

    #[inline(always)]
    pub(super) fn new(side: Side, queue: u32) -> LevelRef {
        assert!(queue < LevelRef::SELLS, "fewer levels than limits::MAX_ORDERS");
        LevelRef(queue | (side as u32) << 30)
    }

    /// The number of the level's queue on its ladder.
    #[inline(always)]
    pub(super) fn queue(self) -> u32 {
        self.0 & (LevelRef::SELLS - 1)
    }

    #[inline(always)]
    pub(super) fn side(self) -> Side {
        if self.0 & LevelRef::SELLS == 0 { Side::Buy } else { Side::Sell }
    }
}

impl RestingOrder {
    const EMPTY: RestingOrder = RestingOrder {
        order: OrderId(0),
        priority: CommandId(0),
        quantity: Lots::ZERO,
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

    /// True if it was introduced to an incoming order and has not said since where it is: what it says may
    /// be older than the deal that came of it.
    #[inline(always)]
    pub(crate) fn was_introduced(&self) -> bool {
        self.level.0 & LevelRef::INTRODUCED != 0
    }

    #[inline(always)]
    fn set_introduced(&mut self, introduced: bool) {
        if introduced {
            self.level.0 |= LevelRef::INTRODUCED;
        } else {
            self.level.0 &= !LevelRef::INTRODUCED;
        }
    }
}
