//! Charts: executable message sequence charts. One file is a test, a document and a picture.
//!
//! ```text
//! a incoming trades at the resting price, and its rest stays open
//! given
//!   bob sells 4 @ 100
//!   ann buys 10 @ 101
//! then
//!   floor  -> bob     introduce ann 10 @ 101
//!   ...
//! leaves
//!   ann  open 6  held 0  filled 4
//! ```
//!
//! The first line is the claim. `given` is the commands, one per line, in one market of whole ticks and
//! lots unless a line says `in M1`. Each waits until no message is left, or comes `after` or `before` a
//! message: `kill bob after accept`, `bob cancels before 2nd record`. `then` is all that happens from
//! the last line without a position on; `then only introduce traded` shows these alone. `leaves` is
//! the state of each order at the end. [`bless`] rewrites `then` and `leaves` from a run.
//!
//! | line of `given` | meaning |
//! |---|---|
//! | `ann buys 4 @ 100` | an order named `ann`, of an account of the same name |
//! | `... ioc`, `... in M1`, `... for eve`, `... id 7` | immediate-or-cancel; market; account; client's own id |
//! | `release ann` | the operator releases a suspended order |
//! | `ann cancels`, `eve cancels ann` | a cancel by its owner, or by another account |
//! | `ann replaces 5 @ 101`, `eve replaces ann 5 @ 101` | a replace: its new size and limit |
//! | `kill ann`, `kill floor`, `kill ledger`, `kill orders` | kills a process between two steps |
//! | `kill world` | power loss: facts of the last command that were not durable are lost, and it is submitted again |
//! | `prices above zero` | every market's rule from its opening on; otherwise it accepts every price |
//! | `collar 10% around 100`, `collar 10 around 100` | every market's collar from its opening on, in percent or ticks |
//! | `a second passes` | advances time, so that earlier restarts no longer count |
//!
//! A chart runs in the order of sending, as the live exchange does, with all safety laws checked after each step
//! and the law of drain at the end.

mod bless;
mod commands;
mod draw;
mod parse;
mod play;

use std::fmt;

use protocol::MarketSpec;

use crate::world::market_spec;

pub use bless::{Difference, bless, compare, files};
pub use checker::chart::{Arrow, Picture, Row};
pub use draw::{Called, Drawing, fact_text};
pub use parse::{Act, Given, Position};
pub use play::Played;

/// A parsed chart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chart {
    /// Its claim: a sentence about the market.
    pub title: String,
    /// Commands and faults.
    pub given: Vec<Given>,
    /// First words of the messages and facts to show; empty for all.
    pub only: Vec<String>,
    /// The rows of `then`, as text.
    pub then: Vec<String>,
    /// The rows of `leaves`, as text.
    pub leaves: Vec<String>,
}

/// An error in a chart's text or run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChartError {
    /// Line in the text, from 1; 0 for none.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for ChartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.what),
            line => write!(f, "line {line}: {}", self.what),
        }
    }
}

impl std::error::Error for ChartError {}

impl Chart {
    /// The rules of the market with this number.
    pub fn market(&self, number: u16) -> MarketSpec {
        self.given.iter().fold(market_spec(number), |spec, given| match given.act {
            Act::AboveZero => MarketSpec { negative_prices: false, ..spec },
            Act::Collar(collar) => MarketSpec { collar: Some(collar), ..spec },
            _ => spec,
        })
    }
}

impl fmt::Display for Chart {
    /// The chart's text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\ngiven", self.title)?;
        self.given.iter().try_for_each(|given| writeln!(f, "  {}", given.text))?;
        match self.only.is_empty() {
            true => writeln!(f, "then")?,
            false => writeln!(f, "then only {}", self.only.join(" "))?,
        }
        self.then.iter().try_for_each(|row| writeln!(f, "  {row}"))?;
        writeln!(f, "leaves")?;
        self.leaves.iter().try_for_each(|row| writeln!(f, "  {row}"))
    }
}
