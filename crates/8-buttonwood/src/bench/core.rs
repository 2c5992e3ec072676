//! How many asks a second the exchange does on the caller's thread, in memory, and what a resting
//! order costs. Flow is generated before the clock starts; facts go to a closure that counts them.

use exchange::{Exchange, Options};
use lab::flow::{self, Flow, Scenario};
use serde::Serialize;
use units::{AskId, MarketId, Time};
use words::{Ask, Fact, Tell};

use super::measure::{bytes_each, hundredths, median, nanoseconds_each, time};

/// Ask 1 opens the market, so the flow's begin at 2.
const FIRST: AskId = AskId(2);

/// Sizes of the standing books, in orders.
const BOOKS: [u32; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// What was measured.
#[derive(Serialize)]
pub(crate) struct Core {
    scenarios: Vec<OfScenario>,
    worst_asks_per_second: u64,
    standing: Vec<OfBook>,
    /// Cost of an ask with a million standing orders, by that with a thousand.
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
    asks_per_second: u64,
}

#[derive(Serialize)]
struct OfBook {
    orders: u32,
    nanoseconds_per_ask: f64,
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
    let standing: Vec<OfBook> =
        BOOKS.into_iter().map(|orders| of_book(plan, orders, progress)).collect();
    let cost = |book: Option<&OfBook>| book.map_or(0.0, |book| book.nanoseconds_per_ask);
    Core {
        worst_asks_per_second: scenarios.iter().map(|s| s.asks_per_second).min().unwrap_or(0),
        scenarios,
        cost_ratio: hundredths(cost(standing.last()) / cost(standing.first())),
        standing,
        bytes_per_resting_order,
        seed: plan.seed,
        runs: plan.runs,
    }
}

/// How many runs [`run`] has, for a progress bar.
pub(crate) fn steps(plan: &Plan) -> u64 {
    let measurements = Scenario::ALL.len() + BOOKS.len();
    1 + measurements as u64 * u64::from(plan.runs)
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

/// Nanoseconds an ask, and trades.
fn measure(made: &Made) -> (f64, u64) {
    let mut exchange = prepared(&made.standing);
    let mut trades = 0;
    let ((), taken) = time(|| {
        for (index, (ask, at)) in made.asks.iter().zip(2..).enumerate() {
            exchange.warm(&made.asks[index + 1..]);
            exchange.ask(Time(at), ask, &mut |_, tell| {
                trades += u64::from(matches!(tell, Tell::Fact(_, Fact::Traded { .. })));
            });
        }
    });
    (nanoseconds_each(taken, made.asks.len() as u64), trades)
}

fn measure_often(plan: &Plan, made: &Made, progress: &dyn Fn()) -> (f64, u64) {
    let mut trades = 0;
    let mut measured: Vec<f64> = (0..plan.runs)
        .map(|_| {
            let (nanoseconds, counted) = measure(made);
            trades = counted;
            progress();
            nanoseconds
        })
        .collect();
    (median(&mut measured), trades)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is above zero")]
fn of_scenario(plan: &Plan, scenario: Scenario, progress: &dyn Fn()) -> OfScenario {
    let made = make(plan, scenario, None);
    let (nanoseconds, trades) = measure_often(plan, &made, progress);
    OfScenario {
        scenario: scenario.name(),
        standing: made.standing.len(),
        asks: made.asks.len() as u64,
        trades,
        asks_per_second: (1e9 / nanoseconds) as u64,
    }
}

fn of_book(plan: &Plan, orders: u32, progress: &dyn Fn()) -> OfBook {
    let made = make(plan, Scenario::Still, Some(orders));
    let (nanoseconds, _) = measure_often(plan, &made, progress);
    OfBook { orders, nanoseconds_per_ask: hundredths(nanoseconds) }
}

/// Memory of a resting order, of a million: its process, its place on the floor, its ledger line.
fn bytes_per_order(seed: u64) -> Option<f64> {
    let orders = BOOKS[BOOKS.len() - 1];
    let made = make(&Plan { asks: 0, seed, runs: 1 }, Scenario::Still, Some(orders));
    let (exchange, bytes) = bytes_each(orders.into(), || prepared(&made.standing));
    assert_eq!(exchange.resting(MarketId(0)), orders as usize, "all of them rest");
    bytes
}
