//! Generated order flow: a seed and a scenario give the same commands on every machine.
//!
//! `docs/flow.md` describes the model with its formulas. It has no book: it never
//! knows what has traded, as real clients do not know it in time. It must never use a
//! float, a clock or an iteration order that is not deterministic.

mod chance;
mod mid;
mod pending;
mod scenario;
#[cfg(test)]
mod tests;

use protocol::{Command, MarketSpec, NewOrder, Replace, TimeInForce};
use units::{AccountId, CommandId, Lots, MarketId, OrderId, Price, Scale, Side};

use chance::{Chance, Distances};
use mid::Mid;
use pending::{Next, Pending, Quote};

pub use scenario::Scenario;

/// Where the mid starts, in ticks: 100.00 in ticks of half a cent.
pub const START: i64 = 20_000;

/// Largest size of a generated order, in lots; the smallest is 1.
pub const LARGEST: u64 = 100;

/// Of 1,000 new orders that many are immediate-or-cancel.
const IMMEDIATE: u64 = 150;
/// Of 1,000 good-till-cancel orders that many are cancelled by their owner; the others are patient.
const CANCELLED: u64 = 950;
/// Of 1,000 orders that will be cancelled that many are replaced first.
const REPLACED: u64 = 200;
/// Of 1,000 orders that will be cancelled that many are cancelled at once.
const AT_ONCE: u64 = 600;
/// Of 1,000 cancels that many are followed by a dead command: a doubled cancel or a stale replace.
/// There are four cancels in ten commands, so one command in fifty is dead.
const DEAD: u64 = 50;
/// Of 1,024 commands that many replace an order of the standing book, picked at random.
const STANDING_REPLACED: u64 = 20;

/// A market for a flow to trade in: ticks of half a cent, whole lots.
pub fn market() -> MarketSpec {
    MarketSpec::new(
        "FLOW-USD".parse().expect("eight allowed characters"),
        Scale { mantissa: 5, places: 3 },
        Scale::places(0),
    )
    .with_negative_prices()
}

/// Settings of a flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// The number of the first command; commands count up by one, and orders have their command's number.
    pub first: CommandId,
    /// The market of all orders.
    pub market: MarketId,
    /// The first of the accounts that own the orders.
    pub account: AccountId,
    /// Number of accounts that take turns; at least 1.
    pub accounts: u32,
    /// Orders of the standing book, placed first; `None` for the scenario's own number.
    pub standing: Option<u32>,
    /// Commands of one period of the scenario, without the standing book; at least 1,000.
    /// The next period continues from the present mid.
    pub period: u64,
}

impl Default for Options {
    /// From command 1, market 0, account 1 alone, the scenario's own standing book, a million commands.
    fn default() -> Options {
        Options {
            first: CommandId(1),
            market: MarketId(0),
            account: AccountId(1),
            accounts: 1,
            standing: None,
            period: 1_000_000,
        }
    }
}

/// An endless flow of commands; see [`Flow::new`].
#[derive(Clone, Debug)]
pub struct Flow {
    options: Options,
    chance: Chance,
    mid: Mid,
    pending: Pending,
    /// Orders without a planned cancel, dead or alive.
    standing: Vec<Quote>,
    /// Target size of the standing book.
    depth: usize,
    near: &'static Distances,
    far: &'static Distances,
    next: u64,
}

impl Flow {
    /// A flow of `scenario`, the same for the same `seed` and options on every machine.
    ///
    /// The first [`Flow::standing`] commands place the standing book; nothing trades in them. Costs
    /// about 45 ns a command, and 24 bytes for each order of the standing book.
    pub fn new(scenario: Scenario, seed: u64, options: Options) -> Flow {
        let depth = options.standing.unwrap_or(scenario.standing()) as usize;
        Flow {
            options: Options { accounts: options.accounts.max(1), ..options },
            chance: Chance::new(seed),
            mid: Mid::new(scenario, options.period),
            pending: Pending::new(),
            standing: Vec::with_capacity(depth),
            depth,
            near: chance::near(),
            far: chance::far(),
            next: options.first.0,
        }
    }

    /// Number of commands that place the standing book.
    pub fn standing(&self) -> usize {
        self.depth
    }

    /// The mid in whole ticks: buyers quote from here down, sellers from one tick above up.
    pub fn mid(&self) -> Price {
        Price(self.mid.ticks())
    }

    fn draw_command(&mut self) -> Command {
        let number = self.next;
        self.next += 1;
        if self.standing.len() < self.depth {
            let side = if number.is_multiple_of(2) { Side::Buy } else { Side::Sell };
            let quote = self.patient(number, side);
            self.standing.push(quote);
            return self.place(quote, TimeInForce::GoodTillCancel);
        }
        let coin = self.chance.bits();
        self.mid.step(coin);
        if let Some((quote, next)) = self.pending.due() {
            return self.follow_up(quote, next);
        }
        if !self.standing.is_empty() && self.chance.per_1024(STANDING_REPLACED) {
            let index = self.chance.index(self.standing.len());
            let old = self.standing[index];
            self.standing[index] = self.requote(old, self.far);
            return self.replace(self.standing[index]);
        }
        self.incoming(number)
    }

