//! The simulator: seeded worlds with thousands of orders, virtual time and every fault. What a service
//! decides is the shipped code ([`exchange::steps`]), and so are journal and recovery; threads, queues,
//! clock, disk and clients are simulated. The same seed gives the same run, on every machine.
//!
//! | room | holds |
//! |---|---|
//! | `plan` | what a seed makes of a run |
//! | `run` | the course of a run: who acts next, deaths, the end in which everything must settle |
//! | `strikes` | faults that come by themselves |
//! | `service` | one start of a service: its two loops between queues |
//! | `live` | its world, every step of which is chosen and looked at |
//! | `recovery` | from a death to the next start, and what must be there |
//! | `clients` | those who ask, and what they were told |
//! | `record` | what truly happened |
//! | `counts` | what was reached, in numbers |
//! | `shrink` | the smallest plan of a seed that still fails |
//!
//! A run has two phases. In the first, faults strike. In the second they rest and the disk has room: every
//! ask must be answered, every floor quiet, a new order accepted. Before, between and after, the laws of
//! [`crate::laws`] hold.

mod clients;
mod counts;
mod live;
mod mistake;
mod plan;
mod record;
mod recovery;
mod run;
mod settle;
mod shrink;
mod sim_service;
mod strikes;

use std::fmt;

use crate::laws::{Broken, Marks};

pub use counts::{Counts, SOMETIMES};
pub use mistake::Mistake;
pub use plan::{ORDERS, Plan, Wanted};
pub use run::{run, run_with};
pub use shrink::shrink;

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// What happened how often.
    pub counts: Counts,
    /// States of the handshake that were reached.
    pub marks: Marks,
    /// Faults that were drawn, whether they struck or not.
    pub faults: u64,
}

/// A law that was broken.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The seed that brings it about.
    pub seed: u64,
    /// With what was wanted of it.
    pub wanted: Wanted,
    /// Which law, and how.
    pub broken: Broken,
    /// Faults that were drawn until then.
    pub faults: u64,
    /// What had happened until then.
    pub counts: Counts,
    /// The end of what happened, as a chart's rows; empty unless it was drawn.
    pub rows: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { seed, wanted, broken, rows, .. } = self;
        writeln!(f, "{broken}\nagain: buttonwood simulate --seed {seed} {wanted}")?;
        rows.iter().try_for_each(|row| writeln!(f, "{row}"))
    }
}

impl std::error::Error for Violation {}
