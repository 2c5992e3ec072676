//! Buttonwood beside other people's engines: one flow, one run, ratios.

mod args;
mod engines;
mod plain;
mod queue;
mod report;
mod run;
mod script;
mod show;

use std::process::ExitCode;

use lab::flow::Scenario;

use crate::args::{Args, Stop};
use crate::engines::{matchcore, orderbook_rs, ours::Ours, plain::PlainEngine};
use crate::run::{Entry, Out};
use crate::script::Script;

/// One flow and what each engine made of it.
pub struct Case {
    /// The scenario.
    pub scenario: Scenario,
    /// Orders of the standing book, if not the scenario's own.
    pub standing: Option<u32>,
    /// The flow in a line.
    pub flow: String,
    /// The engines; the first is the one that the others are measured by.
    pub entries: Vec<Entry>,
}

fn main() -> ExitCode {
    let args = match Args::read(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(Stop::Help) => {
            print!("{}", args::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(Stop::Wrong(what)) => {
            eprintln!("{what}\n\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    let own = args.scenarios.iter().map(|&scenario| (scenario, None));
    let deep = args.standing.iter().map(|&standing| (Scenario::Still, Some(standing)));
    let mut cases = Vec::new();
    for (scenario, standing) in own.chain(deep) {
        let case = compare(&args, scenario, standing);
        if !args.json {
            show::table(&case);
        }
        cases.push(case);
    }
    if args.json {
        show::json(&args, &cases);
    } else {
        show::growth(&cases);
    }
    ExitCode::SUCCESS
}

fn compare(args: &Args, scenario: Scenario, standing: Option<u32>) -> Case {
    let script = Script::new(scenario, args.seed, args.asks, standing);
    let mut entries = vec![
        Entry::new::<Ours>(&script),
        Entry::new::<PlainEngine>(&script),
        Entry::new::<matchcore::AsShipped>(&script),
        Entry::new::<matchcore::LimitsKept>(&script),
        Entry::new::<orderbook_rs::OrderbookRs>(&script),
    ];
    for round in 0..args.rounds {
        for (wanted, out) in [(args.queue, Out::Queue), (args.fold, Out::Fold)] {
            // Each round begins with another engine, so that none always follows the same one.
            for index in 0..entries.len() {
                let turn = (index + round) % entries.len();
                if wanted {
                    entries[turn].round(&script, out);
                }
            }
        }
    }
    Case { scenario, standing, flow: script.describe(), entries }
}
