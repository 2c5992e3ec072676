//! What clients speak: for now REST, in the dialect of Coinbase Exchange.
//!
//! A [`Gate`] turns requests into asks, and durable facts into answers. It decides nothing about
//! the market: it reads numbers, names and limits of form, hands asks in, waits until they are
//! durable, and shows [`ledger::views`]. It binds to loopback only, since there are no credentials.

mod book;
mod client_oid;
mod collar;
mod connections;
mod decimal;
mod extract;
mod facts;
mod gate;
mod guard;
mod lists;
mod live;
mod market;
mod named;
mod openapi;
mod orders;
mod paced;
mod page;
mod problem;
mod schema;
mod server;
mod shape;
mod status;
mod time;
mod vocabulary;

pub use gate::{Gate, GateError, Options, listen};
pub use openapi::openapi_json;
pub use problem::GateCode;
