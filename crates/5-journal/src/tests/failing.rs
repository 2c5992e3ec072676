//! Files that cannot be opened or created: the journal does without one if it can, else reports its name and the
//! reason.

use std::io::ErrorKind::{self, NotFound, PermissionDenied, StorageFull};

use super::fixture::{SMALL, SimJournal, add, assert_holds, groups, open};
use super::sim::Sim;
use crate::{Journal, JournalError, Options};

const OPTIONS: Options = Options { segment_bytes: 3000, reserve_bytes: 2000 };

fn fail(sim: &Sim, name: &str, why: ErrorKind) {
    sim.state().fail_file = Some((name.to_owned(), why));
}

fn works(sim: &Sim) {
    sim.state().fail_file = None;
}

/// Files in the making.
fn leftovers(sim: &Sim) -> usize {
    sim.all().iter().filter(|(name, _)| name.ends_with(".tmp")).count()
}

#[test]
fn a_start_that_cannot_read_or_make_a_file_says_which() {
    for (name, says) in [
        ("reserve", "open sim/reserve"),
        ("reserve.tmp", "reserve sim/reserve"),
        ("began", "open sim/began"),
        ("began.tmp", "write sim/began"),
        ("00000000000000000001.facts", "open sim/00000000000000000001.facts"),
    ] {
        let sim = Sim::default();
        add(&mut open(&sim, SMALL).unwrap(), 2);
        if name == "began.tmp" {
            drop(sim.state().files.remove("began"));
        }
        fail(&sim, name, PermissionDenied);
        let error = open(&sim, OPTIONS).err().unwrap().to_string();
        assert!(error.contains(&format!("could not {says}: permission denied")), "{error}");
        works(&sim);
        assert_eq!(open(&sim, OPTIONS).unwrap().end(), 5);
        assert_holds(&sim, 5);
    }
    let sim = Sim::default();
    fail(&sim, "segment.tmp", PermissionDenied);
    let error = open(&sim, OPTIONS).err().unwrap().to_string();
    assert!(error.contains("could not create sim/00000000000000000001.facts"), "{error}");
}

#[test]
fn what_there_is_no_room_for_at_a_start_is_made_later_and_leaves_nothing_behind() {
    for name in ["reserve.tmp", "began.tmp"] {
        let sim = Sim::default();
        add(&mut open(&sim, SMALL).unwrap(), 2);
        drop(sim.state().files.remove("began"));
        fail(&sim, name, StorageFull);
        let mut journal = open(&sim, OPTIONS).unwrap();
        let made = name.strip_suffix(".tmp").unwrap();
        assert!(!sim.state().files.contains_key(made));
        add(&mut journal, 2);
        assert!(!sim.state().files.contains_key(made));
        works(&sim);
        assert!(journal.free_space().unwrap().for_orders);
        add(&mut journal, 2);
        assert!(sim.state().files.contains_key(made));
        assert_eq!(leftovers(&sim), 0);
    }
}

/// The disk has space for the file's name, and not for all of its bytes.
#[test]
fn what_does_not_fit_whole_is_taken_back() {
    let used = |sim: &Sim| sim.all().iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>();
    // The file `began`.
    let sim = Sim::default();
    add(&mut open(&sim, SMALL).unwrap(), 2);
    drop(sim.state().files.remove("began"));
    sim.state().capacity = Some(used(&sim) + 10);
    let mut journal = open(&sim, SMALL).unwrap();
    assert_eq!((leftovers(&sim), sim.all().len()), (0, 1));
    // A snapshot.
    let error = journal.save_snapshot(5, &[7; 100]).unwrap_err();
    assert!(matches!(error, JournalError::Io { doing: "save snapshot", .. }), "{error}");
    assert_eq!((leftovers(&sim), sim.all().len()), (0, 1));
    // A segment: no other has free space.
    sim.state().capacity = Some(used(&sim) + 10);
    let error = journal.append(&groups(5, 60)).unwrap_err();
    assert!(matches!(error, JournalError::Full { .. }), "{error}");
    assert_eq!((leftovers(&sim), sim.all().len()), (0, 1));
    // The first segment.
    let sim = Sim::default();
    sim.state().capacity = Some(50);
    let error = open(&sim, SMALL).err().unwrap();
    assert!(matches!(error, JournalError::Full { .. }), "{error}");
    assert_eq!(sim.all().len(), 0);
}

/// A journal whose segment is full, with a reserve.
fn at_its_end(sim: &Sim) -> SimJournal {
    let options = Options { segment_bytes: 700, reserve_bytes: 2000 };
    let mut journal = open(sim, options).unwrap();
    add(&mut journal, 20);
    journal
}

#[test]
fn a_segment_that_cannot_be_made_for_want_of_room_is_the_reserve_and_for_another_cause_it_is_the_end()
 {
    let sim = Sim::default();
    let mut journal = at_its_end(&sim);
    fail(&sim, "segment.tmp", StorageFull);
    add(&mut journal, 20);
    assert_eq!(sim.segments().len(), 2);
    assert_holds(&sim, 81);

    let sim = Sim::default();
    let mut journal = at_its_end(&sim);
    fail(&sim, "segment.tmp", PermissionDenied);
    let error = journal.append(&groups(41, 20)).unwrap_err();
    assert!(matches!(error, JournalError::Io { doing: "create a segment after", .. }), "{error}");
    works(&sim);
    assert!(matches!(journal.append(&groups(41, 20)), Err(JournalError::Poisoned { .. })));
    drop(journal);
    assert_holds(&sim, 41);
}

