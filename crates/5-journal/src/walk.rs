//! Walks one segment from record to record. Changes nothing, and trusts no length before its checksum.
//!
//! Memory is bounded by [`WINDOW`] and by the longest whole record: a record of an unchecked length is read through a
//! window first.

use std::io;

use crate::error::Damage;
use crate::old::OldHead;
use crate::record::{CHECK, Chain, Format, Place, RecordHead, chain_after};
use crate::{Batch, StorageFile};

/// Bytes per read.
pub(crate) const WINDOW: usize = 1 << 20;

/// A segment that is read from record to record.
///
/// - `at` and `position` are the start of the next record and its first fact; all before them is checked
/// - `durable <= position`: what the last record or mark said was durable when it was written
/// - no length is trusted before the checksum that covers it
/// - a step that fails leaves `at` and `position` unchanged, so that the walk can look again
pub(crate) struct Walk<F> {
    pub(crate) file: F,
    pub(crate) format: Format,
    pub(crate) length: u64,
    window: Vec<u8>,
    window_at: u64,
    /// Byte offset of the next record.
    pub(crate) at: u64,
    /// The number of its first fact.
    pub(crate) position: u64,
    chained: Chained,
    /// Facts before this position were durable when the last seen record or mark was written.
    pub(crate) durable: u64,
    /// False if the chain was checked when the journal was opened.
    checks_chain: bool,
}

/// The chain's value before the next record.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Chained {
    /// This value.
    Known(Chain),
    /// The value after the record at this byte; computed on demand, since the chain is not checked.
    Behind(u64),
}

/// The next thing in a segment.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    /// A whole record.
    Record(Batch<'a>),
    /// Nothing, or allocated zeros, or a mark before them.
    End,
    /// The record that announces the next segment.
    Followed,
    /// Something that is not the expected record.
    Bad(Damage),
}

impl<F: StorageFile> Walk<F> {
    /// Begins at a record: at `at` bytes in the file, with this position and chain.
    pub(crate) fn new(
        file: F,
        format: Format,
        at: u64,
        position: u64,
        chained: Chained,
    ) -> io::Result<Walk<F>> {
        let length = file.length()?;
        let window = Vec::new();
        let (window_at, durable, checks_chain) = (0, 0, true);
        Ok(Walk {
            file,
            format,
            length,
            window,
            window_at,
            at,
            position,
            chained,
            durable,
            checks_chain,
        })
    }

    /// The same, without the chain: checksums and numbers only.
    pub(crate) fn without_chain(self) -> Walk<F> {
        Walk { checks_chain: false, ..self }
    }

    /// Source of the chain's value.
    pub(crate) fn chained(&self) -> Chained {
        self.chained
    }

    /// The chain's value before the next record. If the chain is not checked, this reads the last record again.
    pub(crate) fn chain(&self) -> io::Result<Chain> {
        let at = match self.chained {
            Chained::Known(chain) => return Ok(chain),
            Chained::Behind(at) => at,
        };
        let changed = || io::Error::other("a record has changed since it was read");
        let mut head = [0; RecordHead::LENGTH];
        if self.file.read_at(at, &mut head)? < head.len() {
            return Err(changed());
        }
        let place = Place::parse(&head).ok_or_else(changed)?;
        let head = RecordHead::parse(&head);
        let mut payload = vec![0; head.length as usize];
        let read = self.file.read_at(at + RecordHead::LENGTH as u64, &mut payload)?;
        if read < payload.len() {
            return Err(changed());
        }
        Ok(chain_after(&place.chain, place.first, head.facts, &payload))
    }

    /// The bytes from `self.at` on: `wanted` of them, fewer if the file ends.
    fn look(&mut self, wanted: usize) -> io::Result<&[u8]> {
        let begin = usize::try_from(self.at.saturating_sub(self.window_at)).unwrap_or(usize::MAX);
        let begin = begin.min(self.window.len());
        if self.window.len() - begin < wanted {
            self.window.drain(..begin);
            self.window_at = self.at;
            let kept = self.window.len();
            let rest = self.length.saturating_sub(self.at);
            let target = wanted.max(WINDOW).min(usize::try_from(rest).unwrap_or(usize::MAX));
            self.window.resize(target.max(kept), 0);
            let read = self.file.read_at(self.at + kept as u64, &mut self.window[kept..])?;
            self.window.truncate(kept + read);
            let end = wanted.min(self.window.len());
            return Ok(&self.window[..end]);
        }
        Ok(&self.window[begin..begin + wanted])
    }

