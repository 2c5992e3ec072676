//! Several worlds: what crosses between them keeps Erlang's promises, whoever carries it, and when.

mod across;
mod lock;
mod peer;
mod threads;
