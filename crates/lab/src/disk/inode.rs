//! The bytes of one file: in the page cache, on the disk, and the writes between the two. It knows no names and no
//! faults: the caller supplies random numbers.

use std::collections::VecDeque;

/// A sector: the unit of an atomic write, on an honest disk.
const SECTOR: usize = 512;

/// Most zeros at a write's end that are part of it.
const OWN_ZEROS: usize = 16;
/// Number of remembered writes.
const PAST: usize = 32;

/// A change to a file that is not on the disk yet.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

#[derive(Clone, Default, Debug)]
pub(super) struct Inode {
    /// The visible bytes.
    pub(super) now: Vec<u8>,
    /// The bytes that are surely on the disk.
    pub(super) safe: Vec<u8>,
    /// Changes between the two, oldest first.
    pub(super) pending: Vec<Change>,
    /// Recent writes, without trailing zeros, oldest first.
    pub(super) past: VecDeque<(usize, Vec<u8>)>,
    /// End of a partial write.
    broken_off: Option<usize>,
}

impl Inode {
    /// Remembers a whole write, and drops the oldest. The rest of a partial write is not a whole one.
    pub(super) fn remember(&mut self, at: usize, bytes: &[u8], whole: bool) {
        let goes_on = self.broken_off.take() == Some(at);
        if !whole {
            self.broken_off = Some(at + bytes.len());
        }
        if !whole || goes_on {
            return;
        }
        let Some(last) = bytes.iter().rposition(|&byte| byte != 0) else { return };
        // A few zeros are the write's own, and many are blocks behind it.
        let end = if bytes.len() - last > OWN_ZEROS { last + 1 } else { bytes.len() };
        self.past.push_back((at, bytes[..end].to_vec()));
        if self.past.len() > PAST {
            self.past.pop_front();
        }
    }

    /// Writes bytes, with zeros before them where there is nothing.
    pub(super) fn apply(to: &mut Vec<u8>, at: usize, bytes: &[u8]) {
        if to.len() < at + bytes.len() {
            to.resize(at + bytes.len(), 0);
        }
        to[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Syncs the file.
    pub(super) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            match change {
                Change::Write { at, bytes } => Inode::apply(&mut self.safe, at, &bytes),
                Change::Length(length) => self.safe.resize(length, 0),
            }
        }
    }

    /// A power loss: any part of the unsynced changes reaches the disk: all, none, up to any byte, any sectors.
    pub(super) fn settle_by_chance(&mut self, mut below: impl FnMut(usize) -> usize) {
        for change in self.pending.drain(..) {
            match (change, below(6)) {
                (_, 0) => {}
                (Change::Length(length), _) => self.safe.resize(length, 0),
                (Change::Write { at, bytes }, 1) => {
                    let torn = below(bytes.len() + 1);
                    Inode::apply(&mut self.safe, at, &bytes[..torn]);
                }
                (Change::Write { at, bytes }, 2) => {
                    for (index, sector) in bytes.chunks(SECTOR).enumerate() {
                        if below(2) == 0 {
                            Inode::apply(&mut self.safe, at + index * SECTOR, sector);
                        }
                    }
                }
                (Change::Write { at, bytes }, _) => Inode::apply(&mut self.safe, at, &bytes),
            }
        }
    }
}
