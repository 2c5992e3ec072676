//! Refusals: one list, the same everywhere.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $message:literal;)*) => {
        /// Why a command was refused. Where several apply, the first of this list is told.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum RejectCode { $($(#[$doc])* $name,)* }

        impl RejectCode {
            /// Every code, in order of precedence.
            pub const ALL: &[RejectCode] = &[$(RejectCode::$name,)*];

            /// The code as clients see it, such as `unknown-order`.
            pub fn as_str(self) -> &'static str {
                match self { $(RejectCode::$name => $text,)* }
            }

            /// One sentence for a person.
            pub fn message(self) -> &'static str {
                match self { $(RejectCode::$name => $message,)* }
            }
        }
    };
}

codes! {
    /// The service's queue is full.
    Busy = "busy", "The exchange has more commands than it can hold; ask again shortly.";
    /// The journal can take no more.
    JournalFull = "journal-full",
        "The journal has no room; new orders are refused until there is, and cancels once nothing is set aside.";
    /// The exchange is going down, or its journal failed.
    Unavailable = "unavailable", "The exchange is not taking commands; whether this one happened is not known yet.";
    /// No such market.
    UnknownMarket = "unknown-market", "There is no market of this name or number.";
    /// A market of this name is open already.
    MarketExists = "market-exists", "A market of this name is open already.";
    /// No room for another market.
    TooManyMarkets = "too-many-markets", "No more markets can be opened in this world.";
    /// The market's tick or lot is no step.
    BadScale = "bad-scale", "A tick or lot must be above zero, with at most 18 decimal places.";
    /// The market's price rules contradict each other.
    BadRules = "bad-rules",
        "A collar needs a reference price that the market takes, and one in percent a market without negative prices.";
    /// The client id was used for another command.
    ClientIdUsed = "client-id-used", "This client id was used for a different command.";
    /// No open order has this number, or it is another account's.
    UnknownOrder = "unknown-order", "No open order of this account has this number.";
    /// The market's processes were given up.
    MarketStopped = "market-stopped",
        "This market has stopped; its orders can be cancelled, and the operator can resume it.";
    /// Only a stopped market is resumed.
    MarketNotStopped = "market-not-stopped", "This market has not stopped.";
    /// The order's process was given up.
    OrderSuspended = "order-suspended", "This order is suspended; it can be cancelled, or released by the operator.";
    /// Only a suspended order is released.
    OrderNotSuspended = "order-not-suspended", "This order is not suspended.";
    /// Off tick, or too far from zero.
    BadPrice = "bad-price", "The price is off tick or out of range.";
    /// Zero or below, in a market without negative prices.
    PriceNotAboveZero = "price-not-above-zero",
        "The price must be above zero; this market does not allow negative prices.";
    /// A buy too far above the reference, or a sell too far below it.
    BeyondCollar = "price-beyond-collar",
        "The price is further from the reference price than the collar of this market allows.";
    /// Off lot, zero, or too large.
    BadQuantity = "bad-lots", "The size is off lot, zero or too large.";
    /// A replace to no more than what has traded.
    BelowFilled = "below-done", "The new size is not above what has traded already.";
    /// No room for another order.
    TooManyOrders = "too-many-orders", "No more orders can be open at once.";
    /// No room to remember client ids of another account.
    TooManyAccounts = "too-many-accounts", "No more accounts can use client ids.";
    /// The processes that were to answer died each time they were asked.
    Failed = "failed", "The exchange could not carry this out; nothing happened.";
}

impl fmt::Display for RejectCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
