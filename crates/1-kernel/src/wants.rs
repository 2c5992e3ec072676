//! What a step wants, a bit each: whoever ends it looks once, and mostly sees nothing.

/// What a step wants that happens when it is over, beside what it has sent: a bit each. Most steps want nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Wants(u8);

impl Wants {
    /// Every monitor that was set before this step is taken away, before all else.
    pub(crate) const UNTIED: Wants = Wants(1);
    /// The note is the one at `Out::noting`.
    pub(crate) const NOTED: Wants = Wants(2);
    /// There are other effects.
    pub(crate) const MORE: Wants = Wants(4);
    /// There are facts, in the log from `Out::recorded` on.
    pub(crate) const RECORDED: Wants = Wants(8);
    /// The process ends, for the cause `Out::exit`.
    pub(crate) const ENDED: Wants = Wants(16);
    /// The monitor `Out::tying` is set, before the other effects: most steps set one at most.
    pub(crate) const TIED: Wants = Wants(32);
    /// There are effects that have an order.
    pub(crate) const ORDERED: Wants = Wants(4 | 32);
    /// None of them.
    pub(crate) const NOTHING: Wants = Wants(0);

    #[inline(always)]
    pub(crate) fn also(&mut self, want: Wants) {
        self.0 |= want.0;
    }

    #[inline(always)]
    pub(crate) fn not(&mut self, want: Wants) {
        self.0 &= !want.0;
    }

    /// All but this.
    #[inline(always)]
    pub(crate) fn but(self, want: Wants) -> Wants {
        Wants(self.0 & !want.0)
    }

    #[inline(always)]
    pub(crate) fn has(self, want: Wants) -> bool {
        self.0 & want.0 != 0
    }
}
