//! The one writer of a journal of segment files. After a failed write or sync it accepts nothing more: opening the
//! journal again finds out what the disk has.
//!
//! Segments grow by zeros written ahead, as long as records are small: a sync of overwritten blocks
//! is cheaper by two fifths than one of a grown file, while allocating blocks without
//! writing them gains little (the figures are in `docs/performance.md`). The zeros cost
//! as much as other bytes, so large records, which are few, are appended plainly.

mod segments;

use std::path::Path;

use protocol::bytes::FactEncoder;
use units::CommandId;

use crate::error::{self, Damage, JournalError};
use crate::last::LastGroups;
use crate::mend::{self, Cut};
use crate::mutation::MARK_BEFORE_SYNC;
use crate::reader::FileReader;
use crate::record::{self, Chain, Format, Place, RecordHead, SegmentHead};
use crate::reserve::Reserve;
use crate::scan::{self, Scan, Tail};
use crate::snapshot::{self, Snapshot};
use crate::storage::{self, Lost, discard};
use crate::{Disk, FreeSpace, Journal, Reader, Storage, StorageFile, began, follow, verify};

/// Zeros are written ahead this far, in bytes.
const AHEAD: u64 = 1 << 20;
/// Only records up to this size have zeros written ahead of them, in bytes.
const SMALL: u64 = AHEAD / 4;
const HEAD: u64 = SegmentHead::LENGTH as u64;
/// Blocks that stay after the last record of a segment, in bytes.
const BEHIND: u64 = RecordHead::LENGTH as u64;
/// Temporary name of a segment.
pub(crate) const ASIDE: &str = "segment.tmp";
/// Bytes below which cancels are refused too; they remain for commands in flight.
const MARGIN: u64 = AHEAD / 4;
/// Suffix of a segment that was saved because another file has its name.
const KEPT_ASIDE: &str = "kept";

/// Settings of a journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// A segment file ends before it would be larger than this many bytes; one that holds a single
    /// record of facts may be. Default 64 MiB: files that are easily copied, and few of them.
    pub segment_bytes: u64,
    /// Bytes set aside for when the disk is full; 0 for none. Default 64 MiB: enough to cancel half
    /// a million orders one by one ([`FreeSpace::PER_CANCEL`]).
    pub reserve_bytes: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options { segment_bytes: 64 << 20, reserve_bytes: 64 << 20 }
    }
}

/// A journal of segment files in a [`Storage`].
///
/// - it has the directory, the file `lock` and the segment that it writes for itself alone: each is
///   locked before anything is changed, a new segment before it gets its name
/// - a fact is called durable only while the segment's name still leads to the file that has it
/// - It writes after the last whole record only, and never over one.
/// - Before a sync is reported, a mark after the last record says that all before it is durable.
/// - The next record begins with the mark's bytes, so no write ever destroys a mark.
/// - After the last record there are blocks for the mark, and for the record that announces the next segment.
/// - A segment and its name are durable before the one before it announces it; the announcement is durable before a
///   record of the new segment can be.
/// - `HEAD <= at <= allocated`; between the two there are zeros
pub struct FileJournal<S: Storage> {
    storage: S,
    options: Options,
    lock: S::Lock,
    file: S::File,
    name: String,
    format: Format,
    /// Where the next record goes in the file, and how far the file has blocks.
    at: u64,
    allocated: u64,
    position: u64,
    durable: u64,
    chain: Chain,
    /// The chain's value after the first record.
    id: Option<Chain>,
    /// The file `began` is there.
    began: bool,
    last_command: Option<CommandId>,
    reserve: Reserve,
    cut: Option<Cut>,
    poison: Option<String>,
    /// A write is not synced that was taken back.
    factless: bool,
    /// True if the mark is after the last record.
    marked: bool,
    /// The record in the making; kept to reuse its memory.
    record: Vec<u8>,
}

impl FileJournal<Disk> {
    /// Opens the journal in `dir`, or creates it. See [`FileJournal::open_storage`].
    pub fn open(dir: &Path, options: Options) -> Result<FileJournal<Disk>, JournalError> {
        FileJournal::open_storage(Disk::new(dir)?, options)
    }
}

