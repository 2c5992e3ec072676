//! Commands of one scenario of the generated flow on the caller's thread, for counting their cost.
//! `cargo xtask count` runs it under callgrind, which counts what happens in `counted` and nothing else.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use exchange::{Exchange, Options};
use lab::flow::{self, Flow, Scenario};
use protocol::{Command, Fact, Response};
use units::{CommandId, Time};

/// Command 1 opens the market, so the flow's begin at 2.
const FIRST: CommandId = CommandId(2);

fn main() {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or_else(|| "calm".to_owned());
    let count = args.next().map_or(Ok(20_000), |text| text.parse());
    let scenario = Scenario::ALL.into_iter().find(|scenario| scenario.name() == name);
    let (Some(scenario), Ok(count)) = (scenario, count) else {
        eprintln!("Usage: count_commands [still|calm|trending|volatile|crash] [ASKS]");
        std::process::exit(2);
    };
    let options = flow::Options { first: FIRST, period: count as u64, ..flow::Options::default() };
    let mut flow = Flow::new(scenario, 1792, options);
    let standing = flow.standing();
    let before: Vec<Command> = flow.by_ref().take(standing).collect();
    let commands: Vec<Command> = flow.take(count).collect();
    let mut exchange = Exchange::new(Options::default());
    exchange.submit(Time(0), &Command::OpenMarket(flow::market()), &mut |_, _| ());
    for command in &before {
        exchange.submit(Time(1), command, &mut |_, _| ());
    }
    let trades = counted(&mut exchange, &commands);
    println!("{name}: {count} commands on {standing} standing orders, {trades} trades");
}

#[inline(never)]
fn counted(exchange: &mut Exchange, commands: &[Command]) -> u64 {
    let mut trades = 0;
    for (index, (command, at)) in commands.iter().zip(2..).enumerate() {
        exchange.warm(&commands[index + 1..]);
        exchange.submit(Time(at), command, &mut |_, response| {
            trades += u64::from(matches!(response, Response::Fact(_, Fact::Traded { .. })));
        });
    }
    trades
}
