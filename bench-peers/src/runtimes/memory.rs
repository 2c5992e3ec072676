//! Memory of an idle process. Each crowd runs in a program of its own, since freed memory
//! is not returned, and would be counted for the runtime that is measured next.

use std::process::Command;

use super::{NAMES, Plan, Runtime, actix, kameo, ours, ractor, tasks};

/// The flag that makes this program hold one crowd of processes alone.
pub const FLAG: &str = "--crowd-of";

/// Memory of one process of a runtime.
pub struct Held {
    /// The runtime's name.
    pub name: &'static str,
    /// Resident bytes each; `None` where the system does not report them, or has too little memory.
    pub bytes: Option<f64>,
}

/// Upper bound for a process of any runtime, so that no machine runs out of memory.
const MOST: u64 = 8_192;

/// Measures them all.
pub fn all(plan: &Plan) -> Vec<Held> {
    let alive = if plan.quick { plan.alive / 50 } else { plan.alive };
    let space = available().is_none_or(|bytes| bytes > alive * MOST);
    if !space {
        eprintln!("memory is not measured: {alive} processes may need {} MB", (alive * MOST) >> 20);
    }
    let held = |name| Held { name, bytes: space.then(|| measure(name, alive)).flatten() };
    NAMES.into_iter().map(held).collect()
}

/// Runs this program again for one crowd.
fn measure(name: &str, count: u64) -> Option<f64> {
    let mut again = Command::new(std::env::current_exe().ok()?);
    let answer = again.args([FLAG, name, &count.to_string()]).output().ok()?;
    String::from_utf8(answer.stdout).ok()?.trim().parse().ok()
}

/// The whole of such a run: starts a crowd and prints the bytes per process. False if there is no
/// such runtime or no such count.
pub fn alone(name: &str, count: &str) -> bool {
    let crowd = match name {
        ours::Kernel::NAME => ours::Kernel::crowd,
        tasks::Tasks::NAME => tasks::Tasks::crowd,
        actix::Actix::NAME => actix::Actix::crowd,
        ractor::Ractor::NAME => ractor::Ractor::crowd,
        kameo::Kameo::NAME => kameo::Kameo::crowd,
        _ => return false,
    };
    let Ok(count @ 1..) = count.parse::<u64>() else { return false };
    let before = kibibytes("/proc/self/status", "VmRSS:");
    crowd(count, &mut || {
        let after = kibibytes("/proc/self/status", "VmRSS:");
        if let (Some(before), Some(after)) = (before, after) {
            println!("{:.0}", after.saturating_sub(before) as f64 * 1024.0 / count as f64);
        }
    });
    true
}

/// Bytes of free memory.
fn available() -> Option<u64> {
    Some(kibibytes("/proc/meminfo", "MemAvailable:")? * 1024)
}

fn kibibytes(file: &str, field: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
