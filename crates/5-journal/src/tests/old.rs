//! Segments of version 1: torn tails, closing records, zeros that were set aside, and records of another history.

use super::damage::assert_damaged;
use super::fixture::{
    HEAD, SMALL, add, assert_holds, change, fact, groups, groups_otherwise, open, read,
};
use super::sim::Sim;
use crate::record::{Chain, FACTS, GENESIS, chain_after};
use crate::{Damage, Journal, JournalError, verify_storage};

const FIRST: &str = "00000000000000000001.facts";
/// Bytes of a record's head.
const OLD: usize = 60;
const CLOSING: u32 = 2;

/// A segment of version 1 in the making.
struct Old {
    bytes: Vec<u8>,
    position: u64,
    chain: Chain,
}

impl Old {
    /// Its head: the magic, the version, a checksum, the first fact, the chain before it, zeros.
    fn begin(position: u64, chain: Chain) -> Old {
        let mut bytes = b"bwfacts\n\x01\0\0\0\0\0\0\0".to_vec();
        bytes.extend(position.to_le_bytes());
        bytes.extend(chain);
        bytes.resize(HEAD, 0);
        let check = crc32c::crc32c_append(crc32c::crc32c(&bytes[..12]), &bytes[16..]);
        bytes[12..16].copy_from_slice(&check.to_le_bytes());
        Old { bytes, position, chain }
    }

    /// Adds a record with these bytes; returns its offset.
    fn record(&mut self, facts: u32, unsynced: u32, kind: u32, payload: &[u8]) -> usize {
        let at = self.bytes.len();
        if kind == FACTS {
            self.chain = chain_after(&self.chain, self.position, facts, payload);
        }
        let mut head = Vec::new();
        head.extend(u32::try_from(payload.len()).unwrap().to_le_bytes());
        head.extend([0; 4]);
        head.extend(self.position.to_le_bytes());
        for field in [facts, unsynced, kind] {
            head.extend(field.to_le_bytes());
        }
        head.extend(self.chain);
        let check = crc32c::crc32c_append(crc32c::crc32c(&head[..4]), &head[8..]);
        let check = crc32c::crc32c_append(check, payload);
        head[4..8].copy_from_slice(&check.to_le_bytes());
        self.bytes.extend(head);
        self.bytes.extend(payload);
        self.position += u64::from(facts);
        at
    }

    /// Adds a record of this many commands; returns its offset.
    fn add(&mut self, commands: u32, unsynced: u32) -> usize {
        let payload = groups(self.position, commands.into());
        self.record(2 * commands, unsynced, FACTS, payload.bytes())
    }

    /// Adds the record of a clean end; returns its offset.
    fn close(&mut self) -> usize {
        // Its last byte must not be zero: a reader finds its end by the last byte that is not zero.
        assert_ne!(self.chain[31], 0);
        self.record(0, 0, CLOSING, &[])
    }

    fn sim(&self) -> Sim {
        let sim = Sim::default();
        sim.set(FIRST, self.bytes.clone());
        sim
    }
}

/// The offset and the number of bytes that opening truncated.
fn cut(sim: &Sim) -> Option<(u64, u64)> {
    let verified = verify_storage(sim, &mut |_, _| ()).unwrap();
    let journal = open(sim, SMALL).unwrap();
    let cut = journal.cut().map(|cut| (cut.offset, cut.bytes));
    assert_eq!(verified.torn.map(|torn| (torn.offset, torn.bytes)), cut);
    cut
}

#[test]
fn a_record_that_is_torn_anywhere_is_cut_and_one_that_was_durable_is_missed() {
    let mut old = Old::begin(1, GENESIS);
    old.add(2, 0);
    let middle = old.add(1, 0);
    let last = old.add(3, 0);
    let whole = old.sim();
    assert_holds(&whole, 13);
    for at in last..old.bytes.len() {
        let flipped = change(&whole, FIRST, |bytes| bytes[at] ^= 0x55);
        assert_eq!(cut(&flipped), Some((last as u64, (old.bytes.len() - last) as u64)), "{at}");
        assert_holds(&flipped, 7);
    }
    for length in last + 1..old.bytes.len() {
        let shorter = change(&whole, FIRST, |bytes| bytes.truncate(length));
        assert_eq!(cut(&shorter).map(|(at, _)| at), Some(last as u64), "{length}");
        assert_holds(&shorter, 7);
    }
    // The record behind it says that it was durable.
    for at in middle..last {
        let flipped = change(&whole, FIRST, |bytes| bytes[at] ^= 0x55);
        let told = assert_damaged(&flipped, FIRST, middle, &format!("byte {at}"));
        assert_eq!(told, (5, Damage::Record), "byte {at}");
    }
}

