//! Which fault strikes when, drawn from a seed. Each kind has its own rate and random sequence, so that
//! leaving one kind out does not change the others. This module only draws: its callers
//! inject the fault.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::Seeded;

macro_rules! faults {
    ($($name:ident = $short:literal, $text:literal;)*) => {
        /// A kind of fault.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Fault { $(#[doc = $text] $name,)* }

        impl Fault {
            /// Every kind.
            pub const ALL: &[Fault] = &[$(Fault::$name,)*];

            /// Its name on the command line.
            pub fn name(self) -> &'static str {
                match self { $(Fault::$name => $short,)* }
            }

            /// What it does, in words.
            pub fn text(self) -> &'static str {
                match self { $(Fault::$name => $text,)* }
            }
        }
    };
}

faults! {
    Kill = "kill", "a process is killed between two steps";
    Program = "program", "the program ends at once; what it wrote is still with the system";
    Power = "power", "the machine loses power: what was not synced is lost, torn or reordered";
    Short = "short", "the system writes fewer bytes than it was given, or is interrupted";
    Write = "write", "a write fails, after some of its bytes";
    Sync = "sync", "a sync fails once; what was to be synced may be lost, and the next sync succeeds";
    Full = "full", "another program fills the disk, for a while";
    Rot = "rot", "a bit flips in bytes that are on the disk";
    Slow = "slow", "an operation of the disk takes up to two seconds";
    Inodes = "inodes", "no new file can be created, for a while";
    Make = "make", "the disk fails when a file is made or renamed; a rename may have been done";
    Taken = "taken", "another program removes or replaces the newest segment, the lock or the folder";
    Stale = "stale", "stale bytes come back, or a write never arrived";
    End = "end", "the service ends in good order";
    Second = "second", "a second service starts on the same disk";
    Ruin = "ruin", "a floor dies after each restart, until its market is stopped";
    Clock = "clock", "the system clock is set ahead or back by up to a day, or to the right time again";
}

/// How many kinds there are.
const KINDS: usize = Fault::ALL.len();

/// A set of kinds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kinds(u32);

impl Kinds {
    /// Every kind.
    pub const ALL: Kinds = Kinds((1 << KINDS) - 1);
    /// None.
    pub const NONE: Kinds = Kinds(0);

    /// True if this kind is in it.
    pub fn has(self, fault: Fault) -> bool {
        self.0 & (1 << fault as u32) != 0
    }

    /// The set without this kind.
    #[must_use]
    pub fn without(self, fault: Fault) -> Kinds {
        Kinds(self.0 & !(1 << fault as u32))
    }

    /// The set with this kind.
    #[must_use]
    pub fn with(self, fault: Fault) -> Kinds {
        Kinds(self.0 | 1 << fault as u32)
    }
}

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Kinds::NONE {
            return f.write_str("none");
        }
        let names = Fault::ALL.iter().filter(|fault| self.has(**fault)).map(|fault| fault.name());
        f.write_str(&names.collect::<Vec<_>>().join(","))
    }
}

/// A text that names no set of kinds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownFault(String);

impl fmt::Display for UnknownFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no kind of fault; choose all, none, or some of {}", self.0, Kinds::ALL)
    }
}

impl std::error::Error for UnknownFault {}

impl FromStr for Kinds {
    type Err = UnknownFault;

    /// `all`, `none`, or names with commas between them.
    fn from_str(text: &str) -> Result<Kinds, UnknownFault> {
        match text {
            "all" => return Ok(Kinds::ALL),
            "none" => return Ok(Kinds::NONE),
            _ => {}
        }
        text.split(',').try_fold(Kinds::NONE, |kinds, name| {
            let fault = Fault::ALL.iter().find(|fault| fault.name() == name);
            fault.map(|fault| kinds.with(*fault)).ok_or_else(|| UnknownFault(name.to_owned()))
        })
    }
}

/// Draws faults. Clones share their random sequences.
#[derive(Clone, Debug)]
pub struct Faults(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    streams: [Seeded; KINDS],
    /// Of 100,000 opportunities, how many become faults.
    rates: [u32; KINDS],
    counts: [u64; KINDS],
    /// Which drawn faults strike, counted over all kinds from 0: from this one, up to that.
    window: (u64, u64),
    drawn: u64,
    resting: bool,
}

impl Faults {
    /// Faults that follow this seed.
    ///
    /// - `rates`: of 100,000 opportunities of a kind, how many become faults
    /// - `window`: of all drawn faults, the first that strikes and the first that no longer does
    pub fn new(seed: u64, rates: impl Fn(Fault) -> u32, window: (u64, u64)) -> Faults {
        let mut seeds = Seeded::new(seed);
        let streams = std::array::from_fn(|_| Seeded::new(seeds.draw()));
        let rates = std::array::from_fn(|kind| rates(Fault::ALL[kind]));
        let (counts, drawn) = ([0; KINDS], 0);
        Faults(Arc::new(Mutex::new(State {
            streams,
            rates,
            counts,
            window,
            drawn,
            resting: false,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True if this kind strikes at this opportunity.
    pub fn strikes(&self, fault: Fault) -> bool {
        let mut state = self.state();
        let kind = fault as usize;
        if state.rates[kind] == 0 || state.resting {
            return false;
        }
        if state.streams[kind].below(100_000) >= state.rates[kind] as usize {
            return false;
        }
        let (number, (from, until)) = (state.drawn, state.window);
        state.drawn += 1;
        let strikes = number >= from && number < until;
        state.counts[kind] += u64::from(strikes);
        strikes
    }

    /// A number below `bound`, from the sequence of this kind: where, how much.
    pub fn below(&self, fault: Fault, bound: usize) -> usize {
        self.state().streams[fault as usize].below(bound.max(1))
    }

    /// Stops all faults until they are enabled again.
    pub fn rest(&self, resting: bool) {
        self.state().resting = resting;
    }

    /// How often this kind has struck.
    pub fn count(&self, fault: Fault) -> u64 {
        self.state().counts[fault as usize]
    }

    /// How many were drawn, whether they struck or not.
    pub fn drawn(&self) -> u64 {
        self.state().drawn
    }
}
