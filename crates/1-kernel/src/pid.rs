//! Addresses and registered names. An address carries a generation, so a reused slot is never
//! mistaken for its last owner.

use std::fmt;

/// The address of one life of one process: 8 bytes.
///
/// A restarted process keeps its index and gets the next generation.
///
/// It is one word, with the index above the generation: writing two halves and reading the whole
/// soon after causes a store-forwarding stall.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pid(u64);

impl Pid {
    /// The edge of the world: the sender of everything from outside. What is sent here is lost.
    pub const OUTSIDE: Pid = Pid::new(u32::MAX, 0);

    /// Most worlds that can be joined; their numbers are below this.
    pub const WORLDS: u8 = 64;
    /// Bits of a generation; the upper six of the 32 are the world's number. A slot serves 67
    /// million processes, and then stays empty.
    pub(crate) const LIFE_BITS: u32 = 26;
    const LIVES: u32 = (1 << Pid::LIFE_BITS) - 1;

    #[inline(always)]
    pub(crate) const fn new(index: u32, generation: u32) -> Pid {
        Pid((index as u64) << 32 | generation as u64)
    }

    /// The index, as 32 bits.
    #[inline(always)]
    pub(crate) fn slot(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The first address in a slot of a world.
    #[inline]
    pub(crate) fn first(world: u8, index: u32) -> Pid {
        Pid::new(index, u32::from(world) << Pid::LIFE_BITS | 1)
    }

    /// The address of the process that bears a name in a world when the signal arrives there.
    pub fn named(world: u8, name: Name) -> Pid {
        Pid::new(name.0, u32::from(world) << Pid::LIFE_BITS)
    }

    /// The name, if this is the address of a name.
    pub(crate) fn name(self) -> Option<Name> {
        (self != Pid::OUTSIDE && self.generation() & Pid::LIVES == 0).then_some(Name(self.slot()))
    }

    /// The number of its world.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "six bits")]
    pub fn world(self) -> u8 {
        (self.generation() >> Pid::LIFE_BITS) as u8
    }

    /// The next address in the same slot; `None` after the last.
    #[inline]
    pub fn next_life(self) -> Option<Pid> {
        let generation = self.generation().wrapping_add(1);
        (generation & Pid::LIVES != 0).then_some(Pid::new(self.slot(), generation))
    }

    /// The slot's index: dense, and reused after the process has ended.
    #[inline(always)]
    pub fn index(self) -> usize {
        self.slot() as usize
    }

    /// Generation and world number: rises with each process in the slot.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "the lower half")]
    pub fn generation(self) -> u32 {
        self.0 as u32
    }

    /// An address that a test makes up for a played peer.
    pub fn made_up(index: u32, generation: u32) -> Pid {
        Pid::new(index, generation)
    }
}

impl fmt::Debug for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Pid::OUTSIDE {
            f.write_str("<outside>")
        } else {
            let life = self.generation() & Pid::LIVES;
            match (self.world(), self.name()) {
                (world, Some(name)) => write!(f, "<{world}/name {}>", name.0),
                (0, None) => write!(f, "<{}.{life}>", self.slot()),
                (world, None) => write!(f, "<{world}/{}.{life}>", self.slot()),
            }
        }
    }
}

/// A registered name: a small number that the user chooses. The registry is a table indexed by it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Name(pub u32);

impl Name {
    /// Names are below this: the registry has 8 bytes for each name up to the highest in use, 128
    /// MiB at most.
    pub const LIMIT: u32 = 1 << 24;

    /// Panics if the name is not below the limit, before the registry grows to it.
    #[inline]
    pub(crate) fn check(self) {
        assert!(self.0 < Name::LIMIT, "name {} is not below {}", self.0, Name::LIMIT);
    }
}
