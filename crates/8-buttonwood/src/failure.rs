//! How a command fails: a sentence that says what, where and what to do, and the exit status.

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use journal::JournalError;

use crate::bench::BenchError;
use crate::replay::ReadError;
use crate::server::ServerError;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The flags or the configuration are wrong: status 2.
    Usage(String),
    /// Recorded flow could not be read.
    Read(ReadError),
    /// What was asked for is not there: a whole sentence.
    Absent(String),
    /// A journal could not be read or written, or is damaged.
    Journal(JournalError),
    /// The facts of a journal are whole, but cannot all be true.
    Law {
        /// The journal's folder.
        dir: PathBuf,
        /// Which fact, and what is wrong with it.
        wrong: String,
    },
    /// The exchange did not start, or did not end well.
    House(ServerError),
    /// Something could not be measured.
    Bench(BenchError),
    /// The Game of Life did not come to what it must, or a file of it could not be read or written:
    /// a whole sentence.
    Life(String),
    /// A simulated world broke a law: which seed, which law, and how.
    Broken(String),
    /// A file could not be written.
    File {
        /// Which.
        path: PathBuf,
        /// The system's word.
        why: io::Error,
    },
    /// The system gave no thread to read with.
    Thread(io::Error),
    /// Standard output could not be written.
    Output(io::Error),
}

impl Failure {
    /// Tells it on standard error and gives the exit status.
    ///
    /// A reader that has closed the pipe has what it wanted, so that is no failure.
    pub(crate) fn report(&self) -> ExitCode {
        let status = match self {
            Failure::Output(why) if why.kind() == io::ErrorKind::BrokenPipe => {
                return ExitCode::SUCCESS;
            }
            Failure::Usage(_) => 2,
            Failure::Read(_)
            | Failure::Absent(_)
            | Failure::Journal(_)
            | Failure::Law { .. }
            | Failure::House(_)
            | Failure::Bench(_)
            | Failure::Life(_)
            | Failure::Broken(_)
            | Failure::File { .. }
            | Failure::Thread(_)
            | Failure::Output(_) => 1,
        };
        // Where even standard error is gone, the status is all that is left to say.
        match writeln!(io::stderr(), "error: {self}") {
            Ok(()) | Err(_) => ExitCode::from(status),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Usage(what)
            | Failure::Absent(what)
            | Failure::Life(what)
            | Failure::Broken(what) => f.write_str(what),
            Failure::Journal(why) => why.fmt(f),
            Failure::House(why) => why.fmt(f),
            Failure::Bench(why) => why.fmt(f),
            Failure::Read(why) => why.fmt(f),
            Failure::Law { dir, wrong } => write!(
                f,
                "the journal in {}: {wrong}; it was not written by this program, or its maker has a \
                 bug: keep it as it is and report it",
                dir.display()
            ),
            Failure::File { path, why } => write!(
                f,
                "cannot write {}: {why}; name a file in a folder that exists and can be written",
                path.display()
            ),
            Failure::Thread(why) => write!(
                f,
                "the system gives no further thread: {why}; end other programs, or raise the limit on \
                 processes (ulimit -u)"
            ),
            Failure::Output(why) => write!(f, "cannot write to standard output: {why}"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<ReadError> for Failure {
    fn from(why: ReadError) -> Failure {
        Failure::Read(why)
    }
}

impl From<JournalError> for Failure {
    fn from(why: JournalError) -> Failure {
        Failure::Journal(why)
    }
}

impl From<ServerError> for Failure {
    fn from(why: ServerError) -> Failure {
        Failure::House(why)
    }
}

impl From<BenchError> for Failure {
    fn from(why: BenchError) -> Failure {
        Failure::Bench(why)
    }
}
