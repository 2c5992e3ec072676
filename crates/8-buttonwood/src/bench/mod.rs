//! Measurements, each in a file of its own. They print what was measured and judge nothing.

use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use exchange::{RecoverError, ServiceError, StartError};
use journal::{DiskJournal, Journal, JournalError, Options};

pub(crate) mod core;
pub(crate) mod durable;
pub(crate) mod kernel;
pub(crate) mod kills;
mod measure;
pub(crate) mod recovery;

pub(crate) use measure::resident_bytes;

/// Why something could not be measured.
#[derive(Debug)]
pub(crate) enum BenchError {
    /// No folder for its journals.
    Folder(io::Error),
    /// A journal.
    Journal(JournalError),
    /// A journal that was just written could not be folded.
    Recover(RecoverError),
    /// The exchange did not start.
    Start(StartError),
    /// The exchange ended while it was measured.
    Ended,
    /// The disk of the journals is full: what is refused costs nothing, and is no measurement.
    Full,
    /// The exchange did not end well.
    Stop(ServiceError),
}

impl fmt::Display for BenchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BenchError::Folder(why) => {
                write!(
                    f,
                    "no folder for the journals: {why}; name one that can be written by --dir"
                )
            }
            BenchError::Journal(why) => why.fmt(f),
            BenchError::Recover(why) => why.fmt(f),
            BenchError::Start(why) => why.fmt(f),
            BenchError::Full => f.write_str(
                "the disk of the journals is full, so commands were refused and there is nothing to measure; name a \
                 folder with more space by --dir, or use fewer --commands",
            ),
            BenchError::Ended => f.write_str("the exchange ended by itself while it was measured"),
            BenchError::Stop(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for BenchError {}

impl From<JournalError> for BenchError {
    fn from(why: JournalError) -> BenchError {
        BenchError::Journal(why)
    }
}

/// A folder below `dir` that goes away with what is in it.
fn folder(dir: &Path) -> Result<tempfile::TempDir, BenchError> {
    tempfile::Builder::new().prefix("buttonwood-bench-").tempdir_in(dir).map_err(BenchError::Folder)
}

/// Bytes of the facts in a journal, as they are stored, without the heads of records.
fn bytes_of_facts(dir: &Path) -> Result<u64, BenchError> {
    let journal = DiskJournal::open(dir, Options::default())?;
    let mut bytes = 0;
    let _end = journal.reader().read(1, journal.durable(), &mut |batch| {
        bytes += batch.groups.len() as u64;
        ControlFlow::Continue(())
    })?;
    Ok(bytes)
}
