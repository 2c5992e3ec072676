//! An open order's line.

use std::hash::{Hash, Hasher};

use protocol::{Deal, TimeInForce};
use units::{AccountId, AskId, Lots, MarketId, OrderId, Price, Side};

/// What the facts say of one open order. 80 bytes; frees its room when the order is done.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Line {
    /// Who; `OrderId(0)` marks a line that is free.
    pub order: OrderId,
    /// Rank in time.
    pub place: AskId,
    /// Limit.
    pub price: Price,
    /// Size, lots that have traded included.
    pub size: Lots,
    /// Lots that have traded.
    pub done: Lots,
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub market: MarketId,
    /// Buy or sell.
    pub side: Side,
    /// How long it stands, whether its process is at work, and whether it was asked for under a client id.
    pub(crate) standing: Standing,
    /// How its last deal as maker ended. An order has one deal at a time, so one is enough.
    pub(crate) as_maker: Mark,
    /// How its last deal as taker ended, and with whom.
    pub(crate) as_taker: (OrderId, Mark),
    pub(crate) seen: Seen,
}

/// Where the order's process was last seen, by its address's index. No fact, only a hint for whoever looks for
/// it: two lines that differ in it are the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen(pub(crate) u32);

impl Seen {
    pub(crate) const NOWHERE: Seen = Seen(u32::MAX);
}

impl PartialEq for Seen {
    fn eq(&self, _other: &Seen) -> bool {
        true
    }
}

impl Eq for Seen {}

impl Hash for Seen {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

/// How long an order stands, whether it does, and whether its client can ask after it by an id: one byte.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Standing(u8);

impl Standing {
    const SUSPENDED: u8 = 2;
    /// It was asked for under a client id, and its account is told when it ends.
    const BY_CLIENT: u8 = 4;

    #[inline(always)]
    pub(crate) fn of(stands: TimeInForce) -> Standing {
        Standing(stands as u8)
    }
}

/// The end of one deal: which of a maker's deals, and whether it is a trade. Orders as its deals do.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Mark {
    incarnation: u32,
    /// The deal's number, doubled; plus one for a trade.
    number: u32,
}

impl Mark {
    /// The deal's number must be at most [`units::limits::MAX_PROPOSALS`].
    pub(crate) fn of(deal: &Deal, traded: bool) -> Mark {
        Mark { incarnation: deal.incarnation, number: deal.number << 1 | u32::from(traded) }
    }

    /// True if this is the end of `deal`.
    pub(crate) fn is_of(self, deal: &Deal) -> bool {
        self.incarnation == deal.incarnation && self.number / 2 == deal.number
    }

    pub(crate) fn traded(self) -> bool {
        self.number % 2 == 1
    }

    /// True if `deal` came after the one that this is the end of.
    pub(crate) fn is_before(self, deal: &Deal) -> bool {
        (self.incarnation, self.number / 2) < (deal.incarnation, deal.number)
    }
}

impl Line {
    /// What a free line holds.
    pub(crate) fn free() -> Line {
        Line {
            order: OrderId(0),
            place: AskId(0),
            price: Price(0),
            size: Lots::ZERO,
            done: Lots::ZERO,
            account: AccountId(0),
            market: MarketId(0),
            side: Side::Buy,
            standing: Standing::of(TimeInForce::GoodTillCancel),
            as_maker: Mark::default(),
            as_taker: (OrderId(0), Mark::default()),
            seen: Seen::NOWHERE,
        }
    }

    /// Where its process was last seen: an address's index, which may be another's by now.
    #[inline(always)]
    pub fn seen_at(&self) -> u32 {
        self.seen.0
    }

    /// How long it stands.
    #[inline(always)]
    pub fn stands(&self) -> TimeInForce {
        match self.standing.0 & 1 {
            0 => TimeInForce::GoodTillCancel,
            _ => TimeInForce::ImmediateOrCancel,
        }
    }

    /// True if its process was given up; it is off the floor.
    #[inline(always)]
    pub fn is_suspended(&self) -> bool {
        self.standing.0 & Standing::SUSPENDED != 0
    }

    /// True if it was asked for under a client id: of its account's active orders it is one.
    #[inline(always)]
    pub(crate) fn is_by_client(&self) -> bool {
        self.standing.0 & Standing::BY_CLIENT != 0
    }

    /// Marks it as one of its account's active orders; false if it is one.
    pub(crate) fn set_by_client(&mut self) -> bool {
        let is_new = !self.is_by_client();
        self.standing.0 |= Standing::BY_CLIENT;
        is_new
    }

    pub(crate) fn suspend(&mut self) {
        self.standing.0 |= Standing::SUSPENDED;
    }

    pub(crate) fn release(&mut self) {
        self.standing.0 &= !Standing::SUSPENDED;
    }

    /// Lots that have not traded.
    #[inline(always)]
    pub fn remaining(&self) -> Lots {
        self.size - self.done
    }

    /// True if the order is open and its process at work.
    #[inline(always)]
    pub fn is_open(&self) -> bool {
        self.order != OrderId(0) && !self.is_suspended()
    }
}
