//! Joined worlds under chance: a seed draws how many there are, who carries what between them and when, who dies
//! and which world is lost. A program of its own: processes that panic by plan disturb the tests of threads.

mod carrier;
mod laws;
mod roamer;
#[path = "../shared/roamer.rs"]
#[allow(dead_code, reason = "each of its users needs a part of it")]
mod shared;
