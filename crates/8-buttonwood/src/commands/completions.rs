//! `buttonwood completions`: what a shell needs to complete our flags.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;
use crate::failure::Failure;

/// Print completions for a shell, to be sourced or put where it looks for them
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Which shell
    shell: Shell,
}

/// Prints them.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "buttonwood", &mut script);
    io::stdout().lock().write_all(&script).map_err(Failure::Output)
}
