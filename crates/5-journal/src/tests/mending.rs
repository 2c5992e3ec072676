//! How opening repairs a torn tail: the copy that is kept, the bytes of the file afterwards, and the failures.

use super::fixture::{HEAD, PLACE, RECORD, add, assert_holds, change, groups, open};
use super::sim::{Event, Sim};
use crate::{Journal, Options, Storage, StorageFile, verify_storage};

const ONE: Options = Options { segment_bytes: 64 << 20, reserve_bytes: 0 };

/// A journal of four facts with this tail behind them, its segment, and where the tail begins.
fn torn(tail: &[u8]) -> (Sim, String, usize) {
    let sim = Sim::default();
    add(&mut open(&sim, ONE).unwrap(), 2);
    let name = sim.segments().pop().unwrap();
    let end = HEAD + RECORD + groups(1, 2).bytes().len();
    let torn = change(&sim, &name, |bytes| {
        bytes.truncate(end);
        bytes.extend(tail);
    });
    (torn, name, end)
}

/// Bytes that are neither zeros nor alike for long, and no place.
fn garbage(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at % 251).unwrap() | 1).collect()
}

#[test]
fn behind_a_cut_there_is_room_for_the_record_that_ends_a_segment_and_nothing_else() {
    for length in [1, PLACE - 1, PLACE, PLACE + 1, RECORD - 1, RECORD, RECORD + 1, 3 << 20] {
        let (sim, name, end) = torn(&garbage(length));
        let mark = sim.bytes(&name)[..end].to_vec();
        let journal = open(&sim, ONE).unwrap();
        let told = journal.cut().map(|cut| (cut.offset, cut.bytes, cut.after));
        assert_eq!(told, Some((end as u64, length as u64, 4)));
        let bytes = sim.bytes(&name);
        // The mark takes its own bytes, if the cut left fewer.
        assert_eq!(bytes.len(), end + length.clamp(PLACE, RECORD), "{length}");
        assert_eq!(bytes[..end], mark);
        assert!(bytes[end + PLACE..].iter().all(|&byte| byte == 0), "{length}");
    }
}

fn is_write(event: &Event) -> bool {
    matches!(event, Event::Write { .. })
}

#[test]
fn blocks_that_were_set_aside_behind_a_cut_stay() {
    for length in [1, PLACE + 1, RECORD + 1, 3 << 20] {
        let tail = [garbage(length), vec![0; 1000]].concat();
        let (sim, name, end) = torn(&tail);
        sim.state().history.clear();
        let journal = open(&sim, ONE).unwrap();
        assert_eq!(journal.cut().map(|cut| cut.bytes), Some(length as u64));
        let writes = sim.state().history.iter().filter(|event| is_write(event)).count();
        assert!(writes <= 16, "{writes}: a mebibyte at once");
        let bytes = sim.bytes(&name);
        assert_eq!(bytes.len(), end + tail.len());
        assert!(bytes[end + PLACE..].iter().all(|&byte| byte == 0), "{length}");
    }
}

#[test]
fn a_tail_of_any_length_is_kept_as_it_was_each_under_a_name_of_its_own() {
    let (sim, name, end) = torn(&[]);
    let mut kept = Vec::new();
    for length in [1, RECORD, 1 << 20, (1 << 20) + 1, 5 << 19] {
        let tail = garbage(length);
        let torn = [sim.bytes(&name)[..end].to_vec(), tail.clone()].concat();
        sim.set(&name, torn);
        let journal = open(&sim, ONE).unwrap();
        let file = journal.cut().unwrap().kept.clone().unwrap();
        assert_eq!(sim.bytes(file.strip_prefix("sim/").unwrap()), tail);
        kept.push((file, length as u64));
        drop(journal);
        let verified = verify_storage(&sim, &mut |_, _| ()).unwrap();
        let told: Vec<_> = verified.kept.into_iter().map(|kept| (kept.file, kept.bytes)).collect();
        assert_eq!(told, kept, "oldest first");
    }
    // Files with other names are not counted.
    for name in ["cut-1.txt", "x.bytes"] {
        sim.set(name, vec![1]);
    }
    assert_eq!(verify_storage(&sim, &mut |_, _| ()).unwrap().kept.len(), kept.len());
}

#[test]
fn what_is_cut_is_kept_where_there_is_twice_the_room_and_cut_all_the_same_where_there_is_not() {
    for (space, is_kept) in [(200, true), (199, false), (150, false), (102, false), (0, false)] {
        let (sim, name, end) = torn(&garbage(100));
        let used: usize = sim.all().iter().map(|(_, bytes)| bytes.len()).sum();
        sim.state().capacity = Some(used as u64 + space);
        let before = sim.bytes(&name)[..end].to_vec();
        let journal = open(&sim, ONE).unwrap();
        let cut = journal.cut().unwrap();
        assert_eq!((cut.bytes, cut.kept.is_some()), (100, is_kept), "space for {space}");
        assert_eq!(sim.bytes(&name)[..end], before);
        sim.state().capacity = None;
        drop(journal);
        assert_holds(&sim, 5);
    }
    // There is space, and no free name for the file.
    let (sim, _, _) = torn(&garbage(100));
    sim.set("began", begun(2));
    sim.state().no_names = true;
    let journal = open(&sim, ONE).unwrap();
    assert_eq!(journal.cut().map(|cut| (cut.bytes, cut.kept.is_some())), Some((100, false)));
}

