//! Amounts of what is traded.

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};

/// An amount of the traded thing, in whole lots. A market defines the size of one lot.
///
/// Sums and differences are checked: leaving the range is a bug and panics.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lots(pub u64);

impl Lots {
    /// None at all.
    pub const ZERO: Lots = Lots(0);

    /// True for no lots.
    #[inline]
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// What is left after taking away `other`, or `None` if there is not that much.
    #[inline]
    pub fn checked_sub(self, other: Lots) -> Option<Lots> {
        self.0.checked_sub(other.0).map(Lots)
    }
}

impl Add for Lots {
    type Output = Lots;
    #[inline]
    fn add(self, other: Lots) -> Lots {
        Lots(self.0.checked_add(other.0).expect("lots fit: every order is within limits::MAX_LOTS"))
    }
}

impl Sub for Lots {
    type Output = Lots;
    #[inline]
    fn sub(self, other: Lots) -> Lots {
        Lots(self.0.checked_sub(other.0).expect("lots are never below zero"))
    }
}

impl AddAssign for Lots {
    #[inline]
    fn add_assign(&mut self, other: Lots) {
        *self = *self + other;
    }
}

impl SubAssign for Lots {
    #[inline]
    fn sub_assign(&mut self, other: Lots) {
        *self = *self - other;
    }
}

impl std::iter::Sum for Lots {
    fn sum<I: Iterator<Item = Lots>>(iter: I) -> Lots {
        iter.fold(Lots::ZERO, Add::add)
    }
}

impl fmt::Debug for Lots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Lots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
