//! Charts: message sequence charts that are run.

mod draw;
mod text;

pub use draw::{Arrow, Called, Drawing, Row, fact_text};
