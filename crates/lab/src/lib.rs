//! The laboratory: what the exchange is tested, explained and measured with.
//!
//! | module | holds |
//! |---|---|
//! | [`chart`] | message sequence charts that are run, compared, rewritten and drawn; the files are in `charts/` |
//! | [`laws`] | the laws of the handshake, checked from outside, in runs with deaths drawn from a seed |
//! | [`mutations`] | mistakes that the code can be told to make, so that the laws can be tested |
//! | [`oracle`] | a plain matcher that says what must come of each command |
//! | [`explore`] | small worlds that are gone through to the end: every schedule, every fault, all laws |
//! | [`flow`] | generated order flow |
//! | [`simulate`] | seeded worlds with thousands of orders, clients, a journal on a disk that fails, and crashes |
//! | [`disk`] | that disk |
//! | [`faults`] | which fault strikes when |
//! | [`loads`] | what the kernel alone is measured with |
//! | [`world`] | an exchange whose every step is chosen from outside, and a witness of it |
//!
//! It may look at everything, and nothing may depend on it but tests and the command's drawings.

pub mod chart;
pub mod disk;
pub mod explore;
pub mod faults;
pub mod flow;
pub mod laws;
pub mod loads;
pub mod mutations;
pub mod oracle;
pub mod simulate;
pub mod world;

/// The code on this page is run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/component-models.md")]
struct OneProcessAtATime;
