//! Changed bytes: the journal truncates torn tails, and reports all other damage without touching it.

use std::io;

use proptest::prelude::*;

use super::fixture::{
    HEAD, PLACE, RECORD, SMALL, SimJournal, add, assert_holds, change, groups, groups_otherwise,
    open,
};
use super::sim::Sim;
use crate::{Damage, Journal, JournalError, Options, verify_storage};

/// One segment for all.
const ONE: Options = Options { segment_bytes: 4000, reserve_bytes: 0 };

/// A journal with these numbers of commands, and where in its one segment each record ends.
fn one_segment(commands: &[u64]) -> (Sim, String, Vec<usize>) {
    let sim = Sim::default();
    let mut journal = open(&sim, ONE).unwrap();
    let mut ends = vec![HEAD];
    for &commands in commands {
        let bytes = groups(journal.end(), commands).bytes().len();
        add(&mut journal, commands);
        ends.push(ends.last().unwrap() + RECORD + bytes);
    }
    let name = sim.segments().pop().unwrap();
    (sim, name, ends)
}

/// Opens, and expects damage in this segment at this offset; nothing may have changed.
pub(super) fn assert_damaged(sim: &Sim, name: &str, offset: usize, what: &str) -> (u64, Damage) {
    let before = sim.all();
    let verified = verify_storage(sim, &mut |_, _| ()).unwrap();
    assert!(!verified.intact, "{what}");
    let error = open(sim, SMALL).err().unwrap_or_else(|| panic!("{what}: not noticed"));
    assert_eq!(sim.all(), before, "{what}: something was changed");
    assert_eq!(error.to_string(), verified.damage.unwrap().to_string());
    let text = error.to_string();
    assert!(text.contains(name) && text.contains("backup"), "{text}");
    match error {
        JournalError::Damaged { segment, offset: at, seq, damage } => {
            assert_eq!((segment, at), (format!("sim/{name}"), offset as u64), "{what}: {text}");
            assert_eq!(seq, verified.facts + 1);
            (seq, damage)
        }
        other => panic!("{what}: {other}"),
    }
}

/// Opens, and expects that `bytes` were cut at `offset` and facts up to `end` are there.
fn assert_cut(sim: &Sim, offset: usize, bytes: usize, end: u64) -> SimJournal {
    let verified = verify_storage(sim, &mut |_, _| ()).unwrap();
    assert_eq!((verified.intact, verified.cut_bytes), (true, bytes as u64));
    let torn = verified.torn.map(|torn| (torn.segment, torn.offset, torn.bytes, torn.after));
    let name = sim.segments().pop().unwrap();
    let was = sim.bytes(&name)[offset..][..bytes].to_vec();
    let mut journal = open(sim, ONE).unwrap();
    let cut = journal.cut().map(|cut| (cut.segment.clone(), cut.offset, cut.bytes, cut.after));
    let told = (format!("sim/{name}"), offset as u64, bytes as u64, end - 1);
    assert_eq!(cut, (bytes > 0).then_some(told));
    assert_eq!(torn, cut, "verify says what an opening does");
    if let Some(cut) = journal.cut() {
        let kept = cut.kept.as_ref().unwrap().strip_prefix("sim/").unwrap();
        assert_eq!(sim.bytes(kept), was, "what was cut is kept");
    }
    assert_eq!(journal.end(), end);
    assert_holds(sim, end); // so the cut is on the disk
    add(&mut journal, 2);
    assert_holds(sim, end + 4);
    journal
}

