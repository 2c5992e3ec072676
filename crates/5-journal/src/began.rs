//! The file `began`: it records, outside the segments, that the journal has durable facts, and which journal it is.
//!
//! Without it, a folder whose segments are all gone looks like a new one. The writer writes it once, when the first
//! record is durable. On a full disk it tries again later: an older journal, which has no such file, must open on a
//! full disk too.

use std::io;

use crate::error::{self, JournalError};
use crate::record::Chain;
use crate::storage::discard;
use crate::{Storage, StorageFile};

pub(crate) const NAME: &str = "began";
const ASIDE: &str = "began.tmp";
/// Longer than any valid content, in bytes.
const LONGEST: usize = 256;

/// Its content, as text.
fn text(id: &Chain) -> String {
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let said = format!("buttonwood journal\nformat 1\nfirst fact 1\nid {id}\n");
    let check = crc32c::crc32c(said.as_bytes());
    format!("{said}check {check:08x}\n")
}

/// Its content, if it exists. Read it before the facts: a writer may write both meanwhile.
pub(crate) fn read<S: Storage>(storage: &S) -> Result<Option<Vec<u8>>, JournalError> {
    let failed = |doing| error::io(doing, storage.path(NAME));
    let file = match storage.open(NAME) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("open")(error)),
    };
    let mut bytes = vec![0; LONGEST];
    let read = file.read_at(0, &mut bytes).map_err(failed("read"))?;
    bytes.truncate(read);
    Ok(Some(bytes))
}

/// What is wrong with it for a journal with this id, the chain's value after its first record.
pub(crate) fn against<S: Storage>(storage: &S, found: &[u8], id: &Chain) -> Option<JournalError> {
    let wrong = match is_whole(found) {
        _ if found == text(id).as_bytes() => return None,
        true => "of another journal than the segments",
        false => "damaged",
    };
    Some(JournalError::BadBegan { file: storage.path(NAME), wrong })
}

/// True if its own checksum holds.
fn is_whole(bytes: &[u8]) -> bool {
    let at = bytes.len().saturating_sub("check 00000000\n".len());
    let (said, check) = bytes.split_at(at);
    check == format!("check {:08x}\n", crc32c::crc32c(said)).as_bytes()
}

/// Writes it durably. False if the disk has no space for it.
pub(crate) fn write<S: Storage>(storage: &S, id: &Chain) -> Result<bool, JournalError> {
    let written = storage.create(ASIDE).and_then(|file| {
        file.write_at(0, text(id).as_bytes())?;
        file.sync()?;
        storage.rename(ASIDE, NAME)?;
        storage.sync()
    });
    match written {
        Ok(()) => Ok(true),
        Err(error) if error::is_full(&error) => {
            discard(storage, ASIDE).map_err(error::io("remove", storage.path(ASIDE)))?;
            Ok(false)
        }
        Err(error) => Err(error::io("write", storage.path(NAME))(error)),
    }
}
