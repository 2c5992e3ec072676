//! The book of a market, and what was written of it last.
//!
//! A book of many levels is long to write and many ask for the same one. So levels 2 and 3 are
//! written once for each state of the market, which its `sequence` names, and given out as they are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use ledger::views::{Book, Market};
use protocol::RejectCode;
use serde::Serialize;
use units::{Lots, MarketId, OrderId, Price, Side};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::decimal;
use crate::extract::{Id, Query};
use crate::market::named;
use crate::problem::{Problem, Refusals};
use crate::rest_gateway::App;
use crate::schema::{ProductId, TimeText};
use crate::time::{Rfc3339, now};

/// Most rows a side of a book at level 2: what a person or a chart can use, and quick to copy.
const LEVELS: usize = 1000;

/// Most rows a side of a book at level 3: about a megabyte of answer in all.
const ORDERS: usize = 10_000;

/// Most bytes of books that are kept written.
const KEPT: usize = 64 << 20;

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
        let time = Rfc3339(now()).to_string();
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
            _ => app.books.written(market, level),
        })
    })??;
    Ok(([(header::CONTENT_TYPE, "application/json")], written).into_response())
}

/// Books that were written, each as its market was at one sequence.
///
/// - the bytes of all of them are at most `KEPT`, or there is one
/// - they are those of the market at their sequence: nothing else changes a book
#[derive(Default)]
pub(crate) struct Books {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    books: BTreeMap<(MarketId, u64), (u64, Bytes)>,
    bytes: usize,
    /// How many were ever written.
    writes: u64,
}

impl Books {
    /// The book of a market as it is now. One is written at a time: who asks for the same waits for it.
    pub(crate) fn written(&self, market: &Market, level: u64) -> Bytes {
        // What was half done when a thread died is written anew.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (market.id, level);
        if let Some((sequence, written)) = kept.books.get(&key)
            && *sequence == market.sequence
        {
            return written.clone();
        }
        let written = BookBody::of(market, level).written();
        kept.forget(key);
        // Which go first matters little: those that are asked for are soon written again.
        while kept.bytes + written.len() > KEPT
            && let Some((&oldest, _)) = kept.books.first_key_value()
        {
            kept.forget(oldest);
        }
        kept.bytes += written.len();
        kept.writes += 1;
        kept.books.insert(key, (market.sequence, written.clone()));
        written
    }
}

impl Kept {
    fn forget(&mut self, key: (MarketId, u64)) {
        if let Some((_, written)) = self.books.remove(&key) {
            self.bytes -= written.len();
        }
    }
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

#[cfg(test)]
mod tests {
    use ledger::views::Views;
    use protocol::{Entered, Fact, MarketSpec, Stamp, TimeInForce};
    use units::{AccountId, CommandId, Scale, Time};

    use super::*;

    /// Views of two markets, and a way to put an order into one.
    struct Two {
        views: Views,
        seq: u64,
    }

    impl Two {
        fn new() -> Two {
            let mut two = Two { views: Views::default(), seq: 0 };
            for market in [0, 1] {
                let symbol = format!("M{market}-USD").parse().expect("a symbol");
                let spec = MarketSpec::new(symbol, Scale::places(2), Scale::places(0));
                two.apply(Fact::MarketOpened { market: MarketId(market), spec });
            }
            two
        }

        fn apply(&mut self, fact: Fact) {
            self.seq += 1;
            self.views.apply(
                &Stamp { seq: self.seq, command: CommandId(self.seq), time: Time(0) },
                &fact,
            );
        }

        fn enter(&mut self, market: u16, price: i64) {
            self.apply(Fact::Entered(Entered {
                order: OrderId(self.seq + 1),
                account: AccountId(1),
                client: None,
                market: MarketId(market),
                side: Side::Buy,
                price: Price(price),
                quantity: Lots(1),
                time_in_force: TimeInForce::GoodTillCancel,
            }));
        }

        fn market(&self, id: u16) -> &Market {
            self.views.market(MarketId(id)).expect("it was opened")
        }
    }

    #[test]
    fn a_book_is_written_once_for_each_sequence_and_level() {
        let (mut two, books) = (Two::new(), Books::default());
        two.enter(0, 100);
        let writes = || books.kept.lock().expect("no thread died").writes;
        let first = books.written(two.market(0), 2);
        for _ in 0..10 {
            assert_eq!(books.written(two.market(0), 2), first);
        }
        assert_eq!(writes(), 1);
        two.enter(1, 100);
        assert_eq!(books.written(two.market(0), 2), first, "another market has changed");
        assert_eq!(writes(), 1);
        assert_ne!(books.written(two.market(0), 3), first);
        two.enter(0, 101);
        let text = String::from_utf8(books.written(two.market(0), 2).to_vec()).expect("JSON");
        assert!(text.contains(r#"[["1.01","1",1],["1.00","1",1]]"#), "{text}");
        assert_eq!(writes(), 3);
        let kept = books.kept.lock().expect("no thread died");
        assert_eq!(
            kept.bytes,
            kept.books.values().map(|(_, written)| written.len()).sum::<usize>()
        );
    }
}
