//! What commands that come soon will need is fetched ahead. No effect but on time.

use kernel::Watch;
use ledger::OrderRecord;
use market::Party;
use protocol::Command;
use units::OrderId;

use super::{Exchange, SOON};

impl<W: Watch<Party>> Exchange<W> {
    /// Asks the processor to fetch what commands that come soon will need: `soon` is what comes next, in
    /// order. Looks at three of them. No effect but on time; pays when a book does not fit the caches.
    #[inline(always)]
    pub fn warm(&mut self, soon: &[Command]) {
        if self.ledger().open_orders() < FITS_THE_CACHES {
            return;
        }
        if let Some(order) = soon.get(ENTRIES_AHEAD).and_then(order_of) {
            self.world.state_machine().warm_entry(order);
        }
        let record = soon.get(LINES_AHEAD).and_then(order_of);
        let record = record.map_or(u32::MAX, |order| self.world.state_machine().warm_order(order));
        self.soon[self.soon_at(LINES_AHEAD)] = record;
        if let Some(record) = self.line_soon(PLACES_AHEAD) {
            let index = record.pid_hint() as usize;
            self.world.warm(index);
            if let Some(floor) = self.floor(record.market) {
                floor.warm(index);
            }
        }
        if let Some(record) = self.line_soon(NEIGHBOURS_AHEAD)
            && let Some(floor) = self.floor(record.market)
        {
            floor.warm_neighbours(record.pid_hint() as usize);
        }
    }

    /// Where it is remembered which line a command needs that comes so soon.
    #[inline(always)]
    fn soon_at(&self, ahead: usize) -> usize {
        #[allow(clippy::cast_possible_truncation, reason = "the last bits are asked for")]
        let next = self.next.0 as usize;
        next.wrapping_add(ahead) % SOON
    }

    #[inline(always)]
    fn line_soon(&self, ahead: usize) -> Option<&OrderRecord> {
        self.ledger().order_at(self.soon[self.soon_at(ahead)])
    }
}

/// Below so many open orders all that asks need is in the caches anyway: at about 250 bytes each, 4 MB.
const FITS_THE_CACHES: usize = 65_536;
/// So many asks ahead the entry of an order is fetched, then its line, then its process and seat that the line names...
const ENTRIES_AHEAD: usize = 8;
const LINES_AHEAD: usize = 5;
const PLACES_AHEAD: usize = 3;
/// ... and so many ahead who stands before and behind it, who must be told when it leaves.
const NEIGHBOURS_AHEAD: usize = 1;

#[inline(always)]
fn order_of(command: &Command) -> Option<OrderId> {
    match command {
        Command::Cancel { order, .. } | Command::Replace(protocol::Replace { order, .. }) => {
            Some(*order)
        }
        Command::NewOrder(_)
        | Command::OpenMarket(_)
        | Command::Release { .. }
        | Command::ResumeMarket { .. } => None,
    }
}
