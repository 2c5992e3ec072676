//! A journal on a real disk has one writer, even if other programs change its files; it detects such changes. Readers
//! and copies do not affect it.
#![allow(clippy::unwrap_used, reason = "a test: a surprise is a failure")]
#![cfg(unix)]

use std::fs;
use std::path::Path;

use journal::{DiskJournal, Journal, JournalError, Lost, Options, verify};
use protocol::bytes::FactEncoder;
use protocol::{CancelReason, Fact, Stamp};
use units::{CommandId, Lots, OrderId, Time};

const OPTIONS: Options = Options { segment_bytes: 3000, reserve_bytes: 0 };
const FIRST: &str = "00000000000000000001.facts";

fn open(dir: &Path) -> Result<DiskJournal, JournalError> {
    DiskJournal::open(dir, OPTIONS)
}

/// Appends a fact and makes it durable.
fn add(journal: &mut DiskJournal) -> Result<u64, JournalError> {
    let mut groups = FactEncoder::new();
    let seq = journal.end();
    let left = Fact::Cancelled {
        order: OrderId(seq),
        quantity: Lots(seq),
        reason: CancelReason::Requested,
    };
    groups.push(Stamp { seq, command: CommandId(seq), time: Time(seq) }, &left);
    journal.append(&groups)?;
    journal.sync()
}

fn facts(dir: &Path) -> u64 {
    let verified = verify(dir, &mut |_, _| ()).unwrap();
    assert!(verified.intact, "{:?}", verified.damage);
    verified.facts
}

fn newest(dir: &Path) -> std::path::PathBuf {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    names.filter(|path| path.extension().is_some_and(|end| end == "facts")).max().unwrap()
}

fn is_refused(dir: &Path) {
    let second = open(dir).err().expect("a journal has one writer");
    assert!(matches!(second, JournalError::Locked { .. }), "{second}");
}

/// Every file under the same name in another directory; the very same files, or copies.
fn populate(from: &Path, to: &Path, put: impl Fn(&Path, &Path)) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        put(&entry.path(), &to.join(entry.file_name()));
    }
}

#[test]
fn a_second_writer_is_refused_though_the_lock_file_was_removed() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path()).unwrap();
    add(&mut journal).unwrap();
    fs::remove_file(dir.path().join("lock")).unwrap();
    is_refused(dir.path());
    is_refused(dir.path()); // also with the lock file that the one before has made
    add(&mut journal).unwrap(); // the folder and the segment are held: nothing can be lost
    let error = journal.check_files().unwrap_err();
    assert!(matches!(error, JournalError::Displaced { lost: Lost::Lock, .. }), "{error}");
    assert!(error.to_string().contains("/lock "), "{error}");
    drop(journal);
    let mut journal = open(dir.path()).unwrap();
    assert_eq!(add(&mut journal).unwrap(), 4);
    journal.check_files().unwrap();
}

#[test]
fn a_segment_has_one_writer_in_whatever_folder_it_has_a_name() {
    let root = tempfile::tempdir().unwrap();
    let (dir, other) = (root.path().join("journal"), root.path().join("linked"));
    let mut journal = open(&dir).unwrap();
    for round in 0..3 {
        while facts(&dir) < 60 * round {
            add(&mut journal).unwrap();
        }
        populate(&dir, &other, |from, to| {
            if from.file_name().is_some_and(|name| name != "lock") {
                fs::hard_link(from, to).unwrap();
            }
        });
        is_refused(&other);
        fs::remove_dir_all(&other).unwrap();
    }
    assert_ne!(newest(&dir).file_name().unwrap(), FIRST);
    journal.check_files().unwrap();
}

#[test]
fn a_folder_that_is_removed_moved_or_replaced_is_noticed() {
    type Take = fn(&Path, &Path);
    let takes: [(&str, Take); 3] = [
        ("removed", |dir, _| fs::remove_dir_all(dir).unwrap()),
        ("moved", |dir, away| fs::rename(dir, away).unwrap()),
        ("replaced", |dir, away| {
            fs::rename(dir, away).unwrap();
            populate(away, dir, |from, to| assert!(fs::copy(from, to).is_ok()));
        }),
    ];
    for (how, take) in takes {
        for at_rest in [true, false] {
            let root = tempfile::tempdir().unwrap();
            let (dir, away) = (root.path().join("journal"), root.path().join("away"));
            let mut journal = open(&dir).unwrap();
            add(&mut journal).unwrap();
            take(&dir, &away);
            let error = match at_rest {
                true => journal.check_files().unwrap_err(),
                false => add(&mut journal).unwrap_err(),
            };
            assert!(
                matches!(error, JournalError::Displaced { lost: Lost::Folder, .. }),
                "{how}: {error}"
            );
            assert_eq!(journal.durable(), 2, "{how}");
        }
    }
}

#[test]
fn the_facts_of_a_segment_that_was_removed_are_written_again_and_a_start_has_them() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path()).unwrap();
    while newest(dir.path()).file_name().unwrap() == FIRST {
        add(&mut journal).unwrap();
    }
    let acknowledged = add(&mut journal).unwrap() - 1;
    fs::remove_file(newest(dir.path())).unwrap();
    let error = journal.check_files().unwrap_err();
    assert!(error.to_string().contains("were written to"), "{error}");
    drop(journal);
    assert_eq!(facts(dir.path()), acknowledged);
    assert_eq!(open(dir.path()).unwrap().end(), acknowledged + 1);
}

#[test]
fn the_facts_of_a_segment_that_was_replaced_are_kept_beside_what_took_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path()).unwrap();
    add(&mut journal).unwrap();
    let path = dir.path().join(FIRST);
    fs::copy(&path, dir.path().join("old")).unwrap();
    let acknowledged = add(&mut journal).unwrap() - 1;
    fs::rename(dir.path().join("old"), &path).unwrap();
    let error = add(&mut journal).unwrap_err();
    let JournalError::Displaced { lost: Lost::Segment, kept: Some(kept), .. } = &error else {
        panic!("{error}")
    };
    assert!(error.to_string().contains(kept.as_str()), "{error}");
    drop(journal);
    assert_eq!(facts(dir.path()), 1, "the old file is there");
    fs::rename(kept, &path).unwrap();
    assert!(facts(dir.path()) >= acknowledged);
}

#[test]
fn a_journal_in_use_is_read_and_copied_as_ever() {
    let root = tempfile::tempdir().unwrap();
    let (dir, copy) = (root.path().join("journal"), root.path().join("copy"));
    let mut journal = open(&dir).unwrap();
    for _ in 0..100 {
        add(&mut journal).unwrap();
    }
    populate(&dir, &copy, |from, to| assert!(fs::copy(from, to).is_ok()));
    assert_eq!(facts(&dir), 100);
    let mut second = open(&copy).unwrap();
    add(&mut second).unwrap();
    add(&mut journal).unwrap();
    journal.check_files().unwrap();
    second.check_files().unwrap();
}
