//! Lives that a step begins: the model is shown who they are, and they take no step of their own. And what a life
//! leaves to the next: its name under its supervisor, and not that it traps exits.

use checker::component::{
    Effect, EffectOf, Expected, Games, Input, InputOf, Mistake, Model, Stage, Transition,
};
use checker::component::{check, check_with, transition};
use kernel::{Event, Name, NoFact, NoStateMachine, Out, Pid, Process, Reason, StartContext};

/// A parent counts its children, and tells each its number; a child would say so to its parent.
#[derive(Clone, PartialEq, Debug)]
enum Kin {
    Parent(u32),
    Child(Pid, u32),
}

impl Process for Kin {
    type Message = u32;
    type Fact = NoFact;
    type StateMachine = NoStateMachine;
    type Note = ();
    type Role = ();

    fn start(_role: &(), _context: StartContext<'_, ()>) -> Kin {
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
    const TRANSITIONS: &'static [&'static str] =
        &["starts", "has a child", "loses it", "hears of it"];

    fn set(&mut self) -> Stage<Kin> {
        let mut stage = Stage::new(NoStateMachine, None);
        stage.begin((), Name(0));
        stage
    }

    fn may(&self) -> Vec<InputOf<Kin>> {
        let dies = self.child.map(|who| Input::Dies { who, reason: Reason::Killed });
        let hears = self.ended.iter().map(|of| Input::Hears { of: *of });
        let more = Input::Says { from: Pid::OUTSIDE, message: 0 };
        std::iter::once(more).chain(dies).chain(hears).collect()
    }

    fn must(&self, input: &InputOf<Kin>) -> Vec<Transition<Parenthood>> {
        let mut then = self.clone();
        let one = match input {
            Input::Start => transition("starts", Expected::One(Effect::Traps(true)), then),
            Input::Says { .. } => {
                then.count += 1;
                let begins = Effect::Begins { who: FRESH, key: 0, incarnation: 1 };
                transition("has a child", Expected::seq([begins, Effect::Links(FRESH)]), then)
            }
            Input::Dies { who, .. } => {
                then.ended.push(*who);
                then.child = None;
                transition("loses it", Expected::Nothing, then)
            }
            Input::Hears { of } => {
                then.ended.retain(|ended| ended != of);
                transition("hears of it", Expected::Nothing, then)
            }
            _ => return Vec::new(),
        };
        vec![one]
    }

    /// A child of the wrong number is left as it is, and so is not the one that is wanted.
    fn read(&self, did: &mut EffectOf<Kin>, child: Option<&Kin>) {
        match (did, child) {
            (Effect::Begins { who, .. }, Some(Kin::Child(_, number)))
                if *number == self.count + 1 =>
            {
                *who = FRESH;
            }
            (Effect::Links(who), _) => *who = FRESH,
            _ => {}
        }
    }

    fn born(&mut self, who: Pid, _child: &Kin) {
        self.child = Some(who);
    }

    fn reborn(&mut self, _lost: &[EffectOf<Kin>]) {
        *self = Parenthood::default();
    }

    fn state_name(&self) -> &'static str {
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
        Box::new(|event, fault| {
            if let Event::Message { .. } = event {
                let twin = Kin::Child(Pid::OUTSIDE, 9);
                fault.out().spawn_linked(twin);
            }
        })
    };
    let failure = check_with(&Parenthood::default(), Games::of(1), Some(plant)).unwrap_err();
    assert_eq!(failure.choices.len(), 1, "{failure}");
}