#[test]
fn a_tail_that_ends_anywhere_is_cut_back_to_the_last_whole_record() {
    let (sim, name, ends) = one_segment(&[2, 1, 3]);
    let whole = sim.bytes(&name);
    for length in ends[2]..=ends[3] {
        let end = if length < ends[3] { 7 } else { 13 };
        let offset = if length < ends[3] { ends[2] } else { ends[3] };
        let shorter = sim.copy();
        shorter.set(&name, whole[..length].to_vec());
        let tail = whole[offset..length].iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
        // A whole place with nothing behind it is a mark, which says that all before it was durable.
        let is_mark = length >= offset + PLACE && tail <= PLACE;
        let tail = if is_mark { 0 } else { tail };
        let _journal = assert_cut(&shorter, offset, tail, end);
        // The same where blocks had been set aside: there the rest of the record is zeros.
        let zeroed = sim.copy();
        let mut bytes = whole.clone();
        bytes[length..].fill(0);
        zeroed.set(&name, bytes);
        let _journal = assert_cut(&zeroed, offset, tail, end);
    }
}

#[test]
fn a_segment_cut_at_any_length_keeps_every_whole_record() {
    let (sim, name, ends) = one_segment(&[2, 1, 3]);
    let whole = sim.bytes(&name);
    for length in ends[1]..ends[3] {
        let records = ends.iter().filter(|&&end| end <= length).count() - 1;
        let shorter = sim.copy();
        shorter.set(&name, whole[..length].to_vec());
        let journal = open(&shorter, ONE).unwrap();
        assert_eq!(journal.end(), [1, 5, 7, 13][records]);
    }
}

#[test]
fn any_byte_flipped_in_what_was_synced_is_found_and_named() {
    let (sim, name, ends) = one_segment(&[2, 1, 3, 1]);
    for at in 0..ends[4] {
        for flip in [1, 0x80, 0xff] {
            let flipped = change(&sim, &name, |bytes| bytes[at] ^= flip);
            let what = format!("byte {at} ^ {flip:#x}");
            let record = ends.iter().rposition(|&end| end <= at);
            let offset = record.map_or(0, |record| ends[record]);
            let (seq, damage) = assert_damaged(&flipped, &name, offset, &what);
            assert_eq!(seq, record.map_or(1, |record| [1, 5, 7, 13][record]));
            assert_eq!(damage, if record.is_some() { Damage::Record } else { Damage::Head });
        }
    }
    // If a mark is changed, all is there that it stood for.
    for at in ends[4]..ends[4] + PLACE {
        let flipped = change(&sim, &name, |bytes| bytes[at] ^= 0xff);
        let journal = open(&flipped, ONE).unwrap();
        assert_eq!((journal.end(), journal.cut().is_some()), (15, true));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_changed_are_noticed_or_cut_never_believed(
        batches in prop::collection::vec(1..9u64, 2..20),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
    ) {
        let sim = Sim::default();
        let mut journal = open(&sim, SMALL).unwrap();
        batches.iter().for_each(|&commands| add(&mut journal, commands));
        let end = journal.end();
        drop(journal);
        for (place, byte) in changes {
            let segments = sim.segments();
            let name = &segments[place.index(segments.len())];
            let mut bytes = sim.bytes(name);
            let at = place.index(bytes.len());
            bytes[at] = byte;
            sim.set(name, bytes);
        }
        match open(&sim, SMALL) {
            Ok(journal) => {
                let found = journal.end();
                prop_assert!(found <= end);
                drop(journal);
                assert_holds(&sim, found);
            }
            Err(error) => {
                let is_damaged = matches!(error, JournalError::Damaged { .. });
                prop_assert!(is_damaged);
            }
        }
    }

    #[test]
    fn random_bytes_in_place_of_a_segment_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..500), keep in 0..400usize,
    ) {
        let (sim, name, _) = one_segment(&[2, 1]);
        let mut changed = sim.bytes(&name);
        changed.truncate(keep);
        changed.extend(bytes);
        sim.set(&name, changed);
        if let Ok(verified) = verify_storage(&sim, &mut |_, _| ()) {
            prop_assert_eq!(verified.intact, open(&sim, ONE).is_ok());
        }
    }
}

