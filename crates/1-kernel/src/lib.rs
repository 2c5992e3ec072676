//! Processes (placeholder).
/// Address of a process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Pid { index: u32, generation: u32 }
