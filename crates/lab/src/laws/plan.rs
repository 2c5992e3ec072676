//! What a seed makes of a run: how much of what. It runs nothing.

use kernel::Seeded;

use crate::world::PriceRules;

/// What a seed makes of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Markets.
    pub markets: u16,
    /// Commands.
    pub commands: u32,
    /// The price rules of every market.
    pub rules: PriceRules,
    /// So many prices, from the lowest that the rules say.
    pub prices: usize,
    /// Sizes go from 1 to this.
    pub quantity: usize,
    /// Of 1,000 steps, how many let a command in while others are under way; 0 for one at a time.
    pub hurry: usize,
    /// Of 1,000 steps, how many kill.
    pub kills: usize,
    /// Most kills.
    pub budget: u32,
    /// Who is killed: weights of orders, floors, the ledger, supervisors of orders.
    pub victims: [usize; 4],
    /// Time passes with each kill, so that nobody is given up.
    pub patient: bool,
    /// Which signal is delivered next.
    pub delivery: Delivery,
}

/// Which of the signals that may come next is delivered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// The oldest: the order of sending.
    InOrder,
    /// Any.
    Any,
    /// Mostly the latest, so that some wait for long.
    Latest,
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
