//! Orders and fills of the account that asks: place, replace, cancel, look.
//!
//! A handler answers when its command is durable and the views have it behind them, so that whoever
//! asks next sees what was answered.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use protocol::{Command, NewOrder, RejectCode, Replace, Response, TimeInForce};
use serde::Deserialize;
use units::{AccountId, OrderId};
use utoipa::ToSchema;
use views::{Order, Views};

use crate::app::App;
use crate::extract::{Account, Body, Id, Present, Query};
use crate::named::{Named, own};
use crate::problem::{GatewayCode, Problem, Refusals};
use crate::responses::OrderBody;
use crate::schema::{ClientOid, DecimalIn, False, NumberText, OrderName, ProductId};
use crate::submit::Outcome;
use crate::vocabulary::{SideWord, TimeInForceWord, TypeWord};
use crate::{client_oid, decimal, market};

/// A new order.
///
/// Fields that are not here are refused, those of the dialect that are not supported by name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrderBody {
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
    /// The client's own id of this command.
    ///
    /// An account's last 1,024 ids are remembered, those of replaces included. Sent again under one
    /// of them, the same order is not placed again: the answer is the first as it is now, perhaps at
    /// another price or done, or 410 `order-forgotten` if it is no longer kept. Another command under it
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
    /// The client's own id of this command, as for a new order. A repeat changes nothing, and gets the
    /// order as it is now.
    #[schema(value_type = Option<ClientOid>)]
    client_oid: Option<String>,
    /// Ours: the account, if no header names it.
    account: Option<u32>,
}

impl NewOrderBody {
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
        let not = |what: String| Err(Problem::from(GatewayCode::NotSupported).because(what));
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

    fn time_in_force(&self) -> Result<TimeInForce, Problem> {
        match self.time_in_force.as_deref() {
            None | Some("GTC") => Ok(TimeInForce::GoodTillCancel),
            Some("IOC") => Ok(TimeInForce::ImmediateOrCancel),
            Some(other) => Err(Problem::from(GatewayCode::NotSupported).because(format!(
                "time_in_force `{other}` is not supported; there are `GTC` and `IOC`"
            ))),
        }
    }

    fn command(&self, account: AccountId, views: &Views) -> Result<Command, Problem> {
        let time_in_force = self.time_in_force()?;
        let market = market::product_named(views, &self.product_id)?;
        Ok(Command::NewOrder(NewOrder {
            account,
            client: self.client_oid.as_deref().map(client_oid::parse).transpose()?,
            market: market.id,
            side: self.side.into(),
            price: decimal::parse_price(market, required("price", self.price.as_deref())?)?,
            quantity: decimal::parse_size(market, required("size", self.size.as_deref())?)?,
            time_in_force,
        }))
    }
}

fn required<'a>(name: &str, value: Option<&'a str>) -> Result<&'a str, Problem> {
    let missing =
        || Problem::from(GatewayCode::MalformedRequest).because(format!("{name} is required"));
    value.ok_or_else(missing)
}

impl App {
    /// Hands in a command about one order of an account; true if reads show what came of it.
    async fn find(
        &self,
        account: AccountId,
        order: OrderId,
        command: Command,
    ) -> Result<bool, Problem> {
        match self.submit(command).await {
            Ok((_, shown)) => Ok(shown),
            Err(problem) if problem.is(RejectCode::UnknownOrder) => {
                // The exchange knows open orders only; whether it has ended, the views may know.
                let durable = (self.health)().durable;
                self.live.reach(durable, self.options.views_within).await;
                let done =
                    |views: &Views| own(views, account, order).is_some_and(|o| o.end.is_some());
                match self.live.read(done) {
                    Ok(true) => Err(Problem::from(GatewayCode::OrderDone)),
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
    Some(OrderBody::of(views.market(order.entered.new.market)?, order))
}

/// Enters an order. The answer shows it as this command left it.
///
/// A repeat under its `client_oid` enters nothing, and shows the order as it is now.
#[utoipa::path(post, path = "/orders", tag = "orders", request_body = NewOrderBody,
    security(("key" = []), ("account" = []), ()),
    responses((status = 200, body = OrderBody), Refusals))]
pub(crate) async fn place(
    State(app): State<Arc<App>>,
    account: Account,
    query: Query,
    Body(place): Body<NewOrderBody>,
) -> Result<Json<OrderBody>, Problem> {
    query.only(&[])?;
    place.supported()?;
    let account = account.or(place.account)?;
    let command = app.live.read(|views| place.command(account, views))??;
    let answer = match app.submit(command).await? {
        (Outcome::Happened(answer), _) => answer,
        (Outcome::Repeated(order), shown) => return repeated(&app, account, order, shown),
    };
    let order = Order::of_facts(answer.responses.iter().filter_map(Response::as_fact));
    let order = order.ok_or(RejectCode::Failed)?;
    let body = app.live.read(|views| body(views, &order))?;
    Ok(Json(body.ok_or(RejectCode::UnknownMarket)?))
}

/// The answer to a command that came before: its order as it is now.
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
            Err(Problem::from(GatewayCode::OrderForgotten).explained(which))
        }
        None => Err(behind(order)),
    }
}

/// It happened, and reads do not show it yet.
fn behind(order: OrderId) -> Problem {
    Problem::from(GatewayCode::ViewsBehind).explained(format!("order {}", order.0))
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
    let command = app.live.read(|views| {
        let order = named.find(views, account, &app.options.views)?;
        let market = views.market(order.entered.new.market).ok_or(RejectCode::UnknownMarket)?;
        Ok::<Replace, Problem>(Replace {
            account,
            client: replace.client_oid.as_deref().map(client_oid::parse).transpose()?,
            order: order.entered.order,
            price: decimal::parse_price(market, &replace.price)?,
            quantity: decimal::parse_size(market, &replace.size)?,
        })
    })??;
    let shown = app.find(account, command.order, Command::Replace(command)).await?;
    if !shown {
        return Err(behind(command.order));
    }
    repeated(&app, account, command.order, shown)
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
                Some(market) if market.id != order.new.market => {
                    Err(RejectCode::UnknownOrder.into())
                }
                _ => Ok::<OrderId, Problem>(order.order),
            }
        })??,
    };
    let shown = app.find(account, order, Command::Cancel { account, order }).await?;
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
        return Err(RejectCode::UnknownOrder.into());
    };
    let (_, shown) = app.submit(Command::Release { order }).await?;
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
        Ok(Json(body(views, order).ok_or(RejectCode::UnknownMarket)?))
    })?
}
