//! Orders and fills of the account that asks: place, replace, cancel, look.
//!
//! A handler answers when its ask is durable and the views have it behind them, so that whoever
//! asks next sees what was answered.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use exchange::Answer;
use ledger::views::{Order, Views};
use protocol::{Ask, Code, Place, Replace, Tell, TimeInForce};
use serde::Deserialize;
use tokio::sync::oneshot;
use units::{AccountId, OrderId};
use utoipa::ToSchema;

use crate::extract::{Account, Body, Id, Present, Query};
use crate::gate::App;
use crate::named::{Named, own};
use crate::problem::{GateCode, Problem, Refusals};
use crate::schema::{ClientOid, DecimalIn, False, NumberText, OrderName, ProductId};
use crate::shape::OrderBody;
use crate::vocabulary::{SideWord, TimeInForceWord, TypeWord};
use crate::{client_oid, collar, decimal, market};

/// A new order.
///
/// Fields that are not here are refused, those of the dialect that are not supported by name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaceBody {
    /// Name of the market.
    #[schema(value_type = ProductId)]
    product_id: String,
    /// `buy` or `sell`.
    side: SideWord,
    /// Limit, as decimal text: a whole number of ticks. It is above zero, unless the market has
    /// `negative_prices`, and not beyond the market's `collar`.
    #[schema(value_type = DecimalIn)]
    price: Option<String>,
    /// Size, as decimal text: a whole number of lots.
    #[schema(value_type = DecimalIn)]
    size: Option<String>,
    /// `GTC` (if left out) or `IOC`.
    #[schema(value_type = Option<TimeInForceWord>)]
    time_in_force: Option<String>,
    /// The client's own id of this ask.
    ///
    /// An account's last 1,024 ids are remembered, those of replaces included. Sent again under one
    /// of them, the same order is not placed again: the answer is the first as it is now, perhaps at
    /// another price or done, or 410 `order-forgotten` if it is no longer kept. Another ask under it
    /// is refused: 400 `client-id-used`. Under an older id the same order is placed anew.
    #[schema(value_type = Option<ClientOid>)]
    client_oid: Option<String>,
    /// Ours: the account, if no header names it.
    account: Option<u32>,
    /// `limit`, if at all.
    #[schema(value_type = Option<TypeWord>)]
    r#type: Option<String>,
    /// `false`, if at all.
    #[schema(value_type = Option<False>)]
    post_only: Option<bool>,
    #[schema(ignore)]
    funds: Option<Present>,
    #[schema(ignore)]
    stp: Option<Present>,
    #[schema(ignore)]
    stop: Option<Present>,
    #[schema(ignore)]
    stop_price: Option<Present>,
    #[schema(ignore)]
    stop_limit_price: Option<Present>,
    #[schema(ignore)]
    cancel_after: Option<Present>,
    #[schema(ignore)]
    max_floor: Option<Present>,
    #[schema(ignore)]
    profile_id: Option<Present>,
}

/// A new price and size for an order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplaceBody {
    /// Its limit from now on, as decimal text. It is above zero, unless the market has
    /// `negative_prices`, and not beyond the market's `collar`.
    #[schema(value_type = DecimalIn)]
    price: String,
    /// Its size from now on, what has traded included, as decimal text.
    #[schema(value_type = DecimalIn)]
    size: String,
    /// The client's own id of this ask, as for a new order. A repeat changes nothing, and gets the
    /// order as it is now.
    #[schema(value_type = Option<ClientOid>)]
    client_oid: Option<String>,
    /// Ours: the account, if no header names it.
    account: Option<u32>,
}

impl PlaceBody {
    /// Refuses what the dialect has and this exchange does not, by its name.
    fn supported(&self) -> Result<(), Problem> {
        let fields = [
            ("funds", &self.funds),
            ("stp", &self.stp),
            ("stop", &self.stop),
            ("stop_price", &self.stop_price),
            ("stop_limit_price", &self.stop_limit_price),
            ("cancel_after", &self.cancel_after),
            ("max_floor", &self.max_floor),
            ("profile_id", &self.profile_id),
        ];
        let not = |what: String| Err(Problem::from(GateCode::NotSupported).because(what));
        if let Some(other) = self.r#type.as_deref().filter(|word| *word != "limit") {
            return not(format!("type `{other}` is not supported; there is only `limit`"));
        }
        if let Some((name, _)) = fields.iter().find(|(_, field)| field.is_some()) {
            return not(format!("{name} is not supported"));
        }
        match self.post_only {
            Some(true) => not("post_only is not supported".to_owned()),
            Some(false) | None => Ok(()),
        }
    }

    fn stands(&self) -> Result<TimeInForce, Problem> {
        match self.time_in_force.as_deref() {
            None | Some("GTC") => Ok(TimeInForce::GoodTillCancel),
            Some("IOC") => Ok(TimeInForce::ImmediateOrCancel),
            Some(other) => Err(Problem::from(GateCode::NotSupported).because(format!(
                "time_in_force `{other}` is not supported; there are `GTC` and `IOC`"
            ))),
        }
    }

    fn ask(&self, account: AccountId, views: &Views) -> Result<Ask, Problem> {
        let stands = self.stands()?;
        let market = market::product_named(views, &self.product_id)?;
        Ok(Ask::Place(Place {
            account,
            client: self.client_oid.as_deref().map(client_oid::parse).transpose()?,
            market: market.id,
            side: self.side.into(),
            price: decimal::parse_price(market, required("price", self.price.as_deref())?)?,
            lots: decimal::parse_size(market, required("size", self.size.as_deref())?)?,
            stands,
        }))
    }
}

