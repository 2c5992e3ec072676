//! Lists of an account: its orders and its fills, in pages.

use std::iter::Peekable;
use std::sync::Arc;

use axum::extract::State;
use ledger::views::{Market, Order, Views};
use units::{AccountId, MarketId, OrderId};

use crate::extract::{Account, AccountHeaders, PAGE, Page, Query};
use crate::gate::App;
use crate::market::{self, Paged};
use crate::orders::body;
use crate::problem::{GateCode, Problem, Refusals};
use crate::shape::{FillBody, OrderBody};

/// Orders that one request looks at, at most: bounds the work for an account with very many open
/// orders of which few are wanted. The page is then short, and `CB-AFTER` says where to go on.
const LOOKED_AT: usize = 10_000;

/// Which orders a list is of.
struct Wanted {
    open: bool,
    done: bool,
    market: Option<MarketId>,
}

impl Wanted {
    fn of(query: &Query, views: &Views) -> Result<Wanted, Problem> {
        let mut wanted = Wanted { open: false, done: false, market: product(query, views)? };
        let mut any = false;
        for status in query.all("status") {
            any = true;
            match status {
                "open" => wanted.open = true,
                "done" => wanted.done = true,
                "all" => (wanted.open, wanted.done) = (true, true),
                // States of the dialect that no order here is ever in.
                "pending" | "active" | "received" | "rejected" => {}
                other => {
                    let why = format!("status `{other}`; there are `open`, `done` and `all`");
                    return Err(Problem::from(GateCode::MalformedRequest).because(why));
                }
            }
        }
        wanted.open |= !any;
        Ok(wanted)
    }
}

fn product(query: &Query, views: &Views) -> Result<Option<MarketId>, Problem> {
    let product = query.one("product_id")?;
    Ok(product.map(|product| market::named(views, product)).transpose()?.map(|market| market.id))
}

/// The account's orders, newest first: open ones, or those of the statuses asked for.
///
/// Of those that are done the last 1,000 are kept.
#[utoipa::path(get, path = "/orders", tag = "orders",
    params(("status" = Option<String>, Query, description = "`open` (if left out), `done`, `all`"),
        ("product_id" = Option<String>, Query, description = "Of this market only"),
        ("limit" = Option<u64>, Query, description = "Rows, 1 to 1000; 100 if left out"),
        ("before" = Option<u64>, Query, description = "Only orders newer than this number"),
        ("after" = Option<u64>, Query, description = "Only orders older than this number"),
        AccountHeaders),
    responses((status = 200, body = [OrderBody]), Refusals))]
pub(crate) async fn orders(
    State(app): State<Arc<App>>,
    account: Account,
    query: Query,
) -> Result<Paged<OrderBody>, Problem> {
    let [limit, before, after] = PAGE;
    let query = query.only(&["status", "product_id", limit, before, after])?;
    let page = Page::of(&query)?;
    let account = account.required()?;
    app.live.read(|views| {
        let wanted = Wanted::of(&query, views)?;
        Ok(list(views, account, &wanted, &page))
    })?
}

fn list(views: &Views, account: AccountId, wanted: &Wanted, page: &Page) -> Paged<OrderBody> {
    let below = OrderId(page.after);
    let open = views.orders().open_of(account, below).take(if wanted.open { LOOKED_AT } else { 0 });
    let mut done: Vec<&Order> = match wanted.done {
        true => views.orders().finished_of(account).collect(),
        false => Vec::new(),
    };
    done.retain(|order| order.entered.order < below);
    done.sort_by_key(|order| std::cmp::Reverse(order.entered.order));
    let mut rows = Vec::new();
    let mut span = None;
    let newest_first = merge(open.peekable(), done.into_iter().peekable());
    for order in newest_first.take(LOOKED_AT) {
        let number = order.entered.order.0;
        if number <= page.before || rows.len() == page.limit {
            break;
        }
        let (newest, _) = span.unwrap_or((number, number));
        span = Some((newest, number));
        if wanted.market.is_none_or(|market| order.entered.market == market) {
            rows.extend(body(views, order));
        }
    }
    Paged { rows, span }
}

/// Two lists of orders, each newest first, as one.
fn merge<'a>(
    mut a: Peekable<impl Iterator<Item = &'a Order>>,
    mut b: Peekable<impl Iterator<Item = &'a Order>>,
) -> impl Iterator<Item = &'a Order> {
    std::iter::from_fn(move || match (a.peek(), b.peek()) {
        (Some(first), Some(second)) if first.entered.order < second.entered.order => b.next(),
        (None, _) => b.next(),
        _ => a.next(),
    })
}

/// The account's fills, newest first; the last 1,000 are kept.
///
/// A page has one row more than its limit where it would end between the two fills of a trade of the account with
/// itself.
#[utoipa::path(get, path = "/fills", tag = "orders",
    params(("order_id" = Option<u64>, Query, description = "Of this order only"),
        ("product_id" = Option<String>, Query, description = "Of this market only"),
        ("limit" = Option<u64>, Query, description = "Rows, 1 to 1000; 100 if left out"),
        ("before" = Option<u64>, Query, description = "Only of trades newer than this number"),
        ("after" = Option<u64>, Query, description = "Only of trades older than this number"),
        AccountHeaders),
    responses((status = 200, body = [FillBody]), Refusals))]
pub(crate) async fn fills(
    State(app): State<Arc<App>>,
    account: Account,
    query: Query,
) -> Result<Paged<FillBody>, Problem> {
    let [limit, before, after] = PAGE;
    let query = query.only(&["order_id", "product_id", limit, before, after])?;
    let page = Page::of(&query)?;
    let order = query.number("order_id")?.map(OrderId);
    let account = account.required()?;
    app.live.read(|views| {
        let market = product(&query, views)?;
        let fills = views.fills().newest_first(account);
        let fills = fills.filter(|fill| fill.trade.seq < page.after);
        let fills = fills.take_while(|fill| fill.trade.seq > page.before);
        let fills = fills.filter(|fill| order.is_none_or(|order| fill.order == order));
        let fills = fills.filter(|fill| market.is_none_or(|market| fill.trade.market == market));
        let row = |fill| -> Option<(u64, FillBody)> {
            let fill: ledger::views::Fill<'_> = fill;
            let market: &Market = views.market(fill.trade.market)?;
            Some((fill.trade.seq, FillBody::of(market, &fill)))
        };
        Ok(Paged::of(whole_trades(fills.filter_map(row), page.limit)))
    })?
}

/// So many rows; one more where the page would end between the two fills of a trade of an account with itself: pages
/// go by the number of the trade.
fn whole_trades(
    mut rows: impl Iterator<Item = (u64, FillBody)>,
    limit: usize,
) -> Vec<(u64, FillBody)> {
    let mut page: Vec<_> = rows.by_ref().take(limit).collect();
    let last = page.last().map(|(trade, _)| *trade);
    page.extend(rows.next().filter(|(trade, _)| Some(*trade) == last));
    page
}
