//! The laws of the handshake under thousands of seeds. A failing seed is printed with its
//! events, as the rows of a chart. `BUTTONWOOD_SEED` runs one seed alone; `BUTTONWOOD_SEEDS` sets their
//! number, `BUTTONWOOD_FIRST_SEED` the first.

use lab::laws::{Mark, Marks, Row, Rows, run};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn laws_hold_under_every_seed() {
    if let Some(seed) = number("BUTTONWOOD_SEED") {
        run(seed).unwrap_or_else(|violation| panic!("{violation}"));
        return;
    }
    let (mut marks, mut wrong) = (Marks::default(), Rows::default());
    let first = number("BUTTONWOOD_FIRST_SEED").unwrap_or(0);
    for seed in first..first + number("BUTTONWOOD_SEEDS").unwrap_or(60_000) {
        match run(seed) {
            Ok(report) => {
                marks.add(&report.marks);
                wrong.add(&report.wrong);
            }
            Err(violation) => panic!("{violation}"),
        }
    }
    for mark in Mark::ALL {
        assert!(marks.count(*mark) > 0, "never reached: {}", mark.text());
    }
    // Machines die in charts and in the simulator.
    for row in Row::ALL.iter().filter(|row| **row != Row::WorldDies) {
        assert!(wrong.count(*row) > 0, "never went wrong: {}", row.name());
    }
}

/// Each of these seeds broke a law before its rule was added, or breaks one without the rule.
#[test]
fn seeds_that_found_holes_find_none_any_more() {
    let seeds = [
        (16, "a suspension is a fact of the supervisor, in the step in which it gives up"),
        (40, "what a former life says is void once a later one has spoken"),
        (
            127,
            "an incoming order that leaves in an introduction does not end it: its maker is asked",
        ),
        (174, "an introduction in doubt is over with the incoming order's word too"),
        (400, "if all orders get new addresses, the floor begins anew"),
        (1584, "no child is started under a supervisor that is restarting"),
        (2370, "an order hears introductions of its floor's present life only"),
        (6407, "a resting order that was introduced and then speaks unasked is asked"),
        (15680, "an order is asked one question at a time"),
        (26988, "a proposal of an introduction that one has given one's word on is declined"),
        (37011, "who was changed while it was introduced, and left, does not wait any more"),
        (428_353, "a proposal of an earlier introduction than the last is declined too"),
        (3_438_044, "a deal of a former life and floor says nothing of one that has left"),
        (392_370, "a former life's late question is answered, and received by no process"),
    ];
    for (seed, rule) in seeds {
        run(seed).unwrap_or_else(|violation| panic!("{rule}: {violation}"));
    }
}

#[test]
fn a_seed_gives_the_same_run_each_time() {
    for seed in [0, 1, 2] {
        let [a, b] = [run(seed), run(seed)].map(|report| report.unwrap());
        assert_eq!((a.plan, a.steps, a.kills), (b.plan, b.steps, b.kills));
    }
}
