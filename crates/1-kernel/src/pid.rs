//! Addresses. An address carries a generation, so a reused slot is never mistaken for its last owner.

use std::fmt;

/// The address of one life of one process: 8 bytes.
///
/// A process that is restarted by its supervisor keeps its index and gets the next generation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pid {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

impl Pid {
    /// The edge of the world: what comes from outside comes from here, and what is sent here is lost.
    pub const OUTSIDE: Pid = Pid { index: u32::MAX, generation: 0 };

    /// The slot: dense, reused after the process is gone. Good for tables beside a world's slots.
    #[inline]
    pub fn index(self) -> usize {
        self.index as usize
    }

    /// Which life in that slot.
    #[inline]
    pub fn generation(self) -> u32 {
        self.generation
    }

    /// An address made up by a test that plays a process's peers.
    pub fn made_up(index: u32, generation: u32) -> Pid {
        Pid { index, generation }
    }
}

impl fmt::Debug for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Pid::OUTSIDE {
            f.write_str("<outside>")
        } else {
            write!(f, "<{}.{}>", self.index, self.generation)
        }
    }
}
