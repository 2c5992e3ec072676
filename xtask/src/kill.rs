//! Kills the real command under load, again and again: more rounds of the suite's own test.
//! Its rounds and checks are in `crates/8-buttonwood/tests/kill`.

use crate::fault::Fault;
use crate::tool::cargo;

pub(crate) const HELP: &str = "\
Usage: cargo xtask kill [--rounds N] [--seed S] [--release]

  --rounds N    rounds of load, SIGKILL, a torn tail and a start (10)
  --seed S      of the commands and of the plan of kills (1792)
  --release     kill the command as it is shipped, not as it is tested";

/// What to run.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Plan {
    rounds: u32,
    seed: u64,
    release: bool,
}

impl Plan {
    /// Parses the arguments, or reports what is wrong with them.
    pub(crate) fn of(args: &[String]) -> Result<Plan, String> {
        let mut plan = Plan { rounds: 10, seed: 1792, release: false };
        let mut args = args.iter();
        while let Some(flag) = args.next() {
            let mut value = || args.next().ok_or(format!("{flag} needs a number"));
            let bad = |value: &str| format!("{flag} {value}: no such number");
            match flag.as_str() {
                "--rounds" => {
                    let text = value()?;
                    plan.rounds = text.parse().map_err(|_| bad(text))?;
                    if plan.rounds == 0 {
                        return Err(bad(text));
                    }
                }
                "--seed" => {
                    let text = value()?;
                    plan.seed = text.parse().map_err(|_| bad(text))?;
                }
                "--release" => plan.release = true,
                _ => return Err(format!("there is no `{flag}` here")),
            }
        }
        Ok(plan)
    }

    /// Runs it, and passes its output on.
    pub(crate) fn run(&self) -> Result<(), Fault> {
        let mut test = cargo(&["test", "--quiet", "--locked", "--package", "buttonwood"]);
        if self.release {
            test = test.args(&["--release"]);
        }
        test.args(&["--test", "kill", "--", "--nocapture", "any_number_of_kills"])
            .env("KILL_ROUNDS", &self.rounds.to_string())
            .env("KILL_SEED", &self.seed.to_string())
            .run()
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn arguments_are_read_and_what_is_wrong_is_said() {
        let read =
            |text: &str| Plan::of(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(read(""), Ok(Plan { rounds: 10, seed: 1792, release: false }));
        let all = Plan { rounds: 100, seed: 7, release: true };
        assert_eq!(read("--rounds 100 --seed 7 --release"), Ok(all));
        for bad in ["--rounds", "--rounds 0", "--seed x", "--round 3", "3"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
