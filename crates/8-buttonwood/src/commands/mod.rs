//! The subcommands, one file each, and their flags.

mod bench;
mod chart;
mod completions;
mod config;
mod demo;
mod explore;
mod journal;
mod life;
mod man;
mod replay;
mod serve;
mod simulate;
mod tree;

use clap::{Parser, Subcommand};

pub(crate) use demo::JOURNAL as DEMO_JOURNAL;

use crate::failure::Failure;

/// An exchange in which every order is a process and every deal is a handshake.
#[derive(Parser)]
#[command(name = "buttonwood", version, max_term_width = 100)]
#[command(after_help = "Data goes to standard output, logs to standard error. \
    Exit status: 0, 1 (it failed), 2 (wrong use).")]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::Args),
    Serve(serve::Args),
    Replay(replay::Args),
    Journal(journal::Args),
    Chart(chart::Args),
    Life(life::Args),
    Simulate(simulate::Args),
    Explore(explore::Args),
    Bench(bench::Args),
    Config(config::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Runs the selected subcommand.
pub(crate) fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Demo(args) => demo::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Journal(args) => journal::run(&args),
        Command::Chart(args) => chart::run(&args),
        Command::Life(args) => life::run(&args),
        Command::Simulate(args) => simulate::run_seeds(&args),
        Command::Explore(args) => explore::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Config(args) => config::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}
