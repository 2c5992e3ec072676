//! Tests of the gateway over loopback, in front of a whole exchange.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends there")]

mod doors;
mod faults;
mod reads;
mod refusals;
mod rig;
mod rules;
