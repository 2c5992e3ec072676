//! Writes charts and golden files anew, from what the program does now. Reading the change is the
//! reviewer's work: a blessed mistake is a kept mistake.

use crate::fault::Fault;
use crate::tool::{cargo, tool};

/// Tests that compare with files which they write themselves if `BLESS` is set. They are built with
/// the whole workspace, as `cargo xtask test` builds them: a crate's features are those of all who use it.
const BLESS: [&str; 7] = ["test", "--quiet", "--workspace", "--test", "golden", "--test", "rest"];

/// Writes them.
pub(crate) fn run() -> Result<(), Fault> {
    cargo(&BLESS).args(&["--", "--test-threads=1"]).env("BLESS", "1").run()?;
    println!("what differs from the last commit:");
    tool("git").args(&["status", "--short", "--", "charts", "docs", "crates", "README.md"]).run()
}
