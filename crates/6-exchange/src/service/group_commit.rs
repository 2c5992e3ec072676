//! The decisions of the journal's thread, without the thread: what is written, when it is synced, which commands may
//! be answered, and what follows from each error. It must never read a clock or wait, so that a simulator drives the
//! same code as a service.

use std::collections::VecDeque;
use std::fmt;

use journal::{Journal, JournalError, Reader};

use super::messages::Chunk;
use crate::{Intake, mutation};

/// Most bytes of a batch, which is written as one record and synced, unless a single chunk has more: about ten
/// milliseconds' worth.
const SYNC_BYTES: usize = 4 << 20;

/// A journal, and the chunks that wait to be written.
///
/// - a chunk is acknowledged only after a sync that covers all its facts, in the order in which chunks came
/// - `waiting` has each chunk that was taken and not acknowledged, oldest first; `bytes` is their sum
/// - after an error other than a full disk no waiting chunk is ever acknowledged: the disk may have its facts or not
/// - while stalled, the intake is nothing, and the first chunk that waits does not fit the reserve
pub struct GroupCommit {
    journal: Box<dyn Journal>,
    /// Not written yet, oldest first.
    waiting: VecDeque<Chunk>,
    bytes: usize,
    intake: Intake,
    /// The disk is full, and what waits does not fit the reserve.
    stalled: bool,
    /// True once this start has a fact in the journal.
    begun: bool,
}

/// The result of a commit.
#[derive(Debug)]
pub struct CommitResult {
    /// Chunks that are durable now: their commands may be answered.
    pub acknowledged: Vec<Chunk>,
    /// Every fact up to this number is durable.
    pub durable: u64,
    /// What the free space allows.
    pub intake: Intake,
    /// What the caller does next.
    pub next: Next,
}

/// What the caller does after a commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// Nothing waits.
    Wait,
    /// The disk is full and chunks wait. Commit again in a while.
    NoSpace,
    /// The journal takes nothing more. Report the reason, then drop this: the clients of waiting chunks are answered
    /// that the outcome is unknown.
    Stop(String),
}

impl GroupCommit {
    /// Writes to this journal.
    pub fn new(journal: Box<dyn Journal>) -> GroupCommit {
        let (waiting, intake) = (VecDeque::new(), Intake::All);
        let mut group_commit =
            GroupCommit { journal, waiting, bytes: 0, intake, stalled: false, begun: false };
        match group_commit.look_for_space() {
            // A disk that cannot report its space fails the first commit, which is reported.
            Next::Wait | Next::NoSpace | Next::Stop(_) => group_commit,
        }
    }

    /// The journal.
    pub fn journal(&self) -> &dyn Journal {
        &*self.journal
    }

    /// A reader of all that is durable, up to the position that comes with it.
    pub fn history(&self) -> (Box<dyn Reader>, u64) {
        (self.journal.reader(), self.journal.durable())
    }

    /// What the free space allowed at the last check.
    pub fn intake(&self) -> Intake {
        self.intake
    }

    /// True while the disk is full and chunks wait for space: commit again in a while.
    pub fn is_stalled(&self) -> bool {
        self.stalled
    }

    /// Takes a chunk, which the next commit writes. While stalled, a chunk whose commands were all rejected for lack
    /// of space is returned, to be answered at once.
    pub fn take(&mut self, chunk: Chunk) -> Option<Chunk> {
        let waits = mutation::LATE_REFUSAL.is_on();
        if self.stalled && chunk.is_refused_for_space() && !waits {
            return Some(chunk);
        }
        self.bytes += chunk.encoder.bytes().len();
        self.waiting.push_back(chunk);
        None
    }

    /// True if it is time to commit although more chunks have come.
    pub fn is_full(&self) -> bool {
        self.bytes >= SYNC_BYTES
    }

