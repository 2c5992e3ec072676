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
        let market = MarketId(u16::try_from(market).expect("bounded at the door"));
        self.record(Fact::MarketOpened { market, spec: *spec })?;
        self.grow(market, spec, false);
        Ok(())
    }

    /// An order of a stopped market has no process. (One of another market that has none will have one shortly,
    /// since its supervisor is between two lives; it is asked again.)
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

    /// A suspended order, or one of a stopped market, has no process that could leave.
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

    /// A suspended order has a process again, in its next life, which comes back as after any death.
    pub(super) fn release(&mut self, order: OrderId, market: MarketId) -> Result<(), RejectCode> {
        self.record(Fact::Released { order })?;
        // If the supervisor is between two lives, its next one starts all who are open by the ledger.
        let _started = self.world.restart_one_of(self.orders[usize::from(market.0)], order.0);
        Ok(())
    }

    /// A stopped market has processes again: those of its open orders come back as after any death.
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
