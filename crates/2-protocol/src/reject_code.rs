//! Reject codes: one list for every part of the exchange.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $message:literal;)*) => {
        /// Why a command was rejected. Where several codes apply, the first of this list is given.
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
    Busy = "busy", "The command queue is full and nothing happened; send the command again shortly.";
    /// The journal can take no more.
    JournalFull = "journal-full",
        "The journal's disk is full, so new orders are rejected, and cancels too once the reserve is used; free space.";
    /// The exchange is going down, or its journal failed.
    Unavailable = "unavailable",
        "The exchange is unavailable and the outcome of this command is unknown; look it up once the exchange is back.";
    /// No such market.
    UnknownMarket = "unknown-market", "No market has this name or number; list the markets to find it.";
    /// A market of this name is open already.
    MarketExists = "market-exists", "A market of this name is open already; choose another name.";
    /// The limit of markets is reached.
    TooManyMarkets = "too-many-markets", "The exchange has reached its limit of markets; no more can be opened.";
    /// The market's tick or lot is invalid.
    BadScale = "bad-scale", "The tick and the lot must be above zero, with at most 18 decimal places.";
    /// The market's price rules contradict each other.
    BadRules = "bad-rules",
        "A collar needs a reference price that the market takes; in percent, also a market without negative prices.";
    /// The client id was used for another command.
    ClientIdUsed = "client-id-used", "This client id was used for a different command; choose a new one.";
    /// No open order has this number, or it is another account's.
    UnknownOrder = "unknown-order", "No open order of this account has this number or client id.";
    /// The market's processes were given up.
    MarketStopped = "market-stopped",
        "This market has stopped; its orders can be cancelled, and the operator can resume it.";
    /// Only a stopped market is resumed.
    MarketNotStopped = "market-not-stopped", "This market has not stopped; only a stopped market can be resumed.";
    /// The order's process was given up.
    OrderSuspended = "order-suspended", "This order is suspended; it can be cancelled, or released by the operator.";
    /// Only a suspended order is released.
    OrderNotSuspended = "order-not-suspended", "This order is not suspended; only a suspended order can be released.";
    /// Off tick, or too far from zero.
    BadPrice = "bad-price",
        "The price must be a multiple of the market's tick size, and within the limits of a price.";
    /// Zero or below, in a market without negative prices.
    PriceNotAboveZero = "price-not-above-zero",
        "The price must be above zero; this market does not allow negative prices.";
    /// A buy too far above the reference, or a sell too far below it.
    BeyondCollar = "price-beyond-collar",
        "The price must not be further from the reference price than this market's collar allows.";
    /// Off lot, zero, or too large.
    BadQuantity = "bad-quantity",
        "The size must be a multiple of the market's lot size, above zero and within the limits of a size.";
    /// A replace to no more than what has traded.
    BelowFilled = "below-filled", "The new size must be above what has traded already; cancel the order to end it.";
    /// The limit of open orders is reached.
    TooManyOrders = "too-many-orders",
        "The exchange has reached its limit of open orders; try again when some have ended.";
    /// The memory for client ids of another account is used up.
    TooManyAccounts = "too-many-accounts",
        "The exchange cannot remember client ids of another account; send the command without one.";
    /// The processes that were to answer died each time.
    Failed = "failed",
        "The processes that carry out this command died each time; nothing happened. Report it to the operator.";
}

impl fmt::Display for RejectCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
