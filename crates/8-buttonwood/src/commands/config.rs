//! `buttonwood config`: what can be configured.

use crate::config::DEFAULTS;
use crate::failure::Failure;
use crate::output;

/// Print the configuration of serve, with comments on every key
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The whole file as it is when nothing is configured
    #[arg(long = "defaults", required = true)]
    _defaults: bool,
}

/// Prints it.
pub(crate) fn run(_args: &Args) -> Result<(), Failure> {
    output::text_line(DEFAULTS.trim_end())
}
