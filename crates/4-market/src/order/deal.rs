//! An order's side of a deal: propose, accept, record, complete; and what it does when the other party dies. Each
//! message has one `on_` function; late and duplicate ones change nothing.

use kernel::{Out, Pid};
use protocol::{Busy, Deal, Message};
use units::{Lots, OrderId, Price, limits};

use super::{Hold, Order, Phase, id};
use crate::floor::is_later;
use crate::{LEDGER, Party, floor_of, mutation};

/// The exit reason of a life that has used up its numbers for deals.
const PROPOSALS_ARE_USED_UP: u32 = 1;

/// Ends this life, which has no numbers left for deals. It holds nothing, so nothing is lost: the next life restores
/// the order from the ledger and announces it at its priority, as after any restart.
#[cold]
fn begin_another_life(out: &mut Out<Party>) {
    out.exit(kernel::Reason::Said(PROPOSALS_ARE_USED_UP));
}

impl Order {
    // ---- the maker

    #[inline(always)]
    pub(super) fn on_introduce(
        &mut self,
        introduction: u32,
        incoming: Pid,
        taker: OrderId,
        limit: Price,
        quantity: Lots,
        out: &mut Out<Party>,
    ) {
        if self.phase != Phase::Free {
            return self.pass(introduction, Busy::Maker, out);
        }
        let quantity = quantity.min(self.open);
        if quantity.is_zero() || !self.side.opposite().accepts(limit, self.price) {
            return self.pass(introduction, Busy::Incoming, out);
        }
        if self.proposals >= limits::MAX_PROPOSALS && !mutation::PROPOSES_ON.is_on() {
            return begin_another_life(out);
        }
        if !mutation::NO_HOLD_ON_PROPOSING.is_on() {
            self.open -= quantity;
            self.held = quantity;
            self.phase = Phase::Proposed;
        }
        self.proposals += 1;
        self.introduction = introduction;
        out.monitor(incoming);
        let (incarnation, number) = (life(out), self.proposals);
        let deal = Deal { maker: id(out), taker, incarnation, number };
        out.send(incoming, Message::Propose { deal, introduction, price: self.price, quantity });
    }

    #[cold]
    fn pass(&self, introduction: u32, busy: Busy, out: &mut Out<Party>) {
        let pass = Message::Pass { introduction, open: self.open, busy };
        out.send_to(floor_of(self.market), pass);
    }

    /// True if this deal is the proposal that waits for an answer.
    #[inline(always)]
    fn has_proposed(&self, deal: &Deal, out: &Out<Party>) -> bool {
        (self.phase == Phase::Proposed || mutation::NO_HOLD_ON_PROPOSING.is_on())
            && (deal.maker, deal.incarnation) == (id(out), life(out))
            && deal.number == self.proposals
    }

    #[inline(always)]
    pub(super) fn on_accept(
        &mut self,
        from: Pid,
        deal: Deal,
        quantity: Lots,
        out: &mut Out<Party>,
    ) {
        if !self.has_proposed(&deal, out) {
            return self.withdraw_unknown(from, deal, out);
        }
        let quantity = if mutation::TRUSTS_THE_PROPOSAL.is_on() { self.held } else { quantity };
        if mutation::NO_HOLD_ON_PROPOSING.is_on() {
            (self.open, self.held) = (self.open - quantity, quantity);
        }
        let Some(rest) = self.held.checked_sub(quantity).filter(|_| !quantity.is_zero()) else {
            // More than was proposed, or nothing: not an acceptance.
            out.send(from, Message::Withdraw { deal });
            return self.drop_proposal(out);
        };
        self.open += rest;
        self.held = quantity;
        self.phase = Phase::Closing;
        if mutation::COMMIT_WITHOUT_LEDGER.is_on() {
            return self.resolve_as_maker(deal, from, true, out);
        }
        out.demonitor_all();
        if !mutation::RECORD_BEFORE_LOG.is_on() {
            out.note(Some(Hold { deal, quantity, partner: from }));
        }
        if let Some(ledger) = out.whereis(LEDGER) {
            out.monitor(ledger);
            out.send(ledger, Message::Record { deal, price: self.price, quantity });
        }
        if mutation::DONE_ON_ACCEPT.is_on() {
            out.send(from, Message::Complete { deal });
        }
    }

    /// Answers the acceptance of an unknown deal: one of a former life, or a dropped proposal. This life never asked
    /// the ledger to record it and never will, so a deal of this life is withdrawn. A former life's deal is for the
    /// ledger.
    #[cold]
    fn withdraw_unknown(&mut self, from: Pid, deal: Deal, out: &mut Out<Party>) {
        let closing = out.noted().is_some_and(|hold| hold.deal == deal)
            && !mutation::WITHDRAW_WHILE_CLOSING.is_on();
        if !closing && (deal.maker, deal.incarnation) == (id(out), life(out)) {
            out.send(from, Message::Withdraw { deal });
        }
    }

    pub(super) fn on_decline(&mut self, deal: Deal, out: &mut Out<Party>) {
        if mutation::DECLINE_WHILE_CLOSING.is_on() && self.phase == Phase::Closing {
            out.note(None);
            return self.drop_proposal(out);
        }
        // While closing, a decline comes too late: the acceptance is noted, and the ledger may have recorded the
        // deal.
        if self.has_proposed(&deal, out) {
            self.drop_proposal(out);
        }
    }

    /// Frees the hold of a proposal that was not accepted. It is in no note, so no outcome is awaited.
    fn drop_proposal(&mut self, out: &mut Out<Party>) {
        out.demonitor_all();
        self.free_hold(false);
        self.pass(self.introduction, Busy::Incoming, out);
        self.after_deal(out);
    }

