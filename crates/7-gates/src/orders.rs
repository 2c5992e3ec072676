//! Orders and fills of the account that asks: place, replace, cancel, look.
//!
//! A handler answers when its ask is durable and the views have it behind them, so that whoever
//! asks next sees what was answered.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use exchange::Answer;
use ledger::views::{Bounds, Market, Order, Views};
use serde::Deserialize;
use tokio::sync::oneshot;
use units::{AccountId, ClientId, OrderId, Side};
use utoipa::ToSchema;
use words::{Ask, Code, Place, Replace, Tell, TimeInForce};

use crate::extract::{Account, AccountHeaders, Body, Id, Query};
use crate::gate::App;
use crate::problem::{GateCode, Problem, Refusals};
use crate::shape::OrderBody;
use crate::{client_oid, decimal, market};

/// `buy` or `sell`.
#[derive(Deserialize, ToSchema, Clone, Copy)]
#[serde(rename_all = "lowercase", try_from = "String")]
enum SideWord {
    /// Buy.
    Buy,
    /// Sell.
    Sell,
}

/// By hand, since serde would take `{"buy":null}` for the word `buy`.
impl TryFrom<String> for SideWord {
    type Error = String;

    fn try_from(word: String) -> Result<SideWord, String> {
        match word.as_str() {
            "buy" => Ok(SideWord::Buy),
            "sell" => Ok(SideWord::Sell),
            other => Err(format!("side `{other}`; there are `buy` and `sell`")),
        }
    }
}

impl From<SideWord> for Side {
    fn from(word: SideWord) -> Side {
        match word {
            SideWord::Buy => Side::Buy,
            SideWord::Sell => Side::Sell,
        }
    }
}

/// A new order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaceBody {
    /// Name of the market.
    product_id: String,
    /// `buy` or `sell`.
    side: SideWord,
    /// Limit, as decimal text: a whole number of ticks. It may be zero or negative, in every market.
    price: String,
    /// Size, as decimal text: a whole number of lots.
    size: String,
    /// `GTC` (if left out) or `IOC`.
    time_in_force: Option<String>,
    /// The client's own id of this ask: a UUID, or 1 to 64 bytes of text that are mapped to one.
    ///
    /// An account's last 1,024 ids are remembered, those of replaces included. Sent again under one
    /// of them, the same order is not placed again: the answer is the first as it is now, perhaps at
    /// another price or done, or 410 `order-forgotten` if it is no longer kept. Another ask under it
    /// is refused: 409 `client-id-used`. Under an older id the same order is placed anew.
    client_oid: Option<String>,
    /// Ours: the account, if no header names it.
    account: Option<u32>,
    /// `limit`, if at all.
    r#type: Option<String>,
    /// `false`, if at all.
    post_only: Option<bool>,
}

/// A new price and size for an order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplaceBody {
    /// Its limit from now on, as decimal text. It may be zero or negative, in every market.
    price: String,
    /// Its size from now on, what has traded included, as decimal text.
    size: String,
    /// The client's own id of this ask, as for a new order. A repeat changes nothing, and gets the
    /// order as it is now.
    client_oid: Option<String>,
    /// Ours: the account, if no header names it.
    account: Option<u32>,
}

impl PlaceBody {
    fn stands(&self) -> Result<TimeInForce, Problem> {
        let not = |why: String| Err(Problem::from(GateCode::NotSupported).because(why));
        if let Some(other) = self.r#type.as_deref().filter(|word| *word != "limit") {
            return not(format!("type `{other}`; there is only `limit`"));
        }
        if self.post_only == Some(true) {
            return not("post_only".to_owned());
        }
        match self.time_in_force.as_deref() {
            None | Some("GTC") => Ok(TimeInForce::GoodTillCancel),
            Some("IOC") => Ok(TimeInForce::ImmediateOrCancel),
            Some(other) => not(format!("time_in_force `{other}`; there are `GTC` and `IOC`")),
        }
    }

    fn ask(&self, account: AccountId, market: &Market) -> Result<Ask, Problem> {
        Ok(Ask::Place(Place {
            account,
            client: self.client_oid.as_deref().map(client_oid::parse).transpose()?,
            market: market.id,
            side: self.side.into(),
            price: decimal::parse_price(market, &self.price)?,
            lots: decimal::parse_size(market, &self.size)?,
            stands: self.stands()?,
        }))
    }
}

/// What an ask came to.
pub(crate) enum Outcome {
    /// It happened; these are its facts.
    Happened(Answer),
    /// It happened before, and concerned this order.
    Repeated(OrderId),
}

