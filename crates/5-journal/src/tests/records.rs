//! Bytes of heads and records: which are valid, which are not, and their checksums.

use super::damage::assert_damaged;
use super::fixture::{HEAD, RECORD, SMALL, add, assert_holds, change, groups, open};
use super::sim::Sim;
use crate::Damage;
use crate::record::{
    Chain, FACTS, GENESIS, Place, RecordHead, SegmentHead, chain_after, segment_first, segment_name,
};

/// The chain is the hash of the fields in `docs/journal-format.md`, for any length of payload.
#[test]
fn the_chain_is_a_hash_over_the_chain_before_it_the_numbers_and_the_payload() {
    let (previous, first, facts): (Chain, u64, u32) = ([7; 32], 0x0102_0304_0506, 9);
    for length in [0, 1, 500, 974, 975, 976, 977, 1023, 1024, 1025, 5_000] {
        let payload: Vec<u8> = (0..length).map(|at| u8::try_from(at % 256).unwrap()).collect();
        let mut bytes = previous.to_vec();
        bytes.extend(first.to_le_bytes());
        bytes.extend(facts.to_le_bytes());
        bytes.extend(FACTS.to_le_bytes());
        bytes.extend(&payload);
        let expected = *blake3::hash(&bytes).as_bytes();
        assert_eq!(chain_after(&previous, first, facts, &payload), expected, "{length}");
    }
}

#[test]
fn a_place_says_which_facts_were_durable() {
    for (first, unsynced, durable) in [(1, 0, 1), (9, 4, 5), (4, 4, 0), (3, 4, 0)] {
        let place = Place { first, unsynced, chain: GENESIS };
        assert_eq!(place.durable(), durable);
        assert_eq!(Place::parse(&place.bytes()), Some(place));
    }
}

#[test]
fn a_place_of_which_any_byte_is_missing_or_changed_is_none() {
    let place = Place { first: 5, unsynced: 3, chain: [9; 32] };
    let bytes = place.bytes();
    for at in 0..bytes.len() {
        let mut changed = bytes;
        changed[at] ^= 0x20;
        assert_eq!(Place::parse(&changed), None, "byte {at}");
        assert_eq!(Place::parse(&bytes[..at]), None, "{at} bytes");
    }
    assert_eq!(Place::parse(&[&bytes[..], &[1, 2, 3]].concat()), Some(place));
}

#[test]
fn a_segments_head_of_which_any_byte_is_missing_or_changed_is_none() {
    let begin = SegmentHead::begin(5, [9; 32]);
    assert_eq!(begin.len(), HEAD + RECORD);
    let head = SegmentHead::parse(&begin).unwrap();
    assert_eq!((head.first, head.previous), (5, [9; 32]));
    for at in 0..HEAD {
        assert_eq!(SegmentHead::parse(&begin[..at]), Err(Damage::Head), "{at} bytes");
        let mut changed = begin.clone();
        changed[at] ^= 0x20;
        assert_eq!(SegmentHead::parse(&changed), Err(Damage::Head), "byte {at}");
    }
}

/// A record with this head, whole by its checksum.
fn record(place: &Place, facts: u32, kind: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; Place::LENGTH];
    for field in [u32::try_from(payload.len()).unwrap(), 0, facts, kind] {
        bytes.extend(field.to_le_bytes());
    }
    bytes.extend(payload);
    RecordHead::put_place(place, &mut bytes);
    bytes
}

#[test]
fn what_has_not_the_form_of_a_record_is_none_though_its_checksum_holds() {
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    add(&mut journal, 2);
    drop(journal);
    let name = sim.segments().pop().unwrap();
    let end = HEAD + RECORD + groups(1, 2).bytes().len();
    let place = Place::parse(&sim.bytes(&name)[end..]).unwrap();
    let one = groups(5, 1);
    let one = one.bytes();
    let length = u32::try_from(one.len()).unwrap();
    let with = |facts, kind, payload: &[u8]| {
        change(&sim, &name, |bytes| {
            bytes.truncate(end);
            bytes.extend(record(&place, facts, kind, payload));
        })
    };
    assert_holds(&with(2, FACTS, one), 7);
    for (facts, kind, payload) in [
        (0, FACTS, one),          // no facts
        (length + 1, FACTS, one), // more facts than bytes
        (0, FACTS, &[][..]),
        (2, FACTS + 1, one), // of no kind that there is
        (2, 3, one),         // of the kind that ends a segment, with facts
        (0, 3, one),
        (2, 3, &[]),
        (2, 0, one),
    ] {
        let forged = with(facts, kind, payload);
        let verified = crate::verify_storage(&forged, &mut |_, _| ()).unwrap();
        let bytes = forged.bytes(&name)[end..].iter().rposition(|&byte| byte != 0).unwrap() + 1;
        assert_eq!((verified.facts, verified.cut_bytes), (4, bytes as u64), "{facts}, {kind}");
        assert!(verified.intact);
    }
    // As many facts as bytes has the form of one; that there are fewer is another damage.
    let told = assert_damaged_facts(&with(length, FACTS, one));
    assert_eq!(told, 5);
    // The word that another segment follows, where none does.
    let told = assert_damaged(&with(0, 3, &[]), &name, end, "no segment follows");
    assert_eq!(told, (5, Damage::NextSegment));
}

fn assert_damaged_facts(sim: &Sim) -> u64 {
    let verified = crate::verify_storage(sim, &mut |_, _| ()).unwrap();
    match verified.damage {
        Some(crate::JournalError::Damaged { seq, damage: Damage::Facts(_), .. }) => seq,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_twenty_digits_and_an_ending_name_a_segment() {
    for first in [1, 5, u64::MAX] {
        assert_eq!(segment_first(&segment_name(first)), Some(first));
    }
    for name in [
        "1.facts",
        "+0000000000000000001.facts",
        "00000000000000000001.fact",
        "00000000000000000001.facts.kept",
        "99999999999999999999.facts",
        "000000000000000000001.facts",
        ".facts",
    ] {
        assert_eq!(segment_first(name), None, "{name}");
    }
    let (sim, name) = (Sim::default(), "1.facts");
    add(&mut open(&sim, SMALL).unwrap(), 2);
    sim.set(name, vec![1, 2, 3]);
    assert_holds(&sim, 5);
    assert_eq!(open(&sim, SMALL).unwrap().cut(), None);
    assert_eq!(sim.bytes(name), [1, 2, 3]);
}