    /// Reads the next record, and checks its checksum, its place and the chain.
    pub(crate) fn step(&mut self) -> io::Result<Step<'_>> {
        match self.format {
            Format::New => self.step_new(),
            Format::Old => self.step_old(),
        }
    }

    fn step_new(&mut self) -> io::Result<Step<'_>> {
        let bytes = self.look(RecordHead::LENGTH)?;
        let place = Place::parse(bytes);
        let head = bytes.first_chunk().map(RecordHead::parse);
        let is_mark = bytes.iter().skip(Place::LENGTH).all(|&byte| byte == 0);
        let Some(place) = place else { return self.end_of_zeros() };
        if place.first != self.position {
            return Ok(Step::Bad(Damage::Gap { found: place.first }));
        }
        if let (true, Chained::Known(chain)) = (self.checks_chain, self.chained)
            && chain != place.chain
        {
            return Ok(Step::Bad(Damage::Chain));
        }
        self.durable = self.durable.max(place.durable());
        if is_mark {
            let is_end = self.garbage_within(Place::LENGTH)? == 0;
            return Ok(if is_end { Step::End } else { Step::Bad(Damage::Record) });
        }
        let Some(head) = head else { return Ok(Step::Bad(Damage::Record)) };
        let is_one = head.has_facts() || head.is_followed();
        if !is_one || !self.holds(CHECK, head.whole(), head.check)? {
            return Ok(Step::Bad(Damage::Record));
        }
        if head.is_followed() {
            let alone = self.garbage()? <= RecordHead::LENGTH as u64;
            return Ok(if alone { Step::Followed } else { Step::Bad(Damage::Record) });
        }
        let chained = match self.checks_chain {
            true => {
                let record = self.look(in_memory(head.whole()))?;
                let payload = record.get(RecordHead::LENGTH..).unwrap_or_default();
                Chained::Known(chain_after(&place.chain, place.first, head.facts, payload))
            }
            false => Chained::Behind(self.at),
        };
        self.take(RecordHead::LENGTH, head.whole(), place.first, head.facts, chained)
    }

    fn step_old(&mut self) -> io::Result<Step<'_>> {
        let bytes = self.look(OldHead::LENGTH)?;
        let head = match bytes.first_chunk() {
            Some(bytes) if bytes.iter().any(|&byte| byte != 0) => OldHead::parse(bytes),
            _ => return self.end_of_zeros(),
        };
        if !head.is_one() || !self.holds(4, head.whole(), head.check())? {
            return Ok(Step::Bad(Damage::Record));
        }
        if head.first != self.position {
            return Ok(Step::Bad(Damage::Gap { found: head.first }));
        }
        let known = match (self.checks_chain, self.chained) {
            (true, Chained::Known(chain)) => Some(chain),
            _ => None,
        };
        if head.is_closing() {
            // A later record's write arrived before this one's: a crash reorders writes. No damage; the walk stays
            // here, where the next record goes.
            if known.is_some_and(|chain| chain != head.chain) {
                return Ok(Step::Bad(Damage::Chain));
            }
            if self.garbage()? > OldHead::LENGTH as u64 {
                return Ok(Step::Bad(Damage::Record));
            }
            self.durable = head.durable();
            return Ok(Step::End);
        }
        if let Some(chain) = known {
            let record = self.look(in_memory(head.whole()))?;
            let payload = record.get(OldHead::LENGTH..).unwrap_or_default();
            if !head.follows(&chain, payload) {
                return Ok(Step::Bad(Damage::Chain));
            }
        }
        self.durable = head.durable();
        let chained = Chained::Known(head.chain);
        self.take(OldHead::LENGTH, head.whole(), head.first, head.facts, chained)
    }

    /// Moves past a valid record.
    fn take(
        &mut self,
        head: usize,
        whole: u64,
        first: u64,
        facts: u32,
        chained: Chained,
    ) -> io::Result<Step<'_>> {
        let length = self.look(in_memory(whole))?.len();
        let begin = usize::try_from(self.at - self.window_at).expect("within the window");
        self.at += whole;
        self.chained = chained;
        let groups = self.window[begin..begin + length].get(head..).unwrap_or_default();
        let batch = Batch { first, facts: facts.into(), groups };
        self.position = batch.end();
        Ok(Step::Record(batch))
    }

    /// No record begins here: the end, if nothing more follows.
    fn end_of_zeros(&mut self) -> io::Result<Step<'static>> {
        let is_end = self.garbage()? == 0;
        Ok(if is_end { Step::End } else { Step::Bad(Damage::Record) })
    }

    /// True if `whole` bytes from `self.at` on exist, and all but the four at `check_at` have this checksum.
    ///
    /// Reads a long record through a window: no memory is allocated for an unchecked length.
    fn holds(&mut self, check_at: usize, whole: u64, check: u32) -> io::Result<bool> {
        if whole > self.length.saturating_sub(self.at) {
            return Ok(false);
        }
        if whole <= WINDOW as u64 {
            let record = self.look(in_memory(whole))?;
            return Ok(record.len() as u64 == whole && checksum(check_at, record) == check);
        }
        checksum_in(&self.file, self.at, check_at, whole).map(|found| found == Some(check))
    }

    /// Drops the read-ahead: a writer may have gone on since.
    pub(crate) fn look_again(&mut self) -> io::Result<()> {
        self.length = self.file.length()?;
        self.window.clear();
        self.window_at = self.at;
        Ok(())
    }

    /// Bytes from `self.at` on, without trailing zeros.
    pub(crate) fn garbage(&self) -> io::Result<u64> {
        self.garbage_within(0)
    }

    /// The same, from `self.at + skipped` on; counted from there.
    fn garbage_within(&self, skipped: usize) -> io::Result<u64> {
        let begin = self.at + skipped as u64;
        let mut last = 0;
        each_window(&self.file, begin, self.length, 0, |at, bytes| {
            if let Some(found) = last_not_zero(bytes) {
                last = at + found as u64 + 1 - begin;
            }
            Ok(true)
        })?;
        Ok(last)
    }
}

