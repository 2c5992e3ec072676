//! What clients are told.

use units::OrderId;

use crate::{Code, Fact, Stamp};

/// One answer to an ask, or a part of it. An ask's answers are its facts in order, or one of the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tell {
    /// This happened.
    Fact(Stamp, Fact),
    /// The ask was refused and nothing happened.
    Refused(Code),
    /// The same ask came before, under the same client id, and concerned this order. Nothing happened now.
    Repeated(OrderId),
}