    /// Writes what waits, as far as the space allows: batch after batch, each as one record that is synced before the
    /// next. It waits for the disk.
    ///
    /// `stopping`: this is the last commit, so a full disk is a failure. So it is for a start that cannot even write
    /// the fact `started`: it has no answer to give that would show what it waits for.
    pub fn commit(&mut self, stopping: bool) -> CommitResult {
        let (mut acknowledged, mut next) = (Vec::new(), Next::Wait);
        while !self.waiting.is_empty() {
            match self.commit_waiting() {
                Ok(chunks) => acknowledged.extend(self.waiting.drain(..chunks)),
                Err(why) => {
                    let full = matches!(why, JournalError::Full { .. });
                    let waits = full && (self.begun || !acknowledged.is_empty()) && !stopping;
                    next = if waits { Next::NoSpace } else { Next::Stop(why.to_string()) };
                    break;
                }
            }
        }
        self.bytes = self.waiting.iter().map(|chunk| chunk.encoder.bytes().len()).sum();
        self.begun |= !acknowledged.is_empty();
        self.stalled = next == Next::NoSpace;
        match next {
            Next::Wait => next = self.look_for_space(),
            Next::NoSpace => self.intake = Intake::Nothing,
            Next::Stop(_) => {}
        }
        let (durable, intake) = (self.journal.durable() - 1, self.intake);
        CommitResult { acknowledged, durable, intake, next }
    }

    /// Writes the oldest waiting chunks as one record, syncs it, and returns how many they were: all up to
    /// [`SYNC_BYTES`], or as many as the space allows.
    ///
    /// After a failed sync none of them may be answered, now or later. The disk may have any part of the record, and
    /// a second sync that succeeds proves nothing about the pages of the first.
    fn commit_waiting(&mut self) -> Result<usize, JournalError> {
        let mut chunks = self.batch();
        while let Err(why) = self.append(chunks) {
            let fits_less =
                matches!(why, JournalError::Full { .. } | JournalError::TooLarge { .. });
            match fits_less && chunks > 1 {
                true => chunks /= 2,
                false => return Err(why),
            }
        }
        if !mutation::EARLY_TELL.is_on() {
            self.journal.sync()?;
        }
        Ok(chunks)
    }

    /// How many chunks make a batch, at least one.
    fn batch(&self) -> usize {
        let mut bytes = 0;
        let fits = self.waiting.iter().take_while(|chunk| {
            bytes += chunk.encoder.bytes().len();
            bytes <= SYNC_BYTES
        });
        fits.count().max(1)
    }

    /// Appends the oldest `chunks` chunks. Their bytes are copied once, into the record.
    fn append(&mut self, chunks: usize) -> Result<(), JournalError> {
        let chunks = self.waiting.iter().take(chunks).map(|chunk| &chunk.encoder);
        if mutation::RECORD_A_CHUNK.is_on() {
            return chunks.into_iter().try_for_each(|facts| self.journal.append(facts));
        }
        self.journal.append_batch(&chunks.collect::<Vec<_>>())
    }

    /// Closes the journal after the last commit. A failure harms nothing that was answered, but must be reported.
    pub fn close(&mut self) -> Result<(), JournalError> {
        self.journal.close()
    }

    /// Checks that the journal's files are still in place. To be called a few times a second.
    pub fn check_files(&mut self) -> Next {
        match self.journal.check_files() {
            Ok(()) => Next::Wait,
            Err(why) => Next::Stop(why.to_string()),
        }
    }

    /// Checks the free space. A disk that cannot report it has failed.
    pub fn look_for_space(&mut self) -> Next {
        match self.journal.free_space() {
            Ok(space) => {
                self.intake = match (space.for_orders, space.for_cancels) {
                    (true, _) => Intake::All,
                    (false, true) => Intake::Cancels,
                    (false, false) => Intake::Nothing,
                };
                Next::Wait
            }
            Err(why) => Next::Stop(why.to_string()),
        }
    }

    /// Saves the snapshot of an acknowledged chunk, if it has one.
    ///
    /// A failure harms nothing: the journal has all facts, and only the next start takes longer. A disk too full for
    /// a snapshot still has its reserve for cancels.
    pub fn save(&mut self, chunk: &mut Chunk) -> Option<Result<(), JournalError>> {
        let (position, bytes) = chunk.snapshot.take()?;
        Some(self.journal.save_snapshot(position, &bytes))
    }
}

impl fmt::Debug for GroupCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GroupCommit({} chunks wait, intake {:?})", self.waiting.len(), self.intake)
    }
}
