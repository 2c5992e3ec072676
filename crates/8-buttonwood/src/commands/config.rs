//! `buttonwood config`: the configuration keys and their defaults.

use crate::config::DEFAULTS;
use crate::failure::Failure;
use crate::output;

/// Print the configuration of serve, with a comment on every key
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print the defaults as a complete configuration file
    #[arg(long = "defaults", required = true)]
    _defaults: bool,
}

/// Prints the defaults.
pub(crate) fn run(_args: &Args) -> Result<(), Failure> {
    output::text_line(DEFAULTS.trim_end())
}
