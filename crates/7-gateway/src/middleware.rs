//! What every request passes first: where it came from, and whether there is room for it.
//!
//! A page of another site that is open in somebody's browser can reach a loopback address. Two
//! checks keep it out: the host must be a loopback name (else a foreign name was bent to this
//! address), and a request that names its origin must come from this gateway's own pages.

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Method, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::LengthLimitError;
use protocol::RejectCode;
use tokio::time::Instant;

use crate::app::{App, Options};
use crate::connections::Connection;
use crate::problem::{GatewayCode, Problem};

/// Lets in what was sent to a loopback name, by no other site's page.
pub(crate) async fn local(request: Request, next: Next) -> Response {
    let mut response = match check_origin(&request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn check_origin(request: &Request) -> Result<(), Problem> {
    let refuse = |why: &'static str| Err(Problem::from(GatewayCode::ForeignOrigin).because(why));
    let headers = request.headers();
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or(""));
    let (host, origin) = (text(header::HOST), text(header::ORIGIN));
    // A target may be a whole URL; what it names must be as local as the header.
    let target = request.uri().authority().map(Authority::as_str);
    if host.into_iter().chain(target).any(|name| !is_loopback(name)) {
        return refuse("Host must be a loopback name such as 127.0.0.1 or localhost");
    }
    match (host, origin) {
        // HTTP/1.0 knows no Host, and no browser speaks it.
        (None, None) if request.version() == Version::HTTP_10 => Ok(()),
        (None, None) => {
            Err(Problem::from(GatewayCode::MalformedRequest).because("the header Host is required"))
        }
        (_, Some(origin)) if origin.split_once("://").map(|(_, host)| host) != host => {
            refuse("Origin is another site")
        }
        _ => Ok(()),
    }
}

/// True for `localhost`, `127.0.0.1`, `[::1]` and the like, with or without a port.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let address = bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    address || name.eq_ignore_ascii_case("localhost")
}

/// Bounds how many requests are at work at once, and how long one may take.
///
/// A request counts once its body is there: what a client does not send takes nobody's place. Some
/// places are for cancels alone, so that a crowd of new orders does not keep them out.
pub(crate) async fn bound(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let deadline = Instant::now() + app.options.answer_within;
    let request = match with_whole_body(&app.options, request).await {
        Ok(request) => request,
        Err(problem) => return problem.into_response(),
    };
    let permit = match app.requests.try_acquire() {
        Err(_) if request.method() == Method::DELETE => app.cancels.try_acquire(),
        any => any,
    };
    let Ok(_permit) = permit else { return Problem::from(RejectCode::Busy).into_response() };
    let connection = request.extensions().get::<Arc<Connection>>().cloned();
    let connection = connection.expect("the server names the connection of each request");
    let Some(_work) = connection.work() else {
        let why = "this connection gives way to another; nothing has happened";
        return Problem::from(RejectCode::Busy).because(why).into_response();
    };
    match tokio::time::timeout_at(deadline, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            Problem::from(RejectCode::Unavailable).because("no answer in time").into_response()
        }
    }
}

/// The same request with its body at hand, if it is of a kind that has one.
async fn with_whole_body(options: &Options, request: Request) -> Result<Request, Problem> {
    if ![Method::POST, Method::PUT].contains(request.method()) {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, options.body_bytes);
    let Ok(body) = tokio::time::timeout(options.answer_within / 2, body).await else {
        return Err(GatewayCode::BodyTimeout.into());
    };
    match body {
        Ok(bytes) => Ok(Request::from_parts(parts, Body::from(bytes))),
        Err(error) if error.source().is_some_and(|why| why.is::<LengthLimitError>()) => {
            let why =
                format!("the body is too large; at most {} bytes are taken", options.body_bytes);
            Err(Problem::from(GatewayCode::BodyTooLarge).because(why))
        }
        Err(_) => Err(Problem::from(GatewayCode::MalformedRequest).because("the body broke off")),
    }
}

/// Answers for paths that are not there.
pub(crate) async fn not_found() -> Problem {
    Problem::from(GatewayCode::NotFound)
}

/// Answers for methods that a path does not take.
pub(crate) async fn method_not_allowed() -> Problem {
    Problem::from(GatewayCode::MethodNotAllowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_pass() {
        for host in ["localhost", "LOCALHOST:80", "127.0.0.1:8080", "127.1.2.3", "[::1]:9"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["", "example.org", "localhost.example.org", "10.0.0.1:80", "127.0.0.1.x"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
