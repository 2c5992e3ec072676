//! Charts of an order or a trade, redrawn from facts.
//!
//! Facts do not hold the messages between processes. Without failures a handshake has only one course, and
//! the chart draws that, with the words of [`protocol::Message`]; every chart says that it was redrawn.
//! Nothing here reads a journal: facts come in, a chart comes out.

mod redraw;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use units::OrderId;

pub(crate) use redraw::Redraw;

/// Subject of a chart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Subject {
    /// Everything about an order.
    Order(OrderId),
    /// One trade, by the number of its fact, which clients know it by.
    Trade(u64),
}

impl FromStr for Subject {
    type Err = String;

    fn from_str(text: &str) -> Result<Subject, String> {
        let number = |digits: &str| digits.parse::<u64>().ok().filter(|&number| number > 0);
        let order = |digits| number(digits).map(|order| Subject::Order(OrderId(order)));
        let subject = match text.split_once('/') {
            None => order(text.strip_prefix('#').unwrap_or(text)),
            Some(("order" | "orders", digits)) => order(digits),
            Some(("trade" | "trades", digits)) => number(digits).map(Subject::Trade),
            Some(_) => None,
        };
        subject.ok_or_else(|| "give an order as 12 or order/12, a trade as trade/57".to_owned())
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Order(order) => write!(f, "order {order}"),
            Subject::Trade(number) => write!(f, "trade {number}"),
        }
    }
}

/// The party of a column.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Party {
    /// The client.
    Client,
    /// The floor of the market.
    Floor,
    /// An order.
    Order(OrderId),
    /// The ledger.
    Ledger,
    /// The log of facts.
    Log,
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Party::Client => f.pad("client"),
            Party::Floor => f.pad("floor"),
            Party::Order(order) => f.pad(&order.to_string()),
            Party::Ledger => f.pad("ledger"),
            Party::Log => f.pad("log"),
        }
    }
}

/// The note that every chart carries.
pub(crate) const REDRAWN: &str =
    "redrawn from the facts: the messages of a handshake without failures";
