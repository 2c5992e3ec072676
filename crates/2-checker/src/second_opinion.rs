//! A second opinion: [Stateright](https://docs.rs/stateright) explores the same [`System`] with an
//! engine of its own, and must count the same states. For tests of the explorer and of
//! fingerprints.

use std::fmt;
use std::hash::{Hash, Hasher};

use stateright::Property;
pub use stateright::{Checker, Model};

use crate::explore::System;

/// A state as Stateright takes it. Its identity is its fingerprint.
#[derive(Clone)]
pub struct Fingerprinted<S>(S);

impl<S: System> Hash for Fingerprinted<S> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.fingerprint().hash(state);
    }
}

impl<S: System> PartialEq for Fingerprinted<S> {
    fn eq(&self, other: &Fingerprinted<S>) -> bool {
        self.0.fingerprint() == other.0.fingerprint()
    }
}

impl<S: fmt::Debug> fmt::Debug for Fingerprinted<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A system as a model for Stateright: `SameSystem::new(start).checker()`.
pub struct SameSystem<S> {
    start: S,
    holds: fn(&S) -> bool,
}

impl<S> SameSystem<S> {
    /// The system that begins in this state, with a property that always holds: Stateright stops
    /// when nothing is left to check.
    pub fn new(start: S) -> SameSystem<S> {
        SameSystem { start, holds: |_| true }
    }

    /// With a property to check in every state.
    pub fn always(self, holds: fn(&S) -> bool) -> SameSystem<S> {
        SameSystem { holds, ..self }
    }
}

impl<S> Model for SameSystem<S>
where
    S: System + fmt::Debug,
    S::Action: PartialEq,
{
    type State = Fingerprinted<S>;
    type Action = S::Action;

    fn init_states(&self) -> Vec<Fingerprinted<S>> {
        vec![Fingerprinted(self.start.clone())]
    }

    fn actions(&self, state: &Fingerprinted<S>, actions: &mut Vec<S::Action>) {
        state.0.actions(actions);
    }

    fn next_state(&self, state: &Fingerprinted<S>, action: S::Action) -> Option<Fingerprinted<S>> {
        let mut next = state.clone();
        next.0.make(&action);
        next.0.consider();
        Some(next)
    }

    fn properties(&self) -> Vec<Property<SameSystem<S>>> {
        vec![Property::always(
            "the property holds",
            |model: &SameSystem<S>, state: &Fingerprinted<S>| (model.holds)(&state.0),
        )]
    }
}

impl<S: fmt::Debug> fmt::Debug for SameSystem<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SameSystem({:?})", self.start)
    }
}
