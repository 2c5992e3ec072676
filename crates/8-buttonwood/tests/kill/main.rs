//! The real command, killed by SIGKILL: under load, during its start, while it saves a snapshot; with torn tails,
//! on disks that are full or fail. Its clients record every answer, and every acknowledged answer must stay true.
//!
//! `cargo xtask kill --rounds 100 --seed 7` runs more rounds of the first test than the suite does.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
#![allow(clippy::disallowed_types, reason = "how long a start takes is measured")]
#![cfg(unix)]

#[path = "../shared/command.rs"]
mod command;
mod disk;
mod facts;
mod mount;
mod order;
mod rounds;
mod server;
mod tail;
mod taken;
mod trader;

/// Rounds of the suite; `KILL_ROUNDS` overrides it.
const ROUNDS: u32 = 10;
/// `KILL_SEED` overrides it.
const SEED: u64 = 1792;

fn said<T: std::str::FromStr>(name: &str, default: T) -> T {
    let Ok(text) = std::env::var(name) else { return default };
    text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number"))
}

#[test]
fn what_was_acknowledged_is_there_once_after_any_number_of_kills() {
    let (rounds, seed) = (said("KILL_ROUNDS", ROUNDS), said("KILL_SEED", SEED));
    println!("{rounds} rounds, seed {seed}: cargo xtask kill --rounds {rounds} --seed {seed}");
    let dir = tempfile::tempdir().unwrap();
    let told = rounds::Rounds::run(dir.path(), rounds, seed);
    println!("{told:#}");
    assert!(told["acknowledged"].as_u64() > Some(0), "{told}");
}

#[test]
fn a_disk_that_forgets_what_was_told_is_found_out_by_these_checks() {
    for seed in 1..=3 {
        let dir = tempfile::tempdir().unwrap();
        let checked = std::panic::catch_unwind(|| rounds::Rounds::lose(dir.path(), seed));
        let why = checked.expect_err("an acknowledged order is gone, and the check passed");
        let why = why.downcast_ref::<String>().expect("a panic that says what is wrong");
        assert!(why.contains("lost"), "{why}");
    }
}
