//! A supervisor's protocol: whom it restarts when a child ends, in which order it ends and starts
//! the others, and when it gives up. Its children are dolls that the games end.

use checker::component::{
    Effect, EffectOf, Expected, Games, Input, InputOf, Model, Stage, Transition, check, transition,
};
use kernel::{
    Event, Intensity, NoFact, NoStateMachine, Node, Out, Pid, Process, Reason, Restart,
    StartContext, Strategy,
};

/// Does nothing but live in its place.
#[derive(Clone, Debug)]
struct Doll(usize);

impl Process for Doll {
    type Message = ();
    type Fact = NoFact;
    type StateMachine = NoStateMachine;
    type Note = ();
    type Role = usize;

    fn start(role: &usize, _context: StartContext<'_, ()>) -> Doll {
        Doll(*role)
    }

    fn handle(&mut self, _event: Event<'_, ()>, _out: &mut Out<Doll>) {}
}

const KINDS: [Restart; 4] =
    [Restart::Permanent, Restart::Transient, Restart::Temporary, Restart::Permanent];
const BORNE: u32 = 3;
const WITHIN: u64 = 1_000;
/// The reason of a death before which so much time passes that earlier ones are forgotten.
const LATER: Reason = Reason::Said(1);

#[derive(Clone, Debug)]
struct Supervising {
    strategy: Strategy,
    /// Where each child is or was, and which life that is.
    lives: [(Pid, u32); 4],
    alive: [bool; 4],
    /// Deaths that the supervisor has not heard of, oldest first: whose, and where it was.
    unheard: Vec<(usize, Pid)>,
    /// Restarts within the period.
    restarts: u32,
}

fn new(strategy: Strategy) -> Supervising {
    let lives = [(Pid::OUTSIDE, 0); 4];
    Supervising { strategy, lives, alive: [false; 4], unheard: Vec::new(), restarts: 0 }
}

/// Stands for whichever address a child has.
fn child(number: usize) -> Pid {
    Pid::made_up(u32::try_from(number).expect("below four"), 0)
}

impl Supervising {
    fn waits(&self, number: usize) -> bool {
        self.unheard.iter().any(|(other, _)| *other == number)
    }

    fn begins(&mut self, number: usize) -> EffectOf<Doll> {
        self.lives[number].1 += 1;
        self.alive[number] = true;
        Effect::Begins { who: child(number), key: 0, incarnation: self.lives[number].1 }
    }

    /// Ends a child that is alive, or between two lives.
    fn ends(&mut self, number: usize) -> Option<EffectOf<Doll>> {
        let was_there = self.alive[number] || self.waits(number);
        self.alive[number] = false;
        self.lives[number].0 = Pid::OUTSIDE; // its address may be another's next
        self.unheard.retain(|(other, _)| *other != number);
        was_there.then_some(Effect::Ends { who: child(number), reason: Reason::Shutdown })
    }

    fn hears(&self, number: usize) -> Transition<Supervising> {
        let mut then = self.clone();
        then.restarts += 1;
        if then.restarts > BORNE {
            let mut done: Vec<_> = (0..4).rev().filter_map(|other| then.ends(other)).collect();
            let why = "dolls exceeded its restart intensity";
            done.push(Effect::Exits(Reason::Failed(why.into())));
            return transition("gives up", Expected::seq(done), then);
        }
        then.unheard.retain(|(other, _)| *other != number);
        let also = match self.strategy {
            Strategy::OneForOne => number..number + 1,
            Strategy::OneForAll => 0..4,
            Strategy::RestForOne => number..4,
        };
        let others = also.clone().rev().filter(|other| *other != number);
        let mut done: Vec<_> = others.filter_map(|other| then.ends(other)).collect();
        for other in also {
            if other == number || KINDS[other] != Restart::Temporary {
                done.push(then.begins(other));
            }
        }
        let name = match self.strategy {
            Strategy::OneForOne => "restarts it alone",
            Strategy::OneForAll => "restarts all",
            Strategy::RestForOne => "restarts the rest",
        };
        transition(name, Expected::seq(done), then)
    }
}

impl Model for Supervising {
    type Process = Doll;
    const TRANSITIONS: &'static [&'static str] =
        &["starts them", "is not asked", "is to hear of it", "gives up"];

