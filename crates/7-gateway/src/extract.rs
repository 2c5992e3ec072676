//! What handlers take from a request: account, path, query, page, body. Each says what is wrong.

use std::borrow::Cow;

use axum::RequestPartsExt;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use http_body_util::BodyExt;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use units::{AccountId, Time};
use utoipa::IntoParams;

use crate::problem::{GatewayCode, Problem};
use crate::schema::DateOrTime;
use crate::time;

fn malformed(why: impl Into<Cow<'static, str>>) -> Problem {
    Problem::from(GatewayCode::MalformedRequest).because(why)
}

/// The account that the request's headers name, if they name one.
pub(crate) struct Account(Option<AccountId>);

/// The headers that name the account. The first is the dialect's, the second our own.
const ACCOUNT_HEADERS: [&str; 2] = ["CB-ACCESS-KEY", "Buttonwood-Account"];

impl<S: Sync> FromRequestParts<S> for Account {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Account, Problem> {
        let bad = |why: &'static str| Err(Problem::from(GatewayCode::BadAccount).because(why));
        let mut named = None;
        for value in ACCOUNT_HEADERS.iter().flat_map(|name| parts.headers.get_all(*name)) {
            let Some(account) = value.to_str().ok().and_then(number) else {
                return bad("the account must be a number");
            };
            if named.is_some_and(|named| named != account) {
                return bad("two headers name two accounts");
            }
            named = Some(account);
        }
        Ok(Account(named))
    }
}

fn number(text: &str) -> Option<AccountId> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).map(AccountId)
}

impl Account {
    /// The account, if one is named.
    pub(crate) fn named(self) -> Option<AccountId> {
        self.0
    }

    /// The account, which must have been named.
    pub(crate) fn required(self) -> Result<AccountId, Problem> {
        self.0.ok_or_else(|| Problem::from(GatewayCode::BadAccount))
    }

    /// The account, which the body may name instead, or too if it is the same.
    pub(crate) fn or(self, in_body: Option<u32>) -> Result<AccountId, Problem> {
        match (self.0, in_body.map(AccountId)) {
            (Some(header), Some(body)) if header != body => {
                Err(Problem::from(GatewayCode::BadAccount)
                    .because("header and body name two accounts"))
            }
            (header, body) => Account(header.or(body)).required(),
        }
    }
}

/// The one part of a path that is a name or number.
pub(crate) struct Id(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Id, Problem> {
        match parts.extract::<Path<String>>().await {
            Ok(Path(id)) => Ok(Id(id)),
            Err(_) => Err(Problem::from(GatewayCode::NotFound).because("the path is not UTF-8")),
        }
    }
}

/// The parameters after the `?`, in order.
pub(crate) struct Query(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query, Problem> {
        let query = parts.uri.query().unwrap_or("");
        Ok(Query(form_urlencoded::parse(query.as_bytes()).into_owned().collect()))
    }
}

impl Query {
    /// Refuses parameters other than these: one that is not known would be passed over in silence.
    pub(crate) fn only(self, known: &[&str]) -> Result<Query, Problem> {
        match self.0.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((name, _)) => Err(Problem::from(GatewayCode::NotSupported)
                .because(format!("parameter `{name}` is not supported{}", others(known)))),
            None => Ok(self),
        }
    }

    /// Every value of a parameter; values may also be joined by commas.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).flat_map(|(_, value)| value.split(','))
    }

    /// The value of a parameter that may be there once.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.0.iter().filter(|(key, _)| key == name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(malformed(format!("parameter `{name}` is there twice"))),
            (value, None) => Ok(value.map(|(_, value)| value.as_str())),
        }
    }

    /// The value of a parameter that is a whole number and may be there once.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Problem> {
        let Some(text) = self.one(name)? else { return Ok(None) };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<i64>().map(u64::try_from) {
            Ok(Ok(number)) if digits => Ok(Some(number)),
            _ => Err(malformed(format!("`{name}` must be a whole number below 2^63"))),
        }
    }

    /// The value of a parameter that is a date or a time and may be there once.
    pub(crate) fn time(&self, name: &str) -> Result<Option<Time>, Problem> {
        let Some(text) = self.one(name)? else { return Ok(None) };
        let time = time::parse(text).ok_or_else(|| {
            malformed(format!("`{name}` must be a date or time such as 2026-03-21T09:30:00Z"))
        })?;
        Ok(Some(time))
    }

    /// The value of a parameter that is one of some words and may be there once.
    pub(crate) fn word<T: Copy>(
        &self,
        name: &str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.one(name)? else { return Ok(None) };
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        let known = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        found.map(Some).ok_or_else(|| malformed(format!("`{name}` must be one of: {}", known())))
    }
}

