//! `buttonwood config`: what can be configured.

use crate::config::DEFAULTS;
use crate::failure::Failure;
use crate::output;

/// Print the configuration of serve, with comments on every key
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The whole file as it is when nothing is configured
    #[arg(long, required = true)]
    defaults: bool,
}

/// Prints it.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    debug_assert!(args.defaults, "the flag is required");
    output::text_line(DEFAULTS.trim_end())
}
