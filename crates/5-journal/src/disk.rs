#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "the edge: real files")]
//! Real files in a real directory. The only file of the journal that touches the file system.
//!
//! Knows nothing of segments or facts: see [`Storage`].

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::error;
use crate::{JournalError, Storage, StorageFile};

/// Zeros are written this many at a time.
const CHUNK: usize = 1 << 20;

/// Held by the one writer.
pub(crate) const LOCK: &str = "lock";

/// A directory of the file system.
#[derive(Clone, Debug)]
pub struct Disk {
    dir: PathBuf,
}

/// A file of a [`Disk`].
#[derive(Debug)]
pub struct DiskFile(File);

impl Disk {
    /// The directory `dir`, made if it is not there; its own name is durable then.
    pub fn new(dir: &Path) -> Result<Disk, JournalError> {
        let disk = Disk { dir: dir.to_owned() };
        let failed = || error::io("make directory", disk.path(""));
        if !dir.is_dir() {
            fs::create_dir_all(dir).map_err(failed())?;
            let parent = dir.canonicalize().map_err(failed())?;
            if let Some(parent) = parent.parent() {
                sync_directory(parent).map_err(failed())?;
            }
        }
        Ok(disk)
    }

    /// The directory `dir`, which must be there.
    pub fn existing(dir: &Path) -> Result<Disk, JournalError> {
        let disk = Disk { dir: dir.to_owned() };
        let _entries = fs::read_dir(dir).map_err(error::io("open directory", disk.path("")))?;
        Ok(disk)
    }

    /// True if somebody has it for writing.
    pub(crate) fn is_in_use(&self) -> bool {
        let lock = File::open(self.dir.join(LOCK));
        lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

/// Opening a directory as a file and syncing it is what makes names durable.
#[cfg(unix)]
fn sync_directory(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Other systems make names durable with the file.
#[cfg(not(unix))]
fn sync_directory(_dir: &Path) -> io::Result<()> {
    Ok(())
}

impl Storage for Disk {
    type File = DiskFile;
    type Lock = File;

    fn lock(&self) -> io::Result<Option<File>> {
        let path = self.dir.join(LOCK);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name); // a name that is no text is none of ours
            }
        }
        Ok(names)
    }

    fn open(&self, name: &str) -> io::Result<DiskFile> {
        File::open(self.dir.join(name)).map(DiskFile)
    }

    fn open_writable(&self, name: &str) -> io::Result<DiskFile> {
        OpenOptions::new().read(true).write(true).open(self.dir.join(name)).map(DiskFile)
    }

    fn create(&self, name: &str) -> io::Result<DiskFile> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        options.open(self.dir.join(name)).map(DiskFile)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.dir.join(from), self.dir.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.dir.join(name))
    }

    fn sync(&self) -> io::Result<()> {
        sync_directory(&self.dir)
    }

    #[cfg(unix)]
    fn available(&self) -> io::Result<u64> {
        let system = rustix::fs::statvfs(&self.dir)?;
        Ok(system.f_bavail.saturating_mul(system.f_frsize))
    }

    /// Unknown here: setting blocks aside is tried, and fails when there are none.
    #[cfg(not(unix))]
    fn available(&self) -> io::Result<u64> {
        Ok(u64::MAX)
    }

    fn path(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }
}

impl StorageFile for DiskFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    #[cfg(unix)]
    fn read_some(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.0, into, at)
    }

    #[cfg(windows)]
    fn read_some(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.0, into, at)
    }

    #[cfg(unix)]
    fn write_some(&self, at: u64, bytes: &[u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::write_at(&self.0, bytes, at)
    }

    #[cfg(windows)]
    fn write_some(&self, at: u64, bytes: &[u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_write(&self.0, bytes, at)
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        if set_aside(&self.0, length)? {
            return Ok(());
        }
        let zeros = vec![0; CHUNK];
        let mut at = self.length()?;
        while at < length {
            let step = (length - at).min(CHUNK as u64);
            self.write_at(at, &zeros[..usize::try_from(step).expect("at most CHUNK")])?;
            at += step;
        }
        Ok(())
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data() // the length goes with it, times do not
    }
}

/// True if the file system can set blocks aside and did; false if zeros must be written instead.
#[cfg(target_os = "linux")]
fn set_aside(file: &File, length: u64) -> io::Result<bool> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;

    match fallocate(file, FallocateFlags::empty(), 0, length) {
        Ok(()) => Ok(true),
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn set_aside(_file: &File, _length: u64) -> io::Result<bool> {
    Ok(false)
}
