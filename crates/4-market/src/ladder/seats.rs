//! Seats: who rests where on a floor, each with who stands before and behind it, by the index of its address.
//! They know of no price: that is the level's.

use kernel::Pid;
use units::{AskId, Lots, OrderId, Side};

use super::NONE;

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
    pub(super) next: u32,
    pub(super) previous: u32,
    pub(super) level: LevelRef,
}

/// A level of one of the two ladders: a mark, its side, the number of its queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct LevelRef(u32);

/// All seats of a floor.
#[derive(Clone, Default, Debug)]
pub(crate) struct Seats {
    pub(super) seats: Vec<Seat>,
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
    pub(super) fn make_room(&mut self, index: usize) {
        if index >= self.seats.len() {
            self.seats.resize(index + 1, Seat::EMPTY);
        }
    }

    /// Between whom an order of this place belongs: only one who comes back finds later ones.
    #[cold]
    pub(super) fn gap(&mut self, tail: u32, head: u32, place: AskId) -> (u32, u32) {
        let (mut before, mut after) = (tail, NONE);
        while before != NONE && self.at(before).place > place {
            (before, after) = (self.at(before).previous, before);
        }
        (before, if before == NONE { head } else { after })
    }

    #[inline(always)]
    pub(super) fn at(&mut self, index: u32) -> &mut Seat {
        &mut self.seats[index as usize]
    }

    /// Who comes behind a seat; behind no seat, the head of the queue. (One look whether there is a seat: that
    /// there is none cannot be foreseen.)
    #[inline(always)]
    pub(super) fn next_of<'a>(&'a mut self, index: u32, head: &'a mut u32) -> &'a mut u32 {
        match self.seats.get_mut(index as usize) {
            Some(seat) => &mut seat.next,
            None => head,
        }
    }

    /// Who comes before a seat; before no seat, the tail of the queue.
    #[inline(always)]
    pub(super) fn previous_of<'a>(&'a mut self, index: u32, tail: &'a mut u32) -> &'a mut u32 {
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

impl LevelRef {
    /// Set on who was introduced to a newcomer and has not said since where it is.
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
