//! `replay`: its counts, the hash, and its errors for files that it cannot read.

use std::fs;

use serde_json::json;

use crate::command::command;
use crate::run::{FLOW, Ran, recording, run, run_with_input};

fn replayed(flow: &str) -> Ran {
    run_with_input(["replay", "-", "--json"], flow.as_bytes())
}

#[test]
fn a_flow_is_counted_and_ends_in_a_book() {
    let report = replayed(FLOW).ok().json();
    assert_eq!(report["events"], 8);
    assert_eq!(report["fills_skipped"], 2);
    assert_eq!((&report["late_events"], &report["latest_milliseconds"]), (&json!(1), &json!(10)));
    assert_eq!(report["commands"], 7, "one opens the market");
    assert_eq!(report["trades"], 2);
    assert_eq!(report["quantity"], 600_000_000);
    assert_eq!(report["refusals"], json!({"unknown-order": 1}));
    assert_eq!(
        report["rejections"],
        json!([{
            "code": "unknown-order", "cause": "never-entered", "count": 1,
            "reason": "cancel of an order that the file never entered; it was open before the recording",
            "examples": [{"line": 7, "what": "cancel of an order that no line before entered"}]
        }])
    );
    assert_eq!(
        report["markets"],
        json!([{
            "market": "BTC-USD", "tick": "0.01", "lot": "0.00000001", "resting": 1,
            "trades": 2, "volume": "6.00000000",
            "best_bid": "236.40", "best_bid_size": "5.00000000",
            "best_ask": null, "best_ask_size": null
        }])
    );
    // started, opened, 4 entered, 2 traded, 1 cancelled
    assert_eq!(report["facts"], 9);
    assert!(report["seconds"].as_f64().unwrap() > 0.0);
    assert!(report["commands_per_second"].as_f64().unwrap() > 0.0);
    assert_eq!(report["facts_hash"].as_str().unwrap().len(), 64);
    assert!(report.get("tape").is_none(), "standard input has nothing beside it");
}

#[test]
fn the_hash_is_the_same_each_time_and_another_for_another_flow() {
    let hash = |flow: &str| replayed(flow).ok().json()["facts_hash"].clone();
    assert_eq!(hash(FLOW), hash(FLOW));
    assert_ne!(hash(FLOW), hash(&FLOW.replace("236.40", "236.41")));
    assert_ne!(hash(FLOW), hash(&FLOW.replace("1430438404500", "1430438404501")));
}

#[test]
fn people_get_the_same_in_words() {
    let report = run_with_input(["replay", "-"], FLOW.as_bytes()).ok().out;
    for part in [
        "Bitstamp: 8 events, 7 commands, 9 facts, 2 trades",
        "1 events came out of order, by 10 ms at most",
        "rejected 1 as unknown-order: cancel of an order that the file never entered",
        "  line 7: cancel of an order that no line before entered",
        "BTC-USD  2 trades of 6.00000000 BTC, 1 orders resting\n  best bid 5.00000000 at 236.40, best ask none",
        "hash     ",
    ] {
        assert!(report.contains(part), "{report} should say {part}");
    }
}

#[test]
fn every_rejection_is_told_with_its_line_and_its_cause() {
    let late = "\
13,1430438404600,1430438404000,236.51,600000000,deleted,bid
12,1430438404700,1430438404000,236.51,100000000,deleted,ask
15,1430438404800,1430438404000,236.00,0,created,bid
15,1430438404900,1430438404000,236.00,7,deleted,bid
";
    let flow = FLOW.to_owned() + late;
    let report = run_with_input(["replay", "-"], flow.as_bytes()).ok().out;
    for part in [
        "rejected 1 as unknown-order: cancel of an order that had traded in full here\n  \
         line 10: cancel of the order of line 4, BTC-USD: buy 6.00000000 at 236.51",
        "rejected 1 as unknown-order: cancel of an order that had been cancelled before\n  \
         line 11: cancel of the order of line 3, BTC-USD: sell 3.00000000 at 236.51",
        "rejected 1 as unknown-order: cancel of an order that had been rejected itself\n  line 13: ",
        "rejected 1 as bad-quantity: The size must be a multiple of the market's lot size, above zero and \
         within the limits of a size.\n  \
         line 12: BTC-USD: buy 0.00000000 at 236.00",
    ] {
        assert!(report.contains(part), "{report} should say {part}");
    }
    let report = replayed(&flow).ok().json();
    let counts =
        report["rejections"].as_array().unwrap().iter().map(|of| of["count"].as_u64().unwrap());
    let refused =
        report["refusals"].as_object().unwrap().values().map(|count| count.as_u64().unwrap());
    assert_eq!(counts.sum::<u64>(), refused.sum::<u64>(), "each has one cause");
}

