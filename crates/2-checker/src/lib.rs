//! Checks of protocols that run on the [`kernel`]. It drives the shipped processes through the
//! kernel's public interface and its [`kernel::test_api`]; the kernel does not know it.
//!
//! | module | what it does |
//! |---|---|
//! | [`explore`] | visits every state that an order of delivery and a budget of faults can lead to |
//! | [`component`] | plays one process against a model of its protocol |
//! | [`cluster`] | joins worlds on one thread, for tests and the explorer |
//! | `second_opinion` | has Stateright explore the same system (feature `stateright`) |
//! | [`chart`] | draws a run as a message sequence chart: text, Mermaid, SVG |

pub mod chart;
pub mod cluster;
pub mod component;
pub mod explore;
#[cfg(feature = "stateright")]
pub mod second_opinion;
