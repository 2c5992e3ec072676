//! The floor of one market: it introduces its orders to each other, best price first, then
//! earliest place, one newcomer at a time and one resting order at a time.
//!
//! It introduces; it never trades and holds no lots. What it knows of an order is what that order
//! said, so it can always be told again: after a death it asks everybody before it hears a newcomer.

mod gather;

use std::collections::BTreeMap;

use kernel::{Event, Out, Pid};
use units::{AskId, Lots, MarketId, OrderId, Price, Side};
use words::{Busy, Fact, Presence, Say, TimeInForce};

use crate::Party;
use crate::ladder::{Ladder, Seats};
use gather::Gathering;

/// A market's floor.
#[derive(Clone, Debug)]
pub struct Floor {
    market: MarketId,
    seats: Seats,
    bids: Ladder,
    asks: Ladder,
    /// Newcomers that wait to be heard, by place.
    waiting: BTreeMap<AskId, Newcomer>,
    /// The one that is being heard.
    walk: Option<Walk>,
    introductions: u32,
    gathering: Option<Gathering>,
}

#[derive(Clone, Copy, Debug)]
struct Newcomer {
    pid: Pid,
    presence: Presence,
}

/// A newcomer on its way along the other side.
#[derive(Clone, Copy, Debug)]
struct Walk {
    newcomer: Newcomer,
    /// To whom it is introduced now, under the number of the last introduction.
    maker: Option<(Pid, OrderId)>,
    /// The newcomer has died and come back since: now the maker's word is awaited.
    came_back: bool,
    /// The maker was filled and has left: now the newcomer's word is awaited.
    maker_left: bool,
}

