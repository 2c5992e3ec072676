//! Stores facts, and reads them back. The journal decides nothing: it stores what it is given, or reports why it
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

/// Files of a journal's folder without facts: all that exists when a first segment has found no space.
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

/// The interface of a journal for the exchange.
///
/// - One writer: a second one is refused with [`JournalError::Locked`] when it opens the journal.
/// - If another program removes the writer's files, the next sync or [`Journal::check_files`] returns
///   [`JournalError::Displaced`], and nothing is reported durable.
/// - An append that is not at the journal's end is refused with [`JournalError::Fenced`].
/// - Every method blocks its caller's thread.
pub trait Journal: Send {
    /// Adds groups after the last, if they begin at [`Journal::end`]. See [`Journal::append_batch`].
    fn append(&mut self, groups: &FactEncoder) -> Result<(), JournalError> {
        self.append_batch(&[groups])
    }

    /// Adds groups after the last, chunk after chunk, as one record. They are durable after the next
    /// [`Journal::sync`]. All or nothing: after an error none of them is in the journal.
    ///
    /// Append in one record what one sync covers: only a record that was followed by a sync has a mark that proves
    /// it durable.
    ///
    /// - the first must begin at [`Journal::end`], each other one where the one before it ends
    /// - two groups in a row may not be of the same command, also from one append to the next
    /// - costs one write to the system, a checksum and a hash: about 1 ns a byte and a few µs
    /// - [`JournalError::Full`]: nothing was written; the same groups may be appended again later
    fn append_batch(&mut self, batch: &[&FactEncoder]) -> Result<(), JournalError>;

    /// Makes all appended facts durable, and returns the position up to which facts are durable.
    ///
    /// Waits for the disk. After an error the state of the disk is unknown, so every further append or sync fails with
    /// [`JournalError::Poisoned`].
    fn sync(&mut self) -> Result<u64, JournalError>;

    /// Syncs, and makes the mark durable too, for a clean end: the next start then recognises every broken
    /// record as damage, also after a loss of power. An append may still follow. A journal that keeps nothing only
    /// syncs.
    fn close(&mut self) -> Result<(), JournalError> {
        self.sync().map(|_durable| ())
    }

    /// Position of the next append.
    fn end(&self) -> u64;

    /// Every fact before this position is durable.
    fn durable(&self) -> u64;

    /// Whether there is space for new orders, or only for cancels. Cheap while there is;
    /// while there is not, each call checks the disk again, so call it from time to time.
    fn free_space(&mut self) -> Result<FreeSpace, JournalError>;

    /// Checks that the journal's files are still in place: an error if another program has
    /// removed, moved or replaced them. A sync checks the newest segment only, so call this a few
    /// times per second, also without load. A journal that keeps nothing has no files.
    fn check_files(&mut self) -> Result<(), JournalError> {
        Ok(())
    }

    /// A separate reader, for any thread, that reads while this journal goes on.
    fn reader(&self) -> Box<dyn Reader>;

    /// Saves `bytes` as the fold of all facts before `position`, which must be durable.
    ///
    /// The journal keeps the last two snapshots. Waits for the disk; a failure leaves the older ones as
    /// they were.
    fn save_snapshot(&mut self, position: u64, bytes: &[u8]) -> Result<(), JournalError>;

    /// The newest intact snapshot, with the names of damaged ones that were ignored.
    fn load_snapshot(&self) -> Result<Snapshot, JournalError>;
}

/// Position and last command of a journal after this batch, if it may follow.
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

/// Free space of a journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FreeSpace {
    /// True if new orders may be accepted. False while the reserve is in use or incomplete.
    pub for_orders: bool,
    /// True if cancels may be accepted. False once the rest is needed for commands in flight;
    /// never false while `for_orders` is true.
    pub for_cancels: bool,
    /// Bytes reserved for cancels, whatever else fills the disk.
    pub reserve: u64,
}

impl FreeSpace {
    /// Most bytes of a cancel in a batch of its own: a record's head, a
    /// group's head and a `Cancelled`, with a margin. A reserve of this times the open orders is
    /// enough for all.
    pub const PER_CANCEL: u64 = 128;
}

/// Reads a journal's facts in batches, as they were appended.
pub trait Reader: Send {
    /// Passes on every batch that has facts from `from` up to `until`, in order, until `each` breaks
    /// off.
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

/// Whole groups that were appended together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Batch<'a> {
    /// Number of the first fact.
    pub first: u64,
    /// How many facts there are.
    pub facts: u64,
    /// Their encoding, for [`Facts`].
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

    /// Passes on every fact, and checks their number. Returns the last command.
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

/// Passes on every fact from `from` up to `until` (not included), which must be durable.
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
