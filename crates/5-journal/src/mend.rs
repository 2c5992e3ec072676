//! What an opening does about what a crash left behind: the end of the last segment, and files in the making.

use crate::error::{self, JournalError};
use crate::scan::Tail;
use crate::{Storage, StorageFile};

/// Bytes that are read or written at once.
const AT_ONCE: u64 = 1 << 20;

/// What was cut off a journal when it was opened: a record that a crash left half written.
///
/// Nothing of it was ever reported durable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cut {
    /// The segment file.
    pub segment: String,
    /// Where its last whole record ends.
    pub offset: u64,
    /// Bytes that were cut.
    pub bytes: u64,
}

/// Files that a crash left in the making.
pub(crate) fn remove_leftovers<S: Storage>(storage: &S) -> Result<(), JournalError> {
    let names = storage.list().map_err(error::io("list", storage.path("")))?;
    for name in names.iter().filter(|name| name.ends_with(".tmp")) {
        storage.remove(name).map_err(error::io("remove", storage.path(name)))?;
    }
    Ok(())
}

/// Puts zeros in place of a torn tail, or ends the file before it, and makes all before it durable.
///
/// What was read may be with the system only, since the program ended before it synced, or because a
/// sync failed: then the system may show what the disk does not have, and a further sync would write
/// nothing of it. So what no record says was durable is written again first, and the names are synced.
pub(crate) fn cut_tail<S: Storage>(
    storage: &S,
    file: S::File,
    tail: &Tail,
) -> Result<(S::File, Option<Cut>), JournalError> {
    let path = || storage.path(&tail.name);
    let cut =
        (tail.garbage > 0).then(|| Cut { segment: path(), offset: tail.at, bytes: tail.garbage });
    if tail.garbage > 0 {
        let end = tail.at + tail.garbage;
        let done = if end == tail.length {
            file.set_length(tail.at)
        } else {
            zero(&file, tail.at, end) // the blocks behind it were set aside, and stay
        };
        done.map_err(error::io("cut", path()))?;
    }
    write_again(&file, tail.unsure, tail.at).map_err(error::io("write", path()))?;
    file.sync().map_err(error::io("sync", path()))?;
    storage.sync().map_err(error::io("sync", storage.path("")))?;
    Ok((file, cut))
}

/// Reads bytes and writes the same ones.
fn write_again(file: &impl StorageFile, from: u64, to: u64) -> std::io::Result<()> {
    copy_range(file, file, from, to)
}

/// Copies the first bytes of a file.
pub(crate) fn copy<F: StorageFile>(from: &F, into: &F, bytes: u64) -> std::io::Result<()> {
    copy_range(from, into, 0, bytes)
}

fn copy_range<F: StorageFile>(file: &F, into: &F, from: u64, to: u64) -> std::io::Result<()> {
    let mut bytes = vec![0; usize::try_from(AT_ONCE.min(to - from)).expect("at most AT_ONCE")];
    let mut at = from;
    while at < to {
        let step = usize::try_from((to - at).min(AT_ONCE)).expect("at most AT_ONCE");
        let read = file.read_at(at, &mut bytes[..step])?;
        if read < step {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        into.write_at(at, &bytes[..step])?;
        at += step as u64;
    }
    Ok(())
}

/// Writes zeros over blocks that are there.
pub(crate) fn zero(file: &impl StorageFile, from: u64, to: u64) -> std::io::Result<()> {
    let zeros = vec![0; usize::try_from(AT_ONCE.min(to - from)).expect("at most AT_ONCE")];
    let mut at = from;
    while at < to {
        let step = (to - at).min(AT_ONCE);
        file.write_at(at, &zeros[..usize::try_from(step).expect("at most AT_ONCE")])?;
        at += step;
    }
    Ok(())
}
