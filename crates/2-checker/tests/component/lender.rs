//! A process that lends one thing at a time, its model, and mistakes that the model finds.

use checker::component::{
    Effect, EffectOf, Expected, Games, Input, InputOf, Mistake, Model, Stage, Transition, check,
    check_with, transition,
};
use kernel::{Event, Name, NoFact, NoStateMachine, Out, Pid, Process, Reason, StartContext};

#[derive(Clone, PartialEq, Debug)]
enum Message {
    Ask,
    Lent,
    Taken,
    Back,
}

/// Lends to one, and watches it. Who has the thing is in its note: its next life must know.
#[derive(Clone, Debug)]
struct Lender {
    lent: Option<Pid>,
}

impl Process for Lender {
    type Message = Message;
    type Fact = NoFact;
    type StateMachine = NoStateMachine;
    type Note = Pid;
    type Role = ();

    fn start(_role: &(), context: StartContext<'_, Pid>) -> Lender {
        Lender { lent: context.note.copied() }
    }

    fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Lender>) {
        match event {
            Event::Start => {
                if let Some(to) = self.lent {
                    out.monitor(to);
                }
            }
            Event::Message { from, message: Message::Ask } => match self.lent {
                Some(to) if to != from => out.send(from, Message::Taken),
                Some(_) => out.send(from, Message::Lent),
                None => {
                    self.lent = Some(from);
                    out.note(Some(from));
                    out.monitor(from);
                    out.send(from, Message::Lent);
                }
            },
            Event::Message { from, message: Message::Back } if self.lent == Some(from) => {
                out.demonitor_all();
                self.free(out);
            }
            Event::Down { .. } => self.free(out),
            Event::Message { .. } | Event::Exit { .. } | Event::Timer { .. } => {}
        }
    }
}

impl Lender {
    fn free(&mut self, out: &mut Out<Lender>) {
        self.lent = None;
        out.note(None);
    }
}

/// Two peers, who ask and give back.
#[derive(Clone, Default, Debug)]
struct Lending {
    peers: Vec<Pid>,
    lent: Option<Pid>,
    dead: Vec<Pid>,
}

impl Model for Lending {
    type Process = Lender;
    const TRANSITIONS: &'static [&'static str] = &[
        "starts",
        "watches again",
        "lends",
        "says so again",
        "is taken",
        "gets it back",
        "is deaf",
        "dies",
        "frees",
    ];

    fn set(&mut self) -> Stage<Lender> {
        let mut stage = Stage::new(NoStateMachine, None);
        self.peers = vec![stage.play(), stage.play()];
        stage.begin((), Name(0));
        stage
    }

    fn may(&self) -> Vec<InputOf<Lender>> {
        let mut may = Vec::new();
        for &from in self.peers.iter().filter(|peer| !self.dead.contains(peer)) {
            may.push(Input::Says { from, message: Message::Ask });
            may.push(Input::Dies { who: from, reason: Reason::Killed });
            if self.lent == Some(from) {
                may.push(Input::Says { from, message: Message::Back });
            }
        }
        may.extend(self.lent.filter(|to| self.dead.contains(to)).map(|of| Input::Hears { of }));
        may
    }

    fn must(&self, input: &InputOf<Lender>) -> Vec<Transition<Lending>> {
        let says = |to: Pid, message| Expected::One(Effect::Says { to, message });
        let with = |lent| Lending { lent, ..self.clone() };
        let one = match *input {
            Input::Start => match self.lent {
                None => transition("starts", Expected::Nothing, self.clone()),
                Some(to) => {
                    transition("watches again", Expected::One(Effect::Watches(to)), self.clone())
                }
            },
            Input::Says { from, message: Message::Ask } => match self.lent {
                None => {
                    let kept = Expected::all([Effect::Notes(Some(from)), Effect::Watches(from)]);
                    transition("lends", kept.then(says(from, Message::Lent)), with(Some(from)))
                }
                Some(to) if to == from => {
                    transition("says so again", says(from, Message::Lent), self.clone())
                }
                Some(_) => transition("is taken", says(from, Message::Taken), self.clone()),
            },
            Input::Says { from, message: Message::Back } if self.lent == Some(from) => {
                let freed = Expected::all([Effect::Notes(None), Effect::Unwatches(from)]);
                transition("gets it back", freed, with(None))
            }
            Input::Says { message: Message::Back, .. } => {
                transition("is deaf", Expected::Nothing, self.clone())
            }
            Input::Dies { who, .. } => {
                let mut then = self.clone();
                then.dead.push(who);
                transition("dies", Expected::Nothing, then)
            }
            Input::Hears { .. } => {
                transition("frees", Expected::One(Effect::Notes(None)), with(None))
            }
            _ => return Vec::new(),
        };
        vec![one]
    }

    fn comes_again(&self, _said: &InputOf<Lender>) -> bool {
        true
    }

    fn state_name(&self) -> &'static str {
        if self.lent.is_some() { "lent" } else { "free" }
    }

    fn agrees(&self, lender: Option<&Lender>) -> Result<(), String> {
        match lender {
            Some(lender) if lender.lent != self.lent => Err(format!("it believes {lender:?}")),
            _ => Ok(()),
        }
    }
}

