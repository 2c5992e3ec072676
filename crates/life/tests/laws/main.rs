//! What holds of cells, under every schedule and whatever is killed: the result is the plain array's,
//! sent content is final, and no cell ever needs what was forgotten.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: a surprise is a failure, and a seed is printed"
)]

mod commands;
mod live;
mod run;
mod seeds;
mod tiles;
