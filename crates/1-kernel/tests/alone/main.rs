//! One process at a time: the expressions, a small process whose model is right and whose mistakes are
//! found, and the kernel's own supervisors, their children played.

mod expressions;
mod lender;
mod supervisor;
