//! What the kernel costs without a market: a message, a process's life, a process that is idle.

use lab::loads::{self, Hoppers, Load, Ready, Worker};
use serde::Serialize;

use super::measure::{bytes_each, hundredths, median, nanoseconds_each, time};

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
    runs: u32,
}

/// What a message costs among so many.
#[derive(Serialize)]
struct Among {
    processes: usize,
    ns: f64,
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
    let cost = |load, count| {
        let mut measured: Vec<f64> = (0..runs).map(|_| once(load, count)).collect();
        progress();
        median(&mut measured)
    };
    let among = |processes| among(processes, messages / 2, runs, progress);
    let ping_pong = cost(Load::PingPong, messages);
    Kernel {
        message_ns: hundredths(ping_pong / 2.0),
        burst_message_ns: hundredths(cost(Load::Burst, messages * 2)),
        ping_pong_ns: hundredths(ping_pong),
        spawn_exit_ns: hundredths(cost(Load::SpawnExit, messages / 2)),
        spawn_many_ns: hundredths(cost(Load::SpawnMany, messages / 100)),
        monitor_fired_ns: hundredths(cost(Load::MonitorFired, messages / 10)),
        restart_ns: hundredths(cost(Load::Restart, messages / 10)),
        bytes_per_process,
        state_bytes: size_of::<Worker>(),
        message_ns_by_processes: plan.crowds().map(among).collect(),
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
    Among { processes, ns: hundredths(median(&mut measured)) }
}
