//! Snapshots are whole or passed over, and never ahead of their journal.

use super::fixture::{SMALL, add, open};
use super::sim::Sim;
use crate::{Journal, JournalError};

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
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    add(&mut journal, 1);
    journal.save_snapshot(3, b"older").unwrap();
    add(&mut journal, 1);
    journal.save_snapshot(5, b"newer").unwrap();
    drop(journal);
    let name = format!("{:020}.fold", 5);
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
    journal.append(&super::fixture::groups(3, 1)).unwrap();
    let error = journal.save_snapshot(5, b"early").unwrap_err();
    assert!(matches!(error, JournalError::SnapshotAhead { position: 5, durable: 3 }));
    assert_eq!(journal.sync().unwrap(), 5);
    journal.save_snapshot(5, b"now").unwrap();
    drop(journal);
    // A journal that was restored from an older copy does not take a fold of what it has not.
    sim.state().files.retain(|name, _| name.ends_with(".fold"));
    let found = open(&sim, SMALL).unwrap().load_snapshot().unwrap();
    assert_eq!((found.saved, found.passed_over.len()), (None, 1));
}

#[test]
fn a_snapshot_that_does_not_fit_leaves_the_older_one() {
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    add(&mut journal, 1);
    journal.save_snapshot(3, b"older").unwrap();
    add(&mut journal, 1);
    let capacity = 4000;
    sim.state().capacity = Some(capacity);
    let error = journal.save_snapshot(5, &[7; 5000]).unwrap_err();
    assert!(matches!(error, JournalError::Io { doing: "save snapshot", .. }), "{error}");
    assert_eq!(journal.load_snapshot().unwrap().saved, Some((3, b"older".to_vec())));
    add(&mut journal, 1); // the journal itself goes on
}
