//! Damage by others: flipped bits, stale bytes, files removed by another program. It affects bytes and names at
//! once, synced or not; the journal must notice.

use journal::Lost;

use super::inode::Inode;
use super::{Image, SimDisk, rename};
use crate::faults::Fault;

/// A write of at least this many bytes, not the first of its file, is a whole record and not a part of one.
const RECOGNISED: usize = 32;

/// A part that another program removed, and how to restore it.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) lost: Lost,
    /// The removed file; for a segment.
    file: Option<(String, usize)>,
    /// The file that has its name now, if any.
    instead: Option<usize>,
}

/// A span of bytes that differ from what was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Span {
    /// The file's name.
    pub name: String,
    /// Offset of its first byte.
    pub at: u64,
    /// Its length.
    pub bytes: u64,
    /// Their new contents.
    pub what: &'static str,
}

impl Image {
    /// Names with one of these endings of files that have bytes, in order.
    fn files(&self, endings: &[&str]) -> Vec<(String, usize)> {
        let has_bytes = |inode: &usize| !self.inodes[*inode].now.is_empty();
        let names = self.names.iter();
        names
            .filter(|(name, inode)| {
                endings.iter().any(|ending| name.ends_with(ending)) && has_bytes(inode)
            })
            .map(|(name, inode)| (name.clone(), *inode))
            .collect()
    }
}

impl Inode {
    /// Overwrites bytes, on the disk and in the page cache.
    fn put(&mut self, at: usize, bytes: &[u8]) {
        Inode::apply(&mut self.now, at, bytes);
        Inode::apply(&mut self.safe, at, bytes);
    }
}

impl SimDisk {
    /// Flips a bit of a file with one of these endings, if one has any bytes; returns its place. One time of
    /// three it is in the last write to the newest of them.
    pub fn rot(&self, endings: &[&str]) -> Option<(String, u64)> {
        let mut guard = self.state();
        let state = &mut *guard;
        let below = |bound| state.faults.below(Fault::Rot, bound);
        let files = state.image.files(endings);
        let (mut name, mut inode) = files.get(below(files.len()))?.clone();
        let mut span = 0..state.image.inodes[inode].now.len();
        if below(3) == 0
            && let Some((newest, of)) = state.image.files(&endings[..1]).pop()
            && let Some((at, bytes)) = state.image.inodes[of].past.back()
        {
            (name, inode, span) = (newest, of, *at..at + bytes.len());
        }
        let length = state.image.inodes[inode].now.len();
        let at = (span.start + below(span.len())).min(length - 1);
        let bit = 1 << below(8);
        let inode = &mut state.image.inodes[inode];
        inode.now[at] ^= bit;
        if let Some(byte) = inode.safe.get_mut(at) {
            *byte ^= bit;
        }
        Some((name, at as u64))
    }

    /// Stale bytes in a file with this ending: in the place of a later write, or
    /// after the last one, also after a span of zeros; or a write that never arrived.
    pub fn stale(&self, ending: &str) -> Option<Span> {
        let mut guard = self.state();
        let state = &mut *guard;
        let below = |bound| state.faults.below(Fault::Stale, bound);
        let files = state.image.files(&[ending]);
        let (name, inode) = files.get(below(files.len()))?.clone();
        let inode = &mut state.image.inodes[inode];
        if inode.past.len() < 2 {
            return None;
        }
        let later = 1 + below(inode.past.len() - 1);
        let (at, lost) = inode.past[later].clone();
        let (old_at, old) = inode.past[below(later)].clone();
        let (last, end) = inode.past.back().map(|(at, bytes)| (*at, at + bytes.len()))?;
        let length = inode.now.len();
        let kind = below(4);
        if (kind == 0 && old_at == at) || (kind == 1 && old_at == end) {
            return None; // the stale write is of a history lost in a crash: no reader can tell
        }
        let (at, put, what) = match kind {
            0 => (at, old, "an older write"),
            1 => (end, old, "an older write after the last one"),
            2 if inode.now.get(at..).is_some_and(|now| now.starts_with(&lost)) => {
                (at, vec![0; lost.len()], "nothing: the write never arrived")
            }
            2 => return None, // others were written over it
            _ => {
                let zeros = last.saturating_sub(at) + lost.len();
                let mut put = vec![0; zeros];
                put.extend(&old);
                // Without a record after them, zeros look like allocated blocks.
                if at + put.len() > length || old_at == 0 || old.len() < RECOGNISED {
                    return None;
                }
                (at, put, "zeros, and an older write after them")
            }
        };
        let fits = length.saturating_sub(at).min(put.len());
        let before = inode.now.get(at..at + fits)?.to_vec();
        inode.put(at, &put[..fits]);
        (before != put[..fits]).then_some(Span { name, at: at as u64, bytes: fits as u64, what })
    }

    /// Another program removes a part of what the writer holds: the newest file with this ending, the lock or
    /// the directory. Returns the part; `None` if one is removed already.
    pub fn take_away(&self, ending: &str) -> Option<Lost> {
        let mut guard = self.state();
        let state = &mut *guard;
        if state.taken.is_some() || state.dead {
            return None;
        }
        let below = |bound| state.faults.below(Fault::Taken, bound);
        let (mut file, mut instead) = (None, None);
        let lost = match below(5) {
            0 => Lost::Folder,
            1 => Lost::Lock,
            kind => {
                let (name, inode) = state.image.files(&[ending]).pop()?;
                state.image.names.remove(&name);
                if kind == 2 {
                    let old = &state.image.inodes[inode].now;
                    let mut copy = Inode::default();
                    copy.put(0, &old[..below(old.len() + 1)]);
                    state.image.inodes.push(copy);
                    instead = Some(state.image.inodes.len() - 1);
                    state.image.names.insert(name.clone(), state.image.inodes.len() - 1);
                }
                file = Some((name, inode));
                Lost::Segment
            }
        };
        state.taken = Some(Taken { lost, file, instead });
        Some(lost)
    }

    /// The removed part, if any.
    pub fn taken(&self) -> Option<Lost> {
        self.state().taken.as_ref().map(|taken| taken.lost)
    }

    /// If a file was removed: no file gets its name until the disk is restored.
    pub fn hide_taken(&self) -> bool {
        let mut guard = self.state();
        let state = &mut *guard;
        let Some((name, _)) = state.taken.as_ref().and_then(|taken| taken.file.as_ref()) else {
            return false;
        };
        state.image.names.remove(name);
        true
    }

    /// Restores the removed part. If the writer saved a file's bytes, that copy is used half of
    /// the time, and true is returned.
    pub fn put_back(&self) -> bool {
        let mut guard = self.state();
        let state = &mut *guard;
        let Some(Taken { file: Some((name, inode)), instead, .. }) = state.taken.take() else {
            return false;
        };
        let image = &mut state.image;
        // The restored names are durable, after all earlier changes of names.
        image.pending.drain(..).for_each(|renaming| rename(&mut image.safe_names, renaming));
        let beside = format!("{name}.kept");
        let there = image.names.get(&name).copied().filter(|found| Some(*found) != instead);
        let kept = image.names.get(&beside).copied().or(there).filter(|kept| *kept != inode);
        let use_kept = kept.is_some() && state.faults.below(Fault::Taken, 2) == 0;
        let back = kept.filter(|_| use_kept).unwrap_or(inode);
        for names in [&mut image.names, &mut image.safe_names] {
            names.remove(&beside);
            names.insert(name.clone(), back);
        }
        use_kept
    }
}
