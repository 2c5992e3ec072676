//! Steps of a chore: each is printed, timed and recorded, and a failed one does not hide the next.
#![allow(clippy::disallowed_types, reason = "tells how long a step took")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::fault::Fault;
use crate::tool::Count;

/// The steps so far.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<(&'static str, Duration, Option<Fault>)>,
    tests: Option<Count>,
}

impl Steps {
    /// Runs a step; true if it succeeded.
    pub(crate) fn step(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<(), Fault>,
    ) -> bool {
        println!("\n== {name}");
        let start = Instant::now();
        let fault = work().err();
        if let Some(fault) = &fault {
            println!("{fault}");
        }
        let well = fault.is_none();
        self.done.push((name, start.elapsed(), fault));
        well
    }

    /// Runs a step of tests, and counts them.
    pub(crate) fn step_of_tests(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<Count, Fault>,
    ) {
        let mut count = Count::default();
        self.step(name, || {
            count = work()?;
            if count.failed > 0 { Err(Fault::Tests { failed: count.failed }) } else { Ok(()) }
        });
        self.tests.get_or_insert_default().add(count);
    }

    /// Prints a summary. The last line is the count of tests, if there were any.
    pub(crate) fn finish(self) -> ExitCode {
        println!();
        for (name, took, fault) in &self.done {
            let word = if fault.is_none() { "ok" } else { "FAILED" };
            println!("{word:>6}  {:>6.1} s  {name}", took.as_secs_f64());
        }
        if let Some(Count { passed, failed, skipped }) = self.tests {
            println!("{passed} passed, {failed} failed, {skipped} skipped");
        }
        if self.done.iter().all(|(_, _, fault)| fault.is_none()) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
