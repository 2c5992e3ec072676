//! The laws of the handshake under thousands of seeds.

use lab::laws::{Mark, Marks, run};

/// How many seeds; `BUTTONWOOD_SEEDS` says how many for a longer run.
fn seeds() -> u64 {
    std::env::var("BUTTONWOOD_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(60_000)
}

#[test]
fn laws_hold_under_every_seed() {
    let mut marks = Marks::default();
    for seed in 0..seeds() {
        match run(seed) {
            Ok(report) => marks.add(&report.marks),
            Err(violation) => panic!("{violation}"),
        }
    }
    for mark in Mark::ALL {
        println!("{:>8}  {}", marks.count(*mark), mark.text());
    }
    for mark in Mark::ALL {
        assert!(marks.count(*mark) > 0, "never reached: {}", mark.text());
    }
}
