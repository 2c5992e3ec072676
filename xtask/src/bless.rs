//! Writes charts and golden files anew, from what the program does now. Reading the change is the
//! reviewer's work: a blessed mistake is a kept mistake.

use crate::fault::Fault;
use crate::tool::{cargo, tool};

/// Tests that compare with files which they write themselves if `BLESS` is set.
const BLESSED: [(&str, &str); 2] = [("xtask", "golden"), ("gates", "rest")];

/// Writes them.
pub(crate) fn run() -> Result<(), Fault> {
    for (package, test) in BLESSED {
        let tests = cargo(&["test", "--quiet", "--package", package, "--test", test]);
        tests.args(&["--", "--test-threads=1"]).env("BLESS", "1").run()?;
    }
    println!("what has changed:");
    tool("git").args(&["status", "--short", "--", "charts", "docs", "crates", "README.md"]).run()
}
