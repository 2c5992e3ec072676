//! Makes what a crash can leave after the last acknowledged record: garbage, a partial record, a file that ends
//! early. Acknowledged records are never touched here.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::trader::Chance;

/// Lengths as in docs/journal-format.md.
const SEGMENT_HEAD: u64 = 64;
const PLACE: u64 = 52;
const RECORD_HEAD: u64 = 68;

fn last_segment(dir: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(dir).ok()?;
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|e| e == "facts")).max()
}

/// Where the last record of a segment ends, and the number of the fact that would come next.
fn end(file: &File) -> (u64, u64) {
    let length = file.metadata().unwrap().len();
    let mut head = [0; 64];
    file.read_exact_at(&mut head, 0).unwrap();
    let number = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap());
    let (mut at, mut next) = (SEGMENT_HEAD, number(&head[16..24]));
    while at + RECORD_HEAD <= length {
        file.read_exact_at(&mut head, at).unwrap();
        let payload = u64::from(u32::from_le_bytes(head[52..56].try_into().unwrap()));
        let facts = u64::from(u32::from_le_bytes(head[60..64].try_into().unwrap()));
        let whole = at + RECORD_HEAD + payload;
        if payload == 0 || number(&head[8..16]) != next || whole > length {
            break;
        }
        (at, next) = (whole, next + facts);
    }
    (at, next)
}

/// End of the journal. While no client has an answer pending, all acknowledged records lie before it.
pub(crate) fn mark(dir: &Path) -> (PathBuf, u64) {
    let path = last_segment(dir).expect("a journal");
    let (at, _) = end(&File::open(&path).unwrap());
    (path, at)
}

/// Leaves the journal of a dead server as a worse crash would have. `told` is its end at the last answer, if that
/// is known: then it may lose anything after that. True if a start must report that it truncated bytes.
pub(crate) fn tear(dir: &Path, told: Option<&(PathBuf, u64)>, chance: &mut Chance) -> bool {
    let Some(path) = last_segment(dir) else { return false };
    let file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let (mut at, next) = end(&file);
    if let Some((of, told)) = told
        && *of == path
        && at > *told
    {
        // The disk lost the rest: truncated anywhere after the acknowledged records.
        at = told + chance.below(at - told);
        file.set_len(at).unwrap();
        let (whole, next) = end(&file);
        forget_snapshots(dir, next);
        if chance.below(2) == 0 {
            return whole < at && !is_mark(&file, whole, at);
        }
        at = whole; // a record may be partial now; the next write overwrites it
    }
    let mut bytes = Vec::new();
    match chance.below(5) {
        0 => return false,
        // Preallocated blocks are gone.
        1 => file.set_len(at).unwrap(),
        // Garbage.
        2 => bytes.extend((0..1 + chance.below(5_000)).map(|_| byte(chance))),
        // A record's head that announces more than there is, and part of its payload. Its mark is there, or was
        // lost.
        _ => {
            let mut place = [0; 52];
            file.read_exact_at(&mut place, at).unwrap();
            if chance.below(2) == 0 {
                place[8..16].copy_from_slice(&next.to_le_bytes());
                (20..52).for_each(|at| place[at] = byte(chance));
            }
            bytes.extend(place);
            let payload = 100 + chance.below(2_000);
            bytes.extend(u32::try_from(payload).unwrap().to_le_bytes());
            bytes.extend([byte(chance), byte(chance), byte(chance), 1]);
            bytes.extend(3_u32.to_le_bytes());
            bytes.extend(1_u32.to_le_bytes());
            bytes.extend((0..chance.below(payload)).map(|_| byte(chance)));
        }
    }
    if chance.below(2) == 0 {
        file.set_len(at).unwrap(); // the file ends with it
    }
    file.write_all_at(&bytes, at).unwrap();
    !bytes.is_empty()
}

/// True if these bytes are a mark with nothing after it: that is no torn record.
fn is_mark(file: &File, from: u64, to: u64) -> bool {
    let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
    file.read_exact_at(&mut bytes, from).unwrap();
    let (mark, behind) = bytes.split_at(bytes.len().min(usize::try_from(PLACE).unwrap()));
    mark.len() as u64 == PLACE && behind.iter().all(|&byte| byte == 0)
}

/// A disk that lost facts also lost a snapshot that was saved of them later.
fn forget_snapshots(dir: &Path, next: u64) {
    let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    for path in paths.filter(|path| path.extension().is_some_and(|e| e == "fold")) {
        let position: u64 = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
        if position > next {
            fs::remove_file(path).unwrap();
        }
    }
}

/// Never zero, which would be no garbage.
fn byte(chance: &mut Chance) -> u8 {
    u8::try_from(1 + chance.below(255)).unwrap()
}

/// Deletes acknowledged records, as no honest disk does.
pub(crate) fn lose(dir: &Path, chance: &mut Chance) {
    let (path, end) = mark(dir);
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    file.set_len(end - 1 - chance.below(100)).unwrap();
    let (_, next) = self::end(&file);
    forget_snapshots(dir, next);
}

/// Changes one byte in the middle of the acknowledged records of this journal, which must be a copy. Gives the file,
/// or `None` if the journal is too short to have a middle.
pub(crate) fn flip(dir: &Path, chance: &mut Chance) -> Option<PathBuf> {
    let (path, end) = mark(dir);
    let file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let span = end - SEGMENT_HEAD;
    if span < 20_000 {
        return None;
    }
    let at = SEGMENT_HEAD + span / 10 + chance.below(span / 2);
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 1 << chance.below(8)], at).unwrap();
    Some(path)
}

/// A copy of a journal without a writer.
pub(crate) fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

/// Every file of a journal with its bytes.
pub(crate) fn bytes(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths.map(|path| (path.clone(), fs::read(&path).unwrap())).collect();
    files.sort();
    files
}
