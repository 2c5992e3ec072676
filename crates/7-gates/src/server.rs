//! The loop that accepts connections and serves HTTP/1.1 on each, within limits.
//!
//! Its own rather than a framework's, so that connections are counted, a slow head is cut off, and
//! a stop lets requests at work end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use words::Code;

use crate::problem::{Problem, RETRY_AFTER};

/// What connections may use.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) connections: usize,
    pub(crate) head_within: Duration,
}

/// How long accepting pauses when the system refuses a connection, such as for want of descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves until told to stop: how long requests at work may go on then, or not at all if nobody is left to say so.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    mut stop: watch::Receiver<Option<Duration>>,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head_within);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(Option::is_some) => break,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            turn_away(&stream);
            continue;
        };
        // Answers are small and each is awaited: waiting to fill a packet would only delay them. A
        // socket that cannot do it is slower, no more.
        stream.set_nodelay(true).ok();
        let service = TowerToHyperService::new(router.clone());
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A connection that fails is the client's loss, and the client has noticed.
            connection.await.ok();
            drop(place);
        });
    }
    drop(listener);
    // Whoever is not done by then is cut off.
    let grace = stop.borrow().unwrap_or_default();
    tokio::time::timeout(grace, graceful.shutdown()).await.ok();
}

/// Tells `busy` to a connection for which there is no place. Waits for nothing.
fn turn_away(stream: &TcpStream) {
    let body = Problem::from(Code::Busy).because("too many connections").to_json();
    let response = format!(
        "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/problem+json\r\n\
         retry-after: {RETRY_AFTER}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    // A few hundred bytes fit a new socket's buffer; if not, the close itself is the answer.
    stream.try_write(response.as_bytes()).ok();
}