    /// A new order: immediate, fleeting or patient.
    fn incoming(&mut self, number: u64) -> Command {
        let side = if self.chance.below(2) == 0 { Side::Buy } else { Side::Sell };
        if self.chance.per_1000(IMMEDIATE) {
            let reach = self.chance.below(16).min(self.chance.below(16));
            let price = match side {
                Side::Buy => self.mid.ticks() + 1 + reach,
                Side::Sell => self.mid.ticks() - reach,
            };
            let quantity = self.quantity();
            return self
                .place(Quote::new(number, side, price, quantity), TimeInForce::ImmediateOrCancel);
        }
        if !self.chance.per_1000(CANCELLED) {
            let quote = self.patient(number, side);
            self.settle(quote);
            return self.place(quote, TimeInForce::GoodTillCancel);
        }
        let quote = self.quote(number, side, self.near);
        let first = if self.chance.per_1000(REPLACED) { Next::Replace } else { Next::Cancel };
        let delay = self.lifetime();
        self.pending.plan(delay, quote, first);
        self.place(quote, TimeInForce::GoodTillCancel)
    }

    /// A patient order joins the standing book and cancels one that stood there, so
    /// that the book keeps its depth however long the flow is.
    fn settle(&mut self, quote: Quote) {
        if self.depth == 0 {
            return;
        }
        let index = self.chance.index(self.depth);
        let old = std::mem::replace(&mut self.standing[index], quote);
        self.pending.plan(1, old, Next::LastCancel);
    }

    /// The next command of an earlier order's owner.
    fn follow_up(&mut self, quote: Quote, next: Next) -> Command {
        match next {
            Next::Replace => {
                let quote = self.requote(quote, self.near);
                let delay = self.lifetime();
                self.pending.plan(delay, quote, Next::Cancel);
                self.replace(quote)
            }
            Next::Cancel => {
                if self.chance.per_1000(DEAD) {
                    let dead = if self.chance.below(2) == 0 {
                        Next::LastCancel
                    } else {
                        Next::LastReplace
                    };
                    let delay = 1 + self.chance.index(16);
                    self.pending.plan(delay, quote, dead);
                }
                self.cancel(quote)
            }
            Next::LastCancel => self.cancel(quote),
            Next::LastReplace => {
                let quote = self.requote(quote, self.near);
                self.replace(quote)
            }
        }
    }

    /// Commands from an order to its cancel, or to its replace and from there to its cancel.
    fn lifetime(&mut self) -> usize {
        if self.chance.per_1000(AT_ONCE) {
            return 1 + self.chance.index(4);
        }
        // As likely between 8 and 16 as between 2^15 and 2^16: logarithmically uniform.
        let octave = 3 + self.chance.index(13);
        (1 << octave) + self.chance.index(1 << octave)
    }

    fn quantity(&mut self) -> u64 {
        1 + self.chance.below(LARGEST.cast_signed()).cast_unsigned()
    }

    fn patient(&mut self, number: u64, side: Side) -> Quote {
        self.quote(number, side, self.far)
    }

    fn quote(&mut self, number: u64, side: Side, distances: &Distances) -> Quote {
        let quantity = self.quantity();
        let price = self.passive(side, distances);
        Quote::new(number, side, price, quantity)
    }

    /// A price on the order's own side of the mid. Never below half of it, so never below one tick.
    fn passive(&mut self, side: Side, distances: &Distances) -> i64 {
        let distance = distances.draw(&mut self.chance);
        let mid = self.mid.ticks();
        match side {
            Side::Buy => mid - distance.min(mid / 2),
            Side::Sell => mid + 1 + distance,
        }
    }

    /// In equal parts: fewer lots at the same price, more lots at the same price, a new price.
    fn requote(&mut self, old: Quote, distances: &Distances) -> Quote {
        let size = old.quantity();
        let quantity = match self.chance.below(3) {
            0 if size > 1 => 1 + self.chance.below((size - 1).cast_signed()).cast_unsigned(),
            1 if size < LARGEST => {
                size + 1 + self.chance.below((LARGEST - size).cast_signed()).cast_unsigned()
            }
            _ => {
                let price = self.passive(old.side(), distances);
                return Quote::new(old.number(), old.side(), price, size);
            }
        };
        Quote::new(old.number(), old.side(), old.price(), quantity)
    }

    #[allow(clippy::cast_possible_truncation, reason = "a remainder of division by a u32")]
    fn owner(&self, number: u64) -> AccountId {
        let turn = number % u64::from(self.options.accounts);
        AccountId(self.options.account.0 + turn as u32)
    }

    fn place(&self, quote: Quote, time_in_force: TimeInForce) -> Command {
        Command::NewOrder(NewOrder {
            account: self.owner(quote.number()),
            client: None,
            market: self.options.market,
            side: quote.side(),
            price: Price(quote.price()),
            quantity: Lots(quote.quantity()),
            time_in_force,
        })
    }

    fn replace(&self, quote: Quote) -> Command {
        Command::Replace(Replace {
            account: self.owner(quote.number()),
            client: None,
            order: OrderId(quote.number()),
            price: Price(quote.price()),
            quantity: Lots(quote.quantity()),
        })
    }

    fn cancel(&self, quote: Quote) -> Command {
        Command::Cancel { account: self.owner(quote.number()), order: OrderId(quote.number()) }
    }
}

impl Iterator for Flow {
    type Item = Command;

    /// The next command; the flow never ends.
    fn next(&mut self) -> Option<Command> {
        Some(self.draw_command())
    }
}
