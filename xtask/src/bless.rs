//! Rewrites charts and golden files from what the program does now. The reviewer must read the
//! change: a blessed mistake is a kept mistake.

use crate::fault::Fault;
use crate::tool::{cargo, tool};

/// Tests that compare with files, and write these files if `BLESS` is set. They are built with
/// the whole workspace, as `cargo xtask test` builds them: a crate's features are those of all who use it.
const BLESS: [&str; 7] = ["test", "--quiet", "--workspace", "--test", "golden", "--test", "rest"];

/// Rewrites them.
pub(crate) fn run() -> Result<(), Fault> {
    cargo(&BLESS).args(&["--", "--test-threads=1"]).env("BLESS", "1").run()?;
    println!("what differs from the last commit:");
    tool("git").args(&["status", "--short", "--", "charts", "docs", "crates", "README.md"]).run()
}
