//! One process at a time: the expressions, lives that a step begins, a small process whose model is right and whose
//! mistakes are found, and the kernel's own supervisors, their children played.

mod begun;
mod expressions;
mod lender;
mod supervisor;
