//! Missing segments are detected without a snapshot: by the segment before them, and by `began`.

use super::damage::{assert_damaged, segments};
use super::fixture::{
    HEAD, PLACE, RECORD, SMALL, assert_holds, change, groups, groups_otherwise, open,
};
use super::sim::Sim;
use crate::{Damage, Journal, JournalError, verify_storage};

/// Power may be lost between the sync of a new segment and that of its announcement in the one before it.
#[test]
fn the_word_that_another_segment_follows_may_be_torn_and_is_mended() {
    let (sim, names) = segments();
    let end = open(&sim, SMALL).unwrap().end();
    let whole = sim.bytes(&names[1]);
    for length in whole.len() - RECORD..whole.len() {
        for torn in [
            change(&sim, &names[1], |bytes| bytes.truncate(length)),
            change(&sim, &names[1], |bytes| bytes[length..].fill(0)),
            change(&sim, &names[1], |bytes| bytes[length] ^= 1),
        ] {
            assert_holds(&torn, end);
            assert_eq!(open(&torn, SMALL).unwrap().cut(), None);
            assert_eq!(torn.bytes(&names[1]), whole);
        }
    }
}

#[test]
fn the_newest_segment_that_is_gone_is_missed_without_any_snapshot() {
    let (sim, names) = segments();
    for gone in 1..names.len() {
        names[gone..].iter().for_each(|name| drop(sim.state().files.remove(name)));
        let last = &names[gone - 1];
        let (offset, first) = (sim.bytes(last).len() - RECORD, names[gone][..20].parse().unwrap());
        let told = assert_damaged(&sim, last, offset, "a missing segment");
        assert_eq!(told, (first, Damage::NextSegment));
        let text = open(&sim, SMALL).err().unwrap().to_string();
        let give_up = format!("truncate -s {offset} sim/{last}");
        assert!(text.ends_with(&give_up), "{text}");
        // What it says can be done: then the journal ends there.
        let given_up = change(&sim, last, |bytes| bytes.truncate(offset));
        assert_holds(&given_up, first);
        assert_eq!(open(&given_up, SMALL).unwrap().end(), first);
        let (again, names) = segments();
        names.iter().for_each(|name| sim.set(name, again.bytes(name)));
    }
}

#[test]
fn segments_that_are_all_gone_are_missed_without_any_snapshot() {
    let (sim, _) = segments();
    sim.state().files.retain(|name, _| !name.ends_with(".facts"));
    assert_eq!(sim.all().len(), 1, "only what says that it began");
    let before = sim.all();
    for error in
        [open(&sim, SMALL).err().unwrap(), verify_storage(&sim, &mut |_, _| ()).err().unwrap()]
    {
        assert!(matches!(error, JournalError::NoSegments { .. }), "{error}");
        assert!(error.to_string().contains("move `began`"), "{error}");
    }
    assert_eq!(sim.all(), before);
    sim.state().files.clear();
    assert_eq!(open(&sim, SMALL).unwrap().end(), 1);
}

#[test]
fn a_journal_without_a_durable_fact_has_not_begun() {
    let sim = Sim::default();
    let mut journal = open(&sim, SMALL).unwrap();
    journal.close().unwrap();
    journal.append(&groups(1, 1)).unwrap();
    drop(journal);
    assert!(!sim.state().files.contains_key("began"));
    // Found whole at a start, and durable since.
    drop(open(&sim, SMALL).unwrap());
    assert!(sim.state().files.contains_key("began"));
}

#[test]
fn what_says_that_a_journal_has_begun_fits_its_segments_or_is_named() {
    let (sim, _) = segments();
    let end = open(&sim, SMALL).unwrap().end();
    let refused = |sim: &Sim, wrong: &str| {
        let before = sim.all();
        let verified = verify_storage(sim, &mut |_, _| ()).unwrap();
        let text = open(sim, SMALL).err().unwrap().to_string();
        assert!(text.contains("sim/began is ") && text.contains(wrong), "{text}");
        assert!(!verified.intact);
        assert_eq!(verified.damage.unwrap().to_string(), text);
        assert_eq!(sim.all(), before, "nothing was changed");
    };
    for at in 0..sim.bytes("began").len() {
        refused(&change(&sim, "began", |bytes| bytes[at] ^= 1), "damaged");
        refused(&change(&sim, "began", |bytes| bytes.truncate(at)), "damaged");
    }
    let other = Sim::default();
    let mut journal = open(&other, SMALL).unwrap();
    journal.append(&groups_otherwise(1, 4)).unwrap();
    journal.sync().unwrap();
    refused(&change(&sim, "began", |bytes| *bytes = other.bytes("began")), "of another journal");
    // It is written anew where it is not there.
    let without = sim.copy();
    drop(without.state().files.remove("began"));
    assert_eq!(open(&without, SMALL).unwrap().end(), end);
    assert_eq!(without.bytes("began"), sim.bytes("began"));
    // Where it is there, the first record was durable.
    let torn = other.copy();
    let name = torn.segments().pop().unwrap();
    torn.set(&name, other.bytes(&name)[..HEAD + PLACE + 9].to_vec());
    let (seq, damage) = assert_damaged(&torn, &name, HEAD, "the first record is torn");
    assert_eq!((seq, damage), (1, Damage::Record));
}