    fn set(&mut self) -> Stage<Doll> {
        let mut stage = Stage::new(NoStateMachine, None);
        let nodes = KINDS.iter().enumerate();
        let nodes = nodes.map(|(role, kind)| Node::one("doll", role).restarted(*kind)).collect();
        let borne = Intensity::times(BORNE).within(WITHIN);
        stage.begin_supervisor(Node::group("dolls", self.strategy, borne, nodes));
        stage
    }

    fn may(&self) -> Vec<InputOf<Doll>> {
        let alive = (0..4).filter(|number| self.alive[*number]).map(|number| self.lives[number].0);
        let dies =
            |who| [Reason::Killed, LATER, Reason::Normal].map(|reason| Input::Dies { who, reason });
        let hears = self.unheard.iter().map(|(_, of)| Input::Hears { of: *of });
        alive.flat_map(dies).chain(hears).collect()
    }

    fn must(&self, input: &InputOf<Doll>) -> Vec<Transition<Supervising>> {
        let mut then = self.clone();
        let one = match input {
            Input::Start => {
                let done = (0..4).map(|number| then.begins(number)).collect::<Vec<_>>();
                transition("starts them", Expected::seq(done), then)
            }
            Input::Dies { who, reason } => {
                let found = (0..4).find(|number| self.lives[*number].0 == *who);
                let Some(number) = found.filter(|number| self.alive[*number]) else {
                    return Vec::new();
                };
                if *reason == LATER {
                    then.restarts = 0;
                }
                then.alive[number] = false;
                let returns = match KINDS[number] {
                    Restart::Permanent => true,
                    Restart::Transient => !reason.is_orderly(),
                    Restart::Temporary => false,
                };
                if returns {
                    then.unheard.push((number, *who));
                } else {
                    then.lives[number].0 = Pid::OUTSIDE;
                }
                transition(
                    if returns { "is to hear of it" } else { "is not asked" },
                    Expected::Nothing,
                    then,
                )
            }
            Input::Hears { of } => {
                let index = of.index();
                match self.unheard.iter().find(|(_, dead)| dead.index() == index) {
                    Some(&(number, _)) => self.hears(number),
                    None => return Vec::new(),
                }
            }
            _ => return Vec::new(),
        };
        vec![one]
    }

    fn prepare(&mut self, input: &InputOf<Doll>, stage: &mut Stage<Doll>) {
        if matches!(input, Input::Dies { reason, .. } if *reason == LATER) {
            stage.pass(WITHIN);
        }
    }

    /// Addresses are the kernel's choice.
    fn read(&self, did: &mut EffectOf<Doll>, doll: Option<&Doll>) {
        match did {
            Effect::Begins { who, .. } => *who = doll.map_or(*who, |doll| child(doll.0)),
            Effect::Ends { who, .. } => {
                let at = self.lives.iter().position(|(pid, _)| pid.index() == who.index());
                *who = at.map_or(*who, child);
            }
            _ => {}
        }
    }

    fn born(&mut self, who: Pid, doll: &Doll) {
        self.lives[doll.0].0 = who;
    }

    fn state_name(&self) -> &'static str {
        "at work"
    }
}

fn holds(strategy: Strategy, restarting: &str) {
    let games = Games { games: 400, crashes: false, ..Games::of(7) };
    let reached = check(&new(strategy), games).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(reached.transitions[restarting] > 100, "{reached:?}");
}

#[test]
fn one_for_one_restarts_the_dead_child_alone() {
    holds(Strategy::OneForOne, "restarts it alone");
}

#[test]
fn one_for_all_ends_the_others_last_first_and_starts_all_first_first() {
    holds(Strategy::OneForAll, "restarts all");
}

#[test]
fn rest_for_one_does_so_with_those_that_were_started_later() {
    holds(Strategy::RestForOne, "restarts the rest");
}
