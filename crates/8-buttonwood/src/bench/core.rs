//! How many asks a second the exchange does on the caller's thread, in memory, and what a resting
//! order costs. Flow is generated before the clock starts; facts go to a closure that counts them.

use std::time::Duration;

use exchange::{Exchange, Options};
use lab::flow::{self, Flow, Scenario};
use protocol::{Ask, Fact, Tell};
use serde::Serialize;
use units::{AskId, MarketId, Time};

use super::measure::{bytes_each, figure, hundredths, least, median, nanoseconds_each, time};
use crate::output::thousands;
use crate::table::Table;

/// Ask 1 opens the market, so the flow's begin at 2.
const FIRST: AskId = AskId(2);

/// Sizes of the standing books, in orders.
const BOOKS: [u32; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// So many asks one of them is fed before it is the next one's turn: some milliseconds.
const TURN: usize = 20_000;

/// What was measured.
#[derive(Serialize)]
pub(crate) struct Core {
    scenarios: Vec<OfScenario>,
    worst_asks_per_second: u64,
    standing: Vec<OfBook>,
    /// Cost of an ask with a million standing orders, by that with a thousand in the same run: the median.
    cost_ratio: f64,
    bytes_per_resting_order: Option<f64>,
    seed: u64,
    runs: u32,
}

#[derive(Serialize)]
struct OfScenario {
    scenario: &'static str,
    standing: usize,
    asks: u64,
    trades: u64,
    /// The median of the runs.
    asks_per_second: u64,
    best_asks_per_second: u64,
}

#[derive(Serialize)]
struct OfBook {
    orders: u32,
    /// The median of the runs.
    nanoseconds_per_ask: f64,
    best_nanoseconds_per_ask: f64,
}

impl Core {
    /// For people.
    pub(crate) fn tables(&self) -> Vec<Table> {
        let (runs, seed) = (self.runs, self.seed);
        let title =
            format!("Asks per second by scenario: in memory, one thread, {runs} runs, seed {seed}");
        let head = ["scenario", "standing", "asks", "trades", "median asks/s", "best asks/s"];
        let scenarios = self.scenarios.iter().map(|of| {
            [
                of.scenario.to_owned(),
                thousands(of.standing as u64),
                thousands(of.asks),
                thousands(of.trades),
                thousands(of.asks_per_second),
                thousands(of.best_asks_per_second),
            ]
        });
        let by_scenario = Table::new(title, &head).rows(scenarios);
        let books = self.standing.iter().map(|of| {
            [
                thousands(of.orders.into()),
                figure(of.nanoseconds_per_ask),
                figure(of.best_nanoseconds_per_ask),
            ]
        });
        let title = "Time of an ask by orders in the book";
        let by_book = Table::new(title, &["orders", "median ns/ask", "best ns/ask"]).rows(books);
        let bytes = self.bytes_per_resting_order;
        let sums = [
            ["worst scenario, median asks/s".to_owned(), thousands(self.worst_asks_per_second)],
            ["a million orders / a thousand, median".to_owned(), figure(self.cost_ratio)],
            ["bytes per resting order".to_owned(), bytes.map_or("not known".to_owned(), figure)],
        ];
        vec![by_scenario, by_book, Table::new("Over all", &["figure", "value"]).rows(sums)]
    }
}

/// What to measure.
pub(crate) struct Plan {
    /// Asks of each run, the standing book not counted.
    pub(crate) asks: usize,
    /// The flow's chance.
    pub(crate) seed: u64,
    /// Runs of each measurement, of which the median is told.
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
        worst_asks_per_second: scenarios.iter().map(|s| s.asks_per_second).min().unwrap_or(0),
        scenarios,
        standing,
        cost_ratio,
        bytes_per_resting_order,
        seed: plan.seed,
        runs: plan.runs,
    }
}

/// How many runs [`run`] has, for a progress bar.
pub(crate) fn steps(plan: &Plan) -> u64 {
    1 + (Scenario::ALL.len() as u64 + 1) * u64::from(plan.runs)
}

