//! A collector: asks each neighbour of one cell for its content at one time, reports the cell's next
//! content, and ends. It lives for one step of its cell and is linked to it.
//!
//! It must never answer any other process, and knows no more of a neighbour than its name.

use kernel::{Event, Out, Pid, Reason};

use crate::being::Being;
use crate::message::Message;
use crate::mutation::COUNTS_TWICE;
use crate::torus::{Torus, Ways};

/// A collector at work.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Collector {
    cell: Pid,
    place: u32,
    torus: Torus,
    at: u32,
    /// The cell's own content at that time.
    alive: bool,
    /// The ways with an answer.
    answered: Ways,
    /// Number of living neighbours so far.
    neighbours: u8,
    /// The earliest checkpoint of the neighbours so far.
    kept: u32,
}

impl Collector {
    /// A collector for the step of a cell from time `at`, at which its content is `alive`.
    pub fn new(cell: Pid, place: u32, torus: Torus, at: u32, alive: bool) -> Collector {
        let (answered, neighbours, kept) = (Ways::NONE, 0, u32::MAX);
        Collector { cell, place, torus, at, alive, answered, neighbours, kept }
    }

    /// The cell of this step.
    pub fn cell(&self) -> Pid {
        self.cell
    }

    pub(crate) fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Being>) {
        match event {
            Event::Message { message: &Message::Answer { ways, alive, kept }, .. } => {
                self.on_answer(ways, alive, kept, out);
            }
            // A neighbour has restarted, and may have lost the question.
            Event::Message { message: &Message::Again { ways }, .. } => self.ask(ways, out),
            Event::Start => self.ask(Ways::ALL, out),
            // It traps no exits, has no monitors and no timers; the other messages go to cells and readers.
            Event::Message { .. }
            | Event::Exit { .. }
            | Event::Down { .. }
            | Event::Timer { .. } => {}
        }
    }

    /// Asks each neighbour on these ways that has not answered: once, however many ways lead there.
    #[inline]
    fn ask(&self, ways: Ways, out: &mut Out<Being>) {
        let ways = ways.without(self.answered);
        for (to, place) in self.torus.around(self.place) {
            if to.meets(ways) {
                out.send_to(Torus::name(place), Message::Ask { at: self.at, ways: to });
            }
        }
    }

    #[inline]
    fn on_answer(&mut self, ways: Ways, alive: bool, kept: u32, out: &mut Out<Being>) {
        let known = if COUNTS_TWICE.is_on() { Ways::NONE } else { self.answered };
        let new = ways.without(known);
        if new == Ways::NONE {
            return; // asked once more, and answered twice
        }
        self.answered.0 |= new.0;
        self.neighbours += if alive { new.count() } else { 0 };
        self.kept = self.kept.min(kept);
        if self.answered == Ways::ALL {
            let alive = next(self.alive, self.neighbours);
            out.send(self.cell, Message::Report { alive, kept: self.kept });
            out.exit(Reason::Normal);
        }
    }
}

/// Conway's rule: alive next with three living neighbours, or with two if it is alive.
#[inline]
pub fn next(alive: bool, neighbours: u8) -> bool {
    neighbours == 3 || alive && neighbours == 2
}
