//! The description of this gate for programs, made from the handlers and shapes themselves.

use axum::http::header;
use axum::response::IntoResponse;
use utoipa::OpenApi;

use crate::{lists, market, orders, problem, shape, status};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Buttonwood",
        description = "REST of the exchange, in the dialect of Coinbase Exchange. Accounts are \
            named, not proven: this gate is served on loopback only. Refusals are problem details \
            (RFC 9457, `application/problem+json`); a program may rely on their `code`.",
    ),
    paths(
        market::products, market::product, market::book, market::ticker, market::trades,
        market::trade, orders::place, orders::replace, orders::cancel, orders::order,
        orders::release,
        lists::orders, lists::fills, status::time, status::healthz, status::readyz,
    ),
    components(schemas(problem::ProblemBody<'static>, shape::FactBody)),
    tags(
        (name = "market", description = "What everybody may see"),
        (name = "orders", description = "An account's own"),
        (name = "admin", description = "The operator's"),
        (name = "state", description = "The gate's own state"),
    ),
)]
struct Api;

/// The OpenAPI description, as JSON text with a newline at its end.
pub fn openapi_json() -> String {
    Api::openapi().to_pretty_json().expect("the description is plain data") + "\n"
}

/// Gives the description to whoever asks.
pub(crate) async fn serve() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], openapi_json())
}
