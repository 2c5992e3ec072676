//! A clean end leaves a mark that all is durable. A broken record before it is damage; the mark itself holds no fact.

use super::fixture::{HEAD, PLACE, RECORD, SMALL, add, assert_holds, change, groups, open};
use super::sim::Sim;
use crate::{Damage, Journal, JournalError, Options, verify_storage};

const ONE: Options = Options { segment_bytes: 4000, reserve_bytes: 0 };

/// A journal of one record that was closed, its segment, and where the mark is.
fn closed(options: Options) -> (Sim, String, usize) {
    let sim = Sim::default();
    let mut journal = open(&sim, options).unwrap();
    add(&mut journal, 3);
    journal.close().unwrap();
    let name = sim.segments().pop().unwrap();
    (sim, name, HEAD + RECORD + groups(1, 3).bytes().len())
}

#[test]
fn a_byte_flipped_in_the_one_record_of_a_closed_journal_is_damage() {
    let (sim, name, end) = closed(ONE);
    for at in HEAD..end {
        let flipped = change(&sim, &name, |bytes| bytes[at] ^= 0x10);
        let before = flipped.all();
        let verified = verify_storage(&flipped, &mut |_, _| ()).unwrap();
        assert!(!verified.intact, "byte {at}");
        let error = open(&flipped, ONE).err().unwrap_or_else(|| panic!("byte {at}: not noticed"));
        let JournalError::Damaged { offset: 64, seq: 1, damage: Damage::Record, .. } = error else {
            panic!("byte {at}: {error}");
        };
        assert!(error.to_string().contains(&name), "{error}");
        assert_eq!(flipped.all(), before, "nothing was changed");
    }
}

#[test]
fn a_mark_that_is_torn_or_flipped_loses_nothing() {
    let (sim, name, end) = closed(ONE);
    assert_holds(&sim, 7);
    for at in end..end + PLACE {
        for torn in [
            change(&sim, &name, |bytes| bytes[at] ^= 0x10),
            change(&sim, &name, |bytes| bytes.truncate(at)),
            change(&sim, &name, |bytes| bytes[at..].fill(0)),
        ] {
            assert!(verify_storage(&torn, &mut |_, _| ()).unwrap().intact, "byte {at}");
            let mut journal = open(&torn, ONE).unwrap();
            assert_eq!(journal.end(), 7);
            add(&mut journal, 1);
            assert_holds(&torn, 9);
        }
    }
}

#[test]
fn the_next_record_goes_over_it_so_that_clean_ends_leave_no_trace() {
    for options in [ONE, SMALL] {
        let (ends, plain) = (Sim::default(), Sim::default());
        let mut without = open(&plain, options).unwrap();
        for commands in [3, 1, 9, 1, 4, 8] {
            let mut journal = open(&ends, options).unwrap();
            assert_eq!(journal.cut(), None);
            add(&mut journal, commands);
            journal.close().unwrap();
            assert_eq!(
                (journal.end(), journal.durable()),
                (without.end() + 2 * commands, journal.end())
            );
            add(&mut without, commands);
        }
        let told = |sim: &Sim| {
            let verified = verify_storage(sim, &mut |_, _| ()).unwrap();
            (verified.facts, verified.facts_hash.value(), verified.chain, verified.cut_bytes)
        };
        assert_eq!(told(&ends), told(&plain));
        add(&mut open(&ends, options).unwrap(), 1);
        add(&mut without, 1);
        assert_eq!(ends.all(), plain.all());
    }
}

#[test]
fn clean_ends_without_facts_take_no_room() {
    let sim = Sim::default();
    let close = || open(&sim, ONE).unwrap().close().unwrap();
    close();
    assert_holds(&sim, 1);
    add(&mut open(&sim, ONE).unwrap(), 1);
    close();
    let once = sim.all();
    (0..5).for_each(|_| close());
    assert_eq!(sim.all(), once);
}

#[test]
fn a_full_disk_takes_the_mark_too_and_has_all_facts() {
    let sim = Sim::default();
    let mut journal = open(&sim, Options { segment_bytes: 0, reserve_bytes: 0 }).unwrap();
    add(&mut journal, 1);
    let full: usize = sim.all().iter().map(|(_, bytes)| bytes.len()).sum();
    sim.state().capacity = Some(full as u64 + 10);
    journal.close().unwrap();
    assert_holds(&sim, 3);
}

/// A loss of power may keep a later write and lose the bytes behind the mark.
#[test]
fn what_was_never_durable_is_cut_behind_a_mark() {
    let (sim, name, end) = closed(ONE);
    let mut journal = open(&sim, ONE).unwrap();
    journal.append(&groups(7, 3)).unwrap();
    journal.append(&groups(13, 1)).unwrap();
    drop(journal);
    let follows = end + RECORD + groups(7, 3).bytes().len();
    let lost = change(&sim, &name, |bytes| {
        bytes[end + PLACE..follows].fill(0);
    });
    let journal = open(&lost, ONE).unwrap();
    assert_eq!((journal.end(), journal.cut().is_some()), (7, true));
    assert_holds(&lost, 7);
}
