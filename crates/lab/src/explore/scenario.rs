//! The commands and faults of a world, as data: nothing happens here.

use std::fmt;
use std::sync::Arc;

use protocol::{Command, MarketSpec, NewOrder, Replace, TimeInForce};
use units::{AccountId, ClientId, Lots, MarketId, OrderId, Price, Side};

use crate::chart::{Act, Chart, ChartError};

/// A small world: its commands and faults.
#[derive(Clone, Debug)]
pub struct World {
    /// Its name.
    pub name: String,
    /// A sentence about it.
    pub about: String,
    pub(super) script: Arc<Script>,
}

/// The constant parts of a world.
#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) lines: Vec<Line>,
    /// Names of orders; a line refers to one by number.
    pub(super) names: Vec<String>,
    pub(super) markets: u16,
    /// Their rules.
    pub(super) specs: Vec<MarketSpec>,
    /// Crashes that may happen, of processes and of the world.
    pub(super) faults: u32,
    /// The world may be lost; it recovers from its durable facts.
    pub(super) may_die: bool,
    /// No time passes between crashes, so that they add up and an order can be suspended.
    pub(super) in_a_rush: bool,
    /// The next command waits until no message of the last one is left, as in the live exchange.
    pub(super) one_at_a_time: bool,
    /// The supervisor of orders may crash too, with all orders; then the floor restarts with them.
    pub(super) supervisors_too: bool,
    /// If any, only these crash.
    pub(super) mortals: Vec<String>,
}

/// A future command.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) account: AccountId,
    pub(super) client: Option<ClientId>,
    /// Its order, among the names.
    pub(super) order: usize,
    /// The line that must come before, if any.
    pub(super) after: Option<usize>,
    /// An equivalent line that comes first, unless the world may be lost.
    pub(super) like: Option<usize>,
    /// The line that places its order, if there is one.
    pub(super) placed: Option<usize>,
    pub(super) wish: Wish,
}

/// The command of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wish {
    Place { market: MarketId, side: Side, price: Price, quantity: Lots, time_in_force: TimeInForce },
    Cancel,
    Replace { price: Price, quantity: Lots },
}

/// The number of an order that never existed.
pub(super) const NOBODY: OrderId = OrderId(u64::MAX);

impl Line {
    /// The command, for the order with this number.
    pub(super) fn command(&self, order: OrderId) -> Command {
        let &Line { account, client, wish, .. } = self;
        match wish {
            Wish::Place { market, side, price, quantity, time_in_force } => {
                Command::NewOrder(NewOrder {
                    account,
                    client,
                    market,
                    side,
                    price,
                    quantity,
                    time_in_force,
                })
            }
            Wish::Cancel => Command::Cancel { account, order },
            Wish::Replace { price, quantity } => {
                Command::Replace(Replace { account, client, order, price, quantity })
            }
        }
    }
}

impl World {
    /// A world with these lines of a chart's `given`. Each order has its own client, which submits its lines at any
    /// moment; commands for an order come once it is known to have entered.
    ///
    /// # Errors
    ///
    /// If a line cannot be read.
    pub fn new(name: &str, about: &str, given: &[&str]) -> Result<World, ChartError> {
        let text = format!("{about}\ngiven\n  {}\nthen\nleaves\n", given.join("\n  "));
        Ok(World::of(name, &Chart::parse(&text)?))
    }

    /// The world of a chart: the same commands in the same order, but each at any moment after the
    /// one before, and any crash at any moment instead of the chart's.
    pub fn of_chart(name: &str, chart: &Chart) -> World {
        let mut world = World::of(name, chart);
        let script = Arc::make_mut(&mut world.script);
        for at in 1..script.lines.len() {
            script.lines[at].after = Some(at - 1);
        }
        world
    }

    fn of(name: &str, chart: &Chart) -> World {
        let mut script = Script {
            lines: Vec::new(),
            names: Vec::new(),
            markets: 1,
            specs: Vec::new(),
            faults: 0,
            may_die: false,
            in_a_rush: false,
            one_at_a_time: false,
            supervisors_too: false,
            mortals: Vec::new(),
        };
        let mut accounts = Vec::new();
        for given in &chart.given {
            script.add(&given.act, &mut accounts);
        }
        script.specs = (0..script.markets).map(|market| chart.market(market)).collect();
        script.fold_likes();
        World { name: name.to_owned(), about: chart.title.clone(), script: Arc::new(script) }
    }

    fn with(mut self, change: impl FnOnce(&mut Script)) -> World {
        change(Arc::make_mut(&mut self.script));
        self
    }

