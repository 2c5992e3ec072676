//! What holds of a journal, on simulated and on real files.

mod closing;
mod damage;
mod fixture;
mod full;
mod names;
mod ordinary;
mod sim;
mod snapshots;
