//! `bench`: the keys that others read, on measurements too small to mean anything.

use crate::run::run;

#[test]
fn durability_is_told_as_a_ratio_with_latencies() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().to_str().unwrap();
    let report =
        run(["bench", "durable", "--json", "--runs", "1", "--commands", "10000", "--dir", dir])
            .ok()
            .json();
    for key in [
        "in_memory_commands_per_second",
        "durable_commands_per_second",
        "ratio",
        "durable_megabytes_per_second",
    ] {
        assert!(report[key].as_f64() > Some(0.0), "{key}: {report}");
    }
    for acks in ["ack_microseconds", "ack_under_load_microseconds"] {
        let at = |quantile: &str| report[acks][quantile].as_f64().unwrap();
        assert!(at("p50") > 0.0 && at("p50") <= at("p99") && at("p99") <= at("p999"), "{report}");
    }
    assert_eq!(std::fs::read_dir(dir).unwrap().count(), 0, "the journals are removed");
}

#[test]
fn recovery_is_told_in_facts_a_second() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().to_str().unwrap();
    let report =
        run(["bench", "recovery", "--json", "--runs", "1", "--facts", "10000", "--dir", dir])
            .ok()
            .json();
    assert!(report["facts"].as_u64() >= Some(10_000), "{report}");
    assert!(
        report["seconds"].as_f64() > Some(0.0) && report["facts_per_second"].as_u64() > Some(0),
        "{report}"
    );
    run(["bench", "recovery", "--facts", "10000", "--dir", "/absent"])
        .failed(1, &["cannot create a folder", "--dir"]);
}

#[test]
fn deaths_are_told_with_what_they_cost() {
    let args =
        ["bench", "kills", "--json", "--runs", "1", "--commands", "50000", "--kills", "20000"];
    let report = run(args).ok().json();
    for of in ["restart_microseconds", "floor_restart_microseconds"] {
        let at = |quantile: &str| report[of][quantile].as_f64().unwrap();
        assert!(at("p50") > 0.0 && at("p50") <= at("p99"), "{report}");
    }
    for key in ["trades_per_second", "trades_per_second_under_kills", "ratio", "kills", "trades"] {
        assert!(report[key].as_f64() > Some(0.0), "{key}: {report}");
    }
    run(["bench", "kills", "--kills", "0"]).failed(2, &["invalid value '0' for '--kills"]);
}

#[test]
fn the_kernel_is_told_by_what_it_does_and_by_how_many_processes_there_are() {
    let sizes = ["--runs", "1", "--messages", "20000", "--processes", "20000"];
    let report = run(["bench", "kernel", "--json"].into_iter().chain(sizes)).ok().json();
    for key in [
        "message_ns",
        "burst_message_ns",
        "ping_pong_ns",
        "spawn_exit_ns",
        "spawn_many_ns",
        "monitor_fired_ns",
        "restart_ns",
        "state_bytes",
    ] {
        assert!(report[key].as_f64() > Some(0.0), "{key}: {report}");
    }
    let bytes = report.get("bytes_per_process").unwrap();
    assert!(!cfg!(target_os = "linux") || bytes.is_number(), "{report}");
    let among = report["message_ns_by_processes"].as_array().unwrap();
    let counts: Vec<_> = among.iter().map(|of| of["processes"].as_u64().unwrap()).collect();
    assert_eq!(counts, [1_000, 10_000], "no more than were asked for");
    assert!(among.iter().all(|of| of["ns"].as_f64() > Some(0.0)), "{report}");
    assert_eq!(report["runs"], 1);
    for (flag, wrong) in [("--messages", "9999"), ("--processes", "10000001")] {
        run(["bench", "kernel", flag, wrong]).failed(2, &[wrong, flag]);
    }
}

#[test]
fn the_core_is_told_by_scenario_and_by_book() {
    let report = run(["bench", "core", "--json", "--runs", "1", "--commands", "2000"]).ok().json();
    let scenarios = report["scenarios"].as_array().unwrap();
    let names: Vec<_> = scenarios.iter().map(|s| s["scenario"].as_str().unwrap()).collect();
    assert_eq!(names, ["still", "calm", "trending", "volatile", "crash"]);
    let rates = || scenarios.iter().map(|s| s["commands_per_second"].as_u64().unwrap());
    assert_eq!(report["worst_commands_per_second"].as_u64(), rates().min());
    assert!(rates().all(|rate| rate > 0));
    assert!(
        scenarios.iter().all(|s| s["commands"] == 2000 && s["trades"].as_u64() > Some(0)),
        "{report}"
    );
    let books: Vec<_> = report["standing"]
        .as_array()
        .unwrap()
        .iter()
        .map(|b| b["orders"].as_u64().unwrap())
        .collect();
    assert_eq!(books, [1_000, 10_000, 100_000, 1_000_000]);
    assert!(report["cost_ratio"].as_f64() > Some(0.0));
    assert!(report.get("bytes_per_resting_order").is_some());
    for of in scenarios {
        assert!(
            of["best_commands_per_second"].as_u64() >= of["commands_per_second"].as_u64(),
            "{of}"
        );
    }
    let words = run(["bench", "core", "--runs", "1", "--commands", "2000"]).ok().out;
    tables(
        &words,
        3,
        &["scenario", "median commands/s  best commands/s", "median ns/command  best ns/command"],
    );
}

/// Fails unless the text has this many tables, with lines of equal length but for trailing blanks, within 80 columns.
fn tables(text: &str, count: usize, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "should say {part:?}: {text}");
    }
    let tables: Vec<&str> = text.trim_end().split("\n\n").collect();
    assert_eq!(tables.len(), count, "{text}");
    for table in tables {
        let mut lines = table.lines().skip(1);
        let head = lines.next().unwrap();
        assert!(head.chars().count() <= 80, "{table}");
        for line in lines {
            assert_eq!(
                line.chars().count(),
                head.chars().count(),
                "the last column ends alike: {table}"
            );
        }
    }
}

#[test]
fn every_measurement_is_a_table_for_people() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().to_str().unwrap();
    let once = |args: &[&str]| run(["bench"].iter().chain(args).chain(&["--runs", "1"])).ok().out;
    let kernel = once(&["kernel", "--messages", "20000", "--processes", "1000"]);
    tables(&kernel, 3, &["median ns  best ns", "failure, restart, first message", "idle process"]);
    let durable = once(&["durable", "--commands", "10000", "--batch", "16", "--dir", dir]);
    tables(&durable, 3, &["median commands/s  best commands/s", "p50 µs", "disk / memory, median"]);
    let recovery = once(&["recovery", "--facts", "10000", "--dir", dir]);
    tables(&recovery, 2, &["median ms  best ms", "facts/s, median"]);
    let kills = once(&["kills", "--commands", "20000", "--kills", "20000"]);
    tables(&kills, 3, &["median trades/s", "p50 µs", "floor or ledger"]);
}
