//! Lists of an account: its orders and its fills, in pages.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::sync::Arc;

use axum::extract::State;
use units::{AccountId, MarketId, OrderId};
use utoipa::{IntoParams, ToSchema};
use views::{Market, Order, Views};

use crate::app::App;
use crate::decimal::exact;
use crate::extract::{Account, PAGE, Page, PageParams, Query, SPAN, Span, SpanParams};
use crate::market::{self, Paged};
use crate::orders::body;
use crate::problem::{GatewayCode, Problem, Refusals};
use crate::responses::{FillBody, OrderBody};
use crate::schema::ProductId;

/// Orders that one request looks at, at most: bounds the work for an account with very many open
/// orders of which few are wanted. The page is then short, and `CB-AFTER` says where to go on.
const LOOKED_AT: usize = 10_000;

/// What orders are sorted by.
#[derive(Clone, Copy, PartialEq, Eq, ToSchema)]
#[allow(dead_code, reason = "their names are read as text, and described")]
#[schema(rename_all = "snake_case")]
pub(crate) enum SortKey {
    CreatedAt,
    Price,
    Size,
    OrderId,
    Side,
    Type,
}

const SORT_KEYS: [(&str, SortKey); 6] = [
    ("created_at", SortKey::CreatedAt),
    ("price", SortKey::Price),
    ("size", SortKey::Size),
    ("order_id", SortKey::OrderId),
    ("side", SortKey::Side),
    ("type", SortKey::Type),
];

impl SortKey {
    /// True if it is the order of their numbers: an order is numbered when it is placed, and all are
    /// limit orders.
    fn is_age(self) -> bool {
        matches!(self, SortKey::CreatedAt | SortKey::OrderId | SortKey::Type)
    }
}

/// Which way a list runs.
#[derive(Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Sorting {
    Asc,
    Desc,
}

const SORTINGS: [(&str, Sorting); 2] = [("asc", Sorting::Asc), ("desc", Sorting::Desc)];

/// Status of orders, as a list is asked for them.
#[derive(Clone, Copy, ToSchema)]
#[allow(dead_code, reason = "only its description is used; `Wanted` reads the words")]
#[schema(rename_all = "lowercase")]
pub(crate) enum StatusWanted {
    Open,
    Pending,
    Rejected,
    Done,
    Active,
    Received,
    All,
}

/// Parameters of a list of orders.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "only its description is used")]
pub(crate) struct OrdersParams {
    /// Of these statuses, `open` if left out. No order here is ever pending, active, received or
    /// rejected.
    #[param(nullable = false)]
    status: Option<Vec<StatusWanted>>,
    /// Of this market only.
    #[param(value_type = ProductId, required = false)]
    product_id: Option<String>,
    /// What they are sorted by. By price, size and side go at most 10,000 orders, those between
    /// `before` and `after`.
    #[param(rename = "sortedBy", nullable = false)]
    sorted_by: Option<SortKey>,
    /// Which way: from the greatest or newest if left out.
    #[param(nullable = false)]
    sorting: Option<Sorting>,
}

/// Parameters of a list of fills.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "only its description is used")]
pub(crate) struct FillsParams {
    /// Of this order only.
    #[param(nullable = false)]
    order_id: Option<u64>,
    /// Of this market only.
    #[param(value_type = ProductId, required = false)]
    product_id: Option<String>,
}

/// Which orders a list is of, and how it runs.
struct Wanted {
    open: bool,
    done: bool,
    market: Option<MarketId>,
    span: Span,
    key: SortKey,
    sorting: Sorting,
    page: Page,
}

impl Wanted {
    fn of(query: &Query, views: &Views) -> Result<Wanted, Problem> {
        let mut wanted = Wanted {
            open: false,
            done: false,
            market: product(query, views)?,
            span: Span::of(query)?,
            key: query.word("sortedBy", &SORT_KEYS)?.unwrap_or(SortKey::CreatedAt),
            sorting: query.word("sorting", &SORTINGS)?.unwrap_or(Sorting::Desc),
            page: Page::of(query)?,
        };
        let mut any = false;
        for status in query.all("status") {
            any = true;
            match status {
                "open" => wanted.open = true,
                "done" => wanted.done = true,
                "all" => (wanted.open, wanted.done) = (true, true),
                // States of the dialect that no order here is ever in.
                "pending" | "active" | "received" | "rejected" => {}
                _ => {
                    let why = "`status` must be one of: open, done, all";
                    return Err(Problem::from(GatewayCode::MalformedRequest).because(why));
                }
            }
        }
        wanted.open |= !any;
        Ok(wanted)
    }

