//! The order's protocol in a deal, and at its end.

use kernel::Pid;
use market::Hold;
use protocol::{Busy, Deal, Fact, Reason, Say, TimeInForce};
use units::{Lots, Price};

use super::{Order, Phase, Wish};
use crate::answer::Answer;

impl Order {
    pub(super) fn on_propose(
        &mut self,
        from: Pid,
        deal: Deal,
        introduction: u32,
        price: Price,
        lots: Lots,
        out: &mut Answer,
    ) -> &'static str {
        let would = self.phase == Phase::Free
            && self.presence.side.accepts(self.presence.price, price)
            && self.is_fresh(introduction);
        let lots = lots.min(self.presence.open);
        match self.note {
            _ if would && lots > Lots::ZERO => {}
            Some(hold) if hold.deal == deal && self.phase == Phase::Accepted => {
                out.says(from, Say::Accept { deal, lots: hold.lots });
                return "accepts again";
            }
            _ => {
                out.says(from, Say::Decline { deal });
                return "declines";
            }
        }
        self.hold(lots, Phase::Accepted);
        self.introduction = introduction;
        self.write(Some(Hold { deal, lots, partner: from }), out);
        self.watch(Some(from), out);
        out.says(from, Say::Accept { deal, lots });
        "accepts"
    }

    pub(super) fn on_accept(
        &mut self,
        from: Pid,
        deal: Deal,
        lots: Lots,
        out: &mut Answer,
    ) -> Option<&'static str> {
        if self.proposed() == Some(deal.number) && self.made(&deal) {
            if lots == Lots::ZERO || lots > self.held {
                return None; // nobody accepts what was not offered
            }
            self.presence.open = self.presence.open + self.held - lots;
            self.held = lots;
            self.phase = Phase::Closing;
            self.watch(None, out);
            self.write(Some(Hold { deal, lots, partner: from }), out);
            self.ask_ledger(out);
            return Some("has it recorded");
        }
        let closing = self.note.is_some_and(|hold| hold.deal == deal);
        if self.made(&deal) && !closing {
            out.says(from, Say::Withdraw { deal });
            return Some("withdraws");
        }
        Some("is accepted too late")
    }

    pub(super) fn on_verdict(
        &mut self,
        deal: Deal,
        traded: bool,
        out: &mut Answer,
    ) -> &'static str {
        let Some(hold) = self.note.filter(|hold| hold.deal == deal) else { return "knew that" };
        match self.phase {
            Phase::InDoubt => self.settle_as_taker(traded, out),
            Phase::Settling => {
                self.watch(None, out);
                self.write(None, out);
                self.phase = Phase::Recalling;
                self.ask_ledger(out);
                "recalls once settled"
            }
            Phase::Closing => {
                self.watch(None, out);
                self.write(None, out);
                self.free(traded);
                let end = if traded { Say::Complete { deal } } else { Say::Withdraw { deal } };
                out.says(hold.partner, end);
                if !traded {
                    self.pass(out);
                }
                if self.done == self.size {
                    self.leave(self.introduction, out);
                    return "is filled as maker";
                }
                self.after_deal(out);
                if traded { "trades as maker" } else { "hears as maker that it is void" }
            }
            _ => "knew that",
        }
    }

    pub(super) fn on_end(&mut self, deal: Deal, traded: bool, out: &mut Answer) -> &'static str {
        let waits = matches!(self.phase, Phase::Accepted | Phase::InDoubt);
        if waits && self.note.is_some_and(|hold| hold.deal == deal) {
            return self.settle_as_taker(traded, out);
        }
        "knew that"
    }

    fn settle_as_taker(&mut self, traded: bool, out: &mut Answer) -> &'static str {
        let dealt = if traded { self.held } else { Lots::ZERO };
        self.watch(None, out);
        self.write(None, out);
        self.free(traded);
        let (order, introduction, open) = (self.id, self.introduction, self.presence.open);
        out.says(self.floor, Say::Next { order, introduction, dealt, open });
        if self.done == self.size {
            out.ends();
            return "is filled as taker";
        }
        self.after_deal(out);
        if traded { "trades as taker" } else { "hears as taker that it is void" }
    }

    pub(super) fn on_down(&mut self, out: &mut Answer) -> &'static str {
        self.watches = None; // used up
        match self.phase {
            Phase::Proposed => {
                self.take_back(out);
                "takes its proposal back"
            }
            Phase::Accepted => {
                self.phase = Phase::InDoubt;
                self.ask_ledger(out);
                "is in doubt"
            }
            _ => {
                self.ask_ledger(out);
                "asks again"
            }
        }
    }

    // ---- what the owner wants, now or after the deal

    pub(super) fn take(&mut self, wish: Wish, out: &mut Answer) -> &'static str {
        if self.phase == Phase::Free {
            return self.carry_out(wish, out);
        }
        if self.wish.is_none() || wish == Wish::Cancel {
            self.wish = Some(wish);
        }
        "will see to that"
    }

    fn carry_out(&mut self, wish: Wish, out: &mut Answer) -> &'static str {
        let order = self.id;
        match wish {
            Wish::Quiet if self.presence.stands == TimeInForce::GoodTillCancel => "rests",
            Wish::Cancel | Wish::Quiet => {
                let (cancelled, unmatched) = (Reason::Cancelled, Reason::Unmatched);
                let reason = if wish == Wish::Cancel { cancelled } else { unmatched };
                out.records(Fact::Left { order, lots: self.presence.open, reason });
                self.leave(0, out);
                "leaves"
            }
            Wish::Replace(_, _, _, lots) if lots <= self.done => "has traded more than that",
            Wish::Replace(ask, client, price, lots) => {
                if price != self.presence.price || lots > self.size {
                    self.presence.place = ask;
                }
                (self.presence.price, self.size) = (price, lots);
                self.presence.open = Lots(lots.0 - self.done.0);
                let place = self.presence.place;
                out.records(Fact::Replaced { order, client, price, lots, place });
                out.says(self.floor, Say::Announce(self.presence));
                "is replaced"
            }
        }
    }

    pub(super) fn after_deal(&mut self, out: &mut Answer) {
        if let Some(introduction) = self.word.take() {
            self.give_word(introduction, out);
        }
        if let Some(wish) = self.wish.take() {
            self.carry_out(wish, out);
        }
    }

    // ---- what several answers have in common

    pub(super) fn give_word(&mut self, introduction: u32, out: &mut Answer) {
        self.introduction = introduction;
        out.says(self.floor, Say::Here { presence: self.presence, introduction });
    }

    pub(super) fn watch(&mut self, who: Option<Pid>, out: &mut Answer) {
        if let Some(old) = std::mem::replace(&mut self.watches, who) {
            out.unwatches(old);
        }
        if let Some(new) = who {
            out.watches(new);
        }
    }

    pub(super) fn write(&mut self, note: Option<Hold>, out: &mut Answer) {
        self.note = note;
        out.notes(note);
    }

    pub(super) fn hold(&mut self, lots: Lots, phase: Phase) {
        self.presence.open -= lots;
        (self.held, self.phase) = (lots, phase);
    }

    fn free(&mut self, traded: bool) {
        let to = if traded { &mut self.done } else { &mut self.presence.open };
        *to += self.held;
        (self.held, self.phase) = (Lots::ZERO, Phase::Free);
    }

    pub(super) fn take_back(&mut self, out: &mut Answer) {
        self.watch(None, out);
        self.free(false);
        self.pass(out);
        self.after_deal(out);
    }

    fn pass(&self, out: &mut Answer) {
        let (introduction, open) = (self.introduction, self.presence.open);
        out.says(self.floor, Say::Pass { introduction, open, ask: Busy::Newcomer });
    }

    pub(super) fn leave(&mut self, introduction: u32, out: &mut Answer) {
        out.says(self.floor, Say::Leave { order: self.id, introduction });
        out.ends();
    }

    pub(super) fn ask_ledger(&mut self, out: &mut Answer) {
        self.watch(Some(self.ledger), out);
        let (order, price) = (self.id, self.presence.price);
        let question = match (self.phase, self.note) {
            (Phase::Closing, Some(Hold { deal, lots, .. })) => Say::Record { deal, price, lots },
            (Phase::InDoubt | Phase::Settling, Some(Hold { deal, .. })) => {
                Say::Settle { deal, order }
            }
            _ => Say::Recall { order },
        };
        self.peers.asked = Some(question);
        out.says(self.ledger, question);
    }
}
