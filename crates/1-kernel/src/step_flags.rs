//! What a step wants, a bit each: whoever ends it looks once, and mostly sees nothing.

/// What a step wants that happens when it is over, beside what it has sent: a bit each. Most steps want nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct StepFlags(u8);

impl StepFlags {
    /// Every monitor that was set before this step is taken away, before all else.
    pub(crate) const DEMONITORED: StepFlags = StepFlags(1);
    /// The note is the one at `Out::noting`.
    pub(crate) const NOTED: StepFlags = StepFlags(2);
    /// There are other effects.
    pub(crate) const MORE: StepFlags = StepFlags(4);
    /// There are facts, in the log from `Out::recorded` on.
    pub(crate) const RECORDED: StepFlags = StepFlags(8);
    /// The process ends, for the cause `Out::exit`.
    pub(crate) const ENDED: StepFlags = StepFlags(16);
    /// The monitor `Out::tying` is set, before the other effects: most steps set one at most.
    pub(crate) const MONITORED: StepFlags = StepFlags(32);
    /// There are effects that have an order.
    pub(crate) const ORDERED: StepFlags = StepFlags(4 | 32);
    /// None of them.
    pub(crate) const NOTHING: StepFlags = StepFlags(0);

    #[inline(always)]
    pub(crate) fn also(&mut self, flag: StepFlags) {
        self.0 |= flag.0;
    }

    #[inline(always)]
    pub(crate) fn not(&mut self, flag: StepFlags) {
        self.0 &= !flag.0;
    }

    /// All but this.
    #[inline(always)]
    pub(crate) fn but(self, flag: StepFlags) -> StepFlags {
        StepFlags(self.0 & !flag.0)
    }

    #[inline(always)]
    pub(crate) fn has(self, flag: StepFlags) -> bool {
        self.0 & flag.0 != 0
    }
}
