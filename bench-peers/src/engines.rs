//! One way to feed them all. Each engine is used through its own fastest public call, with commands
//! made beforehand in its own types.

pub mod matchcore;
pub mod orderbook_rs;
pub mod ours;
pub mod plain;

use crate::report::Sink;
use crate::script::Script;

/// An engine under test.
pub trait Engine {
    /// What it is fed, in its own types.
    type Command;

    /// As the tables name it.
    const NAME: &'static str;

    /// The script in its own types, and how many commands place the standing book. Not timed.
    fn translate(script: &Script) -> (Vec<Self::Command>, usize);

    /// An empty book, with capacity for the script's orders where the engine lets it be reserved.
    fn new(script: &Script) -> Self;

    /// Does what the commands say and reports all that happens. Timed.
    fn feed(&mut self, commands: &[Self::Command], sink: &mut impl Sink);
}
