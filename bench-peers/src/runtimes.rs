//! The same loads on our kernel and on other runtimes of actors, each used as its own
//! documentation shows, all of them on one thread, in turns, in one run.
//!
//! A process of ours is supervised, and where it is spawned one by one it is
//! monitored too; theirs are neither unless the load is about that. A load that a runtime cannot run is
//! left out.

/// Runs a load on one thread of tokio by the function of that name where this is written.
macro_rules! all_loads {
    ($load:ident, $count:ident) => {
        Some(one_thread().block_on(async {
            match $load {
                Load::SpawnExit => spawn_exit($count).await,
                Load::SpawnMany => spawn_many($count).await,
                Load::Burst => burst($count).await,
                Load::PingPong => ping_pong($count).await,
                Load::MonitorFired => monitor($count).await,
                Load::Restart => restart($count).await,
            }
        }))
    };
}
use all_loads;

mod actix;
mod kameo;
mod life;
mod memory;
mod orders;
mod ours;
mod ractor;
mod show;
mod tasks;

use std::time::Duration;

use lab::loads::Load;

pub use life::Lives;
pub use memory::{FLAG as CROWD, Held, alone};
pub use orders::Orders;
pub use show::{json, tables};

/// A runtime of processes.
pub trait Runtime {
    /// Its name in tables.
    const NAME: &'static str;

    /// Runs a load this many times; returns the processor time of its thread, without
    /// preparation. `None` if this runtime cannot run it.
    fn load(load: Load, count: u64) -> Option<Duration>;

    /// Starts this many idle processes with addresses of them all, each with eight bytes to hold, and
    /// calls `look` while they live.
    fn crowd(count: u64, look: &mut dyn FnMut());
}

/// As large as a message of ours: 32 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Signal {
    /// Remaining hops; or 0 for the last of its burst.
    pub count: u64,
    _rest: [u64; 3],
}

impl Signal {
    fn new(count: u64) -> Signal {
        Signal { count, _rest: [count; 3] }
    }
}

/// The processor time of this thread, which other load on the machine affects little. On systems without
/// it, the time of day.
pub fn clock() -> Duration {
    #[cfg(unix)]
    {
        let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(spent.tv_sec.unsigned_abs(), spent.tv_nsec.unsigned_abs() as u32)
    }
    #[cfg(not(unix))]
    {
        use std::sync::LazyLock;
        use std::time::Instant;
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }
}

/// One runtime's results.
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// Nanoseconds per operation, round by round; empty if it cannot run the load.
    pub rounds: Vec<f64>,
}

impl Part {
    /// The median round.
    pub fn median(&self) -> Option<f64> {
        let mut rounds = self.rounds.clone();
        rounds.sort_by(f64::total_cmp);
        rounds.get(rounds.len() / 2).copied()
    }

    /// The best round: the machine's speed without other load.
    pub fn best(&self) -> Option<f64> {
        self.rounds.iter().copied().min_by(f64::total_cmp)
    }
}

/// The results of a load; ours is the first.
pub struct Cost {
    /// Its name, as in `bench kernel`.
    pub key: &'static str,
    /// Ours, then theirs.
    pub parts: Vec<Part>,
}

impl Cost {
    /// The cheapest of the others beside ours, by the median or the best round: how many times ours it takes.
    pub fn best_peer(&self, by: fn(&Part) -> Option<f64>) -> Option<(&'static str, f64)> {
        let (ours, theirs) = self.parts.split_first()?;
        let ours = by(ours)?;
        let costs = theirs.iter().filter_map(|part| Some((part.name, by(part)?)));
        let (name, ns) = costs.min_by(|a, b| a.1.total_cmp(&b.1))?;
        Some((name, ns / ours))
    }
}

/// All results.
pub struct Report {
    /// Cost of each load.
    pub costs: Vec<Cost>,
    /// Memory of idle processes.
    pub held: Vec<Held>,
    /// Life.
    pub lives: Lives,
    /// An order per process.
    pub orders: Orders,
    /// Load average at the beginning and at the end: runnable programs,
    /// over the last minute.
    pub load_average: [Option<f64>; 2],
}

/// Size of the measurement.
pub struct Plan {
    /// Rounds, of which the median is taken.
    pub rounds: usize,
    /// Idle processes of which memory is measured.
    pub alive: u64,
    /// Run a fiftieth of the loads, to test that they work.
    pub quick: bool,
}

/// A name, and its function for loads.
type Player = (&'static str, fn(Load, u64) -> Option<Duration>);

fn player<R: Runtime>() -> Player {
    (R::NAME, R::load)
}

/// Runs all measurements.
pub fn run(plan: &Plan) -> Report {
    let before = load_average();
    let players = [
        player::<ours::Kernel>(),
        player::<tasks::Tasks>(),
        player::<actix::Actix>(),
        player::<ractor::Ractor>(),
        player::<kameo::Kameo>(),
    ];
    let cost = |load: Load| {
        eprintln!("measuring {}", load.key());
        let mut parts: Vec<Part> =
            players.iter().map(|(name, _)| Part { name, rounds: Vec::new() }).collect();
        for round in 0..plan.rounds {
            // Rounds begin with different runtimes, so that none always follows the same one.
            for index in 0..players.len() {
                let turn = (index + round) % players.len();
                let count = plan.count(load, turn == 0);
                if let Some(spent) = players[turn].1(load, count) {
                    parts[turn].rounds.push(spent.as_secs_f64() * 1e9 / count as f64);
                }
            }
        }
        Cost { key: load.key(), parts }
    };
    let costs = Load::ALL.map(cost).into();
    eprintln!("measuring bytes of idle processes, Life, orders");
    let held = memory::all(plan);
    let lives = life::run(plan);
    let orders = orders::run(plan);
    Report { costs, held, lives, orders, load_average: [before, load_average()] }
}

impl Plan {
    /// Operations per round: about a fiftieth of a second, for ours and the quickest of the others. A shared
    /// machine changes its speed more slowly than that, so both run at the same speed.
    fn count(&self, load: Load, ours: bool) -> u64 {
        let (ours_does, they_do) = match load {
            Load::SpawnExit => (400_000, 50_000),
            Load::SpawnMany | Load::MonitorFired => (100_000, 100_000),
            Load::Burst => (3_000_000, 700_000),
            Load::PingPong => (1_500_000, 150_000),
            Load::Restart => (120_000, 50_000),
        };
        let count = if ours { ours_does } else { they_do };
        if self.quick { count / 50 } else { count }
    }
}

fn load_average() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

/// The names of all runtimes, ours first.
const NAMES: [&str; 5] = [
    ours::Kernel::NAME,
    tasks::Tasks::NAME,
    actix::Actix::NAME,
    ractor::Ractor::NAME,
    kameo::Kameo::NAME,
];

/// A runtime on one thread, as tokio's documentation has it.
fn one_thread() -> tokio::runtime::Runtime {
    let made = tokio::runtime::Builder::new_current_thread().build();
    made.expect("a runtime without I/O and timers asks nothing of the system")
}
