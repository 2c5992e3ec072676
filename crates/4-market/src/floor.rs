//! The floor of one market: it introduces its orders to each other, best price first, then
//! earliest priority, one incoming order at a time and one resting order at a time.
//!
//! It never trades and holds no lots. All that it knows of an order the order has sent, so a restarted floor
//! queries every order before it walks with an incoming one.

mod recovery;
mod walk;

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use kernel::{Event, Out, Pid};
use protocol::{Message, Presence};
use units::{CommandId, Lots, MarketId, OrderId, Price, Side};

use crate::ladder::{Ladder, RestingOrders};
use crate::{Party, mutation};
use recovery::Recovery;
use walk::{Suspect, Walk};

/// A market's floor.
///
/// - at most one introduction is open at a time: that of `walk`
/// - an order is in at most one place: resting, waiting, or the incoming order of the walk
/// - an order rests on its side, at the price and priority of its last message that is not in doubt
/// - a resting order's lots are those of that message, less what was dealt with it since
/// - no incoming order walks while `recovery` is there
/// - a message of an order's former life changes nothing
#[derive(Clone, Debug)]
pub struct Floor {
    market: MarketId,
    resting_orders: RestingOrders,
    bids: Ladder,
    asks: Ladder,
    /// Incoming orders that wait for the walk to end, by priority.
    waiting: BTreeMap<CommandId, IncomingOrder>,
    /// The walk of the present incoming order.
    walk: Option<Walk>,
    /// The number of the last introduction or query: this life's number in the upper bits, a count in the lower.
    number: u32,
    /// Resting orders whose state is queried: the life that was asked, and the query's number.
    queried: BTreeMap<OrderId, (Pid, u32)>,
    recovery: Option<Recovery>,
    /// The last incoming order in whose introductions a maker has died.
    suspect: Option<Suspect>,
}

/// An order that has announced itself, and its address.
#[derive(Clone, Copy, Hash, Debug)]
struct IncomingOrder {
    pid: Pid,
    presence: Presence,
}

/// Hashes where each order is and what is in progress, but not the layout of the ladders in memory.
impl Hash for Floor {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Floor {
            market,
            resting_orders,
            bids,
            asks,
            waiting,
            walk,
            number,
            queried,
            recovery,
            suspect,
        } = self;
        (market, waiting, walk, number, queried, recovery).hash(state);
        // A suspect whose walk has ended has no effect any more.
        let heard = walk.as_ref().map(|walk| walk.incoming.presence.order);
        suspect.filter(|suspect| heard == Some(suspect.order)).hash(state);
        resting_orders.hash_with([bids, asks], state);
    }
}

/// The bits of a number that count; those above are the floor's life.
const COUNT: u32 = (1 << 24) - 1;

/// The floor's life that made an introduction, in eight bits.
#[inline(always)]
fn life_of(introduction: u32) -> u32 {
    introduction & !COUNT
}

/// True if an introduction came after another of the same life. Counts wrap, so a very old one may seem later; then a
/// proposal is declined, and the floor queries the order.
#[inline(always)]
pub(crate) fn is_later(introduction: u32, than: u32) -> bool {
    let ahead = introduction.wrapping_sub(than) & COUNT;
    life_of(introduction) == life_of(than) && (1..=COUNT / 2).contains(&ahead)
}

impl Floor {
    pub(crate) fn new(market: MarketId) -> Floor {
        Floor {
            market,
            resting_orders: RestingOrders::default(),
            bids: Ladder::new(Side::Buy),
            asks: Ladder::new(Side::Sell),
            waiting: BTreeMap::new(),
            walk: None,
            number: 0,
            queried: BTreeMap::new(),
            recovery: Some(Recovery::default()),
            suspect: None,
        }
    }

