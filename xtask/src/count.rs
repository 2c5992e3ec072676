//! Instructions and mispredicted branches of a command, and of the kernel's
//! own loads, counted by valgrind's callgrind: figures that other load on the machine does not change.
#![allow(clippy::print_stdout, reason = "a tool that speaks to a terminal")]

use crate::fault::Fault;
use crate::tool::{Tool, cargo, tool};

/// The scenarios of the generated flow.
const SCENARIOS: [&str; 5] = ["still", "calm", "trending", "volatile", "crash"];
const COMMANDS: u32 = 50_000;

/// The loads of `lab::loads`.
const LOADS: [&str; 6] = [
    "spawn_exit_ns",
    "spawn_many_ns",
    "burst_message_ns",
    "ping_pong_ns",
    "monitor_fired_ns",
    "restart_ns",
];
const TIMES: u32 = 20_000;

/// Counts each scenario and each load, and prints a line for each.
pub(crate) fn run() -> Result<(), Fault> {
    if !tool("valgrind").args(&["--version"]).succeeds() {
        let [program, reason, package] = ["valgrind", "it counts", "valgrind"].map(str::to_owned);
        return Err(Fault::Missing { program, reason, package });
    }
    println!("per command, of {COMMANDS} commands each");
    for scenario in SCENARIOS {
        print(scenario, &callgrind("count_commands", scenario, COMMANDS).read()?, COMMANDS);
    }
    println!("per operation, of {TIMES} each");
    for load in LOADS {
        let name = load.trim_end_matches("_ns");
        print(name, &callgrind("count_loads", load, TIMES).read()?, TIMES);
    }
    Ok(())
}

fn print(name: &str, printed: &str, times: u32) {
    let told = |label| {
        figure(printed, label)
            .map_or_else(|| "?".to_owned(), |f| format!("{:.1}", f / f64::from(times)))
    };
    println!(
        "{name:<13} {:>8} instructions {:>6} mispredicted branches",
        told("I   refs:"),
        told("Mispredicts:")
    );
}

fn callgrind(example: &str, what: &str, times: u32) -> Tool {
    let runner = "target.'cfg(all())'.runner = ['valgrind', '--tool=callgrind', '--log-fd=1', \
                  '--callgrind-out-file=/dev/null', '--branch-sim=yes', '--toggle-collect=*counted*']";
    cargo(&["--config", runner, "run", "--quiet", "--locked", "--release"])
        .args(&["--package", "buttonwood-lab", "--example", example, "--", what])
        .args(&[&times.to_string()])
}

/// The figure after a label in callgrind's output.
fn figure(printed: &str, label: &str) -> Option<f64> {
    let line = printed.lines().find(|line| line.contains(label))?;
    line.split(label).nth(1)?.split_whitespace().next()?.replace(',', "").parse().ok()
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn figures_are_found_in_what_callgrind_prints() {
        let printed =
            "==7== Mispredicts:  50,000 (1 cond + 1 ind)\n==7== I   refs:      59,712,360\n";
        assert_eq!(figure(printed, "I   refs:"), Some(59_712_360.0));
        assert_eq!(figure(printed, "Mispredicts:"), Some(50_000.0));
        assert_eq!(figure(printed, "D   refs:"), None);
    }
}
