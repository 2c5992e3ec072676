//! The resting orders of a floor, found by the index of their address. Each is linked to its neighbours in its queue.
//! They hold no price: the level does.

use kernel::Pid;
use units::{CommandId, Lots, OrderId, Side};

use super::NONE;
use super::slot_table::SlotTable;

/// Where an order rests: 40 bytes.
#[derive(Clone, Debug)]
pub(crate) struct RestingOrder {
    /// The order; in an empty slot, the last order that was here or spoke from this address.
    pub(crate) order: OrderId,
    pub(crate) priority: CommandId,
    /// Open lots on the floor; zero in an empty slot.
    pub(crate) quantity: Lots,
    /// The latest life of this address that has spoken. It stays when the slot is empty, so that an earlier life's
    /// late message is recognised.
    pub(crate) generation: u32,
    pub(super) next: u32,
    pub(super) previous: u32,
    pub(super) level: LevelRef,
}

/// A level of one of the two ladders: the introduced flag, the side and the queue's number in one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct LevelRef(u32);

/// All resting orders of a floor, each in a slot.
///
/// Where most addresses of the world are of this market, an order's slot is the index of its address, which costs
/// nothing to find. Where they are not, slots are numbered from 0 and found through a [`SlotTable`]. So the memory of
/// a floor depends on its own orders and not on the number of others.
///
/// - an order keeps its slot while it rests: its neighbours name the slot
/// - without a table, the slot is the index of the address, and at most three in four slots are unused
/// - with a table, the table holds the address of each slot
#[derive(Clone, Debug)]
pub(crate) struct RestingOrders {
    pub(super) orders: Vec<RestingOrder>,
    /// The slots that may be made before [`RestingOrders::most_are_of_use`] counts again.
    reach: usize,
    pub(super) table: SlotTable,
    /// With a table: slots that were empty at the last search, those of the oldest orders last.
    free: Vec<u32>,
}

/// Up to this many slots are made whatever share of them is used.
const FEW: usize = 64;

/// At least this many orders that have left keep their slot, with the latest life of their address: a later message
/// of an earlier life is ignored. A world delivers in order of sending and becomes quiet before each command, so no
/// such message comes. Only an explorer, whose worlds are small, lets messages overtake each other.
const REMEMBERED: usize = 64;

impl Default for RestingOrders {
    fn default() -> RestingOrders {
        let table = SlotTable::default();
        RestingOrders { orders: Vec::new(), reach: 0, table, free: Vec::new() }
    }
}

impl RestingOrders {
    /// The slot of an address, or a slot beyond all if it has none.
    #[inline(always)]
    pub(crate) fn slot_of(&self, pid: Pid) -> usize {
        if self.table.is_empty() { pid.index() } else { self.slot_by_table(pid.index()) }
    }

    #[cold]
    fn slot_by_table(&self, index: usize) -> usize {
        self.table.find(index)
    }

    /// The index of the address of a slot.
    #[inline(always)]
    pub(super) fn index_at(&self, slot: usize) -> u32 {
        let index = if self.table.is_empty() { slot } else { self.table.index_at(slot) };
        u32::try_from(index).expect("an index has 32 bits")
    }

    #[inline(always)]
    pub(crate) fn get(&self, slot: usize) -> Option<&RestingOrder> {
        self.orders.get(slot).filter(|resting| !resting.quantity.is_zero())
    }

    /// Marks the order of a slot as introduced, and returns its address and number.
    #[inline(always)]
    pub(crate) fn introduce(&mut self, slot: usize) -> (Pid, OrderId) {
        let index = self.index_at(slot);
        let resting = self.orders.get_mut(slot).expect("the first order of a ladder has a slot");
        resting.set_introduced(true);
        (Pid::made_up(index, resting.generation), resting.order)
    }

    /// The order of a slot has sent its state since it was introduced.
    #[inline(always)]
    pub(crate) fn is_back(&mut self, slot: usize) {
        if let Some(resting) = self.orders.get_mut(slot) {
            resting.set_introduced(false);
        }
    }

