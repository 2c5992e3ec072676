//! An incoming order's walk along the other side of its floor, one introduction after the other.
//!
//! Without failures an introduction ends with the incoming order's `Next`. Anything else (a party dies, passes,
//! leaves or is replaced in it) raises a *doubt*: the floor no longer knows what was dealt. It queries the parties in
//! doubt, and each answers once no deal is in progress. Only an answer to this introduction's query counts, since
//! what was sent unasked may be older than the deal.

use kernel::{Out, Pid};
use protocol::{Busy, Message, Presence, TimeInForce};
use units::{Lots, OrderId};

use super::{Floor, IncomingOrder};
use crate::{Party, mutation, orders_of};

/// An incoming order that may cause the deaths of its makers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Suspect {
    pub(super) order: OrderId,
    /// Its introductions in which a maker died...
    deaths: u32,
    /// ...the last of them...
    introduction: u32,
    /// ...and the time of the first, in nanoseconds.
    since: u64,
}

/// Deaths of makers that suspend the incoming order, within the time of [`crate::ALLOWED_RESTARTS`]. The number is
/// that of the allowed restarts of one order, so the incoming order is given up before any maker is.
const DEATHS_OF_A_SUSPECT: u32 = crate::ALLOWED_RESTARTS.times;

/// The walk of an incoming order.
#[derive(Clone, Copy, Hash, Debug)]
pub(super) struct Walk {
    pub(super) incoming: IncomingOrder,
    /// The resting order to which it is introduced.
    pub(super) maker: (Pid, OrderId),
    /// The introduction's number.
    introduction: u32,
    /// What is known of the maker's lots.
    maker_is: Maker,
    /// The states that must arrive before the walk goes on; `None` while there is no doubt.
    awaited: Option<Awaited>,
}

/// What the floor knows of the maker's lots since it was introduced.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Maker {
    /// The maker has sent nothing: what the incoming order reports as dealt is subtracted.
    Silent,
    /// The maker has sent its state after the deal, if there was one: its lots are right.
    Known,
    /// The maker has sent something that may be older than the deal: it must be queried.
    Unclear,
    /// The maker has left.
    Gone,
}

/// The parties whose states are awaited.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
struct Awaited {
    maker: bool,
    incoming: bool,
}

impl Walk {
    /// True if an order is one of the two.
    #[inline(always)]
    pub(super) fn is_about(&self, order: OrderId) -> bool {
        self.incoming.presence.order == order || self.maker.1 == order
    }
}

impl Floor {
    /// Starts or continues a walk: introduces the incoming order to the best one, or rests it and takes the next.
    #[inline(always)]
    pub(super) fn hear(&mut self, pid: Pid, presence: &Presence, out: &mut Out<Party>) {
        if !self.is_introduced(pid, presence, out) {
            self.walk = None;
            if !self.waiting.is_empty() {
                self.hear_waiting(out);
            }
        }
    }

    /// Takes the waiting orders in turn, until one is introduced.
    #[cold]
    pub(super) fn hear_waiting(&mut self, out: &mut Out<Party>) {
        while let Some((_, next)) = self.waiting.pop_first() {
            if self.is_introduced(next.pid, &next.presence, out) {
                return;
            }
        }
    }

    /// Introduces an incoming order to the best order that it can deal with. Without one it rests, and this returns
    /// false.
    ///
    /// Takes `presence` by reference: most orders only rest, and only an introduced one is copied into the walk.
    #[inline(always)]
    fn is_introduced(&mut self, pid: Pid, presence: &Presence, out: &mut Out<Party>) -> bool {
        if presence.open.is_zero() {
            return false;
        }
        if let Some(index) = self.side(presence.side.opposite()).first_within(presence.price) {
            self.introduce(IncomingOrder { pid, presence: *presence }, index, out);
            return true;
        }
        self.end_walk(pid, presence, out);
        false
    }

    /// The last introduction is over.
    #[inline(always)]
    fn walk_on(&mut self, out: &mut Out<Party>) {
        if let Some(walk) = &self.walk {
            let IncomingOrder { pid, presence } = walk.incoming;
            self.hear(pid, &presence, out);
        }
    }

    /// No order is left to deal with: the incoming order rests, or gets `NoMatch`.
    #[inline(always)]
    fn end_walk(&mut self, pid: Pid, presence: &Presence, out: &mut Out<Party>) {
        match presence.time_in_force {
            // This life has ended, and a message of that is on its way.
            TimeInForce::GoodTillCancel if self.resting_orders.is_taken_over(pid) => {}
            TimeInForce::GoodTillCancel => {
                let (ladder, resting_orders) = self.ladder(presence.side);
                ladder.add(resting_orders, pid, presence);
            }
            TimeInForce::ImmediateOrCancel => out.send(pid, Message::NoMatch),
        }
    }

