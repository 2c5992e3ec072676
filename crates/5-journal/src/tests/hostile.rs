//! Hostile files: huge, forged, or damaged at random. The journal refuses them and reports the offset, or reads them as
//! far as they are whole. The cost is bounded by their length.

use proptest::prelude::*;

use super::fixture::{HEAD, PLACE, RECORD, SMALL, add, assert_holds, change, groups, open};
use super::ordinary::of_version_1;
use super::sim::Sim;
use crate::record::{Place, RecordHead};
use crate::{Damage, Journal, JournalError, Options, verify_storage};

const MIB: u64 = 1 << 20;
const ONE: Options = Options { segment_bytes: 64 << 20, reserve_bytes: 0 };

/// What verifying costs: reads, bytes that were read, and the most at once.
fn cost(sim: &Sim) -> (u64, u64, usize) {
    sim.state().reads = (0, 0, 0);
    let _verified = verify_storage(sim, &mut |_, _| ());
    sim.state().reads
}

#[test]
fn a_huge_hole_is_read_through_a_window() {
    let sim = Sim::default();
    let mut journal = open(&sim, ONE).unwrap();
    add(&mut journal, 3);
    journal.append(&groups(7, 2)).unwrap();
    drop(journal);
    let name = sim.segments().pop().unwrap();
    let torn = HEAD + RECORD + groups(1, 3).bytes().len() + RECORD + 5;
    for length in [sim.bytes(&name).len(), torn] {
        let sim = change(&sim, &name, |bytes| bytes.truncate(length));
        sim.state().hole = 1 << 30;
        let (reads, bytes, most) = cost(&sim);
        assert!(reads < 5 * (1 << 30) / MIB, "{reads}");
        assert!(bytes < 5 << 30, "{bytes}");
        assert!(most as u64 <= MIB + 64, "{most} at once");
        let journal = open(&sim, ONE).unwrap();
        assert_eq!(journal.end(), if length == torn { 7 } else { 11 });
    }
}

#[test]
fn a_length_that_is_only_said_takes_no_memory() {
    let sim = Sim::default();
    let mut journal = open(&sim, ONE).unwrap();
    add(&mut journal, 3);
    drop(journal);
    let name = sim.segments().pop().unwrap();
    let end = HEAD + RECORD + groups(1, 3).bytes().len();
    let forged = change(&sim, &name, |bytes| {
        bytes[end + PLACE..end + PLACE + 4].copy_from_slice(&(1_u32 << 30).to_le_bytes());
        bytes[end + PLACE + 8] = 1;
        bytes[end + PLACE + 12] = 1;
    });
    forged.state().hole = 1 << 31;
    let (_, bytes, most) = cost(&forged);
    assert!(most as u64 <= MIB + 64, "{most} at once");
    assert!(bytes < 10 << 30, "{bytes}");
}

/// Heads that each claim all following bytes as their record.
#[test]
fn forged_heads_cost_no_more_than_the_length_of_the_file() {
    const LENGTH: usize = 1 << 20;
    let old = of_version_1();
    let name = old.segments().pop().unwrap();
    let forged = change(&old, &name, |bytes| {
        while bytes.len() + 60 < LENGTH {
            let mut head = [0x77; 60];
            let rest = u32::try_from(LENGTH - bytes.len() - 60).unwrap();
            head[..4].copy_from_slice(&rest.to_le_bytes());
            head[8..16].copy_from_slice(&20_u64.to_le_bytes());
            head[16..28].copy_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
            bytes.extend(head);
        }
        bytes.resize(LENGTH, 7);
    });
    let (_, bytes, _) = cost(&forged);
    assert!(bytes < 32 * LENGTH as u64, "{bytes}");
    let verified = verify_storage(&forged, &mut |_, _| ()).unwrap();
    assert!(!verified.intact, "what costs too much to be looked through is no torn tail");

    let sim = Sim::default();
    add(&mut open(&sim, ONE).unwrap(), 3);
    let name = sim.segments().pop().unwrap();
    let end = HEAD + RECORD + groups(1, 3).bytes().len();
    let place = Place::parse(&sim.bytes(&name)[end..]).unwrap();
    let forged = change(&sim, &name, |bytes| {
        bytes.truncate(end);
        bytes.push(1); // nothing is in its place
        while bytes.len() < LENGTH {
            // Later facts, of which nothing was durable: as a batch of many records would leave them.
            let place = Place { first: bytes.len() as u64, unsynced: u32::MAX, ..place };
            bytes.extend(place.bytes());
            bytes.extend([0xff; 16]);
        }
    });
    let (_, bytes, _) = cost(&forged);
    assert!(bytes < 6 * LENGTH as u64, "{bytes}");
    assert_eq!(open(&forged, ONE).unwrap().end(), 7);
}

/// Something that happens to a file.
#[derive(Clone, Debug)]
enum Harm {
    Flip(prop::sample::Index, u8),
    Zero(prop::sample::Index, usize),
    Cut(prop::sample::Index),
    Copy(prop::sample::Index, prop::sample::Index, usize),
    Garbage(prop::sample::Index, Vec<u8>),
    Forge(prop::sample::Index, Vec<u8>, u64, u32),
    Gone,
    Swapped(prop::sample::Index),
}