/// A loss of power may keep a later write and lose an earlier one, if neither was synced.
#[test]
fn what_was_never_durable_is_cut_even_if_a_whole_record_follows() {
    let sim = Sim::default();
    let mut journal = open(&sim, ONE).unwrap();
    add(&mut journal, 2);
    let lost = HEAD + RECORD + groups(1, 2).bytes().len();
    journal.append(&groups(5, 1)).unwrap();
    let follows = lost + RECORD + groups(5, 1).bytes().len();
    journal.append(&groups(7, 3)).unwrap();
    let length = follows + RECORD + groups(7, 3).bytes().len();
    drop(journal);
    let name = sim.segments().pop().unwrap();
    let mut bytes = sim.bytes(&name);
    bytes[lost..follows].fill(0);
    sim.set(&name, bytes);
    let journal = assert_cut(&sim, lost, length - lost, 5);
    drop(journal);
    let again = open(&sim, ONE).unwrap(); // and what followed does not come back
    assert_eq!((again.end(), again.cut()), (9, None));
}

/// The same bytes, but the first was durable when the second was written: only a faulty disk does that.
#[test]
fn what_was_durable_is_missed() {
    let (sim, name, ends) = one_segment(&[2, 1, 3]);
    let mut bytes = sim.bytes(&name);
    bytes[ends[1]..ends[2]].fill(0);
    sim.set(&name, bytes);
    let (seq, damage) = assert_damaged(&sim, &name, ends[1], "a record of zeros");
    assert_eq!((seq, damage), (5, Damage::Record));
}

/// Several segments, each with one or two records.
pub(super) fn segments() -> (Sim, Vec<String>) {
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    for commands in [7, 7, 7, 7, 7, 7] {
        add(&mut journal, commands);
    }
    let names = sim.segments();
    assert!(names.len() >= 3);
    (sim, names)
}

#[test]
fn a_tail_torn_anywhere_but_in_the_last_segment_is_damage() {
    let (sim, names) = segments();
    for name in &names[..names.len() - 1] {
        let torn = sim.copy();
        let mut bytes = sim.bytes(name);
        bytes.truncate(bytes.len() - RECORD - 1); // the word that another follows, and a byte of a record
        torn.set(name, bytes);
        let before = open(&torn, SMALL).err().unwrap();
        assert!(matches!(before, JournalError::Damaged { damage: Damage::Record, .. }), "{before}");
        assert!(before.to_string().contains(name.as_str()));
    }
}

/// A disk may show old bytes where it has lost new ones.
#[test]
fn an_older_record_in_place_of_a_later_one_is_named() {
    let (sim, name, ends) = one_segment(&[2, 2, 2, 2]);
    let bytes = sim.bytes(&name);
    let record = |at: usize| bytes[ends[at]..ends[at + 1]].to_vec();
    for (from, to) in [(0, 1), (0, 2), (1, 2), (0, 3), (2, 3)] {
        let stale = change(&sim, &name, |bytes| {
            bytes[ends[to]..][..record(from).len()].copy_from_slice(&record(from));
        });
        let (seq, damage) = assert_damaged(&stale, &name, ends[to], "an older record");
        let found = [1, 5, 9][from];
        assert_eq!((seq, damage), ([1, 5, 9, 13][to], Damage::Gap { found }));
    }
}

#[test]
fn whole_old_records_behind_a_zeroed_span_are_named() {
    let (sim, name, ends) = one_segment(&[2, 2, 2, 2]);
    let bytes = sim.bytes(&name);
    for from in [0, 1] {
        let old = bytes[ends[from]..ends[from + 1]].to_vec();
        let stale = change(&sim, &name, |bytes| {
            bytes.truncate(ends[2]);
            bytes.resize(ends[2] + 300, 0);
            bytes.extend(&old);
        });
        let (seq, damage) = assert_damaged(&stale, &name, ends[2], "zeros, then an older record");
        assert_eq!((seq, damage), (9, Damage::Stale { found: [1, 5][from] }));
    }
}