impl App {
    /// Hands in one ask, waits until it is durable, and until reads show it or that took too long.
    pub(crate) async fn ask(&self, ask: Ask) -> Result<(Outcome, bool), Problem> {
        let (reply, answer) = oneshot::channel();
        let reply = move |answers| {
            // Nobody listens any more when the request ran out of time; it has been told so.
            drop(reply.send(answers));
        };
        self.client.submit(vec![ask], reply).map_err(|_| Code::Busy)?;
        let answers = answer.await.map_err(|_| Code::Unavailable)?;
        let mut answers = answers.map_err(|_| Code::Unavailable)?;
        let answer = answers.pop().ok_or(Code::Failed)?;
        let mut last = 0;
        for tell in &answer.tells {
            match tell {
                Tell::Refused(code) => return Err((*code).into()),
                Tell::Repeated(order) => {
                    let durable = (self.health)().durable;
                    let shown = self.live.reach(durable, self.options.views_within).await;
                    return Ok((Outcome::Repeated(*order), shown));
                }
                Tell::Fact(stamp, _) => last = last.max(stamp.seq),
            }
        }
        let shown = self.live.reach(last, self.options.views_within).await;
        Ok((Outcome::Happened(answer), shown))
    }

    /// An order of an account as the views show it now.
    fn show(&self, account: AccountId, order: OrderId) -> Result<Option<OrderBody>, Problem> {
        self.live.read(|views| body(views, own(views, account, order)?))
    }
}

/// An order with the decimals of its market.
pub(crate) fn body(views: &Views, order: &Order) -> Option<OrderBody> {
    Some(OrderBody::of(views.market(order.entered.market)?, order))
}

/// The order with this number, if it is this account's.
fn own(views: &Views, account: AccountId, order: OrderId) -> Option<&Order> {
    views.orders().get(order).filter(|order| order.entered.account == account)
}

/// How a path names an order.
enum Named {
    Number(OrderId),
    Client(ClientId),
}

impl Named {
    fn parse(id: &str) -> Result<Named, Problem> {
        if let Some(text) = id.strip_prefix("client:") {
            return client_oid::parse(text).map(Named::Client);
        }
        let number = id.parse().map_err(|_| Problem::from(Code::UnknownOrder))?;
        Ok(Named::Number(OrderId(number)))
    }

    /// The order of this account, or a refusal that says how long orders are kept. It is the same
    /// for another's order, one that was forgotten and one that never was: views cannot tell.
    fn find<'a>(
        &self,
        views: &'a Views,
        account: AccountId,
        kept: &Bounds,
    ) -> Result<&'a Order, Problem> {
        let order = match *self {
            Named::Number(order) => own(views, account, order),
            Named::Client(client) => views.orders().by_client(account, client),
        };
        order.ok_or_else(|| {
            let (own, all) = (kept.finished_per_account, kept.finished);
            Problem::from(Code::UnknownOrder).because(format!(
                "nor has one that is done and still kept; kept are the last {own} of an account, \
                 {all} of all accounts"
            ))
        })
    }
}

/// Enters an order. The answer shows it as this ask left it.
///
/// A repeat under its `client_oid` enters nothing, and shows the order as it is now.
#[utoipa::path(post, path = "/orders", tag = "orders", request_body = PlaceBody,
    params(AccountHeaders),
    responses((status = 200, body = OrderBody), Refusals))]
pub(crate) async fn place(
    State(app): State<Arc<App>>,
    account: Account,
    query: Query,
    Body(place): Body<PlaceBody>,
) -> Result<Json<OrderBody>, Problem> {
    query.only(&[])?;
    let account = account.or(place.account)?;
    let ask =
        app.live.read(|views| place.ask(account, market::named(views, &place.product_id)?))??;
    let answer = match app.ask(ask).await? {
        (Outcome::Happened(answer), _) => answer,
        (Outcome::Repeated(order), shown) => return repeated(&app, account, order, shown),
    };
    let mut order: Option<Order> = None;
    for tell in &answer.tells {
        match (tell, &mut order) {
            (Tell::Fact(stamp, words::Fact::Entered(entered)), None) => {
                order = Some(Order::new(stamp, *entered));
            }
            (Tell::Fact(stamp, fact), Some(order)) => order.apply(stamp, fact),
            _ => {}
        }
    }
    let order = order.ok_or(Code::Failed)?;
    let body = app.live.read(|views| body(views, &order))?;
    Ok(Json(body.ok_or(Code::UnknownMarket)?))
}

/// The answer to an ask that came before: its order as it is now.
fn repeated(
    app: &App,
    account: AccountId,
    order: OrderId,
    shown: bool,
) -> Result<Json<OrderBody>, Problem> {
    match app.show(account, order)? {
        Some(body) => Ok(Json(body)),
        None if shown => {
            let why = format!("order {}", order.0);
            Err(Problem::from(GateCode::OrderForgotten).because(why))
        }
        None => Err(Problem::from(GateCode::ViewsBehind).because(format!("order {}", order.0))),
    }
}

