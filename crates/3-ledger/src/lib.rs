//! placeholder

pub mod views;
