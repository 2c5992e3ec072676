//! The judge of deals: the first word on a deal stands for ever.

use protocol::Deal;
use units::{Lots, MarketId, OrderId, Price};

use crate::{Ledger, OrderRecord, mutation};

/// What the ledger has to say of a deal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    /// It may become a trade now, in this market.
    Trade(MarketId),
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
    #[inline]
    pub fn validate_deal(&self, deal: &Deal, price: Price, quantity: Lots) -> Verdict {
        self.validate_between(self.order(deal.maker), self.order(deal.taker), deal, price, quantity)
    }

    /// The same, by somebody who has looked up both lines.
    #[inline]
    pub(crate) fn validate_between(
        &self,
        maker: Option<&OrderRecord>,
        taker: Option<&OrderRecord>,
        deal: &Deal,
        price: Price,
        quantity: Lots,
    ) -> Verdict {
        let known = known(maker, taker, deal);
        let (Some(maker), Some(taker)) = (maker, taker) else {
            return known.unwrap_or(Verdict::Void);
        };
        if let Some(verdict) = known {
            return verdict;
        }
        let market_runs = self.market(maker.market).is_some_and(|market| !market.stopped);
        let sound = (market_runs || mutation::JUDGE_STOPPED_MARKET.is_on())
            && (maker.is_open() || mutation::JUDGE_SUSPENDED_MAKER.is_on())
            && (taker.is_open() || mutation::JUDGE_SUSPENDED_TAKER.is_on())
            && (maker.market == taker.market || mutation::JUDGE_TWO_MARKETS.is_on())
            && (maker.side != taker.side || mutation::JUDGE_ONE_SIDE.is_on())
            && price == maker.price
            && (taker.side.accepts(taker.price, price) || mutation::JUDGE_TAKERS_LIMIT.is_on())
            && !quantity.is_zero()
            && (mutation::JUDGE_TRUSTS_LOTS.is_on()
                || (quantity <= maker.remaining() && quantity <= taker.remaining()));
        if sound { Verdict::Trade(maker.market) } else { Verdict::ToVoid }
    }

    /// How did this deal end? Asked by one of its parties in doubt.
    pub fn resolve(&self, deal: &Deal, asker: OrderId) -> Verdict {
        if self.order(asker).is_none() {
            return Verdict::Gone;
        }
        // Without its maker nobody can have it recorded: there is nothing to fence off. (And who asks may
        // be a former life, late: its order may have had the deal, and others since.)
        let (maker, taker) = (self.order(deal.maker), self.order(deal.taker));
        let unknown = if maker.is_some() { Verdict::ToVoid } else { Verdict::Void };
        known(maker, taker, deal).unwrap_or(unknown)
    }
}

/// The end of a deal, as far as the lines of its parties tell it.
#[inline]
fn known(maker: Option<&OrderRecord>, taker: Option<&OrderRecord>, deal: &Deal) -> Option<Verdict> {
    let ended = |traded| if traded { Verdict::Traded } else { Verdict::Void };
    if let Some(taker) = taker
        && taker.as_taker.0 == deal.maker
        && taker.as_taker.1.is_of(deal)
    {
        return Some(ended(taker.as_taker.1.traded()));
    }
    let mark = maker?.as_maker;
    if mark.is_of(deal) {
        return Some(ended(mark.traded()));
    }
    // A maker's deals end in their order: an older one that is not known can never be a trade.
    (!mark.is_before(deal)).then_some(Verdict::Void)
}