impl<S: Storage> FileJournal<S> {
    /// Opens the journal in `storage`, or creates it.
    ///
    /// Reads and checks all of it (about 1 ns a byte). A torn tail is truncated, on the disk too, saved in a file, and
    /// reported by [`FileJournal::cut`]. Damage anywhere else is [`JournalError::Damaged`], and nothing is changed.
    pub fn open_storage(storage: S, options: Options) -> Result<FileJournal<S>, JournalError> {
        let here = || storage.path("");
        let lock = storage.lock().map_err(error::io("lock", here()))?;
        let lock = lock.ok_or_else(|| JournalError::Locked { path: here() })?;
        // Lock the segment before reading it: no other writer continues after what was read. A hard link to this file
        // may be in another directory, whose lock does not cover it.
        let newest = take_newest(&storage)?;
        let found_began = began::read(&storage)?;
        let mut last = LastGroups::default();
        let scan = scan::scan(&storage, &mut |batch| {
            last.keep(batch);
            Ok(())
        })?;
        if scan.tail.is_none()
            && let gone @ JournalError::NoSegments { .. } = snapshot::without_segments(&storage)?
        {
            return Err(gone);
        }
        let snapshots = snapshot::all(&storage)?;
        if let Some(bad) = verify::against(&storage, &scan, &snapshots, found_began.as_deref())? {
            return Err(bad);
        }
        let last_command = last.command().map_err(|error| {
            let ((first, offset), seq) = (scan.last, last.first());
            let segment = storage.path(&record::segment_name(first));
            JournalError::Damaged { segment, offset, seq, damage: Damage::Facts(error) }
        })?;
        mend::remove_leftovers(&storage)?;
        let Scan { position, chain, id, tail, unsaid, last: _ } = scan;
        let (file, cut, tail) = match (tail, newest) {
            (Some(tail), Some((name, file))) if tail.name == name => {
                let (file, cut) = mend::cut_tail(&storage, file, &tail, position)?;
                (file, cut, tail)
            }
            (None, None) => {
                let (name, file) = first_segment(&storage, position, chain)?;
                (file, None, Tail::of_new_segment(name))
            }
            // A segment has come or gone meanwhile: another program writes here.
            _ => return Err(JournalError::Locked { path: here() }),
        };
        for unsaid in &unsaid {
            mend::say_followed(&storage, unsaid)?;
        }
        let allocated = file.length().map_err(error::io("read", storage.path(&tail.name)))?;
        let reserve = Reserve::open(&storage, options.reserve_bytes)?;
        let mut journal = FileJournal {
            options,
            lock,
            file,
            name: tail.name,
            format: tail.format,
            at: tail.at,
            allocated,
            position,
            durable: position,
            chain,
            id,
            began: found_began.is_some(),
            last_command,
            reserve,
            cut,
            poison: None,
            factless: false,
            marked: false,
            record: Vec::new(),
            storage,
        };
        journal.say_durable()?;
        Ok(journal)
    }

    /// What was truncated when this journal was opened, if anything.
    pub fn cut(&self) -> Option<&Cut> {
        self.cut.as_ref()
    }

    fn chain_at(&self, position: u64) -> Result<Chain, JournalError> {
        match position == self.position {
            true => Ok(self.chain),
            false => FileReader::new(self.storage.clone()).chain_at(position),
        }
    }

    fn healthy(&self) -> Result<(), JournalError> {
        match &self.poison {
            None => Ok(()),
            Some(why) => Err(JournalError::Poisoned { why: why.clone() }),
        }
    }

    /// Refuses everything from here on.
    fn poisoned(&mut self, doing: &'static str, source: std::io::Error) -> JournalError {
        let path = self.storage.path(&self.name);
        self.poison = Some(format!("{doing} {path}: {source}"));
        JournalError::Io { doing, path, source }
    }

    fn full(&self) -> JournalError {
        JournalError::Full { path: self.storage.path("") }
    }

