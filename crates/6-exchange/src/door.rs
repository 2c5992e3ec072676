//! The door: whether an ask may come in, before anything has happened. Where several codes apply,
//! the first of [`Code::ALL`] is told.

use ledger::{Band, Ledger, Line, Market, Repeat};
use protocol::{Ask, Code, MarketSpec, Place, Replace, Tell};
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

/// What the door says of an ask that it does not let in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stopped {
    Refused(Code),
    Repeated(OrderId),
}

impl From<Code> for Stopped {
    fn from(code: Code) -> Stopped {
        Stopped::Refused(code)
    }
}

impl From<Stopped> for Tell {
    #[inline]
    fn from(stopped: Stopped) -> Tell {
        match stopped {
            Stopped::Refused(code) => Tell::Refused(code),
            Stopped::Repeated(order) => Tell::Repeated(order),
        }
    }
}

pub(crate) fn check_market(ledger: &Ledger, spec: &MarketSpec) -> Result<(), Stopped> {
    if ledger.symbol(&spec.symbol).is_some() {
        return Err(Code::MarketExists.into());
    }
    if ledger.markets().count() >= limits::MAX_MARKETS {
        return Err(Code::TooManyMarkets.into());
    }
    if !spec.tick.is_valid() || !spec.lot.is_valid() {
        return Err(Code::BadScale.into());
    }
    if Band::opening(spec).is_none() {
        return Err(Code::BadRules.into());
    }
    Ok(())
}

#[inline]
pub(crate) fn check_place(
    ledger: &Ledger,
    options: &Options,
    place: &Place,
    ask: &Ask,
) -> Result<(), Stopped> {
    let market = ledger.market(place.market).ok_or(Code::UnknownMarket)?;
    check_repeat(ledger, place.account, place.client, ask)?;
    if market.stopped {
        return Err(Code::MarketStopped.into());
    }
    check_numbers(market, place.side, place.price, place.lots)?;
    if ledger.open_orders() >= options.max_orders.min(limits::MAX_ORDERS) {
        return Err(Code::TooManyOrders.into());
    }
    check_memory(ledger, place.account, place.client)
}

/// The line of the order that is to be cancelled.
#[inline(always)]
pub(crate) fn check_cancel(
    ledger: &Ledger,
    account: AccountId,
    order: OrderId,
) -> Result<&Line, Stopped> {
    owned(ledger, account, order)
}

/// The line of the order that is to be replaced.
#[inline]
pub(crate) fn check_replace<'a>(
    ledger: &'a Ledger,
    replace: &Replace,
    ask: &Ask,
) -> Result<&'a Line, Stopped> {
    check_repeat(ledger, replace.account, replace.client, ask)?;
    let line = owned(ledger, replace.account, replace.order)?;
    let market = ledger.market(line.market).filter(|market| !market.stopped);
    let market = market.ok_or(Code::MarketStopped)?;
    if line.is_suspended() {
        return Err(Code::OrderSuspended.into());
    }
    check_numbers(market, line.side, replace.price, replace.lots)?;
    if replace.lots <= line.done {
        return Err(Code::BelowDone.into());
    }
    check_memory(ledger, replace.account, replace.client)?;
    Ok(line)
}

/// The market of the suspended order that is to be released, whoever owns it.
pub(crate) fn check_release(ledger: &Ledger, order: OrderId) -> Result<MarketId, Stopped> {
    let line = ledger.line(order).ok_or(Code::UnknownOrder)?;
    if ledger.market(line.market).is_none_or(|market| market.stopped) {
        return Err(Code::MarketStopped.into());
    }
    if !line.is_suspended() {
        return Err(Code::OrderNotSuspended.into());
    }
    Ok(line.market)
}

/// The rules of the stopped market that is to be resumed.
pub(crate) fn check_resume(ledger: &Ledger, market: MarketId) -> Result<MarketSpec, Stopped> {
    let market = ledger.market(market).ok_or(Code::UnknownMarket)?;
    if !market.stopped {
        return Err(Code::MarketNotStopped.into());
    }
    Ok(market.spec)
}

#[inline]
fn check_repeat(
    ledger: &Ledger,
    account: AccountId,
    client: Option<ClientId>,
    ask: &Ask,
) -> Result<(), Stopped> {
    let Some(client) = client else { return Ok(()) };
    match ledger.repeat(account, client, ask) {
        Repeat::New => Ok(()),
        Repeat::Same(order) => Err(Stopped::Repeated(order)),
        Repeat::Other => Err(Code::ClientIdUsed.into()),
    }
}

#[inline]
fn check_memory(
    ledger: &Ledger,
    account: AccountId,
    client: Option<ClientId>,
) -> Result<(), Stopped> {
    match client {
        Some(_) if !ledger.can_remember(account) => Err(Code::TooManyAccounts.into()),
        _ => Ok(()),
    }
}

#[inline]
fn check_numbers(market: &Market, side: Side, price: Price, lots: Lots) -> Result<(), Stopped> {
    if !market.band.takes(side, price) {
        check_price(market, price)?;
    }
    if lots.is_zero() || lots.0 > limits::MAX_LOTS {
        return Err(Code::BadLots.into());
    }
    Ok(())
}

/// What is wrong with a price that the market does not take now.
#[cold]
fn check_price(market: &Market, price: Price) -> Result<(), Stopped> {
    if price.0.unsigned_abs() > limits::MAX_PRICE.unsigned_abs() {
        return Err(Code::BadPrice.into());
    }
    match market.band.has(price) {
        false if mutation::ZERO_TAKEN.is_on() => Ok(()),
        false => Err(Code::PriceNotAboveZero.into()),
        true if mutation::COLLAR_UNSEEN.is_on() => Ok(()),
        true => Err(Code::BeyondCollar.into()),
    }
}

/// An open order's line, if it is this account's.
#[inline(always)]
fn owned(ledger: &Ledger, account: AccountId, order: OrderId) -> Result<&Line, Stopped> {
    match ledger.line(order) {
        Some(line) if line.account == account => Ok(line),
        _ => Err(Code::UnknownOrder.into()),
    }
}
