//! A full disk: the journal takes cancels and no new orders, and takes both once there is space again.

use proptest::prelude::*;

use super::fixture::{assert_holds, groups, open};
use super::sim::Sim;
use crate::{FreeSpace, Journal, JournalError, Options};

const RESERVE: u64 = 1000;
const OPTIONS: Options = Options { segment_bytes: 3000, reserve_bytes: RESERVE };

#[test]
fn the_reserve_takes_cancels_when_the_disk_is_full_and_is_made_again() {
    let sim = Sim::default();
    sim.state().capacity = Some(5000);
    let mut journal = open(&sim, OPTIONS).unwrap();
    assert!(journal.free_space().unwrap().for_orders);
    while journal.free_space().unwrap().for_orders {
        journal.append(&groups(journal.end(), 3)).unwrap();
    }
    // From here on the reserve is in use, and it is a whole one.
    let begun = journal.end();
    let room = journal.free_space().unwrap();
    assert!(room.reserve > 0 && room.reserve < RESERVE);
    let full = loop {
        match journal.append(&groups(journal.end(), 1)) {
            Ok(()) => {}
            Err(error) => break error,
        }
    };
    assert!(matches!(full, JournalError::Full { .. }), "{full}");
    assert!(journal.end() > begun + 2 * (RESERVE / FreeSpace::PER_CANCEL - 2));
    // Nothing is lost by it, and nothing of what did not fit is there.
    assert_eq!(journal.sync().unwrap(), journal.end());
    assert_holds(&sim, journal.end());
    assert!(!journal.free_space().unwrap().for_orders);
    // The operator frees space.
    sim.state().capacity = Some(20_000);
    assert!(journal.free_space().unwrap().for_orders);
    journal.append(&groups(journal.end(), 9)).unwrap();
    let end = journal.sync().unwrap();
    drop(journal);
    assert_holds(&sim, end);
    assert_eq!(open(&sim, OPTIONS).unwrap().end(), end);
}

#[test]
fn a_start_on_a_full_disk_is_possible_and_keeps_orders_out() {
    let sim = Sim::default();
    let mut journal = open(&sim, OPTIONS).unwrap();
    journal.append(&groups(1, 5)).unwrap();
    drop(journal);
    drop(sim.state().files.remove("reserve"));
    sim.state().capacity = Some(100);
    let mut journal = open(&sim, OPTIONS).unwrap();
    assert!(!journal.free_space().unwrap().for_orders);
    sim.state().capacity = None;
    assert_eq!(
        journal.free_space().unwrap(),
        FreeSpace { for_orders: true, ..journal.free_space().unwrap() }
    );
}

#[test]
fn a_reserve_of_another_size_is_made_anew() {
    let sim = Sim::default();
    drop(open(&sim, OPTIONS).unwrap());
    assert_eq!(sim.bytes("reserve").len(), 1000);
    drop(open(&sim, Options { reserve_bytes: 500, ..OPTIONS }).unwrap());
    assert_eq!(sim.bytes("reserve").len(), 500);
    drop(open(&sim, Options { reserve_bytes: 0, ..OPTIONS }).unwrap());
    assert!(!sim.state().files.contains_key("reserve"));
}

/// On a full disk, a reserve that was removed could not be made again.
#[test]
fn a_reserve_of_the_right_size_is_kept_at_a_start() {
    let sim = Sim::default();
    drop(open(&sim, OPTIONS).unwrap());
    sim.state().capacity = Some(sim.all().iter().map(|(_, bytes)| bytes.len() as u64).sum());
    drop(open(&sim, OPTIONS).unwrap());
    assert_eq!(sim.bytes("reserve").len(), 1000);
}

#[test]
fn an_empty_reserve_is_removed_where_none_is_wanted() {
    let sim = Sim::default();
    sim.set("reserve", Vec::new());
    drop(open(&sim, Options { reserve_bytes: 0, ..OPTIONS }).unwrap());
    assert!(!sim.state().files.contains_key("reserve"));
}

#[test]
fn a_batch_that_no_reserve_can_hold_leaves_it_for_smaller_ones() {
    let sim = Sim::default();
    let mut journal = open(&sim, OPTIONS).unwrap();
    sim.state().capacity = Some(0);
    let error = journal.append(&groups(1, 200)).unwrap_err();
    assert!(matches!(error, JournalError::Full { .. }));
    journal.append(&groups(1, 2)).unwrap();
    assert_eq!(journal.sync().unwrap(), 5);
    assert_holds(&sim, 5);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// On a disk of any changing space, the journal holds what was synced and nothing that was refused.
    #[test]
    fn a_disk_that_fills_and_empties_loses_nothing(
        steps in prop::collection::vec((1..20u64, prop::option::of(0..6000u64), 0..10u8), 1..40),
        segment_bytes in 100..3000u64,
        reserve_bytes in prop_oneof![Just(0), 200..2000u64],
    ) {
        let sim = Sim::default();
        let options = Options { segment_bytes, reserve_bytes };
        let mut journal = open(&sim, options).unwrap();
        for (commands, capacity, and_then) in steps {
            sim.state().capacity = capacity;
            let end = journal.end();
            match journal.append(&groups(end, commands)) {
                Ok(()) => prop_assert_eq!(journal.end(), end + 2 * commands),
                Err(JournalError::Full { .. }) => prop_assert_eq!(journal.end(), end),
                Err(other) => prop_assert!(false, "{}", other),
            }
            let room = journal.free_space().unwrap();
            prop_assert!(!room.for_orders || room.reserve >= reserve_bytes);
            if and_then < 5 {
                prop_assert_eq!(journal.sync().unwrap(), journal.end());
            }
            if and_then == 0 {
                let end = journal.end();
                drop(journal);
                sim.state().capacity = None;
                assert_holds(&sim, end);
                journal = open(&sim, options).unwrap();
                prop_assert_eq!(journal.end(), end);
            }
        }
        assert_holds(&sim, journal.end());
    }
}
