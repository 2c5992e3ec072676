//! A path through the states, gone again and drawn as a chart. It judges nothing.

use units::OrderId;
use words::Say;

use super::{State, Step, World};
use crate::chart::{Drawing, Picture};

/// Goes a path from a world's start and draws it.
pub fn draw(world: &World, title: &str, path: &[Step]) -> Picture {
    let mut pencil = Pencil::new(world);
    for step in path {
        pencil.take(step);
    }
    pencil.picture(title)
}

/// Draws steps as they are taken.
pub(super) struct Pencil {
    pub(super) state: State,
    drawing: Drawing,
}

impl Pencil {
    pub(super) fn new(world: &World) -> Pencil {
        Pencil { state: world.start(), drawing: Drawing::default() }
    }

    pub(super) fn take(&mut self, step: &Step) {
        match step {
            Step::Ask(line) => {
                let number = self.state.number_of(*line);
                if let Some(name) = self.state.names_order(*line) {
                    self.drawing.names.call(OrderId(number.0), &name);
                }
                if let Some(ask) = self.state.ask_of(*line) {
                    self.drawing.ask(number, &ask);
                }
            }
            Step::Again(line) => {
                if let Some((number, ask)) = self.state.asked(*line) {
                    self.drawing.ask(number, &ask);
                }
            }
            Step::Sync => self.drawing.note("the disk has it; clients are told"),
            Step::Die(kept) => {
                let lost = self.state.written() - kept;
                self.drawing.note(&format!("x the world dies, and {lost} asks are lost"));
            }
            Step::Deliver { .. } | Step::Tick | Step::Kill(_) => {}
        }
        let seen = self.state.take(step);
        self.drawing.take(self.state.stage(), &seen);
        for broken in self.state.broken() {
            self.drawing.note(&format!("! {}: {}", broken.law.name(), broken.what));
        }
    }

    /// A message's first word, as charts write it.
    pub(super) fn first_word(&self, say: &Say) -> String {
        say.text(&self.drawing.names).split(' ').next().unwrap_or_default().to_owned()
    }

    pub(super) fn picture(self, title: &str) -> Picture {
        Picture::of(title, self.drawing.rows())
    }
}
