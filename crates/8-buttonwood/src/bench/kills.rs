//! Measures the cost of killed processes: the time until a killed order is back, and the throughput of a
//! market whose processes are killed continuously, also between the steps of deals.

use exchange::{Exchange, Options};
use kernel::{NodeId, Pid};
use lab::flow::{self, Flow, Scenario};
use market::{LEDGER, floor_of};
use protocol::{Command, Fact, Response};
use serde::Serialize;
use units::{CommandId, MarketId, Time};

use super::measure::{Stopwatch, figure, hundredths, median, per_second, quantile, time};
use crate::output::thousands;
use crate::table::Table;

/// Command 1 opens the market, so the flow's commands begin at 2, and its orders have these numbers.
const FIRST: CommandId = CommandId(2);
/// Commands between two readings of the clock.
const STRIDE: usize = 32;
/// Most kills between two readings. Without a bound, a machine that falls behind would kill ever more of the
/// remaining orders and never finish its commands.
const MOST: u64 = 8;
/// Kills per second of floor and ledger each, below their supervisors' restart intensity.
const PILLARS: u64 = 10;
/// Restarts of single orders that are timed, and of floors.
const ORDERS: u64 = 10_000;
const FLOORS: usize = 20;

/// What to measure.
pub(crate) struct Plan {
    /// Commands of each run, without the standing book.
    pub(crate) commands: usize,
    /// Processes killed per second.
    pub(crate) rate: u64,
    /// Seed of the flow.
    pub(crate) seed: u64,
    /// Runs with kills and without, in turns; the report has the median.
    pub(crate) runs: u32,
}

/// Results.
#[derive(Serialize)]
pub(crate) struct Kills {
    /// From the kill of a resting order until it is back on the floor and no message is left.
    restart_microseconds: Quantiles,
    /// From the kill of the floor until it has rebuilt its book and no message is left.
    floor_restart_microseconds: Quantiles,
    floor_orders: usize,
    trades_per_second: u64,
    trades_per_second_under_kills: u64,
    ratio: f64,
    kills_per_second: u64,
    kills: u64,
    of_floor_and_ledger: u64,
    /// Orders that were suspended because they crashed too often.
    suspended: u64,
    commands: usize,
    trades: u64,
    seed: u64,
    runs: u32,
}

#[derive(Serialize)]
struct Quantiles {
    p50: f64,
    p99: f64,
}

impl Kills {
    /// The report as text.
    pub(crate) fn tables(&self) -> Vec<Table> {
        let (runs, seed) = (self.runs, self.seed);
        let title = format!(
            "A market in which processes are killed: {} commands, {runs} runs, seed {seed}",
            thousands(self.commands as u64)
        );
        let rates = [
            ["without kills".to_owned(), thousands(self.trades_per_second), "0".to_owned()],
            [
                "with kills".to_owned(),
                thousands(self.trades_per_second_under_kills),
                thousands(self.kills_per_second),
            ],
        ];
        let quantiles = |what: String, of: &Quantiles| [what, figure(of.p50), figure(of.p99)];
        let floor = format!("floor with {} orders", thousands(self.floor_orders as u64));
        let restarts = [
            quantiles("resting order".to_owned(), &self.restart_microseconds),
            quantiles(floor, &self.floor_restart_microseconds),
        ];
        let counts = [
            ["trades/s with kills / without, median".to_owned(), figure(self.ratio)],
            ["trades".to_owned(), thousands(self.trades)],
            ["kills".to_owned(), thousands(self.kills)],
            ["of these, floor or ledger".to_owned(), thousands(self.of_floor_and_ledger)],
            ["orders suspended".to_owned(), thousands(self.suspended)],
        ];
        vec![
            Table::new(title, &["market", "median trades/s", "kills/s"]).rows(rates),
            Table::new(
                "Time from a kill until no message is left",
                &["killed", "p50 µs", "p99 µs"],
            )
            .rows(restarts),
            Table::new("The last run with kills", &["figure", "value"]).rows(counts),
        ]
    }
}

