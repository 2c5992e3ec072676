//! The plan of a run, drawn from a seed: the size of the world, the clients, the faults and
//! their rates. Every seed draws its own subset (swarm testing): a fault that is always on hides what
//! happens without it.

use std::fmt;

use kernel::Seeded;

use crate::faults::{Fault, Kinds};
use crate::laws::Delivery;
use crate::world::PriceRules;

/// Options of a run; the seed draws the rest.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Wanted {
    /// Number of orders. Default [`ORDERS`].
    pub orders: Option<u32>,
    /// Markets; at most 4,096. Default 1 to 3.
    pub markets: Option<u16>,
    /// Kinds of fault. Default all, of which the seed draws some.
    pub faults: Option<Kinds>,
    /// Virtual hours over which the orders come. Default seconds to hours.
    pub hours: Option<u32>,
    /// Of the drawn faults, counted from 0: the first that strikes, and the first that
    /// no longer does.
    pub window: Option<(u64, u64)>,
    /// Factor for all fault probabilities. Default 1.
    pub hasten: Option<u32>,
}

impl fmt::Display for Wanted {
    /// As flags of the command.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut flags = Vec::new();
        flags.extend(self.orders.map(|orders| format!("--orders {orders}")));
        flags.extend(self.markets.map(|markets| format!("--markets {markets}")));
        flags.extend(self.faults.map(|faults| format!("--faults {faults}")));
        flags.extend(self.hours.map(|hours| format!("--hours {hours}")));
        flags.extend(self.hasten.map(|times| format!("--hasten {times}")));
        flags.extend(self.window.map(|(from, until)| format!("--window {from}..{until}")));
        f.write_str(&flags.join(" "))
    }
}

/// The plan of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Number of orders.
    pub orders: u32,
    /// Markets.
    pub markets: u16,
    /// Kinds of fault.
    pub kinds: Kinds,
    /// Which of the drawn faults strike.
    pub window: (u64, u64),
    /// Mean virtual nanoseconds between two batches of commands.
    pub gap: u64,
    /// Most commands in a batch.
    pub batch: usize,
    /// Number of accounts.
    pub accounts: usize,
    /// The price rules of every market.
    pub rules: PriceRules,
    /// Number of prices, from the lowest that the rules allow.
    pub prices: usize,
    /// Largest size; the smallest is 1.
    pub quantity: usize,
    /// Of 100 commands, how many place an order; the others cancel and replace.
    pub places: usize,
    /// Choice of the next signal.
    pub delivery: Delivery,
    /// Time passes with each kill, so that no order is suspended.
    pub patient: bool,
    /// A killed process is often killed again, without time in between, so that orders are suspended.
    pub grudge: bool,
    /// Victims: weights of orders, floors, the ledger, supervisors of orders.
    pub victims: [usize; 4],
    /// Capacity of the queue to the world, in batches.
    pub queue: usize,
    /// Size of a segment, in bytes.
    pub segment_bytes: u64,
    /// Reserve for a full disk, in bytes.
    pub reserve_bytes: u64,
    /// Facts between snapshots.
    pub snapshot_every: u64,
    hasten: u32,
    rates: [u32; Fault::ALL.len()],
}

/// Default orders of a seed. Each crash reads the whole journal again, so a seed's
/// cost grows with the square of its orders: many seeds with fewer orders reach more.
pub const ORDERS: u32 = 250;

impl Plan {
    /// The plan of this seed with these options.
    pub fn draw(seed: u64, wanted: &Wanted) -> Plan {
        let mut chance = Seeded::new(seed);
        let mut below = |bound| chance.below(bound);
        let mut kinds = wanted.faults.unwrap_or(Kinds::ALL);
        let mut rates = [0; Fault::ALL.len()];
        // Later additions draw from their own sequence, so the rest of a seed's plan stays as it was.
        let mut later = Seeded::new(seed ^ 0x1a7e);
        for (rate, fault) in rates.iter_mut().zip(Fault::ALL) {
            let mut below = |bound| match *fault > Fault::Slow {
                true => later.below(bound),
                false => below(bound),
            };
            *rate = often(*fault)[below(3)];
            if below(5) < 2 {
                kinds = kinds.without(*fault);
            }
        }
        let orders = wanted.orders.unwrap_or(ORDERS).max(1);
        let markets = [1, 1, 2, 3][below(4)];
        let gap = [20_000, 100_000, 1_000_000, 30_000_000, 3_000_000_000][below(5)];
        let hour = 3_600_000_000_000_u64;
        let gap =
            wanted.hours.map_or(gap, |hours| (u64::from(hours) * hour / u64::from(orders)).max(1));
        Plan {
            orders,
            markets: wanted.markets.unwrap_or(markets).max(1),
            kinds,
            window: wanted.window.unwrap_or((0, u64::MAX)),
            gap,
            batch: [1, 2, 4, 16][below(4)],
            accounts: [4, 8, 32][below(3)],
            prices: [2, 6, 20, 100][below(4)],
            quantity: [1, 4, 20][below(3)],
            places: [50, 60, 75][below(3)],
            delivery: [Delivery::InOrder, Delivery::Any, Delivery::Latest][below(3)],
            patient: below(4) > 0,
            victims: [[1, 0, 0, 0], [0, 1, 1, 0], [20, 2, 2, 0], [60, 6, 6, 1]][below(4)],
            queue: [2, 16, 1024][below(3)],
            segment_bytes: [2_000, 16_000, 100_000][below(3)],
            reserve_bytes: [0, 4_000, 20_000][below(3)],
            snapshot_every: [100, 500, 5_000][below(3)],
            grudge: below(8) == 0, // drawn last: the rest of a seed's plan is what it was before
            // Half of all seeds; seeds that once found a bug keep their original plan.
            rules: match seed % 8 {
                1 | 3 | 6 | 7 => PriceRules::strict(seed / 8),
                _ => PriceRules::Any,
            },
            hasten: wanted.hasten.unwrap_or(1),
            rates,
        }
    }

    /// Of 100,000 opportunities of this kind of fault, how many become faults.
    pub fn rate(&self, fault: Fault) -> u32 {
        let rate = self.rates[fault as usize].saturating_mul(self.hasten).min(100_000);
        if self.kinds.has(fault) { rate } else { 0 }
    }
}

/// Rates of which a seed draws one.
fn often(fault: Fault) -> [u32; 3] {
    match fault {
        Fault::Kill => [50, 400, 2_000],
        Fault::Program | Fault::Power => [100, 300, 600],
        Fault::Short => [1_000, 5_000, 20_000],
        Fault::Write => [20, 100, 400],
        Fault::Sync => [50, 200, 1_000],
        Fault::Full => [100, 300, 1_000],
        Fault::Rot => [30_000, 60_000, 100_000],
        Fault::Slow => [20, 100, 500],
        Fault::Inodes => [100, 300, 1_000],
        Fault::Make => [500, 2_000, 10_000],
        Fault::Taken | Fault::End => [30, 100, 300],
        Fault::Stale => [30_000, 60_000, 100_000],
        Fault::Second => [50, 200, 500],
        Fault::Ruin => [2, 5, 12],
        Fault::Clock => [30, 100, 300],
    }
}
