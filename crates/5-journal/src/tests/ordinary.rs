//! Without failures, the journal holds all appended facts in order, for any batches.

use std::ops::ControlFlow;

use proptest::prelude::*;

use super::fixture::{SMALL, add, assert_holds, fact, groups, open, read};
use super::sim::Sim;
use crate::{DiskJournal, FreeSpace, Journal, JournalError, MemoryJournal, Options, verify};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_was_appended_is_there_however_it_was_cut(
        steps in prop::collection::vec((1..30u64, any::<bool>(), 0..8u8), 1..30),
        segment_bytes in 64..3000u64,
        reserve_bytes in prop_oneof![Just(0u64), 100..2000u64],
    ) {
        let sim = Sim::default();
        let mut options = Options { segment_bytes, reserve_bytes };
        let mut journal = open(&sim, options).unwrap();
        for (commands, synced, and_then) in steps {
            journal.append(&groups(journal.end(), commands)).unwrap();
            let end = journal.end();
            if synced {
                prop_assert_eq!(journal.sync().unwrap(), end);
            }
            prop_assert!(journal.durable() <= end);
            if and_then == 0 {
                drop(journal);
                options.segment_bytes += 100;
                journal = open(&sim, options).unwrap();
                prop_assert_eq!(journal.cut(), None);
                prop_assert_eq!((journal.end(), journal.durable()), (end, end));
            }
        }
        let end = journal.end();
        assert_holds(&sim, end);
        let middle = (end / 2).max(1);
        let rest: Vec<_> = (middle..end).map(fact).collect();
        prop_assert_eq!(read(&journal, middle, end), rest);
    }
}

#[test]
fn it_reads_from_every_position_to_every_other() {
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    for commands in [1, 5, 2, 9, 3, 3, 4] {
        add(&mut journal, commands);
    }
    assert!(sim.segments().len() > 1);
    let end = journal.end();
    for from in 1..=end {
        for until in from..=end {
            let facts: Vec<_> = (from..until).map(fact).collect();
            assert_eq!(read(&journal, from, until), facts);
        }
    }
}