/// A flow, made beforehand: the asks of its standing book, and those that are timed.
struct Made {
    standing: Vec<Ask>,
    asks: Vec<Ask>,
}

fn make(plan: &Plan, scenario: Scenario, standing: Option<u32>) -> Made {
    let period = (plan.asks as u64).max(1_000);
    let options = flow::Options { first: FIRST, standing, period, ..flow::Options::default() };
    let mut flow = Flow::new(scenario, plan.seed, options);
    let standing = flow.standing();
    Made { standing: flow.by_ref().take(standing).collect(), asks: flow.take(plan.asks).collect() }
}

/// An exchange with its one market, and the asks that come before the clock starts.
fn prepared(asks: &[Ask]) -> Exchange {
    let mut exchange = Exchange::new(Options::default());
    let spec = flow::market();
    exchange.ask(Time(0), &Ask::OpenMarket(spec), &mut |_, _| ());
    assert_eq!(
        exchange.market(&spec.symbol),
        Some(MarketId(0)),
        "the flow is made for this market"
    );
    for ask in asks {
        exchange.ask(Time(1), ask, &mut |_, _| ());
    }
    exchange
}

/// Feeds asks, and says how long that took; counts trades.
fn feed(exchange: &mut Exchange, asks: &[Ask], trades: &mut u64) -> Duration {
    let ((), taken) = time(|| {
        for (index, ask) in asks.iter().enumerate() {
            exchange.warm(&asks[index + 1..]);
            exchange.ask(Time(2), ask, &mut |_, tell| {
                *trades += u64::from(matches!(tell, Tell::Fact(_, Fact::Traded { .. })));
            });
        }
    });
    taken
}

/// Nanoseconds an ask, and trades.
fn measure(made: &Made) -> (f64, u64) {
    let mut trades = 0;
    let taken = feed(&mut prepared(&made.standing), &made.asks, &mut trades);
    (nanoseconds_each(taken, made.asks.len() as u64), trades)
}

/// Nanoseconds an ask, the median and the least, and trades.
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
        asks: made.asks.len() as u64,
        trades,
        asks_per_second: (1e9 / nanoseconds) as u64,
        best_asks_per_second: (1e9 / best) as u64,
    }
}

/// What an ask costs on each of the standing books, and on the largest by the smallest.
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
        let nanoseconds_per_ask = hundredths(median(costs));
        OfBook { orders, nanoseconds_per_ask, best_nanoseconds_per_ask: hundredths(least(costs)) }
    });
    (books.collect(), hundredths(median(&mut ratios)))
}

/// Nanoseconds an ask of each book. They take turns, so that whatever else the machine does falls on all of them.
fn in_turns(made: &[Made; BOOKS.len()]) -> [f64; BOOKS.len()] {
    let mut exchanges = made.each_ref().map(|made| prepared(&made.standing));
    let mut taken = made.each_ref().map(|_| Duration::ZERO);
    let asks = made[0].asks.len();
    for from in (0..asks).step_by(TURN) {
        for ((made, exchange), taken) in made.iter().zip(&mut exchanges).zip(&mut taken) {
            let turn = &made.asks[from..asks.min(from + TURN)];
            *taken += feed(exchange, turn, &mut 0);
        }
    }
    taken.map(|taken| nanoseconds_each(taken, asks as u64))
}

/// Memory of a resting order, of a million: its process, its place on the floor, its ledger line.
fn bytes_per_order(seed: u64) -> Option<f64> {
    let orders = BOOKS[BOOKS.len() - 1];
    let made = make(&Plan { asks: 0, seed, runs: 1 }, Scenario::Still, Some(orders));
    let (exchange, bytes) = bytes_each(orders.into(), || prepared(&made.standing));
    assert_eq!(exchange.resting(MarketId(0)), orders as usize, "all of them rest");
    bytes
}
