//! The book of a market as JSON.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use protocol::RejectCode;
use serde::Serialize;
use units::{Lots, OrderId, Price, Side};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use views::{Book, Market};

use crate::app::App;
use crate::decimal;
use crate::extract::{Id, Query};
use crate::market::named;
use crate::problem::{Problem, Refusals};
use crate::schema::{ProductId, TimeText};
use crate::time;

/// Most rows a side of a book at level 2: what a person or a chart can use, and quick to copy.
const LEVELS: usize = 1000;

/// Most rows a side of a book at level 3: about a megabyte of answer in all.
const ORDERS: usize = 10_000;

/// `[price, size, number of orders]`, or at level 3 `[price, size, order id]`.
#[derive(Serialize)]
pub(crate) struct Row(String, String, RowTail);

/// The third part of a row.
#[derive(Serialize)]
#[serde(untagged)]
enum RowTail {
    /// How many orders rest at the price.
    Orders(usize),
    /// The order's number.
    Order(String),
}

impl PartialSchema for Row {
    fn schema() -> RefOr<Schema> {
        let decimal = || {
            Schema::from(
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .pattern(Some(r"^-?[0-9]+(\.[0-9]+)?$")),
            )
        };
        let tail = OneOfBuilder::new()
            .item(ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)))
            .item(Ref::from_schema_name("Number"));
        let parts = [decimal(), decimal(), Schema::from(tail)];
        let row = ArrayBuilder::new().prefix_items(parts).min_items(Some(3)).max_items(Some(3));
        let about = "`[price, size, number of orders]`, or at level 3 `[price, size, order id]`.";
        row.description(Some(about)).into()
    }
}

impl ToSchema for Row {
    fn name() -> std::borrow::Cow<'static, str> {
        "Row".into()
    }
}

/// A market's book.
#[derive(Serialize, ToSchema)]
pub(crate) struct BookBody {
    /// Buyers, highest price first.
    #[schema(max_items = 10_000)]
    bids: Vec<Row>,
    /// Sellers, lowest price first.
    #[schema(max_items = 10_000)]
    asks: Vec<Row>,
    /// Number of the last fact that concerned this market.
    sequence: u64,
    /// When this was written: the same for all who read the same state at level 2 or 3.
    #[schema(value_type = TimeText)]
    time: String,
    /// Ours: false if there is more than fits an answer; the best rows are here.
    complete: bool,
}

impl BookBody {
    fn of(market: &Market, level: u64) -> BookBody {
        let (bids, all_bids) = rows(market, Side::Buy, level);
        let (asks, all_asks) = rows(market, Side::Sell, level);
        let time = time::show(time::now());
        BookBody { bids, asks, sequence: market.sequence, time, complete: all_bids && all_asks }
    }

    fn written(&self) -> Bytes {
        serde_json::to_vec(self).expect("strings and numbers are JSON").into()
    }
}

/// Parameters of a book.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "only its description is used")]
pub(crate) struct BookParams {
    /// 1, the best of each side; 2, every price; or 3, every order.
    #[param(minimum = 1, maximum = 3, default = 1, nullable = false)]
    level: Option<u32>,
}

/// A market's book: level 1 the best of each side, 2 every price, 3 every order.
#[utoipa::path(get, path = "/products/{id}/book", tag = "market",
    params(("id" = ProductId, Path, description = "Name of the market"), BookParams),
    responses((status = 200, body = BookBody), Refusals))]
pub(crate) async fn book(
    State(app): State<Arc<App>>,
    Id(id): Id,
    query: Query,
) -> Result<Response, Problem> {
    let query = query.only(&["level"])?;
    let level = query.word("level", &[("1", 1), ("2", 2), ("3", 3)])?.unwrap_or(1);
    let written = app.live.read(|views| {
        let market = named(views, &id).ok_or(RejectCode::UnknownMarket)?;
        Ok::<Bytes, Problem>(match level {
            1 => BookBody::of(market, 1).written(),
            _ => app.books.written(market, level, || BookBody::of(market, level).written()),
        })
    })??;
    Ok(([(header::CONTENT_TYPE, "application/json")], written).into_response())
}

/// The rows of one side of a book, and whether those are all that the level asks for.
fn rows(market: &Market, side: Side, level: u64) -> (Vec<Row>, bool) {
    let book: &Book = &market.book;
    let row = |price: Price, quantity: Lots, tail| {
        Row(decimal::price(market, price), decimal::size(market, quantity.0), tail)
    };
    if level == 3 {
        let mut orders = book.orders(side);
        let tail = |order: OrderId| RowTail::Order(order.0.to_string());
        let rows = orders.by_ref().take(ORDERS).map(|o| row(o.price, o.quantity, tail(o.order)));
        return (rows.collect(), orders.next().is_none());
    }
    let most = if level == 1 { 1 } else { LEVELS };
    let levels = book.levels(side).take(most);
    let rows = levels.map(|l| row(l.price, l.quantity, RowTail::Orders(l.orders))).collect();
    (rows, level == 1 || book.depth(side) <= most)
}
