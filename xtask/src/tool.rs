//! Programs that a chore runs, in the repository's folder, with their output passed on.
#![allow(
    clippy::disallowed_methods,
    reason = "an edge: both streams of a program are read at once"
)]

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use crate::fault::Fault;
use crate::root;

/// A program and its arguments.
pub(crate) struct Tool {
    command: Command,
    text: String,
}

/// The cargo that runs xtask.
pub(crate) fn cargo(args: &[&str]) -> Tool {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.current_dir(root());
    Tool { command, text: "cargo".to_owned() }.args(args)
}

/// Any other program.
pub(crate) fn tool(program: &str) -> Tool {
    let mut command = Command::new(program);
    command.current_dir(root());
    Tool { command, text: program.to_owned() }
}

impl Tool {
    /// Adds arguments.
    pub(crate) fn args(mut self, args: &[&str]) -> Tool {
        self.command.args(args);
        for arg in args {
            self.text += " ";
            self.text += arg;
        }
        self
    }

    /// Sets a variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Tool {
        self.command.env(name, value);
        self.text = format!("{name}={value} {}", self.text);
        self
    }

    /// Runs it in another folder, for its files.
    pub(crate) fn at(mut self, folder: &Path) -> Tool {
        self.command.current_dir(folder);
        self
    }

    /// Runs it.
    pub(crate) fn run(mut self) -> Result<(), Fault> {
        let status = self.command.stdin(Stdio::null()).status();
        let status = status.map_err(|why| Fault::Start { command: self.text.clone(), why })?;
        if status.success() { Ok(()) } else { Err(Fault::Ended { command: self.text, status }) }
    }

    /// Runs it without output; true if it succeeded.
    pub(crate) fn succeeds(mut self) -> bool {
        let quiet = self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        quiet.status().is_ok_and(|status| status.success())
    }

    /// Runs it and returns its output.
    pub(crate) fn read(mut self) -> Result<String, Fault> {
        let output = self.command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
        let output = output.map_err(|why| Fault::Start { command: self.text.clone(), why })?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(Fault::Ended { command: self.text, status: output.status })
        }
    }

    /// Runs a test runner, passes its output on, and counts the tests that it reports.
    pub(crate) fn tests(mut self) -> Result<Count, Fault> {
        let piped = self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = piped.spawn();
        let mut child = child.map_err(|why| Fault::Start { command: self.text.clone(), why })?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let mut count = Count::default();
        thread::scope(|scope| {
            let out = scope.spawn(|| stdout.map(|from| pass_on(from, |line| println!("{line}"))));
            let err = stderr.map(|from| pass_on(from, |line| eprintln!("{line}")));
            let out = out.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            out.into_iter().chain(err).for_each(|other| count.add(other));
        });
        let status = child.wait();
        let status = status.map_err(|why| Fault::Start { command: self.text.clone(), why })?;
        if count.failed == 0 && !status.success() {
            return Err(Fault::Ended { command: self.text, status });
        }
        if count.passed + count.failed == 0 {
            return Err(Fault::NoTests { command: self.text });
        }
        Ok(count)
    }
}

/// Tests that a runner reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Count {
    /// Adds another count.
    pub(crate) fn add(&mut self, other: Count) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// The count in a closing line: nextest's summary, or the test harness's result.
    fn of(line: &str) -> Option<Count> {
        // nextest indents the output of tests, so such a line is no result.
        let summary = line.trim_start().strip_prefix("Summary [");
        let rest = summary.or_else(|| line.strip_prefix("test result:"))?;
        let words: Vec<&str> = rest.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        let mut count = Count::default();
        for pair in words.iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().windows(2) {
            let Ok(number) = pair[0].parse::<u64>() else { continue };
            match *pair[1] {
                "passed" => count.passed += number,
                "failed" | "timed" | "exec" => count.failed += number,
                "skipped" | "ignored" => count.skipped += number,
                _ => {}
            }
        }
        Some(count)
    }
}

fn pass_on(from: impl Read, say: impl Fn(&str)) -> Count {
    let mut count = Count::default();
    for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        say(&line);
        count.add(Count::of(&line).unwrap_or_default());
    }
    count
}

#[cfg(test)]
mod unit {
    use super::*;

    fn count(passed: u64, failed: u64, skipped: u64) -> Option<Count> {
        Some(Count { passed, failed, skipped })
    }

    #[test]
    fn closing_lines_of_both_runners_are_understood() {
        let summary = "     Summary [  12.345s] 123 tests run: 119 passed (2 slow), 3 failed, 1 timed out, 7 skipped";
        assert_eq!(Count::of(summary), count(119, 4, 7));
        let result = "test result: ok. 12 passed; 0 failed; 2 ignored; 0 measured; 3 filtered out; finished in 0.01s";
        assert_eq!(Count::of(result), count(12, 0, 2));
        assert_eq!(Count::of("3 passed by the window"), None);
        assert_eq!(Count::of(&format!("    {result}")), None);
    }
}
