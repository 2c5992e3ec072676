//! A file of the simulated disk: what it accepts, what it keeps, and how its operations fail.

use std::io;
use std::sync::atomic::Ordering;

use journal::StorageFile;

use super::inode::{Change, Inode};
use super::{SimFile, State, broken, no_power};
use crate::faults::Fault;

fn place(at: u64) -> usize {
    usize::try_from(at).expect("a simulated file fits in memory")
}

impl SimFile {
    /// Grows the file with zeros up to the free space. True if that was enough.
    fn grow(&self, state: &mut State, length: usize) -> bool {
        let available = usize::try_from(state.available()).unwrap_or(usize::MAX);
        let old = state.image.inodes[self.inode].now.len();
        let possible = length.min(old.saturating_add(available));
        if possible > old {
            let inode = &mut state.image.inodes[self.inode];
            inode.now.resize(possible, 0);
            inode.pending.push(Change::Length(possible));
        }
        possible >= length
    }
}

impl StorageFile for SimFile {
    fn length(&self) -> io::Result<u64> {
        let mut state = self.disk.state();
        state.begin(500)?;
        Ok(state.image.inodes[self.inode].now.len() as u64)
    }

    fn read_some(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        let mut state = self.disk.state();
        state.begin(2_000 + into.len() as u64 / 8)?;
        let rest = state.image.inodes[self.inode].now.get(place(at)..).unwrap_or_default();
        let length = rest.len().min(into.len());
        into[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn write_some(&self, at: u64, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.disk.state();
        let last = state.begin(5_000 + bytes.len() as u64 / 2)?;
        let mut fails = state.faults.strikes(Fault::Write);
        let mut length = bytes.len();
        if fails {
            length = state.faults.below(Fault::Write, length);
        } else if state.faults.strikes(Fault::Short) {
            length = state.faults.below(Fault::Short, length);
            if length == 0 {
                return Err(io::ErrorKind::Interrupted.into());
            }
        }
        let begin = place(at);
        let mut error = broken();
        if !self.grow(&mut state, begin + length) {
            (fails, error) = (true, io::ErrorKind::StorageFull.into());
            length = length.min(state.image.inodes[self.inode].now.len().saturating_sub(begin));
        }
        let inode = &mut state.image.inodes[self.inode];
        Inode::apply(&mut inode.now, begin, &bytes[..length]);
        inode.remember(begin, &bytes[..length], length == bytes.len());
        inode.pending.push(Change::Write { at: begin, bytes: bytes[..length].to_vec() });
        match (last, fails) {
            (true, _) => Err(no_power()),
            (false, true) => Err(error),
            (false, false) => Ok(length),
        }
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        let last = state.begin(10_000)?;
        let fits = self.grow(&mut state, place(length));
        match (last, fits) {
            (true, _) => Err(no_power()),
            (false, true) => Ok(()),
            (false, false) => Err(io::ErrorKind::StorageFull.into()),
        }
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        let last = state.begin(5_000)?;
        let inode = &mut state.image.inodes[self.inode];
        inode.now.resize(place(length), 0);
        inode.pending.push(Change::Length(place(length)));
        if last { Err(no_power()) } else { Ok(()) }
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        if state.begin(300_000)? {
            return Err(no_power());
        }
        let fails = state.sync_fails();
        let State { image, faults, .. } = &mut *state;
        let inode = &mut image.inodes[self.inode];
        if fails {
            inode.settle_by_chance(|bound| faults.below(Fault::Sync, bound));
            return state.failed_sync();
        }
        inode.sync();
        Ok(())
    }

    fn try_lock(&self) -> io::Result<bool> {
        let mut state = self.disk.state();
        let free = state.writers.insert(self.inode);
        if free {
            self.has_lock.store(true, Ordering::Relaxed);
        }
        Ok(free || state.lies.locks)
    }
}
