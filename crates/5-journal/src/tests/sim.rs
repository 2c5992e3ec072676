//! A file system in memory that can be full and can fail. Tests can read and change its files.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::{Lost, Storage, StorageFile};

#[derive(Clone, Debug, Default)]
pub(super) struct Sim(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) files: BTreeMap<String, Arc<Mutex<Vec<u8>>>>,
    /// Bytes that all files together may have; `None` for any number.
    pub(super) capacity: Option<u64>,
    pub(super) fail_syncs: bool,
    pub(super) fail_writes: bool,
    /// After this many listings of names, this file is there too.
    pub(super) appears: Option<(u32, String, Vec<u8>)>,
    /// Opening or making the file with this name fails so.
    pub(super) fail_file: Option<(String, io::ErrorKind)>,
    /// No file can be made: the disk has no more names.
    pub(super) no_names: bool,
    /// What another program has taken away of what the writer holds.
    pub(super) lost: Option<Lost>,
    /// What was read: how often, how many bytes, and the most at once.
    pub(super) reads: (u64, u64, usize),
    /// Zeros without blocks, up to this length, behind what segments have.
    pub(super) hole: u64,
    /// All that was done to files and names.
    pub(super) history: Vec<Event>,
    locked: bool,
    /// Files that have a writer.
    writers: Vec<std::sync::Weak<Mutex<Vec<u8>>>>,
}

/// Something that was done to a file, by its number, or to names.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Write {
        file: usize,
        at: usize,
        bytes: Vec<u8>,
    },
    Length {
        file: usize,
        length: usize,
    },
    Sync {
        file: usize,
    },
    /// A name leads to another file now, or to none.
    Name {
        name: String,
        file: Option<usize>,
    },
    SyncNames,
    /// Noted by a test: facts before this position may be acknowledged from here on.
    Told(u64),
    /// Noted by a test: a snapshot at this position was saved.
    Saved(u64),
}

#[derive(Debug)]
pub(super) struct SimFile {
    sim: Sim,
    bytes: Arc<Mutex<Vec<u8>>>,
    has_lock: std::sync::atomic::AtomicBool,
}

impl Drop for SimFile {
    fn drop(&mut self) {
        if *self.has_lock.get_mut() {
            let this = Arc::as_ptr(&self.bytes);
            self.sim.state().writers.retain(|file| file.as_ptr() != this);
        }
    }
}

pub(super) struct SimLock(Sim);

impl Drop for SimLock {
    fn drop(&mut self) {
        self.0.state().locked = false;
    }
}

impl Sim {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn fails_syncs(&self) -> io::Result<()> {
        if self.state().fail_syncs { Err(io::Error::other("bad cable")) } else { Ok(()) }
    }

    fn fails_file(&self, name: &str) -> io::Result<()> {
        match &self.state().fail_file {
            Some((fails, why)) if fails == name => Err((*why).into()),
            _ => Ok(()),
        }
    }

    /// The names of the segments, in order.
    pub(super) fn segments(&self) -> Vec<String> {
        self.state().files.keys().filter(|name| name.ends_with(".facts")).cloned().collect()
    }

    pub(super) fn bytes(&self, name: &str) -> Vec<u8> {
        self.state().files[name].lock().unwrap().clone()
    }

    pub(super) fn set(&self, name: &str, bytes: Vec<u8>) {
        let bytes = Arc::new(Mutex::new(bytes));
        let _replaced = self.state().files.insert(name.to_owned(), bytes);
    }

    /// A copy that shares nothing.
    pub(super) fn copy(&self) -> Sim {
        let copy = Sim::default();
        for name in self.list().unwrap() {
            copy.set(&name, self.bytes(&name));
        }
        copy
    }

    /// Every file and its bytes.
    pub(super) fn all(&self) -> Vec<(String, Vec<u8>)> {
        self.list().unwrap().into_iter().map(|name| (name.clone(), self.bytes(&name))).collect()
    }
}

impl Storage for Sim {
    type File = SimFile;
    type Lock = SimLock;

    fn lock(&self) -> io::Result<Option<SimLock>> {
        let mut state = self.state();
        let taken = std::mem::replace(&mut state.locked, true);
        Ok((!taken).then(|| SimLock(self.clone())))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let names = self.state().files.keys().rev().cloned().collect();
        let appears = self.state().appears.take();
        match appears {
            Some((1, name, bytes)) => self.set(&name, bytes),
            Some((lists, name, bytes)) => self.state().appears = Some((lists - 1, name, bytes)),
            None => {}
        }
        Ok(names)
    }

    fn open(&self, name: &str) -> io::Result<SimFile> {
        self.fails_file(name)?;
        let bytes = self.state().files.get(name).cloned().ok_or(io::ErrorKind::NotFound)?;
        Ok(SimFile { sim: self.clone(), bytes, has_lock: false.into() })
    }

