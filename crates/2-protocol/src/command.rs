//! What clients send.

use units::{AccountId, ClientId, Lots, MarketId, OrderId, Price, Side};

use crate::MarketSpec;

/// What a client sends. It is answered by facts, or by one rejection and no fact.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Command {
    /// Open a market, from now on.
    OpenMarket(MarketSpec),
    /// Enter an order.
    NewOrder(NewOrder),
    /// Change an order's price and size.
    Replace(Replace),
    /// Take an order off its market.
    Cancel {
        /// Whose order it is; another account's order is unknown to this one.
        account: AccountId,
        /// The order.
        order: OrderId,
    },
    /// Start a suspended order again, with its priority: for the operator, whichever account owns it.
    Release {
        /// The order.
        order: OrderId,
    },
    /// Start the processes of a stopped market again: for the operator.
    ResumeMarket {
        /// The market.
        market: MarketId,
    },
}

/// A new order: the same fields in the command, in the message that enters it, and in its first fact.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NewOrder {
    /// The account that owns it.
    pub account: AccountId,
    /// The client's own id of this command. Sent again, it leads to the same order.
    pub client: Option<ClientId>,
    /// Its market.
    pub market: MarketId,
    /// Buy or sell.
    pub side: Side,
    /// The worst price it may trade at, in ticks.
    pub price: Price,
    /// Its size.
    pub quantity: Lots,
    /// How long it stands.
    pub time_in_force: TimeInForce,
}

/// A new price and size for an order that is open.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Replace {
    /// Whose order it is.
    pub account: AccountId,
    /// The client's own id of this command.
    pub client: Option<ClientId>,
    /// Which order.
    pub order: OrderId,
    /// Its limit from now on, in ticks.
    pub price: Price,
    /// Its size from now on, lots that have traded included.
    pub quantity: Lots,
}

/// How long an order stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum TimeInForce {
    /// Until it is filled or cancelled.
    GoodTillCancel,
    /// For its first walk over the floor only: what does not trade at once is cancelled.
    ImmediateOrCancel,
}
