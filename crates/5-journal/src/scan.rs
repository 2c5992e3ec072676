//! Walks segments from record to record, and tells a torn tail from damage.
//!
//! Changes nothing. A record that does not hold is a *torn tail* only if nothing that was durable
//! can follow it: no later segment, and no later record that was written when this one was durable
//! already (each record says how far the journal was durable). Then it was never acknowledged, and
//! may be cut. Anything else is damage.

use std::collections::VecDeque;
use std::io;

use words::bytes::BytesError;

use crate::error::{self, Damage, JournalError};
use crate::record::{self, Chain, GENESIS, RecordHead, SegmentHead};
use crate::{Batch, Storage, StorageFile};

/// Files are read this many bytes at a time.
const CHUNK: usize = 1 << 20;

/// A segment that is being read from record to record.
pub(crate) struct Walk<F> {
    file: F,
    length: u64,
    window: Vec<u8>,
    window_at: u64,
    /// Where the next record begins.
    pub(crate) at: u64,
    /// The number of its first fact.
    pub(crate) position: u64,
    /// The chain's value before it.
    pub(crate) chain: Chain,
    /// Facts before this position were durable when the record before it was written.
    durable: u64,
    /// False where the chain has been checked before, when the journal was opened.
    checks_chain: bool,
}

/// What comes next in a segment.
pub(crate) enum Step<'a> {
    /// A whole record.
    Record(Batch<'a>),
    /// Nothing, or only zeros that were set aside.
    End,
    /// Something that is no record in its place.
    Bad(Damage),
}

impl<F: StorageFile> Walk<F> {
    /// Begins at a record: at `at` bytes in the file, which follows `position` and `chain`.
    pub(crate) fn new(file: F, at: u64, position: u64, chain: Chain) -> io::Result<Walk<F>> {
        let length = file.length()?;
        let window = Vec::new();
        let (window_at, durable, checks_chain) = (0, 0, true);
        Ok(Walk { file, length, window, window_at, at, position, chain, durable, checks_chain })
    }

