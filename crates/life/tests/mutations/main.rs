//! The laws are checked: each mistake that a cell or a collector can be told to make breaks one of them on two or
//! three cells. Only in builds with the feature `mutations`: `cargo test -p buttonwood-life --features mutations`.
#![allow(clippy::unwrap_used, reason = "tests: a surprise is a failure")]

#[path = "../exhaustive/small.rs"]
mod small;

use checker::explore::{Action, Report};
use kernel::mutation::{Mutation, with};
use life::Memory;
use life::mutation::{
    ALL, COUNTS_TWICE, FORGETS_QUESTION, FORGETS_TOO_MUCH, NO_AGAIN, NO_RESPAWN, SPEAKS_FIRST,
};

use small::Case;

const TRUE: &str = "what is remembered is true";
const KEPT: &str = "what may be needed is kept";
const ARRIVES: &str = "each can come as far as it was told";

/// A mistake; steps between checkpoints, times by place, and deaths, with which it can be seen; the law that it
/// breaks, and how many steps of a run show that, of the shortest.
type Found = (Mutation, u8, &'static [u32], u32, &'static str, usize);

const FOUND: [Found; 6] = [
    (NO_AGAIN, 1, &[1, 0], 1, ARRIVES, 2),
    (COUNTS_TWICE, 1, &[0, 1, 0], 1, TRUE, 14),
    (SPEAKS_FIRST, 2, &[2, 1], 0, KEPT, 18),
    (FORGETS_TOO_MUCH, 2, &[2, 1], 0, KEPT, 6),
    (NO_RESPAWN, 1, &[1, 0], 1, ARRIVES, 1),
    (FORGETS_QUESTION, 1, &[2, 1], 0, ARRIVES, 8),
];

/// The first law that is broken, and in how many steps.
fn broken(report: &Report<Action>) -> Option<(&'static str, usize)> {
    report.verdicts.iter().find_map(|v| Some((v.law, v.counterexample.as_ref()?.path.len())))
}

#[test]
fn each_mistake_is_found_on_two_or_three_cells() {
    assert_eq!(FOUND.map(|found| found.0).as_slice(), ALL);
    for (mistake, steps, until, deaths, law, path) in FOUND {
        let memory = Memory::Since(steps);
        let height = u16::try_from(until.len()).unwrap();
        let case = Case { size: (1, height), memory, until, deaths };
        let report = with(&[mistake], || case.explorer().stop_at_counterexample().search());
        let found = broken(&report).expect(mistake.text);
        assert_eq!(found, (law, path), "{}", mistake.name);
        let report = case.explorer().search();
        assert!(report.exhausted && broken(&report).is_none(), "without a mistake: {report:?}");
    }
}
