//! What everybody may see of the markets: products, books, tickers, trades.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use ledger::views::{Book, Market, Views};
use serde::Serialize;
use units::{OrderId, Side};
use words::{Ask, Code};

use crate::decimal;
use crate::extract::{Id, PAGE, Page, Query};
use crate::gate::App;
use crate::problem::{GateCode, Problem, Refusals};
use crate::shape::{
    BookBody, DealBody, FactBody, Product, Row, RowTail, Ticker, TradeBody, TradeFacts,
};
use crate::time::{Rfc3339, now};

/// Most rows a side of a book at level 2: what a person or a chart can use, and quick to copy.
const LEVELS: usize = 1000;

/// Most rows a side of a book at level 3: about a megabyte of answer in all.
const ORDERS: usize = 10_000;

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

/// The market with this name, or a refusal.
pub(crate) fn named<'a>(views: &'a Views, id: &str) -> Result<&'a Market, Problem> {
    let market = id.parse().ok().and_then(|symbol| views.market_named(&symbol));
    market.ok_or_else(|| Problem::from(Code::UnknownMarket))
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
    params(("id" = String, Path, description = "Name of the market, such as `BTC-USD`")),
    responses((status = 200, body = Product), Refusals))]
pub(crate) async fn product(
    State(app): State<Arc<App>>,
    Id(id): Id,
    query: Query,
) -> Result<Json<Product>, Problem> {
    query.only(&[])?;
    app.live.read(|views| Ok(Json(Product::of(named(views, &id)?))))?
}

/// A market's book: level 1 the best of each side, 2 every price, 3 every order.
#[utoipa::path(get, path = "/products/{id}/book", tag = "market",
    params(("id" = String, Path, description = "Name of the market"),
        ("level" = Option<u8>, Query, description = "1 (if left out), 2 or 3")),
    responses((status = 200, body = BookBody), Refusals))]
pub(crate) async fn book(
    State(app): State<Arc<App>>,
    Id(id): Id,
    query: Query,
) -> Result<Json<BookBody>, Problem> {
    let query = query.only(&["level"])?;
    let level = match query.number("level")? {
        None => 1,
        Some(level @ 1..=3) => level,
        Some(level) => {
            let why = format!("`level` is {level}; it may be 1, 2 or 3");
            return Err(Problem::from(GateCode::MalformedRequest).because(why));
        }
    };
    app.live.read(|views| {
        let market = named(views, &id)?;
        let (bids, all_bids) = rows(market, Side::Buy, level);
        let (asks, all_asks) = rows(market, Side::Sell, level);
        Ok(Json(BookBody {
            bids,
            asks,
            sequence: market.sequence,
            time: Rfc3339(now()).to_string(),
            complete: all_bids && all_asks,
        }))
    })?
}

/// The rows of one side of a book, and whether those are all that the level asks for.
fn rows(market: &Market, side: Side, level: u64) -> (Vec<Row>, bool) {
    let book: &Book = &market.book;
    let row = |price, lots: units::Lots, tail| {
        Row(decimal::price(market, price), decimal::size(market, lots.0), tail)
    };
    if level == 3 {
        let mut orders = book.orders(side);
        let tail = |order: OrderId| RowTail::Order(order.0.to_string());
        let rows = orders.by_ref().take(ORDERS).map(|o| row(o.price, o.lots, tail(o.order)));
        return (rows.collect(), orders.next().is_none());
    }
    let most = if level == 1 { 1 } else { LEVELS };
    let levels = book.levels(side).take(most);
    let rows = levels.map(|l| row(l.price, l.lots, RowTail::Orders(l.orders))).collect();
    (rows, level == 1 || book.depth(side) <= most)
}

/// Last trade and touch of a market.
#[utoipa::path(get, path = "/products/{id}/ticker", tag = "market",
    params(("id" = String, Path, description = "Name of the market")),
    responses((status = 200, body = Ticker), Refusals))]
