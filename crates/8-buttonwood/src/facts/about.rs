//! Market, orders and accounts of a fact. Most facts name only an order; the rest comes from the fact that
//! entered it, so all facts are folded in order.

use std::collections::BTreeMap;

use protocol::{Fact, MarketSpec};
use units::{AccountId, Lots, MarketId, OrderId, Side};

/// Markets and open orders, as the facts so far have it.
///
/// - an order is here from the fact that enters it to the one that fills or cancels it, so memory is
///   bounded by open orders
/// - facts that cannot all be true are read like others: nothing here panics on them
#[derive(Default)]
pub(crate) struct Known {
    markets: BTreeMap<MarketId, MarketSpec>,
    open: BTreeMap<OrderId, OpenOrder>,
}

#[derive(Clone, Copy)]
struct OpenOrder {
    account: AccountId,
    market: MarketId,
    side: Side,
    /// Quantity in lots, traded lots included.
    size: u64,
    /// Traded lots.
    filled: u64,
}

/// One order of a fact; account and side where they are known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Party {
    /// The order's number.
    pub(crate) order: OrderId,
    /// Its account.
    pub(crate) account: Option<AccountId>,
    /// Its side.
    pub(crate) side: Option<Side>,
}

/// The orders that a fact names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Parties {
    /// No order.
    None,
    /// One order.
    One(Party),
    /// The two orders of a deal.
    Deal {
        /// The resting order.
        maker: Party,
        /// The incoming order.
        taker: Party,
    },
}

/// What a fact is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct About {
    /// The market's number.
    pub(crate) market: Option<MarketId>,
    /// The market's rules.
    pub(crate) spec: Option<MarketSpec>,
    /// The orders.
    pub(crate) parties: Parties,
}

impl About {
    /// The orders that the fact names: none, one or two.
    pub(crate) fn parties(&self) -> impl Iterator<Item = Party> {
        let (first, second) = match self.parties {
            Parties::None => (None, None),
            Parties::One(party) => (Some(party), None),
            Parties::Deal { maker, taker } => (Some(maker), Some(taker)),
        };
        first.into_iter().chain(second)
    }

    /// Side of its order; for a deal, that of the incoming order.
    pub(crate) fn side(&self) -> Option<Side> {
        match self.parties {
            Parties::None => None,
            Parties::One(party) => party.side,
            Parties::Deal { maker, taker } => taker.side.or(maker.side.map(Side::opposite)),
        }
    }
}

impl Known {
    /// The names of the markets that were opened so far.
    pub(crate) fn symbols(&self) -> impl Iterator<Item = &units::Symbol> {
        self.markets.values().map(|spec| &spec.symbol)
    }

    /// Takes the next fact, and returns its subjects.
    pub(crate) fn take(&mut self, fact: &Fact) -> About {
        let about = self.about(fact);
        self.fold(fact);
        about
    }

    fn about(&self, fact: &Fact) -> About {
        let (market, parties) = match *fact {
            Fact::Started { .. } => (None, Parties::None),
            Fact::MarketOpened { market, spec } => {
                return About { market: Some(market), spec: Some(spec), parties: Parties::None };
            }
            Fact::MarketStopped { market } | Fact::MarketResumed { market } => {
                (Some(market), Parties::None)
            }
            Fact::Entered(e) => {
                let (account, side) = (Some(e.new.account), Some(e.new.side));
                (Some(e.new.market), Parties::One(Party { order: e.order, account, side }))
            }
            Fact::Traded { deal, market, .. } => {
                (Some(market), self.parties_of(deal.maker, deal.taker))
            }
            Fact::Voided { deal } => (
                self.market_of(deal.maker).or(self.market_of(deal.taker)),
                self.parties_of(deal.maker, deal.taker),
            ),
            Fact::Replaced { order, .. }
            | Fact::Suspended { order }
            | Fact::Released { order }
            | Fact::Cancelled { order, .. } => {
                (self.market_of(order), Parties::One(self.party(order)))
            }
        };
        let spec = market.and_then(|market| self.markets.get(&market).copied());
        About { market, spec, parties }
    }

    fn party(&self, order: OrderId) -> Party {
        let known = self.open.get(&order);
        Party { order, account: known.map(|o| o.account), side: known.map(|o| o.side) }
    }

    fn parties_of(&self, maker: OrderId, taker: OrderId) -> Parties {
        Parties::Deal { maker: self.party(maker), taker: self.party(taker) }
    }

    fn market_of(&self, order: OrderId) -> Option<MarketId> {
        self.open.get(&order).map(|order| order.market)
    }

