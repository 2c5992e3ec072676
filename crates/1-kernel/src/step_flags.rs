//! Effects of a step besides sending, a bit each, so that the end of a step tests one byte.

/// Effects that the current step has requested, besides sending: a bit each. Most steps request
/// none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct StepFlags(u8);

impl StepFlags {
    /// Removes every monitor set before this step, before all other effects.
    pub(crate) const DEMONITORED: StepFlags = StepFlags(1);
    /// Replaces the note by the one at `Out::noting`.
    pub(crate) const NOTED: StepFlags = StepFlags(2);
    /// `Out::effects` is not empty.
    pub(crate) const MORE: StepFlags = StepFlags(4);
    /// The log holds facts of this step, from `Out::recorded` on.
    pub(crate) const RECORDED: StepFlags = StepFlags(8);
    /// Ends the process with the cause `Out::exit`.
    pub(crate) const ENDED: StepFlags = StepFlags(16);
    /// Sets the monitor `Out::monitoring` before the effects in `Out::effects`: most steps set one
    /// at most.
    pub(crate) const MONITORED: StepFlags = StepFlags(32);
    /// Some effect has an order relative to others.
    pub(crate) const ORDERED: StepFlags = StepFlags(4 | 32);
    /// No effect.
    pub(crate) const NOTHING: StepFlags = StepFlags(0);

    #[inline(always)]
    pub(crate) fn also(&mut self, flag: StepFlags) {
        self.0 |= flag.0;
    }

    #[inline(always)]
    pub(crate) fn not(&mut self, flag: StepFlags) {
        self.0 &= !flag.0;
    }

    /// All but this flag.
    #[inline(always)]
    pub(crate) fn but(self, flag: StepFlags) -> StepFlags {
        StepFlags(self.0 & !flag.0)
    }

    #[inline(always)]
    pub(crate) fn has(self, flag: StepFlags) -> bool {
        self.0 & flag.0 != 0
    }
}
