//! `simulate`: the keys of its JSON, and that a seed always gives the same run.

use crate::run::run;

#[test]
fn seeds_are_run_and_counted() {
    let report = run(["simulate", "--seeds", "40", "--orders", "200", "--json"]).ok().json();
    assert_eq!(
        (report["seeds"].as_u64(), report["violations"].as_u64()),
        (Some(40), Some(0)),
        "{report}"
    );
    for key in ["kills", "restarts", "world_deaths", "voided_deals", "trades", "order_lifetimes"] {
        assert!(report[key].as_u64() > Some(0), "{key}: {report}");
    }
    for key in ["torn_tails", "failed_syncs"] {
        assert!(report[key].is_u64(), "{key}: {report}");
    }
    assert!(report["seconds"].as_f64() > Some(0.0) && report["violation"].is_null(), "{report}");
}

#[test]
fn a_seed_alone_is_one_run_and_the_same_each_time() {
    let [mut a, mut b] = [0, 1].map(|_| {
        run(["simulate", "--seed", "7", "--orders", "100", "--faults", "kill,power", "--json"])
            .ok()
            .json()
    });
    for report in [&mut a, &mut b] {
        report["seconds"] = 0.into();
    }
    assert_eq!(a, b);
    assert_eq!((a["seeds"].as_u64(), a["failed_syncs"].as_u64()), (Some(1), Some(0)), "{a}");
    let text = run(["simulate", "--seed", "7", "--orders", "100"]).ok().out;
    assert!(text.contains("order lifetimes"), "{text}");
}