    /// The name of the segment must still lead to it, at its full length: otherwise the synced facts are in no
    /// journal, and must not be acknowledged.
    fn check_segment(&mut self) -> Result<(), JournalError> {
        let length = self.storage.length_at(&self.name, &self.file);
        if length.map_err(|error| self.poisoned("look at", error))? >= Some(self.allocated) {
            return Ok(());
        }
        Err(self.displaced(Lost::Segment))
    }

    /// Refuses everything from here on, since this was removed.
    fn displaced(&mut self, lost: Lost) -> JournalError {
        let folder = matches!(self.storage.lost(&self.lock), Ok(Some(Lost::Folder)));
        let lost = if folder { Lost::Folder } else { lost };
        let (path, kept) = match lost {
            Lost::Folder => (self.storage.path(""), None),
            Lost::Lock => (self.storage.path(crate::disk::LOCK), None),
            Lost::Segment => (self.storage.path(&self.name), self.keep_aside()),
        };
        let error = JournalError::Displaced { lost, path, kept };
        self.poison = Some(error.to_string());
        error
    }

    /// Saves the file that lost its name: under that name, or under another where a new file has it.
    /// No other copy of these facts exists.
    fn keep_aside(&self) -> Option<String> {
        if self.file.length().ok()? < self.allocated {
            return None; // it was truncated
        }
        let names = self.storage.list().ok()?;
        let name = match names.contains(&self.name) {
            true => format!("{}.{KEPT_ASIDE}", self.name),
            false => self.name.clone(),
        };
        let copy = self.storage.create(ASIDE).ok()?;
        let mark = if self.marked { Place::LENGTH as u64 } else { 0 };
        mend::copy(&self.file, &copy, self.at + mark).ok()?;
        copy.sync().ok()?;
        self.storage.rename(ASIDE, &name).ok()?;
        self.storage.sync().ok()?;
        Some(self.storage.path(&name))
    }

    /// Reports nothing durable before the mark is written, since all that is durable may be acknowledged.
    fn sync_file(&mut self) -> Result<(), JournalError> {
        if self.durable < self.position || self.factless {
            self.file.sync().map_err(|error| self.poisoned("sync", error))?;
            self.check_segment()?;
            self.factless = false;
        }
        self.say_durable()?;
        self.durable = self.position;
        Ok(())
    }

    /// Records that all is durable: the mark after the last record, and once the file `began`.
    ///
    /// The mark is then in the page cache and outlives the program; it costs no sync. Without space for it, as
    /// after a start on a full disk whose segment ends with its last record, there is no mark.
    fn say_durable(&mut self) -> Result<(), JournalError> {
        if self.format == Format::New && !self.marked {
            let mark = Place { first: self.position, unsynced: 0, chain: self.chain };
            match self.file.write_at(self.at, &mark.bytes()) {
                Ok(()) => {
                    self.allocated = self.allocated.max(self.at + Place::LENGTH as u64);
                    self.marked = true;
                }
                Err(error) if error::is_full(&error) => self.shrink_back()?,
                Err(error) => return Err(self.poisoned("write", error)),
            }
        }
        if let (false, Some(id)) = (self.began, self.id) {
            self.began = began::write(&self.storage, &id)?;
        }
        Ok(())
    }
}

impl<S: Storage> Journal for FileJournal<S> {
    fn append_batch(&mut self, batch: &[&FactEncoder]) -> Result<(), JournalError> {
        self.healthy()?;
        let (end, last_command) = follow(self.position, self.last_command, batch)?;
        if end == self.position {
            return Ok(());
        }
        let payloads: Vec<&[u8]> = batch.iter().map(|groups| groups.bytes()).collect();
        let bytes = payloads.iter().map(|payload| payload.len()).sum();
        let too_large = JournalError::TooLarge { bytes };
        let Ok(facts) = u32::try_from(end - self.position) else { return Err(too_large) };
        let place = self.place_behind();
        let Some(chain) = RecordHead::write(&place, facts, &payloads, &mut self.record) else {
            return Err(too_large);
        };
        self.place()?;
        self.at += self.record.len() as u64;
        self.marked = false;
        self.position = end;
        self.chain = chain;
        self.id.get_or_insert(chain);
        self.last_command = last_command;
        Ok(())
    }

