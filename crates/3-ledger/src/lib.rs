//! The ledger: the pure fold of all facts. It knows every market, and the terms and fills of every open order.
//!
//! It is the one judge of what may be recorded ([`Ledger::validate_deal`]) and, as the world's state machine, of
//! every fact that a process records. It changes by facts alone, knows no process, and gives the
//! same state for the same facts, byte for byte. Nothing in it reads a clock or the disk.

mod apply;
mod band;
pub mod mutation;
mod order_record;
mod repeats;
mod snapshot;
#[cfg(test)]
mod tests;
mod verdict;

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use kernel::Digest;
use memory::Table;
use protocol::{Command, MarketSpec};
use units::{AccountId, ClientId, Lots, MarketId, OrderId, Symbol};

pub use apply::{Wrong, follows};
pub use band::Band;
pub use order_record::OrderRecord;
pub use repeats::Repeat;
pub use snapshot::SnapshotError;
pub use verdict::Verdict;

use repeats::Repeats;

/// The state of a market.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Market {
    /// Its rules.
    pub spec: MarketSpec,
    /// True while its processes are given up.
    pub stopped: bool,
    /// The prices that it takes now.
    pub band: Band,
}

/// The fold of facts. An open order takes 80 bytes here, and 8 to 18 in the table of numbers.
///
/// - a fact that breaks a law changes nothing, and is reported as [`Wrong`]
/// - `table` leads to each open order's record by its number; `free` lists exactly the other records
/// - `filled < size` in each open order's record: the fact that fills or cancels an order frees its record
/// - `markets` are numbered from 0 without gaps, and `symbols` has the name of each
/// - no two open orders have one number
/// - an open order's record has the outcome of its last deal in each role, of this epoch
/// - the same facts give the same state, whatever the addresses of the processes were
#[derive(Clone, Default, Debug)]
pub struct Ledger {
    pub(crate) epoch: u32,
    pub(crate) markets: Vec<Market>,
    pub(crate) symbols: BTreeMap<Symbol, MarketId>,
    pub(crate) records: Vec<OrderRecord>,
    pub(crate) free: Vec<u32>,
    pub(crate) table: Table,
    /// The greatest number of an order that has entered; in a ledger loaded from a snapshot, of the open ones.
    pub(crate) newest: OrderId,
    pub(crate) repeats: Repeats,
    pub(crate) facts: u64,
    pub(crate) trades: u64,
}

/// Hashes what later facts and commands depend on: markets, open orders, remembered client ids. The position of a
/// record and the number of facts so far make no difference.
impl Hash for Ledger {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Ledger { epoch, markets, records, repeats, newest, .. } = self;
        (epoch, markets, repeats, newest).hash(state);
        // A sum does not depend on the positions of the records.
        let used = records.iter().filter(|record| record.order != OrderId(0));
        let sum = used.fold(0_u64, |sum, record| {
            let mut hasher = Digest::new();
            record.hash(&mut hasher);
            sum.wrapping_add(hasher.finish())
        });
        sum.hash(state);
    }
}

impl Ledger {
    /// A ledger before the first fact.
    pub fn new() -> Ledger {
        Ledger::default()
    }

    /// A ledger before the first fact that remembers client ids in at most `bytes` bytes, and not in
    /// [`units::limits::REMEMBERED_BYTES`]: for tests of that limit.
    pub fn remembering(bytes: usize) -> Ledger {
        Ledger { repeats: Repeats::bounded(bytes), ..Ledger::default() }
    }

    /// The number of the world's last start; 0 before the first.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Facts folded so far: the number of the last one.
    #[inline(always)]
    pub fn facts(&self) -> u64 {
        self.facts
    }

    /// Trades folded so far.
    pub fn trades(&self) -> u64 {
        self.trades
    }

    /// Orders that are open now, suspended ones included.
    #[inline(always)]
    pub fn open_orders(&self) -> usize {
        self.table.len()
    }

    /// A market by its number.
    #[inline(always)]
    pub fn market(&self, market: MarketId) -> Option<&Market> {
        self.markets.get(usize::from(market.0))
    }

    /// A market's number by its name.
    pub fn symbol(&self, symbol: &Symbol) -> Option<MarketId> {
        self.symbols.get(symbol).copied()
    }

    /// All markets, in order of number.
    pub fn markets(&self) -> impl Iterator<Item = (MarketId, &Market)> {
        (0..).map(MarketId).zip(&self.markets)
    }

    /// An open order's record. One probe and one cache line.
    #[inline(always)]
    pub fn order(&self, order: OrderId) -> Option<&OrderRecord> {
        self.index(order).map(|index| &self.records[index as usize])
    }

    #[inline(always)]
    pub(crate) fn index(&self, order: OrderId) -> Option<u32> {
        self.table.get(order.0, |index| self.records[index as usize].order == order)
    }

    #[inline(always)]
    pub(crate) fn order_mut(&mut self, order: OrderId) -> Option<&mut OrderRecord> {
        self.index(order).map(|index| &mut self.records[index as usize])
    }

    /// Open orders of a market, earliest priority first. O(all open orders).
    pub fn open_in(&self, market: MarketId) -> Vec<OrderId> {
        let open = |record: &&OrderRecord| record.is_open() && record.market == market;
        let mut orders: Vec<_> =
            self.records.iter().filter(open).map(|l| (l.priority, l.order)).collect();
        orders.sort_unstable();
        orders.into_iter().map(|(_, order)| order).collect()
    }

    /// Whether an account has used a client id before, for the same command or for another one.
    #[inline]
    pub fn repeat(&self, account: AccountId, client: ClientId, command: &Command) -> Repeat {
        self.repeats.find(account, client, command)
    }

    /// True if an account can use client ids: it already does, or the memory for another one is free, or that of an
    /// account without open orders can be.
    pub fn can_remember(&self, account: AccountId) -> bool {
        self.repeats.has_room_for(account)
    }

    /// Bytes that remembered client ids take, at most.
    pub fn remembered_bytes(&self) -> usize {
        self.repeats.bytes()
    }

    /// Lots of an open order that have not traded: open or held, which only its process tells apart.
    pub fn remaining(&self, order: OrderId) -> Lots {
        self.order(order).map_or(Lots::ZERO, OrderRecord::remaining)
    }

    /// Prefetches an order's entry in the table. It affects time only.
    #[inline(always)]
    pub fn warm_entry(&self, order: OrderId) {
        self.table.warm(order.0);
    }

    /// Prefetches an order's record, and returns its probable position. It affects time only.
    #[inline(always)]
    pub fn warm_order(&self, order: OrderId) -> u32 {
        let Some(index) = self.table.guess(order.0) else { return u32::MAX };
        if let Some(record) = self.records.get(index as usize) {
            memory::prefetch(record);
        }
        index
    }

    /// The record at a position that [`Ledger::warm_order`] returned: the order's, by now another's, or a free one.
    #[inline(always)]
    pub fn order_at(&self, index: u32) -> Option<&OrderRecord> {
        self.records.get(index as usize)
    }
}
