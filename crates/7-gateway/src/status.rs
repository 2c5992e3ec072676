//! The gateway's own state: time and health.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use protocol::RejectCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::{Problem, Refusals};
use crate::time;

/// The exchange's clock.
#[derive(Serialize, ToSchema)]
pub(crate) struct Now {
    /// As RFC 3339.
    iso: String,
    /// Seconds since 1970, to the millisecond.
    epoch: f64,
}

/// What time it is here.
#[utoipa::path(get, path = "/time", tag = "state", responses((status = 200, body = Now)))]
#[allow(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit 53 bits")]
pub(crate) async fn time() -> Json<Now> {
    let now = time::now();
    let epoch = (now.0 / 1_000_000) as f64 / 1000.0;
    Json(Now { iso: time::show(now), epoch })
}

/// That this process answers, and its exchange with it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Alive {
    /// Always `ok`.
    status: &'static str,
}

/// Whether this process does its work at all: a supervisor restarts it if not. A full disk, or history that is
/// still read, is no such reason.
#[utoipa::path(get, path = "/healthz", tag = "state",
    responses((status = 200, body = Alive), Refusals))]
pub(crate) async fn healthz(State(app): State<Arc<App>>) -> Result<Json<Alive>, Problem> {
    let failure = (app.health)().failure;
    match failure.or_else(|| app.live.failure().map(ToOwned::to_owned)) {
        Some(failure) => Err(Problem::from(RejectCode::Unavailable).because(failure)),
        None => Ok(Json(Alive { status: "ok" })),
    }
}

/// That orders are taken and reads are up to date.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ready {
    /// Always `ready`.
    status: &'static str,
    /// Number of the last durable fact.
    durable: u64,
    /// Number of the last fact that reads show.
    shown: u64,
    /// Which start of the exchange this is, from 1.
    epoch: u32,
    /// Commands answered since that start.
    commands: u64,
    /// Open orders.
    open_orders: usize,
    /// What is wrong with the system's clock, if something is; orders are taken all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<String>,
}

/// Whether orders are taken and reads are up to date; a balancer sends no traffic if not.
#[utoipa::path(get, path = "/readyz", tag = "state",
    responses((status = 200, body = Ready), Refusals))]
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Result<Json<Ready>, Problem> {
    let health = (app.health)();
    if let Some(failure) = health.failure {
        return Err(Problem::from(RejectCode::Unavailable).because(failure));
    }
    if !health.accepts_orders {
        let problem = Problem::from(RejectCode::JournalFull);
        return Err(match health.accepts_cancels {
            true => problem,
            false => problem.because("Nothing is left for cancels either: they are refused too."),
        });
    }
    app.live.read(|views| {
        Json(Ready {
            status: "ready",
            durable: health.durable,
            commands: health.commands,
            shown: views.seq(),
            epoch: views.epoch(),
            open_orders: views.orders().open_count(),
            clock: health.clock,
        })
    })
}
