//! Buttonwood beside other engines and runtimes: one flow, one run, ratios.

mod args;
mod engines;
/// The command's allocator, for every engine and runtime measured here.
#[path = "../../crates/8-buttonwood/src/huge_pages.rs"]
mod huge_pages;
mod plain;
mod queue;
mod report;
mod run;
mod runtimes;
mod script;
mod show;

use std::process::ExitCode;

use clap::Parser;
use lab::flow::Scenario;

use crate::args::{Args, Only, Output};
use crate::engines::{matchcore, orderbook_rs, ours::Ours, plain::PlainEngine};
use crate::run::{Entry, Out};
use crate::script::Script;

/// One flow and what each engine made of it.
pub struct Case {
    /// The scenario.
    pub scenario: Scenario,
    /// Orders of the standing book, if not the scenario's own number.
    pub standing: Option<u32>,
    /// The flow in a line.
    pub flow: String,
    /// The engines; ratios are to the first.
    pub entries: Vec<Entry>,
}

#[global_allocator]
static ALLOCATOR: huge_pages::HugePages = huge_pages::HugePages;

fn main() -> ExitCode {
    let given: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, name, count] = given.as_slice()
        && flag == runtimes::CROWD
    {
        return if runtimes::alone(name, count) { ExitCode::SUCCESS } else { ExitCode::from(2) };
    }
    let args = Args::parse();
    let plan = runtimes::Plan { rounds: args.rounds(), alive: args.alive, quick: args.quick };
    let runtimes = (args.only != Only::Engines).then(|| runtimes::run(&plan));
    if let (Some(report), false) = (&runtimes, args.json) {
        runtimes::tables(report);
    }
    let cases = if args.only != Only::Runtimes { engines(&args) } else { Vec::new() };
    if args.json {
        let runtimes = runtimes.map(|report| runtimes::json(&plan, &report));
        show::json(&args, &cases, runtimes.as_deref());
    } else {
        show::growth(&cases);
    }
    ExitCode::SUCCESS
}

/// All flows through all engines.
fn engines(args: &Args) -> Vec<Case> {
    let own = args.scenarios().into_iter().map(|scenario| (scenario, None));
    let deep = args.standing.0.iter().map(|&standing| (Scenario::Still, Some(standing)));
    let compared = own.chain(deep).map(|(scenario, standing)| {
        let case = compare(args, scenario, standing);
        if !args.json {
            show::table(&case);
        }
        case
    });
    compared.collect()
}

fn compare(args: &Args, scenario: Scenario, standing: Option<u32>) -> Case {
    let script = Script::new(scenario, args.seed, args.commands(), standing);
    let mut entries = vec![
        Entry::new::<Ours>(&script),
        Entry::new::<PlainEngine>(&script),
        Entry::new::<matchcore::AsShipped>(&script),
        Entry::new::<matchcore::LimitsKept>(&script),
        Entry::new::<orderbook_rs::OrderbookRs>(&script),
    ];
    for round in 0..args.rounds() {
        for (wanted, out) in
            [(args.out != Output::Fold, Out::Queue), (args.out != Output::Queue, Out::Fold)]
        {
            // Rounds begin with different engines, so that none always follows the same one.
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
