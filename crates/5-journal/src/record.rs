//! The bytes of a segment's head, of a record's head, and of the place before it. Pure; it knows no file.
//!
//! All numbers are little-endian. Each checksum covers every byte of its part but itself.
//!
//! - A record's head begins with its *place*: the number of the next fact, and what was durable when the place was
//!   written. A place has its own checksum, so it can be trusted whatever became of the record.
//! - After each sync the writer writes the place of the next record after the last one: the *mark* that all before
//!   it was durable. The next record begins with the same bytes, so writing it never destroys the mark.
//! - A place is longer than what a client chooses in a row of a payload (its own id, a price, a size), so no client
//!   can forge one there.

use crate::Damage;

/// Version of the segment format that is written. Segments of version 1 are read too.
pub const SEGMENT_VERSION: u32 = 2;

/// A hash over a record and all before it.
pub(crate) type Chain = [u8; 32];

/// Predecessor of a journal's first record.
pub(crate) const GENESIS: Chain = [0; 32];

const MAGIC: [u8; 8] = *b"bwfacts\n";

/// Format of a segment's records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    /// Version 1: see [`crate::old`].
    Old,
    /// [`SEGMENT_VERSION`].
    New,
}

/// The start of a segment file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SegmentHead {
    pub(crate) format: Format,
    /// Number of the first fact that the segment holds or will hold.
    pub(crate) first: u64,
    /// The chain's value at the end of the previous segment.
    pub(crate) previous: Chain,
}

impl SegmentHead {
    pub(crate) const LENGTH: usize = 64;

    fn bytes(&self) -> [u8; SegmentHead::LENGTH] {
        let mut bytes = [0; SegmentHead::LENGTH];
        let version = match self.format {
            Format::Old => 1,
            Format::New => SEGMENT_VERSION,
        };
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&version.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.first.to_le_bytes());
        bytes[24..56].copy_from_slice(&self.previous);
        let check = SegmentHead::check(&bytes);
        bytes[12..16].copy_from_slice(&check.to_le_bytes());
        bytes
    }

    /// Start of a new segment: a head, the place of its first record, and space for the record that ends it.
    pub(crate) fn begin(first: u64, previous: Chain) -> Vec<u8> {
        let head = SegmentHead { format: Format::New, first, previous };
        let mut bytes = head.bytes().to_vec();
        bytes.extend(Place { first, unsynced: 0, chain: previous }.bytes());
        bytes.resize(SegmentHead::LENGTH + RecordHead::LENGTH, 0);
        bytes
    }

    /// Reads a head. It checks the version first, since another version may have another head.
    pub(crate) fn parse(bytes: &[u8]) -> Result<SegmentHead, Damage> {
        let bytes: &[u8; SegmentHead::LENGTH] = bytes.first_chunk().ok_or(Damage::Head)?;
        if bytes[..8] != MAGIC {
            return Err(Damage::Head);
        }
        let format = match u32_at(bytes, 8) {
            1 => Format::Old,
            SEGMENT_VERSION => Format::New,
            version => {
                // An unknown version whose checksum holds is another program's; else it is a flipped
                // bit.
                let whole = u32_at(bytes, 12) == SegmentHead::check(bytes);
                return Err(if whole { Damage::Version(version) } else { Damage::Head });
            }
        };
        let head = SegmentHead {
            format,
            first: u64_at(bytes, 16),
            previous: bytes[24..56].try_into().expect("32 bytes"),
        };
        if head.bytes() == *bytes { Ok(head) } else { Err(Damage::Head) }
    }

    fn check(bytes: &[u8; SegmentHead::LENGTH]) -> u32 {
        crc32c::crc32c_append(crc32c::crc32c(&bytes[..12]), &bytes[16..])
    }
}

/// The start of a record's head, and the mark after the last record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    /// Number of the fact that comes here.
    pub(crate) first: u64,
    /// Number of facts before `first` that were not yet durable when this was written.
    pub(crate) unsynced: u32,
    /// The chain's value before the record.
    pub(crate) chain: Chain,
}

impl Place {
    pub(crate) const LENGTH: usize = 52;
    /// Magic of a place: hardly any other bytes in a segment begin so.
    pub(crate) const MAGIC: [u8; 4] = *b"\x9fbwp";

    pub(crate) fn bytes(&self) -> [u8; Place::LENGTH] {
        let mut bytes = [0; Place::LENGTH];
        bytes[..4].copy_from_slice(&Place::MAGIC);
        bytes[8..16].copy_from_slice(&self.first.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.unsynced.to_le_bytes());
        bytes[20..].copy_from_slice(&self.chain);
        let check = crc32c::crc32c(&bytes[8..]);
        bytes[4..8].copy_from_slice(&check.to_le_bytes());
        bytes
    }

