//! What everybody may see of the markets: products, books, tickers, trades.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use protocol::{Command, RejectCode};
use serde::Serialize;
use units::Side;
use views::{Market, Views};

use crate::app::App;
use crate::decimal;
use crate::extract::{Account, Id, PAGE, Page, PageParams, Query, SPAN, Span, SpanParams};
use crate::facts::{DealBody, FactBody, TradeView};
use crate::problem::{GatewayCode, Problem, Refusals};
use crate::responses::{Currency, Product, Ticker, TradeBody};
use crate::schema::ProductId;
use crate::time;

/// Rows of a list, newest first, each with its number; the headers `CB-BEFORE` and `CB-AFTER` carry
/// the first and last number, for the pages before (newer) and after (older).
pub(crate) struct Paged<T> {
    pub(crate) rows: Vec<T>,
    /// Numbers of the newest and the oldest row that were looked at.
    pub(crate) span: Option<(u64, u64)>,
}

impl<T> Paged<T> {
    /// A page whose span is that of its rows.
    pub(crate) fn of(rows: Vec<(u64, T)>) -> Paged<T> {
        let span = rows.first().zip(rows.last()).map(|(first, last)| (first.0, last.0));
        Paged { rows: rows.into_iter().map(|(_, row)| row).collect(), span }
    }
}

impl<T: Serialize> IntoResponse for Paged<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.rows).into_response();
        if let Some((newest, oldest)) = self.span {
            response.headers_mut().insert("CB-BEFORE", HeaderValue::from(newest));
            response.headers_mut().insert("CB-AFTER", HeaderValue::from(oldest));
        }
        response
    }
}

/// The market with this name.
pub(crate) fn named<'a>(views: &'a Views, id: &str) -> Option<&'a Market> {
    views.market_named(&id.parse().ok()?)
}

/// The market that a body or a query names, or a refusal.
pub(crate) fn product_named<'a>(views: &'a Views, id: &str) -> Result<&'a Market, Problem> {
    let unknown = || Problem::from(RejectCode::UnknownMarket).because("Product not found");
    named(views, id).ok_or_else(unknown)
}

/// Every currency of every market, by name.
#[utoipa::path(get, path = "/currencies", tag = "market",
    responses((status = 200, body = [Currency]), Refusals))]
pub(crate) async fn currencies(
    State(app): State<Arc<App>>,
    query: Query,
) -> Result<Json<Vec<Currency>>, Problem> {
    query.only(&[])?;
    app.live.read(|views| Json(Currency::all(views.markets())))
}

/// Every market.
#[utoipa::path(get, path = "/products", tag = "market",
    responses((status = 200, body = [Product]), Refusals))]
pub(crate) async fn products(
    State(app): State<Arc<App>>,
    query: Query,
) -> Result<Json<Vec<Product>>, Problem> {
    query.only(&[])?;
    app.live.read(|views| Json(views.markets().map(Product::of).collect()))
}

/// One market.
#[utoipa::path(get, path = "/products/{id}", tag = "market",
    params(("id" = ProductId, Path, description = "Name of the market, such as `BTC-USD`")),
    responses((status = 200, body = Product), Refusals))]
pub(crate) async fn product(
    State(app): State<Arc<App>>,
    Id(id): Id,
    query: Query,
) -> Result<Json<Product>, Problem> {
    query.only(&[])?;
    app.live
        .read(|views| Ok(Json(Product::of(named(views, &id).ok_or(RejectCode::UnknownMarket)?))))?
}

/// Last trade and touch of a market.
#[utoipa::path(get, path = "/products/{id}/ticker", tag = "market",
    params(("id" = ProductId, Path, description = "Name of the market")),
    responses((status = 200, body = Ticker), Refusals))]
pub(crate) async fn ticker(
    State(app): State<Arc<App>>,
    Id(id): Id,
    query: Query,
) -> Result<Json<Ticker>, Problem> {
    query.only(&[])?;
    app.live.read(|views| {
        let market = named(views, &id).ok_or(RejectCode::UnknownMarket)?;
        let best = |side| market.book.best(side).map(|level| decimal::price(market, level.price));
        let last = market.tape.last();
        let volume = i128::try_from(market.tape.day_volume(time::now())).unwrap_or(i128::MAX);
        Ok(Json(Ticker {
            bid: best(Side::Buy),
            ask: best(Side::Sell),
            volume: decimal::size(market, volume),
            trade_id: last.map(|trade| trade.seq),
            price: last.map(|trade| decimal::price(market, trade.price)),
            size: last.map(|trade| decimal::size(market, trade.quantity.0)),
            time: last.map(|trade| time::show(trade.time)),
        }))
    })?
}

