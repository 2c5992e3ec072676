//! `buttonwood bench`: measurements on this machine.

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;

use crate::bench::{core, durable, kernel, kills, recovery};
use crate::failure::Failure;
use crate::output;
use crate::table::{self, Table};

/// Measure the exchange on this machine
///
/// Prints the median and the best of the runs. Machines are noisy: compare ratios of figures from one run, and
/// raise --runs if they vary.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Measure the matching core: commands in memory, on the caller's thread
    Core(Core),
    /// Measure the cost of durability: the same flow with durability memory and disk
    Durable(Durable),
    /// Measure recovery: a journal read back into a running exchange
    Recovery(Recovery),
    /// Measure the kernel alone: messages, processes, monitors, restarts, idle memory
    Kernel(Kernel),
    /// Measure the cost of killed processes: an order's restart, and a market's throughput
    Kills(Kills),
}

/// Flags of every measurement.
#[derive(clap::Args)]
struct Common {
    /// Number of runs, of which the median is taken
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
    /// Commands per run
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
    /// Commands per run
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(10_000..))]
    commands: u32,
    /// Commands submitted in one batch
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    batch: u32,
    /// Batches in flight
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    window: u32,
}

#[derive(clap::Args)]
struct Recovery {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    place: Place,
    /// Approximate number of facts in the journal
    #[arg(long, default_value_t = 5_000_000, value_parser = clap::value_parser!(u64).range(10_000..))]
    facts: u64,
}

/// Flags of measurements that write journals.
#[derive(clap::Args)]
struct Place {
    /// Folder on the disk to measure; its journals are removed afterwards
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
    /// Round trips per run; slower operations run proportionally fewer times
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u32).range(10_000..=1_000_000_000))]
    messages: u32,
    /// Most processes alive at once: messages are measured among 1,000, 10,000 and so on up to this number, idle memory
    /// with a million at most
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    processes: u32,
}

#[derive(clap::Args)]
struct Kills {
    #[command(flatten)]
    common: Common,
    /// Commands per run
    #[arg(long, default_value_t = 5_000_000, value_parser = clap::value_parser!(u32).range(10_000..))]
    commands: u32,
    /// Processes killed per second
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
