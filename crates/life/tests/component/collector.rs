//! The collector's protocol: whom it asks, when it asks again, and what it reports. Its cell and the
//! neighbours are played: they answer in any order, twice, and die.

use checker::component::{
    Effect, EffectOf, Expected, Input, InputOf, Model, Stage, Transition, transition,
};
use kernel::{NoStateMachine, Node, Pid, Reason, Restart};
use life::{Being, Collector, Memory, Message, Role, Torus, Ways};

use crate::around::{self, Neighbour};

/// It asks for a cell at this time, which was alive or not then.
const AT: u32 = 5;
const PLACE: u32 = 0;

#[derive(Clone, Debug)]
pub(crate) struct Collecting {
    torus: Torus,
    alive: bool,
    cell: Pid,
    /// By place, with the first answer of each: alive, and its checkpoint then.
    neighbours: Vec<(Neighbour, Option<(bool, u32)>)>,
}

impl Collecting {
    pub(crate) fn on(width: u16, height: u16, alive: bool) -> Collecting {
        let torus = Torus::new(width, height).unwrap();
        Collecting { torus, alive, cell: Pid::OUTSIDE, neighbours: Vec::new() }
    }

    fn asks(neighbour: &Neighbour) -> Expected<EffectOf<Being>> {
        let message = Message::Ask { at: AT, ways: neighbour.ways };
        Expected::One(Effect::Says { to: neighbour.pid, message })
    }

    /// Conway's rule, and the earliest checkpoint, once all have answered.
    fn report(&self) -> Option<Message> {
        let answers: Option<Vec<_>> =
            self.neighbours.iter().map(|(n, answer)| Some((n.ways.0, (*answer)?))).collect();
        let answers = answers?;
        let living = answers.iter().filter(|(_, (alive, _))| *alive);
        let alive = match living.map(|(ways, _)| ways.count_ones()).sum::<u32>() {
            3 => true,
            2 => self.alive,
            _ => false,
        };
        let kept = answers.iter().map(|(_, (_, kept))| *kept).min()?;
        Some(Message::Report { alive, kept })
    }

    /// Whichever life of the neighbour says it.
    fn on_answer(&self, ways: Ways, alive: bool, kept: u32) -> Option<Transition<Collecting>> {
        let at = self.neighbours.iter().position(|(neighbour, _)| neighbour.ways == ways)?;
        let mut then = self.clone();
        if self.neighbours[at].1.is_some() {
            return Some(transition("knew that", Expected::Nothing, then));
        }
        then.neighbours[at].1 = Some((alive, kept));
        Some(match then.report() {
            None => transition("gets an answer", Expected::Nothing, then),
            Some(message) => {
                let said = Effect::Says { to: self.cell, message };
                transition("reports", Expected::seq([said, Effect::Exits(Reason::Normal)]), then)
            }
        })
    }
}

impl Model for Collecting {
    type Process = Being;
    const TRANSITIONS: &'static [&'static str] = &[
        "asks",
        "gets an answer",
        "knew that",
        "reports",
        "asks again",
        "need not ask again",
        "ends with its cell",
        "does not mind",
    ];

    fn set(&mut self) -> Stage<Being> {
        let mut stage = Stage::new(NoStateMachine, None);
        self.cell = stage.play();
        let neighbours = around::play(self.torus, PLACE, &mut stage);
        self.neighbours = neighbours.into_iter().map(|neighbour| (neighbour, None)).collect();
        let root = stage.root();
        let role = Role { torus: self.torus, first: 0, end: 0, memory: Memory::Whole };
        let node = Node::many("collectors", role).restarted(Restart::Temporary);
        let node = stage.grow(Some(root), node);
        let collector = Collector::new(self.cell, PLACE, self.torus, AT, self.alive);
        stage.begin_child(node, 0, Being::Collector(collector));
        stage
    }

    fn may(&self) -> Vec<InputOf<Being>> {
        let mut may = vec![Input::Exits { from: self.cell, reason: Reason::Killed }];
        for (Neighbour { pid, ways, .. }, answer) in &self.neighbours {
            let (from, ways) = (*pid, *ways);
            // What it was it was for all time; its checkpoint may be another when it is asked again.
            let contents = answer.map_or(vec![false, true], |(alive, _)| vec![alive]);
            for alive in contents {
                let answers = [3, AT, AT + 1].map(|kept| Message::Answer { ways, alive, kept });
                may.extend(answers.map(|message| Input::Says { from, message }));
            }
            may.push(Input::Says { from: self.cell, message: Message::Again { ways } });
            may.push(Input::Dies { who: from, reason: Reason::Killed });
        }
        may
    }

    fn must(&self, input: &InputOf<Being>) -> Vec<Transition<Collecting>> {
        let one = match *input {
            Input::Start => {
                let all = self.neighbours.iter().map(|(neighbour, _)| Collecting::asks(neighbour));
                Some(transition("asks", Expected::InAnyOrder(all.collect()), self.clone()))
            }
            Input::Says { message: Message::Answer { ways, alive, kept }, .. } => {
                self.on_answer(ways, alive, kept)
            }
            Input::Says { message: Message::Again { ways }, .. } => {
                let back = self.neighbours.iter().find(|(neighbour, _)| neighbour.ways == ways);
                back.map(|(neighbour, answer)| match answer {
                    None => transition("asks again", Collecting::asks(neighbour), self.clone()),
                    Some(_) => transition("need not ask again", Expected::Nothing, self.clone()),
                })
            }
            Input::Exits { ref reason, .. } => {
                let ends = Expected::One(Effect::Exits(reason.clone()));
                Some(transition("ends with its cell", ends, self.clone()))
            }
            Input::Dies { .. } => {
                Some(transition("does not mind", Expected::Nothing, self.clone()))
            }
            _ => None,
        };
        one.into_iter().collect()
    }

    fn comes_again(&self, _said: &InputOf<Being>) -> bool {
        true
    }

    fn prepare(&mut self, input: &InputOf<Being>, stage: &mut Stage<Being>) {
        if let Input::Dies { who, .. } = input {
            for (neighbour, _) in &mut self.neighbours {
                around::dies(*who, std::slice::from_mut(neighbour), stage);
            }
        }
    }

    fn state_name(&self) -> &'static str {
        "at work"
    }

    fn itself(&self) -> &'static str {
        "collector"
    }
}
