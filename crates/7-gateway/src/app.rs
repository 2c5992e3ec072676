//! What every handler shares, and the bounds that the owner sets. It imports no handler.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use exchange::{Client, Health};
use tokio::sync::Semaphore;
use views::Bounds;

use crate::books::Books;
use crate::live::Live;

/// Where a gateway listens, and what it may use.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen: a loopback address. Port 0 lets the system choose.
    pub bind: SocketAddr,
    /// Connections at once, more than `requests` and `cancels` together. At the bound, a new connection closes the one
    /// that has been idle longest. The system's limit of open files lowers it: 64 of those are left to the journal and
    /// others.
    pub connections: usize,
    /// Requests at work at once, over all connections; one more is rejected with `busy`. A request is at work once its
    /// body has arrived.
    pub requests: usize,
    /// Cancels at work at once beyond `requests`: capacity that no other request takes.
    pub cancels: usize,
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Time for a request's head to arrive.
    pub head_within: Duration,
    /// Time in which a client must read 16 KiB of an answer, or all of it; else the connection is cut.
    pub write_within: Duration,
    /// Time for a request to be answered and its command to become durable; then the answer is `unavailable`. The body
    /// has half of it to arrive; then the answer is `body-timeout`, and nothing has happened.
    pub answer_within: Duration,
    /// Time that an answer waits until reads show what it says.
    pub views_within: Duration,
    /// How much history the views keep.
    pub views: Bounds,
}

impl Default for Options {
    /// `127.0.0.1:8080`; 1024 connections; 512 requests and 64 cancels; 16 KiB; 10 s each for
    /// head, reading and answer; 2 s for views.
    fn default() -> Options {
        Options {
            bind: SocketAddr::from(([127, 0, 0, 1], 8080)),
            connections: 1024,
            requests: 512,
            cancels: 64,
            body_bytes: 16 * 1024,
            head_within: Duration::from_secs(10),
            write_within: Duration::from_secs(10),
            answer_within: Duration::from_secs(10),
            views_within: Duration::from_secs(2),
            views: Bounds::default(),
        }
    }
}

/// What the handlers share.
pub(crate) struct App {
    pub(crate) client: Client,
    pub(crate) live: Arc<Live>,
    pub(crate) health: Arc<dyn Fn() -> Health + Send + Sync>,
    pub(crate) options: Options,
    pub(crate) requests: Semaphore,
    pub(crate) cancels: Semaphore,
    pub(crate) books: Books,
}