#[test]
fn a_lender_does_as_its_model_says() {
    let reached = check(&Lending::default(), Games::of(1)).unwrap_or_else(|f| panic!("{f}"));
    assert!(reached.kills > 1_000 && reached.inputs_given > 10_000, "{reached:?}");
}

/// Plays games in which the lender makes a mistake, and gives the rows of the smallest that shows it.
fn finds(plant: &dyn Fn() -> Mistake<Lender>) -> (String, usize) {
    let failure =
        check_with(&Lending::default(), Games::of(1), Some(plant)).expect_err("a mistake");
    (failure.to_string(), failure.choices.len())
}

#[test]
fn a_lender_that_forgets_to_note_is_found_in_one_step() {
    let (text, steps) = finds(&|| Box::new(|_, fault| fault.forget_notes()));
    assert!(text.contains("\"lends\" wants Notes(Some("), "{text}");
    assert_eq!(steps, 1, "{text}");
}

#[test]
fn a_lender_that_does_not_watch_is_found_in_one_step() {
    let (text, steps) = finds(&|| Box::new(|_, fault| fault.forget_monitors()));
    assert!(text.contains("\"lends\" wants Watches("), "{text}");
    assert_eq!(steps, 1, "{text}");
}

/// A model that says nothing of notes: it agrees with a lender that forgets them, up to its death.
#[derive(Clone, Debug, Default)]
struct Forgetful(Lending);

#[test]
fn a_mistake_that_shows_only_in_the_next_life_is_found_there() {
    let plant: &dyn Fn() -> Mistake<Lender> = &|| Box::new(|_, fault| fault.forget_notes());
    let failure =
        check_with(&Forgetful::default(), Games::of(1), Some(plant)).expect_err("a mistake");
    assert!(failure.crash.is_some(), "{failure}");
    assert!(failure.to_string().contains("comes back"), "{failure}");
    assert_eq!(failure.choices.len(), 1, "{failure}");
}

impl Model for Forgetful {
    type Process = Lender;
    const TRANSITIONS: &'static [&'static str] = Lending::TRANSITIONS;

    fn set(&mut self) -> Stage<Lender> {
        self.0.set()
    }

    fn may(&self) -> Vec<InputOf<Lender>> {
        self.0.may()
    }

    fn must(&self, input: &InputOf<Lender>) -> Vec<Transition<Forgetful>> {
        let silent = |way: Transition<Lending>| Transition {
            name: way.name,
            expected: without_notes(way.expected),
            then: Forgetful(way.then),
        };
        self.0.must(input).into_iter().map(silent).collect()
    }

    fn state_name(&self) -> &'static str {
        self.0.state_name()
    }
}

fn without_notes(expected: Expected<EffectOf<Lender>>) -> Expected<EffectOf<Lender>> {
    match expected {
        Expected::One(Effect::Notes(_)) => Expected::Nothing,
        Expected::InSequence(all) => {
            Expected::InSequence(all.into_iter().map(without_notes).collect())
        }
        Expected::InAnyOrder(all) => {
            Expected::InAnyOrder(all.into_iter().map(without_notes).collect())
        }
        other => other,
    }
}
