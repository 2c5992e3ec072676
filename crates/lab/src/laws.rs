//! The laws of the handshake, as functions over a world that is seen from outside, and seeded runs under
//! faults in which they are checked after every delivery. Each law has its *sometimes*: states
//! that test it and must be reached. Nothing here may change the world.
//!
//! | module | holds |
//! |---|---|
//! | `history` | the facts, folded apart from the ledger, each judged by the rules of trade |
//! | `safety` | what holds between any two steps |
//! | `drain` | what holds once faults have stopped and everything has run |
//! | `sometimes` | the states that must be reached |
//! | `plan` | the plan of a run, drawn from a seed |
//! | `rows` | the table of crashes in a deal, and which rows a run has reached |
//! | `run` | a run drawn from a seed: commands, deliveries, deaths |

mod drain;
mod history;
mod plan;
mod rows;
mod run;
mod safety;
mod sometimes;

use std::fmt;

pub use drain::drained;
pub use history::{History, Line};
pub use plan::{Delivery, Plan};
pub use rows::{Row, Rows};
pub use run::{Onlooker, Report, Violation, run, run_before};
pub use safety::Inspector;
pub use sometimes::{Mark, Marks};

/// A law.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Law {
    /// No order trades more than its size.
    NoOverfill,
    /// A deal ends once and for all: done means recorded, void means never recorded. A deal's name is used once.
    Agreement,
    /// Both parties of a trade count it as held or filled, for the same lots.
    Awareness,
    /// An order's lots are open, held, filled or cancelled, and together its size.
    Conservation,
    /// A trade is at the maker's price, within both limits, between opposite sides of one market.
    FairPrice,
    /// What left the exchange stays true: no fact concerns an order that is filled or cancelled.
    OutsideFacts,
    /// No process believes in more than the facts say, nor does the ledger.
    Books,
    /// A floor introduces no order before its last introduction has ended.
    OneIntroduction,
    /// No process dies without an injected fault: a process that fails by itself is a bug.
    NoBug,
    /// A party in doubt resolves its deal with the ledger alone, whatever becomes of the other party.
    Solo,
    /// From every state, a settled state is reachable.
    CanResolve,
    /// Once faults stop, every run settles.
    Drain,
    /// With one command at a time, the trades are those of price-time priority.
    Priority,
    /// No order enters or is replaced at a price that its market rejects: beyond the collar at the time of
    /// validation, or zero and below in a market without negative prices.
    PriceRules,
    /// Every acknowledged answer is still true after any crash, and happened once; a command is answered by its own
    /// facts.
    Told,
    /// What is read back is what was written; damage is reported, and reporting changes nothing.
    Kept,
}

impl Law {
    /// Every law of the handshake. ([`Law::PriceRules`] is of validation; [`Law::Told`] and [`Law::Kept`]
    /// are of a service and its disk: the simulator's.)
    pub const ALL: [Law; 13] = [
        Law::NoOverfill,
        Law::Agreement,
        Law::Awareness,
        Law::Conservation,
        Law::FairPrice,
        Law::OutsideFacts,
        Law::Books,
        Law::OneIntroduction,
        Law::NoBug,
        Law::Solo,
        Law::CanResolve,
        Law::Drain,
        Law::Priority,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Law::NoOverfill => "no-overfill",
            Law::Agreement => "agreement",
            Law::Awareness => "awareness",
            Law::Conservation => "conservation",
            Law::FairPrice => "fair-price",
            Law::OutsideFacts => "outside-facts",
            Law::Books => "books",
            Law::OneIntroduction => "one-introduction",
            Law::NoBug => "no-bug",
            Law::Solo => "solo",
            Law::CanResolve => "can-settle",
            Law::Drain => "drain",
            Law::Priority => "priority",
            Law::PriceRules => "price-rules",
            Law::Told => "told",
            Law::Kept => "kept",
        }
    }
}

/// A broken law, and how it was broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken {
    /// The law.
    pub law: Law,
    /// The observation.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.law, self.what)
    }
}

impl std::error::Error for Broken {}
