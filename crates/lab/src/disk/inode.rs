//! The bytes of one file: as the system shows them, as they are on the disk, and what is between the
//! two. It knows no names and no faults: chance comes from the caller.

use std::collections::VecDeque;

/// A sector: what a disk writes at once, if it keeps its word.
const SECTOR: usize = 512;

/// Most zeros at a write's end that are part of it.
const OWN_ZEROS: usize = 16;
/// Writes that are remembered.
const PAST: usize = 32;

/// A change to a file that is not on the disk yet.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Length(usize),
}

#[derive(Clone, Default, Debug)]
pub(super) struct Inode {
    /// As the system shows it.
    pub(super) now: Vec<u8>,
    /// As it surely is on the disk.
    pub(super) safe: Vec<u8>,
    /// What is between the two, oldest first.
    pub(super) pending: Vec<Change>,
    /// What was written of late, without the zeros behind it, oldest first.
    pub(super) past: VecDeque<(usize, Vec<u8>)>,
    /// Where a write broke off that was not taken as a whole.
    broken_off: Option<usize>,
}

impl Inode {
    /// Writes down what was written as a whole, and forgets what was too long ago. The rest of a write of
    /// which the system took only a part at first is no whole one.
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

    /// Everything gets to the disk.
    pub(super) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            match change {
                Change::Write { at, bytes } => Inode::apply(&mut self.safe, at, &bytes),
                Change::Length(length) => self.safe.resize(length, 0),
            }
        }
    }

    /// Any part of what is not on the disk gets there: all, nothing, up to any byte, any sectors.
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
