//! The processes of a market one at a time: the model of each simulates its peers, and checks it in real runs.

mod answer;
mod floor;
mod games;
mod ledger;
#[cfg(feature = "mutations")]
mod mistakes;
mod order;
mod traces;
