//! placeholder
pub mod chart;
pub mod flow;
pub mod laws;
pub mod oracle;
pub mod world;
