//! What an ask costs in instructions and in branches that a simple predictor gets wrong, counted by
//! valgrind's callgrind: a figure that a busy machine does not change.
#![allow(clippy::print_stdout, reason = "a tool that speaks to a terminal")]

use crate::fault::Fault;
use crate::tool::{cargo, tool};

/// The scenarios of the generated flow.
const SCENARIOS: [&str; 5] = ["still", "calm", "trending", "volatile", "crash"];
const ASKS: u32 = 50_000;

/// Counts each scenario and prints a line for it.
pub(crate) fn run() -> Result<(), Fault> {
    if !tool("valgrind").args(&["--version"]).succeeds() {
        let [program, reason, package] = ["valgrind", "it counts", "valgrind"].map(str::to_owned);
        return Err(Fault::Missing { program, reason, package });
    }
    println!("of {ASKS} asks each, an ask");
    for scenario in SCENARIOS {
        let printed = callgrind(scenario).read()?;
        let (instructions, mispredicted) =
            (per_ask(&printed, "I   refs:"), per_ask(&printed, "Mispredicts:"));
        let told =
            |figure: Option<f64>| figure.map_or_else(|| "?".to_owned(), |f| format!("{f:.1}"));
        println!(
            "{scenario:<10} {:>8} instructions {:>6} branches foretold wrongly",
            told(instructions),
            told(mispredicted)
        );
    }
    Ok(())
}

fn callgrind(scenario: &str) -> crate::tool::Tool {
    let runner = "target.'cfg(all())'.runner = ['valgrind', '--tool=callgrind', '--log-fd=1', \
                  '--callgrind-out-file=/dev/null', '--branch-sim=yes', '--toggle-collect=*counted*']";
    cargo(&["--config", runner, "run", "--quiet", "--locked", "--release"])
        .args(&["--package", "lab", "--example", "count_asks", "--", scenario])
        .args(&[&ASKS.to_string()])
}

/// The figure behind a label in what callgrind has printed, an ask.
fn per_ask(printed: &str, label: &str) -> Option<f64> {
    let line = printed.lines().find(|line| line.contains(label))?;
    let figure = line.split(label).nth(1)?.split_whitespace().next()?;
    let count: f64 = figure.replace(',', "").parse().ok()?;
    Some(count / f64::from(ASKS))
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn figures_are_found_in_what_callgrind_prints() {
        let printed =
            "==7== Mispredicts:  50,000 (1 cond + 1 ind)\n==7== I   refs:      59,712,360\n";
        assert_eq!(per_ask(printed, "I   refs:"), Some(1194.2472));
        assert_eq!(per_ask(printed, "Mispredicts:"), Some(1.0));
        assert_eq!(per_ask(printed, "D   refs:"), None);
    }
}