pub(crate) async fn ticker(
    State(app): State<Arc<App>>,
    Id(id): Id,
    query: Query,
) -> Result<Json<Ticker>, Problem> {
    query.only(&[])?;
    app.live.read(|views| {
        let market = named(views, &id)?;
        let best = |side| market.book.best(side).map(|level| decimal::price(market, level.price));
        let last = market.tape.last();
        let volume = i128::try_from(market.tape.day_volume(now())).unwrap_or(i128::MAX);
        Ok(Json(Ticker {
            bid: best(Side::Buy),
            ask: best(Side::Sell),
            volume: decimal::size(market, volume),
            trade_id: last.map(|trade| trade.seq),
            price: last.map(|trade| decimal::price(market, trade.price)),
            size: last.map(|trade| decimal::size(market, trade.lots.0)),
            time: last.map(|trade| Rfc3339(trade.time).to_string()),
        }))
    })?
}

/// The last trades of a market, newest first; 1,000 are kept.
#[utoipa::path(get, path = "/products/{id}/trades", tag = "market",
    params(("id" = String, Path, description = "Name of the market"),
        ("limit" = Option<u64>, Query, description = "Rows, 1 to 1000; 100 if left out"),
        ("before" = Option<u64>, Query, description = "Only trades newer than this number"),
        ("after" = Option<u64>, Query, description = "Only trades older than this number")),
    responses((status = 200, body = [TradeBody]), Refusals))]
pub(crate) async fn trades(
    State(app): State<Arc<App>>,
    Id(id): Id,
    query: Query,
) -> Result<Paged<TradeBody>, Problem> {
    let query = query.only(&PAGE)?;
    let page = Page::of(&query)?;
    app.live.read(|views| {
        let market = named(views, &id)?;
        let trades = market.tape.newest_first().filter(|trade| trade.seq < page.after);
        let trades = trades.take_while(|trade| trade.seq > page.before).take(page.limit);
        let rows = trades.map(|trade| (trade.seq, TradeBody::of(market, trade)));
        Ok(Paged::of(rows.collect()))
    })?
}

/// Ours: one trade of any market, with its facts, while it is among the last of its market or of an
/// account's fills.
#[utoipa::path(get, path = "/trades/{id}", tag = "market",
    params(("id" = u64, Path, description = "Number of the trade")),
    responses((status = 200, body = TradeFacts), Refusals))]
pub(crate) async fn trade(
    State(app): State<Arc<App>>,
    Id(id): Id,
    query: Query,
) -> Result<Json<TradeFacts>, Problem> {
    query.only(&[])?;
    let unknown = || Problem::from(GateCode::UnknownTrade);
    let id: u64 = id.parse().map_err(|_| unknown())?;
    app.live.read(|views| {
        let trade = views.trade_of_fact(id).ok_or_else(unknown)?;
        let market = views.market(trade.market).ok_or_else(unknown)?;
        let orders = [trade.deal.maker, trade.deal.taker].map(|order| views.orders().get(order));
        let mut orders: Vec<_> = orders.into_iter().flatten().collect();
        orders.sort_by_key(|order| order.stamp.seq);
        let mut facts: Vec<_> =
            orders.into_iter().map(|order| FactBody::entered(market, order)).collect();
        facts.push(FactBody::traded(market, trade));
        Ok(Json(TradeFacts {
            trade: TradeBody::of(market, trade),
            product_id: market.spec.symbol.to_string(),
            deal: DealBody::of(trade.deal),
            facts,
        }))
    })?
}

/// Starts a stopped market again: the operator's. The answer is its name.
///
/// A market is stopped when its processes died again and again. Its orders can be cancelled all the while; those that
/// are still open come back at their old places.
#[utoipa::path(post, path = "/admin/markets/{symbol}/resume", tag = "admin",
    params(("symbol" = String, Path, description = "Name of the market")),
    responses((status = 200, body = String, content_type = "application/json"), Refusals))]
pub(crate) async fn resume(
    State(app): State<Arc<App>>,
    Id(symbol): Id,
    query: Query,
) -> Result<Json<String>, Problem> {
    query.only(&[])?;
    let market = app.live.read(|views| named(views, &symbol).map(|market| market.id))??;
    let (_, shown) = app.ask(Ask::ResumeMarket { market }).await?;
    match shown {
        true => Ok(Json(symbol)),
        false => Err(Problem::from(GateCode::ViewsBehind).because(format!("market {symbol}"))),
    }
}
