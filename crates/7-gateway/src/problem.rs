//! The answer to a rejected request: RFC 9457 problem details with a code and a message.
//!
//! Clients of the dialect read `message` alone, so it carries the particular, in Coinbase's words
//! where it has some; `code` is ours, and `title` says in a sentence what the code means.
//! Refusals of the exchange keep their [`RejectCode`]; what a gateway refuses by itself, before anything was
//! asked, has a [`GatewayCode`]. No request is ever answered by a bare status.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::RejectCode;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

macro_rules! gateway_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:ident, $message:literal;)*) => {
        /// Why a gateway refused a request by itself. The exchange was not asked, or has answered.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum GatewayCode { $($(#[$doc])* $name,)* }

        impl GatewayCode {
            /// Every code of a gateway.
            pub const ALL: &[GatewayCode] = &[$(GatewayCode::$name,)*];

            /// The code as clients see it, such as `malformed-request`.
            pub fn as_str(self) -> &'static str {
                match self { $(GatewayCode::$name => $text,)* }
            }

            /// One sentence for a person.
            pub fn message(self) -> &'static str {
                match self { $(GatewayCode::$name => $message,)* }
            }

            /// The HTTP status that it comes with.
            pub fn status(self) -> u16 {
                self.status_code().as_u16()
            }

            fn status_code(self) -> StatusCode {
                match self { $(GatewayCode::$name => StatusCode::$status,)* }
            }
        }
    };
}

gateway_codes! {
    /// Not JSON, a field missing, unknown or of the wrong type, or a value of no meaning.
    MalformedRequest = "malformed-request", BAD_REQUEST,
        "The request is malformed; `message` says where.";
    /// Something that the dialect has and this exchange does not.
    NotSupported = "not-supported", BAD_REQUEST,
        "The request asks for something that is not supported; `message` says what.";
    /// No account, or no number, in the header that names it.
    BadAccount = "bad-account", UNAUTHORIZED,
        "Name an account, a number, in the header CB-ACCESS-KEY or Buttonwood-Account.";
    /// Came under a foreign host name, or from another site's page.
    ForeignOrigin = "foreign-origin", FORBIDDEN,
        "Requests are taken under a loopback name only, and from no other site's pages.";
    /// No such path.
    NotFound = "not-found", NOT_FOUND, "There is nothing at this path.";
    /// The path is there, the method is not.
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED,
        "This path does not take this method.";
    /// No such trade, or one so old that it is not at hand.
    UnknownTrade = "unknown-trade", NOT_FOUND,
        "No trade at hand has this number; the journal has every trade.";
    /// The order was there, and has ended.
    OrderDone = "order-done", BAD_REQUEST,
        "This order is filled or cancelled, so it cannot be cancelled or replaced.";
    /// The same command came before; its order has ended and is not at hand any more.
    OrderForgotten = "order-forgotten", GONE,
        "This command happened before; its order has ended and is no longer at hand.";
    /// The body has too many bytes.
    BodyTooLarge = "body-too-large", PAYLOAD_TOO_LARGE, "The body is too large.";
    /// The body did not arrive in time.
    BodyTimeout = "body-timeout", REQUEST_TIMEOUT,
        "The body did not arrive in time; nothing has happened.";
    /// The facts of before the start are still being read.
    Starting = "starting", SERVICE_UNAVAILABLE,
        "The exchange is reading its history; send the request again shortly.";
    /// The command happened and is durable, but is not to be seen yet.
    ViewsBehind = "views-behind", SERVICE_UNAVAILABLE,
        "The command happened and is durable, but reads do not show it yet; read again shortly.";
}

/// A refusal on its way to a client.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    message: Cow<'static, str>,
    detail: Option<String>,
}

/// Problem details as of RFC 9457.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProblemBody<'a> {
    /// What the code means, in one sentence: always the same for a code.
    title: &'a str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// Which refusal, in kebab case: a program may rely on it.
    #[schema(pattern = "^[a-z]+(-[a-z]+)*$")]
    code: &'a str,
    /// What was wrong this time, in the words of the dialect where it has some.
    message: &'a str,
    /// More about it, if there is more to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    detail: Option<&'a str>,
}

