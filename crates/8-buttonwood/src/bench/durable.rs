//! Measures the cost of durability: the same flow through the same service, with durability memory and
//! disk in turns. Commands are submitted in batches, with several batches in flight.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use exchange::{Answer, Client, Durability, Service, ServiceOptions, Unavailable};
use lab::flow::{self, Flow, Scenario};
use protocol::{Command, RejectCode, Response};
use serde::Serialize;
use units::CommandId;

use super::measure::{Stopwatch, figure, hundredths, least, median, per_second, quantile, time};
use super::{BenchError, bytes_of_facts, folder};
use crate::output::thousands;
use crate::table::Table;

/// Command 1 is the start, command 2 opens the market.
const FIRST: CommandId = CommandId(3);

/// Single commands that are timed one after another, for the latency of a client without concurrency.
const ALONE: usize = 2_000;

/// Results.
#[derive(Serialize)]
pub(crate) struct Durable {
    in_memory_commands_per_second: u64,
    durable_commands_per_second: u64,
    best_in_memory_commands_per_second: u64,
    best_durable_commands_per_second: u64,
    /// Throughput on disk divided by that in memory, the median of the runs' ratios.
    ratio: f64,
    /// Facts that became durable, in MB/s, under full load.
    durable_megabytes_per_second: f64,
    /// From one command to its answer, durability disk, one client that waits for each.
    ack_microseconds: Quantiles,
    /// From a batch to its answers, durability disk, under full load.
    ack_under_load_microseconds: Quantiles,
    commands: usize,
    batch: usize,
    batches_under_way: usize,
    runs: u32,
}

#[derive(Serialize)]
struct Quantiles {
    p50: f64,
    p99: f64,
    p999: f64,
}

impl Durable {
    /// The report as text.
    pub(crate) fn tables(&self) -> Vec<Table> {
        let (commands, batch) = (thousands(self.commands as u64), self.batch);
        let title = format!(
            "Commands per second by durability: {commands} commands, {batch} per batch, {} batches in flight, {} runs",
            self.batches_under_way, self.runs
        );
        let rate = |durability: &str, median, best| {
            [durability.to_owned(), thousands(median), thousands(best)]
        };
        let rates = [
            rate(
                "memory",
                self.in_memory_commands_per_second,
                self.best_in_memory_commands_per_second,
            ),
            rate("disk", self.durable_commands_per_second, self.best_durable_commands_per_second),
        ];
        let rates =
            Table::new(title, &["durability", "median commands/s", "best commands/s"]).rows(rates);
        let sums = [
            ["disk / memory, median".to_owned(), figure(self.ratio)],
            ["durable facts, median MB/s".to_owned(), figure(self.durable_megabytes_per_second)],
        ];
        let quantiles = |of: &str, acks: &Quantiles| {
            [of.to_owned(), figure(acks.p50), figure(acks.p99), figure(acks.p999)]
        };
        let acks = [
            quantiles("one client, one command at a time", &self.ack_microseconds),
            quantiles("under full load, a batch", &self.ack_under_load_microseconds),
        ];
        let head = ["durability disk", "p50 µs", "p99 µs", "p99.9 µs"];
        vec![
            rates,
            Table::new("What durability costs", &["figure", "value"]).rows(sums),
            Table::new("Time from a command to its answer", &head).rows(acks),
        ]
    }
}

/// What to measure.
pub(crate) struct Plan<'a> {
    /// Commands of each run.
    pub(crate) commands: usize,
    /// Commands in a batch.
    pub(crate) batch: usize,
    /// Batches in flight.
    pub(crate) window: usize,
    /// Folder of the journals.
    pub(crate) dir: &'a Path,
    /// Seed of the flow.
    pub(crate) seed: u64,
    /// Runs with each durability; the report has their median.
    pub(crate) runs: u32,
}

/// Measures all of it. `progress` is called after each run.
pub(crate) fn run(plan: &Plan, progress: &dyn Fn()) -> Result<Durable, BenchError> {
    let options = flow::Options { first: FIRST, ..flow::Options::default() };
    let commands: Vec<Command> =
        Flow::new(Scenario::Calm, plan.seed, options).take(plan.commands).collect();
    let (mut memory, mut disk, mut ratios, mut megabytes) = (vec![], vec![], vec![], vec![]);
    let mut acks = Vec::new();
    for _ in 0..plan.runs {
        let in_memory = measure(plan, &commands, None)?;
        progress();
        let dir = folder(plan.dir)?;
        let on_disk = measure(plan, &commands, Some(dir.path()))?;
        progress();
        let seconds = on_disk.taken.as_secs_f64();
        megabytes.push(bytes(bytes_of_facts(dir.path())?) / 1e6 / seconds);
        ratios.push(in_memory.taken.as_secs_f64() / seconds);
        memory.push(in_memory.taken.as_secs_f64());
        disk.push(seconds);
        acks.extend(on_disk.acks);
    }
    let alone = alone(plan, &commands)?;
    progress();
    let rate = |seconds| per_second(commands.len() as u64, Duration::from_secs_f64(seconds));
    Ok(Durable {
        in_memory_commands_per_second: rate(median(&mut memory)),
        durable_commands_per_second: rate(median(&mut disk)),
        best_in_memory_commands_per_second: rate(least(&memory)),
        best_durable_commands_per_second: rate(least(&disk)),
        ratio: hundredths(median(&mut ratios)),
        durable_megabytes_per_second: hundredths(median(&mut megabytes)),
        ack_microseconds: Quantiles::of(alone),
        ack_under_load_microseconds: Quantiles::of(acks),
        commands: plan.commands,
        batch: plan.batch,
        batches_under_way: plan.window,
        runs: plan.runs,
    })
}