impl Floor {
    pub(crate) fn new(market: MarketId) -> Floor {
        Floor {
            market,
            seats: Seats::default(),
            bids: Ladder::new(Side::Buy),
            asks: Ladder::new(Side::Sell),
            waiting: BTreeMap::new(),
            walk: None,
            introductions: 0,
            gathering: Some(Gathering::default()),
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
    fn ladder(&mut self, side: Side) -> (&mut Ladder, &mut Seats) {
        match side {
            Side::Buy => (&mut self.bids, &mut self.seats),
            Side::Sell => (&mut self.asks, &mut self.seats),
        }
    }

    /// True if no introduction is open, nobody waits to be heard, and everybody has been gathered.
    pub fn is_quiet(&self) -> bool {
        self.walk.is_none() && self.waiting.is_empty() && self.gathering.is_none()
    }

    /// Newcomers that wait to be heard.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The orders that rest on a side, best price first, then earliest place: number, price, lots. O(resting).
    pub fn resting(&self, side: Side) -> Vec<(OrderId, Price, Lots)> {
        let mut rows = Vec::new();
        for (price, _) in self.side(side).levels() {
            rows.extend(
                self.side(side).queue(&self.seats, price).map(|s| (s.order, price, s.lots)),
            );
        }
        rows
    }

    /// Asks the processor to fetch what the floor knows of an order soon. No effect but on time.
    #[inline(always)]
    pub fn warm(&self, order: Pid) {
        self.seats.warm(order.index());
    }

    #[inline(always)]
    pub(crate) fn handle(&mut self, event: Event<Say>, out: &mut Out<Party>) {
        match event {
            Event::Message { from, message } => self.on_message(from, message, out),
            Event::Start => self.begin_gathering(out),
            Event::Down { .. } => self.begin_gathering(out), // the ledger died while it told us who is there
            Event::Exit { .. } | Event::Timer { .. } => {}
        }
    }

    #[inline(always)]
    fn on_message(&mut self, from: Pid, message: Say, out: &mut Out<Party>) {
        if self.gathering.is_some() {
            return self.on_message_while_gathering(from, message, out);
        }
        match message {
            Say::Announce(presence) => self.on_announce(from, presence, out),
            Say::Leave { order, introduction } => self.on_leave(from, order, introduction, out),
            Say::Next { order, introduction, dealt, open } => {
                self.on_next(order, introduction, dealt, open, out);
            }
            Say::Pass { introduction, open, ask } => {
                self.on_pass(from, introduction, open, ask, out)
            }
            Say::Suspend { order } => self.on_suspend(order, out),
            // Late words of a gathering that was begun again.
            Say::Listed { .. } | Say::ListedAll => {}
            // Nobody says these to a floor.
            Say::Enter { .. }
            | Say::Cancel { .. }
            | Say::Replace { .. }
            | Say::Introduce { .. }
            | Say::Quiet
            | Say::Gather
            | Say::Propose { .. }
            | Say::Accept { .. }
            | Say::Decline { .. }
            | Say::Complete { .. }
            | Say::Withdraw { .. }
            | Say::Record { .. }
            | Say::Settle { .. }
            | Say::Recorded { .. }
            | Say::Voided { .. }
            | Say::Recall { .. }
            | Say::Recalled { .. }
            | Say::Unknown
            | Say::Roll { .. } => {}
        }
    }

    // ---- what orders say

    #[inline(always)]
    fn on_announce(&mut self, pid: Pid, presence: Presence, out: &mut Out<Party>) {
        if let Some(walk) = &mut self.walk
            && walk.newcomer.presence.order == presence.order
        {
            return self.on_newcomer_again(pid, presence, out);
        }
        if let Some(seat) = self.seats.of(pid, presence.order) {
            if (seat.place, seat.price) == (presence.place, presence.price) {
                return self.on_resting_again(pid, presence, out);
            }
            self.unseat(pid, presence.order);
        }
        let newcomer = Newcomer { pid, presence };
        if self.walk.is_none() {
            self.hear(newcomer, out);
        } else {
            self.waiting.retain(|_, other| other.presence.order != presence.order);
            self.waiting.insert(presence.place, newcomer);
        }
    }

    /// The newcomer says where it is: it is back from a death, was asked, or has been replaced.
    fn on_newcomer_again(&mut self, pid: Pid, presence: Presence, out: &mut Out<Party>) {
        let Some(walk) = &mut self.walk else { return };
        let new_life = walk.newcomer.pid != pid;
        walk.newcomer = Newcomer { pid, presence };
        match walk.maker {
            // It may have died in a deal of which the maker still holds the other end.
            Some((maker, _)) if new_life && !walk.maker_left => {
                walk.came_back = true;
                out.send(maker, Say::Gather);
            }
            _ => self.walk_on(out),
        }
    }

    /// One who rests says where it is: it is back from a death, was asked, or shows fewer lots.
    fn on_resting_again(&mut self, pid: Pid, presence: Presence, out: &mut Out<Party>) {
        let seat = self.seats.get_mut(pid.index()).expect("its seat was just looked up");
        let new_life = seat.generation != pid.generation();
        seat.generation = pid.generation();
        self.show(presence.side, pid, presence.open);
        if let Some(walk) = &self.walk
            && let Some((_, maker)) = walk.maker
            && maker == presence.order
        {
            if new_life && !walk.came_back {
                // The newcomer may be in doubt of a deal with its former life.
                out.send(walk.newcomer.pid, Say::Gather);
            } else {
                self.walk_on(out);
            }
        }
    }

    #[inline(always)]
    fn on_leave(&mut self, pid: Pid, order: OrderId, introduction: u32, out: &mut Out<Party>) {
        self.unseat(pid, order);
        let Some(walk) = &mut self.walk else { return };
        if walk.newcomer.presence.order == order {
            self.walk = None;
            return self.hear_next(out);
        }
        match walk.maker {
            Some((_, maker)) if maker == order => {
                // Filled by this very newcomer: that one will speak, unless it has died and come back.
                if introduction == self.introductions && !walk.came_back {
                    walk.maker_left = true;
                } else {
                    self.walk_on(out);
                }
            }
            _ => {
                if !self.waiting.is_empty() {
                    self.waiting.retain(|_, other| other.presence.order != order);
                }
            }
        }
    }

    #[inline(always)]
    fn on_next(
        &mut self,
        order: OrderId,
        introduction: u32,
        dealt: Lots,
        open: Lots,
        out: &mut Out<Party>,
    ) {
        match &mut self.walk {
            Some(walk) if walk.newcomer.presence.order == order => {
                walk.newcomer.presence.open = open;
                if introduction == self.introductions {
                    self.show_rest(dealt);
                    self.walk_on(out);
                } else if open.is_zero() {
                    self.walk_on(out); // filled in an introduction that was given up: it is gone
                }
            }
            _ if open.is_zero() => self.waiting.retain(|_, other| other.presence.order != order),
            _ => {} // of an introduction that is over
        }
    }

    /// Takes what was dealt off the maker's lots, unless it has come back and said itself what it has left.
    #[inline(always)]
    fn show_rest(&mut self, dealt: Lots) {
        if let Some((maker, order)) = self.walk.and_then(|walk| walk.maker)
            && let Some(seat) = self.seats.of(maker, order)
            && seat.generation == maker.generation()
        {
            let (side, left) = (seat.side, Lots(seat.lots.0.saturating_sub(dealt.0)));
            self.show(side, maker, left);
        }
    }

    /// Lots that an order shows from now on; with none it is off the floor.
    #[inline(always)]
    fn show(&mut self, side: Side, pid: Pid, lots: Lots) {
        let (ladder, seats) = self.ladder(side);
        if lots.is_zero() {
            ladder.remove(seats, pid.index());
        } else {
            ladder.set_lots(seats, pid.index(), lots);
        }
    }

    fn on_pass(
        &mut self,
        pid: Pid,
        introduction: u32,
        open: Lots,
        ask: Busy,
        out: &mut Out<Party>,
    ) {
        let Some(walk) = &self.walk else { return };
        let Some((maker, order)) = walk.maker else { return };
        if introduction != self.introductions || maker != pid {
            return;
        }
        let came_back = walk.came_back;
        let newcomer = walk.newcomer.pid;
        match ask {
            Busy::Maker => out.send(maker, Say::Gather),
            Busy::Newcomer if came_back => self.walk_on(out),
            Busy::Newcomer => {
                if let Some(seat) = self.seats.of(maker, order) {
                    self.show(seat.side, maker, open);
                }
                out.send(newcomer, Say::Gather);
            }
        }
    }

    fn on_suspend(&mut self, order: OrderId, out: &mut Out<Party>) {
        out.record(Fact::Suspended { order });
        if let Some((index, side)) = self.seats.find(order) {
            let (ladder, seats) = self.ladder(side);
            ladder.remove(seats, index);
        }
        self.waiting.retain(|_, other| other.presence.order != order);
        let Some(walk) = &self.walk else { return };
        if walk.newcomer.presence.order == order {
            self.walk = None;
            self.hear_next(out);
        } else if walk.maker.is_some_and(|(_, maker)| maker == order) {
            if walk.came_back {
                self.walk_on(out);
            } else {
                out.send(walk.newcomer.pid, Say::Gather);
            }
        }
    }

    // ---- the walk

    #[inline(always)]
    fn hear(&mut self, newcomer: Newcomer, out: &mut Out<Party>) {
        self.walk = Some(Walk { newcomer, maker: None, came_back: false, maker_left: false });
        self.walk_on(out);
    }

    fn hear_next(&mut self, out: &mut Out<Party>) {
        if let Some((_, newcomer)) = self.waiting.pop_first() {
            self.hear(newcomer, out);
        }
    }

    /// The last introduction is over: the newcomer is introduced to the next one, or its walk ends
    /// and the next newcomer is heard.
    #[inline(always)]
    fn walk_on(&mut self, out: &mut Out<Party>) {
        while let Some(walk) = &mut self.walk {
            (walk.maker, walk.came_back, walk.maker_left) = (None, false, false);
            let Newcomer { pid, presence } = walk.newcomer;
            if !presence.open.is_zero() {
                if let Some((best, index)) = self.side(presence.side.opposite()).first()
                    && presence.side.accepts(presence.price, best)
                {
                    return self.introduce(index, out);
                }
                self.end_walk(pid, presence, out);
            }
            let next = if self.waiting.is_empty() { None } else { self.waiting.pop_first() };
            self.walk = next.map(|(_, newcomer)| Walk {
                newcomer,
                maker: None,
                came_back: false,
                maker_left: false,
            });
        }
    }

    /// Nobody is left to deal with: the newcomer rests, or hears that it may not.
    #[inline(always)]
    fn end_walk(&mut self, pid: Pid, presence: Presence, out: &mut Out<Party>) {
        let Presence { order, place, side, price, open, stands } = presence;
        match stands {
            TimeInForce::GoodTillCancel => {
                let (ladder, seats) = self.ladder(side);
                ladder.add(seats, pid, (order, place, price, open));
            }
            TimeInForce::ImmediateOrCancel => out.send(pid, Say::Quiet),
        }
    }

    #[inline(always)]
    fn introduce(&mut self, index: usize, out: &mut Out<Party>) {
        let seat = self.seats.get(index).expect("whoever is first on a ladder has a seat");
        let maker = seat.pid(index);
        let maker_order = seat.order;
        self.introductions = self.introductions.wrapping_add(1).max(1);
        let introduction = self.introductions;
        let Some(walk) = &mut self.walk else { return };
        walk.maker = Some((maker, maker_order));
        let Presence { order, price, open: lots, .. } = walk.newcomer.presence;
        let newcomer = walk.newcomer.pid;
        out.send(maker, Say::Introduce { introduction, newcomer, order, price, lots });
    }

    #[inline(always)]
    fn unseat(&mut self, pid: Pid, order: OrderId) {
        if let Some(seat) = self.seats.of(pid, order) {
            let side = seat.side;
            let (ladder, seats) = self.ladder(side);
            ladder.remove(seats, pid.index());
        }
    }
}
