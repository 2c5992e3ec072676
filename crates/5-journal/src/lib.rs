//! Facts to storage and back. Nothing here decides what happened; it keeps it, or says why it
//! cannot.
//!
//! [`Journal`] is what the exchange needs of any journal: append groups of facts at an expected
//! position, sync, read from a position, save and load a snapshot. [`DiskJournal`] keeps facts in
//! segment files, [`MemoryJournal`] keeps nothing. A *position* stands between two facts: position
//! `p` is just before the fact with number `p`, so a journal of `n` facts ends at position `n + 1`.
//!
//! No thread and no clock are here: the service that owns a journal decides when it syncs.
//! The format is in `docs/journal-format.md`.
//!
//! ```
//! use journal::{DiskJournal, Journal, Options, read_facts};
//! use units::{CommandId, Time};
//! use protocol::{Fact, Stamp, bytes::FactEncoder};
//!
//! let dir = tempfile::tempdir()?;
//! let mut journal = DiskJournal::open(dir.path(), Options::default())?;
//! assert_eq!(journal.end(), 1);
//!
//! let mut groups = FactEncoder::new();
//! let stamp = Stamp { seq: 1, command: CommandId(1), time: Time(0) };
//! groups.push(stamp, &Fact::Started { epoch: 1 });
//! journal.append(&groups)?; // handed to the system, not yet durable
//! assert_eq!(journal.sync()?, 2); // every fact before position 2 is durable
//!
//! let mut reader = journal.reader();
//! let mut facts = Vec::new();
//! read_facts(&mut *reader, 1, 2, &mut |stamp, fact| facts.push((stamp, fact)))?;
//! assert_eq!(facts, [(stamp, Fact::Started { epoch: 1 })]);
//!
//! drop(journal); // lets go of the directory
//! let report = journal::verify(dir.path(), &mut |_, _| ())?;
//! assert_eq!((report.facts, report.intact, report.cut_bytes), (1, true, 0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod began;
mod disk;
mod error;
mod evidence;
mod last;
mod memory;
mod mend;
pub mod mutation;
mod old;
mod reader;
mod record;
mod reserve;
mod scan;
mod snapshot;
mod storage;
#[cfg(test)]
mod tests;
mod verify;
mod walk;
mod writer;

use std::ops::ControlFlow;

use protocol::bytes::{BytesError, FactEncoder, Facts, What};
use protocol::{Fact, Stamp};
use units::CommandId;

/// Files of a journal's folder in which there are no facts: all that there is where a first segment has found no room.
pub const WITHOUT_FACTS: [&str; 4] = [disk::LOCK, writer::ASIDE, reserve::NAME, reserve::ASIDE];

pub use disk::{Disk, DiskFile};
pub use error::{Damage, JournalError};
pub use memory::MemoryJournal;
pub use mend::Cut;
pub use record::SEGMENT_VERSION;
pub use snapshot::Snapshot;
pub use storage::{Lost, Storage, StorageFile};
pub use verify::{
    Checked, Fold, Kept, Verified, verify, verify_storage, verify_storage_with_snapshots,
    verify_with_snapshots,
};
pub use writer::{FileJournal, Options};

/// A journal in a directory.
pub type DiskJournal = FileJournal<Disk>;

/// What the exchange needs of a journal.
///
/// One writer: a second one is refused with [`JournalError::Locked`] when it opens the journal. Should a
/// writer's files be taken away all the same, a sync or [`Journal::check_files`] says so with
/// [`JournalError::Displaced`], and nothing is called durable. An append that is not at the journal's end is
/// refused with [`JournalError::Fenced`]. Every method takes the thread of its caller.
pub trait Journal: Send {
    /// Adds groups after the last, if they begin at [`Journal::end`]. See [`Journal::append_batch`].
    fn append(&mut self, groups: &FactEncoder) -> Result<(), JournalError> {
        self.append_batch(&[groups])
    }

    /// Adds groups after the last, those of one chunk behind those of the other, as one record. They are durable
    /// after the next [`Journal::sync`]. All or nothing: after an error none of them is in the journal.
    ///
    /// What is synced together is best appended together: only behind a record that a sync came after there is word
    /// that it was durable.
    ///
    /// - the first must begin at [`Journal::end`], each other one where the one before it ends
    /// - two groups in a row may not be of the same command, also from one append to the next
    /// - costs one write to the system, a checksum and a hash: about 1 ns a byte and a few µs
    /// - [`JournalError::Full`]: nothing was written; the same groups may be appended again later
    fn append_batch(&mut self, batch: &[&FactEncoder]) -> Result<(), JournalError>;

    /// Makes all that was appended durable, and returns the position up to which it is.
    ///
    /// Waits for the disk. After an error nothing more can be appended or synced, since nobody can
    /// know what the disk has: [`JournalError::Poisoned`] from then on.
    fn sync(&mut self) -> Result<u64, JournalError>;

    /// Syncs, and makes the mark that says that all was durable so too, for a clean end: what is found broken at the
    /// next start is then known for damage, also after a loss of power. An append may still follow. A journal that
    /// keeps nothing only syncs.
    fn close(&mut self) -> Result<(), JournalError> {
        self.sync().map(|_durable| ())
    }

