//! `replay --journal` and `journal`: facts that are kept, and what is said of damage.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::run::{FLOW, Ran, run, run_with_input};

/// A journal of the small flow, and what the replay told.
pub(crate) fn kept() -> (TempDir, Value) {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().to_str().unwrap();
    let told = run_with_input(["replay", "-", "--json", "--journal", journal], FLOW.as_bytes());
    (dir, told.ok().json())
}

fn journal(verb: &str, dir: &Path, flags: &[&str]) -> Ran {
    run(["journal".as_ref(), verb.as_ref(), dir.as_os_str()]
        .into_iter()
        .chain(flags.iter().map(AsRef::as_ref)))
}

/// The file that holds the facts.
fn segment(dir: &Path) -> PathBuf {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut facts: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|e| e == "facts")).collect();
    assert_eq!(facts.len(), 1, "{facts:?}");
    facts.remove(0)
}

/// A journal of several records: a batch is a quarter of a mebibyte.
fn long() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut flow = FLOW.to_owned();
    for order in 0..20_000u64 {
        let price = 200 + order % 30;
        flow += &format!("{},1430438405000,0,{price}.00,{},created,bid\n", 100 + order, 1 + order);
    }
    let journal = dir.path().to_str().unwrap();
    run_with_input(["replay", "-", "--journal", journal], flow.as_bytes()).ok();
    dir
}

#[test]
fn what_was_replayed_verifies_with_the_same_hash() {
    let (dir, told) = kept();
    let verified = journal("verify", dir.path(), &["--json"]).ok().json();
    assert_eq!(
        verified,
        json!({
            "facts": told["facts"], "trades": told["trades"], "facts_hash": told["facts_hash"],
            "intact": true, "cut_bytes": 0, "kept": [], "snapshots": []
        })
    );
    let plain = run_with_input(["replay", "-", "--json"], FLOW.as_bytes()).ok().json();
    assert_eq!(plain["facts_hash"], told["facts_hash"], "a journal changes no fact");
    let words = journal("verify", dir.path(), &[]).ok().out;
    assert!(words.starts_with("9 facts, 2 trades, intact\nhash "), "{words}");
}

#[test]
fn a_journal_with_facts_is_not_replayed_into() {
    let (dir, _) = kept();
    let journal = dir.path().to_str().unwrap();
    let again = run_with_input(["replay", "-", "--journal", journal], FLOW.as_bytes());
    again.failed(2, &[journal, "is not empty; give a folder that is empty"]);
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("notes.txt"), "mine").unwrap();
    let path = other.path().to_str().unwrap();
    run_with_input(["replay", "-", "--journal", path], FLOW.as_bytes())
        .failed(2, &[path, "is not empty"]);
    assert_eq!(std::fs::read_dir(path).unwrap().count(), 1, "nothing was put beside it");
}

#[test]
fn what_a_replay_left_that_found_no_room_is_in_nobodys_way() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["lock", "segment.tmp"] {
        std::fs::write(dir.path().join(name), "").unwrap();
    }
    let path = dir.path().to_str().unwrap();
    run_with_input(["replay", "-", "--journal", path], FLOW.as_bytes()).ok();
    assert_eq!(journal("verify", dir.path(), &["--json"]).ok().json()["intact"], true);
}

#[test]
fn facts_are_shown_and_exported() {
    let (dir, _) = kept();
    let shown = journal("show", dir.path(), &[]).ok().out;
    assert_eq!(shown.lines().count(), 9);
    assert!(shown.contains("entered order 3 account 1 market 0 side sell price 23650"), "{shown}");
    let some = journal("show", dir.path(), &["--from", "3", "--limit", "2"]).ok().out;
    assert!(shown.contains(&some) && some.lines().count() == 2, "{some}");

    let lines = journal("export", dir.path(), &[]).ok().out;
    let facts: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(facts.len(), 9);
    assert!(facts.iter().enumerate().all(|(index, fact)| fact["seq"] == json!(index + 1)));
    assert_eq!(facts.iter().filter(|fact| fact["fact"] == "traded").count(), 2);

    let rows = journal("export", dir.path(), &["--format", "csv"]).ok().out;
    let columns = rows.lines().next().unwrap().split(',').count();
    assert!(rows.lines().all(|row| row.split(',').count() == columns), "{rows}");
    assert_eq!(rows.lines().count(), 1 + 9);
}

#[test]
fn a_flipped_byte_is_found_and_named() {
    let dir = long();
    let segment = segment(dir.path());
    let name = segment.file_name().unwrap().to_str().unwrap();
    let whole = fs::read(&segment).unwrap();
    for at in [20, 200, 5_000, 100_000] {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&segment, &bytes).unwrap();
        let verified = journal("verify", dir.path(), &["--json"]);
        verified.failed(1, &[name]);
        let told = verified.json();
        assert_eq!(told["intact"], false, "byte {at}: {told}");
        assert!(told["damage"].as_str().unwrap().contains(name), "byte {at}: {told}");
        for verb in ["show", "export"] {
            journal(verb, dir.path(), &[]).failed(1, &[name]);
        }
        assert_eq!(fs::read(&segment).unwrap(), bytes, "looking changes nothing");
    }
}

#[test]
fn a_flipped_byte_in_the_only_record_of_a_replay_is_damage_too() {
    let (dir, _) = kept();
    let segment = segment(dir.path());
    let name = segment.file_name().unwrap().to_str().unwrap();
    let whole = fs::read(&segment).unwrap();
    for at in [64, 70, 90, 130, 180] {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&segment, &bytes).unwrap();
        journal("verify", dir.path(), &[]).failed(1, &[name, "fact 1: a record is damaged"]);
    }
}

#[test]
fn a_torn_tail_is_told_and_is_no_damage() {
    let dir = long();
    let whole = journal("verify", dir.path(), &["--json"]).ok().json();
    let segment = segment(dir.path());
    let bytes = fs::read(&segment).unwrap();
    let end = bytes.iter().rposition(|&byte| byte != 0).unwrap();
    fs::write(&segment, &bytes[..end - 100]).unwrap();
    let told = journal("verify", dir.path(), &["--json"]).ok().json();
    assert_eq!(told["intact"], true);
    assert!(told["cut_bytes"].as_u64().unwrap() > 0, "{told}");
    assert!(told["facts"].as_u64() < whole["facts"].as_u64(), "{told}");
    let words = journal("verify", dir.path(), &[]).ok().out;
    assert!(words.contains("intact but for a torn tail of"), "{words}");
}

#[test]
fn what_is_no_journal_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let absent = dir.path().join("absent");
    for verb in ["verify", "show", "export"] {
        journal(verb, &absent, &[]).failed(1, &["absent"]);
    }
    assert!(!absent.exists(), "looking makes nothing");
}
