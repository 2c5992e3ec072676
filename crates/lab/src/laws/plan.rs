//! The plan of a run, drawn from a seed, and its choice of deliveries.

use kernel::{Scheduler, Seeded};

use crate::world::{PriceRules, Stage};

/// The plan of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Number of markets.
    pub markets: u16,
    /// Number of commands.
    pub commands: u32,
    /// The price rules of every market.
    pub rules: PriceRules,
    /// Number of prices, from the lowest that the rules allow.
    pub prices: usize,
    /// Largest size; the smallest is 1.
    pub quantity: usize,
    /// Of 1,000 steps, how many submit a command while others are in progress; 0 for one at a time.
    pub hurry: usize,
    /// Of 1,000 steps, how many kill.
    pub kills: usize,
    /// Most kills.
    pub budget: u32,
    /// Victims: weights of orders, floors, the ledger, supervisors of orders.
    pub victims: [usize; 4],
    /// Time passes with each kill, so that no order is suspended.
    pub patient: bool,
    /// Choice of the next signal.
    pub delivery: Delivery,
}

/// Choice among the signals that may come next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// The oldest: the order of sending.
    InOrder,
    /// Any.
    Any,
    /// Mostly the latest, so that some wait for long.
    Latest,
}

impl Delivery {
    /// Delivers the signal of its choice. False if none may come.
    pub(crate) fn deliver(self, stage: &mut Stage, chance: &mut Seeded) -> bool {
        match self {
            Delivery::InOrder => stage.deliver(),
            Delivery::Any => stage.deliver_by(chance),
            Delivery::Latest => stage.deliver_by(&mut Latest(chance)),
        }
    }
}

/// Picks the latest seven times of eight.
struct Latest<'a>(&'a mut Seeded);

impl Scheduler for Latest<'_> {
    fn choose(&mut self, ready: &[usize]) -> Option<usize> {
        match self.0.below(8) {
            0 => Some(self.0.below(ready.len())),
            _ => ready.len().checked_sub(1),
        }
    }
}

impl Plan {
    pub(super) fn draw(chance: &mut Seeded) -> Plan {
        let mut of = |choices: &[usize]| choices[chance.below(choices.len())];
        Plan {
            markets: [1, 1, 1, 2][of(&[0, 1, 2, 3])],
            commands: [4, 6, 10, 16, 24][of(&[0, 1, 2, 3, 4])],
            rules: PriceRules::Any,
            prices: of(&[1, 2, 3, 4]),
            quantity: of(&[1, 3, 6]),
            hurry: of(&[0, 0, 20, 100, 400]),
            kills: of(&[0, 10, 30, 80, 200]),
            budget: [1, 3, 8, 20][of(&[0, 1, 2, 3])],
            victims: [
                [1, 0, 0, 0],
                [0, 1, 0, 0],
                [0, 0, 1, 0],
                [6, 1, 1, 0],
                [6, 2, 2, 1],
                [3, 1, 0, 0],
            ][of(&[0, 1, 2, 3, 4, 5])],
            patient: of(&[0, 1, 1]) == 1,
            delivery: [Delivery::InOrder, Delivery::Any, Delivery::Latest][of(&[0, 1, 2])],
        }
    }
}
