//! What the command line says.

use lab::flow::Scenario;

/// Usage, as `--help` prints it.
pub const USAGE: &str = "\
bench-peers: ours and other people's, in one run: the same generated flow through order books, and the
same loads on runtimes of processes

  --only WHAT      engines, runtimes or both (both)
  --rounds N       timed rounds of each, of which the median counts (5)
  --json           JSON instead of tables

engines:
  --commands N         commands that are timed (500000)
  --scenario NAME  still, calm, trending, volatile, crash or all (all)
  --standing LIST  also `still` on standing books of so many orders, such as 1000,1000000;
                   `none` for none of it (1000,10000,100000,1000000)
  --seed N         seed of the flow (1792)
  --out WHICH      queue, fold or both (both)

runtimes:
  --alive N        idle processes of which memory is measured (1000000; up to 8 kB each)
  --quick          a fiftieth of it all, to see that it works
";

/// Options of a run.
pub struct Args {
    /// Timed rounds.
    pub rounds: usize,
    /// Timed commands.
    pub commands: usize,
    /// Scenarios with their own standing book.
    pub scenarios: Vec<Scenario>,
    /// Standing books to run `still` on.
    pub standing: Vec<u32>,
    /// Seed of the flow.
    pub seed: u64,
    /// Through the queue.
    pub queue: bool,
    /// Folded.
    pub fold: bool,
    /// JSON.
    pub json: bool,
    /// Order books.
    pub engines: bool,
    /// Runtimes of processes.
    pub runtimes: bool,
    /// Idle processes of which memory is measured.
    pub alive: u64,
    /// A fiftieth of the loads on runtimes.
    pub quick: bool,
}

/// Why there is nothing to run.
#[derive(Debug, PartialEq, Eq)]
pub enum Stop {
    /// Help was asked for.
    Help,
    /// This could not be read.
    Wrong(String),
}

impl Args {
    /// Reads the arguments after the program's name.
    pub fn read(mut args: impl Iterator<Item = String>) -> Result<Args, Stop> {
        let mut read = Args {
            rounds: 5,
            commands: 500_000,
            scenarios: Scenario::ALL.to_vec(),
            standing: vec![1_000, 10_000, 100_000, 1_000_000],
            seed: 1_792,
            queue: true,
            fold: true,
            json: false,
            engines: true,
            runtimes: true,
            alive: 1_000_000,
            quick: false,
        };
        while let Some(flag) = args.next() {
            if flag == "--help" || flag == "-h" {
                return Err(Stop::Help);
            }
            if flag == "--json" {
                read.json = true;
                continue;
            }
            if flag == "--quick" {
                read.quick = true;
                continue;
            }
            let value = args.next().ok_or_else(|| Stop::Wrong(format!("{flag} needs a value")))?;
            match flag.as_str() {
                "--only" => {
                    read.engines = value != "runtimes";
                    read.runtimes = value != "engines";
                    if !["engines", "runtimes", "both"].contains(&value.as_str()) {
                        return Err(Stop::Wrong(format!(
                            "--only {value}: engines, runtimes or both"
                        )));
                    }
                }
                "--alive" => read.alive = number(&flag, &value, 1_000)? as u64,
                "--rounds" => read.rounds = number(&flag, &value, 1)?,
                "--commands" => read.commands = number(&flag, &value, 1_000)?,
                "--seed" => read.seed = number(&flag, &value, 0)? as u64,
                "--scenario" if value == "all" => {}
                "--scenario" => {
                    let scenario =
                        value.parse().map_err(|e| Stop::Wrong(format!("{value}: {e}")))?;
                    read.scenarios = vec![scenario];
                }
                "--standing" if value == "none" => read.standing.clear(),
                "--standing" => {
                    let counts = value.split(',').map(|n| number(&flag, n, 1));
                    let counts = counts.collect::<Result<Vec<usize>, Stop>>()?;
                    read.standing = counts.into_iter().map(|n| n as u32).collect();
                }
                "--out" => {
                    read.queue = value != "fold";
                    read.fold = value != "queue";
                    if !["queue", "fold", "both"].contains(&value.as_str()) {
                        return Err(Stop::Wrong(format!("--out {value}: queue, fold or both")));
                    }
                }
                _ => return Err(Stop::Wrong(format!("{flag} is no option"))),
            }
        }
        Ok(read)
    }
}

/// A number from `least` to a hundred million: what fits in memory.
fn number(flag: &str, text: &str, least: usize) -> Result<usize, Stop> {
    match text.replace('_', "").parse() {
        Ok(n) if (least..=100_000_000).contains(&n) => Ok(n),
        _ => Err(Stop::Wrong(format!("{flag} {text}: a number from {least} to 100000000"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Args, Stop> {
        Args::read(text.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_read_and_wrong_ones_named() {
        let args = read("--rounds 3 --scenario crash --standing 5,6 --out fold --json").unwrap();
        assert_eq!((args.rounds, args.standing, args.json), (3, vec![5, 6], true));
        assert_eq!((args.scenarios, args.queue, args.fold), (vec![Scenario::Crash], false, true));
        let args = read("--only runtimes --alive 5000 --quick").unwrap();
        assert_eq!(
            (args.engines, args.runtimes, args.alive, args.quick),
            (false, true, 5_000, true)
        );
        let wrong =
            ["--rounds", "--rounds 0", "--commands x", "--scenario dull", "--fast", "--out x"];
        for wrong in wrong.into_iter().chain(["--only", "--only ours", "--alive 0"]) {
            assert!(matches!(read(wrong), Err(Stop::Wrong(_))), "{wrong}");
        }
        assert_eq!(read("--help").err(), Some(Stop::Help));
    }
}
