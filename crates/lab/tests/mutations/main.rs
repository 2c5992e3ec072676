//! The checker is checked: each mistake that the code can switch on is caught, by a law's name. Only
//! in builds with the feature `mutations`: `cargo test -p buttonwood-lab --features mutations --test mutations`.
//!
//! | module | holds |
//! |---|---|
//! | `shortest` | those that the explorer finds, with the steps within which it must |
//! | `seeds` | those that random runs find |
//! | `kernels` | those of the kernel that no order shows |
//! | `judge` | those of the ledger's validation of deals, each with the law that the recorded trade breaks |
//! | `remembered` | those of what the ledger remembers of client ids |
//! | `answers` | those of the exchange: the answer to a cancel, and what a cancel leaves behind |
//! | `power` | those of the journal, that a loss of power shows |
//! | `responses` | those of the service, at the edge where facts leave the world |
//! | `bounds` | one that shows where numbers end |
//!
//! Two that only doubled messages show are in `tests/component/mistakes.rs`, found by a model of an order.

mod answers;
mod bounds;
mod judge;
mod kernels;
mod power;
mod remembered;
mod responses;
mod seeds;
mod shortest;

use std::collections::BTreeSet;

/// Where each mistake is caught; a new one without a place fails.
#[test]
fn every_mistake_is_caught_somewhere() {
    let sources = [
        include_str!("answers.rs"),
        include_str!("bounds.rs"),
        include_str!("judge.rs"),
        include_str!("kernels.rs"),
        include_str!("power.rs"),
        include_str!("remembered.rs"),
        include_str!("seeds.rs"),
        include_str!("shortest.rs"),
        include_str!("responses.rs"),
        include_str!("../component/mistakes.rs"),
    ];
    let words: BTreeSet<&str> =
        sources.iter().flat_map(|s| s.split(|c: char| !c.is_alphanumeric() && c != '_')).collect();
    let lists = [
        include_str!("../../../1-kernel/src/mutation.rs"),
        include_str!("../../../3-ledger/src/mutation.rs"),
        include_str!("../../../4-market/src/mutation.rs"),
        include_str!("../../../5-journal/src/mutation.rs"),
        include_str!("../../../6-exchange/src/mutation.rs"),
    ];
    let mut listed = 0;
    for list in lists {
        for line in list.lines().filter(|line| line.starts_with("    ") && line.contains(" = \"")) {
            let constant = line.split_whitespace().next().unwrap_or("");
            if constant.chars().all(|c| c.is_ascii_uppercase() || c == '_') {
                listed += 1;
                assert!(words.contains(constant), "{constant} is caught nowhere");
            }
        }
    }
    assert_eq!(listed, lab::mutations::all().len());
}
