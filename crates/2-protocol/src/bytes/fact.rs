//! One fact to bytes and back: a kind byte, then its fields in the order of their declaration.
//!
//! The low half of the kind byte is the kind, the high half holds the yes-or-no fields of that
//! kind.
//! Orders and places are written as the distance back from the fact's ask, which is mostly zero or
//! small.
//! `docs/journal-format.md` is this file in prose; what is written there has been stored by people.

use std::num::NonZeroU32;

use units::{AccountId, ClientId, CommandId, Lots, MarketId, OrderId, Price, Scale, Side};

use super::varint::{Cursor, Spool};
use super::{BytesError, What};
use crate::{
    CancelReason, Collar, Deal, Distance, Entered, Fact, MarketSpec, NewOrder, TimeInForce,
};

const STARTED: u8 = 1;
const MARKET_OPENED: u8 = 2;
const ENTERED: u8 = 3;
const TRADED: u8 = 4;
const VOIDED: u8 = 5;
const REPLACED: u8 = 6;
const SUSPENDED: u8 = 7;
const LEFT: u8 = 8;
const MARKET_STOPPED: u8 = 9;
const RELEASED: u8 = 10;
const MARKET_RESUMED: u8 = 11;
/// A market with price rules of its own; [`MARKET_OPENED`] is one with negative prices and no collar.
const MARKET_WITH_RULES: u8 = 12;

const KIND: u8 = 0x0f;
/// Of `Entered`: it sells.
const SELL: u8 = 0x10;
/// Of `Entered`: immediate-or-cancel.
const IMMEDIATE: u8 = 0x20;
/// Of `Entered` and `Replaced`: 16 bytes of client id are there.
const CLIENT: u8 = 0x40;
/// Of `Cancelled`: for want of a partner.
const UNMATCHED: u8 = 0x10;
/// Of `MarketOpened` with rules: it takes zero and negative prices.
const NEGATIVE: u8 = 0x10;
/// Of the same: a collar in basis points.
const BASIS_POINTS: u8 = 0x20;
/// Of the same: a collar in ticks.
const TICKS: u8 = 0x40;

/// Writes one fact of `command`.
#[inline]
pub(super) fn write(command: CommandId, fact: &Fact, out: &mut Spool<'_>) {
    match *fact {
        Fact::Started { epoch } => {
            out.byte(STARTED);
            out.varint(epoch.into());
        }
        Fact::MarketOpened { market, ref spec } => write_market(market, spec, out),
        Fact::Entered(ref entered) => write_entered(command, entered, out),
        Fact::Traded { deal, market, price, quantity } => {
            out.byte(TRADED);
            write_deal(command, deal, out);
            out.small(market.0.into());
            out.signed(price.0);
            out.varint(quantity.0);
        }
        Fact::Voided { deal } => {
            out.byte(VOIDED);
            write_deal(command, deal, out);
        }
        Fact::Replaced { order, client, price, quantity, priority } => {
            out.byte(REPLACED | flag(client.is_some(), CLIENT));
            write_order(command, order, out);
            write_client(client, out);
            out.signed(price.0);
            out.varint(quantity.0);
            write_back(command, priority, out);
        }
        Fact::Suspended { order } => {
            out.byte(SUSPENDED);
            write_order(command, order, out);
        }
        Fact::Released { order } => {
            out.byte(RELEASED);
            write_order(command, order, out);
        }
        Fact::Cancelled { order, quantity, reason } => {
            let unmatched = match reason {
                CancelReason::Requested => false,
                CancelReason::Unmatched => true,
            };
            out.byte(LEFT | flag(unmatched, UNMATCHED));
            write_order(command, order, out);
            out.varint(quantity.0);
        }
        Fact::MarketStopped { market } => {
            out.byte(MARKET_STOPPED);
            out.small(market.0.into());
        }
        Fact::MarketResumed { market } => {
            out.byte(MARKET_RESUMED);
            out.small(market.0.into());
        }
    }
}

#[inline]
fn flag(set: bool, bit: u8) -> u8 {
    if set { bit } else { 0 }
}

