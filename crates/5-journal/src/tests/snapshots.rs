//! Snapshots are whole or skipped, and never ahead of their journal.

use super::fixture::{HEAD, RECORD, SMALL, SimJournal, add, groups, open};
use super::sim::Sim;
use crate::{Journal, JournalError, verify_storage};

#[test]
fn the_newest_of_two_is_loaded() {
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    assert_eq!(journal.load_snapshot().unwrap().saved, None);
    for fold in [b"one", b"two", b"six"] {
        add(&mut journal, 1);
        journal.save_snapshot(journal.end(), fold).unwrap();
    }
    let found = journal.load_snapshot().unwrap();
    assert_eq!(found.saved, Some((7, b"six".to_vec())));
    assert_eq!(found.passed_over, Vec::<String>::new());
    let kept = sim.all().iter().filter(|(name, _)| name.ends_with(".fold")).count();
    assert_eq!(kept, 2);
}

#[test]
fn a_snapshot_with_any_byte_missing_or_changed_is_passed_over_and_named() {
    let (sim, mut journal) = one_saved(b"older");
    add(&mut journal, 1);
    journal.save_snapshot(5, b"newer").unwrap();
    drop(journal);
    let name = fold(5);
    let whole = sim.bytes(&name);
    let cut = (0..whole.len()).map(|length| whole[..length].to_vec());
    let flipped = (0..whole.len()).map(|at| {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        bytes
    });
    let longer = [whole.clone(), vec![0]].concat();
    for bytes in cut.chain(flipped).chain([longer]) {
        sim.set(&name, bytes);
        let found = open(&sim, SMALL).unwrap().load_snapshot().unwrap();
        assert_eq!(found.saved, Some((3, b"older".to_vec())));
        assert_eq!(found.passed_over, [format!("sim/{name}")]);
    }
}

#[test]
fn a_snapshot_is_not_ahead_of_its_journal() {
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    add(&mut journal, 1);
    journal.append(&groups(3, 1)).unwrap();
    let error = journal.save_snapshot(5, b"early").unwrap_err();
    assert!(matches!(error, JournalError::SnapshotAhead { position: 5, durable: 3 }));
    assert_eq!(journal.sync().unwrap(), 5);
    journal.save_snapshot(5, b"now").unwrap();
}

/// A journal of one command, with a snapshot of it.
fn one_saved(fold: &[u8]) -> (Sim, SimJournal) {
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    add(&mut journal, 1);
    journal.save_snapshot(3, fold).unwrap();
    (sim, journal)
}

/// The file of the snapshot at a position.
fn fold(position: u64) -> String {
    format!("{position:020}.fold")
}

/// Puts a journal's segments back as they were in a backup.
fn restore(sim: &Sim, backup: &[(String, Vec<u8>)]) {
    sim.state().files.retain(|name, _| !name.ends_with(".facts"));
    for (name, bytes) in backup.iter().filter(|(name, _)| name.ends_with(".facts")) {
        sim.set(name, bytes.clone());
    }
}

#[test]
fn a_journal_that_was_restored_from_a_backup_does_not_take_the_fold_of_another_history() {
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    add(&mut journal, 3);
    journal.save_snapshot(journal.end(), b"common").unwrap();
    let backup: Vec<_> = sim.all();
    for bytes in [b"lost", b"gone"] {
        add(&mut journal, 2);
        journal.save_snapshot(journal.end(), bytes).unwrap();
    }
    drop(journal);
    restore(&sim, &backup);
    // The snapshots are ahead of the segments: facts are missing until the operator gives them up.
    let before = sim.all();
    let error = open(&sim, SMALL).map(|_| ()).unwrap_err();
    let text = error.to_string();
    let JournalError::FactsGone { after: 6, missing: 8, snapshots, .. } = error else {
        panic!("{text}")
    };
    assert_eq!(snapshots, [format!("sim/{}", fold(15)), format!("sim/{}", fold(11))]);
    let verified = verify_storage(&sim, &mut |_, _| ()).unwrap();
    assert_eq!((verified.facts, verified.intact), (6, false));
    assert_eq!(verified.damage.unwrap().to_string(), text);
    assert_eq!(sim.all(), before, "nothing was changed");
    sim.state().files.retain(|name, _| *name != fold(11) && *name != fold(15));
    let mut journal = open(&sim, SMALL).unwrap();
    assert_eq!(journal.load_snapshot().unwrap().saved, None);
    // It goes on otherwise, and snapshots of that are kept in place of those.
    journal.append(&super::fixture::groups_otherwise(7, 4)).unwrap();
    journal.sync().unwrap();
    journal.save_snapshot(11, b"anew").unwrap();
    assert_eq!(journal.load_snapshot().unwrap().saved, Some((11, b"anew".to_vec())));
    // A fold of the lost history at a position that both have.
    let of_ours = sim.bytes(&fold(11));
    let of_theirs = {
        let other = Sim::default();
        let mut journal = open(&other, SMALL).unwrap();
        add(&mut journal, 5);
        journal.save_snapshot(11, b"lost").unwrap();
        other.bytes(&fold(11))
    };
    sim.set(&fold(11), of_theirs);
    let found = journal.load_snapshot().unwrap();
    assert_eq!((found.saved, found.passed_over.len()), (None, 1));
    sim.set(&fold(11), of_ours);
    assert_eq!(journal.load_snapshot().unwrap().saved, Some((11, b"anew".to_vec())));
}

