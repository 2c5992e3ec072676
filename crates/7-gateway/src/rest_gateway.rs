//! The gateway as its owner sees it: start, address, stop.
#![allow(clippy::disallowed_methods, reason = "an edge: a thread folds what the page shows")]

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use exchange::{Client, Health, Subscription};
use thiserror::Error;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::app::{App, Options};
use crate::books::Books;
use crate::live::Live;
use crate::{book, lists, market, middleware, openapi, orders, page, server, status};

/// Why a gateway did not start, or did not end well.
#[derive(Debug, Error)]
pub enum GatewayError {
    /// The address is not a loopback address.
    #[error(
        "cannot listen at {0}: there are no credentials yet, so only loopback addresses such as 127.0.0.1 are \
         served; use a tunnel to reach it from elsewhere"
    )]
    NotLoopback(SocketAddr),
    /// The system refuses to listen at the address.
    #[error("cannot listen at {address}: {source}; choose another port, or 0 for any")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// All connections could be at work at once, and none could give way to another.
    #[error(
        "{connections} connections cannot have {at_work} requests and cancels at work; allow more connections, \
         more open files (ulimit -n) or fewer requests"
    )]
    TooFewConnections {
        /// Connections at once.
        connections: usize,
        /// Requests and cancels at work at once.
        at_work: usize,
    },
    /// The system gave no thread.
    #[error("cannot start the gateway's threads: {0}")]
    Thread(#[source] io::Error),
    /// A thread of the gateway died while it ran: which, and of what.
    #[error("{0}")]
    Died(String),
}

/// A running gateway. Dropping it cuts every connection; [`RestGateway::stop`] lets requests finish.
#[derive(Debug)]
pub struct RestGateway {
    address: SocketAddr,
    runtime: Runtime,
    server: JoinHandle<()>,
    stop: watch::Sender<Option<Duration>>,
    live: Arc<Live>,
    folding: thread::JoinHandle<()>,
    stop_folding: mpsc::Sender<()>,
}

/// Listens at an address, which must be a loopback one: whether a gateway could be there, before it is opened.
pub fn listen(bind: SocketAddr) -> Result<TcpListener, GatewayError> {
    if !bind.ip().is_loopback() {
        return Err(GatewayError::NotLoopback(bind));
    }
    TcpListener::bind(bind).map_err(|source| GatewayError::Bind { address: bind, source })
}

impl RestGateway {
    /// Listens, and answers from now on.
    ///
    /// - `client`: where commands go
    /// - `subscribe`: gives every durable fact from the first one kept on, such as
    ///   `Service::subscribe`; called at the start, and again whenever the gateway was cut off
    /// - `health`: asked for `/readyz`, and at each subscription for how much history there is
    /// - starts three threads: two for requests, one that folds facts into views
    ///
    /// Call it from an ordinary thread, not from within an async runtime. What the two closures
    /// hold is let go by [`RestGateway::stop`].
    pub fn start(
        options: Options,
        client: Client,
        subscribe: impl FnMut() -> Subscription + Send + 'static,
        health: impl Fn() -> Health + Send + Sync + 'static,
    ) -> Result<RestGateway, GatewayError> {
        let bind = options.bind;
        let at = |source| GatewayError::Bind { address: bind, source };
        let descriptors = std::fs::read_to_string(LIMITS).ok().and_then(|text| open_files(&text));
        let most = descriptors.map_or(usize::MAX, |most| most.saturating_sub(LEFT_TO_OTHERS));
        let connections = options.connections.min(most);
        let at_work = options.requests + options.cancels;
        if connections <= at_work {
            return Err(GatewayError::TooFewConnections { connections, at_work });
        }
        let listener = listen(bind)?;
        listener.set_nonblocking(true).map_err(at)?;
        let address = listener.local_addr().map_err(at)?;

        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("gateway")
            .enable_all()
            .build()
            .map_err(GatewayError::Thread)?;
        let health: Arc<dyn Fn() -> Health + Send + Sync> = Arc::new(health);
        let live = Live::new(options.views, health().durable);
        let (stop_folding, stop_told) = mpsc::channel();
        let (followed, of_history) = (live.clone(), health.clone());
        let fold = move || followed.fold(subscribe, || of_history().durable, &stop_told);
        let folding = thread::Builder::new().name("gateway-fold".to_owned()).spawn(fold);
        let folding = folding.map_err(GatewayError::Thread)?;

        let requests = Semaphore::new(options.requests);
        let cancels = Semaphore::new(options.cancels);
        let (live_too, books) = (live.clone(), Books::default());
        let app = App { client, live: live_too, health, options, requests, cancels, books };
        let (stop, stopping) = watch::channel(None);
        let limits = server::Limits {
            connections,
            head_within: app.options.head_within,
            write_within: app.options.write_within,
        };
        let router = router(Arc::new(app));
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(at)?
        };
        let server = runtime.spawn(server::serve(listener, router, limits, stopping));
        Ok(RestGateway { address, runtime, server, stop, live, folding, stop_folding })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Why this gateway is of no use any more, if so: a thread of it has died. It answers reads with that, or
    /// nothing at all, until it is stopped and another one started.
    pub fn failure(&self) -> Option<String> {
        let server = || self.server.is_finished().then(|| SERVER_DIED.to_owned());
        self.live.failure().map(ToOwned::to_owned).or_else(server)
    }

