//! What clients speak: for now REST, in the dialect of Coinbase Exchange.
//!
//! A [`RestGateway`] turns requests into commands, and durable facts into answers. It decides nothing about
//! the market: it reads numbers, names and limits of form, hands commands in, waits until they are
//! durable, and shows [`views`]. It binds to loopback only, since there are no credentials.

mod app;
mod book;
mod books;
mod client_oid;
mod collar;
mod connections;
mod decimal;
mod extract;
mod facts;
mod lists;
mod live;
mod market;
mod middleware;
mod named;
mod openapi;
mod orders;
mod paced;
mod page;
mod problem;
mod responses;
mod rest_gateway;
mod schema;
mod server;
mod status;
mod submit;
mod time;
mod vocabulary;

pub use app::Options;
pub use openapi::openapi_json;
pub use problem::GatewayCode;
pub use rest_gateway::{GatewayError, RestGateway, listen};
