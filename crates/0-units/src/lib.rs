//! What everything is counted in: prices in ticks, lots, numbers of commands, time, and every limit.
//!
//! Integers only. Arithmetic is checked and never wraps or saturates: a sum that could leave its
//! range is an error at the door ([`limits`]) or a bug, and a bug stops the process that has it.

mod decimal;
mod ids;
pub mod limits;
mod lots;
mod price;
pub mod rfc3339;

pub use decimal::{Decimal, DecimalError, Scale};
pub use ids::{AccountId, ClientId, CommandId, MarketId, OrderId, Symbol, SymbolError, Time};
pub use lots::Lots;
pub use price::{Price, Side};