    /// Takes no more requests, gives those at work two seconds to end, and closes every connection.
    pub fn stop(self) -> Result<(), GatewayError> {
        self.stop_within(Duration::from_secs(2))
    }

    /// The same with another time for requests at work. An error means that one of its threads had died
    /// before; the gateway is closed anyway.
    pub fn stop_within(self, grace: Duration) -> Result<(), GatewayError> {
        let RestGateway { runtime, server, stop, folding, stop_folding, live, .. } = self;
        stop.send_replace(Some(grace));
        let served = runtime.block_on(server);
        runtime.shutdown_timeout(Duration::from_secs(1));
        drop(stop_folding);
        let folded = folding.join();
        match (live.failure(), served, folded) {
            (None, Ok(()), Ok(())) => Ok(()),
            (Some(why), ..) => Err(GatewayError::Died(why.to_owned())),
            (None, ..) => Err(GatewayError::Died(SERVER_DIED.to_owned())),
        }
    }
}

const SERVER_DIED: &str = "the gateway's server ended by itself";

/// The file with the limit of open files of this process.
const LIMITS: &str = "/proc/self/limits";

/// Open files that connections leave to the journal and others.
const LEFT_TO_OTHERS: usize = 64;

/// The soft limit of open files in such a text; `None` if it has none, or is unlimited.
fn open_files(text: &str) -> Option<usize> {
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn router(app: Arc<App>) -> Router {
    let bounded = Router::new()
        .route("/currencies", get(market::currencies))
        .route("/products", get(market::products))
        .route("/products/{id}", get(market::product))
        .route("/products/{id}/book", get(book::book))
        .route("/products/{id}/ticker", get(market::ticker))
        .route("/products/{id}/trades", get(market::trades))
        .route("/trades/{id}", get(market::trade))
        .route("/orders", get(lists::orders).post(orders::place))
        .route("/orders/{id}", get(orders::order).put(orders::replace).delete(orders::cancel))
        .route("/fills", get(lists::fills))
        .route("/admin/orders/{id}/release", post(orders::release))
        .route("/admin/markets/{symbol}/resume", post(market::resume))
        .layer(from_fn_with_state(app.clone(), middleware::bound));
    Router::new()
        .route("/time", get(status::time))
        .route("/healthz", get(status::healthz))
        .route("/readyz", get(status::readyz))
        .route("/openapi.json", get(openapi::serve))
        .route("/", get(page::html))
        .route("/page.css", get(page::css))
        .route("/page.js", get(page::js))
        .merge(bounded)
        .fallback(middleware::not_found)
        .method_not_allowed_fallback(middleware::method_not_allowed)
        .layer(from_fn(middleware::local))
        .with_state(app)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_says_how_many_files_may_be_open() {
        let text = "Limit                     Soft Limit           Hard Limit           Units\n\
            Max core file size        0                    unlimited            bytes\n\
            Max open files            1024                 1048576              files\n";
        assert_eq!(open_files(text), Some(1024));
        assert_eq!(open_files(&text.replace("1024 ", "unlimited ")), None);
        assert_eq!(open_files(""), None);
        let here = std::fs::read_to_string(LIMITS).expect("Linux says it");
        assert!(open_files(&here).is_none_or(|files| files > 0));
    }
}
