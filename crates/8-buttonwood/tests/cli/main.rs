//! The command as a user meets it: exit status, output, errors.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod bench;
mod chart;
#[path = "../shared/command.rs"]
mod command;
mod explore;
mod flags;
mod journal;
mod life;
mod replay;
mod rules;
mod run;
mod server;
mod simulate;
