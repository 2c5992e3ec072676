//! Exhaustive search of small worlds: every order of commands and deliveries, every crash within a budget, also
//! of the whole world, and all laws in every state.
//!
//! The shipped exchange runs here: its validation, processes, supervisors, ledger and recovery. The laws are
//! those of seeded runs and charts ([`crate::laws`]); nothing here may have a rule of its own.
//!
//! | module | holds |
//! |---|---|
//! | `scenario` | the commands and faults of a world; made from lines of charts |
//! | `worlds` | the named ones |
//! | `state` | one state of a world, and its steps |
//! | `kept` | a state that waits to be expanded, and its fingerprint |
//! | `clients` | which commands may come, and when clients hear the answers |
//! | `disk` | the durable part of the world's log, and recovery from it |
//! | `laws` | the laws in the explorer's form, each with its *sometimes* |
//! | `draw` | a path through the states as a chart |
//! | `what_if` | a run with one crash at an arrow |
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

/// Result of a search.
pub type Found = Report<Step>;

/// Searches a world exhaustively, under every law.
pub fn explore(world: &World) -> Found {
    world.explorer().search()
}