/// Each record is whole, with a valid checksum: only the chain shows the change.
#[test]
fn a_record_of_another_history_breaks_the_chain_within_a_segment() {
    let (sim, name, ends) = one_segment(&[2, 1, 3, 1]);
    let other = Sim::default();
    let mut journal = open(&other, ONE).unwrap();
    for (first, facts) in [(1, 4), (5, 2), (7, 6), (13, 2)] {
        journal.append(&groups_otherwise(first, facts)).unwrap();
        journal.sync().unwrap();
    }
    let bytes = other.bytes(&name);
    for record in 0..4 {
        let (from, to) = (ends[record], ends[record + 1]);
        // With the place of ours, as one would write that changes it by hand; and as it is.
        let mut forged = bytes[from..to].to_vec();
        let place = crate::record::Place::parse(&sim.bytes(&name)[from..]).unwrap();
        crate::record::RecordHead::put_place(&place, &mut forged);
        let edited = change(&sim, &name, |bytes| bytes[from..to].copy_from_slice(&forged));
        let (_, damage) = assert_damaged(&edited, &name, to, "an edited record");
        assert_eq!(damage, Damage::Chain, "record {record}");
        if record > 0 {
            let moved = change(&sim, &name, |all| all[from..to].copy_from_slice(&bytes[from..to]));
            let (_, damage) = assert_damaged(&moved, &name, from, "another's record");
            assert_eq!(damage, Damage::Chain, "record {record}");
        }
    }
}

#[test]
fn a_segment_that_lacks_its_last_record_leaves_a_gap_that_is_named() {
    let (sim, names) = segments();
    let first = sim.bytes(&names[0]);
    let one = HEAD + RECORD + groups(1, 7).bytes().len();
    assert!(first.len() > one, "the first segment has two records");
    sim.set(&names[0], first[..one].to_vec());
    let (seq, damage) = assert_damaged(&sim, &names[1], 0, "a record taken out");
    assert_eq!((seq, damage), (15, Damage::Gap { found: 29 }));
}

#[test]
fn a_missing_segment_is_a_gap_that_is_named() {
    let (sim, names) = segments();
    for index in 0..names.len() - 1 {
        let missing = sim.copy();
        drop(missing.state().files.remove(&names[index]));
        let (_, damage) = assert_damaged(&missing, &names[index + 1], 0, "a missing segment");
        assert!(matches!(damage, Damage::Gap { .. }));
    }
}

#[test]
fn a_segment_of_another_history_breaks_the_chain() {
    let (sim, names) = segments();
    let other = Sim::default();
    let mut journal = open(&other, SMALL).unwrap();
    // Other facts with the same numbers: their lots differ.
    for first in [1, 15, 29, 43] {
        let mut groups = protocol::bytes::FactEncoder::new();
        for seq in first..first + 14 {
            let (stamp, fact) = super::fixture::fact(seq);
            let time = units::Time(stamp.time.0 + 1);
            groups.push(protocol::Stamp { time, ..stamp }, &fact);
        }
        journal.append(&groups).unwrap();
    }
    assert_eq!(other.segments()[1], names[1]);
    sim.set(&names[1], other.bytes(&names[1]));
    let (_, damage) = assert_damaged(&sim, &names[1], 0, "another's segment");
    assert_eq!(damage, Damage::Chain);
    // Whole and in its place, but not what the next one follows.
    let sim = segments().0;
    sim.set(&names[0], other.bytes(&names[0]));
    let (_, damage) = assert_damaged(&sim, &names[1], 0, "another's beginning");
    assert_eq!(damage, Damage::Chain);
}

#[test]
fn a_segment_under_another_name_is_named() {
    let (sim, names) = segments();
    let bytes = sim.bytes(&names[1]);
    sim.set(&names[2], bytes);
    let (_, damage) = assert_damaged(&sim, &names[2], 0, "a renamed segment");
    assert_eq!(damage, Damage::Head);
}

