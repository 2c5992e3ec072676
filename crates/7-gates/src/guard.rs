//! What every request passes first: where it came from, and whether there is room for it.
//!
//! A page of another site that is open in somebody's browser can reach a loopback address. Two
//! checks keep it out: the host must be a loopback name (else a foreign name was bent to this
//! address), and a request that names its origin must come from this gate's own pages.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use words::Code;

use crate::gate::App;
use crate::problem::{GateCode, Problem};

/// Lets in what was sent to a loopback name, by no other site's page.
pub(crate) async fn local(request: Request, next: Next) -> Response {
    let mut response = match check_origin(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn check_origin(headers: &HeaderMap) -> Result<(), Problem> {
    let refuse = |why: &str| Err(Problem::from(GateCode::ForeignOrigin).because(why));
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or(""));
    let Some(host) = text(header::HOST) else { return refuse("no Host header") };
    if !is_loopback(host) {
        return refuse("Host is not a loopback name");
    }
    match text(header::ORIGIN) {
        Some(origin) if origin.split_once("://").map(|(_, host)| host) != Some(host) => {
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
pub(crate) async fn bound(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let Ok(_permit) = app.requests.try_acquire() else {
        return Problem::from(Code::Busy).into_response();
    };
    match tokio::time::timeout(app.options.answer_within, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::from(Code::Unavailable).because("no answer in time").into_response(),
    }
}

/// Answers for paths that are not there.
pub(crate) async fn not_found() -> Problem {
    Problem::from(GateCode::NotFound)
}

/// Answers for methods that a path does not take.
pub(crate) async fn method_not_allowed() -> Problem {
    Problem::from(GateCode::MethodNotAllowed)
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