/// The file `began` of a journal whose first record has this many commands.
fn begun(commands: u64) -> Vec<u8> {
    let sim = Sim::default();
    add(&mut open(&sim, ONE).unwrap(), commands);
    sim.bytes("began")
}

#[test]
fn a_disk_that_fails_while_a_tail_is_kept_fails_the_start_and_the_tail_stays() {
    let (sim, name, _) = torn(&garbage(100));
    let before = sim.bytes(&name);
    for fails_writes in [true, false] {
        sim.state().fail_writes = fails_writes;
        sim.state().fail_syncs = !fails_writes;
        let error = open(&sim, ONE).err().unwrap().to_string();
        assert!(error.contains("save truncated bytes in sim/cut-"), "{error}");
        assert_eq!(sim.bytes(&name), before);
    }
}

#[test]
fn what_is_longer_than_is_written_at_once_is_written_again_whole() {
    let sim = Sim::default();
    let mut journal = open(&sim, ONE).unwrap();
    add(&mut journal, 2);
    for _ in 0..3 {
        journal.append(&groups(journal.end(), 30_000)).unwrap();
    }
    drop(journal);
    let begin = HEAD + RECORD + groups(1, 2).bytes().len();
    let before = sim.bytes(&sim.segments()[0]);
    sim.state().history.clear();
    let end = open(&sim, ONE).unwrap().end();
    assert_eq!(end, 5 + 180_000);
    let mut at = begin;
    for event in sim.state().history.iter() {
        match event {
            Event::Write { at: place, bytes, .. } => {
                assert_eq!(*place, at, "one behind the other");
                assert_eq!(*bytes, before[at..at + bytes.len()], "the same bytes");
                at += bytes.len();
            }
            _ => break,
        }
    }
    assert!(at > begin + (2 << 20));
    assert!(before[at..].iter().all(|&byte| byte == 0), "up to the end of the last record");
}

/// Two segments, the first of which ends with its last record and does not say that another follows.
fn unsaid() -> (Sim, String) {
    let sim = Sim::default();
    let options = Options { segment_bytes: 0, reserve_bytes: 0 };
    let mut journal = open(&sim, options).unwrap();
    add(&mut journal, 2);
    add(&mut journal, 3);
    let first = sim.segments().remove(0);
    let end = HEAD + RECORD + groups(1, 2).bytes().len();
    (change(&sim, &first, |bytes| bytes.truncate(end)), first)
}

#[test]
fn without_room_to_say_that_another_segment_follows_it_goes_unsaid() {
    let (sim, first) = unsaid();
    let before = sim.bytes(&first);
    let used: usize = sim.all().iter().map(|(_, bytes)| bytes.len()).sum();
    for space in [0, 1, RECORD - 1] {
        sim.state().capacity = Some((used + space) as u64);
        assert_eq!(open(&sim, ONE).unwrap().end(), 11);
        assert_eq!(sim.bytes(&first), before, "space for {space}");
        assert_holds(&sim, 11);
    }
    sim.state().capacity = Some((used + RECORD) as u64);
    assert_eq!(open(&sim, ONE).unwrap().end(), 11);
    assert_eq!(sim.bytes(&first).len(), before.len() + RECORD);
    assert_holds(&sim, 11);
}

#[test]
fn a_disk_that_fails_while_it_is_said_that_another_segment_follows_fails_the_start() {
    let (sim, first) = unsaid();
    sim.state().fail_writes = true;
    let error = open(&sim, ONE).err().unwrap().to_string();
    assert!(error.contains(&format!("end sim/{first}: bad sector")), "{error}");
}

#[test]
fn a_file_that_is_shorter_than_what_is_copied_of_it_is_not_copied_in_part() {
    let sim = Sim::default();
    let from = sim.create("from").unwrap();
    from.write_at(0, &garbage(100)).unwrap();
    for (bytes, is_there) in [(0, true), (99, true), (100, true), (101, false), (3 << 20, false)] {
        let into = sim.create("into").unwrap();
        let copied = crate::mend::copy(&from, &into, bytes);
        assert_eq!(copied.is_ok(), is_there, "{bytes}");
        let all = garbage(100);
        let expected = if is_there { &all[..usize::try_from(bytes).unwrap()] } else { &[] };
        assert_eq!(sim.bytes("into"), expected);
    }
}
