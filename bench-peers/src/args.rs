//! Flags of the command line.

use clap::{Parser, ValueEnum};
use lab::flow::Scenario;

/// Measure this engine beside others: the same flow through order books, the same loads on runtimes of processes
#[derive(Parser)]
pub struct Args {
    /// What to measure
    #[arg(long, value_enum, default_value_t = Only::Both)]
    pub only: Only,
    /// Timed rounds, of which the median is taken
    #[arg(long, default_value_t = 5, value_parser = number(1))]
    rounds: u64,
    /// Print JSON instead of tables
    #[arg(long)]
    pub json: bool,
    /// Timed commands of each engine
    #[arg(long, default_value_t = 500_000, value_parser = number(1_000))]
    commands: u64,
    /// Run this scenario only: still, calm, trending, volatile or crash
    #[arg(long)]
    scenario: Option<Scenario>,
    /// Sizes of standing books on which `still` runs too, or none
    #[arg(long, default_value = "1000,10000,100000,1000000", value_parser = standing)]
    pub standing: Standing,
    /// Seed of the flow
    #[arg(long, default_value_t = 1_792)]
    pub seed: u64,
    /// How engines report their results
    #[arg(long, value_enum, default_value_t = Output::Both)]
    pub out: Output,
    /// Idle processes whose memory is measured; up to 8 kB each
    #[arg(long, default_value_t = 1_000_000, value_parser = number(1_000))]
    pub alive: u64,
    /// Run a fiftieth of the loads on runtimes, to test that they work
    #[arg(long)]
    pub quick: bool,
}

/// What to measure.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Only {
    /// Order books
    Engines,
    /// Runtimes of processes
    Runtimes,
    /// Order books and runtimes
    Both,
}

/// How engines report their results.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Output {
    /// Through a queue to another thread
    Queue,
    /// Folded on the same thread
    Fold,
    /// Both, one after the other
    Both,
}

/// Sizes of standing books, in orders.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing(pub Vec<u32>);

impl Args {
    /// Timed rounds.
    pub fn rounds(&self) -> usize {
        self.rounds as usize
    }

    /// Timed commands.
    pub fn commands(&self) -> usize {
        self.commands as usize
    }

    /// Scenarios to run with their own standing books.
    pub fn scenarios(&self) -> Vec<Scenario> {
        self.scenario.map_or_else(|| Scenario::ALL.to_vec(), |scenario| vec![scenario])
    }
}

/// A number from `least` to a hundred million, the most that fits in memory.
fn number(least: u64) -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(least..=100_000_000)
}

fn standing(text: &str) -> Result<Standing, String> {
    if text == "none" {
        return Ok(Standing(Vec::new()));
    }
    let size = |text: &str| text.parse().ok().filter(|size| (1..=100_000_000).contains(size));
    let sizes: Option<Vec<u32>> = text.split(',').map(size).collect();
    let what = || "give numbers from 1 to 100000000, separated by commas, or none".to_owned();
    sizes.map(Standing).ok_or_else(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(["bench-peers"].into_iter().chain(text.split_whitespace()))
    }

    #[test]
    fn flags_are_read_and_wrong_ones_refused() {
        let args = read("--rounds 3 --scenario crash --standing 5,6 --out fold --json").unwrap();
        assert_eq!((args.rounds(), args.standing.0.as_slice(), args.json), (3, &[5, 6][..], true));
        assert_eq!((args.scenarios(), args.out), (vec![Scenario::Crash], Output::Fold));
        let args = read("--only runtimes --alive 5000 --quick --standing none").unwrap();
        assert_eq!((args.only, args.alive, args.quick), (Only::Runtimes, 5_000, true));
        assert_eq!((args.standing, args.scenario), (Standing(Vec::new()), None));
        let wrong =
            ["--rounds", "--rounds 0", "--commands x", "--scenario dull", "--fast", "--out x"];
        for wrong in wrong.into_iter().chain(["--only", "--only ours", "--alive 0", "--standing 0"])
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
