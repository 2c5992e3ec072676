//! The gateway over loopback, before a whole exchange, as its clients meet it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends there")]

mod doors;
mod faults;
mod reads;
mod refusals;
mod rig;
mod rules;
