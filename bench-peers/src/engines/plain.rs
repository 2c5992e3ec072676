//! The yardstick, fed.

use protocol::Ask;

use crate::engines::Engine;
use crate::plain::Plain;
use crate::report::Sink;
use crate::script::{FIRST, Script};

/// A plain `BTreeMap` book of ours.
pub struct PlainEngine {
    book: Plain,
    next: u64,
}

impl Engine for PlainEngine {
    type Command = Ask;

    const NAME: &'static str = "plain BTreeMap";

    fn translate(script: &Script) -> (Vec<Ask>, usize) {
        (script.asks.clone(), script.standing)
    }

    fn new(script: &Script) -> PlainEngine {
        PlainEngine { book: Plain::new(script.standing.max(script.resting)), next: FIRST }
    }

    fn feed(&mut self, commands: &[Ask], sink: &mut impl Sink) {
        for ask in commands {
            self.book.ask(self.next, ask, sink);
            self.next += 1;
        }
    }
}
