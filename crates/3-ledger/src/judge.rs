//! The judge of deals: the first word on a deal stands for ever.

use units::{Lots, OrderId, Price};
use words::Deal;

use crate::{Ledger, mutation};

/// What the ledger has to say of a deal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    /// It may become a trade now.
    Trade,
    /// It is a trade already.
    Traded,
    /// It was voided already, or can never become a trade any more.
    Void,
    /// It is not known, and not a trade: to be voided by a fact before anybody is told so.
    ToVoid,
    /// Who asks has no line: never entered, or filled, or gone.
    Gone,
}

impl Ledger {
    /// May this deal be recorded? Believes nobody: both orders must be open in one market, on
    /// opposite sides, with the lots, within both limits, at the maker's price; and the deal must
    /// be newer than the last of its maker's that ended.
    pub fn judge(&self, deal: &Deal, price: Price, lots: Lots) -> Verdict {
        let (Some(maker), Some(taker)) = (self.line(deal.maker), self.line(deal.taker)) else {
            return self.known(deal).unwrap_or(Verdict::Void);
        };
        if let Some(verdict) = self.known(deal) {
            return verdict;
        }
        let market_runs = self.market(maker.market).is_some_and(|market| !market.stopped);
        let sound = market_runs
            && maker.is_open()
            && taker.is_open()
            && maker.market == taker.market
            && maker.side != taker.side
            && price == maker.price
            && taker.side.accepts(taker.price, price)
            && !lots.is_zero()
            && (mutation::JUDGE_TRUSTS_LOTS.is_on()
                || (lots <= maker.remaining() && lots <= taker.remaining()));
        if sound { Verdict::Trade } else { Verdict::ToVoid }
    }

    /// How did this deal end? Asked by one of its parties in doubt.
    pub fn settle(&self, deal: &Deal, asker: OrderId) -> Verdict {
        if self.line(asker).is_none() {
            return Verdict::Gone;
        }
        // Without its maker nobody can have it recorded: there is nothing to fence off. (And who asks may
        // be a former life, late: its order may have had the deal, and others since.)
        let unknown = if self.line(deal.maker).is_some() { Verdict::ToVoid } else { Verdict::Void };
        self.known(deal).unwrap_or(unknown)
    }

    /// The end of a deal, as far as the lines of its parties tell it.
    fn known(&self, deal: &Deal) -> Option<Verdict> {
        let ended = |traded| if traded { Verdict::Traded } else { Verdict::Void };
        let taker = self.line(deal.taker);
        if let Some(taker) = taker
            && taker.as_taker.0 == deal.maker
            && taker.as_taker.1.is_of(deal)
        {
            return Some(ended(taker.as_taker.1.traded()));
        }
        let mark = self.line(deal.maker)?.as_maker;
        if mark.is_of(deal) {
            return Some(ended(mark.traded()));
        }
        // A maker's deals end in their order: an older one that is not known can never be a trade.
        (!mark.is_before(deal)).then_some(Verdict::Void)
    }
}
