//! Walks over a segment: window by window, with the chain or without it; and the records that opening writes again.

use super::fixture::{HEAD, RECORD, add, assert_holds, fact, groups, open, read};
use super::sim::{Event, Sim};
use crate::record::{Format, GENESIS};
use crate::walk::{Chained, Step, Walk};
use crate::{Journal, Options, Storage};

const ONE: Options = Options { segment_bytes: 64 << 20, reserve_bytes: 0 };

/// A walk from the first record of a journal's one segment.
fn walk(sim: &Sim) -> Walk<super::sim::SimFile> {
    let file = sim.open(&sim.segments().pop().unwrap()).unwrap();
    Walk::new(file, Format::New, HEAD as u64, 1, Chained::Known(GENESIS)).unwrap()
}

#[test]
fn a_segment_of_many_windows_is_walked_through_whole() {
    let sim = Sim::default();
    let mut journal = open(&sim, ONE).unwrap();
    // Records that end within a window, one that is longer than a window, and small ones behind it.
    for commands in [9_000, 9_000, 9_000, 9_000, 60_000, 3, 9_000, 9_000, 9_000, 9_000] {
        add(&mut journal, commands);
    }
    let end = journal.end();
    let bytes = sim.bytes(&sim.segments()[0]).len();
    assert!(bytes > 3 << 20 && sim.segments().len() == 1, "{bytes}");
    assert!(groups(1, 60_000).bytes().len() > 1 << 20);
    assert_holds(&sim, end);
    assert_eq!(read(&journal, 1, end), (1..end).map(fact).collect::<Vec<_>>());
    drop(journal);
    assert_eq!(open(&sim, ONE).unwrap().end(), end);
}

/// The start has checked it, and a hash costs more than a checksum.
#[test]
fn without_the_chain_nothing_is_hashed_before_it_is_asked_for() {
    let sim = Sim::default();
    add(&mut open(&sim, ONE).unwrap(), 3);
    let (mut with, mut without) = (walk(&sim), walk(&sim).without_chain());
    assert!(matches!(with.step().unwrap(), Step::Record(_)));
    assert!(matches!(without.step().unwrap(), Step::Record(_)));
    assert!(matches!(with.chained(), Chained::Known(_)));
    assert!(matches!(without.chained(), Chained::Behind(at) if at == HEAD as u64));
    assert_eq!(without.chain().unwrap(), with.chain().unwrap());
    // What has gone since is no chain.
    let name = sim.segments().pop().unwrap();
    let bytes = sim.bytes(&name);
    for length in 0..HEAD + RECORD + groups(1, 3).bytes().len() {
        sim.state().files[&name].lock().unwrap().truncate(length);
        let shorter = sim.bytes(&name).len();
        let error = without.chain().unwrap_err();
        assert!(error.to_string().contains("has changed"), "{shorter}: {error}");
        *sim.state().files[&name].lock().unwrap() = bytes.clone();
    }
    assert_eq!(without.chain().unwrap(), with.chain().unwrap());
}

/// The program may have ended before it synced them, and the system may show what the disk does not have.
#[test]
fn an_opening_writes_again_what_no_record_says_was_durable_and_no_more() {
    let sim = Sim::default();
    let mut journal = open(&sim, ONE).unwrap();
    add(&mut journal, 2);
    add(&mut journal, 1);
    journal.append(&groups(7, 3)).unwrap();
    journal.append(&groups(13, 1)).unwrap();
    drop(journal);
    let bytes = sim.bytes(&sim.segments()[0]);
    sim.state().history.clear();
    let _journal = open(&sim, ONE).unwrap();
    let writes: Vec<_> =
        sim.state().history.iter().take_while(|event| !is_sync(event)).cloned().collect();
    let record = |first, commands| RECORD + groups(first, commands).bytes().len();
    let unsure = HEAD + record(1, 2) + record(5, 1);
    let range = unsure..unsure + record(7, 3) + record(13, 1);
    let [Event::Write { at, bytes: written, .. }] = &writes[..] else { panic!("{writes:?}") };
    assert_eq!((*at, written), (range.start, &bytes[range].to_vec()));
    // Now it is all durable, and says so.
    sim.state().history.clear();
    let _journal = open(&sim.copy(), ONE).unwrap();
    assert!(sim.state().history.is_empty());
}

fn is_sync(event: &Event) -> bool {
    matches!(event, Event::Sync { .. })
}

/// The walk reads ahead; it looks at the file again only when it is asked to.
#[test]
fn what_a_writer_adds_behind_the_end_of_a_walk_is_found_when_it_looks_again() {
    let sim = Sim::default();
    let mut journal = open(&sim, ONE).unwrap();
    add(&mut journal, 2);
    let mut walk = walk(&sim);
    assert!(matches!(walk.step().unwrap(), Step::Record(batch) if batch.end() == 5));
    add(&mut journal, 1);
    assert!(!matches!(walk.step().unwrap(), Step::Record(_)));
    walk.look_again().unwrap();
    assert!(matches!(walk.step().unwrap(), Step::Record(batch) if batch.end() == 7));
}
