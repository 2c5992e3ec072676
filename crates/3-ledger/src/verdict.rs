//! Validates deals. The first outcome of a deal is final.

use protocol::Deal;
use units::{Lots, MarketId, OrderId, Price};

use crate::{Ledger, OrderRecord, mutation};

/// The ledger's answer about a deal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    /// It may become a trade now, in this market.
    Trade(MarketId),
    /// It is a trade already.
    Traded,
    /// It was voided already, or can never become a trade any more.
    Void,
    /// It is unknown and no trade. A fact must void it before any party is answered: else it could be recorded later.
    ToVoid,
    /// The order that asks is not open: it never entered, was filled, or was cancelled.
    Gone,
}

impl Ledger {
    /// Decides whether a deal may be recorded.
    ///
    /// It trusts no process: both orders must be open in one running market, on opposite sides, with the lots, within
    /// both limits, at the maker's price; and the deal must be newer than the maker's last deal that ended.
    #[inline]
    pub fn validate_deal(&self, deal: &Deal, price: Price, quantity: Lots) -> Verdict {
        self.validate_between(self.order(deal.maker), self.order(deal.taker), deal, price, quantity)
    }

    /// The same, with both records looked up.
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

    /// How a deal ended, for a party in doubt of it.
    pub fn resolve(&self, deal: &Deal, asker: OrderId) -> Verdict {
        if self.order(asker).is_none() {
            return Verdict::Gone;
        }
        // Only the maker can have the deal recorded. Without one there is nothing to fence off, so no fact is needed.
        // (A late message of the asker's former life may ask for a deal that traded, followed by others.)
        let (maker, taker) = (self.order(deal.maker), self.order(deal.taker));
        let unknown = if maker.is_some() { Verdict::ToVoid } else { Verdict::Void };
        known(maker, taker, deal).unwrap_or(unknown)
    }
}

/// The outcome of a deal, as far as the records of its parties tell it.
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
    // A maker's deals end in the order of their numbers, so an older one that is unknown can never become a trade.
    (!mark.is_before(deal)).then_some(Verdict::Void)
}
