//! Measures the kernel without a market: messages, process lifetimes, idle processes.

use lab::loads::{self, Hoppers, Load, Ready, Worker};
use serde::Serialize;

use super::measure::{bytes_each, figure, hundredths, least, median, nanoseconds_each, time};
use crate::output::thousands;
use crate::table::Table;

/// Most processes that are alive at once when memory is measured.
const ALIVE: u64 = 1_000_000;
/// Numbers of processes among which messages are sent, up to the limit of the plan.
const PROCESSES: [usize; 5] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
/// Draws sender and receiver.
const SEED: u64 = 1;

/// What to measure.
pub(crate) struct Plan {
    /// Round trips per run; slower operations run proportionally fewer times.
    pub(crate) messages: u64,
    /// Most processes alive at once.
    pub(crate) processes: usize,
    /// Runs of each, of which the median is taken.
    pub(crate) runs: u32,
}

impl Plan {
    /// Numbers of processes among which messages are sent.
    fn crowds(&self) -> impl Iterator<Item = usize> {
        PROCESSES.into_iter().filter(|processes| *processes <= self.processes)
    }
}

/// Results.
#[derive(Serialize)]
pub(crate) struct Kernel {
    /// One message of 32 bytes between two processes that pass it back and forth.
    message_ns: f64,
    /// One message in a burst of a thousand to one process.
    burst_message_ns: f64,
    /// One message there and one back.
    ping_pong_ns: f64,
    /// A supervised child that is spawned, monitored and ends, with the notice of its end.
    spawn_exit_ns: f64,
    /// One of very many supervised children that are spawned, live at once, and end on a message.
    spawn_many_ns: f64,
    /// A monitor set on a process that then ends on a message, with the notice of its end.
    monitor_fired_ns: f64,
    /// A supervised process that fails on a message, is restarted, and reports that it runs.
    restart_ns: f64,
    /// Bytes of an idle supervised child, of a million at most; `None` where the system does not report memory.
    bytes_per_process: Option<f64>,
    /// Of these, its own state.
    state_bytes: usize,
    /// One message among this many processes, sent to one at a random address.
    message_ns_by_processes: Vec<Among>,
    /// The minimum of the runs, where the above is the median.
    best: Best,
    runs: u32,
}

/// The minimum of the runs.
#[derive(Serialize)]
struct Best {
    message_ns: f64,
    burst_message_ns: f64,
    ping_pong_ns: f64,
    spawn_exit_ns: f64,
    spawn_many_ns: f64,
    monitor_fired_ns: f64,
    restart_ns: f64,
}

impl Kernel {
    /// The report as text.
    pub(crate) fn tables(&self) -> Vec<Table> {
        let best = &self.best;
        let loads = [
            ("message, passed back and forth", self.message_ns, best.message_ns),
            ("message in a burst of a thousand", self.burst_message_ns, best.burst_message_ns),
            ("round trip of a message", self.ping_pong_ns, best.ping_pong_ns),
            ("spawn, monitor, exit, down", self.spawn_exit_ns, best.spawn_exit_ns),
            ("spawn and exit among very many", self.spawn_many_ns, best.spawn_many_ns),
            ("monitor, exit, down", self.monitor_fired_ns, best.monitor_fired_ns),
            ("failure, restart, first message", self.restart_ns, best.restart_ns),
        ];
        let loads =
            loads.map(|(what, median, best)| [what.to_owned(), figure(median), figure(best)]);
        let title = format!("The kernel alone: one thread, {} runs", self.runs);
        let by_load = Table::new(title, &["load", "median ns", "best ns"]).rows(loads);
        let among = self.message_ns_by_processes.iter();
        let among =
            among.map(|of| [thousands(of.processes as u64), figure(of.ns), figure(of.best_ns)]);
        let title = "A message to any of many processes";
        let by_crowd = Table::new(title, &["processes", "median ns", "best ns"]).rows(among);
        let bytes = self.bytes_per_process;
        let memory = [
            ["idle process".to_owned(), bytes.map_or("unknown".to_owned(), figure)],
            ["of that, its own state".to_owned(), thousands(self.state_bytes as u64)],
        ];
        vec![by_load, by_crowd, Table::new("Memory", &["what", "bytes"]).rows(memory)]
    }
}

/// Cost of a message among this many processes.
#[derive(Serialize)]
struct Among {
    processes: usize,
    /// The median of the runs.
    ns: f64,
    best_ns: f64,
}

/// Number of steps of [`run`], for a progress bar.
pub(crate) fn steps(plan: &Plan) -> u64 {
    (1 + Load::ALL.len() + plan.crowds().count()) as u64
}

/// Runs all measurements, and takes the median of each. `progress` is called after each step.
pub(crate) fn run(plan: &Plan, progress: &dyn Fn()) -> Kernel {
    let Plan { messages, processes, runs } = *plan;
    let alive = ALIVE.min(processes as u64);
    let (crowd, bytes_per_process) = bytes_each(alive, || loads::crowd(alive));
    drop(crowd);
    progress();
    // The median and the minimum.
    let cost = |load, count| {
        let mut measured: Vec<f64> = (0..runs).map(|_| once(load, count)).collect();
        progress();
        (median(&mut measured), least(&measured))
    };
    let among = |processes| among(processes, messages / 2, runs, progress);
    let ping_pong = cost(Load::PingPong, messages);
    let burst = cost(Load::Burst, messages * 2);
    let spawn_exit = cost(Load::SpawnExit, messages / 2);
    let spawn_many = cost(Load::SpawnMany, messages / 100);
    let monitor_fired = cost(Load::MonitorFired, messages / 10);
    let restart = cost(Load::Restart, messages / 10);
    Kernel {
        message_ns: hundredths(ping_pong.0 / 2.0),
        burst_message_ns: hundredths(burst.0),
        ping_pong_ns: hundredths(ping_pong.0),
        spawn_exit_ns: hundredths(spawn_exit.0),
        spawn_many_ns: hundredths(spawn_many.0),
        monitor_fired_ns: hundredths(monitor_fired.0),
        restart_ns: hundredths(restart.0),
        bytes_per_process,
        state_bytes: size_of::<Worker>(),
        message_ns_by_processes: plan.crowds().map(among).collect(),
        best: Best {
            message_ns: hundredths(ping_pong.1 / 2.0),
            burst_message_ns: hundredths(burst.1),
            ping_pong_ns: hundredths(ping_pong.1),
            spawn_exit_ns: hundredths(spawn_exit.1),
            spawn_many_ns: hundredths(spawn_many.1),
            monitor_fired_ns: hundredths(monitor_fired.1),
            restart_ns: hundredths(restart.1),
        },
        runs,
    }
}

/// Nanoseconds per operation.
fn once(load: Load, count: u64) -> f64 {
    let mut ready = Ready::new(load, count);
    let ((), taken) = time(|| ready.run());
    ready.check();
    nanoseconds_each(taken, ready.count())
}

fn among(processes: usize, messages: u64, runs: u32, progress: &dyn Fn()) -> Among {
    let mut hoppers = Hoppers::new(processes, SEED);
    let hop = |_| {
        let (hops, taken) = time(|| hoppers.run(messages));
        nanoseconds_each(taken, hops)
    };
    let mut measured: Vec<f64> = (0..runs).map(hop).collect();
    progress();
    let ns = hundredths(median(&mut measured));
    Among { processes, ns, best_ns: hundredths(least(&measured)) }
}