    /// The resting order with this number at its present or former address.
    #[inline(always)]
    pub(crate) fn of(&self, pid: Pid, order: OrderId) -> Option<(usize, &RestingOrder)> {
        match self.orders.get(pid.index()) {
            // With a table too: no order has two slots.
            Some(resting) if resting.order == order && !resting.quantity.is_zero() => {
                Some((pid.index(), resting))
            }
            _ => self.of_table(pid, order),
        }
    }

    /// The same, through the table.
    #[cold]
    fn of_table(&self, pid: Pid, order: OrderId) -> Option<(usize, &RestingOrder)> {
        let slot = self.slot_of(pid);
        let resting = self.get(slot).filter(|resting| resting.order == order)?;
        Some((slot, resting))
    }

    /// Notes that a life of an address speaks. False if a later life has spoken there, of this order or of the next
    /// one that was given the address: messages of two lives may overtake each other.
    #[inline(always)]
    pub(crate) fn hears(&mut self, pid: Pid, order: OrderId) -> bool {
        let (_, resting) = self.resting_at(pid);
        if resting.generation > pid.generation() {
            return false;
        }
        (resting.order, resting.generation) = (order, pid.generation());
        true
    }

    /// True if a later life has spoken at this address, of the same order or of the next one that was given it: this
    /// life has ended.
    #[inline(always)]
    pub(crate) fn is_taken_over(&self, pid: Pid) -> bool {
        self.orders
            .get(self.slot_of(pid))
            .is_some_and(|resting| resting.generation > pid.generation())
    }

    /// The slot of another order that rests at this address and whose life is no later: that order has ended.
    #[inline(always)]
    pub(crate) fn other(&self, pid: Pid, order: OrderId) -> Option<(Side, usize)> {
        let slot = self.slot_of(pid);
        let resting = self.get(slot)?;
        let is_other = resting.order != order && resting.generation <= pid.generation();
        is_other.then(|| (resting.side(), slot))
    }

    /// The slot of an address, made if it has none, and what is in it.
    #[inline(always)]
    pub(super) fn resting_at(&mut self, pid: Pid) -> (usize, &mut RestingOrder) {
        let index = pid.index();
        if self.table.is_empty() && index < self.orders.len() {
            return (index, &mut self.orders[index]);
        }
        let slot = self.make_room(index);
        (slot, &mut self.orders[slot])
    }

    #[inline(never)]
    fn make_room(&mut self, index: usize) -> usize {
        if self.table.is_empty() {
            if index < self.reach || self.most_are_of_use(index) {
                self.orders.resize(index + 1, RestingOrder::EMPTY);
                return index;
            }
            self.begin_table();
        }
        let slot = self.table.find(index);
        if slot < self.orders.len() {
            return slot;
        }
        let slot = self.free_slot();
        self.table.insert(index, slot);
        slot as usize
    }

    /// A slot for another address: one that is empty still, else a new one.
    fn free_slot(&mut self) -> u32 {
        if self.free.is_empty() && self.orders.len() == self.orders.capacity() {
            self.find_free();
        }
        while let Some(slot) = self.free.pop() {
            let resting = &mut self.orders[slot as usize];
            if resting.quantity.is_zero() {
                *resting = RestingOrder::EMPTY;
                self.table.remove(slot);
                return slot;
            }
        }
        self.orders.push(RestingOrder::EMPTY);
        u32::try_from(self.orders.len() - 1).expect("fewer slots than addresses")
    }

    /// Searches all slots for empty ones to use again, and takes them if they are more than an eighth: fewer do not
    /// pay for the search.
    #[cold]
    fn find_free(&mut self) {
        let slots = (0..).zip(&self.orders);
        let empty = slots
            .filter(|(_, resting)| resting.quantity.is_zero())
            .map(|(at, resting)| (resting.order, at));
        let mut empty: Vec<(OrderId, u32)> = empty.collect();
        if empty.len() > REMEMBERED + self.orders.len() / 8 {
            empty.sort_unstable_by(|one, other| other.cmp(one));
            self.free = empty.into_iter().skip(REMEMBERED).map(|(_, slot)| slot).collect();
        }
    }