    fn contains(&self, order: &Order) -> bool {
        let there = self.market.is_none_or(|market| order.entered.new.market == market);
        there && self.span.contains(order.stamp.time)
    }

    /// The account's orders of these statuses within the page's bounds, by age.
    fn by_age<'a>(
        &self,
        views: &'a Views,
        account: AccountId,
    ) -> impl Iterator<Item = &'a Order> + use<'a> {
        let (above, below) = (OrderId(self.page.before), OrderId(self.page.after));
        let lowest = if self.open { above } else { below };
        let open = views.orders().open_between(account, lowest, below);
        let mut done: Vec<&Order> = match self.done {
            true => views.orders().finished_of(account).collect(),
            false => Vec::new(),
        };
        done.retain(|order| above < order.entered.order && order.entered.order < below);
        done.sort_by_key(|order| order.entered.order);
        let newest_first = self.sorting == Sorting::Desc;
        let open = directed(open, newest_first);
        merge(open.peekable(), directed(done.into_iter(), newest_first).peekable(), newest_first)
    }

    fn list(&self, views: &Views, account: AccountId) -> Result<Paged<OrderBody>, Problem> {
        if self.key.is_age() { Ok(self.page(views, account)) } else { self.sorted(views, account) }
    }

    fn page(&self, views: &Views, account: AccountId) -> Paged<OrderBody> {
        let mut rows = Vec::new();
        let mut span: Option<(u64, u64)> = None;
        for order in self.by_age(views, account).take(LOOKED_AT) {
            if rows.len() == self.page.limit {
                break;
            }
            let number = order.entered.order.0;
            let (newest, oldest) = span.unwrap_or((number, number));
            span = Some((newest.max(number), oldest.min(number)));
            if self.contains(order) {
                rows.extend(body(views, order));
            }
        }
        Paged { rows, span }
    }

    /// The first rows by price, size or side; those that are equal go by age.
    fn sorted(&self, views: &Views, account: AccountId) -> Result<Paged<OrderBody>, Problem> {
        let mut orders: Vec<&Order> = self.by_age(views, account).take(LOOKED_AT + 1).collect();
        if orders.len() > LOOKED_AT {
            let why = format!(
                "`sortedBy` is not supported for more than {LOOKED_AT} orders; sort them by created_at"
            );
            return Err(Problem::from(GatewayCode::NotSupported).because(why));
        }
        orders.retain(|order| self.contains(order));
        orders.sort_by(|a, b| {
            let rising = self.compare(views, a, b);
            if self.sorting == Sorting::Desc { rising.reverse() } else { rising }
        });
        let rows = orders.into_iter().take(self.page.limit);
        Ok(Paged { rows: rows.filter_map(|order| body(views, order)).collect(), span: None })
    }

    fn compare(&self, views: &Views, a: &Order, b: &Order) -> Ordering {
        let scales =
            |order: &Order| views.market(order.entered.new.market).map(|market| market.spec);
        match self.key {
            SortKey::Price => {
                let price = |order| scales(order).map(|spec| exact(spec.tick, order.price.0));
                price(a).cmp(&price(b))
            }
            SortKey::Size => {
                let size = |order| scales(order).map(|spec| exact(spec.lot, order.size.0));
                size(a).cmp(&size(b))
            }
            SortKey::Side => a.entered.new.side.cmp(&b.entered.new.side),
            SortKey::CreatedAt | SortKey::OrderId | SortKey::Type => {
                a.entered.order.cmp(&b.entered.order)
            }
        }
    }
}

