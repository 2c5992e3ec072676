//! An incoming order's walk along the other side of its floor, one introduction after the other.
//!
//! Without failures an introduction ends with the incoming order's `next`. Whatever else may happen
//! (somebody dies, passes, leaves or is changed in it) raises a doubt, and the walk goes on only after
//! the words of those in doubt: each is asked, and answers once no deal is in progress. Only an
//! answer to this introduction's question counts, since what was said unasked may be older.

use kernel::{Out, Pid};
use protocol::{Busy, Message, Presence, TimeInForce};
use units::{Lots, OrderId};

use super::{Floor, IncomingOrder};
use crate::{Party, mutation, orders_of};

/// An incoming order that may be what its makers die of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Suspect {
    pub(super) order: OrderId,
    /// So many of its introductions have ended in a maker's death...
    deaths: u32,
    /// ...the last of them this one...
    introduction: u32,
    /// ...since then, in nanoseconds.
    since: u64,
}

/// So many make it suspended, within the time in which the orders' supervisor bears as many of one
/// order ([`crate::ALLOWED_RESTARTS`]): so it is the incoming order that is given up, before any of its makers is.
const DEATHS_OF_A_SUSPECT: u32 = crate::ALLOWED_RESTARTS.times;

/// An incoming order on its way.
#[derive(Clone, Copy, Hash, Debug)]
pub(super) struct Walk {
    pub(super) incoming: IncomingOrder,
    /// To whom it is introduced.
    pub(super) maker: (Pid, OrderId),
    /// The introduction's number.
    introduction: u32,
    /// What is known of the maker's lots.
    maker_is: Maker,
    /// Whose words are awaited before the walk goes on; `None` while there is no doubt.
    awaited: Option<Awaited>,
}

/// What the maker has said since it was introduced.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Maker {
    /// Nothing: what the incoming order says was dealt is taken off its lots.
    Silent,
    /// Where it is, after the deal if there was one: its lots are right.
    Known,
    /// Something that may be older than the deal: it must be asked.
    Unclear,
    /// That it has left.
    Gone,
}

/// Whose words are awaited.
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
    /// Hears an incoming order: introduces it to the best, or seats it and hears the next.
    #[inline(always)]
    pub(super) fn hear(&mut self, pid: Pid, presence: &Presence, out: &mut Out<Party>) {
        if !self.is_introduced(pid, presence, out) {
            self.walk = None;
            if !self.waiting.is_empty() {
                self.hear_waiting(out);
            }
        }
    }

    /// Hears those who wait, until one is introduced to somebody.
    #[cold]
    pub(super) fn hear_waiting(&mut self, out: &mut Out<Party>) {
        while let Some((_, next)) = self.waiting.pop_first() {
            if self.is_introduced(next.pid, &next.presence, out) {
                return;
            }
        }
    }

    /// Introduces an incoming order to the best that it could deal with; seats it if there is nobody: false.
    /// What it said is lent: most need no more than a seat, and who is introduced is copied into its walk.
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

    /// Nobody is left to deal with: the incoming order rests, or hears that it may not.
    #[inline(always)]
    fn end_walk(&mut self, pid: Pid, presence: &Presence, out: &mut Out<Party>) {
        match presence.time_in_force {
            // It has ended, and its word of that is on its way.
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
            self.queried.remove(&maker.1); // its answer may come before it hears of this
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
            return; // its end, or a later life's word, tells more
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
            // Filled in an introduction of a former life of ours: it is gone.
            None if open.is_zero() => self.doubt(true, false, out),
            _ => {} // not of this introduction
        }
    }

    /// An incoming order of a former life of ours has ended its deal.
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

    /// Takes what was dealt off the maker's lots. False if nothing is left: it must have left, or more
    /// has happened to it than that.
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

    // ---- in doubt

    /// Asks those who are there still, and waits for their words.
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

    /// Walks on once all words are there.
    fn end_doubt(&mut self, out: &mut Out<Party>) {
        match &self.walk {
            Some(walk) if walk.awaited == Some(Awaited::default()) => {
                let clear = walk.maker_is != Maker::Unclear;
                if clear { self.walk_on(out) } else { self.doubt(true, false, out) }
            }
            _ => {}
        }
    }

    /// The incoming order speaks unasked: it has been changed, or is back from a death.
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
            // The maker may hold the other end of a deal in which it died.
            self.doubt(true, true, out);
        }
    }

    /// The maker speaks unasked: it has been changed, or is back from a death.
    #[cold]
    pub(super) fn on_maker_again(&mut self, pid: Pid, presence: &Presence, out: &mut Out<Party>) {
        let Some(walk) = &mut self.walk else { return };
        let is_back = walk.maker.0 != pid;
        if walk.maker_is == Maker::Known && !is_back {
            return self.rest(pid, presence, out); // newer than what we know
        }
        walk.maker.0 = pid;
        walk.maker_is = Maker::Unclear;
        if is_back {
            self.count_death(out);
            // The incoming order may be in doubt of a deal with its former life.
            self.doubt(true, true, out);
        }
    }

    /// A maker has died in an introduction. After the third one it is the incoming order that is given up, and not the
    /// makers: its supervisor will say so, as of any other, and the walk waits for that.
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

    /// True if this is an answer to the question of the introduction that is open.
    pub(super) fn answers_walk(&self, pid: Pid, order: OrderId, number: u32) -> bool {
        self.walk.as_ref().is_some_and(|walk| {
            let asked = pid == walk.incoming.pid || pid == walk.maker.0;
            asked && walk.is_about(order) && number == walk.introduction
        })
    }

    /// One of the two says, asked, where it is.
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

    /// One of the two has left.
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
            // Filled by this very incoming order: that one will speak.
            None if !is_incoming && introduction == walk.introduction => return,
            None => return self.doubt(is_incoming, !is_incoming, out),
        }
        self.end_doubt(out);
    }
}
