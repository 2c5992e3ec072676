//! The exhaustive explorer: runs the shipped code in every order of delivery that Erlang's signal
//! order permits, with every fault within a budget. It remembers visited states by their
//! fingerprints.
//!
//! A [`System`] defines which actions are possible in a state; a [`Law`] what must hold in every
//! run; an [`Explorer`] visits every state, breadth first, so that its counterexample is a shortest
//! one. A [`Scene`] is the system of one [`World`](kernel::World), with clients and faults. It uses
//! no clock and no I/O. Threads run only during a search, as many as the caller asks for; the
//! result is the same with any number of them.
//!
//! ```
//! use checker::explore::{Explorer, Law, Scene};
//! # use kernel::{Event, StartContext, NoFact, NoStateMachine, Out, Process, World};
//! # #[derive(Clone, Hash, Debug)]
//! # struct Counter(u32);
//! # impl Process for Counter {
//! #     type Message = u32;
//! #     type Fact = NoFact;
//! #     type StateMachine = NoStateMachine;
//! #     type Note = ();
//! #     type Role = ();
//! #     fn start(_: &(), _: StartContext<'_, ()>) -> Counter { Counter(0) }
//! #     fn handle(&mut self, event: Event<'_, u32>, _: &mut Out<Counter>) {
//! #         if let Event::Message { message, .. } = event { self.0 = self.0 * 2 + message; }
//! #     }
//! # }
//! let mut world: World<Counter> = World::new(NoStateMachine, None, ());
//! let counter = world.spawn(Counter(0));
//! let scene = Scene::new(world).client([(counter, 1)]).client([(counter, 3)]);
//! let count = move |scene: &Scene<Counter>| scene.world.process(counter).map_or(0, |c| c.0);
//!
//! // All come from one edge, so both orders of sending are tried, and the first order of arrival decides.
//! let small = Law::always("small", move |s| if count(s) < 7 { Ok(()) } else { Err("7".into()) });
//! let report = Explorer::new(scene).law(small.sometimes(move |s| count(s) == 5)).search();
//! let small = &report.verdicts[0];
//! assert!(report.exhausted && small.sometimes > 0);
//! assert_eq!(small.counterexample.as_ref().map(|counterexample| counterexample.path.len()), Some(5)); // start, 3, 1: sent and handled
//! ```

mod expand;
mod known;
mod scene;
mod search;

use std::fmt;

pub use scene::{Action, Scene, Settled, To};
pub use search::{Explorer, Progress};

/// A transition system: states, and the actions that lead from each to the next.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be explored",
    label = "wanted is a `Scene`, or a `System` of your own",
    note = "`Scene::new(world)` makes one of a world whose processes, messages, notes and state machine are `Clone + Hash`"
)]
pub trait System: Clone {
    /// One thing that can happen.
    type Action: Clone + fmt::Debug;

    /// A state in the frontier of the search. There can be very many; they can share parts.
    type Kept;

    /// Replaces `actions` by all that can happen now, always in the same order for the same state.
    /// None is an end state.
    fn actions(&self, actions: &mut Vec<Self::Action>);

    /// Performs one of these actions.
    fn make(&mut self, chosen: &Self::Action);

    /// A number that is equal for states that behave alike, and differs for others.
    fn fingerprint(&self) -> u64;

    /// True for actions on which progress must not depend: a death, a loss.
    fn is_fault(chosen: &Self::Action) -> bool;

    /// Saves this state. It can share parts with other saved states.
    fn keep(&mut self) -> Self::Kept;

    /// Returns to a saved state.
    fn put_back(&mut self, kept: &Self::Kept);

    /// As [`System::fingerprint`], in less time if the system caches the fingerprints of unchanged
    /// parts.
    fn fingerprint_anew(&mut self) -> u64 {
        self.fingerprint()
    }

    /// Prepares what several laws read, once in each state before they are checked.
    fn consider(&mut self) {}
}

type Look<S> = Box<dyn Fn(&S) -> Result<(), String> + Send + Sync>;
type LookAtStep<S> =
    Box<dyn Fn(&S, &<S as System>::Action, &S) -> Result<(), String> + Send + Sync>;
