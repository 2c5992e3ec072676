//! A real directory with operations that fail on demand.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use journal::{Disk, Lost, Storage, StorageFile};

/// What the disk does from now on.
#[derive(Default)]
pub(crate) struct Faults {
    /// Every sync fails.
    pub(crate) sync: AtomicBool,
    /// Every write fails.
    pub(crate) write: AtomicBool,
    /// No file can grow.
    pub(crate) full: AtomicBool,
    /// No file can be made: the disk has no more names.
    pub(crate) no_names: AtomicBool,
    /// No file can be made or renamed, and the disk says that it has failed.
    pub(crate) names: AtomicBool,
}

fn is(fault: &AtomicBool) -> bool {
    fault.load(Ordering::SeqCst)
}

/// EIO: the system's error for a failed disk.
fn broken() -> io::Error {
    io::Error::from_raw_os_error(5)
}

#[derive(Clone)]
pub(crate) struct Faulty {
    pub(crate) disk: Disk,
    pub(crate) faults: Arc<Faults>,
}

pub(crate) struct FaultyFile {
    file: <Disk as Storage>::File,
    faults: Arc<Faults>,
}

impl Faulty {
    fn file(&self, file: <Disk as Storage>::File) -> FaultyFile {
        FaultyFile { file, faults: self.faults.clone() }
    }
}

impl Storage for Faulty {
    type File = FaultyFile;
    type Lock = <Disk as Storage>::Lock;

    fn lock(&self) -> io::Result<Option<Self::Lock>> {
        self.disk.lock()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }

    fn open(&self, name: &str) -> io::Result<FaultyFile> {
        self.disk.open(name).map(|file| self.file(file))
    }

    fn open_writable(&self, name: &str) -> io::Result<FaultyFile> {
        self.disk.open_writable(name).map(|file| self.file(file))
    }

    fn create(&self, name: &str) -> io::Result<FaultyFile> {
        if is(&self.faults.no_names) && !self.disk.list()?.iter().any(|there| there == name) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        if is(&self.faults.names) {
            return Err(broken());
        }
        self.disk.create(name).map(|file| self.file(file))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        if is(&self.faults.names) { Err(broken()) } else { self.disk.rename(from, to) }
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.sync()
    }

    fn available(&self) -> io::Result<u64> {
        if is(&self.faults.full) { Ok(0) } else { self.disk.available() }
    }

    fn length_at(&self, name: &str, file: &FaultyFile) -> io::Result<Option<u64>> {
        self.disk.length_at(name, &file.file)
    }

    fn lost(&self, lock: &Self::Lock) -> io::Result<Option<Lost>> {
        self.disk.lost(lock)
    }

    fn path(&self, name: &str) -> String {
        self.disk.path(name)
    }
}

impl FaultyFile {
    fn fits(&self, end: u64) -> io::Result<()> {
        if is(&self.faults.full) && end > self.file.length()? {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

impl StorageFile for FaultyFile {
    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }

    fn read_some(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        self.file.read_some(at, into)
    }

    fn write_some(&self, at: u64, bytes: &[u8]) -> io::Result<usize> {
        if is(&self.faults.write) {
            return Err(broken());
        }
        self.fits(at + bytes.len() as u64)?;
        self.file.write_some(at, bytes)
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        self.fits(length)?;
        self.file.allocate(length)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.file.set_length(length)
    }

    fn sync(&self) -> io::Result<()> {
        if is(&self.faults.sync) { Err(broken()) } else { self.file.sync() }
    }

    fn try_lock(&self) -> io::Result<bool> {
        self.file.try_lock()
    }
}
