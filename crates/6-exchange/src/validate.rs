//! The door: whether a command may come in, before anything has happened. Where several codes apply,
//! the first of [`RejectCode::ALL`] is told.

use ledger::{Band, Ledger, Market, OrderRecord, Repeat};
use protocol::{Command, MarketSpec, NewOrder, RejectCode, Replace, Response};
use units::{AccountId, ClientId, Lots, MarketId, OrderId, Price, Side, limits};

use crate::mutation;

/// Bounds that the caller sets. Each is a refusal when reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Most orders that may be open at once; at most [`limits::MAX_ORDERS`].
    pub max_orders: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { max_orders: limits::MAX_ORDERS }
    }
}

/// What the door says of a command that it does not let in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rejection {
    Rejected(RejectCode),
    Repeated(OrderId),
}

impl From<RejectCode> for Rejection {
    fn from(code: RejectCode) -> Rejection {
        Rejection::Rejected(code)
    }
}

impl From<Rejection> for Response {
    #[inline]
    fn from(rejection: Rejection) -> Response {
        match rejection {
            Rejection::Rejected(code) => Response::Rejected(code),
            Rejection::Repeated(order) => Response::Repeated(order),
        }
    }
}

pub(crate) fn validate_market(ledger: &Ledger, spec: &MarketSpec) -> Result<(), Rejection> {
    if ledger.symbol(&spec.symbol).is_some() {
        return Err(RejectCode::MarketExists.into());
    }
    if ledger.markets().count() >= limits::MAX_MARKETS {
        return Err(RejectCode::TooManyMarkets.into());
    }
    if !spec.tick.is_valid() || !spec.lot.is_valid() {
        return Err(RejectCode::BadScale.into());
    }
    if Band::opening(spec).is_none() {
        return Err(RejectCode::BadRules.into());
    }
    Ok(())
}

#[inline]
pub(crate) fn validate_new_order(
    ledger: &Ledger,
    options: &Options,
    new: &NewOrder,
    command: &Command,
) -> Result<(), Rejection> {
    let market = ledger.market(new.market).ok_or(RejectCode::UnknownMarket)?;
    check_repeat(ledger, new.account, new.client, command)?;
    if market.stopped {
        return Err(RejectCode::MarketStopped.into());
    }
    check_numbers(market, new.side, new.price, new.quantity)?;
    if ledger.open_orders() >= options.max_orders.min(limits::MAX_ORDERS) {
        return Err(RejectCode::TooManyOrders.into());
    }
    check_memory(ledger, new.account, new.client)
}

/// The line of the order that is to be cancelled.
#[inline(always)]
pub(crate) fn validate_cancel(
    ledger: &Ledger,
    account: AccountId,
    order: OrderId,
) -> Result<&OrderRecord, Rejection> {
    owned(ledger, account, order)
}

/// The line of the order that is to be replaced.
#[inline]
pub(crate) fn validate_replace<'a>(
    ledger: &'a Ledger,
    replace: &Replace,
    command: &Command,
) -> Result<&'a OrderRecord, Rejection> {
    check_repeat(ledger, replace.account, replace.client, command)?;
    let record = owned(ledger, replace.account, replace.order)?;
    let market = ledger.market(record.market).filter(|market| !market.stopped);
    let market = market.ok_or(RejectCode::MarketStopped)?;
    if record.is_suspended() {
        return Err(RejectCode::OrderSuspended.into());
    }
    check_numbers(market, record.side, replace.price, replace.quantity)?;
    if replace.quantity <= record.filled {
        return Err(RejectCode::BelowFilled.into());
    }
    check_memory(ledger, replace.account, replace.client)?;
    Ok(record)
}

/// The market of the suspended order that is to be released, whoever owns it.
pub(crate) fn validate_release(ledger: &Ledger, order: OrderId) -> Result<MarketId, Rejection> {
    let record = ledger.order(order).ok_or(RejectCode::UnknownOrder)?;
    if ledger.market(record.market).is_none_or(|market| market.stopped) {
        return Err(RejectCode::MarketStopped.into());
    }
    if !record.is_suspended() {
        return Err(RejectCode::OrderNotSuspended.into());
    }
    Ok(record.market)
}

/// The rules of the stopped market that is to be resumed.
pub(crate) fn validate_resume(ledger: &Ledger, market: MarketId) -> Result<MarketSpec, Rejection> {
    let market = ledger.market(market).ok_or(RejectCode::UnknownMarket)?;
    if !market.stopped {
        return Err(RejectCode::MarketNotStopped.into());
    }
    Ok(market.spec)
}

#[inline]
fn check_repeat(
    ledger: &Ledger,
    account: AccountId,
    client: Option<ClientId>,
    command: &Command,
) -> Result<(), Rejection> {
    let Some(client) = client else { return Ok(()) };
    match ledger.repeat(account, client, command) {
        Repeat::New => Ok(()),
        Repeat::Same(order) => Err(Rejection::Repeated(order)),
        Repeat::Other => Err(RejectCode::ClientIdUsed.into()),
    }
}

#[inline]
fn check_memory(
    ledger: &Ledger,
    account: AccountId,
    client: Option<ClientId>,
) -> Result<(), Rejection> {
    match client {
        Some(_) if !ledger.can_remember(account) => Err(RejectCode::TooManyAccounts.into()),
        _ => Ok(()),
    }
}

#[inline]
fn check_numbers(
    market: &Market,
    side: Side,
    price: Price,
    quantity: Lots,
) -> Result<(), Rejection> {
    if !market.band.takes(side, price) {
        check_price(market, price)?;
    }
    if quantity.is_zero() || quantity.0 > limits::MAX_LOTS {
        return Err(RejectCode::BadQuantity.into());
    }
    Ok(())
}

/// What is wrong with a price that the market does not take now.
#[cold]
fn check_price(market: &Market, price: Price) -> Result<(), Rejection> {
    if price.0.unsigned_abs() > limits::MAX_PRICE.unsigned_abs() {
        return Err(RejectCode::BadPrice.into());
    }
    match market.band.has(price) {
        false if mutation::ZERO_TAKEN.is_on() => Ok(()),
        false => Err(RejectCode::PriceNotAboveZero.into()),
        true if mutation::COLLAR_UNSEEN.is_on() => Ok(()),
        true => Err(RejectCode::BeyondCollar.into()),
    }
}

/// An open order's line, if it is this account's.
#[inline(always)]
fn owned(ledger: &Ledger, account: AccountId, order: OrderId) -> Result<&OrderRecord, Rejection> {
    match ledger.order(order) {
        Some(record) if record.account == account => Ok(record),
        _ => Err(RejectCode::UnknownOrder.into()),
    }
}
