//! Mistakes that random runs find: which law the first seed that finds it breaks, and in how many seeds it must be
//! found. Rules that only the explorer can test, or that another rule covers, are not here.

use exchange::mutation::{COLLAR_UNSEEN, ZERO_TAKEN};
use kernel::mutation::{LATER_LIFE, Mutation, SAME_INCARNATION, with};
use lab::laws::{Law, run};
use ledger::mutation::{COLLAR_STANDS, TRADE_FORGOTTEN, VOID_FORGOTTEN};
use market::mutation::*;

/// A mistake, the laws of which the first seed breaks one, and the number of seeds that is enough.
type Row = (Mutation, &'static [Law], u64);

const TABLE: &[Row] = &[
    (LATER_LIFE, &[Law::Drain, Law::NoBug, Law::Priority], 200),
    (SAME_INCARNATION, &[Law::Agreement], 50),
    (VOID_FORGOTTEN, &[Law::Agreement], 500),
    (TRADE_FORGOTTEN, &[Law::Agreement], 500),
    (NO_FENCE, &[Law::Agreement], 500),
    (RECORD_BEFORE_LOG, &[Law::Awareness], 10),
    (ACCEPT_BEFORE_LOG, &[Law::Awareness], 10),
    (RESPONDER_TIMES_OUT, &[Law::Awareness], 200),
    (REUSED_DEAL, &[Law::Agreement], 50),
    (CANCEL_FREES_HOLD, &[Law::NoBug], 1_000),
    (COMMIT_WITHOUT_LEDGER, &[Law::Agreement, Law::Awareness], 10),
    (DONE_ON_ACCEPT, &[Law::Agreement], 10),
    (NO_HOLD_ON_PROPOSING, &[Law::NoBug], 5_000),
    (EARLY_FLOOR, &[Law::Priority, Law::Drain], 200),
    (TWO_INTRODUCTIONS, &[Law::OneIntroduction], 50),
    (COLLAR_STANDS, &[Law::PriceRules, Law::Priority], 500),
    (COLLAR_UNSEEN, &[Law::PriceRules], 200),
    (ZERO_TAKEN, &[Law::NoBug], 200),
];

#[test]
fn random_runs_find_each_mistake_by_its_law() {
    for (mutation, laws, seeds) in TABLE {
        let caught = (0..*seeds).find_map(|seed| with(&[*mutation], || run(seed)).err());
        let Some(caught) = caught else {
            panic!("{seeds} seeds do not find {}: {}", mutation.name, mutation.text);
        };
        let law = caught.broken.law;
        assert!(laws.contains(&law), "{} broke {law:?}, not {laws:?}: {caught}", mutation.name);
    }
}

#[test]
fn without_a_mistake_the_same_seeds_break_nothing() {
    for seed in 0..1_000 {
        run(seed).unwrap_or_else(|violation| panic!("{violation}"));
    }
}