    /// The same, without the chain: checksums and numbers only.
    pub(crate) fn without_chain(self) -> Walk<F> {
        Walk { checks_chain: false, ..self }
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
            let target = wanted.max(CHUNK).min(usize::try_from(rest).unwrap_or(usize::MAX));
            self.window.resize(target.max(kept), 0);
            let read = self.file.read_at(self.at + kept as u64, &mut self.window[kept..])?;
            self.window.truncate(kept + read);
            let end = wanted.min(self.window.len());
            return Ok(&self.window[..end]);
        }
        Ok(&self.window[begin..begin + wanted])
    }

    /// The next record, checked against its checksum, its place and the chain.
    pub(crate) fn step(&mut self) -> io::Result<Step<'_>> {
        let rest = self.length.saturating_sub(self.at);
        let bytes = self.look(RecordHead::LENGTH)?;
        let head = match bytes.first_chunk() {
            Some(bytes) if bytes.iter().any(|&byte| byte != 0) => RecordHead::parse(bytes),
            _ => {
                let is_end = self.garbage()? == 0;
                return Ok(if is_end { Step::End } else { Step::Bad(Damage::Record) });
            }
        };
        if head.whole() as u64 > rest {
            return Ok(Step::Bad(Damage::Record));
        }
        let (chain, position, checks_chain) = (self.chain, self.position, self.checks_chain);
        let record = self.look(head.whole())?;
        if record.len() < head.whole() || !head.holds(record) {
            return Ok(Step::Bad(Damage::Record));
        }
        if head.first != position {
            return Ok(Step::Bad(Damage::Gap { found: head.first }));
        }
        if head.is_closing() {
            return self.close(&head);
        }
        let follows = || head.chain_after(&chain, &record[RecordHead::LENGTH..]) == head.chain;
        if checks_chain && !follows() {
            return Ok(Step::Bad(Damage::Chain));
        }
        let begin = usize::try_from(self.at - self.window_at).expect("within the window");
        self.at += head.whole() as u64;
        self.chain = head.chain;
        self.durable = head.durable();
        let batch = Batch {
            first: head.first,
            facts: head.facts.into(),
            groups: &self.window[begin + RecordHead::LENGTH..begin + head.whole()],
        };
        self.position = batch.end();
        Ok(Step::Record(batch))
    }

    /// A closing record is the end, and stays where the next record goes. What stands behind it is a later write
    /// that arrived before the one that goes over it.
    fn close(&mut self, head: &RecordHead) -> io::Result<Step<'_>> {
        if self.checks_chain && head.chain != self.chain {
            return Ok(Step::Bad(Damage::Chain));
        }
        if self.garbage()? > RecordHead::LENGTH as u64 {
            return Ok(Step::Bad(Damage::Record));
        }
        self.durable = head.durable();
        Ok(Step::End)
    }

    /// Forgets what was read ahead: a writer may have gone on since.
    fn look_again(&mut self) -> io::Result<()> {
        self.length = self.file.length()?;
        self.window.clear();
        self.window_at = self.at;
        Ok(())
    }

    /// Everything from `self.at` on.
    fn rest(&self) -> io::Result<Vec<u8>> {
        let rest = usize::try_from(self.length.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; rest];
        let read = self.file.read_at(self.at, &mut bytes)?;
        bytes.truncate(read);
        Ok(bytes)
    }

    /// How many bytes from `self.at` on are not just zeros to the file's end.
    pub(crate) fn garbage(&self) -> io::Result<u64> {
        let rest = self.rest()?;
        let last = rest.iter().rposition(|&byte| byte != 0);
        Ok(last.map_or(0, |last| last as u64 + 1))
    }

    /// True if a later record shows that what should be here was durable.
    fn was_durable(&self) -> io::Result<bool> {
        let rest = self.rest()?;
        for at in 1..rest.len() {
            let Some(bytes) = rest[at..].first_chunk() else { break };
            let head = RecordHead::parse(bytes);
            if head.is_likely(self.position, rest.len() - at)
                && head.durable() > self.position
                && head.holds(&rest[at..at + head.whole()])
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Where a journal ends.
pub(crate) struct Scan {
    /// The position after the last whole record.
    pub(crate) position: u64,
    pub(crate) chain: Chain,
    /// The last segment.
    pub(crate) tail: Option<Tail>,
}

/// The last segment of a journal.
pub(crate) struct Tail {
    pub(crate) name: String,
    /// Bytes up to the end of the last whole record.
    pub(crate) at: u64,
    /// From here on no record says that the others before it were durable.
    pub(crate) unsure: u64,
    /// The file's length.
    pub(crate) length: u64,
    /// Bytes of a torn tail after that.
    pub(crate) garbage: u64,
}

/// All segments, in order.
pub(crate) fn segments<S: Storage>(storage: &S) -> Result<Vec<(u64, String)>, JournalError> {
    let names = storage.list().map_err(error::io("list", storage.path("")))?;
    let mut segments: Vec<_> = names
        .into_iter()
        .filter_map(|name| record::segment_first(&name).map(|first| (first, name)))
        .collect();
    segments.sort();
    Ok(segments)
}

/// Opens a segment for reading and checks its head.
pub(crate) fn open_segment<S: Storage>(
    storage: &S,
    name: &str,
    first: u64,
) -> Result<(S::File, SegmentHead), JournalError> {
    let path = || storage.path(name);
    let file = storage.open(name).map_err(error::io("open", path()))?;
    let mut bytes = [0; SegmentHead::LENGTH];
    let read = file.read_at(0, &mut bytes).map_err(error::io("read", path()))?;
    let bad = |damage| JournalError::Damaged { segment: path(), offset: 0, seq: first, damage };
    let head = SegmentHead::parse(&bytes[..read]).map_err(bad)?;
    if head.first != first {
        return Err(bad(Damage::Head)); // the file was given another's name
    }
    Ok((file, head))
}

/// Reads the whole journal, checks all of it, and hands on every batch.
pub(crate) fn scan<S: Storage>(
    storage: &S,
    each: &mut dyn FnMut(&Batch<'_>) -> Result<(), BytesError>,
) -> Result<Scan, JournalError> {
    let mut scan = Scan { position: 1, chain: GENESIS, tail: None };
    let segments = segments(storage)?;
    for (index, (first, name)) in segments.iter().enumerate() {
        let is_last = index + 1 == segments.len();
        let damaged = |offset, seq, damage| {
            Err(JournalError::Damaged { segment: storage.path(name), offset, seq, damage })
        };
        let (file, head) = open_segment(storage, name, *first)?;
        if head.first != scan.position {
            return damaged(0, scan.position, Damage::Gap { found: head.first });
        }
        if head.previous != scan.chain {
            return damaged(0, scan.position, Damage::Chain);
        }
        let failed = || error::io("read", storage.path(name));
        let begin = SegmentHead::LENGTH as u64;
        let mut walk = Walk::new(file, begin, scan.position, scan.chain).map_err(failed())?;
        let mut unsure = VecDeque::new();
        let mut looked_again = 0;
        let garbage = loop {
            let (at, position) = (walk.at, walk.position);
            match walk.step().map_err(failed())? {
                Step::Record(batch) => {
                    if let Err(error) = each(&batch) {
                        return damaged(at, position, Damage::Facts(error));
                    }
                    looked_again = 0;
                    unsure.push_back((position, at));
                    unsure_from(&mut unsure, walk.durable);
                }
                Step::End => break 0,
                // It may have been read while it was written. If what follows shows that it is durable,
                // it has been written whole since: once more then, and what is wrong still is damage.
                Step::Bad(damage) => {
                    let may_be_torn = damage == Damage::Record && is_last;
                    match looked_again {
                        0 => {}
                        1 if may_be_torn => {
                            if !walk.was_durable().map_err(failed())? {
                                break walk.garbage().map_err(failed())?;
                            }
                        }
                        _ => return damaged(at, position, damage),
                    }
                    looked_again += 1;
                    walk.look_again().map_err(failed())?;
                }
            }
        };
        scan.position = walk.position;
        scan.chain = walk.chain;
        unsure_from(&mut unsure, walk.durable);
        let unsure = unsure.front().map_or(walk.at, |(_, at)| *at);
        let (at, length) = (walk.at, walk.length);
        scan.tail = Some(Tail { name: name.clone(), at, unsure, length, garbage });
    }
    Ok(scan)
}

/// Lets go of the records that a later one says were durable.
fn unsure_from(records: &mut VecDeque<(u64, u64)>, durable: u64) {
    while records.front().is_some_and(|(first, _)| *first < durable) {
        records.pop_front();
    }
}
