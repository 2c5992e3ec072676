//! The order's side of a deal: propose, accept, record, complete; and what it does when the other
//! dies on the way. One `on_` a message; late and doubled ones fall through to doing nothing.

use kernel::{Out, Pid};
use units::{Lots, OrderId, Price};
use words::{Busy, Deal, Say};

use super::{Hold, Order, State, Talk};
use crate::{Party, floor_of};

impl Talk {
    /// The deal's name, told by its maker.
    #[inline(always)]
    pub(super) fn as_maker(&self, me: OrderId) -> Deal {
        let &Talk { other: taker, incarnation, number, .. } = self;
        Deal { maker: me, taker, incarnation, number }
    }

    /// The deal's name, told by its taker.
    #[inline(always)]
    pub(super) fn as_taker(&self, me: OrderId) -> Deal {
        let &Talk { other: maker, incarnation, number, .. } = self;
        Deal { maker, taker: me, incarnation, number }
    }
}

impl Order {
    // ---- the maker

    #[inline(always)]
    pub(super) fn on_introduce(
        &mut self,
        introduction: u32,
        newcomer: Pid,
        other: OrderId,
        limit: Price,
        lots: Lots,
        out: &mut Out<Party>,
    ) {
        if self.state != State::Free {
            return self.pass(introduction, Busy::Maker, out);
        }
        let lots = lots.min(self.open);
        if lots.is_zero() || !self.side.opposite().accepts(limit, self.price) {
            return self.pass(introduction, Busy::Newcomer, out);
        }
        self.open -= lots;
        self.proposals = self.proposals.checked_add(1).expect("fewer than 2^31 proposals a life");
        let talk = Talk {
            other,
            partner: newcomer,
            lots,
            incarnation: out.incarnation(),
            number: self.proposals,
            introduction,
            monitor: out.monitor(newcomer),
        };
        self.state = State::Proposed(talk);
        let (deal, price) = (talk.as_maker(self.id), self.price);
        out.send(newcomer, Say::Propose { deal, introduction, price, lots });
    }

    fn pass(&self, introduction: u32, ask: Busy, out: &mut Out<Party>) {
        let pass = Say::Pass { introduction, open: self.open, ask };
        out.send_to(floor_of(self.market), pass);
    }

    #[inline(always)]
    pub(super) fn on_accept(&mut self, from: Pid, deal: Deal, lots: Lots, out: &mut Out<Party>) {
        let State::Proposed(mut talk) = self.state else {
            return self.withdraw_unknown(from, deal, out);
        };
        if talk.as_maker(self.id) != deal {
            return self.withdraw_unknown(from, deal, out);
        }
        let Some(rest) = talk.lots.checked_sub(lots).filter(|_| !lots.is_zero()) else {
            // More than was offered, or nothing: no acceptance at all.
            out.send(from, Say::Withdraw { deal });
            return self.drop_proposal(talk, out);
        };
        self.open += rest;
        talk.lots = lots;
        out.demonitor(talk.monitor);
        out.note(Some(Hold { deal, lots }));
        self.state = State::Closing(talk);
        self.ask_ledger(out);
    }

    /// An acceptance of what we do not know: of a former life, or dropped. We never asked the ledger
    /// for it in this life, nor will we; a former life's hold has been settled before we spoke.
    #[cold]
    fn withdraw_unknown(&mut self, from: Pid, deal: Deal, out: &mut Out<Party>) {
        let known = match self.state {
            State::Closing(talk) => talk.as_maker(self.id) == deal,
            _ => false,
        };
        if !known && deal.maker == self.id && deal.incarnation == out.incarnation() {
            out.send(from, Say::Withdraw { deal });
        }
    }

    pub(super) fn on_decline(&mut self, deal: Deal, out: &mut Out<Party>) {
        // While closing a decline comes too late and changes nothing.
        if let State::Proposed(talk) = self.state
            && talk.as_maker(self.id) == deal
        {
            self.drop_proposal(talk, out);
        }
    }

