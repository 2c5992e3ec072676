//! `buttonwood explore`.

use serde_json::Value;

use crate::run::run;

const CHART: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../charts/the-maker-dies-after-proposing.chart");

#[test]
fn a_world_is_gone_through_to_its_end_as_json() {
    let ran = run(["explore", "buyer-and-seller", "--faults", "1", "--json"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let found: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(found["world"], "buyer-and-seller");
    assert_eq!(found["exhausted"], true);
    assert_eq!(found["violation"], Value::Null);
    assert!(found["states"].as_u64() > Some(1000) && found["depth"].as_u64() > Some(10));
    assert!(found["seconds"].as_f64() > Some(0.0));
    for law in found["laws"].as_array().unwrap() {
        assert_eq!(law["holds"], true, "{law}");
        assert!(law["sometimes"].as_u64() > Some(0), "{law}");
    }
    assert_eq!(ran.err, "", "no bar without a terminal");
}

#[test]
fn a_world_is_summed_up_for_people() {
    let ran = run(["explore", "buyer-and-seller", "--faults", "0", "--law", "no-overfill"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.contains("exhausted"), "{}", ran.out);
    assert!(ran.out.contains("no-overfill") && !ran.out.contains("solo"), "{}", ran.out);
    let stopped = run(["explore", "two-and-two", "--states", "100"]);
    assert_eq!(stopped.status, 0, "{}", stopped.err);
    assert!(stopped.out.contains("stopped before the end"), "{}", stopped.out);
}

#[test]
fn any_number_of_threads_finds_the_same() {
    let found = |threads| {
        let ran = run([
            "explore",
            "two-buyers-one-seller",
            "--faults",
            "0",
            "--json",
            "--threads",
            threads,
        ]);
        let found: Value = serde_json::from_str(&ran.out).unwrap();
        ["states", "moves", "depth", "laws"].map(|key| found[key].clone())
    };
    assert_eq!(found("1"), found("2"));
}

#[test]
fn a_chart_is_a_world_too() {
    let ran = run(["explore", CHART, "--faults", "0"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.starts_with("the-maker-dies-after-proposing: "), "{}", ran.out);
}

#[test]
fn a_death_at_an_arrow_is_drawn() {
    let kill = ["explore", "buyer-and-seller", "--kill", "maker", "--after", "accept"];
    let ran = run(kill);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.contains("x ann dies") && ran.out.contains("all laws hold"), "{}", ran.out);
    let row = |text: &str| ran.out.lines().position(|line| line.trim_start().starts_with(text));
    for (answer, why) in [
        (
            "ledger -> sam     unknown",
            "why sam is unknown: the ledger keeps open orders only, and d1 filled it",
        ),
        (
            "ledger -> ann     unknown",
            "why ann is unknown: the ledger keeps open orders only, and d1 filled it",
        ),
    ] {
        assert_eq!(row(answer).map(|at| at + 1), row(why), "{answer}: {}", ran.out);
        assert!(row(why).is_some(), "{}", ran.out);
    }
    let mermaid = run(kill.iter().chain(&["--mermaid"]));
    assert!(mermaid.out.contains("sequenceDiagram"), "{}", mermaid.out);
    let svg = run(kill.iter().chain(&["--svg"]));
    assert!(svg.out.starts_with("<svg "), "{}", svg.out);
    let json = run(kill.iter().chain(&["--json"]));
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&json["world"], &json["violation"]), (&"buyer-and-seller".into(), &Value::Null));
}

#[test]
fn worlds_are_listed_with_a_sentence_each() {
    let ran = run(["explore", "--list"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.contains("two-buyers-one-seller  "), "{}", ran.out);
    assert!(ran.out.contains("Two want what one has"), "{}", ran.out);
}

#[test]
fn wrong_use_says_what_there_is() {
    for (args, says) in [
        (&["explore", "two-buyer-one-seller"][..], "similar: two-buyers-one-seller"),
        (&["explore", "buyer-and-seller", "--law", "no-overfil"], "similar: no-overfill"),
        (&["explore", "buyer-and-seller", "--law", "priority"], "is not judged in this world"),
        (&["explore", "two-byers"], "two-buyers-one-seller"),
        (&["explore", "buyer-and-seller", "--threads", "0"], "--threads"),
        (&["explore", "buyer-and-seller", "--kill", "ann"], "--before"),
        (&["explore", "buyer-and-seller", "--kill", "eve", "--after", "accept"], "ann, sam"),
        (&["explore", "buyer-and-seller", "--kill", "ann", "--after", "sing"], "accept"),
        (&["explore", "buyer-and-seller", "--kill", "ann", "--after", "0th accept"], "2nd accept"),
        (&["explore"], "CHART|WORLD"),
    ] {
        let ran = run(args);
        assert_eq!(ran.status, 2, "{args:?}: {}", ran.err);
        assert!(ran.err.contains(says), "{args:?}: {}", ran.err);
    }
    let absent = run(["explore", "nowhere.chart"]);
    assert_eq!(absent.status, 1);
    assert!(absent.err.contains("nowhere.chart") && absent.err.contains("explore --list"));
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let binary = file("binary.chart", &[0xff, 0xfe, 0]);
    run(["explore", &binary]).failed(1, &["binary.chart: a chart must be UTF-8 text"]);
    let empty = file("empty.chart", b"");
    run(["explore", &empty]).failed(1, &["empty.chart: a chart needs lines under `given`"]);
    let folder = dir.path().join("folder.chart");
    std::fs::create_dir(&folder).unwrap();
    run(["explore", folder.to_str().unwrap()]).failed(1, &["folder.chart", "directory"]);
}
