//! The record of an open order.

use std::hash::{Hash, Hasher};

use protocol::{Deal, TimeInForce};
use units::{AccountId, CommandId, Lots, MarketId, OrderId, Price, Side};

/// One open order by its facts. 80 bytes, used again once the order has ended.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct OrderRecord {
    /// Its number; `OrderId(0)` marks a free record.
    pub order: OrderId,
    /// Rank in time.
    pub priority: CommandId,
    /// Limit.
    pub price: Price,
    /// Size, lots that have traded included.
    pub size: Lots,
    /// Lots that have traded.
    pub filled: Lots,
    /// The account that owns it.
    pub account: AccountId,
    /// Its market.
    pub market: MarketId,
    /// Buy or sell.
    pub side: Side,
    /// Its time in force, whether it is suspended, and whether it was entered or replaced under a client id.
    pub(crate) flags: RecordFlags,
    /// How its last deal as maker ended. An order has one deal at a time, so one is enough.
    pub(crate) as_maker: DealOutcome,
    /// How its last deal as taker ended, and with whom.
    pub(crate) as_taker: (OrderId, DealOutcome),
    pub(crate) pid_hint: PidHint,
}

/// The index of the address at which the order's process was last seen.
///
/// A hint that the kernel checks, and no fact: records that differ in it alone are equal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PidHint(pub(crate) u32);

impl PidHint {
    pub(crate) const NOWHERE: PidHint = PidHint(u32::MAX);
}

impl PartialEq for PidHint {
    fn eq(&self, _other: &PidHint) -> bool {
        true
    }
}

impl Eq for PidHint {}

impl Hash for PidHint {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

/// Time in force, suspension and use of a client id, in one byte.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct RecordFlags(u8);

impl RecordFlags {
    const SUSPENDED: u8 = 2;
    /// Entered or replaced under a client id, so its end is counted for its account.
    const BY_CLIENT: u8 = 4;

    #[inline(always)]
    pub(crate) fn of(time_in_force: TimeInForce) -> RecordFlags {
        RecordFlags(time_in_force as u8)
    }
}

/// The end of one deal: which of a maker's deals, and whether it is a trade. Orders as its deals do.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct DealOutcome {
    incarnation: u32,
    /// The deal's number, doubled; plus one for a trade.
    number: u32,
}

impl DealOutcome {
    /// The deal's number must be at most [`units::limits::MAX_PROPOSALS`].
    pub(crate) fn of(deal: &Deal, traded: bool) -> DealOutcome {
        DealOutcome { incarnation: deal.incarnation, number: deal.number << 1 | u32::from(traded) }
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

impl OrderRecord {
    /// A free record.
    pub(crate) fn free() -> OrderRecord {
        OrderRecord {
            order: OrderId(0),
            priority: CommandId(0),
            price: Price(0),
            size: Lots::ZERO,
            filled: Lots::ZERO,
            account: AccountId(0),
            market: MarketId(0),
            side: Side::Buy,
            flags: RecordFlags::of(TimeInForce::GoodTillCancel),
            as_maker: DealOutcome::default(),
            as_taker: (OrderId(0), DealOutcome::default()),
            pid_hint: PidHint::NOWHERE,
        }
    }

    /// The index of the address at which its process was last seen; another process may be there by now.
    #[inline(always)]
    pub fn pid_hint(&self) -> u32 {
        self.pid_hint.0
    }

    /// How long it stays in the book.
    #[inline(always)]
    pub fn time_in_force(&self) -> TimeInForce {
        match self.flags.0 & 1 {
            0 => TimeInForce::GoodTillCancel,
            _ => TimeInForce::ImmediateOrCancel,
        }
    }

    /// True if its process was given up; it is off the floor.
    #[inline(always)]
    pub fn is_suspended(&self) -> bool {
        self.flags.0 & RecordFlags::SUSPENDED != 0
    }

    /// True if it was entered or replaced under a client id.
    #[inline(always)]
    pub(crate) fn is_by_client(&self) -> bool {
        self.flags.0 & RecordFlags::BY_CLIENT != 0
    }

    /// Marks it as entered or replaced under a client id; false if it was marked before.
    pub(crate) fn set_by_client(&mut self) -> bool {
        let is_new = !self.is_by_client();
        self.flags.0 |= RecordFlags::BY_CLIENT;
        is_new
    }

    pub(crate) fn suspend(&mut self) {
        self.flags.0 |= RecordFlags::SUSPENDED;
    }

    pub(crate) fn release(&mut self) {
        self.flags.0 &= !RecordFlags::SUSPENDED;
    }

    /// Lots that have not traded.
    #[inline(always)]
    pub fn remaining(&self) -> Lots {
        self.size - self.filled
    }

    /// True if the order is open and its process at work.
    #[inline(always)]
    pub fn is_open(&self) -> bool {
        self.order != OrderId(0) && !self.is_suspended()
    }
}