#[inline]
fn write_entered(command: CommandId, entered: &Entered, out: &mut Spool<'_>) {
    let Entered {
        order,
        new: NewOrder { account, client, market, side, price, quantity, time_in_force },
    } = *entered;
    let immediate = match time_in_force {
        TimeInForce::GoodTillCancel => false,
        TimeInForce::ImmediateOrCancel => true,
    };
    let flags = flag(side == Side::Sell, SELL)
        | flag(immediate, IMMEDIATE)
        | flag(client.is_some(), CLIENT);
    out.byte(ENTERED | flags);
    out.small(command.0.wrapping_sub(order.0));
    out.varint(account.0.into());
    write_client(client, out);
    out.small(market.0.into());
    out.signed(price.0);
    out.varint(quantity.0);
}

/// A market with negative prices and without a collar is written as all were before there were rules.
fn write_market(market: MarketId, spec: &MarketSpec, out: &mut Spool<'_>) {
    let &MarketSpec { symbol, tick, lot, negative_prices, collar } = spec;
    let distance = match collar.map(|collar| collar.distance) {
        None => 0,
        Some(Distance::BasisPoints(_)) => BASIS_POINTS,
        Some(Distance::Ticks(_)) => TICKS,
    };
    out.byte(match (negative_prices, collar) {
        (true, None) => MARKET_OPENED,
        _ => MARKET_WITH_RULES | flag(negative_prices, NEGATIVE) | distance,
    });
    out.small(market.0.into());
    let name = symbol.as_str().as_bytes();
    out.varint(name.len() as u64);
    out.raw(name);
    for scale in [tick, lot] {
        out.varint(scale.mantissa.into());
        out.byte(scale.places);
    }
    if let Some(Collar { distance, reference }) = collar {
        let (Distance::BasisPoints(length) | Distance::Ticks(length)) = distance;
        out.varint(length.get().into());
        out.signed(reference.0);
    }
}

/// This command is 0, the command before it 1. Wraps, so that every pair of numbers has one.
#[inline]
fn write_back(command: CommandId, other: CommandId, out: &mut Spool<'_>) {
    out.varint(command.0.wrapping_sub(other.0));
}

/// An order's number is that of a command.
#[inline]
fn write_order(command: CommandId, order: OrderId, out: &mut Spool<'_>) {
    write_back(command, CommandId(order.0), out);
}

#[inline]
fn write_client(client: Option<ClientId>, out: &mut Spool<'_>) {
    if let Some(client) = client {
        out.raw(&client.bits().to_be_bytes()); // as a UUID's bytes are
    }
}

#[inline]
fn write_deal(command: CommandId, deal: Deal, out: &mut Spool<'_>) {
    write_order(command, deal.maker, out);
    out.small(command.0.wrapping_sub(deal.taker.0));
    out.small(deal.incarnation.into());
    out.small(deal.number.into());
}

/// Reads one fact of `command`. Refuses whatever [`write`] does not write.
#[inline]
pub(super) fn read(command: CommandId, from: &mut Cursor<'_>) -> Result<Fact, BytesError> {
    let byte = from.byte()?;
    let (kind, flags) = (byte & KIND, byte & !KIND);
    let known = match kind {
        ENTERED => SELL | IMMEDIATE | CLIENT,
        REPLACED => CLIENT,
        LEFT => UNMATCHED,
        MARKET_WITH_RULES => NEGATIVE | BASIS_POINTS | TICKS,
        _ => 0,
    };
    if flags & !known != 0 {
        return Err(from.error(What::Kind));
    }
    Ok(match kind {
        STARTED => Fact::Started { epoch: from.narrow()? },
        MARKET_OPENED => {
            let (market, spec) = (MarketId(from.narrow_small()?), read_spec(from)?);
            Fact::MarketOpened { market, spec: spec.with_negative_prices() }
        }
        MARKET_WITH_RULES => read_market_with_rules(flags, from)?,
        ENTERED => Fact::Entered(read_entered(command, flags, from)?),
        TRADED => Fact::Traded {
            deal: read_deal(command, from)?,
            market: MarketId(from.narrow_small()?),
            price: Price(from.signed()?),
            quantity: Lots(from.varint()?),
        },
        VOIDED => Fact::Voided { deal: read_deal(command, from)? },
        REPLACED => Fact::Replaced {
            order: read_order(command, from)?,
            client: read_client(flags, from)?,
            price: Price(from.signed()?),
            quantity: Lots(from.varint()?),
            priority: read_back(command, from)?,
        },
        SUSPENDED => Fact::Suspended { order: read_order(command, from)? },
        RELEASED => Fact::Released { order: read_order(command, from)? },
        LEFT => Fact::Cancelled {
            order: read_order(command, from)?,
            quantity: Lots(from.varint()?),
            reason: if flags & UNMATCHED == 0 {
                CancelReason::Requested
            } else {
                CancelReason::Unmatched
            },
        },
        MARKET_STOPPED => Fact::MarketStopped { market: MarketId(from.narrow_small()?) },
        MARKET_RESUMED => Fact::MarketResumed { market: MarketId(from.narrow_small()?) },
        _ => return Err(from.error(What::Kind)),
    })
}