    /// Frees the hold of a proposal that was not accepted: it was never logged, so it is our own.
    fn drop_proposal(&mut self, talk: Talk, out: &mut Out<Party>) {
        out.demonitor(talk.monitor);
        self.open += talk.lots;
        self.state = State::Free;
        self.pass(talk.introduction, Busy::Newcomer, out);
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
        lots: Lots,
        out: &mut Out<Party>,
    ) {
        if let State::Accepted(talk) = self.state
            && talk.as_taker(self.id) == deal
        {
            return out.send(from, Say::Accept { deal, lots: talk.lots });
        }
        let would = self.state == State::Free && self.side.accepts(self.price, price);
        let lots = if would { lots.min(self.open) } else { Lots::ZERO };
        if lots.is_zero() {
            return out.send(from, Say::Decline { deal });
        }
        self.open -= lots;
        out.note(Some(Hold { deal, lots }));
        self.state = State::Accepted(Talk {
            other: deal.maker,
            partner: from,
            lots,
            incarnation: deal.incarnation,
            number: deal.number,
            introduction,
            monitor: out.monitor(from),
        });
        out.send(from, Say::Accept { deal, lots });
    }

    /// The maker says how it ended.
    #[inline(always)]
    pub(super) fn on_end_from_maker(&mut self, deal: Deal, traded: bool, out: &mut Out<Party>) {
        if let State::Accepted(talk) | State::InDoubt(talk) = self.state
            && talk.as_taker(self.id) == deal
        {
            self.settle_as_taker(talk, traded, out);
        }
    }

    // ---- both

    /// The ledger says how it ended.
    #[inline(always)]
    pub(super) fn on_verdict(&mut self, deal: Deal, traded: bool, out: &mut Out<Party>) {
        match self.state {
            State::Closing(talk) if talk.as_maker(self.id) == deal => {
                self.settle_as_maker(talk, traded, out);
            }
            State::InDoubt(talk) if talk.as_taker(self.id) == deal => {
                self.settle_as_taker(talk, traded, out);
            }
            State::Settling(hold, monitor) if hold.deal == deal => {
                // Either way the line that we recall next has it.
                out.demonitor(monitor);
                out.note(None);
                self.state = State::Recalling(monitor);
                self.ask_ledger(out);
            }
            _ => {} // late or doubled
        }
    }

    #[inline(always)]
    fn settle_as_maker(&mut self, talk: Talk, traded: bool, out: &mut Out<Party>) {
        let deal = talk.as_maker(self.id);
        self.free_hold(talk, traded, out);
        if traded {
            out.send(talk.partner, Say::Complete { deal });
        } else {
            out.send(talk.partner, Say::Withdraw { deal });
            self.pass(talk.introduction, Busy::Newcomer, out);
        }
        if self.done == self.size {
            return self.leave(talk.introduction, out);
        }
        self.after_deal(out);
    }

    #[inline(always)]
    fn settle_as_taker(&mut self, talk: Talk, traded: bool, out: &mut Out<Party>) {
        self.free_hold(talk, traded, out);
        let dealt = if traded { talk.lots } else { Lots::ZERO };
        let (order, introduction, open) = (self.id, talk.introduction, self.open);
        out.send_to(floor_of(self.market), Say::Next { order, introduction, dealt, open });
        if self.done == self.size {
            return self.end(out);
        }
        self.after_deal(out);
    }

    #[inline(always)]
    fn free_hold(&mut self, talk: Talk, traded: bool, out: &mut Out<Party>) {
        out.demonitor(talk.monitor);
        out.note(None);
        if traded {
            self.done += talk.lots;
        } else {
            self.open += talk.lots;
        }
        self.state = State::Free;
    }

    /// Whom we waited for is gone. Whatever it said before has arrived.
    pub(super) fn on_down(&mut self, pid: Pid, out: &mut Out<Party>) {
        match self.state {
            // The taker: nothing is logged, so we let go.
            State::Proposed(talk) if talk.partner == pid => self.drop_proposal(talk, out),
            // The maker: how far it got only the ledger knows.
            State::Accepted(talk) if talk.partner == pid => {
                self.state = State::InDoubt(talk);
                self.ask_ledger(out);
            }
            // The ledger: its next life is asked again.
            State::Closing(_) | State::InDoubt(_) | State::Settling(..) | State::Recalling(_) => {
                self.ask_ledger(out);
            }
            _ => {}
        }
    }
}
