//! Lives that a step begins: the model is shown who they are, and they take no step of their own. And what a life
//! leaves to the next: its name under its supervisor, and not that it traps exits.

use kernel::alone::{Did, Does, Doing, Games, Given, Input, Mistake, Model, Stage, Way};
use kernel::alone::{check, check_with, way};
use kernel::{Event, Life, Name, NoFact, NoKeeper, Out, Pid, Process, Reason};

/// A parent counts its children, and tells each its number; a child would say so to its parent.
#[derive(Clone, PartialEq, Debug)]
enum Kin {
    Parent(u32),
    Child(Pid, u32),
}

impl Process for Kin {
    type Message = u32;
    type Fact = NoFact;
    type Keeper = NoKeeper;
    type Note = ();
    type Role = ();

    fn start(_role: &(), _life: Life<'_, ()>) -> Kin {
        Kin::Parent(0)
    }

    fn handle(&mut self, event: Event<'_, u32>, out: &mut Out<Kin>) {
        match (self, event) {
            (Kin::Parent(_), Event::Start) => out.trap_exits(true),
            (Kin::Parent(count), Event::Message { .. }) => {
                *count += 1;
                let child = Kin::Child(out.me(), *count);
                out.spawn_linked(child);
            }
            (Kin::Child(parent, number), Event::Start) => out.send(*parent, *number),
            _ => {}
        }
    }
}

/// Stands for whichever address a child has.
const FRESH: Pid = Pid::OUTSIDE;

#[derive(Clone, Default, Debug)]
struct Parenthood {
    count: u32,
    child: Option<Pid>,
    ended: Vec<Pid>,
}

impl Model for Parenthood {
    type Process = Kin;
    const WAYS: &'static [&'static str] = &["starts", "has a child", "loses it", "hears of it"];

    fn set(&mut self) -> Stage<Kin> {
        let mut stage = Stage::new(NoKeeper, None);
        stage.begin((), Name(0));
        stage
    }

    fn may(&self) -> Vec<Given<Kin>> {
        let dies = self.child.map(|who| Input::Dies { who, reason: Reason::Killed });
        let hears = self.ended.iter().map(|of| Input::Hears { of: *of });
        let more = Input::Says { from: Pid::OUTSIDE, message: 0 };
        std::iter::once(more).chain(dies).chain(hears).collect()
    }

    fn must(&self, input: &Given<Kin>) -> Vec<Way<Parenthood>> {
        let mut then = self.clone();
        let one = match input {
            Input::Start => way("starts", Does::One(Did::Traps(true)), then),
            Input::Says { .. } => {
                then.count += 1;
                let begins = Did::Begins { who: FRESH, key: 0, incarnation: 1 };
                way("has a child", Does::seq([begins, Did::Links(FRESH)]), then)
            }
            Input::Dies { who, .. } => {
                then.ended.push(*who);
                then.child = None;
                way("loses it", Does::Nothing, then)
            }
            Input::Hears { of } => {
                then.ended.retain(|ended| ended != of);
                way("hears of it", Does::Nothing, then)
            }
            _ => return Vec::new(),
        };
        vec![one]
    }

    /// A child of the wrong number is left as it is, and so is not the one that is wanted.
    fn read(&self, did: &mut Doing<Kin>, child: Option<&Kin>) {
        match (did, child) {
            (Did::Begins { who, .. }, Some(Kin::Child(_, number))) if *number == self.count + 1 => {
                *who = FRESH;
            }
            (Did::Links(who), _) => *who = FRESH,
            _ => {}
        }
    }

    fn born(&mut self, who: Pid, _child: &Kin) {
        self.child = Some(who);
    }

    fn reborn(&mut self, _lost: &[Doing<Kin>]) {
        *self = Parenthood::default();
    }

    fn stands(&self) -> &'static str {
        "at home"
    }
}

#[test]
fn who_is_begun_is_shown_to_the_model_and_then_played() {
    let reached = check(&Parenthood::default(), Games::of(1)).unwrap_or_else(|f| panic!("{f}"));
    assert!(reached.kills > 1_000, "{reached:?}");
}

#[test]
fn another_life_than_the_model_wants_is_found() {
    let plant: &dyn Fn() -> Mistake<Kin> = &|| {
        Box::new(|event, slip| {
            if let Event::Message { .. } = event {
                let twin = Kin::Child(Pid::OUTSIDE, 9);
                slip.out().spawn_linked(twin);
            }
        })
    };
    let failure = check_with(&Parenthood::default(), Games::of(1), Some(plant)).unwrap_err();
    assert_eq!(failure.choices.len(), 1, "{failure}");
}