#[test]
fn an_unknown_version_is_left_to_who_knows_it() {
    let (sim, name, _) = one_segment(&[1]);
    let mut bytes = sim.bytes(&name);
    bytes[8] = 3;
    let check = crc32c::crc32c_append(crc32c::crc32c(&bytes[..12]), &bytes[16..64]);
    bytes[12..16].copy_from_slice(&check.to_le_bytes());
    sim.set(&name, bytes);
    let error = open(&sim, ONE).err().unwrap();
    assert!(matches!(error, JournalError::Damaged { damage: Damage::Version(3), .. }));
    assert!(error.to_string().contains("use the program that wrote it"), "{error}");
}

#[test]
fn a_failed_sync_is_never_taken_back() {
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    add(&mut journal, 1);
    journal.append(&groups(3, 1)).unwrap();
    sim.state().fail_syncs = true;
    let error = journal.sync().unwrap_err();
    assert!(matches!(error, JournalError::Io { doing: "sync", .. }), "{error}");
    assert!(error.to_string().contains("bad cable"));
    sim.state().fail_syncs = false; // the disk pretends to be well again
    assert!(matches!(journal.sync(), Err(JournalError::Poisoned { .. })));
    assert!(matches!(journal.append(&groups(5, 1)), Err(JournalError::Poisoned { .. })));
    assert!(matches!(journal.free_space(), Err(JournalError::Poisoned { .. })));
    assert_eq!(journal.durable(), 3);
    drop(journal);
    assert_eq!(open(&sim, SMALL).unwrap().end(), 5); // here the bytes had arrived after all
}

#[test]
fn a_failed_write_poisons_and_is_not_acknowledged() {
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    add(&mut journal, 1);
    sim.state().fail_writes = true;
    let error = journal.append(&groups(3, 1)).unwrap_err();
    assert!(matches!(error, JournalError::Io { doing: "write", .. }), "{error}");
    sim.state().fail_writes = false;
    let error = journal.append(&groups(3, 1)).unwrap_err();
    assert!(error.to_string().contains("bad sector"), "{error}");
    assert_eq!(journal.end(), 3);
}

#[test]
fn what_a_crash_left_in_the_making_is_removed() {
    let (sim, _, _) = one_segment(&[2]);
    for name in ["segment.tmp", "snapshot.tmp", "reserve.tmp"] {
        sim.set(name, vec![1, 2, 3]);
    }
    let _journal = open(&sim, ONE).unwrap();
    assert!(sim.all().iter().all(|(name, _)| !name.ends_with(".tmp")));
    assert_holds(&sim, 5);
}

#[test]
fn a_record_that_is_whole_but_holds_no_facts_is_named() {
    let (sim, name, ends) = one_segment(&[2]);
    let mut bytes = sim.bytes(&name);
    let place = crate::record::Place::parse(&bytes[ends[1]..]).unwrap();
    bytes.truncate(ends[1]);
    let mut record = Vec::new();
    let _chain = crate::record::RecordHead::write(&place, 1, &[&[9, 9]], &mut record).unwrap();
    bytes.extend(record);
    sim.set(&name, bytes);
    let verified = verify_storage(&sim, &mut |_, _| ()).unwrap();
    assert!(matches!(
        &verified.damage,
        Some(JournalError::Damaged { seq: 5, damage: Damage::Facts(_), .. })
    ));
    let (before, error) = (verified.damage.unwrap().to_string(), open(&sim, ONE).err().unwrap());
    assert_eq!(before, error.to_string());
}

#[test]
fn an_error_of_the_system_says_what_and_where() {
    let error = crate::error::io("open", "x/y".to_owned())(io::ErrorKind::PermissionDenied.into());
    assert_eq!(error.to_string(), "the journal could not open x/y: permission denied");
}