    /// True if the slots up to this index are few, or at least half of the present ones have been used.
    fn most_are_of_use(&mut self, index: usize) -> bool {
        let used = self.orders.iter().filter(|resting| resting.generation != 0).count();
        let enough = index < (2 * used).max(FEW);
        if enough {
            self.reach = (2 * self.orders.len()).max(FEW).max(index + 1);
        }
        enough
    }

    /// Switches to a table. Each slot stays where it is, and unused ones become free.
    #[cold]
    fn begin_table(&mut self) {
        self.table.begin(self.orders.len());
        for (slot, resting) in (0..).zip(&self.orders) {
            self.table.insert(slot as usize, slot);
            if resting.generation == 0 {
                self.free.push(slot);
            }
        }
    }

    /// The neighbours that an order of this priority gets in a queue. Only a restarted order has later ones behind it.
    #[cold]
    pub(super) fn gap(&mut self, tail: u32, head: u32, priority: CommandId) -> (u32, u32) {
        let (mut before, mut after) = (tail, NONE);
        while before != NONE && self.at(before).priority > priority {
            (before, after) = (self.at(before).previous, before);
        }
        (before, if before == NONE { head } else { after })
    }

    #[inline(always)]
    pub(super) fn at(&mut self, index: u32) -> &mut RestingOrder {
        &mut self.orders[index as usize]
    }

    /// The link to the successor of a slot; of no slot, the head of the queue. One bounds check decides which, since
    /// the branch is unpredictable.
    #[inline(always)]
    pub(super) fn next_of<'a>(&'a mut self, index: u32, head: &'a mut u32) -> &'a mut u32 {
        match self.orders.get_mut(index as usize) {
            Some(resting) => &mut resting.next,
            None => head,
        }
    }

    /// The link to the predecessor of a slot; of no slot, the tail of the queue.
    #[inline(always)]
    pub(super) fn previous_of<'a>(&'a mut self, index: u32, tail: &'a mut u32) -> &'a mut u32 {
        match self.orders.get_mut(index as usize) {
            Some(resting) => &mut resting.previous,
            None => tail,
        }
    }

    /// The fast path of an announcement: true, and noted, if this life speaks for the first time and its slot is
    /// empty.
    #[inline(always)]
    pub(crate) fn hears_new(&mut self, pid: Pid, order: OrderId) -> bool {
        let (_, resting) = self.resting_at(pid);
        let is_new = resting.quantity.is_zero() && resting.generation < pid.generation();
        if is_new {
            (resting.order, resting.generation) = (order, pid.generation());
        }
        is_new
    }

    /// Prefetches the neighbours of the order at an address's index. It affects time only.
    #[inline(always)]
    pub(crate) fn warm_neighbours(&self, index: usize) {
        let slot = if self.table.is_empty() { index } else { self.table.find(index) };
        if let Some(resting) = self.orders.get(slot) {
            self.warm_slot(resting.next as usize);
            self.warm_slot(resting.previous as usize);
        }
    }

    /// Prefetches the slot of an address's index, or the table entry that leads to it. It affects time only.
    #[inline(always)]
    pub(crate) fn warm(&self, index: usize) {
        if self.table.is_empty() { self.warm_slot(index) } else { self.table.warm(index) }
    }

    #[inline(always)]
    fn warm_slot(&self, slot: usize) {
        if let Some(resting) = self.orders.get(slot) {
            memory::prefetch(resting);
        }
    }
}

impl LevelRef {
    /// Set on an order that was introduced to an incoming order and has not sent its state since.
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

    /// Its side.
    #[inline(always)]
    pub(crate) fn side(&self) -> Side {
        self.level.side()
    }

    /// True if it was introduced to an incoming order and has not sent its state since: what it announces may be
    /// older than the deal that came of the introduction.
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
