//! The laws of the handshake, as functions over a world that is seen from outside, and runs under
//! faults in which they are checked after every delivery. Each law has its *sometimes*: states
//! that put it to the test and must be reached. Nothing here may change what it looks at.
//!
//! | room | holds |
//! |---|---|
//! | `history` | the facts, folded apart from the ledger, each judged by the rules of trade |
//! | `safety` | what holds between any two steps |
//! | `drain` | what holds once faults have stopped and everything has run |
//! | `sometimes` | the states that must be reached |
//! | `plan` | what a seed makes of a run |
//! | `rows` | what can go wrong in a deal: the table, and where a run has come through it |
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
    /// Done means recorded, void means never recorded, now or later; a deal's name is used once.
    Agreement,
    /// Both parties of a trade have it in hold or in done, for the same lots.
    Awareness,
    /// An order's lots are open, held, done or cancelled, and together its size.
    Conservation,
    /// A trade is at the maker's price, within both limits, between opposite sides of one market.
    FairPrice,
    /// What was told outside stays true: no fact concerns an order that is filled or has left.
    OutsideFacts,
    /// Nobody believes in more than the facts say, nor does the ledger.
    Books,
    /// A floor introduces nobody before its last introduction has ended.
    OneIntroduction,
    /// Nobody dies but by force: a process that fails is a bug.
    NoBug,
    /// A party in doubt settles with the ledger alone, whatever becomes of the other party.
    Solo,
    /// From every state one can be reached in which all is settled.
    CanResolve,
    /// Once faults stop, everything settles: every run comes to an end, and a good one.
    Drain,
    /// One command at a time: the trades are those of price-time priority.
    Priority,
    /// No order enters, and none is replaced, at a price that its market does not take: beyond the collar when
    /// the door let it in, or zero and below in a market without negative prices.
    PriceRules,
    /// What was told is still there after any crash, and is there once; a command is answered by what it
    /// brought about.
    Told,
    /// What is read back is what was written; damage is named, and nothing is changed by it.
    Kept,
}

impl Law {
    /// Every law of the handshake. ([`Law::PriceRules`] is of the door; [`Law::Told`] and [`Law::Kept`]
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

    /// Its name, as the command writes it.
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

/// A law that does not hold, and in what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken {
    /// Which.
    pub law: Law,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.law, self.what)
    }
}

impl std::error::Error for Broken {}