fn required<'a>(name: &str, value: Option<&'a str>) -> Result<&'a str, Problem> {
    let missing =
        || Problem::from(GateCode::MalformedRequest).because(format!("{name} is required"));
    value.ok_or_else(missing)
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
                Tell::Refused(code) => return Err(self.refusal(*code, &ask).await),
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

    /// A refusal by the exchange, with the particulars that the views can add.
    async fn refusal(&self, code: Code, ask: &Ask) -> Problem {
        let problem = Problem::from(code);
        if code != Code::BeyondCollar {
            return problem;
        }
        // The trade that the collar is around was durable before this answer came.
        self.live.reach((self.health)().durable, self.options.views_within).await;
        match self.live.read(|views| collar::explain(views, ask)) {
            Ok(Some(why)) => problem.because(why),
            Ok(None) | Err(_) => problem,
        }
    }

    /// Hands in an ask about one order of an account; true if reads show what came of it.
    async fn ask_about(
        &self,
        account: AccountId,
        order: OrderId,
        ask: Ask,
    ) -> Result<bool, Problem> {
        match self.ask(ask).await {
            Ok((_, shown)) => Ok(shown),
            Err(problem) if problem.is(Code::UnknownOrder) => {
                // The exchange knows open orders only; whether it has ended, the views may know.
                let durable = (self.health)().durable;
                self.live.reach(durable, self.options.views_within).await;
                let done =
                    |views: &Views| own(views, account, order).is_some_and(|o| o.end.is_some());
                match self.live.read(done) {
                    Ok(true) => Err(Problem::from(GateCode::OrderDone)),
                    Ok(false) | Err(_) => Err(problem),
                }
            }
            Err(problem) => Err(problem),
        }
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

/// Enters an order. The answer shows it as this ask left it.
///
/// A repeat under its `client_oid` enters nothing, and shows the order as it is now.
#[utoipa::path(post, path = "/orders", tag = "orders", request_body = PlaceBody,
    security(("key" = []), ("account" = []), ()),
    responses((status = 200, body = OrderBody), Refusals))]
pub(crate) async fn place(
    State(app): State<Arc<App>>,
    account: Account,
    query: Query,
    Body(place): Body<PlaceBody>,
) -> Result<Json<OrderBody>, Problem> {
    query.only(&[])?;
    place.supported()?;
    let account = account.or(place.account)?;
    let ask = app.live.read(|views| place.ask(account, views))??;
    let answer = match app.ask(ask).await? {
        (Outcome::Happened(answer), _) => answer,
        (Outcome::Repeated(order), shown) => return repeated(&app, account, order, shown),
    };
    let mut order: Option<Order> = None;
    for tell in &answer.tells {
        match (tell, &mut order) {
            (Tell::Fact(stamp, protocol::Fact::Entered(entered)), None) => {
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
            let which = format!("order {}", order.0);
            Err(Problem::from(GateCode::OrderForgotten).explained(which))
        }
        None => Err(behind(order)),
    }
}

/// It happened, and reads do not show it yet.
fn behind(order: OrderId) -> Problem {
    Problem::from(GateCode::ViewsBehind).explained(format!("order {}", order.0))
}

/// Gives an open order a new price and size.
///
/// The size is the new total, what has traded included. Fewer lots at the same price keep the
/// order's place in time; a new price or more lots lose it, and the order may trade at once.
#[utoipa::path(put, path = "/orders/{id}", tag = "orders", request_body = ReplaceBody,
    params(("id" = OrderName, Path, description = "Number of the order, or `client:` and its id")),
    security(("key" = []), ("account" = []), ()),
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
    let shown = app.ask_about(account, ask.order, Ask::Replace(ask)).await?;
    if !shown {
        return Err(behind(ask.order));
    }
    repeated(&app, account, ask.order, shown)
}

/// Takes an order off its market. The answer is its number.
#[utoipa::path(delete, path = "/orders/{id}", tag = "orders",
    params(("id" = OrderName, Path, description = "Number of the order, or `client:` and its id"),
        ("product_id" = Option<ProductId>, Query, description = "Its market, to be checked")),
    security(("key" = []), ("account" = [])),
    responses((status = 200, body = NumberText, content_type = "application/json"), Refusals))]
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
            let market =
                product.map(|product| market::product_named(views, product)).transpose()?;
            match market {
                Some(market) if market.id != order.market => Err(Code::UnknownOrder.into()),
                _ => Ok::<OrderId, Problem>(order.order),
            }
        })??,
    };
    let shown = app.ask_about(account, order, Ask::Cancel { account, order }).await?;
    match shown {
        true => Ok(Json(order.0.to_string())),
        false => Err(behind(order)),
    }
}

/// Lets a suspended order go on, at its old place: the operator's, whoever owns it. The answer is its number.
///
/// An order is suspended when its process died again and again; its owner can cancel it all the while.
#[utoipa::path(post, path = "/admin/orders/{id}/release", tag = "admin",
    params(("id" = u64, Path, description = "Number of the order")),
    responses((status = 200, body = NumberText, content_type = "application/json"), Refusals))]
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
        false => Err(behind(order)),
    }
}

/// One order of the account: an open one, or one of the last 1,000 that are done.
#[utoipa::path(get, path = "/orders/{id}", tag = "orders",
    params(("id" = OrderName, Path, description = "Number of the order, or `client:` and its id")),
    security(("key" = []), ("account" = [])),
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
