//! What the journal's thread decides, without the thread: what is written, when it is synced, who may
//! be told, and what happens on each error. It must never read a clock or wait, so that a simulator
//! drives the very code that a service runs. Nobody is told anything before it is durable.

use std::collections::VecDeque;
use std::fmt;

use journal::{Journal, JournalError, Reader};

use super::messages::Chunk;
use crate::{Intake, mutation};

/// Most bytes of a batch, which is written as one record and synced, unless a single chunk has more: about ten
/// milliseconds' worth.
const SYNC_BYTES: usize = 4 << 20;

/// A journal, and the chunks that are on their way into it.
pub struct GroupCommit {
    journal: Box<dyn Journal>,
    /// Not written yet, oldest first.
    waiting: VecDeque<Chunk>,
    bytes: usize,
    intake: Intake,
    /// The disk is full, and what waits does not fit into what was set aside.
    stalled: bool,
    /// True once this start has a fact in the journal.
    begun: bool,
}

/// What a turn has come to.
#[derive(Debug)]
pub struct CommitResult {
    /// Chunks that are durable now: whoever waits for them may be told.
    pub acknowledged: Vec<Chunk>,
    /// Every fact up to this number is durable.
    pub durable: u64,
    /// What there is room for.
    pub intake: Intake,
    /// What is to be done next.
    pub next: Next,
}

/// What is to be done after a turn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// Nothing waits.
    Wait,
    /// The disk is full and chunks wait. Take another turn in a while.
    NoSpace,
    /// The journal takes nothing more. Say so, then drop this: who waits for what is in it hears
    /// that nobody knows whether it happened.
    Stop(String),
}

impl GroupCommit {
    /// Keeps facts in this journal.
    pub fn new(journal: Box<dyn Journal>) -> GroupCommit {
        let (waiting, intake) = (VecDeque::new(), Intake::All);
        let mut group_commit =
            GroupCommit { journal, waiting, bytes: 0, intake, stalled: false, begun: false };
        match group_commit.look_for_space() {
            // A disk that cannot say so fails the first turn, which is heard of.
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

    /// What there was room for when it was last looked for.
    pub fn intake(&self) -> Intake {
        self.intake
    }

    /// True while the disk is full and chunks wait for room: the next turn is to be taken in a while.
    pub fn is_stalled(&self) -> bool {
        self.stalled
    }

    /// Takes a chunk; the next turn writes it. While chunks wait for room, one of which all commands were
    /// refused for want of it comes back: whoever waits for it is to be told at once.
    pub fn take(&mut self, chunk: Chunk) -> Option<Chunk> {
        let waits = mutation::LATE_REFUSAL.is_on();
        if self.stalled && chunk.is_refused_for_space() && !waits {
            return Some(chunk);
        }
        self.bytes += chunk.encoder.bytes().len();
        self.waiting.push_back(chunk);
        None
    }

    /// True if a turn is to be taken although more chunks are there to be taken.
    pub fn is_full(&self) -> bool {
        self.bytes >= SYNC_BYTES
    }

    /// Writes all that waits as far as there is room, a batch after the other, each as one record that is synced before
    /// the next, and says who may be told.
    ///
    /// `stopping`: there will be no more turns, so a full disk is a failure. So it is for a start that
    /// cannot even write that it began: nobody would see what it waits for. Waits for the disk.
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

    /// Writes the oldest chunks that wait as one record, and syncs it. How many they are: all, up to
    /// [`SYNC_BYTES`], or as many as there is room for. After an error none of them may be told, now or later: nobody
    /// knows what the disk has.
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

    /// Appends so many chunks. Their bytes are copied once, into the record.
    fn append(&mut self, chunks: usize) -> Result<(), JournalError> {
        let chunks = self.waiting.iter().take(chunks).map(|chunk| &chunk.encoder);
        if mutation::RECORD_A_CHUNK.is_on() {
            return chunks.into_iter().try_for_each(|facts| self.journal.append(facts));
        }
        self.journal.append_batch(&chunks.collect::<Vec<_>>())
    }

    /// Ends in good order, after the last turn. A failure harms nothing that was told, and is to be heard of.
    pub fn close(&mut self) -> Result<(), JournalError> {
        self.journal.close()
    }

    /// Looks whether the journal's files are still where they were. To be called some times a second.
    pub fn check_files(&mut self) -> Next {
        match self.journal.check_files() {
            Ok(()) => Next::Wait,
            Err(why) => Next::Stop(why.to_string()),
        }
    }

    /// Looks what there is room for. A disk that cannot even say so has failed.
    pub fn look_for_space(&mut self) -> Next {
        match self.journal.free_space() {
            Ok(room) => {
                self.intake = match (room.for_orders, room.for_cancels) {
                    (true, _) => Intake::All,
                    (false, true) => Intake::Cancels,
                    (false, false) => Intake::Nothing,
                };
                Next::Wait
            }
            Err(why) => Next::Stop(why.to_string()),
        }
    }

    /// Saves the snapshot that came with a chunk that was told, if one did. A failure harms nothing:
    /// the journal has all facts, and only the next start takes longer. A disk that is full for a
    /// snapshot has its reserve for cancels.
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
