//! The results of `verify` for snapshots and tails, also while a writer runs.

use std::io::ErrorKind::{NotFound, PermissionDenied};

use protocol::{Fact, Stamp};

use super::fixture::{HEAD, PLACE, RECORD, SMALL, add, groups, groups_otherwise, open};
use super::sim::Sim;
use crate::{
    DiskJournal, Fold, Journal, JournalError, verify, verify_storage,
    verify_storage_with_snapshots, verify_with_snapshots,
};

/// Counts facts; its snapshot is the count.
#[derive(Default)]
struct Count(u64);

impl Fold for Count {
    fn apply(&mut self, stamp: Stamp, _fact: Fact) {
        self.0 += 1;
        assert_eq!(stamp.seq, self.0);
    }

    fn is(&self, bytes: &[u8]) -> bool {
        bytes == self.0.to_le_bytes()
    }
}

fn fold(position: u64) -> String {
    format!("{position:020}.fold")
}

/// A journal with snapshots of all facts at 5 and at 11, and its end at 13.
fn saved() -> Sim {
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    for (commands, is_saved) in [(2, true), (3, true), (1, false)] {
        add(&mut journal, commands);
        if is_saved {
            let facts = journal.end() - 1;
            journal.save_snapshot(journal.end(), &facts.to_le_bytes()).unwrap();
        }
    }
    sim
}

/// Each snapshot's facts and state, and the damage.
fn verified(sim: &Sim) -> (Vec<(u64, &'static str)>, Option<String>) {
    let verified = verify_storage_with_snapshots(sim, &mut Count::default()).unwrap();
    assert_eq!(verified.facts, 12);
    assert_eq!(verified.intact, verified.damage.is_none());
    let told = verified.snapshots.into_iter().map(|found| {
        assert_eq!(found.file, format!("sim/{}", fold(found.facts + 1)));
        (found.facts, found.state)
    });
    (told.collect(), verified.damage.map(|damage| damage.to_string()))
}

#[test]
fn each_snapshot_is_held_against_the_facts_before_it_and_the_first_that_does_not_fit_is_damage() {
    let sim = saved();
    assert_eq!(verified(&sim), (vec![(4, "agrees"), (10, "agrees")], None));
    let without = verify_storage(&sim, &mut |_, _| ()).unwrap();
    assert_eq!(without.snapshots, []);
    // One at the very end too.
    let mut journal = open(&sim, SMALL).unwrap();
    journal.save_snapshot(13, &12_u64.to_le_bytes()).unwrap();
    assert_eq!(verified(&sim), (vec![(10, "agrees"), (12, "agrees")], None));
    // Of too few facts.
    journal.save_snapshot(13, &11_u64.to_le_bytes()).unwrap();
    let (told, damage) = verified(&sim);
    assert_eq!(told, [(10, "agrees"), (12, "not the fold of the facts")]);
    assert!(damage.unwrap().contains(&fold(13)));
    // Both are damaged: the report names the first.
    let sim = saved();
    for position in [5, 11] {
        sim.state().files[&fold(position)].lock().unwrap()[30] ^= 1;
    }
    let (told, damage) = verified(&sim);
    assert_eq!(told, [(4, "damaged"), (10, "damaged")]);
    assert!(damage.unwrap().contains(&fold(5)));
    // Of another history.
    let other = Sim::default();
    let mut journal = open(&other, SMALL).unwrap();
    journal.append(&groups_otherwise(1, 4)).unwrap();
    journal.sync().unwrap();
    journal.save_snapshot(5, &4_u64.to_le_bytes()).unwrap();
    let sim = saved();
    sim.set(&fold(5), other.bytes(&fold(5)));
    let (told, damage) = verified(&sim);
    assert_eq!(told, [(4, "of another history"), (10, "agrees")]);
    assert!(damage.unwrap().contains("another history"));
}

#[test]
fn a_snapshot_at_the_start_of_a_damaged_segment_agrees_with_the_facts_before_it() {
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    while sim.segments().len() < 2 {
        add(&mut journal, 3);
    }
    let last = sim.segments().pop().unwrap();
    let position: u64 = last[..20].parse().unwrap();
    journal.save_snapshot(position, &(position - 1).to_le_bytes()).unwrap();
    sim.state().files[&last].lock().unwrap()[20] ^= 1;
    let verified = verify_storage_with_snapshots(&sim, &mut Count::default()).unwrap();
    assert!(matches!(verified.damage, Some(JournalError::Damaged { offset: 0, .. })));
    let told: Vec<_> = verified.snapshots.iter().map(|found| (found.facts, found.state)).collect();
    assert_eq!(told, [(position - 1, "agrees")]);
}

#[test]
fn a_snapshot_that_is_removed_meanwhile_is_none_and_one_that_cannot_be_read_is_damage() {
    let sim = saved();
    sim.state().fail_file = Some((fold(5), NotFound));
    assert_eq!(verified(&sim), (vec![(10, "agrees")], None));
    sim.state().fail_file = Some((fold(5), PermissionDenied));
    let (told, damage) = verified(&sim);
    assert_eq!(told, [(10, "agrees")]);
    assert!(damage.unwrap().contains("permission denied"));
}

#[test]
fn facts_that_are_damaged_are_told_before_a_snapshot() {
    let sim = saved();
    let at = HEAD + RECORD + groups(1, 2).bytes().len() + RECORD + 1;
    let first = sim.segments().remove(0);
    sim.state().files[&first].lock().unwrap()[at] ^= 1;
    sim.state().files[&fold(5)].lock().unwrap()[30] ^= 1;
    let verified = verify_storage_with_snapshots(&sim, &mut Count::default()).unwrap();
    assert!(matches!(verified.damage, Some(JournalError::Damaged { seq: 5, .. })));
    assert_eq!(verified.facts, 4);
}

#[test]
fn what_a_writer_is_just_writing_is_not_torn_and_without_a_writer_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = DiskJournal::open(dir.path(), SMALL).unwrap();
    journal.append(&groups(1, 2)).unwrap();
    journal.sync().unwrap();
    let path = dir.path().join("00000000000000000001.facts");
    let end = HEAD + RECORD + groups(1, 2).bytes().len();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[end + PLACE] = 7;
    std::fs::write(&path, &bytes).unwrap();
    let told = || {
        let plain = verify(dir.path(), &mut |_, _| ()).unwrap();
        let with = verify_with_snapshots(dir.path(), &mut Count::default()).unwrap();
        assert_eq!((plain.cut_bytes, plain.facts), (with.cut_bytes, with.facts));
        assert_eq!(plain.torn, with.torn);
        (plain.facts, plain.cut_bytes, plain.torn.map(|torn| torn.bytes))
    };
    assert_eq!(told(), (4, 0, None));
    drop(journal);
    let torn = PLACE as u64 + 1;
    assert_eq!(told(), (4, torn, Some(torn)));
}
