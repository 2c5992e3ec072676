//! Small worlds that are gone through to the end: every order in which commands may come and signals may
//! be delivered, every death within a budget, the world's own included, and all laws in every state.
//!
//! What runs is the shipped exchange: its door, processes, supervisors, ledger and recovery. The laws are
//! those that judge seeded runs and charts ([`crate::laws`]); nothing here may know a rule of its own.
//!
//! | room | holds |
//! |---|---|
//! | `scenario` | what is asked in a world, and what may go wrong in it; made from lines as charts have them |
//! | `worlds` | the named ones |
//! | `state` | one state of a world, and the steps that lead on from it |
//! | `kept` | a state that waits to be gone on from, and what a state looks like |
//! | `clients` | who may ask what, and when they are told |
//! | `disk` | what of the world's log is durable, and how a lost world comes back from it |
//! | `laws` | the laws as the explorer asks for them, each with its *sometimes* |
//! | `draw` | a path through the states as a chart |
//! | `what_if` | what happens if somebody dies at an arrow |
//!
//! ```
//! use lab::explore::{World, explore};
//!
//! let world = World::named("buyer-and-seller").expect("it is one of `worlds()`").faults(1);
//! let found = explore(&world);
//! assert!(found.is_proof(), "{:?}", found.verdicts);
//! ```

mod clients;
mod disk;
mod draw;
mod kept;
mod laws;
mod scenario;
mod state;
mod what_if;
mod worlds;

use checker::explore::Report;

pub use checker::explore::{Explorer, Verdict};
pub use draw::draw;
pub use kept::Kept;
pub use scenario::World;
pub use state::{State, Step};
pub use what_if::{Aftermath, NoSuchDeath, WhatIf};
pub use worlds::worlds;

impl World {
    /// An explorer of this world, with every law that it puts to the test.
    pub fn explorer<'a>(&self) -> Explorer<'a, State> {
        Explorer::new(self.start()).laws(self.laws())
    }
}

/// What was found in a world.
pub type Found = Report<Step>;

/// Goes through a world to its end, under every law.
pub fn explore(world: &World) -> Found {
    world.explorer().search()
}
