//! The bytes of a segment's head and of a record's head. Pure; no file is known here.
//!
//! All numbers are little-endian. The checksum of either covers every byte of it but itself.

use crate::Damage;

/// Version of the segment format that is written, and the only one that is read.
pub const SEGMENT_VERSION: u32 = 1;

/// A hash over a record and all that came before it.
pub(crate) type Chain = [u8; 32];

/// What the first record of a journal follows.
pub(crate) const GENESIS: Chain = [0; 32];

const MAGIC: [u8; 8] = *b"bwfacts\n";

/// The beginning of a segment file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SegmentHead {
    /// Number of the first fact that the segment holds or will hold.
    pub(crate) first: u64,
    /// The chain's value at the end of the segment before.
    pub(crate) previous: Chain,
}

impl SegmentHead {
    pub(crate) const LENGTH: usize = 64;

    pub(crate) fn bytes(&self) -> [u8; SegmentHead::LENGTH] {
        let mut bytes = [0; SegmentHead::LENGTH];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&SEGMENT_VERSION.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.first.to_le_bytes());
        bytes[24..56].copy_from_slice(&self.previous);
        let check = SegmentHead::check(&bytes);
        bytes[12..16].copy_from_slice(&check.to_le_bytes());
        bytes
    }

    /// Reads a head. The version is looked at first, since another one may have another head.
    pub(crate) fn parse(bytes: &[u8]) -> Result<SegmentHead, Damage> {
        let bytes: &[u8; SegmentHead::LENGTH] = bytes.first_chunk().ok_or(Damage::Head)?;
        if bytes[..8] != MAGIC {
            return Err(Damage::Head);
        }
        let version = u32_at(bytes, 8);
        if version != SEGMENT_VERSION {
            // An unknown version whose checksum holds is another program's; else it is a flipped
            // bit.
            let whole = u32_at(bytes, 12) == SegmentHead::check(bytes);
            return Err(if whole { Damage::Version(version) } else { Damage::Head });
        }
        let head = SegmentHead {
            first: u64_at(bytes, 16),
            previous: bytes[24..56].try_into().expect("32 bytes"),
        };
        if head.bytes() == *bytes { Ok(head) } else { Err(Damage::Head) }
    }

    fn check(bytes: &[u8; SegmentHead::LENGTH]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c(&bytes[..12]), &bytes[16..])
    }
}

/// The beginning of a record; its payload, whole groups of facts, follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RecordHead {
    /// Bytes of the payload.
    pub(crate) length: u32,
    check: u32,
    /// Number of the first fact.
    pub(crate) first: u64,
    /// How many facts there are.
    pub(crate) facts: u32,
    /// How many facts before `first` were not yet durable when this was written. What a damaged
    /// record means depends on it: see [`crate::scan`].
    pub(crate) unsynced: u32,
    kind: u32,
    /// The hash over this record and all before it.
    pub(crate) chain: Chain,
}

/// A record of groups of facts.
const FACTS: u32 = 1;
/// A record without any, behind the last one: all before it was durable when its writer ended in good order. It is
/// no link of the chain, and the next record is written over it.
const CLOSING: u32 = 2;

impl RecordHead {
    pub(crate) const LENGTH: usize = 60;

    /// Makes head and payload into a record at the end of `out`, which is cleared before.
    pub(crate) fn write(
        first: u64,
        facts: u32,
        unsynced: u32,
        previous: &Chain,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Option<Chain> {
        let length = u32::try_from(payload.len()).ok()?;
        let mut head =
            RecordHead { length, check: 0, first, facts, unsynced, kind: FACTS, chain: GENESIS };
        head.chain = head.chain_after(previous, payload);
        head.write_with(payload, out);
        Some(head.chain)
    }

    /// Makes the closing record of a journal that ends at `position` with this chain, all of it durable.
    pub(crate) fn write_closing(position: u64, chain: Chain, out: &mut Vec<u8>) {
        let (length, check, facts, unsynced) = (0, 0, 0, 0);
        let head =
            RecordHead { length, check, first: position, facts, unsynced, kind: CLOSING, chain };
        head.write_with(&[], out);
    }

    /// Head and payload, with the check over both.
    fn write_with(&self, payload: &[u8], out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.bytes());
        out.extend_from_slice(payload);
        let check = RecordHead::check(out);
        out[4..8].copy_from_slice(&check.to_le_bytes());
    }

    fn bytes(&self) -> [u8; RecordHead::LENGTH] {
        let mut bytes = [0; RecordHead::LENGTH];
        bytes[..4].copy_from_slice(&self.length.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.check.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.first.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.facts.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.unsynced.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.kind.to_le_bytes());
        bytes[28..].copy_from_slice(&self.chain);
        bytes
    }

    /// Reads a head; whether it is one is told by [`RecordHead::holds`].
    pub(crate) fn parse(bytes: &[u8; RecordHead::LENGTH]) -> RecordHead {
        RecordHead {
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
    pub(crate) fn whole(&self) -> usize {
        RecordHead::LENGTH + self.length as usize
    }

    /// True if `record`, head and payload, is as it was written. About 0.1 ns a byte.
    pub(crate) fn holds(&self, record: &[u8]) -> bool {
        let is_one = match self.kind {
            FACTS => self.facts > 0,
            _ => self.is_closing(),
        };
        is_one && self.check == RecordHead::check(record)
    }

    /// True if it has the form of a closing record.
    pub(crate) fn is_closing(&self) -> bool {
        self.kind == CLOSING && (self.length, self.facts, self.unsynced) == (0, 0, 0)
    }

    /// The chain's value after this record, if it was `previous` before it. About 0.5 ns a byte.
    pub(crate) fn chain_after(&self, previous: &Chain, payload: &[u8]) -> Chain {
        const FRONT: usize = 32 + 16;
        let head = self.bytes();
        let mut bytes = [0; 1024];
        bytes[..32].copy_from_slice(previous);
        bytes[32..44].copy_from_slice(&head[8..20]);
        bytes[44..FRONT].copy_from_slice(&head[24..28]);
        let hash = if let Some(rest) = bytes[FRONT..].get_mut(..payload.len()) {
            // Few facts in a record: all in one piece is twice as fast as piece by piece.
            rest.copy_from_slice(payload);
            blake3::hash(&bytes[..FRONT + payload.len()])
        } else {
            blake3::Hasher::new().update(&bytes[..FRONT]).update(payload).finalize()
        };
        *hash.as_bytes()
    }

    /// True if a record that is searched for could have this head: one whose first fact is at least
    /// `seq`, within `bytes` bytes. Cheap, and hardly ever true by chance.
    pub(crate) fn is_likely(&self, seq: u64, bytes: usize) -> bool {
        let has_facts = self.kind == FACTS && (1..=self.length).contains(&self.facts);
        (has_facts || self.is_closing())
            && self.whole() <= bytes
            && self.first >= seq
            && self.first - seq <= bytes as u64
    }

    /// Facts before this position were durable when the record was written.
    pub(crate) fn durable(&self) -> u64 {
        self.first.saturating_sub(self.unsynced.into())
    }

    fn check(record: &[u8]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c(&record[..4]), &record[8..])
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// A segment's file name. Sorted by name, segments are in order.
pub(crate) fn segment_name(first: u64) -> String {
    format!("{first:020}.facts")
}

/// The first fact of the segment with this name, if it is one's.
pub(crate) fn segment_first(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".facts")?;
    let first = digits.parse().ok()?;
    (segment_name(first) == name).then_some(first)
}
