//! One small torus, exhaustively, as `tests/exhaustive` goes through those that end soon: every order of
//! delivery, with a death of any cell or collector between any two steps. By hand, for those that take long:
//! `cargo run -p buttonwood-life --example exhaust -- 1x2:2,2` goes through that torus, to those times by place.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for a terminal; and what is a surprise to the tests is one here"
)]

#[path = "../tests/exhaustive/small.rs"]
mod small;

use std::process::ExitCode;

use life::{Memory, Torus};

use small::Case;

fn main() -> ExitCode {
    let asked = std::env::args().nth(1).unwrap_or_else(|| "1x1:4".to_owned());
    let Some((torus, until)) = read(&asked) else {
        eprintln!("Usage: exhaust [WxH:TIME,...]   a time for each cell, as in 1x2:2,2");
        return ExitCode::from(2);
    };
    let size = (torus.width(), torus.height());
    let case = Case { size, memory: Memory::Since(1), until: &until, deaths: 1 };
    let report = case.explorer().search();
    println!("{case}: {} states, {} moves", report.states, report.moves);
    if report.is_proof() {
        return ExitCode::SUCCESS;
    }
    println!("{report:?}");
    ExitCode::FAILURE
}

/// A torus, and as many times as it has cells.
fn read(asked: &str) -> Option<(Torus, Vec<u32>)> {
    let (size, until) = asked.split_once(':')?;
    let torus: Torus = size.parse().ok()?;
    let until: Vec<u32> = until.split(',').map(|time| time.parse().ok()).collect::<Option<_>>()?;
    (until.len() == torus.cells() as usize).then_some((torus, until))
}
