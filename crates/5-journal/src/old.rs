//! The head of a record in a segment of version 1, which is read and no longer written. Pure; it knows no file.
//!
//! It has one checksum over head and payload, so checking it costs the whole length, and a killed program
//! left no proof of what was durable before a partial record.

use crate::record::{Chain, FACTS, chain_after, u32_at, u64_at};

/// The head of a record; its payload, whole groups of facts, follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct OldHead {
    /// Bytes of the payload.
    pub(crate) length: u32,
    check: u32,
    /// Number of the first fact.
    pub(crate) first: u64,
    /// How many facts there are.
    pub(crate) facts: u32,
    /// Number of facts before `first` that were not known to be durable when this was written.
    unsynced: u32,
    kind: u32,
    /// The hash over this record and all before it.
    pub(crate) chain: Chain,
}

/// A record without facts that a clean end left after the last one: all before it was durable.
const CLOSING: u32 = 2;

impl OldHead {
    pub(crate) const LENGTH: usize = 60;

    /// Reads a head; check [`OldHead::is_one`] and the checksum next.
    pub(crate) fn parse(bytes: &[u8; OldHead::LENGTH]) -> OldHead {
        OldHead {
            length: u32_at(bytes, 0),
            check: u32_at(bytes, 4),
            first: u64_at(bytes, 8),
            facts: u32_at(bytes, 16),
            unsynced: u32_at(bytes, 20),
            kind: u32_at(bytes, 24),
            chain: bytes[28..].try_into().expect("32 bytes"),
        }
    }

    /// Bytes of head and payload.
    pub(crate) fn whole(&self) -> u64 {
        OldHead::LENGTH as u64 + u64::from(self.length)
    }

    /// True if it has the form of a record, whatever its checksum.
    pub(crate) fn is_one(&self) -> bool {
        (self.kind == FACTS && (1..=self.length).contains(&self.facts)) || self.is_closing()
    }

    /// True if it has the form of a closing record.
    pub(crate) fn is_closing(&self) -> bool {
        self.kind == CLOSING && (self.length, self.facts, self.unsynced) == (0, 0, 0)
    }

    /// The checksum that the bytes from 8 on must have, given that of the first four.
    pub(crate) fn check(&self) -> u32 {
        self.check
    }

    /// Facts before this position were durable when the record was written.
    pub(crate) fn durable(&self) -> u64 {
        self.first.saturating_sub(self.unsynced.into())
    }

    /// True if it follows a record with the chain `previous`. About 0.5 ns a byte.
    pub(crate) fn follows(&self, previous: &Chain, payload: &[u8]) -> bool {
        chain_after(previous, self.first, self.facts, payload) == self.chain
    }
}
