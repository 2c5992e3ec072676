//! Errors of the command: what, where and what to do, and the exit status.

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use journal::JournalError;

use crate::bench::BenchError;
use crate::replay::ReadError;
use crate::server::ServerError;

/// An error of a command.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The flags or the configuration are wrong: status 2.
    Usage(String),
    /// Recorded flow could not be read.
    Read(ReadError),
    /// Something that was requested does not exist: a whole sentence.
    Absent(String),
    /// A journal could not be read or written, or is damaged.
    Journal(JournalError),
    /// The facts of a journal are intact, but contradict each other.
    Law {
        /// The journal's folder.
        dir: PathBuf,
        /// The fact, and the law that it breaks.
        wrong: String,
    },
    /// The exchange could not start or end.
    Server(ServerError),
    /// A measurement failed.
    Bench(BenchError),
    /// The Game of Life ended in a wrong generation, or one of its files could not be read or written:
    /// a whole sentence.
    Life(String),
    /// A simulated world broke a law: the seed, the law, and how.
    Broken(String),
    /// A file could not be written.
    File {
        /// Its name.
        path: PathBuf,
        /// The system's error.
        why: io::Error,
    },
    /// The system could not start a thread for reading.
    Thread(io::Error),
    /// Standard output could not be written.
    Output(io::Error),
}

impl Failure {
    /// Reports the failure on standard error and returns the exit status.
    ///
    /// A reader that closes the pipe has read enough, so a broken pipe is not a failure.
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
            | Failure::Server(_)
            | Failure::Bench(_)
            | Failure::Life(_)
            | Failure::Broken(_)
            | Failure::File { .. }
            | Failure::Thread(_)
            | Failure::Output(_) => 1,
        };
        // Without a standard error, the exit status is the only report.
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
            Failure::Server(why) => why.fmt(f),
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
                "the system cannot start a thread: {why}; end other programs, or raise the limit on \
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
        Failure::Server(why)
    }
}

impl From<BenchError> for Failure {
    fn from(why: BenchError) -> Failure {
        Failure::Bench(why)
    }
}
