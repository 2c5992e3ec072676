//! Measurements, each in a file of its own. They print what was measured and judge nothing.

pub(crate) mod core;
pub(crate) mod kernel;
mod measure;
