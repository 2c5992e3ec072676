//! What a command brings about, in words that an exchange's answers can be compared in.

use protocol::{CancelReason, Entered, Fact, MarketSpec, RejectCode, Response};
use units::{ClientId, CommandId, Lots, MarketId, OrderId, Price};

/// What a command brings about: a fact without the names of its deals, or an answer that is no fact.
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
        /// The incoming order.
        taker: OrderId,
        /// Where.
        market: MarketId,
        /// The maker's limit.
        price: Price,
        /// How much.
        quantity: Lots,
    },
    /// An order got a new price and size.
    Replaced {
        /// Which.
        order: OrderId,
        /// The client's own id of the command.
        client: Option<ClientId>,
        /// Its limit from now on.
        price: Price,
        /// Its size from now on, lots that have traded included.
        quantity: Lots,
        /// Its rank in time from now on: as before, or this command's number if it lost its place.
        priority: CommandId,
    },
    /// An order left before it was filled.
    Cancelled {
        /// Which.
        order: OrderId,
        /// Lots that were cancelled.
        quantity: Lots,
        /// Why.
        reason: CancelReason,
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
    /// The command was refused, and nothing happened.
    Rejected(RejectCode),
    /// The command came before and concerned this order; nothing happened now.
    Repeated(OrderId),
}

impl Outcome {
    /// What an exchange told, in the oracle's words; `None` for facts that no command brings about
    /// when nothing fails: starts, voided deals, suspended orders, stopped markets.
    pub fn of(response: &Response) -> Option<Outcome> {
        match *response {
            Response::Rejected(code) => Some(Outcome::Rejected(code)),
            Response::Repeated(order) => Some(Outcome::Repeated(order)),
            Response::Fact(_, ref fact) => Outcome::of_fact(fact),
        }
    }

    /// As [`Outcome::of`], of a fact alone.
    pub fn of_fact(fact: &Fact) -> Option<Outcome> {
        match *fact {
            Fact::MarketOpened { market, spec } => Some(Outcome::MarketOpened { market, spec }),
            Fact::Entered(entered) => Some(Outcome::Entered(entered)),
            Fact::Traded { deal, market, price, quantity } => Some(Outcome::Traded {
                maker: deal.maker,
                taker: deal.taker,
                market,
                price,
                quantity,
            }),
            Fact::Replaced { order, client, price, quantity, priority } => {
                Some(Outcome::Replaced { order, client, price, quantity, priority })
            }
            Fact::Cancelled { order, quantity, reason } => {
                Some(Outcome::Cancelled { order, quantity, reason })
            }
            Fact::Released { order } => Some(Outcome::Released { order }),
            Fact::MarketResumed { market } => Some(Outcome::MarketResumed { market }),
            _ => None,
        }
    }
}
