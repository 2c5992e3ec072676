//! The laws of the kernel, each a test named as a sentence. `actor` is the process that they are
//! tried on; it executes the closures it receives, and a diary keeps what it hears over all its lives.

mod actor;
mod anything;
mod branches;
mod calls;
mod conservation;
mod control;
mod drops;
mod groups;
mod helpers;
mod index;
mod leaks;
mod lifecycle;
mod links;
mod monitors;
mod names;
mod order;
mod recorder;
mod roamer;
mod schedule;
#[path = "../shared/roamer.rs"]
#[allow(dead_code, reason = "each of its users needs a part of it")]
mod shared;
mod shutdown;
mod signals;
mod starts;
mod state_machine;
mod steps;
mod strategies;
mod supervision;
mod timers;
