//! A reader: asks one cell one question from outside, and holds the answer until it is fetched.
//!
//! No process may send it a question: it belongs to the edge.

use kernel::{Event, Out};

use crate::being::Being;
use crate::cell::hear_of_returns;
use crate::message::Message;
use crate::torus::Torus;

/// A reader.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Reader {
    place: u32,
    /// [`Message::Get`] or [`Message::Tell`].
    question: Message,
    answer: Option<Message>,
}

impl Reader {
    /// A reader for the cell at this place.
    pub(crate) fn new(place: u32, question: Message) -> Reader {
        Reader { place, question, answer: None }
    }

    /// The cell's answer.
    pub fn answer(&self) -> Option<Message> {
        self.answer
    }

    pub(crate) fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Being>) {
        match event {
            Event::Start => {
                hear_of_returns(self.place, out);
                self.ask(out);
            }
            Event::Message { message, .. } => match message {
                Message::Was { .. } | Message::Forgotten { .. } | Message::Past { .. } => {
                    self.answer.get_or_insert(*message);
                }
                // The cell, or another that shares its topic, has restarted.
                Message::Here { .. } => self.ask(out),
                Message::Set { .. }
                | Message::Run { .. }
                | Message::Pause
                | Message::Ask { .. }
                | Message::Answer { .. }
                | Message::Report { .. }
                | Message::Again { .. }
                | Message::Get { .. }
                | Message::Tell { .. } => {}
            },
            Event::Exit { .. } | Event::Down { .. } | Event::Timer { .. } => {}
        }
    }

    fn ask(&self, out: &mut Out<Being>) {
        if self.answer.is_none() {
            out.send_to(Torus::name(self.place), self.question);
        }
    }
}