    // ---- the taker

    #[inline(always)]
    pub(super) fn on_propose(
        &mut self,
        from: Pid,
        deal: Deal,
        introduction: u32,
        price: Price,
        quantity: Lots,
        out: &mut Out<Party>,
    ) {
        let would = self.phase == Phase::Free
            && self.side.accepts(self.price, price)
            && !self.is_over(introduction);
        let quantity = if would { quantity.min(self.open) } else { Lots::ZERO };
        if quantity.is_zero() {
            return self.refuse(from, deal, out);
        }
        self.open -= quantity;
        self.held = quantity;
        self.introduction = introduction;
        self.phase = Phase::Accepted;
        if !mutation::ACCEPT_BEFORE_LOG.is_on() {
            out.note(Some(Hold { deal, quantity, partner: from }));
        }
        out.monitor(from);
        out.send(from, Message::Accept { deal, quantity });
    }

    /// True of an introduction that is over for this order: the last one that it dealt in or answered a query about,
    /// those before it, and all of the floor's former lives.
    #[inline(always)]
    fn is_over(&self, introduction: u32) -> bool {
        let over = self.introduction != 0 && !is_later(introduction, self.introduction);
        over && !mutation::FORGOTTEN_INTRODUCTIONS.is_on()
    }

    #[cold]
    fn refuse(&mut self, from: Pid, deal: Deal, out: &mut Out<Party>) {
        match out.noted() {
            // A duplicate of the accepted proposal gets the same answer.
            Some(hold) if hold.deal == deal && self.phase == Phase::Accepted => {
                let quantity = hold.quantity;
                out.send(from, Message::Accept { deal, quantity });
            }
            _ => out.send(from, Message::Decline { deal }),
        }
    }

    /// The maker sends the outcome of the deal.
    #[inline(always)]
    pub(super) fn on_end_from_maker(&mut self, deal: Deal, traded: bool, out: &mut Out<Party>) {
        if matches!(self.phase, Phase::Accepted | Phase::InDoubt)
            && out.noted().is_some_and(|hold| hold.deal == deal)
        {
            self.resolve_as_taker(traded, out);
        }
    }

    // ---- both

    /// The ledger sends the outcome of the deal.
    #[inline(always)]
    pub(super) fn on_verdict(&mut self, deal: Deal, traded: bool, out: &mut Out<Party>) {
        let Some(&Hold { deal: noted, partner, .. }) = out.noted() else { return };
        if noted != deal {
            return; // late or doubled
        }
        match self.phase {
            Phase::Closing => self.resolve_as_maker(deal, partner, traded, out),
            Phase::InDoubt => self.resolve_as_taker(traded, out),
            Phase::Resolving => {
                // Either way the outcome is in the record that is restored next.
                out.demonitor_all();
                out.note(None);
                self.phase = Phase::Restoring;
                self.query_ledger_again(out);
            }
            Phase::New | Phase::Free | Phase::Proposed | Phase::Accepted | Phase::Restoring => {}
        }
    }

    #[cold]
    fn query_ledger_again(&mut self, out: &mut Out<Party>) {
        self.query_ledger(out);
    }

    #[inline(always)]
    fn resolve_as_maker(&mut self, deal: Deal, partner: Pid, traded: bool, out: &mut Out<Party>) {
        out.demonitor_all();
        out.note(None);
        self.free_hold(traded);
        if traded {
            out.send(partner, Message::Complete { deal });
        } else {
            out.send(partner, Message::Withdraw { deal });
            self.pass(self.introduction, Busy::Incoming, out);
        }
        if self.filled == self.size {
            return self.leave(self.introduction, out);
        }
        self.after_deal(out);
    }

    #[inline(always)]
    fn resolve_as_taker(&mut self, traded: bool, out: &mut Out<Party>) {
        out.demonitor_all();
        out.note(None);
        let dealt = if traded { self.held } else { Lots::ZERO };
        self.free_hold(traded);
        let (order, introduction, open) = (id(out), self.introduction, self.open);
        out.send_to(floor_of(self.market), Message::Next { order, introduction, dealt, open });
        if self.filled == self.size {
            return self.end(out);
        }
        self.after_deal(out);
    }

    #[inline(always)]
    pub(super) fn free_hold(&mut self, traded: bool) {
        if traded {
            self.filled += self.held;
        } else {
            self.open += self.held;
        }
        self.held = Lots::ZERO;
        self.phase = Phase::Free;
    }

    /// The monitored process has ended. Whatever it sent before has arrived.
    pub(super) fn on_down(&mut self, out: &mut Out<Party>) {
        match self.phase {
            // The taker died: nothing is noted, so the hold is freed.
            Phase::Proposed => self.drop_proposal(out),
            Phase::Accepted if mutation::RESPONDER_TIMES_OUT.is_on() => {
                self.resolve_as_taker(false, out);
            }
            // The maker died, perhaps after the ledger recorded the deal: only the ledger knows.
            Phase::Accepted => {
                self.phase = Phase::InDoubt;
                self.query_ledger(out);
            }
            // The ledger died: its next life is asked again.
            Phase::Closing | Phase::InDoubt | Phase::Resolving | Phase::Restoring => {
                self.query_ledger(out);
            }
            Phase::New | Phase::Free => {}
        }
    }
}

/// The number of this life, as it is in the names of its deals.
#[inline(always)]
fn life(out: &Out<Party>) -> u32 {
    if mutation::REUSED_DEAL.is_on() { 1 } else { out.incarnation() }
}
