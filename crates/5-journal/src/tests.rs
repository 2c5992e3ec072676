//! What holds of a journal, on simulated and on real files.

mod closing;
mod damage;
mod disk;
mod evidence;
mod failing;
mod fixture;
mod full;
mod growing;
mod hostile;
mod mending;
mod missing;
mod names;
mod old;
mod ordinary;
mod power;
mod reading;
mod records;
mod sim;
mod snapshots;
mod verifying;
mod walking;
