//! The canonical bytes of facts: what is stored, hashed, and the same on every machine.
//!
//! A *group* is all facts of one command: its number, its time, how many facts, then the facts. One
//! value has exactly one spelling, and anything else is refused with its place; no bytes make this
//! file panic. A fact's number is not stored: it follows from the first one's by counting.
//! `docs/journal-format.md` describes the format; a golden test keeps it as it is.
//!
//! ```
//! use units::{CommandId, Lots, OrderId, Time};
//! use protocol::bytes::{Facts, FactEncoder};
//! use protocol::{CancelReason, Fact, Stamp};
//!
//! let reason = CancelReason::Requested;
//! let cancelled = Fact::Cancelled { order: OrderId(3), quantity: Lots(10), reason };
//! let stamp = Stamp { seq: 21, command: CommandId(5), time: Time(0) };
//! let mut encoder = FactEncoder::new();
//! encoder.push(stamp, &cancelled);
//! // Command 5, time 0, one fact: cancelled, an order of two commands ago, 10 lots.
//! assert_eq!(encoder.bytes(), [5, 0, 1, 8, 2, 10]);
//! assert_eq!(Facts::new(encoder.bytes(), 21).next(), Some(Ok((stamp, cancelled))));
//! ```

mod fact;
mod hash;
#[cfg(test)]
mod tests;
mod varint;

use thiserror::Error;
use units::{CommandId, Time};

use crate::{Fact, Stamp};
use varint::{Cursor, Spool};

pub use hash::FactsHash;

/// Groups in the making: facts go in one by one, canonical bytes come out.
///
/// Always whole: after each [`FactEncoder::push`] the bytes are those of the groups so far. Allocates
/// only to grow, so one that is cleared and used again does not allocate.
#[derive(Clone, Default, Debug)]
pub struct FactEncoder {
    /// The bytes, and zeros or old bytes behind them, so that a fact is written without growing.
    bytes: Vec<u8>,
    length: usize,
    first: u64,
    facts: u64,
    commands: Option<(CommandId, CommandId)>,
    time: Time,
    /// Facts of the last group, and where that number is written.
    in_group: u64,
    count_at: usize,
}

impl FactEncoder {
    /// No groups.
    pub fn new() -> FactEncoder {
        FactEncoder::default()
    }

    /// Adds the next fact; a new command begins a new group. About 20 ns,
    /// of which a new group's head is a third.
    ///
    /// Facts must come in order: `stamp.seq` one up from the last, and all of a command's facts, with
    /// the same time, one after another. Anything else is a bug of the caller and panics.
    #[inline]
    pub fn push(&mut self, stamp: Stamp, fact: &Fact) {
        let same_command = match self.commands {
            Some((_, last)) if last == stamp.command => {
                assert_eq!(stamp.time, self.time, "all facts of a command have its time");
                self.count();
                true
            }
            _ => false,
        };
        if self.facts == 0 {
            self.first = stamp.seq;
        }
        assert_eq!(stamp.seq, self.first + self.facts, "facts are numbered without gaps");
        self.facts += 1;
        if self.bytes.len() - self.length < varint::FACT_SPACE {
            self.grow();
        }
        let mut out = Spool::new(&mut self.bytes[self.length..]);
        if !same_command {
            out.varint(stamp.command.0);
            out.varint(stamp.time.0);
            self.count_at = self.length + out.at();
            out.byte(1);
            self.commands =
                Some((self.commands.map_or(stamp.command, |(first, _)| first), stamp.command));
            self.time = stamp.time;
            self.in_group = 1;
        }
        fact::write(stamp.command, fact, &mut out);
        self.length += out.at();
    }

    #[cold]
    fn grow(&mut self) {
        let length = (self.bytes.len() * 2).max(4096);
        self.bytes.resize(length, 0);
    }

    /// Forgets the groups and keeps the memory.
    pub fn clear(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        *self = FactEncoder { bytes, ..FactEncoder::default() };
    }

    /// The groups' bytes, ready to be stored.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// How many facts there are.
    pub fn facts(&self) -> u64 {
        self.facts
    }

    /// The first fact's number; 0 while there is none.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// The command of the first group.
    pub fn first_command(&self) -> Option<CommandId> {
        self.commands.map(|(first, _)| first)
    }

    /// The command of the last group.
    pub fn last_command(&self) -> Option<CommandId> {
        self.commands.map(|(_, last)| last)
    }

