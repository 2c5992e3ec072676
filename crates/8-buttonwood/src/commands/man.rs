//! `buttonwood man`: manual pages in roff.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_mangen::Man;

use super::Cli;
use crate::failure::Failure;

/// Print a manual page (buttonwood man | man -l -)
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Command to print the page of, instead of the main page
    command: Option<String>,
}

/// Prints a manual page.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mut page = Cli::command();
    page.build();
    if let Some(name) = &args.command {
        let found = page.find_subcommand(name).cloned();
        page = found.ok_or_else(|| {
            Failure::Usage(format!("there is no command '{name}'; buttonwood --help lists them"))
        })?;
    }
    let mut roff = Vec::new();
    Man::new(page).render(&mut roff).map_err(Failure::Output)?;
    io::stdout().lock().write_all(&roff).map_err(Failure::Output)
}
