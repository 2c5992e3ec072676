//! The output of an engine: a plain record of 64 bytes for each event, the same for all engines.

/// The kind of event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// A new order was accepted.
    Entered,
    /// Two orders traded.
    Traded,
    /// An order has a new price and size.
    Replaced,
    /// An order was cancelled, or was immediate and not filled.
    Cancelled,
    /// The command was rejected.
    Refused,
}

/// Number of kinds.
pub const KINDS: usize = 5;

/// One event, as plain old data.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Report {
    /// Its command, by the number in the flow.
    pub command: u64,
    /// Its order; of a trade, the incoming order.
    pub order: u64,
    /// Of a trade, the resting order.
    pub maker: u64,
    /// In ticks.
    pub price: i64,
    /// Traded, entered, cancelled or new quantity.
    pub quantity: u64,
    /// The order's account.
    pub account: u32,
    /// The market.
    pub market: u16,
    /// The kind.
    pub kind: Kind,
}

impl Report {
    /// A report about one order, of the only market and account that the flow has.
    #[inline]
    pub fn new(kind: Kind, command: u64, order: u64, price: i64, quantity: u64) -> Report {
        Report { command, order, maker: 0, price, quantity, account: 1, market: 0, kind }
    }

    /// A trade.
    #[inline]
    pub fn trade(command: u64, order: u64, maker: u64, price: i64, quantity: u64) -> Report {
        Report { maker, ..Report::new(Kind::Traded, command, order, price, quantity) }
    }
}

const _: () = assert!(size_of::<Report>() == 64);

/// Receives an engine's reports.
pub trait Sink {
    /// Takes one report.
    fn report(&mut self, report: Report);
}

/// Reports counted and hashed, to compare engines.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Tally {
    /// Reports of each kind.
    pub kinds: [u64; KINDS],
    /// Lots traded.
    pub quantity: u64,
    /// Hash of price and lots of all trades, in order.
    pub trades_hash: u64,
    /// Hash of all fields of all reports, so that no field is computed in vain.
    pub checksum: u64,
}

impl Tally {
    /// Reports of this kind.
    pub fn count(&self, kind: Kind) -> u64 {
        self.kinds[kind as usize]
    }
}

impl Sink for Tally {
    #[inline]
    fn report(&mut self, report: Report) {
        let Report { command, order, maker, price, quantity, account, market, kind } = report;
        let price = price.cast_unsigned();
        self.kinds[kind as usize] += 1;
        let who = u64::from(account) << 16 | u64::from(market);
        let all = command ^ order.rotate_left(7) ^ maker.rotate_left(23) ^ price.rotate_left(37);
        self.checksum = fold(self.checksum, all ^ quantity.rotate_left(51) ^ who);
        if kind == Kind::Traded {
            self.quantity += quantity;
            self.trades_hash = fold(self.trades_hash, price << 16 ^ quantity);
        }
    }
}

#[inline]
fn fold(state: u64, word: u64) -> u64 {
    (state ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}
