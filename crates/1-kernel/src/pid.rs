//! Addresses and registered names. An address carries a generation, so a reused slot is never mistaken
//! for its last owner.

use std::fmt;

/// The address of one life of one process: 8 bytes.
///
/// A process that is restarted by its supervisor keeps its index and gets the next generation.
///
/// One word, index above and generation below: what is written as two halves and read as a whole while the writing
/// is under way is waited for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pid(u64);

impl Pid {
    /// The edge of the world: what comes from outside comes from here, and what is sent here is lost.
    pub const OUTSIDE: Pid = Pid::new(u32::MAX, 0);

    /// So many worlds can be joined; their numbers are below.
    pub const WORLDS: u8 = 64;
    /// A generation has so many bits of its own; the rest is the world's number. A place is used for 67 million
    /// lives, and then left empty.
    pub(crate) const LIFE_BITS: u32 = 26;
    const LIVES: u32 = (1 << Pid::LIFE_BITS) - 1;

    #[inline(always)]
    pub(crate) const fn new(index: u32, generation: u32) -> Pid {
        Pid((index as u64) << 32 | generation as u64)
    }

    /// The index as it is written.
    #[inline(always)]
    pub(crate) fn slot(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The first life in a slot of a world.
    #[inline]
    pub(crate) fn first(world: u8, index: u32) -> Pid {
        Pid::new(index, u32::from(world) << Pid::LIFE_BITS | 1)
    }

    /// The address of whoever bears a name in a world then.
    pub fn named(world: u8, name: Name) -> Pid {
        Pid::new(name.0, u32::from(world) << Pid::LIFE_BITS)
    }

    /// The name, if this is the address of a name's bearer.
    pub(crate) fn name(self) -> Option<Name> {
        (self != Pid::OUTSIDE && self.generation() & Pid::LIVES == 0).then_some(Name(self.slot()))
    }

    /// The number of its world.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "six bits")]
    pub fn world(self) -> u8 {
        (self.generation() >> Pid::LIFE_BITS) as u8
    }

    /// The next life in the same slot; `None` after the last.
    #[inline]
    pub fn next_life(self) -> Option<Pid> {
        let generation = self.generation().wrapping_add(1);
        (generation & Pid::LIVES != 0).then_some(Pid::new(self.slot(), generation))
    }

    /// The slot: dense, reused after the process is gone. Good for tables beside a world's slots.
    #[inline(always)]
    pub fn index(self) -> usize {
        self.slot() as usize
    }

    /// Which life in that slot of which world: goes up with each life.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "the lower half")]
    pub fn generation(self) -> u32 {
        self.0 as u32
    }

    /// An address made up by a test that plays a process's peers.
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

/// A registered name: a small number of the world's own choosing; the registry is a table indexed by it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Name(pub u32);

impl Name {
    /// Names are below this, since the registry has a place for each that is lower than one in use: 128 MiB at most.
    pub const LIMIT: u32 = 1 << 24;

    /// A name that would take the program's memory is a bug of who made it up.
    #[inline]
    pub(crate) fn check(self) {
        assert!(self.0 < Name::LIMIT, "name {} is not below {}", self.0, Name::LIMIT);
    }
}
