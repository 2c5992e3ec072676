//! The checker is checked: each mistake that the code can be told to make is caught, by a law's name. Only
//! in builds with the feature `mutations`: `cargo test -p lab --features mutations --test mutations`.

mod seeds;
mod tells;
