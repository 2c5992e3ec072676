//! Queries of an exchange on the caller's thread. They change nothing.

use kernel::{Watch, World};
use market::{Floor, Party, floor_of};
use protocol::{MarketSpec, TimeInForce};
use units::{AccountId, CommandId, Lots, MarketId, OrderId, Price, Side, Symbol};

use crate::Exchange;

/// A market's floor in a world.
#[inline]
pub(crate) fn floor_in<W: Watch<Party>>(
    world: &World<Party, W>,
    market: MarketId,
) -> Option<&Floor> {
    world.process(world.whereis(floor_of(market))?)?.as_floor()
}

/// An open order, as the facts have it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OrderState {
    /// The account that owns it.
    pub account: AccountId,
    /// Its market.
    pub market: MarketId,
    /// Buy or sell.
    pub side: Side,
    /// Limit price, in ticks.
    pub price: Price,
    /// All its lots, traded ones included.
    pub size: Lots,
    /// Lots that have traded.
    pub filled: Lots,
    /// Lots that have not traded.
    pub open: Lots,
    /// Rank in time among the orders of its price: the command that set it.
    pub priority: CommandId,
    /// How long it stays in the book.
    pub time_in_force: TimeInForce,
    /// True if its supervisor has given its process up, so that it does not trade. Its owner can
    /// cancel it, and the operator can release it ([`protocol::Command::Release`]).
    pub suspended: bool,
}

impl<W: Watch<Party>> Exchange<W> {
    /// A market's number by its name.
    pub fn market(&self, symbol: &Symbol) -> Option<MarketId> {
        self.ledger().symbol(symbol)
    }

    /// All markets, in order of number.
    pub fn markets(&self) -> impl Iterator<Item = (MarketId, MarketSpec)> {
        self.ledger().markets().map(|(id, market)| (id, market.spec))
    }

    /// A market's floor.
    pub fn floor(&self, market: MarketId) -> Option<&Floor> {
        floor_in(self.world(), market)
    }

    /// The best price of a side, with the lots that rest there. O(1).
    pub fn best(&self, market: MarketId, side: Side) -> Option<(Price, Lots)> {
        self.floor(market)?.side(side).best()
    }

    /// The lots that rest at a price. O(log levels).
    pub fn depth_at(&self, market: MarketId, side: Side, price: Price) -> Lots {
        self.floor(market).map_or(Lots::ZERO, |floor| floor.side(side).depth_at(price))
    }

    /// Orders that rest on a market's floor, both sides.
    pub fn resting(&self, market: MarketId) -> usize {
        let resting =
            |floor: &Floor| floor.side(Side::Buy).resting() + floor.side(Side::Sell).resting();
        self.floor(market).map_or(0, resting)
    }

    /// An open order; `None` for one that is filled, has left or never was. O(1).
    pub fn order(&self, order: OrderId) -> Option<OrderState> {
        let record = self.ledger().order(order)?;
        Some(OrderState {
            account: record.account,
            market: record.market,
            side: record.side,
            price: record.price,
            size: record.size,
            filled: record.filled,
            open: record.remaining(),
            priority: record.priority,
            time_in_force: record.time_in_force(),
            suspended: record.is_suspended(),
        })
    }
}