    /// Where the next append is expected.
    fn end(&self) -> u64;

    /// Every fact before this position is durable.
    fn durable(&self) -> u64;

    /// Whether there is room for new orders, or only for taking them off. Cheap while there is;
    /// while there is not, each call looks whether there is again, so it must be called from time
    /// to time.
    fn free_space(&mut self) -> Result<FreeSpace, JournalError>;

    /// Looks whether the journal's files are still where they were: an error if another program has
    /// removed, moved or replaced them. A sync looks after the newest segment only, so this is to be
    /// called some times a second, at rest too. A journal that keeps nothing has no files.
    fn check_files(&mut self) -> Result<(), JournalError> {
        Ok(())
    }

    /// A reader of its own, for any thread, that reads while this journal goes on.
    fn reader(&self) -> Box<dyn Reader>;

    /// Keeps `bytes` as the fold of all facts before `position`, which must be durable.
    ///
    /// The last two snapshots are kept. Waits for the disk; a failure leaves the older ones as
    /// they were.
    fn save_snapshot(&mut self, position: u64, bytes: &[u8]) -> Result<(), JournalError>;

    /// The newest snapshot that is whole, with the names of damaged ones that were passed over.
    fn load_snapshot(&self) -> Result<Snapshot, JournalError>;
}

/// Where a journal ends after this batch, and with which command, if it may follow.
fn follow(
    mut end: u64,
    mut last: Option<CommandId>,
    batch: &[&FactEncoder],
) -> Result<(u64, Option<CommandId>), JournalError> {
    for groups in batch {
        let Some(command) = groups.first_command() else { continue };
        if groups.first() != end {
            return Err(JournalError::Fenced { expected: end, found: groups.first() });
        }
        if Some(command) == last {
            return Err(JournalError::SameCommand { command });
        }
        (end, last) = (end + groups.facts(), groups.last_command());
    }
    Ok((end, last))
}

/// How much more a journal can take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FreeSpace {
    /// True if new orders may come in. False while the reserve is in use or could not be set aside.
    pub for_orders: bool,
    /// True if cancels may come in. False once what is left is needed for what is on its way already;
    /// never false while `for_orders` is true.
    pub for_cancels: bool,
    /// Bytes that are set aside for taking orders off, whatever else fills the disk.
    pub reserve: u64,
}

impl FreeSpace {
    /// Most bytes that cancelling one order takes, in a batch of its own: a record's head, a
    /// group's head and a `Cancelled`, with room to spare. A reserve of this times the open orders is
    /// enough for all.
    pub const PER_CANCEL: u64 = 128;
}

/// Reads a journal's facts in batches, as they were appended.
pub trait Reader: Send {
    /// Hands on every batch that has facts from `from` up to `until`, in order, until told to
    /// break.
    ///
    /// The first may begin before `from`, the last may end after `until`. Returns the position
    /// after the last batch handed on, from which the next read goes on without searching. `until`
    /// must not be beyond what is durable. About 1 ns a byte.
    fn read(
        &mut self,
        from: u64,
        until: u64,
        each: &mut dyn FnMut(Batch<'_>) -> ControlFlow<()>,
    ) -> Result<u64, JournalError>;
}

/// Whole groups as they were appended together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Batch<'a> {
    /// Number of the first fact.
    pub first: u64,
    /// How many facts there are.
    pub facts: u64,
    /// Their bytes, for [`Facts`].
    pub groups: &'a [u8],
}

impl<'a> Batch<'a> {
    /// Its facts. See [`Facts`] for the cost.
    pub fn facts(&self) -> Facts<'a> {
        Facts::new(self.groups, self.first)
    }

    /// Where the next batch begins.
    pub fn end(&self) -> u64 {
        self.first.saturating_add(self.facts)
    }

    /// Hands on every fact, and checks that there are as many as were said. Returns the last command.
    fn each_fact(
        &self,
        each: &mut impl FnMut(Stamp, Fact),
    ) -> Result<Option<CommandId>, BytesError> {
        let mut last = None;
        let mut facts = self.facts();
        for fact in &mut facts {
            let (stamp, fact) = fact?;
            last = Some(stamp.command);
            each(stamp, fact);
        }
        if facts.seq() == self.end() {
            Ok(last)
        } else {
            Err(BytesError { at: self.groups.len(), what: What::Count })
        }
    }
}

/// Hands on every fact from `from` up to `until` (not included), which must be durable.
///
/// For recovery, and for history. Below 100 ns a fact, what `each` does left out.
pub fn read_facts(
    reader: &mut dyn Reader,
    from: u64,
    until: u64,
    each: &mut impl FnMut(Stamp, Fact),
) -> Result<(), JournalError> {
    let mut damage = None;
    let _end = reader.read(from, until, &mut |batch| {
        let mut wanted = |stamp: Stamp, fact| {
            if (from..until).contains(&stamp.seq) {
                each(stamp, fact);
            }
        };
        match batch.each_fact(&mut wanted) {
            Ok(_) => ControlFlow::Continue(()),
            Err(error) => {
                damage = Some((batch.first, error));
                ControlFlow::Break(())
            }
        }
    })?;
    match damage {
        None => Ok(()),
        Some((first, error)) => Err(JournalError::NoFacts { first, error }),
    }
}
