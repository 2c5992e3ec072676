//! The simulator's own tests: a million orders under every fault, seeds that found bugs, and planted
//! mistakes that it must find.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use lab::faults::Kinds;
use lab::laws::Law;
use lab::simulate::{Counts, Mistake, ORDERS, SOMETIMES, Wanted, run, run_with, shrink};

/// The first seed by default; `BUTTONWOOD_SEED` sets another.
const FIRST: u64 = 1;
/// Seeds by default, a million orders in all; `BUTTONWOOD_SEEDS` sets another number.
const SEEDS: u64 = 4_600;

/// Seeds that found a bug, with their number of orders, and the rule that fixed it.
const FOUND: &[(u64, u32, &str)] = &[
    (16, 300, "what no record says was durable is written again at a start: a sync had failed"),
    (172, 200, "the names of segments are synced at a start: the program had died before that"),
    (29, 200, "a write that did not fit is synced away before a segment follows"),
    (252, 200, "the same"),
    (284, 200, "the same"),
    (298, 1_000, "a cancel whose order died is carried again, whatever else happened meanwhile"),
    (748, 200, "a command is answered by the suspension of its order"),
];

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn a_million_orders_live_under_every_fault_and_no_law_breaks() {
    let (first, seeds) = (number("BUTTONWOOD_SEED", FIRST), number("BUTTONWOOD_SEEDS", SEEDS));
    println!("seeds from {first}, {seeds} of them, {ORDERS} orders each");
    let wanted = Wanted { orders: Some(ORDERS), ..Wanted::default() };
    let (next, counts) = (AtomicU64::new(0), Mutex::new(Counts::default()));
    #[allow(clippy::disallowed_methods, reason = "seeds are gone through side by side")]
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= seeds {
                        return;
                    }
                    match run(first + number, &wanted) {
                        Ok(report) => {
                            let mut all = counts.lock().unwrap_or_else(PoisonError::into_inner);
                            all.add(&report.counts);
                        }
                        Err(violation) => panic!("{}", shrink(violation, None)),
                    }
                }
            });
        }
    });
    let counts = counts.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{counts:?}");
    if seeds < SEEDS {
        return; // too few to reach every state
    }
    let never =
        counts.all().into_iter().filter(|(name, count, _)| SOMETIMES.contains(name) && *count == 0);
    let never: Vec<_> = never.collect();
    assert!(never.is_empty(), "states that a law has to hold in were never reached: {never:?}");
}

#[test]
fn seeds_that_found_a_hole_find_none_any_more() {
    for (seed, orders, mended) in FOUND {
        let wanted = Wanted { orders: Some(*orders), ..Wanted::default() };
        if let Err(violation) = run(*seed, &wanted) {
            panic!("{mended}: {violation}");
        }
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 5..15 {
        let wanted = Wanted { orders: Some(200), ..Wanted::default() };
        let [a, b] = [0, 1].map(|_| run(seed, &wanted).map(|report| report.counts));
        assert_eq!(a.map_err(|v| v.to_string()), b.map_err(|v| v.to_string()));
        // To draw it changes nothing.
        let drawn = run_with(seed, &wanted, None, true).map(|report| report.counts);
        let plain = run(seed, &wanted).map(|report| report.counts);
        assert_eq!(drawn.map_err(|v| v.to_string()), plain.map_err(|v| v.to_string()));
    }
}

#[test]
fn without_faults_nothing_is_lost_repeated_or_voided() {
    let wanted = Wanted { orders: Some(500), faults: Some(Kinds::NONE), ..Wanted::default() };
    for seed in 0..5 {
        let counts =
            run(seed, &wanted).map(|report| report.counts).unwrap_or_else(|v| panic!("{v}"));
        let Counts { kills, unknown, repeated, lost_facts, voided_deals, torn_tails, .. } = counts;
        assert_eq!([kills, unknown, repeated, lost_facts, voided_deals, torn_tails], [0; 6]);
        assert!(counts.trades > 0 && counts.world_deaths == 1, "{counts:?}");
    }
}

const POWER: &str = "the machine loses power";

/// Finds a planted mistake, minimises its run, and checks the report.
fn is_found(mistake: Mistake, laws: &[Law], kinds: &str, shown: &str) {
    let wanted = Wanted { orders: Some(300), ..Wanted::default() };
    let found = (1..200).find_map(|seed| run_with(seed, &wanted, Some(mistake), false).err());
    let found = found.unwrap_or_else(|| panic!("{mistake:?} is not found in 200 seeds"));
    let small = shrink(found, Some(mistake));
    assert!(laws.contains(&small.broken.law), "{mistake:?} is called {:?}", small.broken);
    let faults = small.wanted.faults.map(|kinds| kinds.to_string());
    assert!(faults.as_deref().is_some_and(|faults| kinds.contains(faults)), "{faults:?}");
    assert!(small.wanted.orders <= Some(40), "{:?}", small.wanted);
    let (from, until) = small.wanted.window.unwrap_or((0, small.faults));
    assert!(until - from <= 4, "{from}..{until} of {:?}", small.wanted);
    assert!(small.rows.iter().any(|row| row.contains(shown)), "{:?}", small.rows);
    // It replays exactly, and the mistake is what breaks it.
    let again = run_with(small.seed, &small.wanted, Some(mistake), false).err();
    assert_eq!(again.map(|again| again.broken), Some(small.broken.clone()));
    assert!(run(small.seed, &small.wanted).is_ok());
}

#[test]
fn an_early_tell_is_found_made_small_and_drawn() {
    is_found(Mistake::EarlyTell, &[Law::Told], "power", POWER);
}

#[test]
fn a_journal_that_ignores_a_failed_sync_is_found_made_small_and_drawn() {
    is_found(
        Mistake::IgnoredSync,
        &[Law::Told, Law::Kept],
        "power,sync sync,power power,sync,full",
        POWER,
    );
}

#[test]
fn a_journal_that_does_not_look_after_its_files_is_found_made_small_and_drawn() {
    is_found(Mistake::UnwatchedFiles, &[Law::Told, Law::Kept], "taken", "takes away");
}

#[test]
fn a_second_writer_that_ignores_the_lock_of_a_segment_is_found_made_small_and_drawn() {
    is_found(Mistake::IgnoredLock, &[Law::Kept], "taken,second", "takes away: Lock");
}

#[test]
fn a_journal_that_fails_where_no_file_can_be_made_is_found_made_small_and_drawn() {
    is_found(Mistake::InodesAsFailure, &[Law::Kept], "inodes", "the service ends: ");
}