#[inline]
fn read_entered(
    command: CommandId,
    flags: u8,
    from: &mut Cursor<'_>,
) -> Result<Entered, BytesError> {
    Ok(Entered {
        order: OrderId(command.0.wrapping_sub(from.small()?)),
        new: NewOrder {
            account: AccountId(from.narrow()?),
            client: read_client(flags, from)?,
            market: MarketId(from.narrow_small()?),
            side: if flags & SELL == 0 { Side::Buy } else { Side::Sell },
            price: Price(from.signed()?),
            quantity: Lots(from.varint()?),
            time_in_force: if flags & IMMEDIATE == 0 {
                TimeInForce::GoodTillCancel
            } else {
                TimeInForce::ImmediateOrCancel
            },
        },
    })
}

fn read_spec(from: &mut Cursor<'_>) -> Result<MarketSpec, BytesError> {
    let length: usize = from.narrow()?;
    let name = std::str::from_utf8(from.raw(length)?).ok();
    let symbol = name.and_then(|name| name.parse().ok());
    let symbol = symbol.ok_or_else(|| from.error(What::Symbol))?;
    Ok(MarketSpec::new(symbol, read_scale(from)?, read_scale(from)?))
}

fn read_market_with_rules(flags: u8, from: &mut Cursor<'_>) -> Result<Fact, BytesError> {
    let distance = match flags & !NEGATIVE {
        0 if flags == 0 => None,
        BASIS_POINTS => Some(Distance::BasisPoints as fn(NonZeroU32) -> Distance),
        TICKS => Some(Distance::Ticks as fn(NonZeroU32) -> Distance),
        _ => return Err(from.error(What::Kind)),
    };
    let (market, mut spec) = (MarketId(from.narrow_small()?), read_spec(from)?);
    spec.negative_prices = flags & NEGATIVE != 0;
    if let Some(distance) = distance {
        let length = NonZeroU32::new(from.narrow()?).ok_or_else(|| from.error(What::Range))?;
        spec = spec.with_collar(distance(length), Price(from.signed()?));
    }
    Ok(Fact::MarketOpened { market, spec })
}

fn read_scale(from: &mut Cursor<'_>) -> Result<Scale, BytesError> {
    let scale = Scale { mantissa: from.narrow()?, places: from.byte()? };
    if scale.is_valid() { Ok(scale) } else { Err(from.error(What::Scale)) }
}

#[inline]
fn read_back(command: CommandId, from: &mut Cursor<'_>) -> Result<CommandId, BytesError> {
    Ok(CommandId(command.0.wrapping_sub(from.varint()?)))
}

#[inline]
fn read_order(command: CommandId, from: &mut Cursor<'_>) -> Result<OrderId, BytesError> {
    Ok(OrderId(read_back(command, from)?.0))
}

#[inline]
fn read_client(flags: u8, from: &mut Cursor<'_>) -> Result<Option<ClientId>, BytesError> {
    if flags & CLIENT == 0 {
        return Ok(None);
    }
    let bits = from.raw(16)?.try_into().expect("sixteen bytes were asked for");
    let client = ClientId::new(u128::from_be_bytes(bits));
    client.map(Some).ok_or_else(|| from.error(What::Client))
}

#[inline]
fn read_deal(command: CommandId, from: &mut Cursor<'_>) -> Result<Deal, BytesError> {
    Ok(Deal {
        maker: read_order(command, from)?,
        taker: OrderId(command.0.wrapping_sub(from.small()?)),
        incarnation: from.narrow_small()?,
        number: from.narrow_small()?,
    })
}