    #[inline(always)]
    fn introduce(&mut self, incoming: IncomingOrder, index: usize, out: &mut Out<Party>) {
        let introduction = self.next_number();
        let maker = self.resting_orders.introduce(index);
        if !self.queried.is_empty() {
            self.queried.remove(&maker.1); // that answer may come before the maker receives this introduction
        }
        let maker_is = Maker::Silent;
        self.walk = Some(Walk { incoming, maker, introduction, maker_is, awaited: None });
        let Presence { order, price, open: quantity, .. } = incoming.presence;
        let incoming = incoming.pid;
        out.send(maker.0, Message::Introduce { introduction, incoming, order, price, quantity });
    }

    #[inline(always)]
    pub(super) fn on_next(
        &mut self,
        pid: Pid,
        order: OrderId,
        introduction: u32,
        dealt: Lots,
        open: Lots,
        out: &mut Out<Party>,
    ) {
        if !open.is_zero() && self.resting_orders.is_taken_over(pid) {
            return; // the end of this life, or its next life's message, says more
        }
        let Some(walk) = &mut self.walk else { return self.on_late_next(pid, order, open, out) };
        if walk.incoming.presence.order != order {
            return self.on_late_next(pid, order, open, out);
        }
        walk.incoming.presence.open = open;
        if walk.awaited.is_some() || introduction != walk.introduction {
            return self.on_next_in_doubt(introduction, open, out);
        }
        let maker_is_clear = match walk.maker_is {
            Maker::Gone | Maker::Known => true,
            Maker::Silent => self.show_rest(dealt),
            Maker::Unclear => false,
        };
        if maker_is_clear { self.walk_on(out) } else { self.doubt(true, false, out) }
    }

    #[cold]
    fn on_next_in_doubt(&mut self, introduction: u32, open: Lots, out: &mut Out<Party>) {
        let Some(walk) = &mut self.walk else { return };
        match &mut walk.awaited {
            Some(awaited) if introduction == walk.introduction || open.is_zero() => {
                awaited.incoming = false;
                self.end_doubt(out);
            }
            // Filled in an introduction of this floor's former life: the order has ended.
            None if open.is_zero() => self.doubt(true, false, out),
            _ => {} // not of this introduction
        }
    }

    /// An order that was the incoming one of this floor's former life has ended its deal.
    #[cold]
    fn on_late_next(&mut self, pid: Pid, order: OrderId, open: Lots, out: &mut Out<Party>) {
        if open.is_zero() {
            return self.on_leave(pid, order, 0, out);
        }
        if let Some(waiting) = self.waiting.values_mut().find(|n| n.presence.order == order) {
            waiting.presence.open = open;
        } else if let Some(walk) = self.walk.as_mut().filter(|walk| walk.maker.1 == order) {
            walk.maker_is = Maker::Unclear;
        } else if self.resting_orders.of(pid, order).is_some() {
            self.query_state(pid, order, out);
        }
    }

    /// Subtracts what was dealt from the maker's lots. False if nothing is left: then the maker's `Leave` has not
    /// arrived, or more has happened to it.
    #[inline(always)]
    fn show_rest(&mut self, dealt: Lots) -> bool {
        let Some((maker, order)) = self.walk.as_ref().map(|walk| walk.maker) else { return false };
        let Some((slot, resting)) = self.resting_orders.of(maker, order) else { return false };
        let (side, left) =
            (resting.side(), resting.quantity.checked_sub(dealt).unwrap_or(Lots::ZERO));
        if left.is_zero() {
            return false;
        }
        self.show(side, slot, left);
        true
    }

    pub(super) fn on_pass(
        &mut self,
        pid: Pid,
        introduction: u32,
        open: Lots,
        busy: Busy,
        out: &mut Out<Party>,
    ) {
        let Some(walk) = &mut self.walk else { return };
        let (maker, order) = walk.maker;
        if introduction != walk.introduction || maker != pid || walk.awaited.is_some() {
            return;
        }
        if busy == Busy::Maker || walk.maker_is == Maker::Unclear {
            return self.doubt(true, busy == Busy::Incoming, out);
        }
        walk.maker_is = Maker::Known;
        if let Some((slot, resting)) = self.resting_orders.of(maker, order) {
            self.show(resting.side(), slot, open);
        }
        self.doubt(false, true, out);
    }

    // ---- doubts

