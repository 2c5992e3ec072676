//! The scan behind a broken record finds evidence at any offset, also across two read windows. Only bytes that no crash
//! leaves are evidence against a torn tail.

use super::fixture::{HEAD, RECORD, add, change, groups, open};
use super::ordinary::of_version_1;
use super::sim::Sim;
use crate::record::Place;
use crate::{Damage, JournalError, Options, verify_storage};

const ONE: Options = Options { segment_bytes: 64 << 20, reserve_bytes: 0 };
const WINDOW: usize = 1 << 20;

/// The result of verifying the end: damage, or a number of torn bytes.
fn end(sim: &Sim) -> Result<u64, Damage> {
    let verified = verify_storage(sim, &mut |_, _| ()).unwrap();
    match verified.damage {
        None => Ok(verified.cut_bytes),
        Some(JournalError::Damaged { damage, .. }) => Err(damage),
        Some(other) => panic!("{other}"),
    }
}

/// A journal of four facts, without a mark behind them, and where their record ends.
fn whole() -> (Sim, String, usize) {
    let sim = Sim::default();
    add(&mut open(&sim, ONE).unwrap(), 2);
    let name = sim.segments().pop().unwrap();
    let end = HEAD + RECORD + groups(1, 2).bytes().len();
    (change(&sim, &name, |bytes| bytes.truncate(end)), name, end)
}

#[test]
fn places_show_what_was_durable_by_their_number_and_by_what_was_before_them() {
    let (sim, name, _) = whole();
    let chain = [7; 32];
    for (first, unsynced, shows) in [
        (1, 0, Some(Damage::Stale { found: 1 })),
        (4, 0, Some(Damage::Stale { found: 4 })),
        (5, 0, Some(Damage::Stale { found: 5 })),
        (5, 5, Some(Damage::Stale { found: 5 })),
        (6, 1, None), // this one was not durable when that was written
        (6, 0, Some(Damage::Record)),
        (9, 4, None),
        (9, 3, Some(Damage::Record)),
    ] {
        let place = Place { first, unsynced, chain }.bytes();
        let behind = change(&sim, &name, |bytes| {
            bytes.extend([9; 100]);
            bytes.extend(place);
        });
        let expected = shows.map_or(Ok(100 + place.len() as u64), Err);
        assert_eq!(end(&behind), expected, "{first}, {unsynced}");
    }
}

#[test]
fn a_place_is_found_wherever_it_stands() {
    let (sim, name, _) = whole();
    let place = Place { first: 1, unsynced: 0, chain: [7; 32] }.bytes();
    let across = WINDOW - place.len() - 2..WINDOW + 4;
    for before in (1..60).chain(across).chain([2 * WINDOW, 2 * WINDOW + 52]) {
        let behind = change(&sim, &name, |bytes| {
            bytes.resize(bytes.len() + before, 9);
            bytes.extend(place);
        });
        assert_eq!(end(&behind), Err(Damage::Stale { found: 1 }), "{before} bytes before it");
    }
}

#[test]
fn an_old_record_is_found_wherever_it_stands() {
    let sim = of_version_1();
    let name = sim.segments().pop().unwrap();
    let whole = sim.bytes(&name);
    let record = whole[HEAD..].to_vec();
    let across = [59, 60, 61, 76, 77, 1].map(|bytes| WINDOW - bytes);
    for before in (1..70).chain(across).chain([WINDOW, WINDOW + 1]) {
        for more in [0, 1] {
            let behind = change(&sim, &name, |bytes| {
                bytes.resize(bytes.len() + before, 9);
                bytes.extend(&record);
                bytes.resize(bytes.len() + more, 9);
            });
            assert_eq!(end(&behind), Err(Damage::Stale { found: 5 }), "{before} before, {more}");
        }
    }
    // One that is not whole shows nothing.
    for change_at in 0..record.len() {
        let behind = change(&sim, &name, |bytes| {
            bytes.resize(bytes.len() + 10, 9);
            bytes.extend(&record);
            bytes[whole.len() + 10 + change_at] ^= 0x55;
        });
        assert_eq!(end(&behind), Ok(10 + record.len() as u64), "byte {change_at}");
    }
}

/// A crash leaves few heads, each of which is summed up once: this many bytes are summed up for each one.
#[test]
fn what_a_crash_leaves_in_an_old_segment_is_summed_up_and_what_costs_more_is_damage() {
    let sim = of_version_1();
    let name = sim.segments().pop().unwrap();
    // Heads of later facts that each claim the rest of the file, and show that more was durable.
    let forged = |heads: usize| {
        change(&sim, &name, |bytes| {
            bytes.push(9);
            let begin = bytes.len();
            for head in 0..heads {
                let rest = u32::try_from(60 * (heads - head - 1)).unwrap();
                let mut forged = [0x77; 60];
                forged[..4].copy_from_slice(&rest.to_le_bytes());
                forged[8..16].copy_from_slice(&20_u64.to_le_bytes());
                forged[16..28].copy_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
                bytes.extend(forged);
            }
            assert_eq!(bytes.len(), begin + 60 * heads);
        })
    };
    // All heads together claim about heads² / 2 of 60 bytes, and 16 times the rest may be summed up. A head of 60
    // bytes alone has no facts.
    for heads in [1, 5, 20, 31] {
        assert_eq!(end(&forged(heads)), Ok(1 + 60 * heads as u64), "{heads}");
    }
    for heads in [34, 50, 200] {
        assert_eq!(end(&forged(heads)), Err(Damage::Record), "{heads}");
    }
}
