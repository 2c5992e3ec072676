//! Errors of a chore: what, where, and what to do.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// An error of a chore.
#[derive(Debug)]
pub(crate) enum Fault {
    /// A program could not be started.
    Start { command: String, why: io::Error },
    /// A program failed.
    Ended { command: String, status: ExitStatus },
    /// Tests failed.
    Tests { failed: u64 },
    /// A test runner succeeded and ran no test.
    NoTests { command: String },
    /// A file could not be read or written.
    File { path: PathBuf, why: io::Error },
    /// A program is missing and could not be installed.
    Missing { program: String, reason: String, package: String },
    /// A program of cargo that only one chore needs is missing.
    NotInstalled { program: &'static str, install: &'static str },
    /// The tree breaks rules of tidy; each was printed.
    Untidy { complaints: usize },
    /// A command of a page failed, or printed something else than the page shows.
    Session { page: &'static str, command: String, wanted: String, got: String },
    /// The demo did not start.
    Demo { why: String },
    /// The server of a test did not start, or failed.
    Server { why: String },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Start { command, why } => write!(f, "cannot start `{command}`: {why}"),
            Fault::Ended { command, status } => write!(f, "`{command}` failed: {status}"),
            Fault::Tests { failed } => write!(f, "{failed} tests failed; they are listed above"),
            Fault::NoTests { command } => write!(f, "`{command}` ran no test at all"),
            Fault::File { path, why } => write!(f, "{}: {why}", path.display()),
            Fault::Missing { program, reason, package } => write!(
                f,
                "`{program}` is missing ({reason}); install it: apt-get install {package}"
            ),
            Fault::NotInstalled { program, install } => {
                write!(f, "`{program}` is not installed; install it: {install}")
            }
            Fault::Untidy { complaints } => {
                write!(
                    f,
                    "{complaints} complaints, listed above; the rules are in xtask/src/tidy.rs"
                )
            }
            Fault::Session { page, command, wanted, got } => write!(
                f,
                "{page} shows\n  $ {command}\n{wanted}\nbut what came was\n{got}\n\
                 mend the program or the page (`...` stands for any text)"
            ),
            Fault::Demo { why } => write!(f, "the demo: {why}"),
            Fault::Server { why } => write!(f, "the server: {why}"),
        }
    }
}

impl std::error::Error for Fault {}