/// The refusals that any request may get, for the description.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "only its description is used; answers are made of problems")]
pub(crate) enum Refusals {
    /// The request is at fault; `code` says how.
    #[response(status = "4XX", content_type = "application/problem+json")]
    Theirs(#[to_schema] ProblemBody<'static>),
    /// The exchange cannot do it now; `Retry-After` says when to come again.
    #[response(status = "5XX", content_type = "application/problem+json")]
    Ours(#[to_schema] ProblemBody<'static>),
}

impl From<RejectCode> for Problem {
    fn from(code: RejectCode) -> Problem {
        Problem::new(status(code), code.as_str(), code.message())
    }
}

impl From<GatewayCode> for Problem {
    fn from(code: GatewayCode) -> Problem {
        Problem::new(code.status_code(), code.as_str(), code.message())
    }
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, title: &'static str) -> Problem {
        let message = Cow::from(dialect(code).unwrap_or(title));
        Problem { status, code, title, message, detail: None }
    }

    /// Says what was wrong this time.
    pub(crate) fn because(mut self, message: impl Into<Cow<'static, str>>) -> Problem {
        self.message = message.into();
        self
    }

    /// Adds a detail, where the dialect fixes the message.
    pub(crate) fn explained(mut self, detail: impl Into<String>) -> Problem {
        self.detail = Some(detail.into());
        self
    }

    /// True if it has this code of the exchange.
    pub(crate) fn is(&self, code: RejectCode) -> bool {
        self.code == code.as_str()
    }

    fn body(&self) -> ProblemBody<'_> {
        ProblemBody {
            title: self.title,
            status: self.status.as_u16(),
            code: self.code,
            message: &self.message,
            detail: self.detail.as_deref(),
        }
    }
}

/// Coinbase Exchange's `message` for this code, if there is no more particular one. Its clients
/// compare some of these messages whole, so nothing is added to them.
fn dialect(code: &str) -> Option<&'static str> {
    Some(match code {
        "unknown-market" | "unknown-order" | "unknown-trade" | "not-found" => "NotFound",
        "order-done" => "Order already done",
        "market-stopped" => "Cancel only mode",
        _ => return None,
    })
}

/// The HTTP status of a refusal by the exchange.
fn status(code: RejectCode) -> StatusCode {
    match code {
        RejectCode::Busy => StatusCode::TOO_MANY_REQUESTS,
        RejectCode::JournalFull
        | RejectCode::Unavailable
        | RejectCode::TooManyMarkets
        | RejectCode::TooManyOrders
        | RejectCode::TooManyAccounts => StatusCode::SERVICE_UNAVAILABLE,
        RejectCode::UnknownMarket | RejectCode::UnknownOrder => StatusCode::NOT_FOUND,
        RejectCode::MarketExists
        | RejectCode::MarketStopped
        | RejectCode::MarketNotStopped
        | RejectCode::OrderSuspended
        | RejectCode::OrderNotSuspended => StatusCode::CONFLICT,
        // 400 and not 409: clients of the dialect take 409 for an exchange that is away, and ask again.
        RejectCode::ClientIdUsed
        | RejectCode::BadScale
        | RejectCode::BadRules
        | RejectCode::BadPrice
        | RejectCode::PriceNotAboveZero
        | RejectCode::BeyondCollar
        | RejectCode::BadQuantity
        | RejectCode::BelowFilled => StatusCode::BAD_REQUEST,
        RejectCode::Failed => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Seconds until a client should retry: the `Retry-After` of 429 and 503.
pub(crate) const RETRY_AFTER: &str = "1";

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        let headers = response.headers_mut();
        let problem = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, problem);
        let later = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE];
        if later.contains(&self.status) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_refusal_has_a_code_of_its_own_and_a_status_of_an_error() {
        let exchange = RejectCode::ALL.iter().map(|&code| Problem::from(code));
        let gateway = GatewayCode::ALL.iter().map(|&code| Problem::from(code));
        let mut codes = BTreeSet::new();
        for problem in exchange.chain(gateway) {
            assert!(codes.insert(problem.code), "{} twice", problem.code);
            assert!(problem.status.as_u16() >= 400, "{}", problem.code);
            assert!(problem.status.canonical_reason().is_some(), "{}", problem.code);
        }
    }

    #[test]
    fn what_the_dialect_says_is_said_of_codes_that_there_are() {
        let all: Vec<&str> = RejectCode::ALL.iter().map(|code| code.as_str()).collect();
        let ours = GatewayCode::ALL.iter().map(|code| code.as_str());
        let told = all.into_iter().chain(ours).filter(|code| dialect(code).is_some()).count();
        assert_eq!(told, 6, "each code that `dialect` names");
        assert_eq!(Problem::from(RejectCode::UnknownOrder).message, "NotFound");
    }
}
