//! Puts facts into a journal on the caller's thread, many at a time, for work that no client waits for.

use std::path::Path;

use journal::{DiskJournal, Journal, JournalError, Options};
use protocol::bytes::FactEncoder;
use protocol::{Fact, Stamp};

/// A journal that is being filled. What it was given is durable when it has finished.
pub(crate) struct JournalWriter {
    journal: DiskJournal,
    groups: FactEncoder,
}

impl JournalWriter {
    /// Facts are handed to the disk when there are so many bytes of them.
    const BATCH: usize = 1 << 18;

    /// Opens the journal in `dir`, or makes one there.
    pub(crate) fn open(dir: &Path) -> Result<JournalWriter, JournalError> {
        Ok(JournalWriter {
            journal: DiskJournal::open(dir, Options::default())?,
            groups: FactEncoder::new(),
        })
    }

    /// Takes the next fact.
    pub(crate) fn keep(&mut self, stamp: &Stamp, fact: &Fact) -> Result<(), JournalError> {
        // All facts of a command go together.
        if self.groups.bytes().len() >= JournalWriter::BATCH
            && self.groups.last_command() != Some(stamp.command)
        {
            self.commit()?;
        }
        self.groups.push(*stamp, fact);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), JournalError> {
        self.journal.append(&self.groups)?;
        self.groups.clear();
        self.journal.sync().map(|_durable| ())
    }

    /// Makes all of it durable, and says so in the journal.
    pub(crate) fn finish(mut self) -> Result<(), JournalError> {
        if !self.groups.is_empty() {
            self.commit()?;
        }
        self.journal.close()
    }
}
