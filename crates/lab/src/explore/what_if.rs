//! What could go wrong here? A world runs as it does live, somebody dies at an arrow, and what the others do
//! then is drawn to its end, under the laws.

use std::fmt;

use protocol::Message;
use units::OrderId;

use super::draw::Pencil;
use super::{State, Step, World};
use crate::chart::Picture;
use crate::world::{Who, message};

/// More steps than a small world can need.
const ENOUGH: usize = 10_000;

/// A death at an arrow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WhatIf {
    /// Who: an order by name, `maker`, `incoming`, `floor`, `ledger`, `orders`, `world`.
    pub who: String,
    /// Before the message is delivered, not after.
    pub before: bool,
    /// The message's first word.
    pub word: String,
    /// Which one of these, from 1.
    pub nth: usize,
}

impl fmt::Display for WhatIf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = if self.before { "before" } else { "after" };
        write!(f, "{} dies {when} {}", self.who, self.word)?;
        if self.nth > 1 { write!(f, " no. {}", self.nth) } else { Ok(()) }
    }
}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Aftermath {
    /// All that happened.
    pub picture: Picture,
    /// The first law that was broken, and how.
    pub broken: Option<String>,
}

/// Why it cannot be shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoSuchDeath {
    /// No such message is ever delivered; these are.
    NoArrow(Vec<String>),
    /// There is nobody of that name at that moment; these there are.
    Nobody(Vec<String>),
}

impl fmt::Display for NoSuchDeath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoSuchDeath::NoArrow(words) => {
                write!(f, "it never comes to that message; these come: {}", words.join(", "))
            }
            NoSuchDeath::Nobody(names) => {
                write!(f, "nobody of that name is alive then; these are: {}", names.join(", "))
            }
        }
    }
}

impl std::error::Error for NoSuchDeath {}

impl World {
    /// Runs it as it goes live, with this death in it, to the end.
    ///
    /// # Errors
    ///
    /// If it never comes to that message, or nobody of that name is alive then.
    pub fn what_if(&self, death: &WhatIf) -> Result<Aftermath, NoSuchDeath> {
        let world = if death.who == "world" { self.clone().may_die() } else { self.clone() };
        let mut pencil = Pencil::new(&world.faults(1));
        let mut words: Vec<String> = Vec::new();
        let mut broken = None;
        let mut is_over = false;
        for _ in 0..ENOUGH {
            let Some(step) = pencil.state.next_in_order() else { break };
            let said = match step {
                Step::Deliver { .. } => pencil.state.stage().first().and_then(message).copied(),
                _ => None,
            };
            let word = said.map(|say| pencil.first_word(&say));
            let is_here = !is_over && word.as_ref() == Some(&death.word) && {
                1 + words.iter().filter(|other| **other == death.word).count() == death.nth
            };
            let victim = is_here.then(|| victim(&pencil.state, &death.who, said.as_ref()));
            words.extend(word);
            let mut steps = vec![step];
            if let Some(victim) = victim {
                is_over = true;
                let kill = victim.ok_or_else(|| NoSuchDeath::Nobody(living(&pencil.state)))?;
                // What was on its way to who dies first is lost by that.
                let at = if death.before { 0 } else { 1 };
                steps.insert(at, kill);
                if death.before {
                    steps.truncate(1);
                }
            }
            for step in steps {
                pencil.take(&step);
                let law = pencil.state.broken().first();
                broken = broken.or_else(|| law.map(ToString::to_string));
            }
        }
        if !is_over {
            words.sort();
            words.dedup();
            return Err(NoSuchDeath::NoArrow(words));
        }
        let broken = broken.or_else(|| super::laws::ends_well(&pencil.state).err());
        Ok(Aftermath { picture: pencil.picture(&format!("{}: {death}", self.name)), broken })
    }
}

/// The step in which somebody dies, if they are there.
fn victim(state: &State, who: &str, said: Option<&Message>) -> Option<Step> {
    let mut found = None;
    let deal = said.and_then(Message::deal);
    let introduced = said.and_then(|say| match say {
        Message::Introduce { order, .. } => Some(*order),
        _ => None,
    });
    let receiver = state.stage().first().map(|envelope| state.stage().who(envelope.to));
    let wanted = match (who, deal) {
        ("world", _) => return Some(Step::Die(state.written())),
        ("maker", Some(deal)) => Some(Who::Order(deal.maker)),
        ("incoming" | "taker", Some(deal)) => Some(Who::Order(deal.taker)),
        ("maker", None) if introduced.is_some() => receiver,
        ("incoming" | "taker", None) => introduced.map(Who::Order),
        _ => None,
    };
    mortals(state, |victim, name| {
        if wanted == Some(victim) || wanted.is_none() && name == who {
            found = Some(Step::Kill(victim));
        }
    });
    found
}

fn mortals(state: &State, mut each: impl FnMut(Who, &str)) {
    let orders: Vec<OrderId> = state.stage().processes().map(|(_, order)| order).collect();
    for order in orders {
        each(Who::Order(order), &state.name_of(order));
    }
    for (market, _) in state.stage().exchange().markets() {
        each(Who::Floor(market), "floor");
        each(Who::Orders(market), "orders");
    }
    each(Who::Ledger, "ledger");
}

fn living(state: &State) -> Vec<String> {
    let mut names = Vec::new();
    mortals(state, |_, name| names.push(name.to_owned()));
    names.push("world".to_owned());
    names
}
