//! A reader's batches, bounds, costs and errors.

use std::ops::ControlFlow;

use protocol::Stamp;
use protocol::bytes::FactEncoder;
use units::{CommandId, Time};

use super::damage::segments;
use super::fixture::{HEAD, RECORD, SMALL, add, change, fact, groups, groups_otherwise, open};
use super::sim::Sim;
use crate::reader::FileReader;
use crate::record::{GENESIS, chain_after};
use crate::{Damage, Journal, JournalError, Reader, Storage};

/// First facts and ends of the batches that are handed on, and where the next read goes on.
fn batches(reader: &mut dyn Reader, from: u64, until: u64) -> (Vec<(u64, u64)>, u64) {
    let mut batches = Vec::new();
    let next = reader.read(from, until, &mut |batch| {
        batches.push((batch.first, batch.end()));
        ControlFlow::Continue(())
    });
    (batches, next.unwrap())
}

#[test]
fn a_reader_hands_on_the_batches_that_have_facts_it_was_asked_for_and_no_others() {
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    let mut all = Vec::new();
    for commands in [1, 5, 2, 9, 3, 3, 4] {
        let first = journal.end();
        add(&mut journal, commands);
        all.push((first, journal.end()));
    }
    let end = journal.end();
    for from in 1..=end {
        for until in 1..=end {
            let has = |(first, end): &(u64, u64)| *end > from && *first < until && from < until;
            let wanted: Vec<_> = all.iter().copied().filter(has).collect();
            let next = wanted.last().map_or(from, |(_, end)| *end);
            assert_eq!(batches(&mut *journal.reader(), from, until), (wanted, next));
        }
    }
}

#[test]
fn a_reader_that_stops_goes_on_behind_the_batch_at_which_it_stopped() {
    let (sim, _) = segments();
    let journal = open(&sim, SMALL).unwrap();
    let mut reader = journal.reader();
    let (mut position, mut firsts) = (1, Vec::new());
    while position < journal.end() {
        position = reader
            .read(position, journal.end(), &mut |batch| {
                firsts.push(batch.first);
                ControlFlow::Break(())
            })
            .unwrap();
    }
    assert_eq!(firsts, [1, 15, 29, 43, 57, 71]);
}

#[test]
fn a_reader_that_has_read_further_goes_back_to_what_it_is_asked_for() {
    let (sim, _) = segments();
    let journal = open(&sim, SMALL).unwrap();
    let mut reader = journal.reader();
    for (from, until, expected) in
        [(1, 29, [(1, 15), (15, 29)]), (15, 43, [(15, 29), (29, 43)]), (1, 20, [(1, 15), (15, 29)])]
    {
        let last = expected[1].1;
        assert_eq!(batches(&mut *reader, from, until), (expected.to_vec(), last));
    }
}

#[test]
fn a_read_begins_in_the_segment_that_has_its_first_fact() {
    let (sim, names) = segments();
    let journal = open(&sim, SMALL).unwrap();
    let last: u64 = names.last().unwrap()[..20].parse().unwrap();
    sim.state().reads = (0, 0, 0);
    let (found, _) = batches(&mut *journal.reader(), last, journal.end());
    assert_eq!(found[0].0, last);
    let (_, read, _) = sim.state().reads;
    let length = sim.bytes(names.last().unwrap()).len() as u64;
    assert!(read <= HEAD as u64 + length, "{read} of a segment of {length}");
    // And one that goes on reads nothing of what it has read.
    let mut reader = journal.reader();
    let (_, next) = batches(&mut *reader, 1, last + 14);
    assert_eq!(next, last + 14);
    sim.state().reads = (0, 0, 0);
    let (found, _) = batches(&mut *reader, next, journal.end());
    assert!(found.iter().all(|(first, _)| *first >= next));
    let (reads, _, _) = sim.state().reads;
    assert!(reads <= 3, "{reads}");
}

