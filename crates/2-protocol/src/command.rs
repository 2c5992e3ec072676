//! What a client wants.

use units::{AccountId, ClientId, Lots, MarketId, OrderId, Price, Side};

use crate::MarketSpec;

/// What a client wants. It is answered by facts, or by one refusal and no fact.
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
        /// Which.
        order: OrderId,
    },
    /// Let a suspended order go on, at its old place: the operator's ask, whoever owns it.
    Release {
        /// Which.
        order: OrderId,
    },
    /// Start the processes of a stopped market again: the operator's ask.
    ResumeMarket {
        /// Which.
        market: MarketId,
    },
}

/// A new order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NewOrder {
    /// Who wants it.
    pub account: AccountId,
    /// The client's own id of this command: asked again, it leads to the same order.
    pub client: Option<ClientId>,
    /// Where.
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
