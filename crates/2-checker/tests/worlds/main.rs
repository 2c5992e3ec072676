//! Several worlds: what crosses between them keeps Erlang's promises, on one thread under the explorer
//! and on threads of their own.

mod across;
mod lock;
mod peer;
mod threads;
