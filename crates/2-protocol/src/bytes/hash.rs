//! One number for all of history: BLAKE3 over the groups' bytes in order, whatever the batches.

use std::fmt;

use super::FactEncoder;
use crate::{Fact, Stamp};

/// Small groups are collected up to here: BLAKE3 takes many kilobytes at once far faster than few.
const BUFFER: usize = 1 << 16;

/// The running hash of facts. Two journals with the same hash hold the same facts, byte for byte.
///
/// Facts go in by [`FactsHash::add`], one at a time, or by [`FactsHash::update`], as bytes; the two
/// give the same. It is written as 64 hex digits. Costs about a third of a nanosecond a byte.
#[derive(Clone, Default)]
pub struct FactsHash {
    hasher: blake3::Hasher,
    groups: FactEncoder,
    waiting: Vec<u8>,
}

impl FactsHash {
    /// The hash of no facts.
    pub fn new() -> FactsHash {
        FactsHash::default()
    }

    /// Takes the next fact. All facts of a command must come one after another.
    pub fn add(&mut self, stamp: Stamp, fact: &Fact) {
        if self.groups.bytes().len() >= BUFFER && self.groups.last_command() != Some(stamp.command)
        {
            self.flush();
        }
        self.groups.push(stamp, fact);
    }

    /// Takes whole groups as they are in [`FactEncoder::bytes`] or in the journal.
    pub fn update(&mut self, groups: &[u8]) {
        if !self.groups.is_empty() || self.waiting.len() + groups.len() > BUFFER {
            self.flush();
        }
        if groups.len() >= BUFFER {
            self.hasher.update(groups);
        } else {
            self.waiting.extend_from_slice(groups);
        }
    }

    /// The hash of all that has come so far.
    pub fn value(&self) -> [u8; 32] {
        let mut hasher = self.hasher.clone();
        hasher.update(&self.waiting).update(self.groups.bytes());
        *hasher.finalize().as_bytes()
    }

    fn flush(&mut self) {
        self.hasher.update(&self.waiting).update(self.groups.bytes());
        self.waiting.clear();
        self.groups.clear();
    }
}

impl fmt::Display for FactsHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for FactsHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FactsHash({self})")
    }
}