#[test]
fn a_sample_is_a_recording_for_a_first_try() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sample.csv");
    let file = path.to_str().unwrap();
    let made = run(["replay", file, "--sample"]).ok().out;
    assert!(made.contains("wrote ") && made.contains("now run: buttonwood replay "), "{made}");
    let report = run(["replay", file, "--json"]).ok().json();
    assert_eq!(report["venue"], "Bitstamp");
    assert!(report["trades"].as_u64() > Some(100) && report["late_events"] == 0, "{report}");
    assert_eq!(report["rejections"].as_array().unwrap().len(), 3, "{report}");

    let bytes = fs::read(&path).unwrap();
    run(["replay", file, "--sample"]).failed(2, &["sample.csv exists and is not overwritten"]);
    assert_eq!(fs::read(&path).unwrap(), bytes, "and it is not");
    let piped = run(["replay", "-", "--sample"]).ok().out;
    assert_eq!(piped.as_bytes(), bytes, "the same seed is the same file");
    assert_ne!(run(["replay", "-", "--sample", "--seed", "2"]).ok().out, piped);
    run(["replay", file, "--seed", "2"]).failed(2, &["--sample"]);
    run(["replay", file, "--sample", "--json"]).failed(2, &["cannot be used with"]);
    let nowhere = dir.path().join("absent").join("sample.csv");
    run(["replay", nowhere.to_str().unwrap(), "--sample"]).failed(
        1,
        &["cannot write", "sample.csv", "No such file", "name a file in a folder that exists"],
    );
}

#[test]
fn a_flow_without_events_is_a_flow() {
    let report = replayed(FLOW.lines().next().unwrap()).ok().json();
    assert_eq!((&report["commands"], &report["trades"]), (&json!(1), &json!(0)));
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_place_and_advice() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let bad_line = FLOW.replace("236.51,600000000", "236.515,600000000");
    for (path, expected) in [
        (
            dir.path().join("absent.csv"),
            &["cannot open", "absent.csv", "No such file", "give the path"][..],
        ),
        (dir.path().to_path_buf(), &["cannot open", "directory"]),
        (file("empty.csv", b""), &["empty.csv", "it is empty", "orders.csv"]),
        (
            file("orders.csv.xz", FLOW.replace("id,", "ID,").as_bytes()),
            &["named .xz but is not xz"],
        ),
        (file("orders.csv.gz", &[0x1F, 0x8B, 8, 0, 0]), &["packed with gzip, so unpack it first"]),
        (file("cut.xz", b"\xFD7zXZ\0\0\x04"), &["cut.xz", "the xz file is cut or damaged"]),
        (
            file("bad.csv", bad_line.as_bytes()),
            &["bad.csv, line 4, column 32", "'236.515' is not a price"],
        ),
        (file("raw.log", b"1430438404518 trade {\"price\": 1}\n"), &["raw capture", "orders.csv"]),
    ] {
        let ran = run(["replay".as_ref(), path.as_os_str()]);
        ran.failed(1, expected);
        assert_eq!(ran.out, "", "data only where there is some");
    }
}

