//! The flow that all engines are fed, and what its replaces meet in a right book. Peers take an
//! order's open lots where our asks name its size, fills included; they are told the right number
//! beforehand, by a run of the plain book that is not timed, so that they need not keep count of
//! it.

use lab::flow::{Flow, Options, Scenario};
use protocol::Ask;
use units::{AskId, Price, Side};

use crate::plain::{Met, Plain};
use crate::report::{Kind, Tally};

/// The number of the first ask of the flow: ask 1 opens the market.
pub const FIRST: u64 = 2;

/// A flow ready to be fed.
pub struct Script {
    /// The asks; the first has number [`FIRST`].
    pub asks: Vec<Ask>,
    /// How many of them place the standing book, and are not timed.
    pub standing: usize,
    /// For each ask, what it met.
    pub met: Vec<Met>,
    /// For each ask, lots that its order traded in it as the newcomer.
    pub taken: Vec<u32>,
    /// What the plain book reported, standing book included.
    pub tally: Tally,
    /// Orders that rest in the end.
    pub resting: usize,
}

impl Script {
    /// Generates the flow and runs the plain book over it once.
    pub fn new(scenario: Scenario, seed: u64, asks: usize, standing: Option<u32>) -> Script {
        let options =
            Options { first: AskId(FIRST), standing, period: asks as u64, ..Options::default() };
        let flow = Flow::new(scenario, seed, options);
        let standing = flow.standing();
        let asks: Vec<Ask> = flow.take(standing + asks).collect();
        let mut plain = Plain::new(0);
        let mut tally = Tally::default();
        let mut met = Vec::with_capacity(asks.len());
        let mut taken = Vec::with_capacity(asks.len());
        for (number, ask) in (FIRST..).zip(&asks) {
            met.push(match ask {
                Ask::Replace(replace) => plain.meet(replace.order.0),
                _ => Met::default(),
            });
            let before = tally.lots;
            plain.ask(number, ask, &mut tally);
            taken.push(u32::try_from(tally.lots - before).expect("sizes are at most 100"));
        }
        let resting = plain.resting();
        Script { asks, standing, met, taken, tally, resting }
    }

    /// Asks that are timed.
    pub fn timed(&self) -> usize {
        self.asks.len() - self.standing
    }

    /// The side of the order that this ask placed.
    pub fn side(&self, order: u64) -> Side {
        match &self.asks[(order - FIRST) as usize] {
            Ask::Place(place) => place.side,
            _ => unreachable!("the flow names orders by the asks that placed them"),
        }
    }

    /// The limit that trades of this ask must keep.
    pub fn limit(&self, ask: u64) -> Option<(Side, Price)> {
        match &self.asks[(ask - FIRST) as usize] {
            Ask::Place(place) => Some((place.side, place.price)),
            Ask::Replace(replace) => Some((self.side(replace.order.0), replace.price)),
            _ => None,
        }
    }

    /// One line about the flow: what kinds of things happen in it.
    pub fn describe(&self) -> String {
        let timed = self.timed() as f64;
        let share = |kind| 100.0 * self.tally.count(kind) as f64 / timed;
        format!(
            "{:.1} trades, {:.1} refusals per 100 asks; {} standing at first, {} rest in the end",
            share(Kind::Traded),
            share(Kind::Refused),
            self.standing,
            self.resting
        )
    }
}
