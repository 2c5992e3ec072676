//! One process at a time: a shipped process in a world where a model of its protocol plays everybody else.
//!
//! A [`Model`] says what a process may be given where it stands, and what it must put out then, as an
//! expression ([`Expected`]). [`play`] plays a game of it: gives the process one input after the other, through
//! the shipped loop, compares everything that each step puts out, and plays the game again with a
//! death at each prefix of what a step has sent. Nothing of the process is mocked: what a step
//! says is a value. `docs/component-models.md` walks through it, from ping-pong on.
//!
//! | room | holds |
//! |---|---|
//! | `expected` | the expressions: in sequence, in any order, perhaps, one of; ambiguous ones are refused |
//! | `model` | inputs, effects, and the trait that states a protocol |
//! | `stage` | the world with one real process |
//! | `accept` | one step compared with its model; also for traces of runs elsewhere |
//! | `play` | one game, and its crashes |
//! | `check` | many games drawn from a seed, and the smallest that fails (feature `proptest`) |
//! | `fault` | mistakes that are planted, to see that a model notices |
//! | `chart` | a game as rows |

mod accept;
mod chart;
#[cfg(feature = "proptest")]
mod check;
mod expected;
mod fault;
mod model;
mod play;
mod stage;

pub use accept::accept;
pub use chart::Failure;
#[cfg(feature = "proptest")]
pub use check::{Games, check, check_with};
pub use expected::{Ambiguous, Divergence, Expected};
pub use fault::{Fault, FaultyStep, Mistake};
pub use model::{Effect, EffectOf, Input, InputOf, Model, Transition, transition};
pub use play::{Crash, Planting, Reached, play, play_with};
pub use stage::{Ear, Stage};