#[test]
fn a_snapshot_in_the_middle_of_what_was_appended_since_is_of_this_history_too() {
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    for _ in 0..40 {
        add(&mut journal, 1);
    }
    for position in [2, 3, 21, 40, 81] {
        journal.save_snapshot(position, b"fold").unwrap();
        assert_eq!(journal.load_snapshot().unwrap().saved, Some((position, b"fold".to_vec())));
    }
}

#[test]
fn a_journal_whose_segments_are_gone_is_not_begun_anew() {
    let (sim, _) = one_saved(b"fold");
    sim.state().files.retain(|name, _| name.ends_with(".fold"));
    let before = sim.all();
    for error in [
        open(&sim, SMALL).map(|_| ()).unwrap_err(),
        crate::verify_storage(&sim, &mut |_, _| ()).map(|_| ()).unwrap_err(),
    ] {
        assert!(matches!(error, JournalError::NoSegments { .. }), "{error}");
    }
    assert_eq!(sim.all(), before, "nothing was changed");
}

#[test]
fn a_snapshot_that_does_not_fit_leaves_the_older_one() {
    let (sim, mut journal) = one_saved(b"older");
    add(&mut journal, 1);
    let capacity = 4000;
    sim.state().capacity = Some(capacity);
    let error = journal.save_snapshot(5, &[7; 5000]).unwrap_err();
    assert!(matches!(error, JournalError::Io { doing: "save snapshot", .. }), "{error}");
    assert_eq!(journal.load_snapshot().unwrap().saved, Some((3, b"older".to_vec())));
    add(&mut journal, 1); // the journal itself goes on
}

#[test]
fn only_snapshots_beyond_the_last_fact_are_named_where_facts_are_gone() {
    let (sim, mut journal) = one_saved(b"all that is left");
    let left = sim.copy();
    let end = HEAD + RECORD + groups(1, 1).bytes().len();
    for fold in [b"newer", b"sixth"] {
        add(&mut journal, 1);
        journal.save_snapshot(journal.end(), fold).unwrap();
        let name = self::fold(journal.end());
        left.set(&name, sim.bytes(&name));
    }
    let error = open(&left, SMALL).map(|_| ()).unwrap_err();
    let JournalError::FactsGone { segment, offset, after, missing, snapshots } = error else {
        panic!("{error}")
    };
    assert_eq!((segment, offset), (format!("sim/{}", left.segments()[0]), end as u64));
    assert_eq!((after, missing), (2, 4));
    assert_eq!(snapshots, [7, 5].map(|position| format!("sim/{}", fold(position))));
}

#[test]
fn a_damaged_snapshot_ahead_of_the_journal_proves_nothing() {
    let (sim, _) = one_saved(b"fold");
    let mut bytes = sim.bytes(&fold(3));
    bytes[20] ^= 1;
    sim.set(&fold(9), bytes);
    assert!(verify_storage(&sim, &mut |_, _| ()).unwrap().intact);
    let found = open(&sim, SMALL).unwrap().load_snapshot().unwrap();
    assert_eq!((found.saved, found.passed_over.len()), (Some((3, b"fold".to_vec())), 1));
}

#[test]
fn a_last_segment_that_is_gone_is_missed_where_a_snapshot_has_its_facts() {
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    for _ in 0..6 {
        add(&mut journal, 7);
    }
    journal.save_snapshot(journal.end(), b"fold").unwrap();
    drop(journal);
    let last = sim.segments().pop().unwrap();
    let bytes = sim.bytes(&last);
    drop(sim.state().files.remove(&last));
    // Removing its announcement from the segment before it does not give up the snapshot's facts.
    let before = sim.segments().pop().unwrap();
    sim.set(&before, sim.bytes(&before)[..sim.bytes(&before).len() - RECORD].to_vec());
    let error = open(&sim, SMALL).map(|_| ()).unwrap_err();
    assert!(matches!(error, JournalError::FactsGone { .. }), "{error}");
    sim.set(&last, bytes);
    assert_eq!(open(&sim, SMALL).unwrap().end(), 85);
}
