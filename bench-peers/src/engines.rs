//! One interface for all engines. Each is used through its own fastest public call, with commands
//! converted to its own types in advance.

pub mod matchcore;
pub mod orderbook_rs;
pub mod ours;
pub mod plain;

use crate::report::Sink;
use crate::script::Script;

/// An engine under test.
pub trait Engine {
    /// A command in its own types.
    type Command;

    /// Its name in tables.
    const NAME: &'static str;

    /// The script in its own types, and how many commands place the standing book. Not timed.
    fn translate(script: &Script) -> (Vec<Self::Command>, usize);

    /// An empty book, with capacity for the script's orders where the engine lets it be reserved.
    fn new(script: &Script) -> Self;

    /// Runs the commands and reports every result. Timed.
    fn feed(&mut self, commands: &[Self::Command], sink: &mut impl Sink);
}
