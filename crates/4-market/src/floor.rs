//! The floor of one market: it introduces its orders to each other, best price first, then
//! earliest place, one incoming order at a time and one resting order at a time.
//!
//! It introduces; it never trades and holds no lots. What it knows of an order is what that order
//! said, so it can always be told again: after a death it asks everybody before it hears an incoming order.

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
#[derive(Clone, Debug)]
pub struct Floor {
    market: MarketId,
    resting_orders: RestingOrders,
    bids: Ladder,
    asks: Ladder,
    /// Incoming orders that wait to be heard, by place.
    waiting: BTreeMap<CommandId, IncomingOrder>,
    /// The one that is being heard.
    walk: Option<Walk>,
    /// The number of the last introduction or question: this life's number above, a count below.
    number: u32,
    /// Resting orders that were asked where they are: which life, and the question's number.
    queried: BTreeMap<OrderId, (Pid, u32)>,
    recovery: Option<Recovery>,
    /// The last incoming order in whose introductions a resting order has died.
    suspect: Option<Suspect>,
}

/// Who has announced itself, and where it is.
#[derive(Clone, Copy, Hash, Debug)]
struct IncomingOrder {
    pid: Pid,
    presence: Presence,
}

/// Who is where, and what is under way; not how the two ladders lie in memory.
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
        // Of one that is not heard any more nothing follows.
        let heard = walk.as_ref().map(|walk| walk.incoming.presence.order);
        suspect.filter(|suspect| heard == Some(suspect.order)).hash(state);
        resting_orders.hash_with([bids, asks], state);
    }
}

/// Bits of a number that count; those above tell the floor's life.
const COUNT: u32 = (1 << 24) - 1;

/// The floor's life that made an introduction, as far as eight bits tell it.
#[inline(always)]
fn life_of(introduction: u32) -> u32 {
    introduction & !COUNT
}

/// True if an introduction came after another of the same life. Counts go round, so one of very long
/// ago may seem to be later; then a proposal is declined, and the floor asks.
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

    /// True if no introduction is open, nobody waits to be heard, nobody's word is awaited, and
    /// everybody has been gathered.
    pub fn is_quiet(&self) -> bool {
        self.walk.is_none()
            && self.waiting.is_empty()
            && self.queried.is_empty()
            && self.recovery.is_none()
    }

    /// Incoming orders that wait to be heard.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The orders that rest on a side, best price first, then earliest place: number, price, lots. O(resting).
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

    /// Asks the processor to fetch the seats beside that of an address's index soon. No effect but on time.
    #[inline(always)]
    pub fn warm_neighbours(&self, index: usize) {
        self.resting_orders.warm_neighbours(index);
    }

    /// Asks the processor to fetch the seat of an address's index soon. No effect but on time.
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
            Event::Down { .. } => self.begin_recovery(out), // the ledger died while it told us who is there
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
            // Late words of a gathering that was begun again.
            Message::Listed { .. } | Message::ListedAll => {}
            // Nobody says these to a floor.
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

    // ---- what orders say of themselves

    #[inline(always)]
    fn on_announce(&mut self, pid: Pid, presence: &Presence, out: &mut Out<Party>) {
        if self.walk.is_none() && self.resting_orders.hears_new(pid, presence.order) {
            return self.hear(pid, presence, out); // most are incoming orders
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
            // It may have said so before it heard of that introduction.
            Some((_, resting)) if resting.was_introduced() => {
                self.query_state(pid, presence.order, out)
            }
            Some(_) => self.rest(pid, presence, out),
            None => self.hear_or_wait(pid, presence, out),
        }
    }

    /// Whoever was asked says where it is.
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

    /// Asks a resting order where it is, unless this life of it has been asked and will answer.
    #[cold]
    fn query_state(&mut self, pid: Pid, order: OrderId, out: &mut Out<Party>) {
        if self.queried.get(&order).is_some_and(|(asked, _)| *asked == pid) {
            return;
        }
        let introduction = self.next_number();
        self.queried.insert(order, (pid, introduction));
        out.send(pid, Message::QueryState { introduction });
    }

    /// Puts an order where it says it is. With a new price or place it is an incoming order again.
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
            self.hears(pid, order); // its former lives are not heard any more
        }
        if !self.queried.is_empty() {
            self.queried.remove(&order);
        }
        self.remove_waiting(order); // also who is in the walk as maker, and has been changed since
        if self.walk.as_ref().is_some_and(|walk| walk.is_about(order)) {
            self.on_gone(order, introduction, out);
        }
    }

    /// Its supervisor has given an order up; the word comes from the address of its next life.
    fn on_suspend(&mut self, pid: Pid, order: OrderId, out: &mut Out<Party>) {
        self.on_leave(pid, order, 0, out);
    }

    // ---- seats

    #[inline(always)]
    fn next_number(&mut self) -> u32 {
        let count = (self.number & COUNT) % COUNT + 1;
        self.number = life_of(self.number) | count;
        self.number
    }

    /// Lots that who sits in a place shows from now on; with none it is off the floor.
    #[inline(always)]
    fn show(&mut self, side: Side, slot: usize, quantity: Lots) {
        let (ladder, resting_orders) = self.ladder(side);
        if quantity.is_zero() {
            ladder.remove(resting_orders, slot);
        } else {
            ladder.set_quantity(resting_orders, slot, quantity);
        }
    }

    /// Takes off who sits in this place, on that side.
    #[inline(always)]
    fn take_off(&mut self, side: Side, slot: usize) {
        let (ladder, resting_orders) = self.ladder(side);
        ladder.remove(resting_orders, slot);
    }

    /// True unless a later life has spoken. If the address was another order's, that one has ended.
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
