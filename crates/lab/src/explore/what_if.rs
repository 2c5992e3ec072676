//! A run with one crash: a world runs as the live exchange does, a process dies at an arrow, and the reaction of the
//! others is drawn to the end, under the laws.

use std::fmt;

use protocol::Message;
use units::OrderId;

use super::draw::Pencil;
use super::{State, Step, World};
use crate::chart::Picture;
use crate::world::{Who, message};

/// More steps than a small world can need.
const ENOUGH: usize = 10_000;

/// A crash at an arrow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WhatIf {
    /// The process: an order by name, `maker`, `incoming`, `floor`, `ledger`, `orders`, `world`.
    pub who: String,
    /// Before the message is delivered, instead of after.
    pub before: bool,
    /// The message's first word.
    pub word: String,
    /// Its count, from 1.
    pub nth: usize,
}

impl fmt::Display for WhatIf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = if self.before { "before" } else { "after" };
        write!(f, "{} dies {when} {}", self.who, self.word)?;
        if self.nth > 1 { write!(f, " no. {}", self.nth) } else { Ok(()) }
    }
}

/// Result of the run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Aftermath {
    /// All that happened.
    pub picture: Picture,
    /// The first broken law, and how.
    pub broken: Option<String>,
}

/// Why the crash cannot be shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoSuchDeath {
    /// No such message is ever delivered; these are.
    NoArrow(Vec<String>),
    /// No process of that name is alive at that moment; these are.
    NoProcess(Vec<String>),
}

impl fmt::Display for NoSuchDeath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoSuchDeath::NoArrow(words) => {
                write!(f, "that message is never delivered; these are: {}", words.join(", "))
            }
            NoSuchDeath::NoProcess(names) => {
                write!(f, "no process of that name is alive then; these are: {}", names.join(", "))
            }
        }
    }
}

impl std::error::Error for NoSuchDeath {}

impl World {
    /// Runs it as the live exchange would, with this crash, to the end.
    ///
    /// # Errors
    ///
    /// If that message is never delivered, or no process of that name is alive then.
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
                let kill = victim.ok_or_else(|| NoSuchDeath::NoProcess(living(&pencil.state)))?;
                // Signals in flight to the process that dies first are lost by that.
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

/// The step of the crash, if the process is alive.
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