/// Number of runs of [`run`], for a progress bar.
pub(crate) fn steps(plan: &Plan) -> u64 {
    1 + 2 * u64::from(plan.runs)
}

/// Measures all of it. `progress` is called after each run.
pub(crate) fn run(plan: &Plan, progress: &dyn Fn()) -> Kills {
    let options = flow::Options { first: FIRST, ..flow::Options::default() };
    let mut flow = Flow::new(Scenario::Still, plan.seed, options);
    let count = flow.standing();
    let standing: Vec<Command> = flow.by_ref().take(count).collect();
    let commands: Vec<Command> = flow.take(plan.commands).collect();

    let mut of_orders = restarts(&standing);
    let mut of_floors = floor_restarts(&standing);
    progress();
    let (mut calm, mut troubled, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let mut last = Ran::default();
    for _ in 0..plan.runs {
        let undisturbed = Market::open(&standing).run(&commands, 0);
        progress();
        last = Market::open(&standing).run(&commands, plan.rate);
        progress();
        calm.push(undisturbed.trades_per_second());
        troubled.push(last.trades_per_second());
        ratios.push(last.trades_per_second() / undisturbed.trades_per_second());
    }
    Kills {
        restart_microseconds: quantiles(&mut of_orders),
        floor_restart_microseconds: quantiles(&mut of_floors),
        floor_orders: count,
        trades_per_second: whole(median(&mut calm)),
        trades_per_second_under_kills: whole(median(&mut troubled)),
        ratio: hundredths(median(&mut ratios)),
        kills_per_second: per_second(last.kills, last.taken),
        kills: last.kills,
        of_floor_and_ledger: last.pillars,
        suspended: last.suspended,
        commands: plan.commands,
        trades: last.trades,
        seed: plan.seed,
        runs: plan.runs,
    }
}

fn quantiles(taken: &mut [std::time::Duration]) -> Quantiles {
    taken.sort();
    Quantiles { p50: quantile(taken, 0.5), p99: quantile(taken, 0.99) }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is at least 0")]
fn whole(rate: f64) -> u64 {
    rate as u64
}

/// An exchange with one market, and the pids of its branches.
struct Market {
    exchange: Exchange,
    orders: NodeId,
}

/// Result of a run.
#[derive(Default)]
struct Ran {
    taken: std::time::Duration,
    trades: u64,
    kills: u64,
    pillars: u64,
    suspended: u64,
}

impl Ran {
    #[allow(clippy::cast_precision_loss, reason = "a measurement")]
    fn trades_per_second(&self) -> f64 {
        self.trades as f64 / self.taken.as_secs_f64()
    }
}

impl Market {
    fn open(standing: &[Command]) -> Market {
        let mut exchange = Exchange::new(Options::default());
        let spec = flow::market();
        exchange.submit(Time(0), &Command::OpenMarket(spec), &mut |_, _| ());
        assert_eq!(exchange.market(&spec.symbol), Some(MarketId(0)), "the flow is made for it");
        for command in standing {
            exchange.submit(Time(1), command, &mut |_, _| ());
        }
        let orders = exchange.world().node(&format!("exchange/{}/orders", spec.symbol));
        let orders = orders.expect("a branch of the tree");
        Market { exchange, orders }
    }

    /// Submits all commands as fast as possible, and kills this many processes per second meanwhile.
    fn run(mut self, commands: &[Command], rate: u64) -> Ran {
        let mut ran = Ran::default();
        let clock = Stopwatch::start();
        let mut due = 0;
        for (index, command) in commands.iter().enumerate() {
            if index.is_multiple_of(STRIDE) && rate > 0 {
                let passed = clock.taken().as_nanos() * u128::from(rate) / 1_000_000_000;
                due = u64::try_from(passed).unwrap_or(u64::MAX).saturating_sub(ran.kills).min(MOST);
            }
            self.exchange.warm(&commands[index + 1..]);
            // Supervisors count restarts by the exchange's time, so it must be the real one here.
            let now = if rate > 0 && due > 0 { nanoseconds(clock) } else { 2 };
            let mut count = |_, response| match response {
                Response::Fact(_, Fact::Traded { .. }) => ran.trades += 1,
                Response::Fact(_, Fact::Suspended { .. }) => ran.suspended += 1,
                _ => {}
            };
            if due == 0 {
                self.exchange.submit(Time(now), command, &mut count);
                continue;
            }
            let mut asking = self.exchange.start(Time(now));
            let mut steps = index as u64 % 7;
            while self.exchange.go_on(&mut asking, command, &mut count) {
                let world = self.exchange.world_mut();
                world.run_at_most(steps);
                steps = u64::MAX; // no kill in the next try
                if due > 0 {
                    due -= 1;
                    let pillar = (ran.kills + 1).is_multiple_of((rate / PILLARS).max(1));
                    let victim = victim(&self.exchange, self.orders, index, pillar);
                    if let Some(victim) = victim {
                        self.exchange.world_mut().kill(victim);
                        ran.kills += 1;
                        ran.pillars += u64::from(pillar);
                    }
                }
                self.exchange.world_mut().run();
            }
        }
        ran.taken = clock.taken();
        ran
    }
}

fn nanoseconds(clock: Stopwatch) -> u64 {
    u64::try_from(clock.taken().as_nanos()).unwrap_or(u64::MAX)
}

/// Selects the next process to kill: the receiver of the next message if it is an order, so that deals are hit
/// midway; else a resting order. Now and then the floor or the ledger.
fn victim(exchange: &Exchange, orders: NodeId, index: usize, pillar: bool) -> Option<Pid> {
    let world = exchange.world();
    if pillar {
        return world.whereis(if index.is_multiple_of(2) { LEDGER } else { floor_of(MarketId(0)) });
    }
    let next = world.signals().next().map(|signal| signal.to);
    let order = |pid: &Pid| world.process(*pid).is_some_and(|party| party.as_order().is_some());
    next.filter(order).or_else(|| {
        let last = exchange.next_command().0;
        let from = (index as u64).wrapping_mul(0x9e37_79b9) % last;
        (0..last).map(|step| (from + step) % last).find_map(|number| world.child(orders, number))
    })
}

/// Time until a killed resting order is back, for some of them.
fn restarts(standing: &[Command]) -> Vec<std::time::Duration> {
    let Market { mut exchange, orders } = Market::open(standing);
    let resting = exchange.resting(MarketId(0));
    let world = exchange.world_mut();
    let mut taken = Vec::new();
    for number in (FIRST.0..).take(standing.len()).cycle().step_by(7) {
        let Some(before) = world.child(orders, number) else { continue };
        let ((), took) = time(|| {
            world.kill(before);
            world.run();
        });
        assert_ne!(world.child(orders, number), Some(before), "it was restarted");
        assert!(world.child(orders, number).is_some(), "it is back");
        taken.push(took);
        world.set_time(taken.len() as u64 * 1_000_000_000); // stays below the restart intensity
        if taken.len() as u64 == ORDERS {
            break;
        }
    }
    assert_eq!(exchange.resting(MarketId(0)), resting, "all rest again");
    taken
}

/// Time until a killed floor has rebuilt its book.
fn floor_restarts(standing: &[Command]) -> Vec<std::time::Duration> {
    let mut exchange = Market::open(standing).exchange;
    let resting = exchange.resting(MarketId(0));
    let mut taken = Vec::new();
    for _ in 0..FLOORS {
        let world = exchange.world_mut();
        let before = world.whereis(floor_of(MarketId(0))).expect("a market has a floor");
        let ((), took) = time(|| {
            world.kill(before);
            world.run();
        });
        taken.push(took);
        world.set_time(taken.len() as u64 * 1_000_000_000);
        assert_eq!(exchange.resting(MarketId(0)), resting, "all rest again");
    }
    taken
}
