//! Reads batches from segment files, also while the writer goes on. Changes nothing.
//!
//! The chain was checked when the journal was opened, or made by this program since. The reader checks every
//! record's checksum and number, to detect later damage.

use std::ops::ControlFlow;

use crate::error::{self, Damage, JournalError};
use crate::record::{Chain, Format, GENESIS, SegmentHead};
use crate::scan;
use crate::walk::{Chained, Step, Walk};
use crate::{Batch, Reader, Storage};

/// A reader of the segments in a [`Storage`]. It remembers its position, to continue there.
pub(crate) struct FileReader<S> {
    storage: S,
    last: Option<Mark>,
}

/// Start of a record.
#[derive(Clone)]
struct Mark {
    segment: (u64, String),
    format: Format,
    at: u64,
    position: u64,
    chained: Chained,
}

impl<S: Storage> FileReader<S> {
    pub(crate) fn new(storage: S) -> FileReader<S> {
        FileReader { storage, last: None }
    }

    /// The mark from which to search for `position`: the end of the last read, or its segment's
    /// start.
    fn mark(&self, position: u64) -> Result<Mark, JournalError> {
        if let Some(last) = self.last.as_ref().filter(|last| last.position == position) {
            return Ok(last.clone());
        }
        let mut segments = scan::segments(&self.storage)?;
        let follows = segments.partition_point(|(first, _)| *first <= position);
        segments.truncate(follows);
        let segment = segments.pop().ok_or(JournalError::NotKept { from: position })?;
        let (_file, head) = scan::open_segment(&self.storage, &segment.1, segment.0)?;
        let at = SegmentHead::LENGTH as u64;
        let chained = Chained::Known(head.previous);
        Ok(Mark { position: segment.0, segment, format: head.format, at, chained })
    }

    /// Begins to read at a mark.
    fn walk(&self, mark: &Mark) -> Result<Walk<S::File>, JournalError> {
        let path = || self.storage.path(&mark.segment.1);
        let file = self.storage.open(&mark.segment.1).map_err(error::io("open", path()))?;
        let walk = Walk::new(file, mark.format, mark.at, mark.position, mark.chained);
        Ok(walk.map_err(error::io("read", path()))?.without_chain())
    }

    /// The chain's value after the record in which the fact before `position` lies. Reads its segment up to there.
    pub(crate) fn chain_at(&self, position: u64) -> Result<Chain, JournalError> {
        if position <= 1 {
            return Ok(GENESIS);
        }
        let mark = self.mark(position - 1)?;
        let mut walk = self.walk(&mark)?;
        while walk.position < position {
            let path = || self.storage.path(&mark.segment.1);
            match walk.step().map_err(error::io("read", path()))? {
                Step::Record(_) => {}
                Step::End | Step::Followed | Step::Bad(_) => {
                    return Err(JournalError::NotKept { from: position });
                }
            }
        }
        walk.chain().map_err(error::io("read", self.storage.path(&mark.segment.1)))
    }

    /// The segment that begins at `position`, after the one that ended at `mark`.
    fn next_segment(&self, mark: &Mark, position: u64, chain: Chain) -> Result<Mark, JournalError> {
        let damaged = |name: &str, offset, damage| JournalError::Damaged {
            segment: self.storage.path(name),
            offset,
            seq: position,
            damage,
        };
        let segments = scan::segments(&self.storage)?;
        let next = segments.into_iter().find(|(first, _)| *first > mark.segment.0);
        match next {
            Some(segment) if segment.0 == position => {
                let (_file, head) = scan::open_segment(&self.storage, &segment.1, segment.0)?;
                if head.previous != chain {
                    return Err(damaged(&segment.1, 0, Damage::Chain));
                }
                let (at, chained) = (SegmentHead::LENGTH as u64, Chained::Known(chain));
                Ok(Mark { segment, format: head.format, at, position, chained })
            }
            Some((found, name)) => Err(damaged(&name, 0, Damage::Gap { found })),
            None => Err(JournalError::NotKept { from: position }),
        }
    }
}

impl<S: Storage> Reader for FileReader<S> {
    fn read(
        &mut self,
        from: u64,
        until: u64,
        each: &mut dyn FnMut(Batch<'_>) -> ControlFlow<()>,
    ) -> Result<u64, JournalError> {
        if from >= until {
            return Ok(from);
        }
        let mut mark = self.mark(from)?;
        loop {
            let path = || self.storage.path(&mark.segment.1);
            let mut walk = self.walk(&mark)?;
            let mut stop = false;
            while walk.position < until && !stop {
                let (offset, seq) = (walk.at, walk.position);
                match walk.step().map_err(error::io("read", path()))? {
                    Step::Record(batch) if batch.end() <= from => {}
                    Step::Record(batch) => stop = each(batch).is_break(),
                    Step::End | Step::Followed => break,
                    Step::Bad(damage) => {
                        let segment = path();
                        return Err(JournalError::Damaged { segment, offset, seq, damage });
                    }
                }
            }
            let (at, position, chained) = (walk.at, walk.position, walk.chained());
            mark = Mark { at, position, chained, ..mark };
            if mark.position >= until || stop {
                let position = mark.position;
                self.last = Some(mark);
                return Ok(position);
            }
            let chain =
                walk.chain().map_err(error::io("read", self.storage.path(&mark.segment.1)))?;
            mark = self.next_segment(&mark, mark.position, chain)?;
        }
    }
}