#[test]
fn the_chain_of_a_position_is_that_behind_the_record_in_which_the_fact_before_it_lies() {
    let (sim, _) = segments();
    let journal = open(&sim, SMALL).unwrap();
    let reader = FileReader::new(sim.clone());
    assert_eq!(reader.chain_at(0).unwrap(), GENESIS);
    assert_eq!(reader.chain_at(1).unwrap(), GENESIS);
    let mut chains = Vec::new();
    for first in [1, 15, 29, 43, 57, 71] {
        let chain = reader.chain_at(first + 14).unwrap();
        for position in first + 1..first + 14 {
            assert_eq!(reader.chain_at(position).unwrap(), chain, "{position}");
        }
        chains.push(chain);
    }
    assert_eq!(journal.end(), 85);
    let count = chains.len();
    chains.sort_unstable();
    chains.dedup();
    assert_eq!(chains.len(), count, "each record has its own");
    let error = reader.chain_at(86).unwrap_err();
    assert!(matches!(error, JournalError::NotKept { from: 86 }), "{error}");
}

#[test]
fn records_of_one_fact_have_a_chain_at_each_position() {
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    let mut chain = GENESIS;
    let mut chains = vec![chain];
    for first in 1..30 {
        let (stamp, fact) = fact(first);
        let mut one = FactEncoder::new();
        one.push(Stamp { command: CommandId(first), time: Time(first << 40), ..stamp }, &fact);
        journal.append(&one).unwrap();
        chain = chain_after(&chain, first, 1, one.bytes());
        chains.push(chain);
    }
    journal.sync().unwrap();
    assert!(sim.segments().len() > 3);
    let reader = FileReader::new(sim.clone());
    for (position, chain) in (1..).zip(chains) {
        assert_eq!(reader.chain_at(position).unwrap(), chain, "{position}");
    }
}

/// The result of reading everything.
fn error(sim: &Sim, until: u64) -> JournalError {
    let mut reader = FileReader::new(sim.clone());
    reader.read(1, until, &mut |_| ControlFlow::Continue(())).unwrap_err()
}

#[test]
fn what_has_changed_since_the_start_is_refused_with_its_place() {
    let (sim, names) = segments();
    // A segment of another history, whole and in its place.
    let other = Sim::default();
    let mut journal = open(&other, SMALL).unwrap();
    for first in [1, 15, 29, 43] {
        journal.append(&groups_otherwise(first, 14)).unwrap();
    }
    let forged = change(&sim, &names[1], |bytes| *bytes = other.bytes(&names[1]));
    let found = error(&forged, 85);
    let JournalError::Damaged { segment, offset: 0, seq, damage: Damage::Chain } = &found else {
        panic!("{found}")
    };
    assert_eq!((segment, *seq), (&format!("sim/{}", names[1]), names[1][..20].parse().unwrap()));
    // One is gone, with those behind it or alone.
    let gone = sim.copy();
    gone.remove(&names[1]).unwrap();
    let found = error(&gone, 85);
    let first: u64 = names[2][..20].parse().unwrap();
    assert!(
        matches!(&found, JournalError::Damaged { segment, offset: 0, damage: Damage::Gap { found }, .. }
            if segment.contains(&names[2]) && *found == first),
        "{found}"
    );
    names[2..].iter().for_each(|name| gone.remove(name).unwrap());
    let from = names[1][..20].parse().unwrap();
    let found = error(&gone, 85);
    assert!(
        matches!(&found, JournalError::NotKept { from: missing } if *missing == from),
        "{found}"
    );
    // A record of which a bit has flipped.
    let second = HEAD + RECORD + groups(1, 7).bytes().len();
    let flipped = change(&sim, &names[0], |bytes| bytes[second + RECORD] ^= 1);
    let found = error(&flipped, 85);
    assert!(
        matches!(found, JournalError::Damaged { offset, seq: 15, damage: Damage::Record, .. }
            if offset == second as u64),
        "{found}"
    );
    // No segment at all has the first fact.
    names.iter().for_each(|name| gone.state().files.retain(|found, _| found != name));
    assert!(matches!(error(&gone, 85), JournalError::NotKept { from: 1 }));
}
