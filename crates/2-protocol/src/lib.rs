//! The four vocabularies: clients send a [`Command`], processes exchange a [`Message`], what happened is recorded as
//! a [`Fact`], and clients receive a [`Response`]. Plain values: nothing here decides.

pub mod bytes;
mod command;
mod fact;
pub mod json;
mod message;
mod reject_code;
mod response;

pub use command::{Command, NewOrder, Replace, TimeInForce};
pub use fact::{CancelReason, Collar, Deal, Distance, Entered, Fact, MarketSpec, Stamp};
pub use message::{Busy, Message, Names, Presence};
pub use reject_code::RejectCode;
pub use response::Response;