    /// With this many crashes, each at any moment.
    pub fn faults(self, faults: u32) -> World {
        self.with(|script| script.faults = faults)
    }

    /// Number of crashes.
    pub fn budget(&self) -> u32 {
        self.script.faults
    }

    /// The whole world may be lost too, with the part of its log that is not durable.
    pub fn may_die(self) -> World {
        self.with(|script| script.may_die = true)
    }

    /// No time passes between crashes: with enough of them a supervisor suspends an order.
    pub fn in_a_rush(self) -> World {
        self.with(|script| script.in_a_rush = true)
    }

    /// Commands come one at a time, as in the live exchange: then trades must be those of price-time priority.
    pub fn one_at_a_time(self) -> World {
        self.with(|script| script.one_at_a_time = true)
    }

    /// The supervisor of orders may crash too. All orders restart at once then, in any order: many states.
    pub fn supervisors_too(self) -> World {
        self.with(|script| script.supervisors_too = true)
    }

    /// Only these crash: orders by name, `floor`, `ledger`, `orders`, `world`.
    pub fn mortals(self, mortals: &[&str]) -> World {
        self.with(|script| script.mortals = mortals.iter().map(|who| (*who).to_owned()).collect())
    }

    /// Names of its orders, in the order of their first mention.
    pub fn names(&self) -> &[String] {
        &self.script.names
    }
}

impl Script {
    /// Of orders that differ in their owners only, the first comes first (symmetry reduction): exchanging them makes
    /// no difference to any law, so only duplicates of runs are lost. (After the loss of the world, either client may
    /// submit its unanswered command again: then both orders are searched.)
    fn fold_likes(&mut self) {
        let alone = |lines: &[Line], at: usize| {
            lines.iter().filter(|line| line.order == lines[at].order).count() == 1
        };
        for at in 1..self.lines.len() {
            let like = (0..at).rev().find(|other| self.lines[*other].wish == self.lines[at].wish);
            if let Some(like) = like
                && matches!(self.lines[at].wish, Wish::Place { .. })
                && alone(&self.lines, at)
                && alone(&self.lines, like)
            {
                self.lines[at].like = Some(like);
            }
        }
    }

    fn add(&mut self, act: &Act, accounts: &mut Vec<String>) {
        let mut account = |name: &str| {
            let known = accounts.iter().position(|known| known == name);
            let index = known.unwrap_or_else(|| {
                accounts.push(name.to_owned());
                accounts.len() - 1
            });
            AccountId(u32::try_from(index + 1).expect("a world has few accounts"))
        };
        let (name, owner, id, wish) = match act {
            Act::Place { name, account: owner, side, quantity, price, ioc, market, id } => {
                self.markets = self.markets.max(market + 1);
                let time_in_force = match ioc {
                    true => TimeInForce::ImmediateOrCancel,
                    false => TimeInForce::GoodTillCancel,
                };
                let (market, price, quantity) = (MarketId(*market), Price(*price), Lots(*quantity));
                let wish = Wish::Place { market, side: *side, price, quantity, time_in_force };
                (name, Some(owner), *id, wish)
            }
            Act::Cancel { by, name } => (name, by.as_ref(), None, Wish::Cancel),
            Act::Replace { by, name, quantity, price, id } => {
                let wish = Wish::Replace { price: Price(*price), quantity: Lots(*quantity) };
                (name, by.as_ref(), *id, wish)
            }
            // The explorer selects the process and the moment of each crash; a few crashes suspend no order.
            Act::Kill(_)
            | Act::Pass
            | Act::Stop
            | Act::Resume
            | Act::Release { .. }
            | Act::AboveZero
            | Act::Collar(_) => return,
        };
        let order = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.clone());
            self.names.len() - 1
        });
        let about = |line: &Line| line.order == order;
        let placed = self.lines.iter().position(about);
        let account = match (owner, placed) {
            (Some(owner), _) => account(owner),
            (None, Some(placed)) => self.lines[placed].account,
            (None, None) => account(name),
        };
        let is_place = matches!(wish, Wish::Place { .. });
        let client = match wish {
            Wish::Cancel => None,
            // Each command has its own client id, so that it can be repeated.
            _ => ClientId::new(id.unwrap_or(1_000 + self.lines.len() as u64).into()),
        };
        let after = self.lines.iter().rposition(about);
        let placed = if is_place { None } else { placed };
        self.lines.push(Line { account, client, order, after, like: None, placed, wish });
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.about)
    }
}