    fn sync(&mut self) -> Result<u64, JournalError> {
        self.healthy()?;
        self.sync_file()?;
        Ok(self.durable)
    }

    /// Without a mark if the disk has no space for one: the facts are durable all the same.
    fn close(&mut self) -> Result<(), JournalError> {
        self.healthy()?;
        if MARK_BEFORE_SYNC.is_on() {
            self.say_durable()?;
        }
        self.sync_file()?;
        self.file.sync().map_err(|error| self.poisoned("sync", error))
    }

    fn end(&self) -> u64 {
        self.position
    }

    fn durable(&self) -> u64 {
        self.durable
    }

    fn free_space(&mut self) -> Result<FreeSpace, JournalError> {
        self.healthy()?;
        self.reserve.make(&self.storage)?;
        let has_margin = self.reserve.held || self.keep_margin()?;
        let spare = if self.reserve.held { self.reserve.bytes } else { 0 };
        Ok(FreeSpace {
            for_orders: self.reserve.held || (self.reserve.bytes == 0 && has_margin),
            for_cancels: has_margin,
            reserve: self.ahead() + spare,
        })
    }

    fn check_files(&mut self) -> Result<(), JournalError> {
        self.healthy()?;
        self.check_segment()?; // first: it may have to be kept aside
        let lost = self.storage.lost(&self.lock);
        if let Some(lost) = lost.map_err(|error| self.poisoned("look after", error))? {
            return Err(self.displaced(lost));
        }
        self.reserve.look(&self.storage)
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(FileReader::new(self.storage.clone()))
    }

    fn save_snapshot(&mut self, position: u64, bytes: &[u8]) -> Result<(), JournalError> {
        if position > self.durable {
            return Err(JournalError::SnapshotAhead { position, durable: self.durable });
        }
        snapshot::save(&self.storage, position, &self.chain_at(position)?, bytes)
    }

    fn load_snapshot(&self) -> Result<Snapshot, JournalError> {
        snapshot::load(&self.storage, self.durable, |position| self.chain_at(position))
    }
}

/// The newest segment, if there is one, locked for this writer.
fn take_newest<S: Storage>(storage: &S) -> Result<Option<(String, S::File)>, JournalError> {
    let Some((_, name)) = scan::segments(storage)?.pop() else { return Ok(None) };
    let path = || storage.path(&name);
    let file = storage.open_writable(&name).map_err(error::io("open", path()))?;
    if !file.try_lock().map_err(error::io("lock", path()))? {
        return Err(JournalError::Locked { path: storage.path("") });
    }
    Ok(Some((name, file)))
}

/// The first segment of a new journal.
fn first_segment<S: Storage>(
    storage: &S,
    first: u64,
    previous: Chain,
) -> Result<(String, S::File), JournalError> {
    let name = record::segment_name(first);
    let made = create_segment(storage, &name, &SegmentHead::begin(first, previous));
    let made = made.and_then(|file| storage.sync().map(|()| file));
    match made {
        Ok(file) => Ok((name, file)),
        Err(error) if error::is_full(&error) => {
            discard(storage, ASIDE).map_err(error::io("remove", storage.path(ASIDE)))?;
            Err(JournalError::Full { path: storage.path("") })
        }
        Err(error) => Err(error::io("create", storage.path(&name))(error)),
    }
}

/// Creates a segment under a temporary name and renames it, so that a segment always has its head. The caller
/// syncs the name. It is locked before it has one.
fn create_segment<S: Storage>(storage: &S, name: &str, begin: &[u8]) -> std::io::Result<S::File> {
    let file = storage.create(ASIDE)?;
    storage::take(&file)?;
    file.write_at(0, begin)?;
    file.sync()?;
    storage.rename(ASIDE, name)?;
    Ok(file)
}
