//! The processes of a market one at a time: a model of each plays its peers, and judges it in real runs.

mod answer;
mod clerk;
mod floor;
mod games;
#[cfg(feature = "mutations")]
mod mistakes;
mod order;
mod traces;
