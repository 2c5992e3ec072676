//! Reads a whole journal, segment by segment, and tells a torn tail from damage. Changes nothing.
//! The decision table stands above [`Scan::segment`], which decides.

use std::collections::VecDeque;

use protocol::bytes::BytesError;

use crate::error::{self, Damage, JournalError};
use crate::evidence;
use crate::record::{self, Chain, Format, GENESIS, RecordHead, SegmentHead};
use crate::walk::{Chained, Step, Walk};
use crate::{Batch, Storage, StorageFile};

/// The end of a journal, and what a start must repair.
pub(crate) struct Scan {
    /// The position after the last whole record.
    pub(crate) position: u64,
    pub(crate) chain: Chain,
    /// The chain's value after the journal's first record, which is unique to a journal.
    pub(crate) id: Option<Chain>,
    /// Start of the last record: first fact of its segment, and byte offset.
    pub(crate) last: (u64, u64),
    /// The last segment.
    pub(crate) tail: Option<Tail>,
    /// Earlier segments without the record that announces the next one: a crash came before that was durable.
    pub(crate) unsaid: Vec<Unsaid>,
}

/// The last segment of a journal.
pub(crate) struct Tail {
    pub(crate) name: String,
    pub(crate) format: Format,
    /// End of the last whole record, in bytes.
    pub(crate) at: u64,
    /// From this byte on, no record proves the others before it durable.
    pub(crate) unsure: u64,
    /// Length of the file, in bytes.
    pub(crate) length: u64,
    /// Length of a torn tail after the last whole record, in bytes.
    pub(crate) garbage: u64,
}

impl Tail {
    /// The end of a new segment.
    pub(crate) fn of_new_segment(name: String) -> Tail {
        let at = SegmentHead::LENGTH as u64;
        Tail { name, format: Format::New, at, unsure: at, length: at, garbage: 0 }
    }
}

/// A segment without the record that announces the next one.
pub(crate) struct Unsaid {
    pub(crate) name: String,
    /// End of its last record, in bytes.
    pub(crate) at: u64,
    /// Position after that record.
    pub(crate) position: u64,
    pub(crate) chain: Chain,
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

/// Receives each batch; returns an error for one that holds no facts.
type Each<'a> = dyn FnMut(&Batch<'_>) -> Result<(), BytesError> + 'a;

/// Reads and checks the whole journal, and passes on every batch.
pub(crate) fn scan<S: Storage>(storage: &S, each: &mut Each<'_>) -> Result<Scan, JournalError> {
    let mut scan = Scan {
        position: 1,
        chain: GENESIS,
        id: None,
        last: (1, 0),
        tail: None,
        unsaid: Vec::new(),
    };
    let mut segments: VecDeque<_> = segments(storage)?.into();
    while let Some((first, name)) = segments.pop_front() {
        let next = segments.front().map(|(next, _)| *next);
        let followed = scan.segment(storage, first, &name, next, each)?;
        let Some(tail) = scan.tail.as_ref() else { break };
        if segments.is_empty() && followed {
            // A writer may have begun one after the names were listed.
            segments = self::segments(storage)?.into_iter().filter(|(at, _)| *at > first).collect();
            if segments.is_empty() {
                let (segment, offset, seq) = (storage.path(&name), tail.at, scan.position);
                let damage = Damage::NextSegment;
                return Err(JournalError::Damaged { segment, offset, seq, damage });
            }
        }
        if !segments.is_empty() && !followed && tail.format == Format::New {
            let (at, position, chain) = (tail.at, scan.position, scan.chain);
            scan.unsaid.push(Unsaid { name, at, position, chain });
        }
    }
    Ok(scan)
}

