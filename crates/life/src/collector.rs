//! A collector: asks the eight neighbours of one cell for their content at one time, reports the
//! cell's next content, and ends. It lives for one step of its cell and is linked to it.
//!
//! It must never answer anybody else, and knows no more of a neighbour than its name.

use kernel::{Event, Out, Pid, Reason};

use crate::being::Being;
use crate::say::Say;
use crate::torus::{Torus, Way};

/// All eight ways, a bit each.
const ALL: u8 = u8::MAX;

/// A collector at work.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Collector {
    cell: Pid,
    place: u32,
    torus: Torus,
    at: u32,
    /// The cell's own content at that time.
    alive: bool,
    /// Who has answered, a bit for each way.
    answered: u8,
    /// How many of them are alive.
    neighbours: u8,
    /// The earliest checkpoint among theirs.
    kept: u32,
}

impl Collector {
    /// A collector for the step of a cell from time `at`, at which its content is `alive`.
    pub fn new(cell: Pid, place: u32, torus: Torus, at: u32, alive: bool) -> Collector {
        Collector { cell, place, torus, at, alive, answered: 0, neighbours: 0, kept: u32::MAX }
    }

    /// The cell for which it asks.
    pub fn cell(&self) -> Pid {
        self.cell
    }

    pub(crate) fn handle(&mut self, event: Event<&Say>, out: &mut Out<Being>) {
        match event {
            Event::Message { message: &Say::Answer { way, alive, kept }, .. } => {
                self.on_answer(way, alive, kept, out);
            }
            Event::Message { message: &Say::Again { way }, .. } => self.on_again(way, out),
            Event::Start => self.on_start(out),
            // It traps no exits, monitors nobody and sets no timers; the rest is said to others.
            Event::Message { .. }
            | Event::Exit { .. }
            | Event::Down { .. }
            | Event::Timer { .. } => {}
        }
    }

    fn on_start(&mut self, out: &mut Out<Being>) {
        let neighbours = self.torus.neighbours(self.place);
        for (way, place) in Way::ALL.into_iter().zip(neighbours) {
            out.send_to(Torus::name(place), Say::Ask { at: self.at, way });
        }
    }

    #[inline]
    fn on_answer(&mut self, way: Way, alive: bool, kept: u32, out: &mut Out<Being>) {
        let bit = 1 << (way.0 & 7);
        if self.answered & bit != 0 {
            return; // asked once more, and answered twice
        }
        self.answered |= bit;
        self.neighbours += u8::from(alive);
        self.kept = self.kept.min(kept);
        if self.answered == ALL {
            let alive = next(self.alive, self.neighbours);
            out.send(self.cell, Say::Report { alive, kept: self.kept });
            out.exit(Reason::Normal);
        }
    }

    /// A neighbour is back from a death, which may have taken the question with it.
    fn on_again(&mut self, way: Way, out: &mut Out<Being>) {
        let way = Way(way.0 & 7);
        if self.answered & 1 << way.0 == 0 {
            let place = self.torus.neighbours(self.place)[usize::from(way.0)];
            out.send_to(Torus::name(place), Say::Ask { at: self.at, way });
        }
    }
}

/// Conway's rule: alive next with three living neighbours, or with two if it is alive.
#[inline]
pub fn next(alive: bool, neighbours: u8) -> bool {
    neighbours == 3 || alive && neighbours == 2
}
