//! Results of a command, in a form in which an exchange's answers can be compared.

use protocol::{CancelReason, Entered, Fact, MarketSpec, RejectCode, Response};
use units::{ClientId, CommandId, Lots, MarketId, OrderId, Price};

/// A result of a command: a fact without the names of its deals, or a response that is no fact.
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
        /// The resting order.
        maker: OrderId,
        /// The incoming order.
        taker: OrderId,
        /// The market.
        market: MarketId,
        /// The maker's limit.
        price: Price,
        /// Quantity in lots.
        quantity: Lots,
    },
    /// An order got a new price and size.
    Replaced {
        /// The order.
        order: OrderId,
        /// The client's own id of the command.
        client: Option<ClientId>,
        /// Its new limit.
        price: Price,
        /// Its new size, traded lots included.
        quantity: Lots,
        /// Its new priority: as before, or this command's number if it lost its priority.
        priority: CommandId,
    },
    /// An order was cancelled.
    Cancelled {
        /// The order.
        order: OrderId,
        /// Lots that were cancelled.
        quantity: Lots,
        /// The reason.
        reason: CancelReason,
    },
    /// A suspended order was released.
    Released {
        /// The order.
        order: OrderId,
    },
    /// A stopped market was resumed.
    MarketResumed {
        /// The market.
        market: MarketId,
    },
    /// The command was rejected, and nothing happened.
    Rejected(RejectCode),
    /// A repeat of an earlier command for this order; nothing happened now.
    Repeated(OrderId),
}

impl Outcome {
    /// A response of an exchange as an outcome; `None` for facts that no command causes without
    /// failures: starts, voided deals, suspended orders, stopped markets.
    pub fn of(response: &Response) -> Option<Outcome> {
        match *response {
            Response::Rejected(code) => Some(Outcome::Rejected(code)),
            Response::Repeated(order) => Some(Outcome::Repeated(order)),
            Response::Fact(_, ref fact) => Outcome::of_fact(fact),
        }
    }

    /// As [`Outcome::of`], for a fact alone.
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