#[test]
fn a_reserve_that_is_gone_is_as_one_that_is_used_up_and_one_that_fails_is_the_end() {
    for (why, is_end) in [(NotFound, false), (StorageFull, false), (PermissionDenied, true)] {
        let sim = Sim::default();
        let mut journal = at_its_end(&sim);
        sim.state().no_names = true;
        fail(&sim, "reserve", why);
        for again in [false, true] {
            let error = journal.append(&groups(41, 20)).unwrap_err();
            let expected = match (is_end, again) {
                (false, _) => matches!(error, JournalError::Full { .. }),
                (true, false) => matches!(error, JournalError::Io { .. }),
                (true, true) => matches!(error, JournalError::Poisoned { .. }),
            };
            assert!(expected, "{why}: {error}");
        }
        works(&sim);
        drop(journal);
        assert_holds(&sim, 41);
    }
}

#[test]
fn a_reserve_is_looked_after() {
    let sim = Sim::default();
    let mut journal = open(&sim, OPTIONS).unwrap();
    let held = |journal: &mut SimJournal| {
        journal.check_files().unwrap();
        journal.free_space().unwrap().for_orders
    };
    assert!(held(&mut journal));
    // It cannot be made anew while it cannot be made at all.
    fail(&sim, "reserve", StorageFull);
    assert!(held(&mut journal), "that it cannot be opened now says nothing");
    fail(&sim, "reserve", PermissionDenied);
    let error = journal.check_files().unwrap_err();
    assert!(matches!(error, JournalError::Io { doing: "look at", .. }), "{error}");
    works(&sim);
    sim.state().no_names = true;
    assert!(held(&mut journal));
    sim.set("reserve", vec![0; 1999]);
    assert!(!held(&mut journal), "it was cut");
    sim.state().no_names = false;
    assert!(held(&mut journal));
    assert_eq!(sim.bytes("reserve").len(), 2000);
    sim.state().no_names = true;
    drop(sim.state().files.remove("reserve"));
    assert!(!held(&mut journal), "it was removed");
    sim.state().no_names = false;
    assert!(held(&mut journal));
}

#[test]
fn a_disk_that_fails_while_a_reserve_is_set_aside_says_so() {
    let sim = Sim::default();
    add(&mut open(&sim, SMALL).unwrap(), 2);
    sim.state().no_names = true;
    let mut journal = open(&sim, OPTIONS).unwrap();
    sim.state().no_names = false;
    sim.state().fail_syncs = true;
    let error = journal.free_space().unwrap_err();
    assert!(matches!(error, JournalError::Io { doing: "reserve", .. }), "{error}");
    sim.state().fail_syncs = false;
    assert!(journal.free_space().unwrap().for_orders);
}

/// It has no lock that keeps another program out, or that program has none.
#[test]
fn a_segment_that_appears_while_a_journal_is_opened_is_another_programs() {
    let sim = Sim::default();
    let mut journal = open(&sim, Options { segment_bytes: 0, reserve_bytes: 0 }).unwrap();
    add(&mut journal, 2);
    add(&mut journal, 2);
    drop(journal);
    let last = sim.segments().pop().unwrap();
    let bytes = sim.bytes(&last);
    drop(sim.state().files.remove(&last));
    sim.state().appears = Some((1, last.clone(), bytes));
    let before = sim.bytes(&sim.segments()[0]);
    let error = open(&sim, SMALL).err().unwrap();
    assert!(matches!(error, JournalError::Locked { .. }), "{error}");
    assert_eq!(sim.segments().len(), 2, "it has appeared");
    assert_eq!(sim.bytes(&sim.segments()[0]), before);
    assert_eq!(open(&sim, SMALL).unwrap().end(), 9);
}

#[test]
fn facts_whose_mark_cannot_be_written_are_not_called_durable() {
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    add(&mut journal, 1);
    journal.append(&groups(3, 1)).unwrap();
    sim.state().fail_writes = true;
    let error = journal.sync().unwrap_err();
    assert!(matches!(error, JournalError::Io { doing: "write", .. }), "{error}");
    assert_eq!(journal.durable(), 3);
    sim.state().fail_writes = false;
    assert!(matches!(journal.sync(), Err(JournalError::Poisoned { .. })));
}

#[test]
fn a_write_that_fails_for_another_cause_than_room_is_the_end() {
    for by_room in [true, false] {
        let sim = Sim::default();
        let mut journal = open(&sim, SMALL).unwrap();
        sim.state().fail_writes = true;
        let error = match by_room {
            true => journal.free_space().map(|_| ()).unwrap_err(),
            false => journal.append(&groups(1, 2)).unwrap_err(),
        };
        assert!(matches!(error, JournalError::Io { doing: "write", .. }), "{error}");
        sim.state().fail_writes = false;
        assert!(matches!(journal.append(&groups(1, 2)), Err(JournalError::Poisoned { .. })));
        assert_eq!(journal.end(), 1);
    }
}
