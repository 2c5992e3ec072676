//! The tape of one market: its last trades, and how much traded in the last day.

use std::collections::VecDeque;

use protocol::{Deal, Stamp};
use units::{AccountId, CommandId, Lots, MarketId, Price, Side, Time};

/// One trade.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trade {
    /// Number of its fact: its one number everywhere. Unique over all markets, rises, with gaps.
    pub seq: u64,
    /// The command that brought it about.
    pub command: CommandId,
    /// When that command came in.
    pub time: Time,
    /// The deal that it came of; names maker and taker.
    pub deal: Deal,
    /// Where.
    pub market: MarketId,
    /// At which price, in ticks.
    pub price: Price,
    /// How much.
    pub quantity: Lots,
    /// Side of the incoming order.
    pub taker_side: Side,
    /// Account of the resting order; `None` only in views that were not folded from the first fact.
    pub maker_account: Option<AccountId>,
    /// Account of the incoming order; `None` only in views that were not folded from the first fact.
    pub taker_account: Option<AccountId>,
}

impl Trade {
    /// What the fact itself says; the rest is filled in from the orders and the tape.
    pub(crate) fn of_fact_alone(
        stamp: &Stamp,
        deal: Deal,
        market: MarketId,
        price: Price,
        quantity: Lots,
    ) -> Trade {
        Trade {
            seq: stamp.seq,
            command: stamp.command,
            time: stamp.time,
            deal,
            market,
            price,
            quantity,
            taker_side: Side::Buy,
            maker_account: None,
            taker_account: None,
        }
    }
}

/// Minutes in a day: how many sums of a minute the volume of a day needs.
const DAY: u64 = 24 * 60;

/// The last trades of one market.
#[derive(Clone, Debug)]
pub struct Tape {
    bound: usize,
    count: u64,
    trades: VecDeque<Trade>,
    /// Minute since 1970, and lots that traded in it; the last day's only.
    minutes: VecDeque<(u64, u128)>,
}

impl Tape {
    /// A tape without trades, which keeps the last `bound` of those to come.
    pub(crate) fn new(bound: usize) -> Tape {
        Tape { bound, count: 0, trades: VecDeque::new(), minutes: VecDeque::new() }
    }

    pub(crate) fn push(&mut self, trade: Trade) {
        self.count += 1;
        self.trades.push_back(trade);
        if self.trades.len() > self.bound {
            self.trades.pop_front();
        }
        let minute = minute(trade.time);
        match self.minutes.back_mut() {
            Some((last, quantity)) if *last == minute => *quantity += u128::from(trade.quantity.0),
            _ => self.minutes.push_back((minute, u128::from(trade.quantity.0))),
        }
        while self.minutes.front().is_some_and(|&(old, _)| old + DAY <= minute) {
            self.minutes.pop_front();
        }
    }

    /// How many trades there ever were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The trades that are kept, newest first.
    pub fn newest_first(&self) -> impl ExactSizeIterator<Item = &Trade> {
        self.trades.iter().rev()
    }

    /// The last trade.
    pub fn last(&self) -> Option<&Trade> {
        self.trades.back()
    }

    /// The trade that is the fact with this number, if it is kept. O(log kept).
    pub fn of_fact(&self, seq: u64) -> Option<&Trade> {
        let at = self.trades.binary_search_by_key(&seq, |trade| trade.seq).ok()?;
        self.trades.get(at)
    }

    /// Lots that traded in the 24 hours that end with the minute of `now`.
    pub fn day_volume(&self, now: Time) -> u128 {
        let now = minute(now);
        self.minutes.iter().filter(|&&(at, _)| at + DAY > now).map(|&(_, quantity)| quantity).sum()
    }
}

fn minute(time: Time) -> u64 {
    time.0 / 60_000_000_000
}
