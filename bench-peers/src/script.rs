//! The flow for all engines, and the state that its replaces meet in a correct book. Other engines take an
//! order's open lots where our commands have its size, fills included; an untimed run of the plain book
//! supplies the right number, so that they need not compute it.

use lab::flow::{Flow, Options, Scenario};
use protocol::Command;
use units::{CommandId, Price, Side};

use crate::plain::{Met, Plain};
use crate::report::{Kind, Tally};

/// The number of the first command of the flow: command 1 opens the market.
pub const FIRST: u64 = 2;

/// A flow with what engines need to know in advance.
pub struct Script {
    /// The commands; the first has number [`FIRST`].
    pub commands: Vec<Command>,
    /// How many of them place the standing book, untimed.
    pub standing: usize,
    /// For each command, the state that it meets.
    pub met: Vec<Met>,
    /// For each command, the lots that its order trades in it as the incoming order.
    pub taken: Vec<u32>,
    /// The tally of the plain book, with the standing book.
    pub tally: Tally,
    /// Orders that rest at the end.
    pub resting: usize,
}

impl Script {
    /// Generates the flow and runs the plain book over it once.
    pub fn new(scenario: Scenario, seed: u64, commands: usize, standing: Option<u32>) -> Script {
        let options = Options {
            first: CommandId(FIRST),
            standing,
            period: commands as u64,
            ..Options::default()
        };
        let flow = Flow::new(scenario, seed, options);
        let standing = flow.standing();
        let commands: Vec<Command> = flow.take(standing + commands).collect();
        let mut plain = Plain::new(0);
        let mut tally = Tally::default();
        let mut met = Vec::with_capacity(commands.len());
        let mut taken = Vec::with_capacity(commands.len());
        for (number, command) in (FIRST..).zip(&commands) {
            met.push(match command {
                Command::Replace(replace) => plain.meet(replace.order.0),
                _ => Met::default(),
            });
            let before = tally.quantity;
            plain.submit(number, command, &mut tally);
            taken.push(u32::try_from(tally.quantity - before).expect("sizes are at most 100"));
        }
        let resting = plain.resting();
        Script { commands, standing, met, taken, tally, resting }
    }

    /// The timed commands.
    pub fn timed(&self) -> usize {
        self.commands.len() - self.standing
    }

    /// The side of the order that this command placed.
    pub fn side(&self, order: u64) -> Side {
        match &self.commands[(order - FIRST) as usize] {
            Command::NewOrder(place) => place.side,
            _ => unreachable!("the flow names orders by the commands that placed them"),
        }
    }

    /// The limit of this command's trades.
    pub fn limit(&self, command: u64) -> Option<(Side, Price)> {
        match &self.commands[(command - FIRST) as usize] {
            Command::NewOrder(place) => Some((place.side, place.price)),
            Command::Replace(replace) => Some((self.side(replace.order.0), replace.price)),
            _ => None,
        }
    }

    /// The flow in one line: the share of each kind of event.
    pub fn describe(&self) -> String {
        let timed = self.timed() as f64;
        let share = |kind| 100.0 * self.tally.count(kind) as f64 / timed;
        format!(
            "{:.1} trades, {:.1} refusals per 100 commands; {} standing at first, {} rest in the end",
            share(Kind::Traded),
            share(Kind::Refused),
            self.standing,
            self.resting
        )
    }
}