    /// Reads a place from the start of `bytes`, if an intact one is there. The cost does not depend on the bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Place> {
        let bytes: &[u8; Place::LENGTH] = bytes.first_chunk()?;
        let is_whole =
            bytes[..4] == Place::MAGIC && u32_at(bytes, 4) == crc32c::crc32c(&bytes[8..]);
        is_whole.then(|| Place {
            first: u64_at(bytes, 8),
            unsynced: u32_at(bytes, 16),
            chain: bytes[20..].try_into().expect("32 bytes"),
        })
    }

    /// Facts before this position were durable when this was written.
    pub(crate) fn durable(&self) -> u64 {
        self.first.saturating_sub(self.unsynced.into())
    }
}

/// The head of a record, after its place; its payload, whole groups of facts, follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RecordHead {
    /// Bytes of the payload.
    pub(crate) length: u32,
    /// Checksum over the place, this head but for itself, and the payload.
    pub(crate) check: u32,
    /// How many facts there are.
    pub(crate) facts: u32,
    kind: u32,
}

/// A record of groups of facts.
pub(crate) const FACTS: u32 = 1;
/// The last record of a segment: another segment follows. It holds no facts and is no link of the chain.
const FOLLOWED: u32 = 3;

impl RecordHead {
    /// Bytes of place and head.
    pub(crate) const LENGTH: usize = Place::LENGTH + 16;

    /// Writes a record with these payloads into `out`, which is cleared first. Returns the
    /// chain's value after it, or nothing if they are too long for one record.
    pub(crate) fn write(
        place: &Place,
        facts: u32,
        payloads: &[&[u8]],
        out: &mut Vec<u8>,
    ) -> Option<Chain> {
        let length = payloads.iter().map(|payload| payload.len()).sum::<usize>();
        let length = u32::try_from(length).ok()?;
        RecordHead { length, check: 0, facts, kind: FACTS }.write_with(place, payloads, out);
        Some(chain_after(&place.chain, place.first, facts, &out[RecordHead::LENGTH..]))
    }

    /// Writes the record that ends a segment into `out`, which is cleared first.
    pub(crate) fn write_followed(place: &Place, out: &mut Vec<u8>) {
        RecordHead { length: 0, check: 0, facts: 0, kind: FOLLOWED }.write_with(place, &[], out);
    }

    /// Updates the place of a record: facts before it have become durable since it was built.
    pub(crate) fn put_place(place: &Place, record: &mut [u8]) {
        record[..Place::LENGTH].copy_from_slice(&place.bytes());
        let check = crc32c::crc32c_append(crc32c::crc32c(&record[..CHECK]), &record[CHECK + 4..]);
        record[CHECK..CHECK + 4].copy_from_slice(&check.to_le_bytes());
    }

    fn write_with(&self, place: &Place, payloads: &[&[u8]], out: &mut Vec<u8>) {
        out.clear();
        out.resize(Place::LENGTH, 0);
        for field in [self.length, 0, self.facts, self.kind] {
            out.extend_from_slice(&field.to_le_bytes());
        }
        payloads.iter().for_each(|payload| out.extend_from_slice(payload));
        RecordHead::put_place(place, out);
    }

    /// Reads the head after a place. Check its form and its checksum next.
    pub(crate) fn parse(bytes: &[u8; RecordHead::LENGTH]) -> RecordHead {
        RecordHead {
            length: u32_at(bytes, 52),
            check: u32_at(bytes, CHECK),
            facts: u32_at(bytes, 60),
            kind: u32_at(bytes, 64),
        }
    }

    /// Bytes of place, head and payload.
    pub(crate) fn whole(&self) -> u64 {
        RecordHead::LENGTH as u64 + u64::from(self.length)
    }

    /// True if it has the form of a record of facts.
    pub(crate) fn has_facts(&self) -> bool {
        self.kind == FACTS && (1..=self.length).contains(&self.facts)
    }

    /// True if it has the form of the record that ends a segment.
    pub(crate) fn is_followed(&self) -> bool {
        self.kind == FOLLOWED && (self.length, self.facts) == (0, 0)
    }
}

/// Offset of a record's checksum.
pub(crate) const CHECK: usize = Place::LENGTH + 4;

/// The chain's value after a record of facts, if it was `previous` before it. About 0.5 ns a byte.
pub(crate) fn chain_after(previous: &Chain, first: u64, facts: u32, payload: &[u8]) -> Chain {
    const FRONT: usize = 32 + 16;
    let mut bytes = [0; 1024];
    bytes[..32].copy_from_slice(previous);
    bytes[32..40].copy_from_slice(&first.to_le_bytes());
    bytes[40..44].copy_from_slice(&facts.to_le_bytes());
    bytes[44..FRONT].copy_from_slice(&FACTS.to_le_bytes());
    let hash = if let Some(rest) = bytes[FRONT..].get_mut(..payload.len()) {
        // Few facts in a record: all in one piece is twice as fast as piece by piece.
        rest.copy_from_slice(payload);
        blake3::hash(&bytes[..FRONT + payload.len()])
    } else {
        blake3::Hasher::new().update(&bytes[..FRONT]).update(payload).finalize()
    };
    *hash.as_bytes()
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
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