fn harm() -> impl Strategy<Value = Harm> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        4 => (at(), any::<u8>()).prop_map(|(at, bit)| Harm::Flip(at, 1 << (bit % 8))),
        2 => (at(), 1..400usize).prop_map(|(at, length)| Harm::Zero(at, length)),
        2 => at().prop_map(Harm::Cut),
        2 => (at(), at(), 1..400usize).prop_map(|(from, to, length)| Harm::Copy(from, to, length)),
        2 => (at(), prop::collection::vec(any::<u8>(), 1..200))
            .prop_map(|(at, bytes)| Harm::Garbage(at, bytes)),
        2 => (at(), prop::collection::vec(any::<u8>(), 1..60), 0..200u64, 0..9u32)
            .prop_map(|(at, payload, first, facts)| Harm::Forge(at, payload, first, facts)),
        1 => Just(Harm::Gone),
        1 => at().prop_map(Harm::Swapped),
    ]
}

fn do_harm(sim: &Sim, name: &str, harm: &Harm) {
    let mut bytes = sim.bytes(name);
    let length = bytes.len();
    let span = |at: usize, length: usize, of: usize| at..(at + length).min(of);
    match harm {
        _ if length == 0 => {}
        Harm::Flip(at, bit) => bytes[at.index(length)] ^= bit,
        Harm::Zero(at, zeros) => bytes[span(at.index(length), *zeros, length)].fill(0),
        Harm::Cut(at) => bytes.truncate(at.index(length)),
        Harm::Copy(from, to, copied) => {
            let from = bytes[span(from.index(length), *copied, length)].to_vec();
            let to = to.index(length);
            bytes.resize(length.max(to + from.len()), 0);
            bytes[to..to + from.len()].copy_from_slice(&from);
        }
        Harm::Garbage(at, garbage) => {
            let at = at.index(length);
            bytes.resize(length.max(at + garbage.len()), 0);
            bytes[at..at + garbage.len()].copy_from_slice(garbage);
        }
        // Whole by its checksums, in the place of another record.
        Harm::Forge(at, payload, first, facts) => {
            let starts = |bytes: &[u8]| Place::parse(bytes);
            let places: Vec<_> =
                (0..length).filter_map(|at| Some((at, starts(&bytes[at..])?))).collect();
            if !places.is_empty() {
                let (at, place) = places[at.index(places.len())];
                let place = if *first > 0 { Place { first: *first, ..place } } else { place };
                let mut record = Vec::new();
                RecordHead::write(&place, *facts, &[payload], &mut record);
                bytes.resize(length.max(at + record.len()), 0);
                bytes[at..at + record.len()].copy_from_slice(&record);
            }
        }
        Harm::Gone => {
            drop(sim.state().files.remove(name));
            return;
        }
        Harm::Swapped(with) => {
            let segments = sim.segments();
            let other = &segments[with.index(segments.len())];
            let theirs = sim.bytes(other);
            sim.set(other, bytes);
            bytes = theirs;
        }
    }
    sim.set(name, bytes);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// A journal that opens holds a prefix of the acknowledged facts, and `verify` agrees with the start.
    #[test]
    fn whatever_happens_to_its_files_a_journal_is_a_beginning_of_itself_or_refused_with_a_place(
        batches in prop::collection::vec(1..9u64, 1..14),
        harms in prop::collection::vec((any::<prop::sample::Index>(), harm()), 1..4),
        old in any::<bool>(),
    ) {
        let sim = if old { of_version_1() } else { Sim::default() };
        let mut journal = open(&sim, SMALL).unwrap();
        batches.iter().for_each(|&commands| add(&mut journal, commands));
        let end = journal.end();
        drop(journal);
        for (which, harm) in &harms {
            let segments = sim.segments();
            if !segments.is_empty() {
                do_harm(&sim, &segments[which.index(segments.len())], harm);
            }
        }
        let before = sim.all();
        let bytes: usize = before.iter().map(|(_, bytes)| bytes.len()).sum();
        let (_, read, _) = cost(&sim);
        prop_assert!(read <= 40 * bytes as u64 + 4_096, "{} of {} bytes", read, bytes);
        let verified = verify_storage(&sim, &mut |_, _| ());
        match open(&sim, SMALL) {
            Ok(journal) => {
                let (found, cut) = (journal.end(), journal.cut().cloned());
                let verified = verified.unwrap();
                prop_assert!(verified.intact);
                prop_assert_eq!(verified.torn.map(|torn| torn.bytes), cut.map(|cut| cut.bytes));
                prop_assert!(found <= end);
                drop(journal);
                assert_holds(&sim, found);
            }
            Err(error) => {
                prop_assert_eq!(sim.all(), before, "nothing was changed");
                match error {
                    JournalError::NoSegments { .. } => prop_assert!(verified.is_err()),
                    JournalError::Damaged { ref segment, .. } => {
                        prop_assert!(segment.ends_with(".facts"));
                        let damage = verified.unwrap().damage.unwrap();
                        let facts = matches!(damage, JournalError::Damaged {
                            damage: Damage::Facts(_), ..
                        });
                        prop_assert!(facts || damage.to_string() == error.to_string());
                    }
                    JournalError::BadBegan { .. } => prop_assert!(!verified.unwrap().intact),
                    other => prop_assert!(false, "{}", other),
                }
            }
        }
    }
}
