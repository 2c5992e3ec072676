//! A floor during an introduction: a fault in one of the two orders raises a doubt, which the answers of the orders
//! in doubt end. An incoming order is suspended after makers have died in three of its introductions.

use kernel::{Control, Pid};
use market::ALLOWED_RESTARTS;
use protocol::{Busy, Message};
use units::{Lots, OrderId};

use super::{Floor, Told};
use crate::answer::Answer;

/// This many makers' deaths within a second suspend the incoming order.
const DEATHS: u32 = ALLOWED_RESTARTS.times;

/// What the maker has said since it was introduced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Maker {
    Silent,
    /// Where it is, after the deal if there was one.
    Known,
    /// What may be older than the deal.
    Unclear,
    Gone,
}

/// The orders whose answers are awaited.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Doubt {
    maker: bool,
    incoming: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    pub(super) incoming: Told,
    pub(super) maker: (Pid, OrderId),
    introduction: u32,
    maker_is: Maker,
    doubt: Option<Doubt>,
}

/// The last incoming order in whose introductions a maker has died.
#[derive(Clone, Copy, Debug)]
pub(super) struct Suspect {
    order: OrderId,
    deaths: u32,
    introduction: u32,
    since: u64,
}

impl Walk {
    pub(super) fn new(incoming: Told, maker: (Pid, OrderId), introduction: u32) -> Walk {
        Walk { incoming, maker, introduction, maker_is: Maker::Silent, doubt: None }
    }

    pub(super) fn is_about(&self, order: OrderId) -> bool {
        self.incoming.presence.order == order || self.maker.1 == order
    }

    /// The incoming order and the maker.
    pub(super) fn of(&self) -> (OrderId, OrderId) {
        (self.incoming.presence.order, self.maker.1)
    }

    pub(super) fn is_in_doubt(&self) -> bool {
        self.doubt.is_some()
    }
}

impl Floor {
    fn walk_on(&mut self, out: &mut Answer) {
        if let Some(walk) = self.walk {
            self.hear(walk.incoming, out);
        }
    }

    fn doubt(&mut self, maker: bool, incoming: bool, out: &mut Answer) {
        let Some(walk) = &mut self.walk else { return };
        let introduction = walk.introduction;
        let mut doubt = walk.doubt.unwrap_or_default();
        if maker && walk.maker_is != Maker::Gone {
            doubt.maker = true;
            out.says(walk.maker.0, Message::QueryState { introduction });
        }
        if incoming && walk.incoming.presence.open > Lots::ZERO {
            doubt.incoming = true;
            out.says(walk.incoming.pid, Message::QueryState { introduction });
        }
        walk.doubt = Some(doubt);
        self.settle(out);
    }

    fn settle(&mut self, out: &mut Answer) {
        match self.walk {
            Some(walk) if walk.doubt == Some(Doubt::default()) => match walk.maker_is {
                Maker::Unclear => self.doubt(true, false, out),
                _ => self.walk_on(out),
            },
            _ => {}
        }
    }