/// Offset of the last byte that is not zero.
fn last_not_zero(bytes: &[u8]) -> Option<usize> {
    let (rest, chunks) = bytes.as_rchunks::<64>();
    let begin = rest.len();
    let chunk = chunks.iter().rposition(|chunk| *chunk != [0; 64]);
    let within = |bytes: &[u8]| bytes.iter().rposition(|&byte| byte != 0);
    match chunk {
        Some(chunk) => within(&chunks[chunk]).map(|at| begin + 64 * chunk + at),
        None => within(rest),
    }
}

/// A length that is known to be in the file, as a size in memory.
fn in_memory(whole: u64) -> usize {
    usize::try_from(whole).expect("a record's length has 32 bits")
}

fn checksum(check_at: usize, record: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&record[..check_at]), &record[check_at + 4..])
}

/// The checksum of a record in a file, but for the four bytes at `check_at`; `None` if the file is shorter.
pub(crate) fn checksum_in(
    file: &impl StorageFile,
    at: u64,
    check_at: usize,
    whole: u64,
) -> io::Result<Option<u32>> {
    let mut head = vec![0; check_at + 4];
    let mut read = file.read_at(at, &mut head)? as u64;
    let mut found = crc32c::crc32c(&head[..check_at]);
    each_window(file, at + read, at + whole, 0, |_, bytes| {
        found = crc32c::crc32c_append(found, bytes);
        read += bytes.len() as u64;
        Ok(true)
    })?;
    Ok((read == whole).then_some(found))
}

/// Passes on the bytes of a file from `from` to `to` window by window, each but the first with the last `overlap`
/// bytes of the one before, until `each` stops. Reads each byte once.
pub(crate) fn each_window(
    file: &impl StorageFile,
    from: u64,
    to: u64,
    overlap: usize,
    mut each: impl FnMut(u64, &[u8]) -> io::Result<bool>,
) -> io::Result<()> {
    let size = usize::try_from(to.saturating_sub(from)).unwrap_or(WINDOW).min(WINDOW);
    let mut window = vec![0; overlap + size];
    let (mut at, mut kept) = (from, 0);
    while at < to {
        let wanted = usize::try_from(to - at).unwrap_or(size).min(size);
        let read = file.read_at(at, &mut window[kept..kept + wanted])?;
        let filled = kept + read;
        if read == 0 || !each(at - kept as u64, &window[..filled])? {
            break;
        }
        at += read as u64;
        let keep = overlap.min(filled);
        window.copy_within(filled - keep..filled, 0);
        kept = keep;
    }
    Ok(())
}
