//! Commands that no process answers: of markets, and of orders that have none.

use kernel::Watch;
use market::Party;
use protocol::{CancelReason, Fact, MarketSpec, RejectCode};
use units::{Lots, MarketId, OrderId};

use super::Exchange;
use crate::mutation;

impl<W: Watch<Party>> Exchange<W> {
    pub(super) fn open_market(&mut self, spec: &MarketSpec) -> Result<(), RejectCode> {
        let market = self.ledger().markets().count();
        let market =
            MarketId(u16::try_from(market).expect("validated against limits::MAX_MARKETS"));
        self.record(Fact::MarketOpened { market, spec: *spec })?;
        self.grow(market, spec, false);
        Ok(())
    }

    /// Cancels an order of a stopped market, which has no process. An order of another market that has none is
    /// between two lives: the command is sent again to the next one.
    #[cold]
    pub(super) fn cancel_if_stopped(
        &mut self,
        order: OrderId,
        market: MarketId,
    ) -> Result<(), RejectCode> {
        match self.ledger().market(market).is_some_and(|market| market.stopped) {
            true => self.cancel_without_process(order, market),
            false => Ok(()),
        }
    }

    /// Cancels a suspended order, or one of a stopped market: it has no process that could do it.
    pub(super) fn cancel_without_process(
        &mut self,
        order: OrderId,
        market: MarketId,
    ) -> Result<(), RejectCode> {
        let quantity: Lots = self.ledger().remaining(order);
        self.record(Fact::Cancelled { order, quantity, reason: CancelReason::Requested })?;
        if mutation::KEEPS_PAST_LIFE.is_on() {
            return Ok(());
        }
        self.world.forget_one_of(self.orders[usize::from(market.0)], order.0);
        Ok(())
    }

    /// Starts the next life of a suspended order, which comes back as after any restart.
    pub(super) fn release(&mut self, order: OrderId, market: MarketId) -> Result<(), RejectCode> {
        self.record(Fact::Released { order })?;
        // If the supervisor itself is between two lives, its next one starts every order that the ledger has open.
        let _started = self.world.restart_one_of(self.orders[usize::from(market.0)], order.0);
        Ok(())
    }

    /// Starts a stopped market's processes: its open orders come back as after any restart.
    pub(super) fn resume(&mut self, market: MarketId, spec: &MarketSpec) -> Result<(), RejectCode> {
        let branch = self.world.node(&format!("exchange/{}", spec.symbol));
        let branch = branch.expect("every market has its branch, started or not");
        self.record(Fact::MarketResumed { market })?;
        if let Err(why) = self.world.restart_child(branch) {
            self.die(&format!(
                "the processes of market {} cannot be started: {why:?}",
                spec.symbol
            ));
            return Err(RejectCode::Unavailable);
        }
        Ok(())
    }
}