    /// One side of the book.
    #[inline(always)]
    pub fn side(&self, side: Side) -> &Ladder {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    #[inline(always)]
    fn ladder(&mut self, side: Side) -> (&mut Ladder, &mut RestingOrders) {
        match side {
            Side::Buy => (&mut self.bids, &mut self.resting_orders),
            Side::Sell => (&mut self.asks, &mut self.resting_orders),
        }
    }

    /// True if no introduction is open, no order waits, no query is unanswered, and recovery is complete.
    pub fn is_quiet(&self) -> bool {
        self.walk.is_none()
            && self.waiting.is_empty()
            && self.queried.is_empty()
            && self.recovery.is_none()
    }

    /// Incoming orders that wait for the walk to end.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The orders that rest on a side, best price first, then earliest priority: number, price, lots. O(resting).
    pub fn resting(&self, side: Side) -> Vec<(OrderId, Price, Lots)> {
        let mut rows = Vec::new();
        for (price, _) in self.side(side).levels() {
            rows.extend(
                self.side(side)
                    .queue(&self.resting_orders, price)
                    .map(|resting| (resting.order, price, resting.quantity)),
            );
        }
        rows
    }

    /// Prefetches the neighbours of the order at an address's index. It affects time only.
    #[inline(always)]
    pub fn warm_neighbours(&self, index: usize) {
        self.resting_orders.warm_neighbours(index);
    }

    /// Prefetches the slot of an address's index. It affects time only.
    #[inline(always)]
    pub fn warm(&self, index: usize) {
        self.resting_orders.warm(index);
    }

    #[inline(always)]
    pub(crate) fn handle(&mut self, from: Pid, message: &Message, out: &mut Out<Party>) {
        self.on_message(from, message, out);
    }

    pub(crate) fn on_signal(&mut self, event: &Event<'_, Message>, out: &mut Out<Party>) {
        match event {
            Event::Start => {
                self.number = out.incarnation() << COUNT.count_ones();
                self.begin_recovery(out);
            }
            Event::Down { .. } => self.begin_recovery(out), // the ledger died while it listed the open orders
            Event::Message { .. } | Event::Exit { .. } | Event::Timer { .. } => {}
        }
    }

    #[inline(always)]
    fn on_message(&mut self, from: Pid, message: &Message, out: &mut Out<Party>) {
        if self.recovery.is_some() {
            return self.on_message_in_recovery(from, message, out);
        }
        match *message {
            Message::Announce(ref presence) => self.on_announce(from, presence, out),
            Message::State { ref presence, introduction } => {
                self.on_state(from, presence, introduction, out);
            }
            Message::Leave { order, introduction } => self.on_leave(from, order, introduction, out),
            Message::Next { order, introduction, dealt, open } => {
                self.on_next(from, order, introduction, dealt, open, out);
            }
            Message::Pass { introduction, open, busy } => {
                self.on_pass(from, introduction, open, busy, out)
            }
            Message::Suspend { order } => self.on_suspend(from, order, out),
            // Late messages of a recovery that was begun again.
            Message::Listed { .. } | Message::ListedAll => {}
            // No process sends these to a floor.
            Message::Enter(_)
            | Message::Cancel { .. }
            | Message::Replace { .. }
            | Message::Introduce { .. }
            | Message::NoMatch
            | Message::QueryState { .. }
            | Message::Propose { .. }
            | Message::Accept { .. }
            | Message::Decline { .. }
            | Message::Complete { .. }
            | Message::Withdraw { .. }
            | Message::Record { .. }
            | Message::Resolve { .. }
            | Message::Recorded { .. }
            | Message::Voided { .. }
            | Message::Restore { .. }
            | Message::Restored { .. }
            | Message::Unknown
            | Message::ListOpen { .. } => {}
        }
    }

    // ---- what orders send of themselves

    #[inline(always)]
    fn on_announce(&mut self, pid: Pid, presence: &Presence, out: &mut Out<Party>) {
        if self.walk.is_none() && self.resting_orders.hears_new(pid, presence.order) {
            return self.hear(pid, presence, out); // fast path: most announcements are of incoming orders
        }
        if self.hears(pid, presence.order) {
            self.on_unasked(pid, presence, out);
        }
    }

    #[inline(always)]
    fn on_unasked(&mut self, pid: Pid, presence: &Presence, out: &mut Out<Party>) {
        if let Some(walk) = &self.walk {
            if walk.incoming.presence.order == presence.order {
                return self.on_incoming_again(pid, presence, out);
            }
            if walk.maker.1 == presence.order {
                return self.on_maker_again(pid, presence, out);
            }
        }
        match self.resting_orders.of(pid, presence.order) {
            // It may have sent this before it received the introduction, and dealt since: its lots are in doubt.
            Some((_, resting)) if resting.was_introduced() => {
                self.query_state(pid, presence.order, out)
            }
            Some(_) => self.rest(pid, presence, out),
            None => self.hear_or_wait(pid, presence, out),
        }
    }

    /// An order answers a query.
    fn on_state(&mut self, pid: Pid, presence: &Presence, number: u32, out: &mut Out<Party>) {
        if !self.hears(pid, presence.order) {
            return;
        }
        if self.answers_walk(pid, presence.order, number) {
            return self.on_walk_state(pid, presence, out);
        }
        if self.queried.get(&presence.order) == Some(&(pid, number)) {
            self.queried.remove(&presence.order);
            return self.rest(pid, presence, out);
        }
        self.on_unasked(pid, presence, out);
    }

    /// Queries a resting order's state, unless this life of it has been asked and will answer.
    #[cold]
    fn query_state(&mut self, pid: Pid, order: OrderId, out: &mut Out<Party>) {
        if self.queried.get(&order).is_some_and(|(asked, _)| *asked == pid) {
            return;
        }
        let introduction = self.next_number();
        self.queried.insert(order, (pid, introduction));
        out.send(pid, Message::QueryState { introduction });
    }

    /// Rests an order at the price and priority that it sends. If one of them is new, it is an incoming order again.
    #[inline(always)]
    fn rest(&mut self, pid: Pid, presence: &Presence, out: &mut Out<Party>) {
        let &Presence { order, priority, side, price, open, .. } = presence;
        if let Some((slot, resting)) = self.resting_orders.of(pid, order) {
            let was = resting.side();
            let resting_price = self.side(was).price_of(resting);
            if (resting.priority, resting_price) == (priority, price) {
                self.resting_orders.is_back(slot);
                return self.show(side, slot, open);
            }
            self.take_off(was, slot);
        }
        self.hear_or_wait(pid, presence, out);
    }

    #[inline(always)]
    fn on_leave(&mut self, pid: Pid, order: OrderId, introduction: u32, out: &mut Out<Party>) {
        let is_last = match self.resting_orders.of(pid, order) {
            Some((slot, resting)) => {
                let (side, is_last) = (resting.side(), resting.generation == pid.generation());
                self.take_off(side, slot);
                is_last
            }
            None => false,
        };
        if !is_last {
            self.hears(pid, order); // from now on its former lives are ignored
        }
        if !self.queried.is_empty() {
            self.queried.remove(&order);
        }
        self.remove_waiting(order); // the maker of the walk may wait too, if it was replaced since
        if self.walk.as_ref().is_some_and(|walk| walk.is_about(order)) {
            self.on_gone(order, introduction, out);
        }
    }

    /// The supervisor has given an order up; the message comes from the address of its next life.
    fn on_suspend(&mut self, pid: Pid, order: OrderId, out: &mut Out<Party>) {
        self.on_leave(pid, order, 0, out);
    }

    // ---- resting orders

    #[inline(always)]
    fn next_number(&mut self) -> u32 {
        let count = (self.number & COUNT) % COUNT + 1;
        self.number = life_of(self.number) | count;
        self.number
    }

    /// Sets the lots of a resting order; with none it is taken off the floor.
    #[inline(always)]
    fn show(&mut self, side: Side, slot: usize, quantity: Lots) {
        let (ladder, resting_orders) = self.ladder(side);
        if quantity.is_zero() {
            ladder.remove(resting_orders, slot);
        } else {
            ladder.set_quantity(resting_orders, slot, quantity);
        }
    }

    /// Takes the order in a slot off that side.
    #[inline(always)]
    fn take_off(&mut self, side: Side, slot: usize) {
        let (ladder, resting_orders) = self.ladder(side);
        ladder.remove(resting_orders, slot);
    }

    /// True unless a later life has spoken. If the address was another order's, that order has ended and is taken
    /// off.
    #[inline(always)]
    fn hears(&mut self, pid: Pid, order: OrderId) -> bool {
        if let Some((side, slot)) = self.resting_orders.other(pid, order) {
            self.take_off(side, slot);
        }
        self.resting_orders.hears(pid, order) || mutation::FORMER_LIVES.is_on()
    }

    #[inline(always)]
    fn hear_or_wait(&mut self, pid: Pid, presence: &Presence, out: &mut Out<Party>) {
        if self.walk.is_none() || mutation::TWO_INTRODUCTIONS.is_on() {
            return self.hear(pid, presence, out);
        }
        self.remove_waiting(presence.order);
        self.waiting.insert(presence.priority, IncomingOrder { pid, presence: *presence });
    }

    #[inline(always)]
    fn remove_waiting(&mut self, order: OrderId) {
        if !self.waiting.is_empty() {
            self.waiting.retain(|_, other| other.presence.order != order);
        }
    }
}
