//! The order's protocol in a deal, and at its end.

use kernel::Pid;
use market::Hold;
use protocol::{Busy, CancelReason, Deal, Fact, Message, TimeInForce};
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
        quantity: Lots,
        out: &mut Answer,
    ) -> &'static str {
        let would = self.phase == Phase::Free
            && self.presence.side.accepts(self.presence.price, price)
            && self.is_fresh(introduction);
        let quantity = quantity.min(self.presence.open);
        match self.note {
            _ if would && quantity > Lots::ZERO => {}
            Some(hold) if hold.deal == deal && self.phase == Phase::Accepted => {
                out.says(from, Message::Accept { deal, quantity: hold.quantity });
                return "accepts again";
            }
            _ => {
                out.says(from, Message::Decline { deal });
                return "declines";
            }
        }
        self.hold(quantity, Phase::Accepted);
        self.introduction = introduction;
        self.write(Some(Hold { deal, quantity, partner: from }), out);
        self.watch(Some(from), out);
        out.says(from, Message::Accept { deal, quantity });
        "accepts"
    }

    pub(super) fn on_accept(
        &mut self,
        from: Pid,
        deal: Deal,
        quantity: Lots,
        out: &mut Answer,
    ) -> Option<&'static str> {
        if self.proposed() == Some(deal.number) && self.made(&deal) {
            if quantity == Lots::ZERO || quantity > self.held {
                return None; // an order accepts only an offer
            }
            self.presence.open = self.presence.open + self.held - quantity;
            self.held = quantity;
            self.phase = Phase::Closing;
            self.watch(None, out);
            self.write(Some(Hold { deal, quantity, partner: from }), out);
            self.query_ledger(out);
            return Some("has it recorded");
        }
        let closing = self.note.is_some_and(|hold| hold.deal == deal);
        if self.made(&deal) && !closing {
            out.says(from, Message::Withdraw { deal });
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
            Phase::InDoubt => self.resolve_as_taker(traded, out),
            Phase::Resolving => {
                self.watch(None, out);
                self.write(None, out);
                self.phase = Phase::Recalling;
                self.query_ledger(out);
                "restores once resolved"
            }
            Phase::Closing => {
                self.watch(None, out);
                self.write(None, out);
                self.free(traded);
                let end =
                    if traded { Message::Complete { deal } } else { Message::Withdraw { deal } };
                out.says(hold.partner, end);
                if !traded {
                    self.pass(out);
                }
                if self.filled == self.size {
                    self.leave(self.introduction, out);
                    return "is filled as maker";
                }
                self.after_deal(out);
                if traded { "trades as maker" } else { "is voided as maker" }
            }
            _ => "knew that",
        }
    }

    pub(super) fn on_end(&mut self, deal: Deal, traded: bool, out: &mut Answer) -> &'static str {
        let waits = matches!(self.phase, Phase::Accepted | Phase::InDoubt);
        if waits && self.note.is_some_and(|hold| hold.deal == deal) {
            return self.resolve_as_taker(traded, out);
        }
        "knew that"
    }

    fn resolve_as_taker(&mut self, traded: bool, out: &mut Answer) -> &'static str {
        let dealt = if traded { self.held } else { Lots::ZERO };
        self.watch(None, out);
        self.write(None, out);
        self.free(traded);
        let (order, introduction, open) = (self.id, self.introduction, self.presence.open);
        out.says(self.floor, Message::Next { order, introduction, dealt, open });
        if self.filled == self.size {
            out.ends();
            return "is filled as taker";
        }
        self.after_deal(out);
        if traded { "trades as taker" } else { "is voided as taker" }
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
                self.query_ledger(out);
                "is in doubt"
            }
            _ => {
                self.query_ledger(out);
                "asks again"
            }
        }
    }

    // ---- commands, now or after the deal

    pub(super) fn take(&mut self, wish: Wish, out: &mut Answer) -> &'static str {
        if self.phase == Phase::Free {
            return self.carry_out(wish, out);
        }
        if self.wish.is_none() || wish == Wish::Cancel {
            self.wish = Some(wish);
        }
        "postpones the command"
    }

    fn carry_out(&mut self, wish: Wish, out: &mut Answer) -> &'static str {
        let order = self.id;
        match wish {
            Wish::Quiet if self.presence.time_in_force == TimeInForce::GoodTillCancel => "rests",
            Wish::Cancel | Wish::Quiet => {
                let (cancelled, unmatched) = (CancelReason::Requested, CancelReason::Unmatched);
                let reason = if wish == Wish::Cancel { cancelled } else { unmatched };
                out.records(Fact::Cancelled { order, quantity: self.presence.open, reason });
                self.leave(0, out);
                "leaves"
            }
            Wish::Replace(_, _, _, quantity) if quantity <= self.filled => {
                "has traded more than that"
            }
            Wish::Replace(command, client, price, quantity) => {
                if price != self.presence.price || quantity > self.size {
                    self.presence.priority = command;
                }
                (self.presence.price, self.size) = (price, quantity);
                self.presence.open = Lots(quantity.0 - self.filled.0);
                let priority = self.presence.priority;
                out.records(Fact::Replaced { order, client, price, quantity, priority });
                out.says(self.floor, Message::Announce(self.presence));
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
        out.says(self.floor, Message::State { presence: self.presence, introduction });
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

    pub(super) fn hold(&mut self, quantity: Lots, phase: Phase) {
        self.presence.open -= quantity;
        (self.held, self.phase) = (quantity, phase);
    }

    fn free(&mut self, traded: bool) {
        let to = if traded { &mut self.filled } else { &mut self.presence.open };
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
        out.says(self.floor, Message::Pass { introduction, open, busy: Busy::Incoming });
    }

    pub(super) fn leave(&mut self, introduction: u32, out: &mut Answer) {
        out.says(self.floor, Message::Leave { order: self.id, introduction });
        out.ends();
    }

    pub(super) fn query_ledger(&mut self, out: &mut Answer) {
        self.watch(Some(self.ledger), out);
        let (order, price) = (self.id, self.presence.price);
        let question = match (self.phase, self.note) {
            (Phase::Closing, Some(Hold { deal, quantity, .. })) => {
                Message::Record { deal, price, quantity }
            }
            (Phase::InDoubt | Phase::Resolving, Some(Hold { deal, .. })) => {
                Message::Resolve { deal, order }
            }
            _ => Message::Restore { order },
        };
        self.peers.asked = Some(question);
        out.says(self.ledger, question);
    }
}
