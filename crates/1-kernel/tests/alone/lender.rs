//! A process that lends one thing at a time, its model, and mistakes that the model finds.

use kernel::alone::{
    Did, Does, Doing, Games, Given, Input, Mistake, Model, Stage, Way, check, check_with, way,
};
use kernel::{Event, Life, Name, NoFact, NoKeeper, Out, Pid, Process, Reason};

#[derive(Clone, PartialEq, Debug)]
enum Say {
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
    type Message = Say;
    type Fact = NoFact;
    type Keeper = NoKeeper;
    type Note = Pid;
    type Role = ();

    fn start(_role: &(), life: Life<'_, Pid>) -> Lender {
        Lender { lent: life.note.copied() }
    }

    fn handle(&mut self, event: Event<'_, Say>, out: &mut Out<Lender>) {
        match event {
            Event::Start => {
                if let Some(to) = self.lent {
                    out.monitor(to);
                }
            }
            Event::Message { from, message: Say::Ask } => match self.lent {
                Some(to) if to != from => out.send(from, Say::Taken),
                Some(_) => out.send(from, Say::Lent),
                None => {
                    self.lent = Some(from);
                    out.note(Some(from));
                    out.monitor(from);
                    out.send(from, Say::Lent);
                }
            },
            Event::Message { from, message: Say::Back } if self.lent == Some(from) => {
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
    const WAYS: &'static [&'static str] = &[
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
        let mut stage = Stage::new(NoKeeper, None);
        self.peers = vec![stage.play(), stage.play()];
        stage.begin((), Name(0));
        stage
    }

    fn may(&self) -> Vec<Given<Lender>> {
        let mut may = Vec::new();
        for &from in self.peers.iter().filter(|peer| !self.dead.contains(peer)) {
            may.push(Input::Says { from, message: Say::Ask });
            may.push(Input::Dies { who: from, reason: Reason::Killed });
            if self.lent == Some(from) {
                may.push(Input::Says { from, message: Say::Back });
            }
        }
        may.extend(self.lent.filter(|to| self.dead.contains(to)).map(|of| Input::Hears { of }));
        may
    }

    fn must(&self, input: &Given<Lender>) -> Vec<Way<Lending>> {
        let says = |to: Pid, message| Does::One(Did::Says { to, message });
        let with = |lent| Lending { lent, ..self.clone() };
        let one = match *input {
            Input::Start => match self.lent {
                None => way("starts", Does::Nothing, self.clone()),
                Some(to) => way("watches again", Does::One(Did::Watches(to)), self.clone()),
            },
            Input::Says { from, message: Say::Ask } => match self.lent {
                None => {
                    let kept = Does::all([Did::Notes(Some(from)), Did::Watches(from)]);
                    way("lends", kept.then(says(from, Say::Lent)), with(Some(from)))
                }
                Some(to) if to == from => way("says so again", says(from, Say::Lent), self.clone()),
                Some(_) => way("is taken", says(from, Say::Taken), self.clone()),
            },
            Input::Says { from, message: Say::Back } if self.lent == Some(from) => {
                let freed = Does::all([Did::Notes(None), Did::Unwatches(from)]);
                way("gets it back", freed, with(None))
            }
            Input::Says { message: Say::Back, .. } => way("is deaf", Does::Nothing, self.clone()),
            Input::Dies { who, .. } => {
                let mut then = self.clone();
                then.dead.push(who);
                way("dies", Does::Nothing, then)
            }
            Input::Hears { .. } => way("frees", Does::One(Did::Notes(None)), with(None)),
            _ => return Vec::new(),
        };
        vec![one]
    }

    fn comes_again(&self, _said: &Given<Lender>) -> bool {
        true
    }

    fn stands(&self) -> &'static str {
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
    let (text, steps) = finds(&|| Box::new(|_, slip| slip.forget_notes()));
    assert!(text.contains("\"lends\" wants Notes(Some("), "{text}");
    assert_eq!(steps, 1, "{text}");
}

#[test]
fn a_lender_that_does_not_watch_is_found_in_one_step() {
    let (text, steps) = finds(&|| Box::new(|_, slip| slip.forget_monitors()));
    assert!(text.contains("\"lends\" wants Watches("), "{text}");
    assert_eq!(steps, 1, "{text}");
}

/// A model that says nothing of notes: it agrees with a lender that forgets them, up to its death.
#[derive(Clone, Debug, Default)]
struct Forgetful(Lending);

#[test]
fn a_mistake_that_shows_only_in_the_next_life_is_found_there() {
    let plant: &dyn Fn() -> Mistake<Lender> = &|| Box::new(|_, slip| slip.forget_notes());
    let failure =
        check_with(&Forgetful::default(), Games::of(1), Some(plant)).expect_err("a mistake");
    assert!(failure.crash.is_some(), "{failure}");
    assert!(failure.to_string().contains("comes back"), "{failure}");
    assert_eq!(failure.choices.len(), 1, "{failure}");
}

impl Model for Forgetful {
    type Process = Lender;
    const WAYS: &'static [&'static str] = Lending::WAYS;

    fn set(&mut self) -> Stage<Lender> {
        self.0.set()
    }

    fn may(&self) -> Vec<Given<Lender>> {
        self.0.may()
    }

    fn must(&self, input: &Given<Lender>) -> Vec<Way<Forgetful>> {
        let silent = |way: Way<Lending>| Way {
            name: way.name,
            does: without_notes(way.does),
            then: Forgetful(way.then),
        };
        self.0.must(input).into_iter().map(silent).collect()
    }

    fn stands(&self) -> &'static str {
        self.0.stands()
    }
}

fn without_notes(does: Does<Doing<Lender>>) -> Does<Doing<Lender>> {
    match does {
        Does::One(Did::Notes(_)) => Does::Nothing,
        Does::InSequence(all) => Does::InSequence(all.into_iter().map(without_notes).collect()),
        Does::InAnyOrder(all) => Does::InAnyOrder(all.into_iter().map(without_notes).collect()),
        other => other,
    }
}
