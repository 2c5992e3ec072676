//! Clocks, memory and medians for measurements.
#![allow(clippy::disallowed_types, reason = "measurements need a clock")]

use std::time::{Duration, Instant};

/// Time that `work` takes.
pub(super) fn time<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

/// A stopwatch that another thread can read.
#[derive(Clone, Copy)]
pub(super) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts it.
    pub(super) fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// Time since the start.
    pub(super) fn taken(self) -> Duration {
        self.0.elapsed()
    }
}

/// The median; the mean of the middle two of an even number; 0 for none.
pub(super) fn median(measured: &mut [f64]) -> f64 {
    measured.sort_by(f64::total_cmp);
    let middle = measured.len() / 2;
    match measured.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => measured[middle],
        _ => f64::midpoint(measured[middle - 1], measured[middle]),
    }
}

/// The minimum; 0 for none.
pub(super) fn least(measured: &[f64]) -> f64 {
    measured.iter().copied().min_by(f64::total_cmp).unwrap_or(0.0)
}

/// A figure as text: thousands separators, two decimal places below a thousand.
pub(super) fn figure(measured: f64) -> String {
    let whole = measured.abs() >= 1_000.0;
    let text = if whole { format!("{measured:.0}") } else { format!("{measured:.2}") };
    text.parse().map_or(text, crate::output::thousands)
}

/// Nanoseconds for each of `count`.
#[allow(clippy::cast_precision_loss, reason = "a measurement")]
pub(super) fn nanoseconds_each(taken: Duration, count: u64) -> f64 {
    taken.as_nanos() as f64 / count as f64
}

/// Rate per second.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is at least 0")]
#[allow(clippy::cast_precision_loss, reason = "a measurement")]
pub(super) fn per_second(count: u64, taken: Duration) -> u64 {
    (count as f64 / taken.as_secs_f64()) as u64
}

/// The quantile `within` (0 to 1), in microseconds; 0 for no measurements. The measurements must be sorted.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index within them")]
#[allow(clippy::cast_precision_loss, reason = "a measurement")]
pub(super) fn quantile(sorted: &[Duration], within: f64) -> f64 {
    let index = (within * sorted.len() as f64).ceil() as usize;
    let at = sorted.get(index.saturating_sub(1)).or(sorted.last());
    at.map_or(0.0, |taken| (taken.as_nanos() as f64 / 100.0).round() / 10.0)
}

/// Rounded to hundredths, for printing: no measurement here is finer.
pub(super) fn hundredths(measured: f64) -> f64 {
    (measured * 100.0).round() / 100.0
}

/// Resident bytes of this process; `None` where the system does not report them.
pub(crate) fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Resident bytes that `make` adds per item of `count`. Only accurate in a process that has freed little memory
/// before, so such measurements come first.
#[allow(clippy::cast_precision_loss, reason = "a measurement")]
pub(super) fn bytes_each<T>(count: u64, make: impl FnOnce() -> T) -> (T, Option<f64>) {
    let before = resident_bytes();
    let made = make();
    let bytes = match (before, resident_bytes()) {
        (Some(before), Some(after)) => Some(after.saturating_sub(before) as f64 / count as f64),
        _ => None,
    };
    (made, bytes.map(f64::round))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert!((median(&mut [3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&mut [4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!(median(&mut []).abs() < 1e-9);
    }

    #[test]
    fn a_quantile_is_one_of_the_measurements() {
        let taken: Vec<Duration> = (1..=1000).map(Duration::from_micros).collect();
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(close(quantile(&taken, 0.5), 500.0));
        assert!(close(quantile(&taken, 0.999), 999.0));
        assert!(close(quantile(&taken, 1.0), 1000.0));
        assert!(close(quantile(&taken[..1], 0.99), 1.0));
        assert!(close(quantile(&[], 0.5), 0.0));
    }

    #[test]
    fn memory_that_is_written_is_seen() {
        let (block, bytes) = bytes_each(1 << 20, || std::hint::black_box(vec![1u8; 64 << 20]));
        match bytes {
            Some(bytes) => assert!((60.0..70.0).contains(&bytes), "{bytes} of 64"),
            None => println!("SKIPPED: this system does not report a process's memory"),
        }
        drop(block);
    }
}
