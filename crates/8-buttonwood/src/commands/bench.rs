//! `buttonwood bench`: measurements on this machine.

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;

use crate::bench::{core, durable, kernel, kills, recovery};
use crate::failure::Failure;
use crate::output;
use crate::table::{self, Table};

/// Measure what the exchange does on this machine
///
/// Prints tables: the median of the runs, and the best. Machines are noisy: compare ratios of figures from
/// one run, and take more runs where they vary.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Asks on the caller's thread, in memory: five scenarios, books up to a million orders, memory
    Core(Core),
    /// What durability costs: the same flow through the service with durability memory and durability disk
    Durable(Durable),
    /// A journal read back into a running exchange
    Recovery(Recovery),
    /// The kernel alone: messages, lives, monitors, restarts, an idle process; a message among millions
    Kernel(Kernel),
    /// What deaths cost: an order's way back, and the trades of a market in which processes are killed
    Kills(Kills),
}

/// How often, and how to print it.
#[derive(clap::Args)]
struct Common {
    /// Take the median of so many runs
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    runs: u32,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct Core {
    #[command(flatten)]
    common: Common,
    /// Commands of each run
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..))]
    commands: u32,
    /// Seed of the generated flow
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(clap::Args)]
struct Durable {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    place: Place,
    /// Commands of each run
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(10_000..))]
    commands: u32,
    /// Commands that are handed in together
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    batch: u32,
    /// Batches that wait for their answers at once
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    window: u32,
}

#[derive(clap::Args)]
struct Recovery {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    place: Place,
    /// About how many facts the journal has
    #[arg(long, default_value_t = 5_000_000, value_parser = clap::value_parser!(u64).range(10_000..))]
    facts: u64,
}

/// Where journals are made.
#[derive(clap::Args)]
struct Place {
    /// A folder on the disk to be measured; the journals in it are removed afterwards
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Seed of the generated flow
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(clap::Args)]
struct Kernel {
    #[command(flatten)]
    common: Common,
    /// Messages there and back in each run; of lives, monitors and the others there are as many less as each costs more
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u32).range(10_000..=1_000_000_000))]
    messages: u32,
    /// Most processes alive at once: messages are sent among 1,000, 10,000 and so on up to so many, and memory is
    /// measured of so many idle ones, a million at most
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    processes: u32,
}

#[derive(clap::Args)]
struct Kills {
    #[command(flatten)]
    common: Common,
    /// Commands of each run
    #[arg(long, default_value_t = 5_000_000, value_parser = clap::value_parser!(u32).range(10_000..))]
    commands: u32,
    /// Processes killed a second
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    kills: u32,
    /// Seed of the generated flow
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Measures and prints.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    match &args.what {
        What::Core(Core { common, commands, seed }) => {
            let plan = core::Plan { commands: *commands as usize, seed: *seed, runs: common.runs };
            let bar = output::count_bar("measuring", core::steps(&plan));
            let report = core::run(&plan, &|| bar.inc(1));
            bar.finish_and_clear();
            print(&report, &report.tables(), common.json)
        }
        What::Durable(Durable { common, place, commands, batch, window }) => {
            let plan = durable::Plan {
                commands: *commands as usize,
                batch: *batch as usize,
                window: *window as usize,
                dir: &place.dir,
                seed: place.seed,
                runs: common.runs,
            };
            let bar = output::count_bar("measuring", durable::steps(&plan));
            let report = durable::run(&plan, &|| bar.inc(1))?;
            bar.finish_and_clear();
            print(&report, &report.tables(), common.json)
        }
        What::Recovery(Recovery { common, place, facts }) => {
            let (facts, runs) = (*facts, common.runs);
            let plan = recovery::Plan { facts, dir: &place.dir, seed: place.seed, runs };
            let bar = output::count_bar("measuring", facts * (1 + u64::from(runs)));
            let report = recovery::run(&plan, &|done| bar.inc(done))?;
            bar.finish_and_clear();
            print(&report, &report.tables(), common.json)
        }
        What::Kills(Kills { common, commands, kills, seed }) => {
            let (commands, rate, runs) = (*commands as usize, u64::from(*kills), common.runs);
            let plan = kills::Plan { commands, rate, seed: *seed, runs };
            let bar = output::count_bar("measuring", kills::steps(&plan));
            let report = kills::run(&plan, &|| bar.inc(1));
            bar.finish_and_clear();
            print(&report, &report.tables(), common.json)
        }
        What::Kernel(Kernel { common, messages, processes }) => {
            let (messages, processes) = (u64::from(*messages), *processes as usize);
            let plan = kernel::Plan { messages, processes, runs: common.runs };
            let bar = output::count_bar("measuring", kernel::steps(&plan));
            let report = kernel::run(&plan, &|| bar.inc(1));
            bar.finish_and_clear();
            print(&report, &report.tables(), common.json)
        }
    }
}

/// Prints a measurement as one JSON document, or as tables.
fn print(report: &impl Serialize, tables: &[Table], json: bool) -> Result<(), Failure> {
    if json {
        return output::json(report);
    }
    output::text_line(table::text(tables, output::columns()))
}
