//! Mistakes to plant, to test that the simulator finds them. No command uses them.

use journal::{FreeSpace, Journal, JournalError, Reader, Snapshot};
use protocol::bytes::FactEncoder;

use crate::disk::Lies;

/// A mistake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mistake {
    /// Clients are answered before the sync: three of four syncs do nothing.
    EarlyTell,
    /// A failed sync counts as a successful one.
    IgnoredSync,
    /// The check of segment, lock and folder is skipped.
    UnwatchedFiles,
    /// A segment with a writer is opened all the same.
    IgnoredLock,
    /// Full inodes count as a failure of the disk.
    InodesAsFailure,
}

impl Mistake {
    /// How a disk must lie so that a checking journal behaves like one that does not check.
    pub(super) fn lies(self) -> Lies {
        Lies {
            syncs: self == Mistake::IgnoredSync,
            taken: self == Mistake::UnwatchedFiles,
            locks: self == Mistake::IgnoredLock,
            inodes: self == Mistake::InodesAsFailure,
        }
    }
}

/// A journal that reports everything durable, and syncs now and then.
pub(super) struct Hasty {
    pub(super) journal: Box<dyn Journal>,
    pub(super) syncs: u64,
}

impl Journal for Hasty {
    fn append_batch(&mut self, batch: &[&FactEncoder]) -> Result<(), JournalError> {
        self.journal.append_batch(batch)
    }

    fn sync(&mut self) -> Result<u64, JournalError> {
        self.syncs += 1;
        if self.syncs.is_multiple_of(4) {
            self.journal.sync()?;
        }
        Ok(self.journal.end())
    }

    fn end(&self) -> u64 {
        self.journal.end()
    }

    fn durable(&self) -> u64 {
        self.journal.end()
    }

    fn free_space(&mut self) -> Result<FreeSpace, JournalError> {
        self.journal.free_space()
    }

    fn check_files(&mut self) -> Result<(), JournalError> {
        self.journal.check_files()
    }

    fn reader(&self) -> Box<dyn Reader> {
        self.journal.reader()
    }

    fn save_snapshot(&mut self, position: u64, bytes: &[u8]) -> Result<(), JournalError> {
        self.journal.sync()?;
        self.journal.save_snapshot(position, bytes)
    }

    fn load_snapshot(&self) -> Result<Snapshot, JournalError> {
        self.journal.load_snapshot()
    }
}
