//! The simulator: seeded worlds with thousands of orders, virtual time and every fault. The service's
//! decisions ([`exchange::steps`]), the journal and recovery are the shipped code; threads, queues,
//! clock, disk and clients are simulated. The same seed gives the same run, on every machine.
//!
//! | module | holds |
//! |---|---|
//! | `plan` | the plan of a run, drawn from a seed |
//! | `run` | the main loop of a run: next event, crashes, the end in which everything must settle |
//! | `strikes` | faults between two events |
//! | `service` | one start of a service: its two loops between queues |
//! | `live` | its world, every step of which is chosen and checked |
//! | `recovery` | from a crash to the next start, and its checks |
//! | `clients` | clients, and the answers they got |
//! | `record` | what really happened |
//! | `counts` | counts of events and states |
//! | `shrink` | the smallest plan of a seed that still fails |
//!
//! A run has two phases. In the first, faults strike. In the second they stop and the disk has space: every
//! command must be answered, every floor be quiet, and a new order be accepted. Before, between and after, the laws of
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

/// Result of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Counts of events.
    pub counts: Counts,
    /// States of the handshake that it reached.
    pub marks: Marks,
    /// Number of drawn faults, whether they struck or not.
    pub faults: u64,
}

/// A broken law.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The seed.
    pub seed: u64,
    /// The options of the run.
    pub wanted: Wanted,
    /// The law, and how it was broken.
    pub broken: Broken,
    /// Faults drawn until then.
    pub faults: u64,
    /// Counts until then.
    pub counts: Counts,
    /// The last events, as a chart's rows; empty unless it was drawn.
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
