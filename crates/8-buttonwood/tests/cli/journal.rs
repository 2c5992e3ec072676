//! `replay --journal` and `journal`: stored facts, and reports of damage.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::run::{FLOW, Ran, run, run_with_input};

/// A journal of the small flow, and the report of the replay.
pub(crate) fn kept() -> (TempDir, Value) {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().to_str().unwrap();
    let report = run_with_input(["replay", "-", "--json", "--journal", journal], FLOW.as_bytes());
    (dir, report.ok().json())
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
    let (dir, report) = kept();
    let verified = journal("verify", dir.path(), &["--json"]).ok().json();
    assert_eq!(
        verified,
        json!({
            "facts": report["facts"], "trades": report["trades"], "facts_hash": report["facts_hash"],
            "intact": true, "cut_bytes": 0, "kept": [], "snapshots": []
        })
    );
    let plain = run_with_input(["replay", "-", "--json"], FLOW.as_bytes()).ok().json();
    assert_eq!(plain["facts_hash"], report["facts_hash"], "a journal changes no fact");
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
fn what_a_replay_left_without_space_does_not_block_the_next() {
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
    let rows: Vec<_> =
        shown.lines().map(|line| line.split_once("2015-05-01T00:00:04").unwrap()).collect();
    assert_eq!(
        rows,
        [
            ("       1        1  ", "Z  started epoch 1"),
            ("       2        2  ", "Z  market-opened BTC-USD tick 0.01 lot 0.00000001 prices any"),
            (
                "       3        3  ",
                "Z  entered BTC-USD sell 4.00000000 @ 236.50 order 3 account 1"
            ),
            (
                "       4        4  ",
                ".100Z  entered BTC-USD sell 3.00000000 @ 236.51 order 4 account 1"
            ),
            (
                "       5        5  ",
                ".100Z  entered BTC-USD buy 6.00000000 @ 236.51 order 5 account 1"
            ),
            (
                "       6        5  ",
                ".100Z  traded BTC-USD buy 4.00000000 @ 236.50 trade 6 maker 3 of account 1 taker 5 of account 1"
            ),
            (
                "       7        5  ",
                ".100Z  traded BTC-USD buy 2.00000000 @ 236.51 trade 7 maker 4 of account 1 taker 5 of account 1"
            ),
            (
                "       8        7  ",
                ".400Z  cancelled BTC-USD sell 1.00000000 order 4 account 1 requested"
            ),
            (
                "       9        8  ",
                ".500Z  entered BTC-USD buy 5.00000000 @ 236.40 order 8 account 1"
            ),
        ]
    );
    let some = journal("show", dir.path(), &["--from", "3", "--limit", "2"]).ok().out;
    assert!(shown.contains(&some) && some.lines().count() == 2, "{some}");

    let lines = journal("export", dir.path(), &[]).ok().out;
    let facts: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(facts.len(), 9);
    assert!(facts.iter().enumerate().all(|(index, fact)| fact["seq"] == json!(index + 1)));
    assert_eq!(facts.iter().filter(|fact| fact["fact"] == "traded").count(), 2);
    assert_eq!(
        facts[5],
        json!({
            "seq": 6, "command": 5, "time": "2015-05-01T00:00:04.100Z", "fact": "traded",
            "maker": 3, "taker": 5, "incarnation": 1, "number": 1,
            "market": 0, "price": 23650, "quantity": 400_000_000,
            "trade_id": 6, "maker_account": 1, "taker_account": 1, "symbol": "BTC-USD",
            "side": "buy", "decimal_price": "236.50", "decimal_size": "4.00000000"
        }),
        "what is stored keeps its names; the rest stands beside it"
    );
    assert_eq!(
        facts[7],
        json!({
            "seq": 8, "command": 7, "time": "2015-05-01T00:00:04.400Z", "fact": "cancelled",
            "order": 4, "quantity": 100_000_000, "reason": "requested", "market": 0, "account": 1,
            "symbol": "BTC-USD", "side": "sell", "decimal_size": "1.00000000"
        })
    );

    let rows = journal("export", dir.path(), &["--format", "csv"]).ok().out;
    let columns = rows.lines().next().unwrap().split(',').count();
    assert!(rows.lines().all(|row| row.split(',').count() == columns), "{rows}");
    assert_eq!(rows.lines().count(), 1 + 9);
}

/// Numbers of the facts that these flags select.
fn selected(dir: &Path, flags: &[&str]) -> Vec<u64> {
    let lines = journal("export", dir, flags).ok().out;
    let number = |line| serde_json::from_str::<Value>(line).unwrap()["seq"].as_u64().unwrap();
    lines.lines().map(number).collect()
}

#[test]
fn facts_are_selected_by_market_account_order_kind_and_time() {
    let (dir, _) = kept();
    let dir = dir.path();
    assert_eq!(selected(dir, &["--market", "BTC-USD"]), [2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(selected(dir, &["--account", "1"]), [3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(selected(dir, &["--order", "4"]), [4, 7, 8], "a trade names both of its orders");
    assert_eq!(selected(dir, &["--order", "#3,8"]), [3, 6, 9]);
    assert_eq!(selected(dir, &["--kind", "traded,cancelled"]), [6, 7, 8]);
    assert_eq!(selected(dir, &["--from", "3", "--to", "5"]), [3, 4, 5]);
    let from = ["--from", "2015-05-01T00:00:04.100Z"];
    assert_eq!(selected(dir, &from), [4, 5, 6, 7, 8, 9]);
    let to = ["--to", "2015-05-01T02:00:04.1+02:00"];
    assert_eq!(selected(dir, &to), [1, 2, 3, 4, 5, 6, 7]);
    let all = ["--order", "4", "--kind", "traded", "--account", "1", "--market", "BTC-USD"];
    assert_eq!(selected(dir, &[&all[..], &from, &to].concat()), [7], "all flags must be satisfied");
    assert_eq!(selected(dir, &["--kind", "traded", "--limit", "1"]), [6]);
    let shown = journal("show", dir, &["--order", "4", "--kind", "traded"]).ok().out;
    assert!(shown.contains("trade 7 maker 4") && shown.lines().count() == 1, "{shown}");
}

#[test]
fn what_cannot_be_selected_is_said() {
    let (dir, _) = kept();
    for (flags, expected) in [
        (&["--market", "btc"][..], "a symbol may have only A-Z"),
        (&["--kind", "trade"], "possible values: started, market-opened, entered, traded"),
        (&["--account", "ann"], "--account"),
        (&["--order", "4th"], "give an order's number, such as 12"),
        (&["--from", "noon"], "neither the number of a fact, such as 12, nor a time"),
        (&["--from", "5", "--to", "4"], "--from 5 is after --to 4"),
        (&["--from", "2015-05-02T00:00:00Z", "--to", "2015-05-01T00:00:00Z"], "is after --to 2015"),
    ] {
        journal("show", dir.path(), flags).failed(2, &[expected]);
        journal("export", dir.path(), flags).failed(2, &[expected]);
    }
    let unknown = journal("show", dir.path(), &["--market", "ETH-USD"]);
    unknown.failed(1, &["has no market ETH-USD", "its markets are BTC-USD"]);
    let none = journal("show", dir.path(), &["--account", "9"]);
    assert_eq!((none.status, none.out.as_str()), (0, ""));
    assert!(none.err.contains("none of the 9 facts"), "{none:?}");
}

#[test]
fn a_reader_that_has_enough_does_not_wait_for_the_rest() {
    let dir = long();
    let segment = segment(dir.path());
    let mut bytes = fs::read(&segment).unwrap();
    let end = bytes.iter().rposition(|&byte| byte != 0).unwrap();
    bytes[end - 5_000] ^= 0x10; // in a later record: a whole reading must come to it
    fs::write(&segment, &bytes).unwrap();
    for flags in [&["--limit", "3"][..], &["--to", "3"]] {
        let some = journal("show", dir.path(), flags).ok().out;
        assert_eq!(some.lines().count(), 3, "{some}");
    }
    journal("show", dir.path(), &[]).failed(1, &["damaged"]);
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
        let report = verified.json();
        assert_eq!(report["intact"], false, "byte {at}: {report}");
        assert!(report["damage"].as_str().unwrap().contains(name), "byte {at}: {report}");
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
    let report = journal("verify", dir.path(), &["--json"]).ok().json();
    assert_eq!(report["intact"], true);
    assert!(report["cut_bytes"].as_u64().unwrap() > 0, "{report}");
    assert!(report["facts"].as_u64() < whole["facts"].as_u64(), "{report}");
    let words = journal("verify", dir.path(), &[]).ok().out;
    assert!(words.contains("intact except for a torn tail of"), "{words}");
}

#[test]
fn what_is_no_journal_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let absent = dir.path().join("absent");
    let (file, empty) = (dir.path().join("file"), dir.path().join("empty"));
    fs::write(&file, "text").unwrap();
    fs::create_dir(&empty).unwrap();
    for verb in ["verify", "show", "export"] {
        let advice = "give the folder of a journal, such as ./buttonwood-demo";
        journal(verb, &absent, &[]).failed(1, &["there is no folder", "absent", advice]);
        journal(verb, &file, &[]).failed(1, &["is a file, not a folder", advice]);
        journal(verb, &empty, &[]).failed(1, &["there is no journal in", "empty"]);
    }
    assert!(!absent.exists(), "looking makes nothing");
}
