//! The processes of a market one at a time: a model of each plays its peers, and judges it in real runs.

mod answer;
mod floor;
mod games;
mod ledger;
#[cfg(feature = "mutations")]
mod mistakes;
mod order;
mod traces;
