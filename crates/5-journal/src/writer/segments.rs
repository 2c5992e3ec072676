//! Selects the place of a record: allocated blocks, the end of the file, a new segment, or the spare one. A segment
//! announces the next one before anything in that can be durable.

use super::*;

impl<S: Storage> FileJournal<S> {
    /// The mark after the last record.
    pub(super) fn place_behind(&self) -> Place {
        // A count above 2^32 is stored as that: the reader is then only more cautious.
        let unsynced = u32::try_from(self.position - self.durable).unwrap_or(u32::MAX);
        Place { first: self.position, unsynced, chain: self.chain }
    }

    /// Writes the record in `self.record`, wherever there is space.
    pub(super) fn place(&mut self) -> Result<(), JournalError> {
        let end = self.at + self.record.len() as u64;
        let is_old = self.format == Format::Old;
        if end + BEHIND <= self.allocated && !is_old {
            return self.write();
        }
        let is_full = end + BEHIND > self.options.segment_bytes && self.at > HEAD;
        if is_full || is_old {
            if !self.begin_segment()? {
                return self.place_in_reserve();
            }
            self.put_place();
        }
        if self.grow()? { Ok(()) } else { self.place_in_reserve() }
    }

    /// Writes the record into allocated blocks.
    pub(super) fn write(&mut self) -> Result<(), JournalError> {
        let written = self.file.write_at(self.at, &self.record);
        written.map_err(|error| self.poisoned("write", error))
    }

    /// Writes the record where the file must grow for it. False if the disk is full; then the file
    /// is unchanged.
    pub(super) fn grow(&mut self) -> Result<bool, JournalError> {
        let end = self.at + self.record.len() as u64;
        let ahead = if self.record.len() as u64 <= SMALL {
            AHEAD.min(self.options.segment_bytes.saturating_sub(end)).max(BEHIND)
        } else {
            BEHIND
        };
        for ahead in [ahead, BEHIND] {
            let length = self.record.len();
            self.record.resize(length + usize::try_from(ahead).expect("at most AHEAD"), 0);
            let written = self.file.write_at(self.at, &self.record);
            self.record.truncate(length);
            match written {
                Ok(()) => {
                    self.allocated = self.allocated.max(end + ahead);
                    return Ok(true);
                }
                Err(error) if error::is_full(&error) => self.shrink_back()?,
                Err(error) => return Err(self.poisoned("write", error)),
            }
        }
        Ok(false)
    }

    /// Undoes a write that did not fit: zeros where there were zeros, and no more. The write
    /// began with the mark, if there was one, so the mark stays.
    pub(super) fn shrink_back(&mut self) -> Result<(), JournalError> {
        let mark = if self.marked { Place::LENGTH as u64 } else { 0 };
        let (at, allocated) = (self.at + mark, self.allocated);
        // Until that is synced, the disk may have the undone bytes: no segment may follow before.
        self.factless = true;
        let undone = self.file.set_length(allocated).and_then(|()| match at < allocated {
            true => mend::zero(&self.file, at, allocated),
            false => Ok(()),
        });
        undone.map_err(|error| self.poisoned("cut", error))
    }

    /// Continues in a new segment. False if the disk is full; then nothing has changed.
    pub(super) fn begin_segment(&mut self) -> Result<bool, JournalError> {
        self.sync_file()?;
        self.check_segment()?; // also if nothing was to be synced: it is not looked at again
        let begin = SegmentHead::begin(self.position, self.chain);
        let name = record::segment_name(self.position);
        match create_segment(&self.storage, &name, &begin) {
            Ok(file) => {
                // Without a synced name, a start may find the segment or not.
                self.storage.sync().map_err(|error| self.poisoned("sync the name after", error))?;
                self.go_on_in(file, name, begin.len() as u64)?;
            }
            Err(error) if error::is_full(&error) => {
                discard(&self.storage, ASIDE).map_err(|error| self.poisoned("remove", error))?;
                return Ok(false);
            }
            Err(error) => return Err(self.poisoned("create a segment after", error)),
        }
        Ok(true)
    }

