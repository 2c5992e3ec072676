//! placeholder
pub mod flow;
pub mod oracle;
