//! The gate over loopback, before a whole exchange, as its clients meet it.

mod reads;
mod refusals;
mod rig;