    /// Bytes of records that fit into allocated blocks.
    pub(super) fn ahead(&self) -> u64 {
        self.allocated.saturating_sub(self.at + BEHIND)
    }

    /// Bytes that are kept for commands in flight once the journal refuses all others.
    pub(super) fn margin(&self) -> u64 {
        let reserve = if self.reserve.bytes > 0 { self.reserve.bytes } else { u64::MAX };
        MARGIN.min(self.options.segment_bytes / 8).min(reserve / 8)
    }

    /// Allocates the margin, as zeros after the last record; in a new segment where this
    /// one is at its end. False if the disk is full.
    pub(super) fn keep_margin(&mut self) -> Result<bool, JournalError> {
        let margin = self.margin();
        if self.ahead() >= margin && self.format == Format::New {
            return Ok(true);
        }
        let available = self.storage.available();
        if available.map_err(error::io("check the free space of", self.storage.path("")))? < margin
        {
            return Ok(false); // without trying: each failed attempt must be undone
        }
        let is_at_end = self.at + BEHIND + margin > self.options.segment_bytes && self.at > HEAD;
        if (is_at_end || self.format == Format::Old) && !self.begin_segment()? {
            return Ok(false);
        }
        let room_in_segment = self.options.segment_bytes.saturating_sub(self.at);
        for ahead in [AHEAD.min(room_in_segment).max(margin), margin] {
            let end = self.allocated.max(self.at + BEHIND + ahead);
            match mend::zero(&self.file, self.allocated, end) {
                Ok(()) => {
                    self.allocated = end;
                    return Ok(true);
                }
                Err(error) if error::is_full(&error) => self.shrink_back()?,
                Err(error) => return Err(self.poisoned("write", error)),
            }
        }
        Ok(false)
    }

    /// Continues in the spare segment, if there is one and the record fits.
    pub(super) fn place_in_reserve(&mut self) -> Result<(), JournalError> {
        let needed = HEAD + self.record.len() as u64 + BEHIND;
        if !self.reserve.held || needed > self.reserve.bytes {
            return Err(self.full());
        }
        self.sync_file()?;
        self.check_segment()?; // also if nothing was to be synced: it is not looked at again
        let begin = SegmentHead::begin(self.position, self.chain);
        let name = record::segment_name(self.position);
        let bytes = self.reserve.bytes;
        match self.reserve.take(&self.storage, &name, &begin) {
            Ok(Some(file)) => self.go_on_in(file, name, bytes)?,
            Ok(None) => return Err(self.full()),
            Err(error) if error::is_full(&error) && self.reserve.held => return Err(self.full()),
            Err(error) => return Err(self.poisoned("begin the reserve after", error)),
        }
        self.put_place();
        self.write()
    }

    /// In a new segment all before the record in the making is durable: it must begin with the mark that is there.
    pub(super) fn put_place(&mut self) {
        RecordHead::put_place(&self.place_behind(), &mut self.record);
    }

    /// Ends the current segment, which is durable, without the zeros after it; announces the next one.
    pub(super) fn go_on_in(
        &mut self,
        file: S::File,
        name: String,
        bytes: u64,
    ) -> Result<(), JournalError> {
        let replaced = name == self.name; // it held no record yet, and its file is gone
        let last = std::mem::replace(&mut self.file, file);
        if !replaced {
            let ended = match self.format {
                Format::New => mend::end_segment(&last, self.at, &self.place_behind()),
                Format::Old if self.allocated > self.at => last.set_length(self.at),
                Format::Old => Ok(()),
            };
            ended.map_err(|error| self.poisoned("end", error))?;
        }
        self.name = name;
        self.format = Format::New;
        self.at = HEAD;
        self.allocated = bytes;
        self.marked = true;
        Ok(())
    }
}
