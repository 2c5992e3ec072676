//! What the kernel costs without a market: a message, a process's life, a process that is idle.

use lab::loads::{self, Hoppers, Load, Ready, Worker};
use serde::Serialize;

use super::measure::{bytes_each, figure, hundredths, least, median, nanoseconds_each, time};
use crate::output::thousands;
use crate::table::Table;

/// Most processes that are alive at once when memory is measured.
const ALIVE: u64 = 1_000_000;
/// Among so many processes messages are sent, as far as the plan goes.
const PROCESSES: [usize; 5] = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
/// Draws who sends to whom.
const SEED: u64 = 1;

/// What to measure.
pub(crate) struct Plan {
    /// Times there and back in each run; of what costs more there is less, in proportion.
    pub(crate) messages: u64,
    /// Most processes that are alive at once.
    pub(crate) processes: usize,
    /// Runs of each, of which the median is taken.
    pub(crate) runs: u32,
}

impl Plan {
    /// Among so many processes messages are sent.
    fn crowds(&self) -> impl Iterator<Item = usize> {
        PROCESSES.into_iter().filter(|processes| *processes <= self.processes)
    }
}

/// What the kernel costs.
#[derive(Serialize)]
pub(crate) struct Kernel {
    /// One message of 32 bytes between two processes that pass it back and forth.
    message_ns: f64,
    /// One message in a burst of a thousand to one process.
    burst_message_ns: f64,
    /// One message there and one back.
    ping_pong_ns: f64,
    /// A supervised child that is spawned, monitored, ends, and whose end is told.
    spawn_exit_ns: f64,
    /// A supervised child of very many that are spawned, are alive at once, and end when they are told to.
    spawn_many_ns: f64,
    /// A monitor set on a process, which is told to end, and the end told.
    monitor_fired_ns: f64,
    /// A supervised process that is told to fail, is restarted, and says that it is back.
    restart_ns: f64,
    /// A supervised child that is idle, of a million at most; not known on every system.
    bytes_per_process: Option<f64>,
    /// Of those, its own state.
    state_bytes: usize,
    /// One message among so many processes, sent on to one that is anywhere in memory.
    message_ns_by_processes: Vec<Among>,
    /// The least of the runs, where the above is the median.
    best: Best,
    runs: u32,
}

/// The least of the runs.
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
    /// For people.
    pub(crate) fn tables(&self) -> Vec<Table> {
        let best = &self.best;
        let loads = [
            ("message, one there and one back, each", self.message_ns, best.message_ns),
            ("message in a burst of a thousand", self.burst_message_ns, best.burst_message_ns),
            ("message there and back", self.ping_pong_ns, best.ping_pong_ns),
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
            ["idle process".to_owned(), bytes.map_or("not known".to_owned(), figure)],
            ["of that, its own state".to_owned(), thousands(self.state_bytes as u64)],
        ];
        vec![by_load, by_crowd, Table::new("Memory", &["what", "bytes"]).rows(memory)]
    }
}

/// What a message costs among so many.
#[derive(Serialize)]
struct Among {
    processes: usize,
    /// The median of the runs.
    ns: f64,
    best_ns: f64,
}

/// How many steps [`run`] has, for a progress bar.
pub(crate) fn steps(plan: &Plan) -> u64 {
    (1 + Load::ALL.len() + plan.crowds().count()) as u64
}

/// Measures all of it, and takes the median of each. `progress` is called after each step.
pub(crate) fn run(plan: &Plan, progress: &dyn Fn()) -> Kernel {
    let Plan { messages, processes, runs } = *plan;
    let alive = ALIVE.min(processes as u64);
    let (crowd, bytes_per_process) = bytes_each(alive, || loads::crowd(alive));
    drop(crowd);
    progress();
    // The median and the least.
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

/// Nanoseconds for each time that a load was done.
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
