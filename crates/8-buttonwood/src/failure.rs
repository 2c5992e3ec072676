//! Errors of the command: what, where and what to do, and the exit status.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use journal::JournalError;

use crate::bench::BenchError;
use crate::replay::ReadError;
use crate::server::ServerError;

/// An error of a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The flags or the configuration are wrong: status 2.
    #[error("{0}")]
    Usage(String),
    /// Recorded flow could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Something that was requested does not exist: a whole sentence.
    #[error("{0}")]
    Absent(String),
    /// A journal could not be read or written, or is damaged.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The facts of a journal are intact, but contradict each other.
    #[error(
        "the journal in {}: {wrong}; it was not written by this program, or this program has a bug: keep the \
         journal as it is and report it",
        dir.display()
    )]
    Law {
        /// The journal's folder.
        dir: PathBuf,
        /// The fact, and the law that it breaks.
        wrong: String,
    },
    /// The exchange could not start or end.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A measurement failed.
    #[error(transparent)]
    Bench(#[from] BenchError),
    /// The Game of Life ended in a wrong generation, or one of its files could not be read or written:
    /// a whole sentence.
    #[error("{0}")]
    Life(String),
    /// A simulated world broke a law: the seed, the law, and how.
    #[error("{0}")]
    Broken(String),
    /// A file could not be written.
    #[error("cannot write {}: {why}; name a file in a folder that exists and can be written", path.display())]
    File {
        /// Its name.
        path: PathBuf,
        /// The system's error.
        why: io::Error,
    },
    /// The system could not start a thread for reading.
    #[error(
        "the system cannot start a thread: {0}; end other programs, or raise the limit on processes (ulimit -u)"
    )]
    Thread(io::Error),
    /// Standard output could not be written.
    #[error("cannot write to standard output: {0}")]
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