type Try<S> = Box<dyn Fn(&mut S) -> Result<(), String> + Send + Sync>;
type Is<S> = Box<dyn Fn(&S) -> bool + Send + Sync>;

enum Check<S: System> {
    Always(Look<S>),
    Step(LookAtStep<S>),
    From(Try<S>),
    CanAlways(Is<S>),
    Ends(Look<S>),
}

/// What must hold in every run; and its *twin*, a condition that must occur somewhere, so that the
/// law is not vacuous.
pub struct Law<S: System> {
    name: &'static str,
    check: Check<S>,
    sometimes: Is<S>,
}

impl<S: System> Law<S> {
    fn new(name: &'static str, check: Check<S>) -> Law<S> {
        Law { name, check, sometimes: Box::new(|_| true) }
    }

    /// A law of every state; `Err` is what is wrong.
    pub fn always(
        name: &'static str,
        look: impl Fn(&S) -> Result<(), String> + Send + Sync + 'static,
    ) -> Law<S> {
        Law::new(name, Check::Always(Box::new(look)))
    }

    /// A law of every step: the state before, the action, and the state after.
    pub fn of_steps(
        name: &'static str,
        look: impl Fn(&S, &S::Action, &S) -> Result<(), String> + Send + Sync + 'static,
    ) -> Law<S> {
        Law::new(name, Check::Step(Box::new(look)))
    }

    /// A law that from every state `attempt` succeeds: it changes the state, which is restored
    /// afterwards. So a law can state what follows once faults stop ("heal, run fairly, and all
    /// settles").
    pub fn from_each(
        name: &'static str,
        attempt: impl Fn(&mut S) -> Result<(), String> + Send + Sync + 'static,
    ) -> Law<S> {
        Law::new(name, Check::From(Box::new(attempt)))
    }

    /// A law that from every state one for which `is` is true can be reached without faults.
    /// Checked when all states are known.
    pub fn can_always(
        name: &'static str,
        is: impl Fn(&S) -> bool + Send + Sync + 'static,
    ) -> Law<S> {
        Law::new(name, Check::CanAlways(Box::new(is)))
    }

    /// A law that every run without faults ends, and that `look` accepts its end state. That there
    /// is no cycle is checked when all states are known.
    pub fn ends(
        name: &'static str,
        look: impl Fn(&S) -> Result<(), String> + Send + Sync + 'static,
    ) -> Law<S> {
        Law::new(name, Check::Ends(Box::new(look)))
    }

    /// Sets the twin: a condition that some state must meet, or the law is vacuous in this system.
    pub fn sometimes(self, is: impl Fn(&S) -> bool + Send + Sync + 'static) -> Law<S> {
        Law { sometimes: Box::new(is), ..self }
    }
}

impl<S: System> fmt::Debug for Law<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Law({})", self.name)
    }
}

/// A shortest run that breaks a law.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Counterexample<M> {
    /// What is wrong.
    pub what: String,
    /// The actions from the start state on.
    pub path: Vec<M>,
}

/// The result for one law.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict<M> {
    /// The law's name.
    pub law: &'static str,
    /// Whether it holds; `None` if the search stopped before that was known.
    pub holds: Option<bool>,
    /// The shortest run that breaks it.
    pub counterexample: Option<Counterexample<M>>,
    /// Number of states in which its twin was true.
    pub sometimes: u64,
}

/// The result of an exploration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report<M> {
    /// Distinct states.
    pub states: usize,
    /// Actions performed, those that led to a known state included.
    pub moves: u64,
    /// Steps from the start to the furthest state, along the paths found.
    pub depth: usize,
    /// True if all reachable states were visited.
    pub exhausted: bool,
    /// Bytes for each known state, without the frontier.
    pub bytes_per_state: usize,
    /// Largest size of the frontier, in saved states.
    pub widest: usize,
    /// The result for each law, in their order.
    pub verdicts: Vec<Verdict<M>>,
}

impl<M> Report<M> {
    /// True if every state was visited, every law holds, and none is vacuous.
    pub fn is_proof(&self) -> bool {
        self.exhausted && self.verdicts.iter().all(|v| v.holds == Some(true) && v.sometimes > 0)
    }
}
