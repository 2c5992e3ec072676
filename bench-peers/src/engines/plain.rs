//! The plain book as an engine.

use protocol::Command;

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
    type Command = Command;

    const NAME: &'static str = "plain BTreeMap";

    fn translate(script: &Script) -> (Vec<Command>, usize) {
        (script.commands.clone(), script.standing)
    }

    fn new(script: &Script) -> PlainEngine {
        PlainEngine { book: Plain::new(script.standing.max(script.resting)), next: FIRST }
    }

    fn feed(&mut self, commands: &[Command], sink: &mut impl Sink) {
        for command in commands {
            self.book.submit(self.next, command, sink);
            self.next += 1;
        }
    }
}
