//! Repairs what a crash left behind: the end of the last segment, and temporary files.

use std::io;

use crate::error::{self, JournalError};
use crate::record::{Place, RecordHead};
use crate::scan::{Tail, Unsaid};
use crate::storage::discard;
use crate::{Storage, StorageFile};

/// Bytes per read or write.
const AT_ONCE: u64 = 1 << 20;
/// Most bytes of a cut that are saved: more than a batch of the exchange has.
const KEPT: u64 = 64 << 20;
/// Temporary file of a cut.
const ASIDE: &str = "cut.tmp";

/// Bytes that were truncated from a journal's end at its opening: a partial record without a proof that it was ever
/// durable.
///
/// If the program ended and the machine did not, they were never reported durable. If the machine lost power, they
/// may be part of the last acknowledged batch, but only on a disk that has damaged synced data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cut {
    /// The segment file.
    pub segment: String,
    /// End of its last whole record.
    pub offset: u64,
    /// Number of truncated bytes.
    pub bytes: u64,
    /// The last fact before them; 0 if there is none.
    pub after: u64,
    /// The file in which they are saved, up to [`Cut::MOST_KEPT`]; `None` where the disk has no space for it. No
    /// program removes it.
    pub kept: Option<String>,
}

impl Cut {
    /// Most bytes of a cut that are saved.
    pub const MOST_KEPT: u64 = KEPT;
}

/// Temporary files that a crash leaves.
pub(crate) fn remove_leftovers<S: Storage>(storage: &S) -> Result<(), JournalError> {
    let names = storage.list().map_err(error::io("list", storage.path("")))?;
    for name in names.iter().filter(|name| name.ends_with(".tmp")) {
        storage.remove(name).map_err(error::io("remove", storage.path(name)))?;
    }
    Ok(())
}

/// Overwrites a torn tail with zeros, or ends the file before it, and makes all before it durable.
///
/// After a program ended without a sync, or after a failed sync, the read bytes may be in the page cache only: the
/// cache may show what the disk does not have, and a further sync would not write it. So every byte that no
/// record proves durable is written again first, and the names are synced.
pub(crate) fn cut_tail<S: Storage>(
    storage: &S,
    file: S::File,
    tail: &Tail,
    position: u64,
) -> Result<(S::File, Option<Cut>), JournalError> {
    let path = || storage.path(&tail.name);
    let mut cut = None;
    if tail.garbage > 0 {
        let kept = keep(storage, &file, tail, position)?;
        let (segment, offset, bytes) = (path(), tail.at, tail.garbage);
        cut = Some(Cut { segment, offset, bytes, after: position - 1, kept });
        let end = tail.at + tail.garbage;
        // Keep blocks after the last record for the record that ends a segment.
        let least = (tail.at + RecordHead::LENGTH as u64).min(end);
        let done = if end == tail.length {
            file.set_length(least).and_then(|()| zero(&file, tail.at, least))
        } else {
            zero(&file, tail.at, end) // the blocks after it stay allocated
        };
        done.map_err(error::io("cut", path()))?;
    }
    write_again(&file, tail.unsure, tail.at).map_err(error::io("write", path()))?;
    file.sync().map_err(error::io("sync", path()))?;
    storage.sync().map_err(error::io("sync", storage.path("")))?;
    Ok((file, cut))
}

/// Saves truncated bytes to a file, durably, if the disk has twice the space. The name of that file.
fn keep<S: Storage>(
    storage: &S,
    file: &S::File,
    tail: &Tail,
    position: u64,
) -> Result<Option<String>, JournalError> {
    let bytes = tail.garbage.min(KEPT);
    let available =
        storage.available().map_err(error::io("check the free space of", storage.path("")))?;
    if available < 2 * bytes {
        return Ok(None);
    }
    let names = storage.list().map_err(error::io("list", storage.path("")))?;
    let name = |n: u64| format!("cut-{position:020}-{n}.bytes");
    let free = (1..).map(name).find(|name| !names.contains(name));
    let name = free.expect("more numbers than files");
    let written = storage.create(ASIDE).and_then(|kept| {
        copy_range(file, tail.at, &kept, 0, bytes)?;
        kept.sync()?;
        storage.rename(ASIDE, &name)?;
        storage.sync()
    });
    match written {
        Ok(()) => Ok(Some(storage.path(&name))),
        Err(error) if error::is_full(&error) => {
            discard(storage, ASIDE).map_err(error::io("remove", storage.path(ASIDE)))?;
            Ok(None)
        }
        Err(error) => Err(error::io("save truncated bytes in", storage.path(&name))(error)),
    }
}

/// Names of the files with bytes truncated at earlier openings, in order.
pub(crate) fn kept<S: Storage>(storage: &S) -> Result<Vec<String>, JournalError> {
    let mut names = storage.list().map_err(error::io("list", storage.path("")))?;
    names.retain(|name| name.starts_with("cut-") && name.ends_with(".bytes"));
    names.sort();
    Ok(names)
}

/// Announces the next segment in one that a crash left without the announcement.
pub(crate) fn say_followed<S: Storage>(storage: &S, unsaid: &Unsaid) -> Result<(), JournalError> {
    let path = || storage.path(&unsaid.name);
    let file = storage.open_writable(&unsaid.name).map_err(error::io("open", path()))?;
    end_segment(
        &file,
        unsaid.at,
        &Place { first: unsaid.position, unsynced: 0, chain: unsaid.chain },
    )
    .map_err(error::io("end", path()))
}

/// Writes the record that announces the next segment at `at`, durably. Without space for it, the segment ends
/// there.
pub(crate) fn end_segment(file: &impl StorageFile, at: u64, place: &Place) -> io::Result<()> {
    let mut record = Vec::new();
    RecordHead::write_followed(place, &mut record);
    match file.write_at(at, &record) {
        Ok(()) => file.set_length(at + record.len() as u64)?,
        Err(error) if error::is_full(&error) => file.set_length(at)?,
        Err(error) => return Err(error),
    }
    file.sync()
}

/// Reads bytes and writes the same ones.
fn write_again(file: &impl StorageFile, from: u64, to: u64) -> io::Result<()> {
    copy_range(file, from, file, from, to - from)
}

/// Copies the first bytes of a file.
pub(crate) fn copy<F: StorageFile>(from: &F, into: &F, bytes: u64) -> io::Result<()> {
    copy_range(from, 0, into, 0, bytes)
}

/// Copies bytes from one place to another, piece by piece.
fn copy_range(
    from: &impl StorageFile,
    from_at: u64,
    into: &impl StorageFile,
    into_at: u64,
    length: u64,
) -> io::Result<()> {
    let mut bytes = vec![0; usize::try_from(AT_ONCE.min(length)).expect("at most AT_ONCE")];
    let mut done = 0;
    while done < length {
        let step = usize::try_from((length - done).min(AT_ONCE)).expect("at most AT_ONCE");
        let read = from.read_at(from_at + done, &mut bytes[..step])?;
        if read < step {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        into.write_at(into_at + done, &bytes[..step])?;
        done += step as u64;
    }
    Ok(())
}

/// Overwrites allocated blocks with zeros.
pub(crate) fn zero(file: &impl StorageFile, from: u64, to: u64) -> io::Result<()> {
    let zeros = vec![0; usize::try_from(AT_ONCE.min(to - from)).expect("at most AT_ONCE")];
    let mut at = from;
    while at < to {
        let step = (to - at).min(AT_ONCE);
        file.write_at(at, &zeros[..usize::try_from(step).expect("at most AT_ONCE")])?;
        at += step;
    }
    Ok(())
}
