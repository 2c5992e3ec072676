//! Writes facts to a journal on the caller's thread, in large batches, for work that no client waits for.

use std::path::Path;

use journal::{DiskJournal, Journal, JournalError, Options};
use protocol::bytes::FactEncoder;
use protocol::{Fact, Stamp};

/// A journal that is being written. All facts are durable after [`JournalWriter::finish`].
pub(crate) struct JournalWriter {
    journal: DiskJournal,
    groups: FactEncoder,
}

impl JournalWriter {
    /// Facts are appended when this many bytes of them have come together.
    const BATCH: usize = 1 << 18;

    /// Opens the journal in `dir`, or creates it.
    pub(crate) fn open(dir: &Path) -> Result<JournalWriter, JournalError> {
        Ok(JournalWriter {
            journal: DiskJournal::open(dir, Options::default())?,
            groups: FactEncoder::new(),
        })
    }

    /// Adds a fact.
    pub(crate) fn keep(&mut self, stamp: &Stamp, fact: &Fact) -> Result<(), JournalError> {
        // A command is one group, so a batch never ends inside a command.
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

    /// Makes all facts durable and closes the journal.
    pub(crate) fn finish(mut self) -> Result<(), JournalError> {
        if !self.groups.is_empty() {
            self.commit()?;
        }
        self.journal.close()
    }
}
