//! What happened: one line of history each, past tense, never edited. Only facts are journalled.

use std::fmt;
use std::num::NonZeroU32;

use units::{ClientId, CommandId, Lots, MarketId, OrderId, Price, Scale, Symbol, Time};

use crate::NewOrder;

/// Where a fact stands in history.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
pub struct Stamp {
    /// The fact's own number: 1 for the first fact of a journal, then up by one, without gaps.
    pub seq: u64,
    /// The command that brought it about.
    pub command: CommandId,
    /// When that command came in.
    pub time: Time,
}

/// A market's rules.
///
/// - a market without negative prices takes prices above zero only
/// - a collar in basis points needs a market without negative prices: a part of zero is no distance
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MarketSpec {
    /// Its name, unique in its world.
    pub symbol: Symbol,
    /// One tick, in units of the quote currency.
    pub tick: Scale,
    /// One lot, in units of the base currency.
    pub lot: Scale,
    /// True if it takes prices of zero and below.
    pub negative_prices: bool,
    /// How far limits may reach.
    pub collar: Option<Collar>,
}

impl MarketSpec {
    /// A market with the default rules: prices above zero, and no collar.
    pub fn new(symbol: Symbol, tick: Scale, lot: Scale) -> MarketSpec {
        MarketSpec { symbol, tick, lot, negative_prices: false, collar: None }
    }

    /// The same market, with prices of zero and below.
    #[must_use]
    pub fn with_negative_prices(self) -> MarketSpec {
        MarketSpec { negative_prices: true, ..self }
    }

    /// The same market, with a collar.
    #[must_use]
    pub fn with_collar(self, distance: Distance, reference: Price) -> MarketSpec {
        MarketSpec { collar: Some(Collar { distance, reference }), ..self }
    }
}

/// The rules as a person reads them, without the name.
impl fmt::Display for MarketSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let &MarketSpec { symbol: _, tick, lot, negative_prices, collar } = self;
        let prices = if negative_prices { "negative prices" } else { "prices above zero" };
        write!(f, "a tick of {}, a lot of {}, {prices} and ", tick.step(), lot.step())?;
        match collar {
            None => f.write_str("no collar"),
            Some(Collar { distance, reference }) => {
                let reference = tick.write(reference.0);
                write!(f, "a collar of {} from a reference of {reference}", distance.text(tick))
            }
        }
    }
}

/// How far limits may reach: a buy this far above the reference, a sell this far below it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Collar {
    /// How far.
    pub distance: Distance,
    /// The reference until the first trade; after it, the reference is the price of the last trade.
    pub reference: Price,
}

/// A distance from a reference price.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Distance {
    /// Hundredths of a per cent of the reference, rounded down, and at least one tick.
    BasisPoints(NonZeroU32),
    /// Ticks.
    Ticks(NonZeroU32),
}

impl Distance {
    /// The distance as a person writes it, in a market with this tick: `12.5%`, or `5.00` as prices are.
    pub fn text(self, tick: Scale) -> String {
        match self {
            Distance::Ticks(ticks) => tick.write(ticks.get()).to_string(),
            Distance::BasisPoints(points) => {
                let percent = Scale::places(2).write(points.get()).to_string();
                format!("{}%", percent.trim_end_matches('0').trim_end_matches('.'))
            }
        }
    }
}

/// The name of one deal, never used twice: order numbers are not reused, an incarnation goes up at
/// each rebirth of its order, and the epoch, which a deal shares with all that happens until the
/// world ends, is told by the last [`Fact::Started`] before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deal {
    /// The resting order; it proposes.
    pub maker: OrderId,
    /// The incoming order; it accepts.
    pub taker: OrderId,
    /// Which life of the maker in this epoch, from 1.
    pub incarnation: u32,
    /// Which of the maker's proposals in that life, from 1.
    pub number: u32,
}

impl fmt::Debug for Deal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Deal { maker, taker, incarnation, number } = self;
        write!(f, "{maker}>{taker}/{incarnation}.{number}")
    }
}

/// The first fact of an order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Entered {
    /// Its number, which is that of its command.
    pub order: OrderId,
    /// What its owner asked for.
    pub new: NewOrder,
}

/// Why an order left before it was filled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum CancelReason {
    /// Its owner cancelled it.
    Requested,
    /// It was immediate-or-cancel, and nobody else was there to deal with.
    Unmatched,
}

/// One thing that happened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fact {
    /// The world came up: for the first time, or again after it was lost.
    Started {
        /// Which start this is, from 1.
        epoch: u32,
    },
    /// A market was opened.
    MarketOpened {
        /// Its number.
        market: MarketId,
        /// Its rules.
        spec: MarketSpec,
    },
    /// An order was entered. From here to `Cancelled` or its last trade it is open.
    Entered(Entered),
    /// Two orders traded. One fact names both, so it cannot be half recorded.
    Traded {
        /// The deal that it came of, which names maker and taker.
        deal: Deal,
        /// Where.
        market: MarketId,
        /// The maker's limit.
        price: Price,
        /// How much.
        quantity: Lots,
    },
    /// A deal came to nothing, for good.
    Voided {
        /// Which.
        deal: Deal,
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
        /// Its rank in time from now on: as before, or that of the replace's own command if it lost its place.
        priority: CommandId,
    },
    /// An order's process was given up by its supervisor; the order is off the floor.
    Suspended {
        /// Which.
        order: OrderId,
    },
    /// A suspended order has a process again; it comes back to the floor at its old place.
    Released {
        /// Which.
        order: OrderId,
    },
    /// An order left, its open lots cancelled.
    Cancelled {
        /// Which.
        order: OrderId,
        /// Lots that were cancelled; may be zero.
        quantity: Lots,
        /// Why.
        reason: CancelReason,
    },
    /// A market's processes died more often than is borne, and were given up. Its orders stay open, have no processes
    /// and can be cancelled.
    MarketStopped {
        /// Which.
        market: MarketId,
    },
    /// A stopped market has processes again: each of its orders comes back to the floor at its old place.
    MarketResumed {
        /// Which.
        market: MarketId,
    },
}
