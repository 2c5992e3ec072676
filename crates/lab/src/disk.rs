//! A disk in memory that fails as disks do, for journals. Written bytes are in its page cache first, and on the
//! disk after a sync; a power loss keeps any part of the others. Its time is virtual.
//! It knows nothing of segments or facts, and fails only by its faults.

mod file;
mod inode;
mod tamper;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use journal::{Lost, Storage};

use crate::faults::{Fault, Faults};
use inode::{Change, Inode};
pub use tamper::Span;
use tamper::Taken;

/// A change of a name that is not on the disk yet: the name leads to this file, or to none.
type Renaming = Vec<(String, Option<usize>)>;

#[derive(Clone, Default, Debug)]
struct Image {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    safe_names: BTreeMap<String, usize>,
    pending: Vec<Renaming>,
}

#[derive(Debug)]
struct State {
    image: Image,
    faults: Faults,
    capacity: Option<u64>,
    locked: bool,
    /// Operations until the disk fails; the last one may be partial.
    fuse: Option<u64>,
    dead: bool,
    nanoseconds: u64,
    /// Files with a writer.
    writers: BTreeSet<usize>,
    /// No new file can be created.
    no_inodes: bool,
    /// Files that another program removed.
    taken: Option<Taken>,
    lies: Lies,
}

/// Planted bugs of a disk, for tests of the checks.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Lies {
    /// A failed sync reports success: the view of a journal that ignores errors.
    pub syncs: bool,
    /// A removed file seems to be in place.
    pub taken: bool,
    /// A file may have several writers.
    pub locks: bool,
    /// Full inodes look like a failure of the disk.
    pub inodes: bool,
}

/// A disk with one directory. Clones share the disk.
#[derive(Clone, Debug)]
pub struct SimDisk(Arc<Mutex<State>>);

/// All bytes of a disk at one moment.
#[derive(Clone, Debug)]
pub struct Copy(Image);

/// A file of a [`SimDisk`].
#[derive(Debug)]
pub struct SimFile {
    disk: SimDisk,
    inode: usize,
    has_lock: AtomicBool,
}

impl Drop for SimFile {
    fn drop(&mut self) {
        if *self.has_lock.get_mut() {
            self.disk.state().writers.remove(&self.inode);
        }
    }
}

/// The lock of the one writer.
#[derive(Debug)]
pub struct SimLock(Option<SimDisk>);

impl Drop for SimLock {
    fn drop(&mut self) {
        if let Some(disk) = &self.0 {
            disk.state().locked = false;
        }
    }
}

fn no_power() -> io::Error {
    io::Error::other("no power")
}

/// The error of a failed disk.
fn broken() -> io::Error {
    io::Error::from_raw_os_error(5)
}

impl State {
    /// Counts an operation of about this many nanoseconds. True if it is the last one before the failure.
    fn begin(&mut self, nanoseconds: u64) -> io::Result<bool> {
        if self.dead {
            return Err(no_power());
        }
        self.nanoseconds += nanoseconds;
        if self.faults.strikes(Fault::Slow) {
            self.nanoseconds += 1_000_000 * self.faults.below(Fault::Slow, 2_000) as u64;
        }
        match &mut self.fuse {
            Some(0) => {
                self.dead = true;
                Ok(true)
            }
            Some(left) => {
                *left -= 1;
                Ok(false)
            }
            None => Ok(false),
        }
    }

    fn used(&self) -> u64 {
        let files = self.image.names.values();
        files.map(|inode| self.image.inodes[*inode].now.len() as u64).sum()
    }

    fn available(&self) -> u64 {
        self.capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(self.used()))
    }

    fn rename(&mut self, renaming: Renaming) -> io::Result<()> {
        let last = self.begin(3_000)?;
        for (name, inode) in &renaming {
            match inode {
                Some(inode) => self.image.names.insert(name.clone(), *inode),
                None => self.image.names.remove(name),
            };
        }
        self.image.pending.push(renaming);
        if last { Err(no_power()) } else { Ok(()) }
    }

    fn find(&self, name: &str) -> io::Result<usize> {
        self.image.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// True if the directory is in place.
    fn has_folder(&self) -> io::Result<()> {
        match self.taken.as_ref().is_some_and(|taken| taken.lost == Lost::Folder) {
            true => Err(io::ErrorKind::NotFound.into()),
            false => Ok(()),
        }
    }

    fn lock_is_away(&self) -> bool {
        self.taken.as_ref().is_some_and(|taken| taken.lost == Lost::Lock)
    }

    /// The removed parts, as far as the disk reports them.
    fn lost(&self) -> Option<Lost> {
        self.taken.as_ref().map(|taken| taken.lost).filter(|_| !self.lies.taken)
    }

    /// True if a sync fails; the caller may have to report success.
    fn sync_fails(&self) -> bool {
        self.faults.strikes(Fault::Sync)
    }

    fn failed_sync(&self) -> io::Result<()> {
        if self.lies.syncs { Ok(()) } else { Err(broken()) }
    }
}

