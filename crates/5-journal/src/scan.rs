//! Reads a whole journal, segment by segment, and tells a torn tail from damage. Changes nothing.
//!
//! | what is found | what it is | what is done |
//! |---|---|---|
//! | nothing or zeros behind the last record, or a mark and zeros | the end | it ends there |
//! | in the last segment, no record, and nothing behind it that was written later | a torn tail | cut, and kept aside |
//! | the same, and behind it what no crash leaves (see [`crate::evidence`]) | damage | refused |
//! | in another segment, before the next one's first fact, a torn word that one follows | the end | it ends there |
//! | the last segment ends with the record that says that another follows | segments are missing | refused |
//! | anything else | damage | refused |
//!
//! After each sync a mark is written behind the batch, before any of it is acknowledged. The mark is with the system
//! then, and not surely on the disk. So after the end of the program alone, what has no mark behind it was never
//! acknowledged. After a loss of power the last mark may be lost: then the last batch is told from a torn one by
//! its being whole, and if it is not, nothing tells whether the disk lost it before or after its sync.

use std::collections::VecDeque;

use protocol::bytes::BytesError;

use crate::error::{self, Damage, JournalError};
use crate::evidence;
use crate::record::{self, Chain, Format, GENESIS, RecordHead, SegmentHead};
use crate::walk::{Chained, Step, Walk};
use crate::{Batch, Storage, StorageFile};

/// Where a journal ends.
pub(crate) struct Scan {
    /// The position after the last whole record.
    pub(crate) position: u64,
    pub(crate) chain: Chain,
    /// The chain's value after the journal's first record: no two journals have the same.
    pub(crate) id: Option<Chain>,
    /// Where the last record begins: in the segment that begins with this fact, at this byte.
    pub(crate) last: (u64, u64),
    /// The last segment.
    pub(crate) tail: Option<Tail>,
    /// Segments before the last that do not say that another follows: a crash came before that was durable.
    pub(crate) unsaid: Vec<Unsaid>,
}

/// The last segment of a journal.
pub(crate) struct Tail {
    pub(crate) name: String,
    pub(crate) format: Format,
    /// Bytes up to the end of the last whole record.
    pub(crate) at: u64,
    /// From here on no record says that the others before it were durable.
    pub(crate) unsure: u64,
    /// The file's length.
    pub(crate) length: u64,
    /// Bytes of a torn tail after that.
    pub(crate) garbage: u64,
}

impl Tail {
    /// The end of a segment that was just begun.
    pub(crate) fn of_new_segment(name: String) -> Tail {
        let at = SegmentHead::LENGTH as u64;
        Tail { name, format: Format::New, at, unsure: at, length: at, garbage: 0 }
    }
}

/// A segment that is followed by another and does not say so.
pub(crate) struct Unsaid {
    pub(crate) name: String,
    /// Where its last record ends.
    pub(crate) at: u64,
    /// What follows that.
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

/// Hands on each batch; says what is wrong with one that holds no facts.
type Each<'a> = dyn FnMut(&Batch<'_>) -> Result<(), BytesError> + 'a;

/// Reads the whole journal, checks all of it, and hands on every batch.
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
            // A writer may have begun one since the names were listed.
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
    /// Reads a segment, which must follow what was read. True if it says that another follows.
    ///
    /// - `next`: with which fact the next segment begins, if there is one
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
                // It may have been read while it was written. If what follows shows that it is durable,
                // it has been written whole since: once more then, and what is wrong still is damage.
                Step::Bad(damage) => {
                    // The word that another segment follows is written when that is there: so it may be torn.
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

/// Lets go of the records that a later one says were durable.
fn unsure_from(records: &mut VecDeque<(u64, u64)>, durable: u64) {
    while records.front().is_some_and(|(first, _)| *first < durable) {
        records.pop_front();
    }
}
