//! Files that cannot be created, and files that another program removes.

use super::fixture::{SMALL, add, assert_holds, groups, open};
use super::sim::Sim;
use crate::{Journal, JournalError, Lost, Options};

const OPTIONS: Options = Options { segment_bytes: 3000, reserve_bytes: 2000 };

#[test]
fn without_names_for_new_files_the_reserve_is_the_next_segment_and_nothing_fails() {
    let sim = Sim::default();
    let mut journal = open(&sim, OPTIONS).unwrap();
    sim.state().no_names = true;
    while journal.free_space().unwrap().for_orders {
        add(&mut journal, 3);
        assert!(journal.end() < 1000, "it must be full at last");
    }
    assert_eq!(sim.segments().len(), 2, "the reserve has become a segment");
    let save = journal.save_snapshot(journal.durable(), b"fold").unwrap_err();
    assert!(save.to_string().contains("df -i"), "{save}");
    while journal.free_space().unwrap().for_cancels {
        add(&mut journal, 1);
    }
    add(&mut journal, 1); // what was on its way then
    let end = journal.end();
    assert_holds(&sim, end);
    sim.state().no_names = false;
    assert!(journal.free_space().unwrap().for_orders);
    add(&mut journal, 3);
    journal.save_snapshot(journal.durable(), b"fold").unwrap();
    assert_holds(&sim, end + 6);
}

#[test]
fn without_a_reserve_nothing_is_taken_any_more_before_an_append_fails() {
    for names in [true, false] {
        let sim = Sim::default();
        let options = Options { reserve_bytes: 0, segment_bytes: 4000 };
        let mut journal = open(&sim, options).unwrap();
        sim.state().no_names = !names;
        sim.state().capacity = names.then_some(6_000);
        loop {
            let room = journal.free_space().unwrap();
            assert_eq!(room.for_orders, room.for_cancels, "nothing is set aside for cancels");
            if !room.for_orders {
                break;
            }
            add(&mut journal, 1);
            assert!(journal.end() < 10_000, "it must be full at last");
        }
        add(&mut journal, 1); // what was on its way then
        let end = journal.end();
        assert_holds(&sim, end);
        sim.state().no_names = false;
        sim.state().capacity = None;
        assert!(journal.free_space().unwrap().for_cancels);
        add(&mut journal, 20);
        assert_holds(&sim, end + 40);
    }
}

#[test]
fn a_start_without_names_for_a_first_segment_says_that_there_is_no_space() {
    let sim = Sim::default();
    sim.state().no_names = true;
    let Err(error) = open(&sim, OPTIONS) else { panic!("there is no segment") };
    assert!(matches!(error, JournalError::Full { .. }), "{error}");
    assert!(error.to_string().contains("df -i"), "{error}");
    // One that has a segment starts, without a reserve.
    sim.state().no_names = false;
    add(&mut open(&sim, SMALL).unwrap(), 2);
    sim.state().no_names = true;
    let mut journal = open(&sim, OPTIONS).unwrap();
    let room = journal.free_space().unwrap();
    assert_eq!((room.for_orders, room.for_cancels), (false, true));
}

/// Another program's file of that name.
fn replace(sim: &Sim, name: &str) {
    sim.set(name, vec![7; 5000]);
}

#[test]
fn a_segment_that_is_taken_away_is_noticed_before_anything_is_acknowledged_and_its_facts_are_kept()
{
    type Take = fn(&Sim, &str);
    let takes: [(&str, Take); 3] = [
        ("removed", |sim, name| drop(sim.state().files.remove(name))),
        ("replaced", replace),
        ("cut", |sim, name| sim.state().files[name].lock().unwrap().truncate(70)),
    ];
    for (how, take) in takes {
        for at_rest in [true, false] {
            let sim = Sim::default();
            let mut journal = open(&sim, OPTIONS).unwrap();
            add(&mut journal, 3);
            let name = sim.segments().pop().unwrap();
            journal.check_files().unwrap();
            take(&sim, &name);
            let error = match at_rest {
                true => journal.check_files().unwrap_err(),
                false => {
                    journal.append(&groups(7, 1)).unwrap();
                    journal.sync().unwrap_err()
                }
            };
            assert!(error.to_string().contains(&name), "{error}");
            let JournalError::Displaced { lost: Lost::Segment, kept, .. } = error else {
                panic!("{error}")
            };
            assert_eq!(journal.durable(), 7);
            let poisoned = journal.append(&groups(9, 1)).unwrap_err();
            assert!(matches!(poisoned, JournalError::Poisoned { .. }), "{poisoned}");
            drop(journal);
            match kept {
                None => assert_eq!(how, "cut"),
                Some(kept) => {
                    let kept = kept.strip_prefix("sim/").unwrap();
                    let bytes = sim.bytes(kept);
                    sim.set(&name, bytes);
                    assert_holds(&sim, if at_rest { 7 } else { 9 });
                }
            }
        }
    }
}

#[test]
fn without_its_folder_or_its_lock_a_journal_takes_nothing_more() {
    for lost in [Lost::Folder, Lost::Lock] {
        let sim = Sim::default();
        let mut journal = open(&sim, OPTIONS).unwrap();
        add(&mut journal, 3);
        sim.state().lost = Some(lost);
        let error = journal.check_files().unwrap_err();
        assert!(matches!(error, JournalError::Displaced { lost: found, .. } if found == lost));
        assert!(error.to_string().contains("start again"), "{error}");
        assert!(matches!(journal.sync(), Err(JournalError::Poisoned { .. })));
        drop(journal);
        assert_holds(&sim, 7);
    }
}

#[test]
fn a_reserve_that_is_taken_away_is_set_aside_anew() {
    let sim = Sim::default();
    let mut journal = open(&sim, OPTIONS).unwrap();
    drop(sim.state().files.remove("reserve"));
    journal.check_files().unwrap();
    assert!(journal.free_space().unwrap().for_orders);
    assert_eq!(sim.bytes("reserve").len(), 2000);
    // Gone just when it is needed, it is as one that was used up.
    sim.state().capacity = Some(0);
    drop(sim.state().files.remove("reserve"));
    let full = journal.append(&groups(1, 100)).unwrap_err();
    assert!(matches!(full, JournalError::Full { .. }), "{full}");
    sim.state().capacity = None;
    add(&mut journal, 100);
    assert_holds(&sim, 201);
}
