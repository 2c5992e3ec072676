//! The exhaustive chooser: every order of delivery that Erlang's signal order permits, with every fault
//! within a budget, over the shipped code. Visited states are remembered by their fingerprints.
//!
//! A [`System`] says what may happen next; a [`Law`] what must be true whatever happens; an [`Explorer`] goes
//! everywhere, breadth first, so that the run it shows for a broken law is a shortest one. A
//! [`Scene`] is the system that a [`World`](kernel::World) of any processes makes, with clients and faults.
//! No clock or I/O: whoever explores measures. Threads only while it searches, as many as it is told to take;
//! what it finds is the same with any number of them.
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

/// Something that can be in many states, and what leads from each to the next.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be explored",
    label = "wanted is a `Scene`, or a `System` of your own",
    note = "`Scene::new(world)` makes one of a world whose processes, messages, notes and state machine are `Clone + Hash`"
)]
pub trait System: Clone {
    /// One thing that may happen.
    type Action: Clone + fmt::Debug;

    /// A state that waits to be gone on from. There may be very many; they may have parts in common.
    type Kept;

    /// All that may happen now, always in the same order for the same state. Nothing: the end.
    fn actions(&self, moves: &mut Vec<Self::Action>);

    /// Lets one of these happen.
    fn make(&mut self, chosen: &Self::Action);

    /// The same number for states that behave alike, another for others.
    fn fingerprint(&self) -> u64;

    /// True for what may happen and must not be relied upon: a death, a loss.
    fn is_fault(chosen: &Self::Action) -> bool;

    /// Keeps this state. What it has in common with others that were kept it can share with them.
    fn keep(&mut self) -> Self::Kept;

    /// Is in this state again.
    fn put_back(&mut self, kept: &Self::Kept);

    /// The same number as [`System::fingerprint`], in less time if what was looked at before and has not changed
    /// since is not looked at again.
    fn fingerprint_anew(&mut self) -> u64 {
        self.fingerprint()
    }

    /// Looks at itself before the laws do, once in each state: for what many of them want to know.
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

/// What must be true in every state of every run; and its twin, which shows that it is not empty.
pub struct Law<S: System> {
    name: &'static str,
    check: Check<S>,
    sometimes: Is<S>,
}

impl<S: System> Law<S> {
    fn new(name: &'static str, check: Check<S>) -> Law<S> {
        Law { name, check, sometimes: Box::new(|_| true) }
    }

    /// It holds in each state; `Err` says how it does not.
    pub fn always(
        name: &'static str,
        look: impl Fn(&S) -> Result<(), String> + Send + Sync + 'static,
    ) -> Law<S> {
        Law::new(name, Check::Always(Box::new(look)))
    }

    /// It holds over each step: of the state before, what happened, and the state after.
    pub fn of_steps(
        name: &'static str,
        look: impl Fn(&S, &S::Action, &S) -> Result<(), String> + Send + Sync + 'static,
    ) -> Law<S> {
        Law::new(name, Check::Step(Box::new(look)))
    }

    /// From each state something can be brought about: `attempt` is lent the state and does it; afterwards it is put
    /// back. So a law says what follows once faults stop ("heal, run fairly, and all settles").
    pub fn from_each(
        name: &'static str,
        attempt: impl Fn(&mut S) -> Result<(), String> + Send + Sync + 'static,
    ) -> Law<S> {
        Law::new(name, Check::From(Box::new(attempt)))
    }

    /// From each state one for which `is` is true can be reached without faults. Judged when all states are known.
    pub fn can_always(
        name: &'static str,
        is: impl Fn(&S) -> bool + Send + Sync + 'static,
    ) -> Law<S> {
        Law::new(name, Check::CanAlways(Box::new(is)))
    }

    /// Every run without faults comes to an end, whichever way it goes, and `look` finds nothing wrong with the
    /// state in which it ends. That none goes round for ever is judged when all states are known.
    pub fn ends(
        name: &'static str,
        look: impl Fn(&S) -> Result<(), String> + Send + Sync + 'static,
    ) -> Law<S> {
        Law::new(name, Check::Ends(Box::new(look)))
    }

    /// What must be seen in some state, or the law says nothing about this world.
    pub fn sometimes(self, is: impl Fn(&S) -> bool + Send + Sync + 'static) -> Law<S> {
        Law { sometimes: Box::new(is), ..self }
    }
}

impl<S: System> fmt::Debug for Law<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Law({})", self.name)
    }
}

/// How a law came to be broken, on a shortest way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Counterexample<M> {
    /// What is wrong.
    pub what: String,
    /// What happened, from the start.
    pub path: Vec<M>,
}

/// What was found about one law.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict<M> {
    /// Its name.
    pub law: &'static str,
    /// Whether it holds; `None` if not enough was seen to tell.
    pub holds: Option<bool>,
    /// The shortest run that breaks it.
    pub counterexample: Option<Counterexample<M>>,
    /// In how many states its twin was seen.
    pub sometimes: u64,
}

/// What an exploration came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report<M> {
    /// Different states.
    pub states: usize,
    /// Moves made, those that led to a known state included.
    pub moves: u64,
    /// Steps from the start to the state that is furthest from it, by the ways that were found.
    pub depth: usize,
    /// True if there is no other state.
    pub exhausted: bool,
    /// Bytes that were kept of each state, without those that wait to be gone on from.
    pub bytes_per_state: usize,
    /// Most states that waited at one time to be gone on from, each as a whole copy.
    pub widest: usize,
    /// What was found about each law, in their order.
    pub verdicts: Vec<Verdict<M>>,
}

impl<M> Report<M> {
    /// True if every state was seen, every law holds, and none is empty.
    pub fn is_proof(&self) -> bool {
        self.exhausted && self.verdicts.iter().all(|v| v.holds == Some(true) && v.sometimes > 0)
    }
}