#[test]
fn the_tape_beside_a_recording_is_found_and_compared() {
    let dir = tempfile::tempdir().unwrap();
    let orders = dir.path().join("orders.csv");
    fs::write(&orders, FLOW).unwrap();
    let tape = "\
1430438404000 order_created {\"price\": \"236.50\"}
1430438404120 trade {\"price\": 236.5, \"amount\": 4.0000000000000001, \"id\": 1}
1430438404120 trade {\"price\": 236.50999999999999, \"amount\": 1.5, \"id\": 2}
1430438409000 trade {\"price\": 236.5, \"amount\": 1, \"id\": 3}
";
    fs::write(dir.path().join("2015-05-01.log"), tape).unwrap();
    let report = run(["replay".as_ref(), orders.as_os_str(), "--json".as_ref()]).ok().json();
    let tape = &report["tape"];
    assert_eq!((&tape["venue_trades"], &tape["venue_volume"]), (&json!(3), &json!("6.50000000")));
    assert_eq!((&tape["our_trades"], &tape["our_volume"]), (&json!(2), &json!("6.00000000")));
    assert_eq!((&tape["matched"], &tape["matched_with_the_same_size"]), (&json!(2), &json!(1)));
    assert!((tape["matched_share"].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-9);
    assert!(tape["why_they_can_differ"].as_str().unwrap().contains("empty book"));

    let elsewhere = dir.path().join("other.log");
    let asked = ["replay".as_ref(), orders.as_os_str(), "--tape".as_ref(), elsewhere.as_os_str()];
    run(asked).failed(1, &["cannot open", "other.log"]);
    fs::write(&elsewhere, "1 trade {\"price\": -1}\n").unwrap();
    run(asked).failed(1, &["other.log, line 1", "missing field"]);
}

#[test]
fn a_reader_that_has_enough_is_no_failure() {
    let mut child = command()
        .args(["replay", "/dev/stdin", "--json"])
        .stdin(fs::File::open("/dev/null").unwrap())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    // An empty input is a failure of its own, said on standard error.
    assert_eq!(output.status.code(), Some(1));
    let page = command().args(["man"]).stdout(closed_pipe()).output().unwrap();
    assert!(page.status.success(), "{page:?}");
}

/// The writing end of a pipe without a reader.
fn closed_pipe() -> std::process::Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

#[test]
fn bitstamps_hours_give_the_same_facts_each_time() {
    let Some(orders) = recording("bitstamp-btcusd/orders.csv.xz") else { return };
    let report = run(["replay".as_ref(), orders.as_os_str(), "--json".as_ref()]).ok().json();
    assert_eq!((&report["events"], &report["fills_skipped"]), (&json!(50_414), &json!(1_182)));
    assert_eq!((&report["commands"], &report["trades"]), (&json!(49_233), &json!(557)));
    assert_eq!(report["facts_hash"], BITSTAMP_HASH);
    let tape = &report["tape"];
    assert_eq!((&tape["venue_trades"], &tape["matched"]), (&json!(575), &json!(442)));
}

/// Over all facts of Bitstamp's hours: on every machine.
const BITSTAMP_HASH: &str = "d5fc45e42ab6e3d79b37b3baeea79e0246c57e3d336ada7fc1cae135138254c4";

#[test]
fn independent_reserves_books_are_five_markets() {
    let Some(capture) = recording("independent-reserve/INDEPENDENT_RESERVE.ws.1.0") else { return };
    let report = run(["replay".as_ref(), capture.as_os_str(), "--json".as_ref()]).ok().json();
    assert_eq!((&report["events"], &report["commands"]), (&json!(1_663), &json!(1_663 + 5)));
    assert_eq!(report["refusals"], json!({"unknown-order": 62}));
    let names: Vec<_> =
        report["markets"].as_array().unwrap().iter().map(|m| &m["market"]).collect();
    assert_eq!(names, ["DOT-USD", "MATIC-USD", "ETH-USD", "BCH-USD", "PMGT-USD"]);
    let tape = run(["replay".as_ref(), capture.as_os_str(), "--tape".as_ref(), "x".as_ref()]);
    tape.failed(2, &["--tape: only raw captures of Bitstamp"]);
}