/// A reader checks checksums only: the start has checked the chain.
#[test]
fn a_record_that_went_bad_since_the_start_is_not_read() {
    let mut old = Old::begin(1, GENESIS);
    old.add(2, 0);
    let last = old.add(3, 0);
    let sim = old.sim();
    let journal = open(&sim, SMALL).unwrap();
    assert_eq!(read(&journal, 1, 11), (1..11).map(fact).collect::<Vec<_>>());
    for at in last..old.bytes.len() {
        sim.set(FIRST, old.bytes.clone());
        sim.state().files[FIRST].lock().unwrap()[at] ^= 0x55;
        let error = journal.reader().read(1, 11, &mut |_| std::ops::ControlFlow::Continue(()));
        let Err(JournalError::Damaged { offset, seq: 5, damage: Damage::Record, .. }) = error
        else {
            panic!("byte {at}: {error:?}")
        };
        assert_eq!(offset, last as u64);
    }
}

#[test]
fn zeros_behind_the_last_record_are_the_end_of_a_segment_whether_another_follows_or_not() {
    for zeros in [1, OLD - 1, OLD, OLD + 1, 1000] {
        let mut old = Old::begin(1, GENESIS);
        old.add(2, 0);
        let mut next = Old::begin(old.position, old.chain);
        next.add(1, 0);
        let end = next.bytes.len();
        old.bytes.resize(old.bytes.len() + zeros, 0);
        next.bytes.resize(next.bytes.len() + zeros, 0);
        let sim = old.sim();
        let last = "00000000000000000005.facts";
        sim.set(last, next.bytes);
        assert_holds(&sim, 7);
        let mut journal = open(&sim, SMALL).unwrap();
        assert_eq!((journal.end(), journal.cut()), (7, None));
        add(&mut journal, 2);
        assert_eq!(sim.bytes(last).len(), end, "the zeros go when another segment is begun");
        assert_eq!(read(&journal, 1, 11), (1..11).map(fact).collect::<Vec<_>>());
        assert_holds(&sim, 11);
    }
}

#[test]
fn a_record_of_another_history_breaks_the_chain() {
    let mut old = Old::begin(1, GENESIS);
    let first = old.add(2, 0);
    let second = old.add(1, 0);
    let mut other = Old::begin(1, GENESIS);
    other.record(4, 0, FACTS, groups_otherwise(1, 4).bytes());
    let mut forged = old.bytes[..first].to_vec();
    forged.extend(&other.bytes[first..]);
    forged.extend(&old.bytes[second..]);
    assert_eq!(forged.len(), old.bytes.len());
    let sim = Sim::default();
    sim.set(FIRST, forged);
    let told = assert_damaged(&sim, FIRST, second, "another's record");
    assert_eq!(told, (5, Damage::Chain));
}

#[test]
fn a_clean_end_says_that_all_before_it_was_durable_and_is_no_fact() {
    let mut old = Old::begin(1, GENESIS);
    old.add(2, 0);
    let last = old.add(3, 4);
    let end = old.close();
    let sim = old.sim();
    assert_holds(&sim, 11);
    assert_eq!(cut(&sim), None);
    for at in last..end {
        let flipped = change(&old.sim(), FIRST, |bytes| bytes[at] ^= 0x55);
        let told = assert_damaged(&flipped, FIRST, last, &format!("byte {at}"));
        assert_eq!(told, (5, Damage::Record));
    }
    // Of another history: its chain is not that of the facts before it.
    let mut other = Old::begin(1, GENESIS);
    other.add(2, 0);
    other.add(3, 0);
    other.chain[0] ^= 1;
    let end = other.close();
    assert_eq!(assert_damaged(&other.sim(), FIRST, end, "another's end"), (11, Damage::Chain));
}

/// The next record overwrites the closing one: a loss of power may keep the later write alone.
#[test]
fn what_stands_behind_a_clean_end_without_a_record_before_it_is_cut() {
    let mut old = Old::begin(1, GENESIS);
    old.add(2, 0);
    let end = old.close();
    for behind in [1, 60, 61, 200] {
        let torn = change(&old.sim(), FIRST, |bytes| {
            let length = bytes.len();
            bytes.resize(length + behind, 0);
            bytes[length + behind - 1] = 7;
        });
        assert_eq!(cut(&torn), Some((end as u64, (OLD + behind) as u64)), "{behind}");
        assert_holds(&torn, 5);
    }
    let zeros = change(&old.sim(), FIRST, |bytes| bytes.resize(bytes.len() + 300, 0));
    assert_eq!(cut(&zeros), None);
    assert_holds(&zeros, 5);
}