    /// True if no fact has come.
    pub fn is_empty(&self) -> bool {
        self.facts == 0
    }

    /// One more fact in this group. Its number stands before them, so that a reader knows the end.
    #[inline]
    fn count(&mut self) {
        self.in_group += 1;
        if self.in_group < 128 {
            self.bytes[self.count_at] += 1;
        } else {
            self.count_long();
        }
    }

    /// A sweep over many orders: the number needs more bytes, so what follows it moves up.
    fn count_long(&mut self) {
        let mut count = [0; varint::FACT_SPACE];
        let mut spool = Spool::new(&mut count);
        spool.varint(self.in_group);
        let (old, new) = (varint::length(self.in_group - 1), spool.at());
        if new > old {
            if self.bytes.len() == self.length {
                self.grow();
            }
            let rest = self.count_at + old;
            self.bytes.copy_within(rest..self.length, rest + 1);
            self.length += 1;
        }
        self.bytes[self.count_at..self.count_at + new].copy_from_slice(&count[..new]);
    }
}

impl PartialEq for FactEncoder {
    fn eq(&self, other: &FactEncoder) -> bool {
        (self.first, self.bytes()) == (other.first, other.bytes())
    }
}

impl Eq for FactEncoder {}

/// Reads the facts of groups, with their stamps, in order. About 25 ns a fact; allocates nothing.
///
/// After an error there is nothing more: the bytes are not facts from there on.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    cursor: Cursor<'a>,
    seq: u64,
    command: CommandId,
    time: Time,
    left: u64,
    failed: bool,
}

impl<'a> Facts<'a> {
    /// Reads whole groups, whose first fact has the number `first`.
    pub fn new(groups: &'a [u8], first: u64) -> Facts<'a> {
        Facts {
            cursor: Cursor::new(groups),
            seq: first,
            command: CommandId(0),
            time: Time(0),
            left: 0,
            failed: false,
        }
    }

    /// The number of the fact that comes next.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    #[inline]
    fn read(&mut self) -> Result<(Stamp, Fact), BytesError> {
        if self.left == 0 {
            self.read_head()?;
        }
        let fact = fact::read(self.command, &mut self.cursor)?;
        let stamp = Stamp { seq: self.seq, command: self.command, time: self.time };
        self.seq = self.seq.checked_add(1).ok_or_else(|| self.cursor.error(What::Range))?;
        self.left -= 1;
        Ok((stamp, fact))
    }

    #[inline]
    fn read_head(&mut self) -> Result<(), BytesError> {
        let is_first = self.cursor.at() == 0;
        let command = CommandId(self.cursor.varint()?);
        if command == self.command && !is_first {
            return Err(self.cursor.error(What::SameCommand));
        }
        self.command = command;
        self.time = Time(self.cursor.varint()?);
        self.left = self.cursor.small()?;
        if self.left == 0 {
            return Err(self.cursor.error(What::NoFacts));
        }
        Ok(())
    }
}

impl Iterator for Facts<'_> {
    type Item = Result<(Stamp, Fact), BytesError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if (self.left == 0 && self.cursor.is_at_end()) || self.failed {
            return None;
        }
        let fact = self.read();
        self.failed = fact.is_err();
        Some(fact)
    }
}

impl std::iter::FusedIterator for Facts<'_> {}

/// Bytes that are no groups of facts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("not facts at byte {at}: {what}")]
pub struct BytesError {
    /// How many bytes in the reader stood.
    pub at: usize,
    /// What is wrong there.
    pub what: What,
}

/// What is wrong with bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum What {
    /// They end within a group.
    #[error("the bytes end within a group")]
    Truncated,
    /// A number has more bytes than it needs.
    #[error("a number has more bytes than it needs")]
    Overlong,
    /// A number is too large for its field.
    #[error("a number is too large for its field")]
    Range,
    /// No fact is of this kind, or not with these flags.
    #[error("no fact is of this kind, or has these flags")]
    Kind,
    /// An invalid market name.
    #[error("invalid market name")]
    Symbol,
    /// An invalid tick or lot.
    #[error("invalid tick or lot")]
    Scale,
    /// An invalid client id.
    #[error("invalid client id")]
    Client,
    /// A group of no facts.
    #[error("a group has no facts")]
    NoFacts,
    /// Two groups of the same command in a row.
    #[error("a command has two groups")]
    SameCommand,
    /// More or fewer facts than the record states.
    #[error("the count of facts differs from that of the record")]
    Count,
}
