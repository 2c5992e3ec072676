//! What an ask brings about, in words that an exchange's answers can be compared in.

use protocol::{Code, Entered, Fact, MarketSpec, Reason, Tell};
use units::{AskId, ClientId, Lots, MarketId, OrderId, Price};

/// What an ask brings about: a fact without the names of its deals, or an answer that is no fact.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// A market was opened.
    MarketOpened {
        /// Its number.
        market: MarketId,
        /// Its rules.
        spec: MarketSpec,
    },
    /// An order was entered.
    Entered(Entered),
    /// Two orders traded.
    Traded {
        /// The one that rested.
        maker: OrderId,
        /// The newcomer.
        taker: OrderId,
        /// Where.
        market: MarketId,
        /// The maker's limit.
        price: Price,
        /// How much.
        lots: Lots,
    },
    /// An order got a new price and size.
    Replaced {
        /// Which.
        order: OrderId,
        /// The client's own id of the ask.
        client: Option<ClientId>,
        /// Its limit from now on.
        price: Price,
        /// Its size from now on, lots that have traded included.
        lots: Lots,
        /// Its rank in time from now on: as before, or this ask's number if it lost its place.
        place: AskId,
    },
    /// An order left before it was filled.
    Left {
        /// Which.
        order: OrderId,
        /// Lots that were cancelled.
        lots: Lots,
        /// Why.
        reason: Reason,
    },
    /// A suspended order goes on.
    Released {
        /// Which.
        order: OrderId,
    },
    /// A stopped market goes on.
    MarketResumed {
        /// Which.
        market: MarketId,
    },
    /// The ask was refused, and nothing happened.
    Refused(Code),
    /// The ask came before and concerned this order; nothing happened now.
    Repeated(OrderId),
}

impl Outcome {
    /// What an exchange told, in the oracle's words; `None` for facts that no ask brings about
    /// when nothing fails: starts, voided deals, suspended orders, stopped markets.
    pub fn of(tell: &Tell) -> Option<Outcome> {
        match *tell {
            Tell::Refused(code) => Some(Outcome::Refused(code)),
            Tell::Repeated(order) => Some(Outcome::Repeated(order)),
            Tell::Fact(_, ref fact) => Outcome::of_fact(fact),
        }
    }

    /// As [`Outcome::of`], of a fact alone.
    pub fn of_fact(fact: &Fact) -> Option<Outcome> {
        match *fact {
            Fact::MarketOpened { market, spec } => Some(Outcome::MarketOpened { market, spec }),
            Fact::Entered(entered) => Some(Outcome::Entered(entered)),
            Fact::Traded { deal, market, price, lots } => {
                Some(Outcome::Traded { maker: deal.maker, taker: deal.taker, market, price, lots })
            }
            Fact::Replaced { order, client, price, lots, place } => {
                Some(Outcome::Replaced { order, client, price, lots, place })
            }
            Fact::Left { order, lots, reason } => Some(Outcome::Left { order, lots, reason }),
            Fact::Released { order } => Some(Outcome::Released { order }),
            Fact::MarketResumed { market } => Some(Outcome::MarketResumed { market }),
            _ => None,
        }
    }
}