    fn open_writable(&self, name: &str) -> io::Result<SimFile> {
        self.open(name)
    }

    fn create(&self, name: &str) -> io::Result<SimFile> {
        self.fails_file(name)?;
        if self.state().no_names && !self.state().files.contains_key(name) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.set(name, Vec::new());
        let file = self.open(name)?;
        let event = Event::Name { name: name.to_owned(), file: Some(file.number()) };
        self.state().history.push(event);
        Ok(file)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        let file = state.files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        let number = Arc::as_ptr(&file).addr();
        let _replaced = state.files.insert(to.to_owned(), file);
        state.history.push(Event::Name { name: from.to_owned(), file: None });
        state.history.push(Event::Name { name: to.to_owned(), file: Some(number) });
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        state.files.remove(name).ok_or(io::ErrorKind::NotFound)?;
        state.history.push(Event::Name { name: name.to_owned(), file: None });
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.fails_syncs()?;
        self.state().history.push(Event::SyncNames);
        Ok(())
    }

    fn available(&self) -> io::Result<u64> {
        let state = self.state();
        let used: usize = state.files.values().map(|file| file.lock().unwrap().len()).sum();
        Ok(state.capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(used as u64)))
    }

    fn length_at(&self, name: &str, file: &SimFile) -> io::Result<Option<u64>> {
        let state = self.state();
        let found = state.files.get(name).filter(|found| Arc::ptr_eq(found, &file.bytes));
        Ok(found.map(|found| found.lock().unwrap().len() as u64))
    }

    fn lost(&self, _lock: &SimLock) -> io::Result<Option<Lost>> {
        Ok(self.state().lost)
    }

    fn path(&self, name: &str) -> String {
        format!("sim/{name}")
    }
}

impl SimFile {
    /// A number that no other file has.
    fn number(&self) -> usize {
        Arc::as_ptr(&self.bytes).addr()
    }

    /// Grows the file with zeros, as far as the disk has space. An error if it stays too short.
    fn grow(&self, length: usize) -> io::Result<()> {
        let old = self.bytes.lock().unwrap().len();
        let room = usize::try_from(self.sim.available()?).unwrap_or(usize::MAX);
        let wanted = length.max(old);
        let possible = wanted.min(old.saturating_add(room));
        self.bytes.lock().unwrap().resize(possible, 0);
        if possible < wanted { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

fn place(at: u64) -> usize {
    usize::try_from(at).unwrap()
}

impl StorageFile for SimFile {
    fn length(&self) -> io::Result<u64> {
        let (state, bytes) = (self.sim.state(), self.bytes.lock().unwrap());
        let hole = if bytes.starts_with(b"bwfacts") { state.hole } else { 0 };
        Ok(hole.max(bytes.len() as u64))
    }

    fn read_some(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        let (mut state, bytes) = (self.sim.state(), self.bytes.lock().unwrap());
        let (reads, read, most) = state.reads;
        let rest = bytes.get(place(at)..).unwrap_or_default();
        let mut length = rest.len().min(into.len());
        into[..length].copy_from_slice(&rest[..length]);
        if rest.is_empty() && bytes.starts_with(b"bwfacts") {
            length = into.len().min(place(state.hole.saturating_sub(at)));
            into[..length].fill(0);
        }
        state.reads = (reads + 1, read + length as u64, most.max(into.len()));
        Ok(length)
    }

    fn write_some(&self, at: u64, bytes: &[u8]) -> io::Result<usize> {
        if self.sim.state().fail_writes {
            return Err(io::Error::other("bad sector"));
        }
        let grown = self.grow(place(at) + bytes.len());
        let mut file = self.bytes.lock().unwrap();
        let begin = place(at).min(file.len());
        let length = bytes.len().min(file.len() - begin); // what fits is written all the same
        file[begin..begin + length].copy_from_slice(&bytes[..length]);
        let bytes = bytes[..length].to_vec();
        let event = Event::Write { file: self.number(), at: begin, bytes };
        self.sim.state().history.push(event);
        let bytes = &file[begin..begin + length];
        grown.map(|()| bytes.len())
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        self.grow(place(length))
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.bytes.lock().unwrap().resize(place(length), 0);
        let event = Event::Length { file: self.number(), length: place(length) };
        self.sim.state().history.push(event);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.sim.fails_syncs()?;
        self.sim.state().history.push(Event::Sync { file: self.number() });
        Ok(())
    }

    fn try_lock(&self) -> io::Result<bool> {
        let mut state = self.sim.state();
        let this = Arc::as_ptr(&self.bytes);
        if state.writers.iter().any(|file| file.as_ptr() == this && file.strong_count() > 0) {
            return Ok(false);
        }
        state.writers.push(Arc::downgrade(&self.bytes));
        self.has_lock.store(true, std::sync::atomic::Ordering::SeqCst);
        Ok(true)
    }
}