#[allow(clippy::cast_precision_loss, reason = "a measurement")]
fn bytes(bytes: u64) -> f64 {
    bytes as f64
}

/// Number of runs of [`run`], for a progress bar.
pub(crate) fn steps(plan: &Plan) -> u64 {
    2 * u64::from(plan.runs) + 1
}

impl Quantiles {
    fn of(mut taken: Vec<Duration>) -> Quantiles {
        taken.sort_unstable();
        Quantiles {
            p50: quantile(&taken, 0.5),
            p99: quantile(&taken, 0.99),
            p999: quantile(&taken, 0.999),
        }
    }
}

struct Measured {
    taken: Duration,
    acks: Vec<Duration>,
}

/// A new exchange with its market; with a journal in `dir`, or with durability memory.
fn start(dir: Option<&Path>) -> Result<Service, BenchError> {
    let durability = if dir.is_some() { Durability::Disk } else { Durability::Memory };
    let journal = dir.map(Path::to_path_buf);
    let options = ServiceOptions { journal, durability, ..ServiceOptions::default() };
    let service = Service::start(options).map_err(BenchError::Start)?;
    let opened = service
        .client()
        .submit(Command::OpenMarket(flow::market()))
        .map_err(|_| BenchError::Ended)?;
    check_room(&opened)?;
    assert_eq!(opened.command.0 + 1, FIRST.0, "the flow is made for the commands that follow");
    Ok(service)
}

/// A command rejected for lack of disk space would count as a fast one, so it fails the measurement.
fn check_room(answer: &Answer) -> Result<(), BenchError> {
    let full = Response::Rejected(RejectCode::JournalFull);
    if answer.responses.contains(&full) { Err(BenchError::Full) } else { Ok(()) }
}

/// Submits all commands, `plan.window` batches at a time, and waits for the last answer.
fn measure(plan: &Plan, commands: &[Command], dir: Option<&Path>) -> Result<Measured, BenchError> {
    let service = start(dir)?;
    let client = service.client();
    let batches: Vec<Vec<Command>> = commands.chunks(plan.batch).map(<[Command]>::to_vec).collect();
    let mut pipe = Pipe::new(&client, plan.window);
    let (fed, taken) = time(|| {
        for batch in batches {
            pipe.hand_in(batch)?;
        }
        pipe.drain()
    });
    fed?;
    let acks = pipe.acks;
    assert!(pipe.trades > 0, "the flow trades");
    service.stop().map_err(BenchError::Stop)?;
    Ok(Measured { taken, acks })
}

/// Submits one command after another, each when the one before is durable.
fn alone(plan: &Plan, commands: &[Command]) -> Result<Vec<Duration>, BenchError> {
    let dir = folder(plan.dir)?;
    let service = start(Some(dir.path()))?;
    let client = service.client();
    let mut acks = Vec::with_capacity(ALONE);
    for command in commands.iter().take(ALONE) {
        let (answer, taken) = time(|| client.submit(*command));
        check_room(&answer.map_err(|_| BenchError::Ended)?)?;
        acks.push(taken);
    }
    service.stop().map_err(BenchError::Stop)?;
    Ok(acks)
}

/// A batch's answers, with the time to get them.
type Acknowledged = (Result<Vec<Answer>, Unavailable>, Duration);

/// Batches in flight.
struct Pipe<'a> {
    client: &'a Client,
    window: usize,
    under_way: usize,
    to: Sender<Acknowledged>,
    from: Receiver<Acknowledged>,
    acks: Vec<Duration>,
    trades: u64,
}

impl Pipe<'_> {
    fn new(client: &Client, window: usize) -> Pipe<'_> {
        let (to, from) = channel();
        Pipe { client, window, under_way: 0, to, from, acks: Vec::new(), trades: 0 }
    }

    /// Submits a batch, once the window has a free place.
    fn hand_in(&mut self, batch: Vec<Command>) -> Result<(), BenchError> {
        while self.under_way >= self.window {
            self.wait_for_one()?;
        }
        let mut batch = Some(batch);
        while let Some(commands) = batch.take() {
            let (to, watch) = (self.to.clone(), Stopwatch::start());
            let reply = move |answers| match to.send((answers, watch.taken())) {
                Ok(()) | Err(_) => {} // the measurement was given up
            };
            match self.client.submit_batch(commands, reply) {
                Ok(()) => self.under_way += 1,
                Err(busy) => {
                    batch = Some(busy.0);
                    self.wait_for_one()?;
                }
            }
        }
        Ok(())
    }

    fn wait_for_one(&mut self) -> Result<(), BenchError> {
        let (answers, taken) = self.from.recv().map_err(|_| BenchError::Ended)?;
        let answers = answers.map_err(|Unavailable| BenchError::Ended)?;
        self.under_way -= 1;
        self.acks.push(taken);
        answers.iter().try_for_each(check_room)?;
        let is_trade = |response: &&Response| {
            matches!(response, Response::Fact(_, protocol::Fact::Traded { .. }))
        };
        self.trades += answers.iter().flat_map(|a| &a.responses).filter(is_trade).count() as u64;
        Ok(())
    }

    fn drain(&mut self) -> Result<(), BenchError> {
        while self.under_way > 0 {
            self.wait_for_one()?;
        }
        Ok(())
    }
}
