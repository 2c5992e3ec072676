//! Prefetching for the commands that come next. It affects time only, never a result.
//!
//! A cancel or a replace needs four things, each found through the one before: the order's entry in the ledger's
//! table, its record, its process with its slot on the floor, and its neighbours there. In a book that does not fit
//! the caches each costs a miss of the main memory. So each is fetched some commands ahead, while others run.

use kernel::{Watch, World};
use ledger::{Ledger, OrderRecord};
use market::Party;
use protocol::{Command, Replace};
use units::{CommandId, OrderId};

use super::Exchange;
use crate::queries::floor_in;

/// With fewer open orders than this, at about 250 bytes each, all that a command needs is in the caches anyway.
const FITS_THE_CACHES: usize = 65_536;

/// The distances, in commands, at which the entry, the record, the process and slot, and the neighbours are fetched.
/// Each step needs what the step before has fetched, so the distances fall.
const ENTRY_AHEAD: usize = 8;
const RECORD_AHEAD: usize = 5;
const PROCESS_AHEAD: usize = 3;
const NEIGHBOURS_AHEAD: usize = 1;

/// Positions that are kept: a power of two above [`RECORD_AHEAD`].
const POSITIONS: usize = 8;
const _: () = assert!(POSITIONS.is_power_of_two() && POSITIONS > RECORD_AHEAD);

/// Which records the next commands need.
///
/// - the position of command `n` is at `n % POSITIONS`, from the moment that it is [`RECORD_AHEAD`] commands ahead
/// - a position is a hint: by the time that it is used, the record may be another order's, or free
#[derive(Clone, Copy, Debug)]
pub(super) struct Prefetcher {
    records: [u32; POSITIONS],
}

impl Prefetcher {
    pub(super) const fn new() -> Prefetcher {
        Prefetcher { records: [u32::MAX; POSITIONS] }
    }

    /// Fetches for the commands after the one with the number `next`, which `soon` lists in order.
    #[inline(always)]
    fn advance<W: Watch<Party>>(
        &mut self,
        world: &World<Party, W>,
        next: CommandId,
        soon: &[Command],
    ) {
        let ledger = world.state_machine();
        if ledger.open_orders() < FITS_THE_CACHES {
            return;
        }
        if let Some(order) = soon.get(ENTRY_AHEAD).and_then(order_of) {
            ledger.warm_entry(order);
        }
        let order = soon.get(RECORD_AHEAD).and_then(order_of);
        self.records[index(next, RECORD_AHEAD)] =
            order.map_or(u32::MAX, |order| ledger.warm_order(order));
        if let Some(record) = self.record(ledger, next, PROCESS_AHEAD) {
            let address = record.pid_hint() as usize;
            world.warm(address);
            if let Some(floor) = floor_in(world, record.market) {
                floor.warm(address);
            }
        }
        if let Some(record) = self.record(ledger, next, NEIGHBOURS_AHEAD)
            && let Some(floor) = floor_in(world, record.market)
        {
            floor.warm_neighbours(record.pid_hint() as usize);
        }
    }

    /// The record that the command this far ahead probably needs.
    #[inline(always)]
    fn record<'a>(
        &self,
        ledger: &'a Ledger,
        next: CommandId,
        ahead: usize,
    ) -> Option<&'a OrderRecord> {
        ledger.order_at(self.records[index(next, ahead)])
    }
}

impl<W: Watch<Party>> Exchange<W> {
    /// Prefetches what the next commands will need: `soon` lists those after the one that is submitted next, in
    /// order.
    ///
    /// Looks at two of them. It affects time only, and pays when a book does not fit the caches.
    #[inline(always)]
    pub fn warm(&mut self, soon: &[Command]) {
        self.prefetcher.advance(&self.world, self.next, soon);
    }
}

#[inline(always)]
fn index(next: CommandId, ahead: usize) -> usize {
    #[allow(clippy::cast_possible_truncation, reason = "only the last bits matter")]
    let next = next.0 as usize;
    next.wrapping_add(ahead) % POSITIONS
}

#[inline(always)]
fn order_of(command: &Command) -> Option<OrderId> {
    match command {
        Command::Cancel { order, .. } | Command::Replace(Replace { order, .. }) => Some(*order),
        Command::NewOrder(_)
        | Command::OpenMarket(_)
        | Command::Release { .. }
        | Command::ResumeMarket { .. } => None,
    }
}