    fn fold(&mut self, fact: &Fact) {
        match *fact {
            Fact::MarketOpened { market, spec } => {
                self.markets.insert(market, spec);
            }
            Fact::Entered(e) => {
                let (account, market, side, size) =
                    (e.new.account, e.new.market, e.new.side, e.new.quantity.0);
                self.open.insert(e.order, OpenOrder { account, market, side, size, filled: 0 });
            }
            Fact::Traded { deal, quantity, .. } => {
                self.fill(deal.maker, quantity);
                self.fill(deal.taker, quantity);
            }
            Fact::Replaced { order, quantity, .. } => {
                if let Some(order) = self.open.get_mut(&order) {
                    order.size = quantity.0;
                }
            }
            Fact::Cancelled { order, .. } => {
                self.open.remove(&order);
            }
            Fact::Started { .. }
            | Fact::Voided { .. }
            | Fact::Suspended { .. }
            | Fact::Released { .. }
            | Fact::MarketStopped { .. }
            | Fact::MarketResumed { .. } => {}
        }
    }

    fn fill(&mut self, order: OrderId, quantity: Lots) {
        let Some(open) = self.open.get_mut(&order) else { return };
        open.filled = open.filled.saturating_add(quantity.0);
        if open.filled >= open.size {
            self.open.remove(&order);
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{CancelReason, Deal, Entered, NewOrder, TimeInForce};
    use units::{CommandId, Price, Scale};

    use super::*;

    const MARKET: MarketId = MarketId(0);

    fn entered(order: u64, account: u32, side: Side, quantity: u64) -> Fact {
        Fact::Entered(Entered {
            order: OrderId(order),
            new: NewOrder {
                account: AccountId(account),
                client: None,
                market: MARKET,
                side,
                price: Price(5),
                quantity: Lots(quantity),
                time_in_force: TimeInForce::GoodTillCancel,
            },
        })
    }

    fn traded(maker: u64, taker: u64, quantity: u64) -> Fact {
        let deal = Deal { maker: OrderId(maker), taker: OrderId(taker), incarnation: 1, number: 1 };
        Fact::Traded { deal, market: MARKET, price: Price(5), quantity: Lots(quantity) }
    }

    fn left(order: u64) -> Fact {
        Fact::Cancelled {
            order: OrderId(order),
            quantity: Lots(1),
            reason: CancelReason::Requested,
        }
    }

    fn opened() -> Known {
        let mut known = Known::default();
        let (tick, lot) = (Scale::places(2), Scale::places(1));
        let spec = MarketSpec::new("A-B".parse().unwrap(), tick, lot);
        known.take(&Fact::MarketOpened { market: MARKET, spec });
        known
    }

    #[test]
    fn a_trade_names_both_orders_and_whose_they_are() {
        let mut known = opened();
        known.take(&entered(1, 7, Side::Sell, 4));
        known.take(&entered(2, 8, Side::Buy, 9));
        let about = known.take(&traded(1, 2, 4));
        let accounts: Vec<_> = about.parties().map(|p| (p.order.0, p.account.unwrap().0)).collect();
        assert_eq!(accounts, [(1, 7), (2, 8)]);
        assert_eq!((about.side(), about.spec.unwrap().symbol.as_str()), (Some(Side::Buy), "A-B"));
    }

    #[test]
    fn only_open_orders_are_remembered() {
        let mut known = opened();
        for order in 0..100 {
            known.take(&entered(2 * order, 1, Side::Sell, 2));
            known.take(&entered(2 * order + 1, 2, Side::Buy, 3));
            known.take(&traded(2 * order, 2 * order + 1, 2));
            let replaced = Fact::Replaced {
                order: OrderId(2 * order + 1),
                client: None,
                price: Price(6),
                quantity: Lots(4),
                priority: CommandId(1),
            };
            let party = Party {
                order: OrderId(2 * order + 1),
                account: Some(AccountId(2)),
                side: Some(Side::Buy),
            };
            assert_eq!(known.take(&replaced).parties, Parties::One(party));
            assert_eq!(known.open.len(), 1, "the maker is filled, the taker is not");
            let about = known.take(&left(2 * order + 1));
            assert_eq!((about.market, about.side()), (Some(MARKET), Some(Side::Buy)));
            assert_eq!(known.open.len(), 0);
        }
    }

    #[test]
    fn facts_that_cannot_be_true_are_read_all_the_same() {
        let mut known = Known::default();
        known.take(&entered(1, 1, Side::Sell, u64::MAX));
        for _ in 0..3 {
            known.take(&traded(1, 9, u64::MAX - 1));
        }
        let about = known.take(&left(77));
        assert_eq!((about.market, about.side()), (None, None));
        assert_eq!(known.open.len(), 0);
    }
}