/// Gives an open order a new price and size.
///
/// The size is the new total, what has traded included. Fewer lots at the same price keep the
/// order's place in time; a new price or more lots lose it, and the order may trade at once.
#[utoipa::path(put, path = "/orders/{id}", tag = "orders", request_body = ReplaceBody,
    params(("id" = String, Path, description = "Number of the order, or `client:` and its id"),
        AccountHeaders),
    responses((status = 200, body = OrderBody), Refusals))]
pub(crate) async fn replace(
    State(app): State<Arc<App>>,
    account: Account,
    Id(id): Id,
    query: Query,
    Body(replace): Body<ReplaceBody>,
) -> Result<Json<OrderBody>, Problem> {
    query.only(&[])?;
    let account = account.or(replace.account)?;
    let named = Named::parse(&id)?;
    let ask = app.live.read(|views| {
        let order = named.find(views, account, &app.options.views)?;
        let market = views.market(order.entered.market).ok_or(Code::UnknownMarket)?;
        Ok::<Replace, Problem>(Replace {
            account,
            client: replace.client_oid.as_deref().map(client_oid::parse).transpose()?,
            order: order.entered.order,
            price: decimal::parse_price(market, &replace.price)?,
            lots: decimal::parse_size(market, &replace.size)?,
        })
    })??;
    let (_, shown) = app.ask(Ask::Replace(ask)).await?;
    if !shown {
        let why = format!("order {}", ask.order.0);
        return Err(Problem::from(GateCode::ViewsBehind).because(why));
    }
    repeated(&app, account, ask.order, shown)
}

/// Takes an order off its market. The answer is its number.
#[utoipa::path(delete, path = "/orders/{id}", tag = "orders",
    params(("id" = String, Path, description = "Number of the order, or `client:` and its id"),
        ("product_id" = Option<String>, Query, description = "Its market, to be checked"),
        AccountHeaders),
    responses((status = 200, body = String, content_type = "application/json"), Refusals))]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    account: Account,
    Id(id): Id,
    query: Query,
) -> Result<Json<String>, Problem> {
    let query = query.only(&["product_id"])?;
    let account = account.required()?;
    let product = query.one("product_id")?;
    let order = match (Named::parse(&id)?, product) {
        (Named::Number(order), None) => order,
        (named, product) => app.live.read(|views| {
            let order = named.find(views, account, &app.options.views)?.entered;
            let market = product.map(|product| market::named(views, product)).transpose()?;
            match market {
                Some(market) if market.id != order.market => Err(Code::UnknownOrder.into()),
                _ => Ok::<OrderId, Problem>(order.order),
            }
        })??,
    };
    let (_, shown) = app.ask(Ask::Cancel { account, order }).await?;
    match shown {
        true => Ok(Json(order.0.to_string())),
        false => Err(Problem::from(GateCode::ViewsBehind).because(format!("order {}", order.0))),
    }
}

/// Lets a suspended order go on, at its old place: the operator's, whoever owns it. The answer is its number.
///
/// An order is suspended when its process died again and again; its owner can cancel it all the while.
#[utoipa::path(post, path = "/admin/orders/{id}/release", tag = "admin",
    params(("id" = u64, Path, description = "Number of the order")),
    responses((status = 200, body = String, content_type = "application/json"), Refusals))]
pub(crate) async fn release(
    State(app): State<Arc<App>>,
    Id(id): Id,
    query: Query,
) -> Result<Json<String>, Problem> {
    query.only(&[])?;
    let Named::Number(order) = Named::parse(&id)? else {
        return Err(Code::UnknownOrder.into());
    };
    let (_, shown) = app.ask(Ask::Release { order }).await?;
    match shown {
        true => Ok(Json(order.0.to_string())),
        false => Err(Problem::from(GateCode::ViewsBehind).because(format!("order {}", order.0))),
    }
}

/// One order of the account: an open one, or one of the last 1,000 that are done.
#[utoipa::path(get, path = "/orders/{id}", tag = "orders",
    params(("id" = String, Path, description = "Number of the order, or `client:` and its id"),
        AccountHeaders),
    responses((status = 200, body = OrderBody), Refusals))]
pub(crate) async fn order(
    State(app): State<Arc<App>>,
    account: Account,
    Id(id): Id,
    query: Query,
) -> Result<Json<OrderBody>, Problem> {
    query.only(&[])?;
    let account = account.required()?;
    let named = Named::parse(&id)?;
    app.live.read(|views| {
        let order = named.find(views, account, &app.options.views)?;
        Ok(Json(body(views, order).ok_or(Code::UnknownMarket)?))
    })?
}