#[test]
fn a_reader_goes_on_where_it_ended_while_the_writer_goes_on() {
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    let mut reader = journal.reader();
    let mut seen = Vec::new();
    let mut position = 1;
    for commands in [1, 7, 2, 2, 6, 1, 9] {
        add(&mut journal, commands);
        position = reader
            .read(position, journal.durable(), &mut |batch| {
                seen.extend(batch.facts().map(Result::unwrap));
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(position, journal.end());
    }
    assert_eq!(seen, (1..journal.end()).map(fact).collect::<Vec<_>>());
}

#[test]
fn a_reader_stops_after_the_batch_at_which_it_is_told_to() {
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    add(&mut journal, 2);
    add(&mut journal, 2);
    let mut reader = journal.reader();
    let stopped = reader.read(1, 9, &mut |_| ControlFlow::Break(())).unwrap();
    assert_eq!(stopped, 5);
}

#[test]
fn a_writer_that_is_not_at_the_end_is_fenced_off() {
    for journal in
        [&mut open(&Sim::default(), SMALL).unwrap() as &mut dyn Journal, &mut MemoryJournal::new()]
    {
        journal.append(&groups(1, 2)).unwrap();
        for first in [1, 3, 7] {
            let error = journal.append(&groups(first, 1)).unwrap_err();
            assert!(matches!(error, JournalError::Fenced { expected: 5, found } if found == first));
        }
        journal.append(&groups(5, 1)).unwrap();
        assert_eq!(journal.end(), 7);
    }
}

#[test]
fn an_ask_is_one_group_also_from_one_append_to_the_next() {
    let half = |seq: u64| {
        let mut groups = protocol::bytes::FactEncoder::new();
        let (stamp, fact) = fact(seq);
        groups.push(stamp, &fact);
        groups
    };
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    journal.append(&half(1)).unwrap();
    assert!(matches!(journal.append(&half(2)).unwrap_err(), JournalError::SameCommand { .. }));
    drop(journal);
    let mut again = open(&sim, SMALL).unwrap();
    assert!(matches!(again.append(&half(2)).unwrap_err(), JournalError::SameCommand { .. }));
    let mut memory = MemoryJournal::new();
    memory.append(&half(1)).unwrap();
    assert!(matches!(memory.append(&half(2)).unwrap_err(), JournalError::SameCommand { .. }));
}

#[test]
fn no_facts_are_no_record() {
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    let before = sim.all();
    journal.append(&groups(1, 0)).unwrap();
    assert_eq!(journal.sync().unwrap(), 1);
    assert_eq!(sim.all(), before);
}

#[test]
fn memory_keeps_nothing_and_says_so() {
    let mut journal = MemoryJournal::new();
    journal.append(&groups(1, 2)).unwrap();
    assert_eq!((journal.end(), journal.durable()), (5, 1));
    assert_eq!(journal.sync().unwrap(), 5);
    let error = journal.reader().read(1, 5, &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(error, JournalError::NotKept { from: 1 }));
    assert_eq!(journal.durable(), 5);
    for from in [5, 6] {
        let read = journal.reader().read(from, 5, &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(read, from, "nothing was asked for");
    }
    let room = FreeSpace { for_orders: true, for_cancels: true, reserve: u64::MAX };
    assert_eq!(journal.free_space().unwrap(), room);
    let error = journal.save_snapshot(6, b"more").unwrap_err();
    assert!(matches!(error, JournalError::SnapshotAhead { position: 6, durable: 5 }), "{error}");
    journal.save_snapshot(5, b"all").unwrap();
    assert_eq!(journal.load_snapshot().unwrap().saved, None);
    journal.check_files().unwrap();
    journal.close().unwrap();
}

#[test]
fn real_files_hold_what_simulated_ones_do() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new/journal");
    let options = Options { segment_bytes: 600, reserve_bytes: 2000 };
    let sim = Sim::default();
    let mut simulated = open(&sim, options).unwrap();
    for commands in [3, 9, 1, 4, 8, 8, 2] {
        let mut journal = DiskJournal::open(&path, options).unwrap();
        assert_eq!(journal.cut(), None);
        let groups = groups(journal.end(), commands);
        journal.append(&groups).unwrap();
        assert_eq!(journal.sync().unwrap(), journal.end());
        simulated.append(&groups).unwrap();
        assert_eq!(simulated.sync().unwrap(), journal.end());
        assert_eq!(read(&journal, 1, journal.end()), read(&simulated, 1, simulated.end()));
    }
    for name in sim.segments() {
        assert_eq!(std::fs::read(path.join(&name)).unwrap(), sim.bytes(&name), "{name}");
    }
    let mut facts = 0;
    let verified = verify(&path, &mut |_, _| facts += 1).unwrap();
    assert_eq!((verified.facts, verified.intact), (facts, true));
}

#[test]
fn one_directory_has_one_writer() {
    let dir = tempfile::tempdir().unwrap();
    let first = DiskJournal::open(dir.path(), SMALL).unwrap();
    let second = DiskJournal::open(dir.path(), SMALL);
    assert!(matches!(second.err(), Some(JournalError::Locked { .. })));
    drop(first);
    let _third = DiskJournal::open(dir.path(), SMALL).unwrap();

    let sim = Sim::default();
    let _first = open(&sim, SMALL).unwrap();
    assert!(matches!(open(&sim, SMALL).err(), Some(JournalError::Locked { .. })));
}

#[test]
fn verify_makes_no_directory() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    assert!(matches!(verify(&missing, &mut |_, _| ()), Err(JournalError::Io { .. })));
    assert!(!missing.exists());
}

/// If this changes, existing journals can no longer be read: then the version must change.
#[test]
fn the_format_is_as_it_was() {
    let sim = Sim::default();
    let mut journal = open(&sim, Options { segment_bytes: 0, reserve_bytes: 0 }).unwrap();
    journal.append(&groups(1, 2)).unwrap();
    journal.append(&groups(5, 1)).unwrap();
    journal.sync().unwrap();
    let mut names = sim.segments();
    names.push("began".to_owned());
    let files: Vec<_> = names.iter().map(|name| sim.bytes(name)).collect();
    assert_eq!(files, golden(include_str!("golden-2.hex")), "{}", hex(&files));
}

fn hex(files: &[Vec<u8>]) -> String {
    let line = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let file = |file: &Vec<u8>| file.chunks(32).map(line).collect::<Vec<_>>().join("\n");
    files.iter().map(file).collect::<Vec<_>>().join("\n\n")
}

fn golden(text: &str) -> Vec<Vec<u8>> {
    let file = |text: &str| {
        let digits: String = text.split_whitespace().collect();
        let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        (0..digits.len()).step_by(2).map(byte).collect()
    };
    text.split("\n\n").map(file).collect()
}

/// A journal as version 1 of the format left it.
pub(super) fn of_version_1() -> Sim {
    let sim = Sim::default();
    let names = ["00000000000000000001.facts", "00000000000000000005.facts"];
    for (name, bytes) in names.into_iter().zip(golden(include_str!("golden-1.hex"))) {
        sim.set(name, bytes);
    }
    sim
}

#[test]
fn a_journal_of_version_1_is_read_and_goes_on_in_version_2() {
    let sim = of_version_1();
    assert_holds(&sim, 7);
    let mut journal = open(&sim, SMALL).unwrap();
    assert_eq!((journal.end(), journal.cut()), (7, None));
    assert_eq!(read(&journal, 1, 7), (1..7).map(fact).collect::<Vec<_>>());
    let old = sim.segments();
    add(&mut journal, 1);
    assert_eq!(sim.segments().len(), old.len() + 1, "another segment, of the new version");
    add(&mut journal, 20);
    add(&mut journal, 2);
    journal.save_snapshot(4, b"fold").unwrap();
    assert_eq!(read(&journal, 2, 53), (2..53).map(fact).collect::<Vec<_>>());
    drop(journal);
    assert_holds(&sim, 53);
    let journal = open(&sim, SMALL).unwrap();
    assert_eq!((journal.end(), journal.cut()), (53, None));
    assert_eq!(journal.load_snapshot().unwrap().saved, Some((4, b"fold".to_vec())));
}