    /// What has become of a walk that was in doubt.
    fn after_doubt(&self, introduction: u32) -> &'static str {
        match self.walk {
            Some(walk) if walk.introduction == introduction => "waits for another answer",
            _ => "goes on without a doubt",
        }
    }

    pub(super) fn on_next(
        &mut self,
        pid: Pid,
        order: OrderId,
        introduction: u32,
        dealt: Lots,
        open: Lots,
        out: &mut Answer,
    ) -> &'static str {
        if open > Lots::ZERO && self.is_taken_over(pid) {
            return "knows a later life";
        }
        let walk = self.walk.as_mut().filter(|walk| walk.incoming.presence.order == order);
        let Some(walk) = walk else { return self.on_late_next(pid, order, open, out) };
        walk.incoming.presence.open = open;
        let is_its = introduction == walk.introduction;
        let (of, maker_is, maker) = (walk.introduction, walk.maker_is, walk.maker.1);
        match &mut walk.doubt {
            Some(doubt) if is_its || open == Lots::ZERO => {
                doubt.incoming = false;
                self.settle(out);
                return self.after_doubt(of);
            }
            None if is_its => {}
            None if open == Lots::ZERO => {
                self.doubt(true, false, out);
                return "knows that";
            }
            _ => return "knows that",
        }
        let left = self
            .resting_orders
            .get(&maker)
            .map_or(0, |s| s.presence.open.0.saturating_sub(dealt.0));
        match maker_is {
            Maker::Silent if left > 0 => self.show(maker, Lots(left)),
            Maker::Gone | Maker::Known => {}
            Maker::Silent | Maker::Unclear => {
                self.doubt(true, false, out);
                return "queries the maker";
            }
        }
        self.walk_on(out);
        "goes on"
    }

    /// A deal that a former life of the floor has brought about.
    fn on_late_next(
        &mut self,
        pid: Pid,
        order: OrderId,
        open: Lots,
        out: &mut Answer,
    ) -> &'static str {
        if open == Lots::ZERO {
            return self.on_leave(pid, order, 0, out);
        }
        if let Some(told) = self.waiting.values_mut().find(|told| told.presence.order == order) {
            told.presence.open = open;
        } else if let Some(walk) = self.walk.as_mut().filter(|walk| walk.maker.1 == order) {
            walk.maker_is = Maker::Unclear;
        } else if self
            .resting_orders
            .get(&order)
            .is_some_and(|resting| resting.pid.index() == pid.index())
        {
            self.query_state(pid, order, out);
        }
        "knows that"
    }

    pub(super) fn on_pass(
        &mut self,
        pid: Pid,
        introduction: u32,
        open: Lots,
        command: Busy,
        out: &mut Answer,
    ) -> &'static str {
        let Some(walk) = &mut self.walk else { return "has gone on" };
        let is_its = walk.introduction == introduction && walk.maker.0 == pid;
        if !is_its || walk.doubt.is_some() {
            return "has gone on";
        }
        let maker = walk.maker.1;
        if command == Busy::Maker || walk.maker_is == Maker::Unclear {
            self.doubt(true, command == Busy::Incoming, out);
            return "queries a busy maker";
        }
        walk.maker_is = Maker::Known;
        if self.resting_orders.contains_key(&maker) {
            self.show(maker, open);
        }
        self.doubt(false, true, out);
        "queries the incoming order"
    }

    /// The incoming order speaks unasked.
    pub(super) fn on_incoming_again(&mut self, told: Told, out: &mut Answer) -> &'static str {
        let Some(walk) = &mut self.walk else { return "knows that" };
        let is_back = walk.incoming.pid != told.pid;
        walk.incoming = told;
        if !is_back {
            return "takes over what the incoming order is now";
        }
        self.doubt(true, true, out);
        "doubts, for the incoming order is back"
    }

    /// The maker speaks unasked.
    pub(super) fn on_maker_again(&mut self, told: Told, out: &mut Answer) -> &'static str {
        let Some(walk) = &mut self.walk else { return "knows that" };
        let is_back = walk.maker.0 != told.pid;
        if walk.maker_is == Maker::Known && !is_back {
            self.place(told, out);
            return "takes over what the maker is now";
        }
        walk.maker.0 = told.pid;
        walk.maker_is = Maker::Unclear;
        if !is_back {
            return "will query the maker";
        }
        let gives_up = self.count_death(out);
        self.doubt(true, true, out);
        if gives_up { "gives the suspect up" } else { "doubts, for the maker is back" }
    }

    /// Counts a death of a maker once an introduction. True if the incoming order is given up for it.
    fn count_death(&mut self, out: &mut Answer) -> bool {
        let Some(walk) = &self.walk else { return false };
        let (order, introduction) = (walk.incoming.presence.order, walk.introduction);
        let is_of_late =
            |s: &Suspect| s.order == order && self.now - s.since < ALLOWED_RESTARTS.within;
        let new = Suspect { order, deaths: 0, introduction: 0, since: self.now };
        let mut suspect = self.suspect.filter(is_of_late).unwrap_or(new);
        let is_another = suspect.introduction != introduction;
        suspect.introduction = introduction;
        suspect.deaths += u32::from(is_another);
        self.suspect = Some(suspect);
        let gives_up = is_another && suspect.deaths == DEATHS;
        if gives_up {
            out.bids(self.supervisor, Control::GiveUp(order.0));
        }
        gives_up
    }

    pub(super) fn is_word(&self, pid: Pid, order: OrderId, number: u32) -> bool {
        self.walk.is_some_and(|walk| {
            let is_there = pid == walk.incoming.pid || pid == walk.maker.0;
            is_there && walk.is_about(order) && number == walk.introduction
        })
    }

    /// One of the two answers.
    pub(super) fn on_word(&mut self, told: Told, out: &mut Answer) -> &'static str {
        let Some(walk) = &mut self.walk else { return "knows that" };
        let introduction = walk.introduction;
        let mut doubt = walk.doubt.unwrap_or_default();
        if walk.incoming.pid == told.pid {
            walk.incoming = told;
            doubt.incoming = false;
            walk.doubt = Some(doubt);
        } else {
            walk.maker_is = Maker::Known;
            doubt.maker = false;
            walk.doubt = Some(doubt);
            self.place(told, out);
        }
        self.settle(out);
        self.after_doubt(introduction)
    }

    /// One of the two has left.
    pub(super) fn on_gone(&mut self, order: OrderId, by: u32, out: &mut Answer) -> &'static str {
        let Some(walk) = &mut self.walk else { return "forgets it" };
        let introduction = walk.introduction;
        let is_incoming = walk.incoming.presence.order == order;
        if is_incoming {
            walk.incoming.presence.open = Lots::ZERO;
        } else {
            walk.maker_is = Maker::Gone;
        }
        match &mut walk.doubt {
            None if !is_incoming && by == introduction => return "waits for the incoming order",
            None => {
                self.doubt(is_incoming, !is_incoming, out);
                return "doubts, for one has left";
            }
            Some(doubt) if is_incoming => doubt.incoming = false,
            Some(doubt) => doubt.maker = false,
        }
        self.settle(out);
        self.after_doubt(introduction)
    }
}