impl Scan {
    /// Reads a segment, which must follow the ones read before. True if it announces another segment.
    ///
    /// - `next`: the first fact of the next segment, if there is one
    ///
    /// | found | meaning | action |
    /// |---|---|---|
    /// | nothing or zeros after the last record, or a mark and zeros | the end | end there |
    /// | last segment: no record, and nothing written later after it | a torn tail | truncate, save the bytes |
    /// | the same, and after it what no crash leaves (see [`crate::evidence`]) | damage | refuse |
    /// | other segment, before the next one's first fact: a torn announcement of that segment | the end | end there |
    /// | last segment: ends with an announcement | segments are missing | refuse |
    /// | anything else | damage | refuse |
    ///
    /// After each sync the writer puts a mark after the batch, before any of it is acknowledged. The mark is then in
    /// the page cache, and perhaps not on the disk.
    ///
    /// - After the program alone ended: a batch without a mark was never acknowledged.
    /// - After a loss of power: the last mark may be lost. A whole last batch is kept. A partial one was either never
    ///   synced or damaged after its sync; the journal cannot tell which.
    fn segment<S: Storage>(
        &mut self,
        storage: &S,
        first: u64,
        name: &str,
        next: Option<u64>,
        each: &mut Each<'_>,
    ) -> Result<bool, JournalError> {
        let damaged = |offset, seq, damage| {
            Err(JournalError::Damaged { segment: storage.path(name), offset, seq, damage })
        };
        let (file, head) = open_segment(storage, name, first)?;
        if head.first != self.position {
            return damaged(0, self.position, Damage::Gap { found: head.first });
        }
        if head.previous != self.chain {
            return damaged(0, self.position, Damage::Chain);
        }
        let failed = || error::io("read", storage.path(name));
        let (begin, chained) = (SegmentHead::LENGTH as u64, Chained::Known(self.chain));
        let walk = Walk::new(file, head.format, begin, self.position, chained);
        let mut walk = walk.map_err(failed())?;
        let mut unsure = VecDeque::new();
        let mut looked_again = 0;
        let (mut garbage, mut followed) = (0, false);
        let mut speaks_against = None;
        loop {
            let (at, position) = (walk.at, walk.position);
            match walk.step().map_err(failed())? {
                Step::Record(batch) => {
                    if let Err(error) = each(&batch) {
                        return damaged(at, position, Damage::Facts(error));
                    }
                    (looked_again, speaks_against) = (0, None);
                    self.last = (first, at);
                    unsure.push_back((position, at));
                    unsure_from(&mut unsure, walk.durable);
                    if self.id.is_none() {
                        self.id = Some(walk.chain().map_err(failed())?);
                    }
                }
                Step::End => break,
                Step::Followed => {
                    followed = true;
                    break;
                }
                // A writer may have been writing this record while it was read. If a later record proves it durable,
                // it is whole by now: read it again, and what is still wrong is damage.
                Step::Bad(damage) => {
                    // The announcement is written when the next segment exists, so a crash may tear it.
                    if damage == Damage::Record
                        && next == Some(position)
                        && walk.format == Format::New
                        && walk.garbage().map_err(failed())? <= RecordHead::LENGTH as u64
                    {
                        break;
                    }
                    let may_be_torn = damage == Damage::Record && next.is_none();
                    match looked_again {
                        0 => {}
                        1 if may_be_torn => {
                            let against = evidence::against_a_crash(&walk);
                            speaks_against = against.map_err(failed())?;
                            if speaks_against.is_none() {
                                garbage = walk.garbage().map_err(failed())?;
                                break;
                            }
                        }
                        _ => return damaged(at, position, speaks_against.unwrap_or(damage)),
                    }
                    looked_again += 1;
                    walk.look_again().map_err(failed())?;
                }
            }
        }
        self.position = walk.position;
        self.chain = walk.chain().map_err(failed())?;
        unsure_from(&mut unsure, walk.durable);
        let unsure = unsure.front().map_or(walk.at, |(_, at)| *at);
        let Walk { format, at, length, .. } = walk;
        self.tail = Some(Tail { name: name.to_owned(), format, at, unsure, length, garbage });
        Ok(followed)
    }
}

/// Removes the records that a later one proves durable.
fn unsure_from(records: &mut VecDeque<(u64, u64)>, durable: u64) {
    while records.front().is_some_and(|(first, _)| *first < durable) {
        records.pop_front();
    }
}
