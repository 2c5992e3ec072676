//! The operations that a journal needs of a file system, so that tests can simulate one.
//!
//! It knows no meaning of a file. Names are plain file names in one directory.

use std::io;

/// A directory for one journal.
pub trait Storage: Clone + Send + 'static {
    /// An open file of it.
    type File: StorageFile;
    /// The lock of the one writer; released when dropped.
    type Lock: Send;

    /// Locks the directory for writing, or `None` if another has it.
    fn lock(&self) -> io::Result<Option<Self::Lock>>;

    /// Names of all files, in any order.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Opens an existing file for reading only.
    fn open(&self, name: &str) -> io::Result<Self::File>;

    /// Opens an existing file for reading and writing.
    fn open_writable(&self, name: &str) -> io::Result<Self::File>;

    /// Creates an empty file, or truncates an existing one.
    fn create(&self, name: &str) -> io::Result<Self::File>;

    /// Renames a file atomically, replacing the target. Durable after
    /// [`Storage::sync`].
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes names durable.
    fn sync(&self) -> io::Result<()>;

    /// Free bytes.
    fn available(&self) -> io::Result<u64>;

    /// The file's length, if this name still leads to it; `None` once another program has removed,
    /// moved or replaced the file or the directory. Cheap compared with a sync: it is called after each.
    fn length_at(&self, name: &str, file: &Self::File) -> io::Result<Option<u64>>;

    /// The parts of a lock that are no longer in place.
    fn lost(&self, lock: &Self::Lock) -> io::Result<Option<Lost>>;

    /// The file's whole path, for messages.
    fn path(&self, name: &str) -> String;
}

/// A file of a [`Storage`].
pub trait StorageFile: Send {
    /// Its length in bytes.
    fn length(&self) -> io::Result<u64>;

    /// Reads some bytes from `at`, at most `into.len()`; 0 only at the file's end and beyond it.
    fn read_some(&self, at: u64, into: &mut [u8]) -> io::Result<usize>;

    /// Writes some of the bytes at `at`, growing the file if need be, and says how many.
    fn write_some(&self, at: u64, bytes: &[u8]) -> io::Result<usize>;

    /// Reads up to `into.len()` bytes from `at`; fewer only at the file's end, 0 beyond it.
    fn read_at(&self, mut at: u64, mut into: &mut [u8]) -> io::Result<usize> {
        let wanted = into.len();
        while !into.is_empty() {
            match self.read_some(at, into) {
                Ok(0) => break,
                Ok(read) => {
                    into = &mut into[read..];
                    at += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(wanted - into.len())
    }

    /// Writes all bytes at `at`, growing the file if need be.
    fn write_at(&self, mut at: u64, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write_some(at, bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    bytes = &bytes[written..];
                    at += written as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Makes the file `length` bytes long, filled with zeros, so that later writes to these bytes cannot fail for lack
    /// of space.
    fn allocate(&self, length: u64) -> io::Result<()>;

    /// Truncates the file.
    fn set_length(&self, length: u64) -> io::Result<()>;

    /// Makes the file's bytes and length durable.
    fn sync(&self) -> io::Result<()>;

    /// Locks the file for its one writer, until it is dropped; false if another has it. Readers are
    /// not blocked.
    fn try_lock(&self) -> io::Result<bool>;
}

/// What a writer holds of its journal, and can lose to another program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lost {
    /// The directory was removed, moved or replaced.
    Folder,
    /// The lock file was removed, moved or replaced.
    Lock,
    /// The current segment was removed, moved, replaced or truncated.
    Segment,
}

/// Locks a file that is about to become a segment; an error if another writer has it.
pub(crate) fn take(file: &impl StorageFile) -> io::Result<()> {
    match file.try_lock()? {
        true => Ok(()),
        false => Err(io::Error::new(
            io::ErrorKind::ResourceBusy,
            "another program has it open for writing; stop that program, then start again",
        )),
    }
}

/// Removes a file, if it exists.
pub(crate) fn discard(storage: &impl Storage, name: &str) -> io::Result<()> {
    match storage.remove(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