impl SimDisk {
    /// An empty disk.
    pub fn new(faults: Faults) -> SimDisk {
        SimDisk(Arc::new(Mutex::new(State {
            image: Image::default(),
            faults,
            capacity: None,
            locked: false,
            fuse: None,
            dead: false,
            nanoseconds: 0,
            writers: BTreeSet::new(),
            no_inodes: false,
            taken: None,
            lies: Lies::default(),
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hides these failures from now on.
    pub fn lie(&self, lies: Lies) {
        self.state().lies = lies;
    }

    /// Allows or forbids new files.
    pub fn leave_inodes(&self, some: bool) {
        self.state().no_inodes = !some;
    }

    /// Nanoseconds of the operations since the last call.
    pub fn took(&self) -> u64 {
        std::mem::take(&mut self.state().nanoseconds)
    }

    /// Every operation fails after this many more; the last one may be partial.
    pub fn dies_after(&self, operations: u64) {
        self.state().fuse = Some(operations);
    }

    /// True once every operation fails.
    pub fn is_dead(&self) -> bool {
        self.state().dead
    }

    /// Repairs it. Without `cache`, all that was not synced is lost, torn or reordered.
    pub fn wake(&self, cache: bool) {
        let mut guard = self.state();
        let state = &mut *guard;
        (state.fuse, state.dead, state.locked) = (None, false, false);
        state.writers.clear();
        if cache {
            return;
        }
        let faults = &state.faults;
        let mut below = |bound| faults.below(Fault::Power, bound);
        let image = &mut state.image;
        for inode in &mut image.inodes {
            inode.settle_by_chance(&mut below);
            inode.now.clone_from(&inode.safe);
        }
        for renaming in image.pending.drain(..) {
            if below(2) == 0 {
                rename(&mut image.safe_names, renaming);
            }
        }
        image.names.clone_from(&image.safe_names);
    }

    /// Sets the free space in bytes; `None` for no limit.
    pub fn leave_room(&self, bytes: Option<u64>) {
        let mut state = self.state();
        let used = state.used();
        state.capacity = bytes.map(|bytes| used + bytes);
    }

    /// A copy of its contents.
    pub fn copy(&self) -> Copy {
        Copy(self.state().image.clone())
    }

    /// Restores a copy.
    pub fn restore(&self, copy: Copy) {
        let mut state = self.state();
        state.image = copy.0;
        state.locked = false;
        state.writers.clear();
    }

    /// True if the visible contents equal those of the copy.
    pub fn shows(&self, copy: &Copy) -> bool {
        let state = self.state();
        let show = |image: &Image| -> Vec<(String, Vec<u8>)> {
            let files = image.names.iter();
            files.map(|(name, inode)| (name.clone(), image.inodes[*inode].now.clone())).collect()
        };
        show(&state.image) == show(&copy.0)
    }
}

fn rename(names: &mut BTreeMap<String, usize>, renaming: Renaming) {
    for (name, inode) in renaming {
        match inode {
            Some(inode) => names.insert(name, inode),
            None => names.remove(&name),
        };
    }
}

impl Storage for SimDisk {
    type File = SimFile;
    type Lock = SimLock;

    fn lock(&self) -> io::Result<Option<SimLock>> {
        let mut state = self.state();
        state.begin(1_000)?;
        state.has_folder()?;
        if state.lock_is_away() && state.locked {
            // The lock file is gone, on a system without locks for directories.
            return Ok(Some(SimLock(None)));
        }
        let taken = std::mem::replace(&mut state.locked, true);
        Ok((!taken).then(|| SimLock(Some(self.clone()))))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut state = self.state();
        state.begin(1_000)?;
        state.has_folder()?;
        Ok(state.image.names.keys().rev().cloned().collect())
    }

    fn open(&self, name: &str) -> io::Result<SimFile> {
        let mut state = self.state();
        state.begin(1_000)?;
        state.has_folder()?;
        Ok(SimFile { inode: state.find(name)?, disk: self.clone(), has_lock: false.into() })
    }

    fn open_writable(&self, name: &str) -> io::Result<SimFile> {
        self.open(name)
    }

    fn create(&self, name: &str) -> io::Result<SimFile> {
        let mut state = self.state();
        state.has_folder()?;
        let found = state.find(name);
        if state.no_inodes && found.is_err() {
            let full = io::ErrorKind::StorageFull.into();
            return Err(if state.lies.inodes { broken() } else { full });
        }
        if state.faults.strikes(Fault::Make) {
            return Err(broken());
        }
        let inode = match found {
            Ok(inode) => inode,
            Err(_) => {
                state.image.inodes.push(Inode::default());
                state.image.inodes.len() - 1
            }
        };
        let file = &mut state.image.inodes[inode];
        file.now.clear();
        file.pending.push(Change::Length(0));
        state.rename(vec![(name.to_owned(), Some(inode))])?;
        Ok(SimFile { inode, disk: self.clone(), has_lock: false.into() })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        state.has_folder()?;
        let inode = state.find(from)?;
        let renaming = vec![(from.to_owned(), None), (to.to_owned(), Some(inode))];
        if state.faults.strikes(Fault::Make) {
            if state.faults.below(Fault::Make, 2) == 0 {
                state.rename(renaming)?; // the rename is done, and then the disk fails
            }
            return Err(broken());
        }
        state.rename(renaming)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state.has_folder()?;
        state.find(name)?;
        state.rename(vec![(name.to_owned(), None)])
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.state();
        if state.begin(200_000)? {
            return Err(no_power());
        }
        if state.sync_fails() {
            // File systems keep names that they could not write, or stop altogether.
            return state.failed_sync();
        }
        let image = &mut state.image;
        image.pending.drain(..).for_each(|renaming| rename(&mut image.safe_names, renaming));
        Ok(())
    }

    fn available(&self) -> io::Result<u64> {
        Ok(self.state().available())
    }

    fn length_at(&self, name: &str, file: &SimFile) -> io::Result<Option<u64>> {
        let state = self.state();
        if state.dead {
            return Err(no_power());
        }
        let is_there = state.lies.taken
            || (state.has_folder().is_ok() && state.image.names.get(name) == Some(&file.inode));
        Ok(is_there.then(|| state.image.inodes[file.inode].now.len() as u64))
    }

    fn lost(&self, _lock: &SimLock) -> io::Result<Option<Lost>> {
        Ok(self.state().lost().filter(|lost| *lost != Lost::Segment))
    }

    fn path(&self, name: &str) -> String {
        format!("disk/{name}")
    }
}
