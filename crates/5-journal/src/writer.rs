//! The one writer of a journal of segment files.
//!
//! It writes only behind the last whole record, and never over one. After a failed write or sync it
//! takes nothing more: what the disk has is then found out by opening the journal again.
//!
//! - After a sync, and before it is reported, a mark behind the last record says that all before it was durable.
//! - The next record begins with the mark's bytes, so no write of ours ever takes a mark away.
//! - Behind the last record there are blocks for the mark, and for the record that says that another segment follows.
//! - A segment is durable, name and all, before the one before it says so; and that is durable before a record of the
//!   new one can be.
//!
//! Segments grow by zeros written ahead, as long as records are small: to overwrite blocks that are
//! there makes a sync cheaper by two fifths than to grow a file, while to set blocks aside without
//! writing them gains little (the figures are in `docs/journal-format.md`). The zeros themselves cost
//! as much as other bytes, so large records, which are few, are appended plainly.

use std::path::Path;

use units::AskId;
use words::bytes::Groups;

use crate::error::{self, Damage, JournalError};
use crate::last::LastGroups;
use crate::mend::{self, Cut};
use crate::reader::FileReader;
use crate::record::{self, Chain, Format, Place, RecordHead, SegmentHead};
use crate::reserve::Reserve;
use crate::scan::{self, Scan, Tail};
use crate::snapshot::{self, Snapshot};
use crate::storage::{self, Lost, discard};
use crate::{Disk, Journal, Reader, Room, Storage, StorageFile, began, follow, verify};

/// Zeros are written ahead this far, in bytes.
const AHEAD: u64 = 1 << 20;
/// Only records up to this size have zeros written ahead of them, in bytes.
const SMALL: u64 = AHEAD / 4;
const HEAD: u64 = SegmentHead::LENGTH as u64;
/// Blocks that stay behind the last record of a segment, in bytes.
const BEHIND: u64 = RecordHead::LENGTH as u64;
/// A segment in the making.
pub(crate) const ASIDE: &str = "segment.tmp";
/// Bytes that are left when cancels are refused too: for what is on its way then.
const MARGIN: u64 = AHEAD / 4;
/// What the name of a segment ends with that was saved from another program, where its own is taken.
const KEPT_ASIDE: &str = "kept";

/// How a journal keeps its facts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// A segment file ends before it would be larger than this many bytes; one that holds a single
    /// record of facts may be. Default 64 MiB: files that are easily copied, and few of them.
    pub segment_bytes: u64,
    /// Bytes set aside for when the disk is full; 0 for none. Default 64 MiB: enough to cancel half
    /// a million orders one by one ([`Room::PER_CANCEL`]).
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
    last_ask: Option<AskId>,
    reserve: Reserve,
    cut: Option<Cut>,
    poison: Option<String>,
    /// A write is not synced that was taken back.
    factless: bool,
    /// The mark stands behind the last record.
    marked: bool,
    /// The record in the making; kept for its memory.
    record: Vec<u8>,
}

impl FileJournal<Disk> {
    /// Opens the journal in `dir`, or makes one there. See [`FileJournal::open_storage`].
    pub fn open(dir: &Path, options: Options) -> Result<FileJournal<Disk>, JournalError> {
        FileJournal::open_storage(Disk::new(dir)?, options)
    }
}

