//! A cell and a collector one at a time: a model of each plays its peers, and says what it must answer.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests: a surprise is a failure, and a game is shown"
)]

mod around;
mod cell;
mod collector;
mod games;
#[cfg(feature = "mutations")]
mod mistakes;
