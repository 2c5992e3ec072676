//! Measures commands per second on the caller's thread, in memory, and the cost of a resting order.
//! Flow is generated before the clock starts; facts go to a closure that counts them.

use std::time::Duration;

use exchange::{Exchange, Options};
use lab::flow::{self, Flow, Scenario};
use protocol::{Command, Fact, Response};
use serde::Serialize;
use units::{CommandId, MarketId, Time};

use super::measure::{bytes_each, figure, hundredths, least, median, nanoseconds_each, time};
use crate::output::thousands;
use crate::table::Table;

/// Command 1 opens the market, so the flow's commands begin at 2.
const FIRST: CommandId = CommandId(2);

/// Sizes of the standing books, in orders.
const BOOKS: [u32; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// Commands that a book is fed before the next book's turn: some milliseconds of work.
const TURN: usize = 20_000;

/// Results.
#[derive(Serialize)]
pub(crate) struct Core {
    scenarios: Vec<OfScenario>,
    worst_commands_per_second: u64,
    standing: Vec<OfBook>,
    /// Cost of a command with a million standing orders, divided by that with a thousand in the same run: the median.
    cost_ratio: f64,
    bytes_per_resting_order: Option<f64>,
    seed: u64,
    runs: u32,
}

#[derive(Serialize)]
struct OfScenario {
    scenario: &'static str,
    standing: usize,
    commands: u64,
    trades: u64,
    /// The median of the runs.
    commands_per_second: u64,
    best_commands_per_second: u64,
}

#[derive(Serialize)]
struct OfBook {
    orders: u32,
    /// The median of the runs.
    nanoseconds_per_command: f64,
    best_nanoseconds_per_command: f64,
}

impl Core {
    /// The report as text.
    pub(crate) fn tables(&self) -> Vec<Table> {
        let (runs, seed) = (self.runs, self.seed);
        let title = format!(
            "Commands per second by scenario: in memory, one thread, {runs} runs, seed {seed}"
        );
        let head =
            ["scenario", "standing", "commands", "trades", "median commands/s", "best commands/s"];
        let scenarios = self.scenarios.iter().map(|of| {
            [
                of.scenario.to_owned(),
                thousands(of.standing as u64),
                thousands(of.commands),
                thousands(of.trades),
                thousands(of.commands_per_second),
                thousands(of.best_commands_per_second),
            ]
        });
        let by_scenario = Table::new(title, &head).rows(scenarios);
        let books = self.standing.iter().map(|of| {
            [
                thousands(of.orders.into()),
                figure(of.nanoseconds_per_command),
                figure(of.best_nanoseconds_per_command),
            ]
        });
        let title = "Time of a command by orders in the book";
        let by_book =
            Table::new(title, &["orders", "median ns/command", "best ns/command"]).rows(books);
        let bytes = self.bytes_per_resting_order;
        let sums = [
            [
                "worst scenario, median commands/s".to_owned(),
                thousands(self.worst_commands_per_second),
            ],
            ["a million orders / a thousand, median".to_owned(), figure(self.cost_ratio)],
            ["bytes per resting order".to_owned(), bytes.map_or("unknown".to_owned(), figure)],
        ];
        vec![by_scenario, by_book, Table::new("Over all", &["figure", "value"]).rows(sums)]
    }
}

/// What to measure.
pub(crate) struct Plan {
    /// Commands of each run, without the standing book.
    pub(crate) commands: usize,
    /// Seed of the flow.
    pub(crate) seed: u64,
    /// Runs of each measurement; the report has their median.
    pub(crate) runs: u32,
}

/// Measures all of it. `progress` is called after each run.
pub(crate) fn run(plan: &Plan, progress: &dyn Fn()) -> Core {
    let bytes_per_resting_order = bytes_per_order(plan.seed);
    progress();
    let scenarios: Vec<OfScenario> =
        Scenario::ALL.into_iter().map(|scenario| of_scenario(plan, scenario, progress)).collect();
    let (standing, cost_ratio) = of_books(plan, progress);
    Core {
        worst_commands_per_second: scenarios
            .iter()
            .map(|s| s.commands_per_second)
            .min()
            .unwrap_or(0),
        scenarios,
        standing,
        cost_ratio,
        bytes_per_resting_order,
        seed: plan.seed,
        runs: plan.runs,
    }
}

/// Number of runs of [`run`], for a progress bar.
pub(crate) fn steps(plan: &Plan) -> u64 {
    1 + (Scenario::ALL.len() as u64 + 1) * u64::from(plan.runs)
}

/// A generated flow: the commands of its standing book, and those that are timed.
struct Made {
    standing: Vec<Command>,
    commands: Vec<Command>,
}

fn make(plan: &Plan, scenario: Scenario, standing: Option<u32>) -> Made {
    let period = (plan.commands as u64).max(1_000);
    let options = flow::Options { first: FIRST, standing, period, ..flow::Options::default() };
    let mut flow = Flow::new(scenario, plan.seed, options);
    let standing = flow.standing();
    Made {
        standing: flow.by_ref().take(standing).collect(),
        commands: flow.take(plan.commands).collect(),
    }
}

/// An exchange with its one market, and the commands that come before the clock starts.
fn prepared(commands: &[Command]) -> Exchange {
    let mut exchange = Exchange::new(Options::default());
    let spec = flow::market();
    exchange.submit(Time(0), &Command::OpenMarket(spec), &mut |_, _| ());
    assert_eq!(
        exchange.market(&spec.symbol),
        Some(MarketId(0)),
        "the flow is made for this market"
    );
    for command in commands {
        exchange.submit(Time(1), command, &mut |_, _| ());
    }
    exchange
}

/// Feeds the commands; returns the time that took and the number of trades.
fn feed(exchange: &mut Exchange, commands: &[Command], trades: &mut u64) -> Duration {
    let ((), taken) = time(|| {
        for (index, command) in commands.iter().enumerate() {
            exchange.warm(&commands[index + 1..]);
            exchange.submit(Time(2), command, &mut |_, response| {
                *trades += u64::from(matches!(response, Response::Fact(_, Fact::Traded { .. })));
            });
        }
    });
    taken
}

/// Nanoseconds per command, and trades.
fn measure(made: &Made) -> (f64, u64) {
    let mut trades = 0;
    let taken = feed(&mut prepared(&made.standing), &made.commands, &mut trades);
    (nanoseconds_each(taken, made.commands.len() as u64), trades)
}

/// Nanoseconds per command, the median and the minimum, and trades.
fn measure_often(plan: &Plan, made: &Made, progress: &dyn Fn()) -> (f64, f64, u64) {
    let mut trades = 0;
    let mut measured: Vec<f64> = (0..plan.runs)
        .map(|_| {
            let (nanoseconds, counted) = measure(made);
            trades = counted;
            progress();
            nanoseconds
        })
        .collect();
    (median(&mut measured), least(&measured), trades)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is above zero")]
fn of_scenario(plan: &Plan, scenario: Scenario, progress: &dyn Fn()) -> OfScenario {
    let made = make(plan, scenario, None);
    let (nanoseconds, best, trades) = measure_often(plan, &made, progress);
    OfScenario {
        scenario: scenario.name(),
        standing: made.standing.len(),
        commands: made.commands.len() as u64,
        trades,
        commands_per_second: (1e9 / nanoseconds) as u64,
        best_commands_per_second: (1e9 / best) as u64,
    }
}

/// Cost of a command on each of the standing books, and the ratio of the largest to the smallest.
fn of_books(plan: &Plan, progress: &dyn Fn()) -> (Vec<OfBook>, f64) {
    let made = BOOKS.map(|orders| make(plan, Scenario::Still, Some(orders)));
    let mut costs = BOOKS.map(|_| Vec::new());
    let mut ratios = Vec::new();
    for _ in 0..plan.runs {
        let of_run = in_turns(&made);
        let [smallest, .., largest] = of_run;
        ratios.push(largest / smallest);
        for (costs, cost) in costs.iter_mut().zip(of_run) {
            costs.push(cost);
        }
        progress();
    }
    let books = BOOKS.into_iter().zip(&mut costs);
    let books = books.map(|(orders, costs)| {
        let nanoseconds_per_command = hundredths(median(costs));
        OfBook {
            orders,
            nanoseconds_per_command,
            best_nanoseconds_per_command: hundredths(least(costs)),
        }
    });
    (books.collect(), hundredths(median(&mut ratios)))
}

/// Nanoseconds per command of each book. Books take turns, so that other load on the machine hits all of them.
fn in_turns(made: &[Made; BOOKS.len()]) -> [f64; BOOKS.len()] {
    let mut exchanges = made.each_ref().map(|made| prepared(&made.standing));
    let mut taken = made.each_ref().map(|_| Duration::ZERO);
    let commands = made[0].commands.len();
    for from in (0..commands).step_by(TURN) {
        for ((made, exchange), taken) in made.iter().zip(&mut exchanges).zip(&mut taken) {
            let turn = &made.commands[from..commands.min(from + TURN)];
            *taken += feed(exchange, turn, &mut 0);
        }
    }
    taken.map(|taken| nanoseconds_each(taken, commands as u64))
}

/// Memory of a resting order, of a million: its process, its entry in the floor, its record in the ledger.
fn bytes_per_order(seed: u64) -> Option<f64> {
    let orders = BOOKS[BOOKS.len() - 1];
    let made = make(&Plan { commands: 0, seed, runs: 1 }, Scenario::Still, Some(orders));
    let (exchange, bytes) = bytes_each(orders.into(), || prepared(&made.standing));
    assert_eq!(exchange.resting(MarketId(0)), orders as usize, "all of them rest");
    bytes
}
