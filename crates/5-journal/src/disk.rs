#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "the edge: real files")]
//! Real files in a real directory. The only file of the journal that touches the file system.
//!
//! Knows nothing of segments or facts: see [`Storage`].

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::error;
use crate::{JournalError, Lost, Storage, StorageFile};

/// Zeros are written this many at a time.
const CHUNK: usize = 1 << 20;

/// Locked by the one writer.
pub(crate) const LOCK: &str = "lock";

/// A directory of the file system.
#[derive(Clone, Debug)]
pub struct Disk {
    dir: PathBuf,
}

/// A file of a [`Disk`].
#[derive(Debug)]
pub struct DiskFile(File);

/// The locks of the one writer of a [`Disk`], until it is dropped. All locks are advisory: readers and copies
/// of the directory do not notice them.
///
/// - the directory itself, so that a second writer cannot start after the file `lock` was removed;
///   `None` where the file system cannot lock a directory
/// - the file `lock`, which is all that earlier versions of this program know
#[derive(Debug)]
pub struct DiskLock {
    dir: Option<File>,
    file: File,
}

impl Disk {
    /// The directory `dir`, created if need be, with its parents; all their names are durable then.
    pub fn new(dir: &Path) -> Result<Disk, JournalError> {
        let disk = Disk { dir: dir.to_owned() };
        let failed = || error::io("create directory", disk.path(""));
        if !dir.is_dir() {
            let missing = missing(dir).map_err(failed())?;
            fs::create_dir_all(dir).map_err(failed())?;
            for made in missing {
                if let Some(parent) = made.parent() {
                    sync_directory(parent).map_err(failed())?;
                }
            }
        }
        Ok(disk)
    }

    /// The directory `dir`, which must exist.
    pub fn existing(dir: &Path) -> Result<Disk, JournalError> {
        let disk = Disk { dir: dir.to_owned() };
        let _entries = fs::read_dir(dir).map_err(error::io("open directory", disk.path("")))?;
        Ok(disk)
    }

    /// True if a program has it open for writing.
    pub(crate) fn is_in_use(&self) -> bool {
        [self.dir.clone(), self.dir.join(LOCK)].into_iter().any(|path| {
            let lock = File::open(path);
            lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
        })
    }
}

/// The missing directories on this path, the lowest first, as absolute paths: the name of each is in its parent.
fn missing(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let dir = std::path::absolute(dir)?;
    Ok(dir.ancestors().take_while(|dir| !dir.is_dir()).map(Path::to_owned).collect())
}

/// Locks a file for one writer: false if another has it.
fn take(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The metadata at this path, if it is this open file. An open file keeps its inode number, so no other file can
/// have the same.
fn found_at(path: &Path, file: &File) -> io::Result<Option<Metadata>> {
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(is_same(&found, &file.metadata()?).then_some(found))
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(unix)]
fn is_same(found: &Metadata, open: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (found.dev(), found.ino()) == (open.dev(), open.ino())
}

/// On other systems, an open file cannot be removed or replaced.
#[cfg(not(unix))]
fn is_same(_found: &Metadata, _open: &Metadata) -> bool {
    true
}

/// The directory, locked; `None` where the system cannot lock it, `Err(())` if another program has it.
#[cfg(unix)]
fn lock_directory(dir: &Path) -> io::Result<Result<Option<File>, ()>> {
    let dir = File::open(dir)?;
    Ok(match take(&dir) {
        Ok(true) => Ok(Some(dir)),
        Ok(false) => Err(()),
        Err(_) => Ok(None), // NFS has no locks for directories; the file and the segment are locked there
    })
}

#[cfg(not(unix))]
fn lock_directory(_dir: &Path) -> io::Result<Result<Option<File>, ()>> {
    Ok(Ok(None))
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
    type Lock = DiskLock;

    fn lock(&self) -> io::Result<Option<DiskLock>> {
        let Ok(dir) = lock_directory(&self.dir)? else { return Ok(None) };
        let path = self.dir.join(LOCK);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        Ok(take(&file)?.then_some(DiskLock { dir, file }))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name); // a name that is not UTF-8 is not one of ours
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

    /// Unknown here: the reservation is tried, and fails if there is no space.
    #[cfg(not(unix))]
    fn available(&self) -> io::Result<u64> {
        Ok(u64::MAX)
    }

    fn length_at(&self, name: &str, file: &DiskFile) -> io::Result<Option<u64>> {
        let found = found_at(&self.dir.join(name), &file.0)?;
        Ok(found.map(|found| found.len()))
    }

    fn lost(&self, lock: &DiskLock) -> io::Result<Option<Lost>> {
        if let Some(dir) = &lock.dir
            && found_at(&self.dir, dir)?.is_none()
        {
            return Ok(Some(Lost::Folder));
        }
        let is_there = found_at(&self.dir.join(LOCK), &lock.file)?.is_some();
        Ok((!is_there).then_some(Lost::Lock))
    }

    fn path(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }
}

impl DiskFile {
    /// Grows the file to this length with zeros, where the file system cannot allocate blocks.
    pub(crate) fn fill(&self, length: u64) -> io::Result<()> {
        let zeros = vec![0; CHUNK];
        let mut at = self.length()?;
        while at < length {
            let step = (length - at).min(CHUNK as u64);
            self.write_at(at, &zeros[..usize::try_from(step).expect("at most CHUNK")])?;
            at += step;
        }
        Ok(())
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
        if set_aside(&self.0, length)? { Ok(()) } else { self.fill(length) }
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data() // the length goes with it, times do not
    }

    #[cfg(unix)]
    fn try_lock(&self) -> io::Result<bool> {
        take(&self.0)
    }

    /// A lock would block readers here; a second writer finds the file `lock`.
    #[cfg(not(unix))]
    fn try_lock(&self) -> io::Result<bool> {
        Ok(true)
    }
}

/// True if the file system could allocate blocks; false if zeros must be written instead.
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

#[cfg(test)]
#[test]
fn the_name_of_each_directory_that_is_made_is_synced_in_the_one_above_it() {
    let dir = tempfile::tempdir().unwrap();
    let at = |path: &str| dir.path().join(path);
    assert_eq!(missing(&at("a/b/c")).unwrap(), [at("a/b/c"), at("a/b"), at("a")]);
    let disk = Disk::new(&at("a/b/c")).unwrap();
    assert_eq!((disk.dir.is_dir(), missing(&at("a/b/c")).unwrap()), (true, Vec::<PathBuf>::new()));
    assert_eq!(missing(&at("a/b/d")).unwrap(), [at("a/b/d")]);
    assert_eq!(
        missing(Path::new("not-there")).unwrap(),
        [std::env::current_dir().unwrap().join("not-there")]
    );
}
