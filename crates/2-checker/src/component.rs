//! Component tests: one shipped process in a world where a model of its protocol plays all its
//! peers.
//!
//! A [`Model`] states which inputs a process can get in each state, and which effects it must have
//! then, as an expression ([`Expected`]). [`play`] plays a game: it gives the process one input
//! after the other through the kernel's own loop, compares every effect of each step, and repeats
//! the game with a kill after each prefix of what a step has sent. Nothing of the process is
//! mocked. `docs/component-models.md` is a tutorial.
//!
//! | module | contents |
//! |---|---|
//! | `expected` | expressions: in sequence, in any order, perhaps, one of; ambiguous ones are rejected |
//! | `model` | inputs, effects, and the trait that states a protocol |
//! | `stage` | the world with one real process |
//! | `accept` | compares one step with its model, in a game or in the trace of another run |
//! | `play` | one game, and its repetitions with kills |
//! | `check` | many games drawn from a seed, shrunk to the smallest that fails (feature `proptest`) |
//! | `chart` | a game as rows |

mod accept;
mod chart;
#[cfg(feature = "proptest")]
mod check;
mod expected;
mod model;
mod play;
mod stage;

pub use accept::accept;
pub use chart::Failure;
#[cfg(feature = "proptest")]
pub use check::{Games, check, check_with};
pub use expected::{Ambiguous, Divergence, Expected};
pub use kernel::test_api::{Fault, FaultyStep, Mistake};
pub use model::{Effect, EffectOf, Input, InputOf, Model, Transition, transition};
pub use play::{Crash, Planting, Reached, play, play_with};
pub use stage::{Ear, Stage};
