//! The four vocabularies: what a client wants ([`Ask`]), what processes say to each other ([`Say`]),
//! what happened ([`Fact`]) and what clients are told ([`Tell`]). Plain values; nothing here decides.

mod ask;
pub mod bytes;
mod code;
mod fact;
pub mod json;
mod say;
mod tell;

pub use ask::{Ask, Place, Replace, TimeInForce};
pub use code::Code;
pub use fact::{Collar, Deal, Distance, Entered, Fact, MarketSpec, Reason, Stamp};
pub use say::{Busy, Names, Presence, Say};
pub use tell::Tell;