/// The last trades of a market, newest first; 1,000 are kept.
#[utoipa::path(get, path = "/products/{id}/trades", tag = "market",
    params(("id" = ProductId, Path, description = "Name of the market"), PageParams, SpanParams),
    responses((status = 200, body = [TradeBody]), Refusals))]
pub(crate) async fn trades(
    State(app): State<Arc<App>>,
    Id(id): Id,
    query: Query,
) -> Result<Paged<TradeBody>, Problem> {
    let ([limit, before, after], [from, to]) = (PAGE, SPAN);
    let query = query.only(&[limit, before, after, from, to])?;
    let (page, span) = (Page::of(&query)?, Span::of(&query)?);
    app.live.read(|views| {
        let market = named(views, &id).ok_or(RejectCode::UnknownMarket)?;
        let trades = market.tape.newest_first().filter(|trade| trade.seq < page.after);
        let trades = trades.take_while(|trade| trade.seq > page.before);
        let trades = trades.filter(|trade| span.contains(trade.time)).take(page.limit);
        let rows = trades.map(|trade| (trade.seq, TradeBody::of(market, trade)));
        Ok(Paged::of(rows.collect()))
    })?
}

/// Ours: one trade of any market, while it is among the last of its market or of an account's
/// fills. An account that was a party to it sees the facts of its own order too.
#[utoipa::path(get, path = "/trades/{id}", tag = "market",
    params(("id" = u64, Path, description = "Number of the trade")),
    security((), ("key" = []), ("account" = [])),
    responses((status = 200, body = TradeView), Refusals))]
pub(crate) async fn trade(
    State(app): State<Arc<App>>,
    account: Account,
    Id(id): Id,
    query: Query,
) -> Result<Json<TradeView>, Problem> {
    query.only(&[])?;
    let unknown = || Problem::from(GatewayCode::UnknownTrade);
    let id: u64 = id.parse().map_err(|_| unknown())?;
    let account = account.named();
    app.live.read(|views| {
        let trade = views.trade_of_fact(id).ok_or_else(unknown)?;
        let market = views.market(trade.market).ok_or_else(unknown)?;
        let own =
            [(trade.maker_account, trade.deal.maker), (trade.taker_account, trade.deal.taker)];
        let own = own.into_iter().filter(|(of, _)| account.is_some() && *of == account);
        let mut own: Vec<_> = own.map(|(_, order)| views.orders().get(order)).collect();
        own.sort_by_key(|order| order.map(|order| order.stamp.seq));
        let facts = (!own.is_empty()).then(|| {
            let orders = own.iter().flatten();
            let mut facts: Vec<_> = orders.map(|order| FactBody::entered(market, order)).collect();
            facts.push(FactBody::traded(market, trade));
            facts
        });
        Ok(Json(TradeView {
            trade: TradeBody::of(market, trade),
            product_id: market.spec.symbol.to_string(),
            deal: facts.is_some().then(|| DealBody::of(trade.deal)),
            facts,
        }))
    })?
}

/// Starts a stopped market again: the operator's. The answer is its name.
///
/// A market is stopped when its processes died again and again. Its orders can be cancelled all the while; those that
/// are still open come back at their old places.
#[utoipa::path(post, path = "/admin/markets/{symbol}/resume", tag = "admin",
    params(("symbol" = ProductId, Path, description = "Name of the market")),
    responses((status = 200, body = String, content_type = "application/json"), Refusals))]
pub(crate) async fn resume(
    State(app): State<Arc<App>>,
    Id(symbol): Id,
    query: Query,
) -> Result<Json<String>, Problem> {
    query.only(&[])?;
    let market = app.live.read(|views| product_named(views, &symbol).map(|market| market.id))??;
    let (_, shown) = app.submit(Command::ResumeMarket { market }).await?;
    match shown {
        true => Ok(Json(symbol)),
        false => Err(Problem::from(GatewayCode::ViewsBehind).because(format!("market {symbol}"))),
    }
}