impl<S: Storage> FileJournal<S> {
    /// Opens the journal in `storage`, or makes one there.
    ///
    /// Reads and checks all of it (about 1 ns a byte). A torn tail is cut, on the disk too, kept in a file of its own,
    /// and told by [`FileJournal::cut`]. Damage anywhere else is [`JournalError::Damaged`], and nothing is changed.
    pub fn open_storage(storage: S, options: Options) -> Result<FileJournal<S>, JournalError> {
        let here = || storage.path("");
        let lock = storage.lock().map_err(error::io("lock", here()))?;
        let lock = lock.ok_or_else(|| JournalError::Locked { path: here() })?;
        // Taken before it is read: nobody goes on behind what was read. Another name of this very file
        // may be in another directory, whose lock says nothing.
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
        let last_ask = last.ask().map_err(|error| {
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
            // A segment has come or gone since: another program writes here.
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
            last_ask,
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

    /// What was cut when this journal was opened, if anything.
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

    /// From here on nothing is taken.
    fn poisoned(&mut self, doing: &'static str, source: std::io::Error) -> JournalError {
        let path = self.storage.path(&self.name);
        self.poison = Some(format!("{doing} {path}: {source}"));
        JournalError::Io { doing, path, source }
    }

    fn full(&self) -> JournalError {
        JournalError::Full { path: self.storage.path("") }
    }

    /// What stands behind the last record.
    fn place_behind(&self) -> Place {
        // More than 2^32 facts unsynced are told as that many: the reader is then only more careful.
        let unsynced = u32::try_from(self.position - self.durable).unwrap_or(u32::MAX);
        Place { first: self.position, unsynced, chain: self.chain }
    }

    /// Writes the record that stands in `self.record`, wherever there is room.
    fn place(&mut self) -> Result<(), JournalError> {
        let end = self.at + self.record.len() as u64;
        let is_old = self.format == Format::Old;
        if end + BEHIND <= self.allocated && !is_old {
            return self.write();
        }
        let is_full = end + BEHIND > self.options.segment_bytes && self.at > HEAD;
        if is_full || is_old {
            if !self.begin_segment()? {
                return self.place_in_reserve();
            }
            self.put_place();
        }
        if self.grow()? { Ok(()) } else { self.place_in_reserve() }
    }

    /// Writes the record into blocks that are there.
    fn write(&mut self) -> Result<(), JournalError> {
        let written = self.file.write_at(self.at, &self.record);
        written.map_err(|error| self.poisoned("write", error))
    }

    /// Writes the record where the file must grow for it. False if the disk is full; then the file
    /// is as it was.
    fn grow(&mut self) -> Result<bool, JournalError> {
        let end = self.at + self.record.len() as u64;
        let ahead = if self.record.len() as u64 <= SMALL {
            AHEAD.min(self.options.segment_bytes.saturating_sub(end)).max(BEHIND)
        } else {
            BEHIND
        };
        for ahead in [ahead, BEHIND] {
            let length = self.record.len();
            self.record.resize(length + usize::try_from(ahead).expect("at most AHEAD"), 0);
            let written = self.file.write_at(self.at, &self.record);
            self.record.truncate(length);
            match written {
                Ok(()) => {
                    self.allocated = self.allocated.max(end + ahead);
                    return Ok(true);
                }
                Err(error) if error::is_full(&error) => self.shrink_back()?,
                Err(error) => return Err(self.poisoned("write", error)),
            }
        }
        Ok(false)
    }

    /// Takes back what a write left that did not fit: zeros where there were zeros, and no more. What did not fit
    /// began with the mark, if that was there; so it stays.
    fn shrink_back(&mut self) -> Result<(), JournalError> {
        let mark = if self.marked { Place::LENGTH as u64 } else { 0 };
        let (at, allocated) = (self.at + mark, self.allocated);
        // Until that is synced, the disk may have what did not fit: no segment may follow before.
        self.factless = true;
        let undone = self.file.set_length(allocated).and_then(|()| match at < allocated {
            true => mend::zero(&self.file, at, allocated),
            false => Ok(()),
        });
        undone.map_err(|error| self.poisoned("cut", error))
    }

    /// Goes on in a new segment. False if the disk is full; then nothing has changed.
    fn begin_segment(&mut self) -> Result<bool, JournalError> {
        self.sync_file()?;
        self.check_segment()?; // also if nothing was to be synced: it is not looked at again
        let begin = SegmentHead::begin(self.position, self.chain);
        let name = record::segment_name(self.position);
        match create_segment(&self.storage, &name, &begin) {
            Ok(file) => {
                // It has its name: if that cannot be synced, a start may find it or not.
                self.storage.sync().map_err(|error| self.poisoned("sync the name after", error))?;
                self.go_on_in(file, name, begin.len() as u64)?;
            }
            Err(error) if error::is_full(&error) => {
                discard(&self.storage, ASIDE).map_err(|error| self.poisoned("remove", error))?;
                return Ok(false);
            }
            Err(error) => return Err(self.poisoned("create a segment after", error)),
        }
        Ok(true)
    }

    /// Bytes of records that fit into blocks that are there.
    fn ahead(&self) -> u64 {
        self.allocated.saturating_sub(self.at + BEHIND)
    }

    /// Bytes that are kept for what is on its way when nothing more is taken.
    fn margin(&self) -> u64 {
        let reserve = if self.reserve.bytes > 0 { self.reserve.bytes } else { u64::MAX };
        MARGIN.min(self.options.segment_bytes / 8).min(reserve / 8)
    }

    /// Sees to it that the margin is there, as zeros behind the last record; in a new segment where this
    /// one is at its end. False if the disk is full.
    fn keep_margin(&mut self) -> Result<bool, JournalError> {
        let margin = self.margin();
        if self.ahead() >= margin && self.format == Format::New {
            return Ok(true);
        }
        let available = self.storage.available();
        if available.map_err(error::io("ask for room in", self.storage.path("")))? < margin {
            return Ok(false); // without trying: what does not fit must be taken back each time
        }
        let is_at_end = self.at + BEHIND + margin > self.options.segment_bytes && self.at > HEAD;
        if (is_at_end || self.format == Format::Old) && !self.begin_segment()? {
            return Ok(false);
        }
        let room_in_segment = self.options.segment_bytes.saturating_sub(self.at);
        for ahead in [AHEAD.min(room_in_segment).max(margin), margin] {
            let end = self.allocated.max(self.at + BEHIND + ahead);
            match mend::zero(&self.file, self.allocated, end) {
                Ok(()) => {
                    self.allocated = end;
                    return Ok(true);
                }
                Err(error) if error::is_full(&error) => self.shrink_back()?,
                Err(error) => return Err(self.poisoned("write", error)),
            }
        }
        Ok(false)
    }

    /// Goes on in the spare segment, if there is one and the record fits.
    fn place_in_reserve(&mut self) -> Result<(), JournalError> {
        let needed = HEAD + self.record.len() as u64 + BEHIND;
        if !self.reserve.held || needed > self.reserve.bytes {
            return Err(self.full());
        }
        self.sync_file()?;
        self.check_segment()?; // also if nothing was to be synced: it is not looked at again
        let begin = SegmentHead::begin(self.position, self.chain);
        let name = record::segment_name(self.position);
        let bytes = self.reserve.bytes;
        match self.reserve.take(&self.storage, &name, &begin) {
            Ok(file) => self.go_on_in(file, name, bytes)?,
            Err(error) if error::is_full(&error) && self.reserve.held => return Err(self.full()),
            Err(error) => return Err(self.poisoned("begin the reserve after", error)),
        }
        self.put_place();
        self.write()
    }

    /// In a new segment all before the record in the making is durable: it must begin with the mark that is there.
    fn put_place(&mut self) {
        RecordHead::put_place(&self.place_behind(), &mut self.record);
    }

    /// Ends the segment in hand, which is durable, without the zeros behind it; it says that this one follows.
    fn go_on_in(&mut self, file: S::File, name: String, bytes: u64) -> Result<(), JournalError> {
        let replaced = name == self.name; // it held no record yet, and its file is gone
        let last = std::mem::replace(&mut self.file, file);
        if !replaced {
            let ended = match self.format {
                Format::New => mend::end_segment(&last, self.at, &self.place_behind()),
                Format::Old if self.allocated > self.at => last.set_length(self.at),
                Format::Old => Ok(()),
            };
            ended.map_err(|error| self.poisoned("end", error))?;
        }
        self.name = name;
        self.format = Format::New;
        self.at = HEAD;
        self.allocated = bytes;
        self.marked = true;
        Ok(())
    }

    /// The name of the segment must still lead to it, with all that was written, and the zeros behind:
    /// else what was synced is in no journal, and must not be acknowledged.
    fn check_segment(&mut self) -> Result<(), JournalError> {
        let length = self.storage.length_at(&self.name, &self.file);
        if length.map_err(|error| self.poisoned("look at", error))? >= Some(self.allocated) {
            return Ok(());
        }
        Err(self.displaced(Lost::Segment))
    }

    /// From here on nothing is taken, since this was taken away.
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

    /// Writes what the file has that lost its name: under that name, or aside where another file has it.
    /// This is the last place in which those facts are.
    fn keep_aside(&self) -> Option<String> {
        if self.file.length().ok()? < self.allocated {
            return None; // it was cut
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

    /// Nothing is called durable before the mark says so too, since all that is durable may be reported.
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

    /// Leaves word that all is durable, which it is: the mark behind the last record, and once `began`.
    ///
    /// The mark is with the system then, and outlives the program; it costs no sync of its own. Without room for it, as
    /// after a start on a full disk whose segment ends with its last record, there is none.
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
    fn append_batch(&mut self, batch: &[&Groups]) -> Result<(), JournalError> {
        self.healthy()?;
        let (end, last_ask) = follow(self.position, self.last_ask, batch)?;
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
        self.last_ask = last_ask;
        Ok(())
    }

    fn sync(&mut self) -> Result<u64, JournalError> {
        self.healthy()?;
        self.sync_file()?;
        Ok(self.durable)
    }

    /// Without a mark where the disk has no room for one: the facts are all there.
    fn close(&mut self) -> Result<(), JournalError> {
        self.healthy()?;
        self.sync_file()?;
        self.file.sync().map_err(|error| self.poisoned("sync", error))
    }

    fn end(&self) -> u64 {
        self.position
    }

    fn durable(&self) -> u64 {
        self.durable
    }

    fn room(&mut self) -> Result<Room, JournalError> {
        self.healthy()?;
        self.reserve.make(&self.storage)?;
        let has_margin = self.reserve.held || self.keep_margin()?;
        let spare = if self.reserve.held { self.reserve.bytes } else { 0 };
        Ok(Room {
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

/// The newest segment, if there is one, for this writer alone.
fn take_newest<S: Storage>(storage: &S) -> Result<Option<(String, S::File)>, JournalError> {
    let Some((_, name)) = scan::segments(storage)?.pop() else { return Ok(None) };
    let path = || storage.path(&name);
    let file = storage.open_writable(&name).map_err(error::io("open", path()))?;
    if !file.try_lock().map_err(error::io("lock", path()))? {
        return Err(JournalError::Locked { path: storage.path("") });
    }
    Ok(Some((name, file)))
}

/// The segment of a journal that has none.
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

/// Makes a segment aside and then gives it its name, so that a segment always has its head. The caller
/// syncs the name. It is locked before it has one.
fn create_segment<S: Storage>(storage: &S, name: &str, begin: &[u8]) -> std::io::Result<S::File> {
    let file = storage.create(ASIDE)?;
    storage::take(&file)?;
    file.write_at(0, begin)?;
    file.sync()?;
    storage.rename(ASIDE, name)?;
    Ok(file)
}
