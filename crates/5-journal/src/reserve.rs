//! A spare segment with allocated blocks, so that cancels have space when the disk is full.
//!
//! It is a file named `reserve`. When a segment cannot grow, the spare one gets a segment's head and
//! name and takes the records from then on. The writer makes another as soon as there is space.

use std::io;

use crate::error;
use crate::storage::{self, discard};
use crate::{JournalError, Storage, StorageFile};

pub(crate) const NAME: &str = "reserve";
pub(crate) const ASIDE: &str = "reserve.tmp";

/// State of the spare segment.
#[derive(Debug)]
pub(crate) struct Reserve {
    /// Its size in bytes; 0 for none.
    pub(crate) bytes: u64,
    /// True if it is there.
    pub(crate) held: bool,
}

impl Reserve {
    /// Takes over an existing spare segment of the right size, else makes one.
    pub(crate) fn open<S: Storage>(storage: &S, bytes: u64) -> Result<Reserve, JournalError> {
        let failed = |doing| error::io(doing, storage.path(NAME));
        let mut reserve = Reserve { bytes, held: false };
        match storage.open(NAME) {
            Ok(file) if file.length().map_err(failed("read"))? == bytes && bytes > 0 => {
                reserve.held = true;
            }
            Ok(_) => storage.remove(NAME).map_err(failed("remove"))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed("open")(error)),
        }
        reserve.make(storage)?;
        Ok(reserve)
    }

    /// Makes one, if it is wanted and missing, and the disk has twice its size left: otherwise it would be
    /// used up again at once. A full disk is no error.
    pub(crate) fn make<S: Storage>(&mut self, storage: &S) -> Result<(), JournalError> {
        if self.held || self.bytes == 0 {
            return Ok(());
        }
        let available =
            storage.available().map_err(error::io("check the free space of", storage.path("")))?;
        if available < self.bytes.saturating_mul(2) {
            return Ok(());
        }
        match self.make_now(storage) {
            Ok(()) => self.held = true,
            Err(error) if error::is_full(&error) => {
                discard(storage, ASIDE).map_err(error::io("remove", storage.path(ASIDE)))?;
            }
            Err(error) => return Err(error::io("reserve", storage.path(NAME))(error)),
        }
        Ok(())
    }

    fn make_now<S: Storage>(&self, storage: &S) -> io::Result<()> {
        let file = storage.create(ASIDE)?;
        file.allocate(self.bytes)?;
        file.sync()?;
        storage.rename(ASIDE, NAME)?;
        storage.sync()
    }

    /// Notices that another program has removed or truncated it: then another must be made.
    pub(crate) fn look<S: Storage>(&mut self, storage: &S) -> Result<(), JournalError> {
        if !self.held {
            return Ok(());
        }
        match storage.open(NAME).and_then(|file| file.length()) {
            Ok(length) => self.held = length == self.bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.held = false,
            Err(error) if error::is_full(&error) => {} // no file can be opened now; the next call tries again
            Err(error) => return Err(error::io("look at", storage.path(NAME))(error)),
        }
        Ok(())
    }

    /// Turns the spare segment into the segment `name`, which begins with `head`. `None` if another
    /// program has removed it. After an error it is still the spare one, if it exists.
    pub(crate) fn take<S: Storage>(
        &mut self,
        storage: &S,
        name: &str,
        head: &[u8],
    ) -> io::Result<Option<S::File>> {
        let file = match storage.open_writable(NAME) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.held = false;
                return Ok(None);
            }
            opened => opened?,
        };
        storage::take(&file)?;
        file.write_at(0, head)?;
        file.sync()?;
        storage.rename(NAME, name)?;
        self.held = false;
        storage.sync()?;
        Ok(Some(file))
    }
}