/// A list from its end, or as it is.
fn directed<'a, T: 'a>(
    rows: impl DoubleEndedIterator<Item = T> + 'a,
    reverse: bool,
) -> Box<dyn Iterator<Item = T> + 'a> {
    if reverse { Box::new(rows.rev()) } else { Box::new(rows) }
}

fn product(query: &Query, views: &Views) -> Result<Option<MarketId>, Problem> {
    let product = query.one("product_id")?;
    let market = product.map(|product| market::product_named(views, product)).transpose()?;
    Ok(market.map(|market| market.id))
}

/// The account's orders, newest first if not asked otherwise: open ones, or those of the statuses
/// asked for.
///
/// Of those that are done the last 1,000 are kept.
#[utoipa::path(get, path = "/orders", tag = "orders",
    params(OrdersParams, PageParams, SpanParams),
    security(("key" = []), ("account" = [])),
    responses((status = 200, body = [OrderBody]), Refusals))]
pub(crate) async fn orders(
    State(app): State<Arc<App>>,
    account: Account,
    query: Query,
) -> Result<Paged<OrderBody>, Problem> {
    let ([limit, before, after], [from, to]) = (PAGE, SPAN);
    let known = ["status", "product_id", "sortedBy", "sorting", limit, before, after, from, to];
    let query = query.only(&known)?;
    let account = account.required()?;
    app.live.read(|views| Wanted::of(&query, views)?.list(views, account))?
}

/// Two lists of orders, each newest or each oldest first, as one.
fn merge<'a>(
    mut a: Peekable<impl Iterator<Item = &'a Order>>,
    mut b: Peekable<impl Iterator<Item = &'a Order>>,
    newest_first: bool,
) -> impl Iterator<Item = &'a Order> {
    std::iter::from_fn(move || match (a.peek(), b.peek()) {
        (Some(first), Some(second)) => {
            let newer = first.entered.order > second.entered.order;
            if newer == newest_first { a.next() } else { b.next() }
        }
        (None, _) => b.next(),
        (_, None) => a.next(),
    })
}

/// The account's fills, newest first; the last 1,000 are kept.
///
/// A page has one row more than its limit where it would end between the two fills of a trade of the account with
/// itself.
#[utoipa::path(get, path = "/fills", tag = "orders",
    params(FillsParams, PageParams, SpanParams),
    security(("key" = []), ("account" = [])),
    responses((status = 200, body = [FillBody]), Refusals))]
pub(crate) async fn fills(
    State(app): State<Arc<App>>,
    account: Account,
    query: Query,
) -> Result<Paged<FillBody>, Problem> {
    let ([limit, before, after], [from, to]) = (PAGE, SPAN);
    let query = query.only(&["order_id", "product_id", limit, before, after, from, to])?;
    let (page, span) = (Page::of(&query)?, Span::of(&query)?);
    let order = query.number("order_id")?.map(OrderId);
    let account = account.required()?;
    app.live.read(|views| {
        let market = product(&query, views)?;
        let fills = views.fills().newest_first(account);
        let fills = fills.filter(|fill| fill.trade.seq < page.after);
        let fills = fills.take_while(|fill| fill.trade.seq > page.before);
        let fills = fills.filter(|fill| span.contains(fill.trade.time));
        let fills = fills.filter(|fill| order.is_none_or(|order| fill.order == order));
        let fills = fills.filter(|fill| market.is_none_or(|market| fill.trade.market == market));
        let row = |fill| -> Option<(u64, FillBody)> {
            let fill: views::Fill<'_> = fill;
            let market: &Market = views.market(fill.trade.market)?;
            Some((fill.trade.seq, FillBody::of(market, &fill)))
        };
        Ok(Paged::of(whole_trades(fills.filter_map(row), page.limit)))
    })?
}

/// The first `limit` rows, and one more if the page would end between the two fills of an account's trade with itself:
/// a page ends at a trade's number.
fn whole_trades(
    mut rows: impl Iterator<Item = (u64, FillBody)>,
    limit: usize,
) -> Vec<(u64, FillBody)> {
    let mut page: Vec<_> = rows.by_ref().take(limit).collect();
    let last = page.last().map(|(trade, _)| *trade);
    page.extend(rows.next().filter(|(trade, _)| Some(*trade) == last));
    page
}
