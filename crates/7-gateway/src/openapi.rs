//! The description of this gateway for programs, made from the handlers and shapes themselves.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::header;
use axum::response::IntoResponse;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, SchemaFormat, Type};
use utoipa::{Modify, OpenApi};

use crate::{book, facts, lists, market, orders, problem, schema, status};

#[derive(OpenApi)]
#[openapi(
    modifiers(&Paging, &Naming),
    info(
        title = "Buttonwood",
        description = "REST of the exchange, in the dialect of Coinbase Exchange. Accounts are \
            named, not proven: this gateway is served on loopback only. Refusals are problem details \
            (RFC 9457, `application/problem+json`); a program may rely on their `code`.\n\n\
            What is open is always shown. Of what has passed the gateway keeps the last 1,000 orders \
            that are done and the last 1,000 fills of each account, of all accounts together those \
            of the last 131,072 orders and trades, and the last 1,000 trades of each market; of \
            what is older it says `unknown-order` or `unknown-trade`. The journal has all of it.",
    ),
    paths(
        market::currencies, market::products, market::product, book::book, market::ticker, market::trades,
        market::trade, orders::place, orders::replace, orders::cancel, orders::order,
        orders::release,
        market::resume,
        lists::orders, lists::fills, status::time, status::healthz, status::readyz,
    ),
    components(schemas(problem::ProblemBody<'static>, facts::FactBody, schema::OrderName,
        schema::DateOrTime, lists::SortKey, lists::Sorting, lists::StatusWanted)),
    tags(
        (name = "market", description = "What everybody may see"),
        (name = "orders", description = "An account's own"),
        (name = "admin", description = "The operator's"),
        (name = "state", description = "The gateway's own state"),
    ),
)]
struct Api;

/// The headers of what comes in pages.
struct Paging;

impl Modify for Paging {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        for path in ["/orders", "/fills", "/products/{id}/trades"] {
            let get = openapi.paths.paths.get_mut(path).and_then(|path| path.get.as_mut());
            let ok = get.and_then(|get| get.responses.responses.get_mut("200"));
            let Some(RefOr::T(ok)) = ok else { unreachable!("{path} is there, and answers") };
            for (name, row, page) in [
                ("CB-BEFORE", "newest", ("before", "newer")),
                ("CB-AFTER", "oldest", ("after", "older")),
            ] {
                let about = format!(
                    "Number of the {row} row looked at, as `{}` of the next {} page; not there if \
                     there is none",
                    page.0, page.1
                );
                let number = ObjectBuilder::new()
                    .schema_type(Type::Integer)
                    .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
                    .minimum(Some(0));
                let header =
                    HeaderBuilder::new().schema(Some(number)).description(Some(about)).build();
                ok.headers.insert(name.to_owned(), RefOr::T(header));
            }
        }
    }
}

/// The headers that name the account.
struct Naming;

impl Modify for Naming {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let schemes = [
            (
                "key",
                "CB-ACCESS-KEY",
                "The account, a number below 2^32. This header, `Buttonwood-Account` or the field \
                 `account` of a body that has one must name it; if none does, or two name two, the \
                 answer is 401 `bad-account`.",
            ),
            ("account", "Buttonwood-Account", "Ours: the account, in place of `CB-ACCESS-KEY`."),
        ];
        for (name, header, about) in schemes {
            let key = ApiKey::Header(ApiKeyValue::with_description(header, about));
            components.add_security_scheme(name, SecurityScheme::ApiKey(key));
        }
    }
}

/// The OpenAPI description, as JSON text with a newline at its end.
pub fn openapi_json() -> String {
    Api::openapi().to_pretty_json().expect("the description is plain data") + "\n"
}

/// Gives the description to whoever asks.
pub(crate) async fn serve() -> impl IntoResponse {
    static WRITTEN: LazyLock<Bytes> = LazyLock::new(|| openapi_json().into());
    ([(header::CONTENT_TYPE, "application/json")], WRITTEN.clone())
}

#[cfg(test)]
mod tests {
    use units::limits;
    use views::Bounds;

    #[test]
    fn the_bounds_that_are_told_are_those_that_hold() {
        let told = Bounds {
            tape: 1000,
            finished_per_account: 1000,
            finished: 131_072,
            fills_per_account: 1000,
            fills: 131_072,
        };
        let where_told = "say the new ones in the descriptions here, README.md and docs";
        assert_eq!(Bounds::default(), told, "{where_told}");
        assert_eq!(limits::REMEMBERED_CLIENT_IDS, 1024, "{where_told}");
    }
}
