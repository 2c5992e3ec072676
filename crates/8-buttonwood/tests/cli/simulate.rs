//! `simulate`: the keys that others read, and that a seed is the same run again.

use crate::run::run;

#[test]
fn seeds_are_run_and_counted() {
    let told = run(["simulate", "--seeds", "40", "--orders", "200", "--json"]).ok().json();
    assert_eq!(
        (told["seeds"].as_u64(), told["violations"].as_u64()),
        (Some(40), Some(0)),
        "{told}"
    );
    for key in ["kills", "restarts", "world_deaths", "voided_deals", "trades", "order_lifetimes"] {
        assert!(told[key].as_u64() > Some(0), "{key}: {told}");
    }
    for key in ["torn_tails", "failed_syncs"] {
        assert!(told[key].is_u64(), "{key}: {told}");
    }
    assert!(told["seconds"].as_f64() > Some(0.0) && told["violation"].is_null(), "{told}");
}

#[test]
fn a_seed_alone_is_one_run_and_the_same_each_time() {
    let [mut a, mut b] = [0, 1].map(|_| {
        run(["simulate", "--seed", "7", "--orders", "100", "--faults", "kill,power", "--json"])
            .ok()
            .json()
    });
    for told in [&mut a, &mut b] {
        told["seconds"] = 0.into();
    }
    assert_eq!(a, b);
    assert_eq!((a["seeds"].as_u64(), a["failed_syncs"].as_u64()), (Some(1), Some(0)), "{a}");
    let text = run(["simulate", "--seed", "7", "--orders", "100"]).ok().out;
    assert!(text.contains("order lifetimes"), "{text}");
}
