//! How a segment grows, when the next one begins, and what fits: each to the byte.

use protocol::bytes::FactEncoder;
use protocol::{CancelReason, Fact, Stamp};
use units::{CommandId, Lots, OrderId, Time};

use super::fixture::{
    HEAD, PLACE, RECORD, SimJournal, add, assert_holds, change, groups, open, read,
};
use super::ordinary::of_version_1;
use super::sim::{Event, Sim};
use crate::{FreeSpace, Journal, JournalError, Options};

const AHEAD: usize = 1 << 20;
const WIDE: Options = Options { segment_bytes: 64 << 20, reserve_bytes: 0 };

/// Bytes of a record of this many commands.
fn record(first: u64, commands: u64) -> usize {
    RECORD + groups(first, commands).bytes().len()
}

/// Bytes of the newest segment.
fn length(sim: &Sim) -> usize {
    sim.bytes(&sim.segments().pop().unwrap()).len()
}

/// Bytes of all files.
fn used(sim: &Sim) -> u64 {
    sim.all().iter().map(|(_, bytes)| bytes.len() as u64).sum()
}

fn is_full(journal: &mut SimJournal, commands: u64) -> bool {
    match journal.append(&groups(journal.end(), commands)) {
        Ok(()) => false,
        Err(JournalError::Full { .. }) => true,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn as_the_page_says_a_segment_and_a_reserve_have_64_mib() {
    let default = Options::default();
    assert_eq!((default.segment_bytes, default.reserve_bytes), (67_108_864, 67_108_864));
}

#[test]
fn small_records_have_a_mebibyte_of_zeros_written_ahead_and_long_ones_have_none() {
    let sim = Sim::default();
    let mut journal = open(&sim, WIDE).unwrap();
    assert_eq!(length(&sim), HEAD + RECORD);
    add(&mut journal, 2);
    let mut at = HEAD + record(1, 2);
    let grown = at + AHEAD;
    assert_eq!(length(&sim), grown);
    // The zeros are used up before more are written, except the bytes for the record that ends a segment.
    while at + record(journal.end(), 500) + RECORD <= grown {
        at += record(journal.end(), 500);
        add(&mut journal, 500);
        assert_eq!(length(&sim), grown);
    }
    at += record(journal.end(), 500);
    add(&mut journal, 500);
    assert_eq!(length(&sim), at + AHEAD);
    // One that is longer than a quarter of that, and does not fit.
    assert!(record(journal.end(), 50_000) > AHEAD + AHEAD / 4);
    at += record(journal.end(), 50_000);
    add(&mut journal, 50_000);
    assert_eq!(length(&sim), at + RECORD);
    assert_holds(&sim, journal.end());
}

#[test]
fn a_record_is_small_up_to_a_quarter_of_a_mebibyte() {
    for (bytes, ahead) in [(AHEAD / 4, AHEAD), (AHEAD / 4 + 1, RECORD)] {
        let sim = Sim::default();
        let mut journal = open(&sim, WIDE).unwrap();
        journal.append(&padded(1, bytes - RECORD)).unwrap();
        assert_eq!(length(&sim), HEAD + bytes + ahead);
    }
}

fn has_named_a_segment(sim: &Sim) -> bool {
    let names =
        |event: &Event| matches!(event, Event::Name { name, .. } if name.ends_with(".facts"));
    sim.state().history.iter().any(names)
}

#[test]
fn a_segment_ends_before_it_would_be_longer_than_it_may_be() {
    let both = HEAD + record(1, 2) + record(5, 3) + RECORD;
    for (segment_bytes, segments) in [(both, 1), (both + 1, 1), (both - 1, 2), (0, 2), (HEAD, 2)] {
        let sim = Sim::default();
        let options = Options { segment_bytes: segment_bytes as u64, reserve_bytes: 0 };
        let mut journal = open(&sim, options).unwrap();
        sim.state().history.clear();
        add(&mut journal, 2);
        assert_eq!(sim.segments().len(), 1, "one record fits in any: {segment_bytes}");
        assert!(!has_named_a_segment(&sim), "nor is the first one begun twice");
        assert_eq!(length(&sim), segment_bytes.max(HEAD + record(1, 2) + RECORD));
        add(&mut journal, 3);
        assert_eq!(sim.segments().len(), segments, "{segment_bytes}");
        let first = sim.bytes(&sim.segments()[0]).len();
        let ends = if segments == 1 { segment_bytes } else { HEAD + record(1, 2) + RECORD };
        assert_eq!(first, ends, "{segment_bytes}");
        assert_holds(&sim, 11);
    }
}

#[test]
fn a_record_that_just_fits_is_in_the_same_segment_though_the_file_must_grow_for_it() {
    let both = HEAD + record(1, 2) + record(5, 3) + RECORD;
    for (segment_bytes, segments) in [(both, 1), (both + 1, 1), (both - 1, 2)] {
        let sim = Sim::default();
        let options = Options { segment_bytes: segment_bytes as u64, reserve_bytes: 0 };
        add(&mut open(&sim, options).unwrap(), 2);
        let name = sim.segments().pop().unwrap();
        let there = HEAD + record(1, 2) + RECORD;
        let sim = change(&sim, &name, |bytes| bytes.truncate(there));
        add(&mut open(&sim, options).unwrap(), 3);
        assert_eq!(sim.segments().len(), segments, "{segment_bytes}");
        assert_holds(&sim, 11);
    }
}

#[test]
fn a_record_goes_into_blocks_that_are_there_if_the_one_that_ends_a_segment_has_room_behind_it() {
    // Blocks for two records of these, and some bytes less or more.
    let two = HEAD + record(1, 2) + record(5, 3) + RECORD;
    for (there, grows) in [(two - 1, true), (two, false), (two + 1, false)] {
        let sim = Sim::default();
        add(&mut open(&sim, WIDE).unwrap(), 2);
        let name = sim.segments().pop().unwrap();
        let sim = change(&sim, &name, |bytes| bytes.truncate(there));
        let mut journal = open(&sim, WIDE).unwrap();
        assert_eq!(length(&sim), there);
        add(&mut journal, 3);
        assert_eq!(length(&sim), if grows { two - RECORD + AHEAD } else { there });
        assert_holds(&sim, 11);
    }
}

#[test]
fn without_room_for_zeros_a_record_is_taken_that_leaves_room_for_the_one_that_ends_a_segment() {
    for (spare, fits) in [(0, true), (1, true), (-1, false), (-60, false)] {
        let sim = Sim::default();
        let mut journal = open(&sim, WIDE).unwrap();
        // The blocks that are there end RECORD bytes behind the head.
        let more = (record(1, 9) as u64).checked_add_signed(spare).unwrap();
        sim.state().capacity = Some(used(&sim) + more);
        let before = sim.all();
        assert_eq!(is_full(&mut journal, 9), !fits, "{spare}");
        if fits {
            assert_eq!(length(&sim), HEAD + record(1, 9) + RECORD);
        } else {
            assert_eq!(sim.all(), before, "the file is as it was");
        }
        sim.state().capacity = None;
        add(&mut journal, 3);
        assert_holds(&sim, if fits { 25 } else { 7 });
    }
}

#[test]
fn what_did_not_fit_leaves_zeros_where_zeros_were() {
    for marked in [true, false] {
        let sim = Sim::default();
        add(&mut open(&sim, WIDE).unwrap(), 2);
        let name = sim.segments().pop().unwrap();
        let sim = change(&sim, &name, |bytes| bytes.truncate(HEAD + record(1, 2) + 300));
        let mut journal = open(&sim, WIDE).unwrap();
        if !marked {
            journal.append(&groups(5, 1)).unwrap(); // into zeros, and not synced
        }
        let before = sim.all();
        sim.state().capacity = Some(used(&sim) + 10);
        assert!(is_full(&mut journal, 50));
        assert!(sim.all() == before, "marked: {marked}");
        sim.state().capacity = None;
        add(&mut journal, 3);
        assert_holds(&sim, if marked { 11 } else { 13 });
    }
}

#[test]
fn a_sync_is_asked_for_only_where_there_is_something_to_sync() {
    let sim = Sim::default();
    let mut journal = open(&sim, WIDE).unwrap();
    let syncs = |journal: &mut SimJournal| {
        sim.state().history.clear();
        journal.sync().unwrap();
        let history = &sim.state().history;
        history.iter().filter(|event| matches!(event, Event::Sync { .. })).count()
    };
    assert_eq!(syncs(&mut journal), 0, "a start has synced");
    journal.append(&groups(1, 1)).unwrap();
    assert_eq!(syncs(&mut journal), 2, "the segment and, once, `began`");
    journal.append(&groups(3, 1)).unwrap();
    assert_eq!(syncs(&mut journal), 1);
    assert_eq!(syncs(&mut journal), 0);
    // The disk may have what did not fit: that it is gone is synced too, though there are no facts.
    sim.state().capacity = Some(used(&sim));
    assert!(is_full(&mut journal, 60_000));
    assert_eq!(syncs(&mut journal), 1);
    assert_eq!(syncs(&mut journal), 0);
}

/// A journal without a reserve keeps this much for what is on its way.
#[test]
fn the_margin_is_an_eighth_of_a_segment_up_to_a_quarter_of_a_mebibyte() {
    for (segment_bytes, margin) in [(8_000, 1_000), (2 << 20, 1 << 18), (64 << 20, 1 << 18)] {
        for (space, there) in [(margin, true), (margin - 1, false), (margin + 1, true)] {
            let sim = Sim::default();
            let options = Options { segment_bytes, reserve_bytes: 0 };
            let mut journal = open(&sim, options).unwrap();
            sim.state().capacity = Some(used(&sim) + space);
            let before = length(&sim);
            let reserve = if there { margin } else { 0 };
            let told = FreeSpace { for_orders: there, for_cancels: there, reserve };
            assert_eq!(journal.free_space().unwrap(), told, "{segment_bytes}, {space}");
            let grown = if there { margin } else { 0 };
            assert_eq!(length(&sim) as u64, before as u64 + grown);
            // It is there now: no more is written for it.
            sim.state().history.clear();
            assert_eq!(journal.free_space().unwrap(), told);
            assert!(!there || sim.state().history.is_empty());
            assert_holds(&sim, 1);
        }
    }
}

#[test]
fn beside_a_reserve_the_margin_is_no_more_than_an_eighth_of_it() {
    for (room, there) in [(500, true), (499, false)] {
        let sim = Sim::default();
        drop(open(&sim, WIDE).unwrap());
        sim.state().capacity = Some(used(&sim) + room);
        let options = Options { segment_bytes: 64 << 20, reserve_bytes: 4_000 };
        let reserve = if there { 500 } else { 0 };
        let told = FreeSpace { for_orders: false, for_cancels: there, reserve };
        assert_eq!(open(&sim, options).unwrap().free_space().unwrap(), told);
    }
}

#[test]
fn the_margin_is_in_the_first_segment_however_short_and_never_in_an_old_one() {
    let sim = Sim::default();
    let mut journal = open(&sim, Options { segment_bytes: 100, reserve_bytes: 0 }).unwrap();
    sim.state().history.clear();
    assert!(journal.free_space().unwrap().for_cancels);
    assert!(!has_named_a_segment(&sim));

    let sim = of_version_1();
    let segments = sim.segments().len();
    let mut journal = open(&sim, WIDE).unwrap();
    assert_eq!(sim.segments().len(), segments);
    assert!(journal.free_space().unwrap().for_orders);
    assert_eq!(sim.segments().len(), segments + 1);
    sim.state().history.clear();
    assert!(journal.free_space().unwrap().for_orders);
    assert!(!has_named_a_segment(&sim));
    assert_holds(&sim, 7);
}

#[test]
fn with_room_the_margin_is_a_mebibyte_of_zeros_or_what_the_segment_has_left() {
    for (segment_bytes, grown) in [(64 << 20, HEAD + RECORD + AHEAD), (8_000, 8_000 + RECORD)] {
        let sim = Sim::default();
        let options = Options { segment_bytes, reserve_bytes: 0 };
        let mut journal = open(&sim, options).unwrap();
        let room = journal.free_space().unwrap();
        assert_eq!(length(&sim), grown);
        assert_eq!(room.reserve, (grown - HEAD - RECORD) as u64);
        add(&mut journal, 2);
        assert_eq!(journal.free_space().unwrap().reserve, room.reserve - record(1, 2) as u64);
        assert_holds(&sim, 5);
    }
}

#[test]
fn where_a_segment_has_no_room_for_the_margin_another_is_begun_for_it() {
    // The margin is 500 bytes, and just fits behind the record.
    let fits = HEAD + record(1, 3) + RECORD + 500;
    for (at_end, segments) in [(fits, 1), (fits + 1, 1), (fits - 1, 2)] {
        let segment_bytes = 4_000;
        let sim = Sim::default();
        let options = Options { segment_bytes, reserve_bytes: 0 };
        let mut journal = open(&sim, options).unwrap();
        // Records until the last one ends where 500 bytes and a record's head are left, or one byte less.
        let end = usize::try_from(segment_bytes).unwrap() - (at_end - record(1, 3) - HEAD);
        let mut at = HEAD;
        while at + 2 * record(journal.end(), 9) < end {
            at += record(journal.end(), 9);
            add(&mut journal, 9);
        }
        let payload = end - at - RECORD;
        let last = padded(journal.end(), payload);
        journal.append(&last).unwrap();
        journal.sync().unwrap();
        assert_eq!(sim.segments().len(), 1);
        let length = segment_bytes - (at_end - record(1, 3) - HEAD) as u64 + RECORD as u64;
        drop(journal);
        // Blocks only for the record that ends a segment.
        let name = sim.segments().pop().unwrap();
        let sim = change(&sim, &name, |bytes| bytes.truncate(usize::try_from(length).unwrap()));
        let mut journal = open(&sim, options).unwrap();
        assert!(journal.free_space().unwrap().for_cancels);
        assert_eq!(sim.segments().len(), segments, "{at_end} of {fits}");
    }
}

/// Facts whose bytes are this many.
fn padded(first: u64, bytes: usize) -> FactEncoder {
    // Numbers take a byte for each seven bits: the first few facts are a byte longer.
    let with = |facts: usize, longer: usize| {
        let mut groups = FactEncoder::new();
        for seq in (first..).take(facts) {
            let is_longer = usize::try_from(seq - first).unwrap() < longer;
            let quantity = Lots(if is_longer { 1 << 7 } else { 1 });
            let left =
                Fact::Cancelled { order: OrderId(1), quantity, reason: CancelReason::Requested };
            groups.push(Stamp { seq, command: CommandId(seq), time: Time(1) }, &left);
        }
        groups
    };
    let mut facts = bytes / 16;
    while with(facts + 1, 0).bytes().len() <= bytes {
        facts += 1 + (bytes - with(facts + 1, 0).bytes().len()) / 16;
    }
    let groups = with(facts, bytes - with(facts, 0).bytes().len());
    assert_eq!(groups.bytes().len(), bytes);
    groups
}

#[test]
fn the_reserve_takes_a_record_that_fits_it_to_the_byte() {
    let exact = HEAD + record(1, 9) + RECORD;
    for (bytes, fits) in [(exact, true), (exact - 1, false), (exact + 1, true)] {
        let sim = Sim::default();
        let options = Options { segment_bytes: 64 << 20, reserve_bytes: bytes as u64 };
        let mut journal = open(&sim, options).unwrap();
        sim.state().capacity = Some(used(&sim));
        assert_eq!(is_full(&mut journal, 9), !fits, "{bytes}");
        assert_eq!(sim.state().files.contains_key("reserve"), !fits);
        if fits {
            assert_eq!(length(&sim), bytes);
            sim.state().capacity = Some(used(&sim));
            assert_eq!(journal.free_space().unwrap().reserve, (bytes - exact) as u64);
            journal.sync().unwrap();
            assert_eq!(read(&journal, 1, 19).len(), 18);
        }
    }
}

#[test]
fn what_is_set_aside_for_cancels_is_told_with_what_is_ahead() {
    let sim = Sim::default();
    let options = Options { segment_bytes: 64 << 20, reserve_bytes: 4_000 };
    let mut journal = open(&sim, options).unwrap();
    assert_eq!(journal.free_space().unwrap().reserve, 4_000);
    add(&mut journal, 2);
    let ahead = (AHEAD - RECORD) as u64;
    let told = FreeSpace { for_orders: true, for_cancels: true, reserve: 4_000 + ahead };
    assert_eq!(journal.free_space().unwrap(), told);
}

/// The reserve is set aside while there is twice as much left, to the byte.
#[test]
fn a_reserve_is_made_where_there_is_twice_its_room() {
    for (space, held) in [(2_000, true), (1_999, false), (1_000, false), (2_001, true)] {
        let sim = Sim::default();
        drop(open(&sim, WIDE).unwrap());
        sim.state().capacity = Some(used(&sim) + space);
        let options = Options { segment_bytes: 64 << 20, reserve_bytes: 1_000 };
        let mut journal = open(&sim, options).unwrap();
        assert_eq!(sim.state().files.contains_key("reserve"), held, "{space}");
        assert_eq!(journal.free_space().unwrap().for_orders, held);
        assert_eq!(sim.state().files.contains_key("reserve"), held, "{space}");
    }
}

/// The mark takes bytes of its own behind the last record. Without space for it the journal has no mark, and lacks
/// nothing.
#[test]
fn a_segment_that_ends_with_its_last_record_has_its_mark_behind_it_where_there_is_room() {
    for (space, marked) in [(PLACE, true), (PLACE - 1, false), (0, false)] {
        let sim = Sim::default();
        add(&mut open(&sim, WIDE).unwrap(), 2);
        let name = sim.segments().pop().unwrap();
        let end = HEAD + record(1, 2);
        let sim = change(&sim, &name, |bytes| bytes.truncate(end));
        sim.state().capacity = Some(used(&sim) + space as u64);
        let mut journal = open(&sim, WIDE).unwrap();
        assert_eq!(length(&sim), if marked { end + PLACE } else { end });
        journal.check_files().unwrap();
        // What does not fit takes the mark no more than anything else.
        let before = sim.all();
        sim.state().capacity = Some(used(&sim));
        assert!(is_full(&mut journal, 3));
        assert!(sim.all() == before, "space for {space}");
        sim.state().capacity = None;
        add(&mut journal, 3);
        assert_holds(&sim, 11);
    }
}
