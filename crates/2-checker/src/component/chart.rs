//! A game as the rows of a message sequence chart, and the report of one that failed.

use std::fmt;

use super::model::{Effect, EffectOf, Input, InputOf, Model};
use super::play::Crash;
use kernel::Pid;

/// The rows of a game.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chart {
    rows: Vec<(String, String)>,
}

impl Chart {
    pub(crate) fn text(&self) -> String {
        let arrows = self.rows.iter().filter(|(_, what)| !what.is_empty());
        let width = arrows.map(|(who, _)| who.chars().count()).max().unwrap_or(0);
        let row = |(who, what): &(String, String)| {
            format!("  {who:width$}  {what}").trim_end().to_owned() + "\n"
        };
        self.rows.iter().map(row).collect()
    }

    fn arrow(&mut self, from: &str, arrow: &str, to: &str, what: String) {
        self.rows.push((format!("{from} {arrow} {to}"), what));
    }

    fn remark(&mut self, what: String) {
        self.rows.push((what, String::new()));
    }

    pub(crate) fn input<M: Model>(&mut self, model: &M, input: &InputOf<M::Process>) {
        let to = model.itself();
        match input {
            Input::Start => self.remark(format!("{to} starts")),
            Input::Says { from, message } => {
                self.arrow(&model.name(*from), "->", to, model.text(message));
            }
            Input::Dies { who, reason } => {
                self.remark(format!("x {} dies: {reason}", model.name(*who)));
            }
            Input::Hears { of } => self.arrow(&model.name(*of), "->", to, "down".to_owned()),
            Input::Exits { from, reason } => {
                self.arrow(&model.name(*from), "->", to, format!("exit: {reason}"));
            }
            Input::Fires { token } => self.remark(format!("timer {token} of {to} fires")),
        }
    }

    pub(crate) fn done<M: Model>(&mut self, model: &M, me: Pid, done: &[EffectOf<M::Process>]) {
        let called = |who: Pid| match who == me {
            true => model.itself().to_owned(),
            false => model.name(who),
        };
        let from = model.itself();
        for did in done {
            match did {
                Effect::Says { to, message } => {
                    self.arrow(from, "->", &called(*to), model.text(message));
                }
                Effect::Signals { to, reason } => {
                    self.arrow(from, "->", &called(*to), format!("exit: {reason}"));
                }
                Effect::Records(fact) => self.arrow(from, "=>", "log", format!("{fact:?}")),
                Effect::Notes(Some(note)) => self.arrow(from, "=>", "note", format!("{note:?}")),
                Effect::Notes(None) => self.arrow(from, "=>", "note", "nothing".to_owned()),
                Effect::Watches(who) => self.remark(format!("{from} watches {}", called(*who))),
                Effect::Unwatches(who) => {
                    self.remark(format!("{from} watches {} no more", called(*who)));
                }
                Effect::Begins { who, incarnation, .. } => {
                    let who = called(*who);
                    self.remark(format!("{from} begins life {incarnation} of {who}"));
                }
                Effect::Ends { who, reason } => {
                    self.remark(format!("{from} ends {}: {reason}", called(*who)));
                }
                Effect::Exits(reason) => self.remark(format!("x {from} ends: {reason}")),
                Effect::Bids { supervisor, control } => {
                    self.arrow(from, "->", &called(*supervisor), format!("{control:?}"));
                }
                other => self.remark(format!("{from} does {other:?}")),
            }
        }
    }

    pub(crate) fn killed<M: Model>(&mut self, model: &M, lost: &[EffectOf<M::Process>]) {
        for did in lost {
            if let Effect::Says { to, message } = did {
                let (from, to) = (model.itself(), model.name(*to));
                self.arrow(from, "-x", &to, model.text(message) + ", lost");
            }
        }
        self.remark(format!("x {} is killed", model.itself()));
    }

    pub(crate) fn again<M: Model>(&mut self, model: &M) {
        self.remark(format!("{} comes back", model.itself()));
    }
}

/// A game in which a process diverged from its model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// What differs in the game's last step.
    pub what: String,
    /// The game, as the rows of a chart.
    pub rows: String,
    /// The choices that reproduce it, with [`play`](super::play).
    pub choices: Vec<u16>,
    /// The point at which the process was killed.
    pub crash: Option<Crash>,
    /// The seed that the choices were drawn from, if they were.
    pub seed: Option<u64>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { what, rows, choices, crash, seed } = self;
        if let Some(seed) = seed {
            write!(f, "seed {seed}, ")?;
        }
        write!(f, "choices {choices:?}")?;
        if let Some(Crash { after, sent }) = crash {
            write!(f, ", killed after input {after} and message {sent} of its answer")?;
        }
        write!(f, "\n{rows}{what}")
    }
}

impl std::error::Error for Failure {}
