//! A path through the states, replayed and drawn as a chart. It checks nothing.

use std::collections::BTreeMap;

use protocol::{Deal, Fact, Message, Names};
use units::OrderId;

use super::{State, Step, World};
use crate::chart::{Drawing, Picture};
use crate::world::{Observed, Who, message};

/// Replays a path from a world's start and draws it.
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
    /// Orders by what facts say of them.
    fates: BTreeMap<OrderId, Fate>,
}

/// The state of an order by the facts.
enum Fate {
    /// It is open.
    Open {
        /// Its open lots.
        quantity: u64,
    },
    /// This deal traded its last lots.
    Filled(Deal),
    /// It was cancelled, by its owner or for want of a match.
    Left,
}

impl Pencil {
    pub(super) fn new(world: &World) -> Pencil {
        Pencil { state: world.start(), drawing: Drawing::default(), fates: BTreeMap::new() }
    }

    pub(super) fn take(&mut self, step: &Step) {
        match step {
            Step::Ask(line) => {
                let number = self.state.number_of(*line);
                if let Some(name) = self.state.names_order(*line) {
                    self.drawing.names.call(OrderId(number.0), &name);
                }
                if let Some(command) = self.state.command_of(*line) {
                    self.drawing.command(number, &command);
                }
            }
            Step::Again(line) => {
                if let Some((number, command)) = self.state.asked(*line) {
                    self.drawing.command(number, &command);
                }
            }
            Step::Sync => self.drawing.note("the disk has it; clients are told"),
            Step::Die(kept) => {
                let lost = self.state.written() - kept;
                self.drawing.note(&format!("x the world dies, and {lost} commands are lost"));
            }
            Step::Deliver { .. } | Step::Tick | Step::Kill(_) => {}
        }
        let seen = self.state.take(step);
        self.drawing.take(self.state.stage(), &seen);
        for event in &seen {
            self.explain(event);
        }
        for broken in self.state.broken() {
            self.drawing.note(&format!("! {}: {}", broken.law.name(), broken.what));
        }
    }

    /// Explains why the ledger answered that an order is unknown, which the message alone does not show.
    fn explain(&mut self, event: &Observed) {
        match event {
            Observed::Recorded(_, fact) => self.follow(fact),
            Observed::Delivered(envelope)
                if matches!(message(envelope), Some(Message::Unknown)) =>
            {
                let Who::Order(order) = self.state.stage().who(envelope.to) else { return };
                let name = self.drawing.names.order(order);
                let why = match self.fates.get(&order) {
                    None => "no fact entered it".to_owned(),
                    Some(Fate::Filled(deal)) => {
                        format!("{} filled it", self.drawing.names.deal(*deal))
                    }
                    Some(Fate::Left) => "it was cancelled".to_owned(),
                    Some(Fate::Open { .. }) => return, // a law reports that
                };
                let text =
                    format!("why {name} is unknown: the ledger keeps open orders only, and {why}");
                self.drawing.note(&text);
            }
            _ => {}
        }
    }

    fn follow(&mut self, fact: &Fact) {
        match *fact {
            Fact::Entered(entered) => {
                self.fates.insert(entered.order, Fate::Open { quantity: entered.new.quantity.0 });
            }
            Fact::Traded { deal, quantity: traded, .. } => {
                for order in [deal.maker, deal.taker] {
                    if let Some(Fate::Open { quantity }) = self.fates.get_mut(&order) {
                        *quantity = quantity.saturating_sub(traded.0);
                        if *quantity == 0 {
                            self.fates.insert(order, Fate::Filled(deal));
                        }
                    }
                }
            }
            // The new size includes traded lots; the open lots are in the ledger.
            Fact::Replaced { order, .. } => {
                let line = self.state.stage().ledger().order(order);
                if let Some(line) = line.filter(|line| line.is_open()) {
                    self.fates.insert(order, Fate::Open { quantity: line.size.0 - line.filled.0 });
                }
            }
            Fact::Cancelled { order, .. } => {
                self.fates.insert(order, Fate::Left);
            }
            _ => {}
        }
    }

    /// A message's first word, as charts write it.
    pub(super) fn first_word(&self, say: &Message) -> String {
        say.text(&self.drawing.names).split(' ').next().unwrap_or_default().to_owned()
    }

    pub(super) fn picture(self, title: &str) -> Picture {
        Picture::of(title, self.drawing.rows())
    }
}
