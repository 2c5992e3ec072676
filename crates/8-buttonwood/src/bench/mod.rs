//! Measurements, each in a file of its own. They print what was measured and judge nothing.

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

/// An error of a measurement.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// A folder for the journals could not be created.
    #[error(
        "cannot create a folder for the journals: {0}; name one that can be written with --dir"
    )]
    Folder(io::Error),
    /// A journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A journal that was just written could not be folded.
    #[error(transparent)]
    Recover(RecoverError),
    /// The exchange did not start.
    #[error(transparent)]
    Start(StartError),
    /// The exchange ended while it was measured.
    #[error("the exchange ended by itself during the measurement")]
    Ended,
    /// The disk of the journals is full: a rejected command costs nothing, and is no measurement.
    #[error(
        "the disk of the journals is full, so commands were rejected and there is nothing to measure; name a folder \
         with more space with --dir, or use fewer --commands"
    )]
    Full,
    /// The exchange did not end well.
    #[error(transparent)]
    Stop(ServiceError),
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