    /// Raises a doubt: queries the parties that are still there, and waits for their states.
    #[cold]
    fn doubt(&mut self, maker: bool, incoming: bool, out: &mut Out<Party>) {
        let Some(walk) = &mut self.walk else { return };
        let introduction = walk.introduction;
        let awaited = walk.awaited.get_or_insert_default();
        if maker && walk.maker_is != Maker::Gone {
            awaited.maker = true;
            out.send(walk.maker.0, Message::QueryState { introduction });
        }
        if incoming && !walk.incoming.presence.open.is_zero() {
            awaited.incoming = true;
            out.send(walk.incoming.pid, Message::QueryState { introduction });
        }
        self.end_doubt(out);
    }

    /// Walks on once all states have arrived.
    fn end_doubt(&mut self, out: &mut Out<Party>) {
        match &self.walk {
            Some(walk) if walk.awaited == Some(Awaited::default()) => {
                let clear = walk.maker_is != Maker::Unclear;
                if clear { self.walk_on(out) } else { self.doubt(true, false, out) }
            }
            _ => {}
        }
    }

    /// The incoming order announces itself: it was replaced, or is back from a restart.
    #[cold]
    pub(super) fn on_incoming_again(
        &mut self,
        pid: Pid,
        presence: &Presence,
        out: &mut Out<Party>,
    ) {
        let Some(walk) = &mut self.walk else { return };
        let is_back = walk.incoming.pid != pid;
        walk.incoming = IncomingOrder { pid, presence: *presence };
        if is_back {
            // It may have died in a deal, whose other end the maker still holds: both lots are in doubt.
            self.doubt(true, true, out);
        }
    }

    /// The maker announces itself: it was replaced, or is back from a restart.
    #[cold]
    pub(super) fn on_maker_again(&mut self, pid: Pid, presence: &Presence, out: &mut Out<Party>) {
        let Some(walk) = &mut self.walk else { return };
        let is_back = walk.maker.0 != pid;
        if walk.maker_is == Maker::Known && !is_back {
            return self.rest(pid, presence, out); // newer than the state that is known
        }
        walk.maker.0 = pid;
        walk.maker_is = Maker::Unclear;
        if is_back {
            self.count_death(out);
            // The incoming order may be in doubt of a deal with the maker's former life, so both are queried.
            self.doubt(true, true, out);
        }
    }

    /// Counts a maker's death in an introduction. At the limit the incoming order is given up, so that it does not
    /// take its makers with it; the walk waits for the supervisor's `Suspend`.
    fn count_death(&mut self, out: &mut Out<Party>) {
        let Some(walk) = &self.walk else { return };
        let (order, introduction) = (walk.incoming.presence.order, walk.introduction);
        let new = Suspect { order, deaths: 0, introduction: 0, since: out.now() };
        let known = self.suspect.filter(|known| {
            known.order == order && out.now() - known.since < crate::ALLOWED_RESTARTS.within
        });
        let mut suspect = known.unwrap_or(new);
        if suspect.introduction != introduction {
            suspect.introduction = introduction;
            suspect.deaths += 1;
            if suspect.deaths == DEATHS_OF_A_SUSPECT && !mutation::UNCOUNTED_SUSPECT.is_on() {
                out.give_up(orders_of(self.market), order.0);
            }
        }
        self.suspect = Some(suspect);
    }

    /// True if this answers the query of the open introduction.
    pub(super) fn answers_walk(&self, pid: Pid, order: OrderId, number: u32) -> bool {
        self.walk.as_ref().is_some_and(|walk| {
            let asked = pid == walk.incoming.pid || pid == walk.maker.0;
            asked && walk.is_about(order) && number == walk.introduction
        })
    }

    /// One of the two parties answers the query.
    pub(super) fn on_walk_state(&mut self, pid: Pid, presence: &Presence, out: &mut Out<Party>) {
        let Some(walk) = &mut self.walk else { return };
        let awaited = walk.awaited.get_or_insert_default();
        if walk.incoming.pid == pid {
            walk.incoming.presence = *presence;
            awaited.incoming = false;
        } else {
            walk.maker_is = Maker::Known;
            awaited.maker = false;
            self.rest(pid, presence, out);
        }
        self.end_doubt(out);
    }

    /// One of the two parties has left.
    #[inline(always)]
    pub(super) fn on_gone(&mut self, order: OrderId, introduction: u32, out: &mut Out<Party>) {
        let Some(walk) = &mut self.walk else { return };
        let is_incoming = walk.incoming.presence.order == order;
        if is_incoming {
            walk.incoming.presence.open = Lots::ZERO;
        } else {
            walk.maker_is = Maker::Gone;
        }
        match &mut walk.awaited {
            Some(awaited) if is_incoming => awaited.incoming = false,
            Some(awaited) => awaited.maker = false,
            // This incoming order has filled it, and its `Next` will arrive: no doubt.
            None if !is_incoming && introduction == walk.introduction => return,
            None => return self.doubt(is_incoming, !is_incoming, out),
        }
        self.end_doubt(out);
    }
}