/// Says which parameters are known.
fn others(known: &[&str]) -> String {
    match known {
        [] => "; this path takes none".to_owned(),
        _ => format!("; supported are: {}", known.join(", ")),
    }
}

/// From when to when, both included.
pub(crate) struct Span {
    pub(crate) from: Time,
    pub(crate) to: Time,
}

/// Parameters of a span.
pub(crate) const SPAN: [&str; 2] = ["start_date", "end_date"];

impl Span {
    /// Reads the span from the query: all times if it names none.
    pub(crate) fn of(query: &Query) -> Result<Span, Problem> {
        let from = query.time("start_date")?.unwrap_or(Time(0));
        Ok(Span { from, to: query.time("end_date")?.unwrap_or(Time(u64::MAX)) })
    }

    pub(crate) fn contains(&self, time: Time) -> bool {
        (self.from..=self.to).contains(&time)
    }
}

/// Which rows of a list: at most `limit`, newer than `before`, older than `after`.
pub(crate) struct Page {
    pub(crate) limit: usize,
    pub(crate) before: u64,
    pub(crate) after: u64,
}

/// Parameters of a page.
pub(crate) const PAGE: [&str; 3] = ["limit", "before", "after"];

/// Rows of a page if the request does not say, and at most.
const ROWS: (u64, u64) = (100, 1000);

/// Parameters of a page, for the description.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "only its description is used; `Page` reads them")]
pub(crate) struct PageParams {
    /// Rows at most.
    #[param(minimum = 1, maximum = 1000, default = 100, nullable = false)]
    limit: Option<u32>,
    /// Only rows newer than this number.
    #[param(nullable = false)]
    before: Option<u64>,
    /// Only rows older than this number.
    #[param(nullable = false)]
    after: Option<u64>,
}

/// Parameters of a span, for the description.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "only its description is used; `Span` reads them")]
pub(crate) struct SpanParams {
    /// Only rows of this time or later: a date, which is its first moment in UTC, or a time.
    #[param(value_type = DateOrTime, required = false)]
    start_date: Option<String>,
    /// Only rows of this time or earlier: a date, which is its first moment in UTC, or a time.
    #[param(value_type = DateOrTime, required = false)]
    end_date: Option<String>,
}

impl Page {
    /// Reads the page from the query.
    pub(crate) fn of(query: &Query) -> Result<Page, Problem> {
        let limit = query.number("limit")?.unwrap_or(ROWS.0);
        if !(1..=ROWS.1).contains(&limit) {
            return Err(malformed(format!("`limit` must be 1 to {}", ROWS.1)));
        }
        Ok(Page {
            limit: usize::try_from(limit).expect("at most a thousand"),
            before: query.number("before")?.unwrap_or(0),
            after: query.number("after")?.unwrap_or(u64::MAX),
        })
    }
}

/// A JSON object as body, which the guard has read whole. Its content type does not matter:
/// `curl -d` sends another.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Body<T>, Problem> {
        let body = request.into_body().collect().await;
        let bytes = body.map_err(|_| malformed("the body broke off"))?.to_bytes();
        // Serde would fill a struct from an array too, by the order of its fields, which is no contract.
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        if first != Some(&b'{') {
            return Err(malformed("the body must be a JSON object"));
        }
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let field = error.path().to_string();
            match field.as_str() {
                "." => malformed(error.into_inner().to_string()),
                _ => malformed(format!("{field}: {}", error.into_inner())),
            }
        })?;
        json.end().map_err(|error| malformed(error.to_string()))?;
        Ok(Body(read))
    }
}

/// A field of the dialect that is not supported: noted whatever its value is, unless it is null.
pub(crate) struct Present;

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Present, D::Error> {
        IgnoredAny::deserialize(from).map(|_| Present)
    }
}
