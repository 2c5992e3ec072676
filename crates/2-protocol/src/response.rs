//! What clients receive.

use units::OrderId;

use crate::{Fact, RejectCode, Stamp};

/// One answer to a command, or a part of it. A command's answers are its facts in order, or one of the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Response {
    /// This happened.
    Fact(Stamp, Fact),
    /// The command was refused and nothing happened.
    Rejected(RejectCode),
    /// The same command came before, under the same client id, and concerned this order. Nothing happened now.
    Repeated(OrderId),
}

impl Response {
    /// The fact with its stamp, if it is one.
    pub fn as_fact(&self) -> Option<(&Stamp, &Fact)> {
        match self {
            Response::Fact(stamp, fact) => Some((stamp, fact)),
            Response::Rejected(_) | Response::Repeated(_) => None,
        }
    }
}
