//! What a refused request is told: RFC 9457 problem details with a code and a message.
//!
//! Clients of the dialect read `message` alone, so it carries the particular, in Coinbase's words
//! where it has some; `code` is ours, and `title` says in a sentence what the code means.
//! Refusals of the exchange keep their [`Code`]; what a gate refuses by itself, before anything was
//! asked, has a [`GateCode`]. No request is ever answered by a bare status.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::Code;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

macro_rules! gate_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:ident, $message:literal;)*) => {
        /// Why a gate refused a request by itself. The exchange was not asked, or has answered.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum GateCode { $($(#[$doc])* $name,)* }

        impl GateCode {
            /// Every code of a gate.
            pub const ALL: &[GateCode] = &[$(GateCode::$name,)*];

            /// The code as clients see it, such as `malformed-request`.
            pub fn as_str(self) -> &'static str {
                match self { $(GateCode::$name => $text,)* }
            }

            /// One sentence for a person.
            pub fn message(self) -> &'static str {
                match self { $(GateCode::$name => $message,)* }
            }

            /// The HTTP status that it comes with.
            pub fn status(self) -> u16 {
                self.status_code().as_u16()
            }

            fn status_code(self) -> StatusCode {
                match self { $(GateCode::$name => StatusCode::$status,)* }
            }
        }
    };
}

gate_codes! {
    /// Not JSON, a field missing, unknown or of the wrong type, or a value of no meaning.
    MalformedRequest = "malformed-request", BAD_REQUEST,
        "The request cannot be read; `message` says where.";
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
    /// The same ask came before; its order has ended and is not at hand any more.
    OrderForgotten = "order-forgotten", GONE,
        "This ask happened before; its order has ended and is no longer at hand.";
    /// The body has too many bytes.
    BodyTooLarge = "body-too-large", PAYLOAD_TOO_LARGE, "The body is too large.";
    /// The body did not arrive in time.
    BodyTimeout = "body-timeout", REQUEST_TIMEOUT,
        "The body did not arrive in time; nothing has happened.";
    /// The facts of before the start are still being read.
    Starting = "starting", SERVICE_UNAVAILABLE,
        "The exchange is reading its history; ask again shortly.";
    /// The ask happened and is durable, but is not to be seen yet.
    ViewsBehind = "views-behind", SERVICE_UNAVAILABLE,
        "It happened and is durable, but cannot be shown yet; look again shortly.";
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

impl From<Code> for Problem {
    fn from(code: Code) -> Problem {
        Problem::new(status(code), code.as_str(), code.message())
    }
}

impl From<GateCode> for Problem {
    fn from(code: GateCode) -> Problem {
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

    /// Adds what else there is to say, where the dialect's words leave no room for it.
    pub(crate) fn explained(mut self, detail: impl Into<String>) -> Problem {
        self.detail = Some(detail.into());
        self
    }

    /// True if it has this code of the exchange.
    pub(crate) fn is(&self, code: Code) -> bool {
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

/// What Coinbase Exchange says in `message` where this code is told and nothing particular is.
/// Its clients compare some of these whole, so nothing is added to them.
fn dialect(code: &str) -> Option<&'static str> {
    Some(match code {
        "unknown-market" | "unknown-order" | "unknown-trade" | "not-found" => "NotFound",
        "order-done" => "Order already done",
        "market-stopped" => "Cancel only mode",
        _ => return None,
    })
}

/// The HTTP status of a refusal by the exchange.
fn status(code: Code) -> StatusCode {
    match code {
        Code::Busy => StatusCode::TOO_MANY_REQUESTS,
        Code::JournalFull
        | Code::Unavailable
        | Code::TooManyMarkets
        | Code::TooManyOrders
        | Code::TooManyAccounts => StatusCode::SERVICE_UNAVAILABLE,
        Code::UnknownMarket | Code::UnknownOrder => StatusCode::NOT_FOUND,
        Code::MarketExists
        | Code::MarketStopped
        | Code::MarketNotStopped
        | Code::OrderSuspended
        | Code::OrderNotSuspended => StatusCode::CONFLICT,
        // 400 and not 409: clients of the dialect take 409 for an exchange that is away, and ask again.
        Code::ClientIdUsed
        | Code::BadScale
        | Code::BadRules
        | Code::BadPrice
        | Code::PriceNotAboveZero
        | Code::BeyondCollar
        | Code::BadLots
        | Code::BelowDone => StatusCode::BAD_REQUEST,
        Code::Failed => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Seconds after which it makes sense to come again, told with 429 and 503.
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
        let exchange = Code::ALL.iter().map(|&code| Problem::from(code));
        let gate = GateCode::ALL.iter().map(|&code| Problem::from(code));
        let mut codes = BTreeSet::new();
        for problem in exchange.chain(gate) {
            assert!(codes.insert(problem.code), "{} twice", problem.code);
            assert!(problem.status.as_u16() >= 400, "{}", problem.code);
            assert!(problem.status.canonical_reason().is_some(), "{}", problem.code);
        }
    }

    #[test]
    fn what_the_dialect_says_is_said_of_codes_that_there_are() {
        let all: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        let ours = GateCode::ALL.iter().map(|code| code.as_str());
        let told = all.into_iter().chain(ours).filter(|code| dialect(code).is_some()).count();
        assert_eq!(told, 6, "each code that `dialect` names");
        assert_eq!(Problem::from(Code::UnknownOrder).message, "NotFound");
    }
}
