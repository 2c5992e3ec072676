//! The command `buttonwood`: parses flags, calls the other crates, prints results.
//!
//! Data goes to standard output, everything else to standard error. The exit status is 0, 1 (it
//! failed) or 2 (wrong use). Nothing here decides about trade.

mod bench;
mod chart;
mod commands;
mod config;
mod ends;
mod facts;
mod failure;
mod folder;
mod huge_pages;
mod journal_writer;
mod life;
mod memory;
mod near;
mod number;
mod output;
mod replay;
mod server;
mod table;
mod traders;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use commands::Cli;

#[global_allocator]
static ALLOCATOR: huge_pages::HugePages = huge_pages::HugePages;

fn main() -> ExitCode {
    memory::give_large_blocks_back();
    match commands::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
