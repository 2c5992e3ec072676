//! The loop that accepts connections and serves HTTP/1.1 on each, within limits.
//!
//! Its own rather than a framework's, so that connections are counted, heads that
//! do not come and clients that do not read are cut off, and a stop lets requests at work end.

use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::connections::{Connections, Place};
use crate::paced::Paced;

/// What connections may use.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) connections: usize,
    pub(crate) head_within: Duration,
    pub(crate) write_within: Duration,
}

/// Bytes of a connection's buffers: of a head that is read, and of answers that wait to be written
/// beyond the one at hand.
const BUFFER: usize = 64 * 1024;

/// Bytes that the system keeps of answers to one client that does not read them; it takes up to twice
/// as many. By itself it would keep megabytes of each.
const UNSENT: usize = 256 * 1024;

/// How long accepting pauses when the system refuses a connection, such as for want of descriptors:
/// until one that was cut is gone, or until another may have ended.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));

/// Serves until `stop` has a value: the time that running requests may still take. If `stop` loses its sender, they end
/// at once.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    mut stop: watch::Receiver<Option<Duration>>,
) {
    let open = Connections::new(limits.connections);
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head_within).max_buf_size(BUFFER);
    // A client may close its sending side after its last request, and still read.
    http.half_close(true);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &open) => accepted,
            _ = stop.wait_for(Option::is_some) => break,
        };
        let Some((stream, place)) = accepted else { continue };
        // Answers are small and each is awaited: waiting to fill a packet would only delay them. A
        // socket that cannot do it is slower, no more.
        stream.set_nodelay(true).ok();
        SockRef::from(&stream).set_send_buffer_size(UNSENT).ok();
        let connection = place.connection.clone();
        let stream = Paced::new(stream, connection.clone(), limits.write_within);
        let router = TowerToHyperService::new(router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(connection.clone());
            router.call(request)
        });
        let served = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            tokio::select! {
                // A connection that fails is the client's loss, and the client has noticed.
                _ = served => {}
                () = place.connection.to_be_closed() => {}
            }
            drop(place);
        });
    }
    drop(listener);
    // Connections that still work then are cut.
    let grace = stop.borrow().unwrap_or_default();
    tokio::time::timeout(grace, graceful.shutdown()).await.ok();
}

/// The next connection with a place for it; `None` if the system could not give one just now.
async fn accept(listener: &TcpListener, open: &Connections) -> Option<(TcpStream, Place)> {
    let Ok((stream, _)) = listener.accept().await else {
        // Most likely descriptors have run out: one that does nothing gives way.
        tokio::time::sleep(if open.cut_idlest() { PAUSES.0 } else { PAUSES.1 }).await;
        return None;
    };
    Some((stream, open.place().await))
}
