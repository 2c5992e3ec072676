//! The fold as bytes and back, so that a start need not fold all of history.

use std::num::NonZeroU32;

use protocol::{Collar, Distance, MarketSpec, TimeInForce};
use thiserror::Error;
use units::{AccountId, ClientId, CommandId, Lots, MarketId, OrderId, Price, Scale, Side, limits};

use crate::apply::check_range;
use crate::order_record::{OrderRecord, RecordFlags};
use crate::repeats::Remembered;
use crate::{Band, Ledger, Market};

/// Why bytes are not a snapshot of a ledger.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("not a snapshot of a ledger: wrong at byte {offset}")]
pub struct SnapshotError {
    /// Where in the bytes it went wrong.
    pub offset: usize,
}

/// The first bytes: what it is, and the version of the format.
const MAGIC: u64 = u64::from_le_bytes(*b"BWledg02");
/// The version before, which lacks price rules, the orders that were entered under a client id, and the idle times of
/// accounts.
const MAGIC_01: u64 = u64::from_le_bytes(*b"BWledg01");

/// How a market's collar is measured, as written.
const NO_COLLAR: u8 = 0;
const BASIS_POINTS: u8 = 1;
const TICKS: u8 = 2;

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], SnapshotError> {
        let wrong = SnapshotError { offset: self.at };
        let bytes = self.bytes.get(self.at..self.at + N).ok_or(wrong)?;
        self.at += N;
        bytes.try_into().map_err(|_| wrong)
    }

    fn u64(&mut self) -> Result<u64, SnapshotError> {
        Ok(u64::from_le_bytes(self.take()?))
    }

    fn u32(&mut self) -> Result<u32, SnapshotError> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    fn u16(&mut self) -> Result<u16, SnapshotError> {
        Ok(u16::from_le_bytes(self.take()?))
    }

    fn u8(&mut self) -> Result<u8, SnapshotError> {
        Ok(u8::from_le_bytes(self.take()?))
    }

    fn wrong<T>(&self) -> Result<T, SnapshotError> {
        Err(SnapshotError { offset: self.at })
    }

    fn side(&mut self) -> Result<Side, SnapshotError> {
        match self.u8()? {
            0 => Ok(Side::Buy),
            1 => Ok(Side::Sell),
            _ => self.wrong(),
        }
    }

    fn time_in_force(&mut self) -> Result<TimeInForce, SnapshotError> {
        match self.u8()? {
            0 => Ok(TimeInForce::GoodTillCancel),
            1 => Ok(TimeInForce::ImmediateOrCancel),
            _ => self.wrong(),
        }
    }

    fn flag(&mut self) -> Result<bool, SnapshotError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => self.wrong(),
        }
    }

    fn price(&mut self) -> Result<Price, SnapshotError> {
        Ok(Price(i64::from_le_bytes(self.take()?)))
    }

    fn market(&mut self) -> Result<Market, SnapshotError> {
        let length = usize::from(self.u8()?);
        let wrong = SnapshotError { offset: self.at };
        let text = self.bytes.get(self.at..self.at + length).ok_or(wrong)?;
        self.at += length;
        let symbol = std::str::from_utf8(text).ok().and_then(|t| t.parse().ok()).ok_or(wrong)?;
        let tick = Scale { mantissa: self.u32()?, places: self.u8()? };
        let lot = Scale { mantissa: self.u32()?, places: self.u8()? };
        if !tick.is_valid() || !lot.is_valid() {
            return self.wrong();
        }
        let stopped = self.flag()?;
        let (negative_prices, collar) = (self.flag()?, self.collar()?);
        let spec = MarketSpec { symbol, tick, lot, negative_prices, collar };
        let last = if collar.is_some() { Some(self.price()?) } else { None };
        let sound = Band::opening(&spec).filter(|band| last.is_none_or(|last| band.has(last)));
        match sound {
            Some(_) => Ok(Market { spec, stopped, band: Band::after(&spec, last) }),
            None => self.wrong(),
        }
    }

    fn collar(&mut self) -> Result<Option<Collar>, SnapshotError> {
        let distance = match self.u8()? {
            NO_COLLAR => return Ok(None),
            BASIS_POINTS => Distance::BasisPoints(self.length()?),
            TICKS => Distance::Ticks(self.length()?),
            _ => return self.wrong(),
        };
        Ok(Some(Collar { distance, reference: self.price()? }))
    }

    fn length(&mut self) -> Result<NonZeroU32, SnapshotError> {
        NonZeroU32::new(self.u32()?).map_or_else(|| self.wrong(), Ok)
    }

    fn record(&mut self, markets: usize) -> Result<OrderRecord, SnapshotError> {
        let mut record = OrderRecord {
            order: OrderId(self.u64()?),
            priority: CommandId(self.u64()?),
            price: self.price()?,
            size: Lots(self.u64()?),
            filled: Lots(self.u64()?),
            account: AccountId(self.u32()?),
            market: MarketId(self.u16()?),
            side: self.side()?,
            flags: RecordFlags::of(self.time_in_force()?),
            ..OrderRecord::free()
        };
        let flags = self.u8()?;
        if flags > 3 {
            return self.wrong();
        }
        if flags & 1 != 0 {
            record.suspend();
        }
        if flags & 2 != 0 {
            record.set_by_client();
        }
        let sound = record.order != OrderId(0)
            && check_range(record.price, record.size).is_ok()
            && record.filled < record.size
            && usize::from(record.market.0) < markets;
        if sound { Ok(record) } else { self.wrong() }
    }

    fn asked(&mut self) -> Result<(ClientId, Remembered), SnapshotError> {
        let bits = u128::from_le_bytes(self.take()?);
        let Some(client) = ClientId::new(bits) else { return self.wrong() };
        let asked = match self.u8()? {
            0 => Remembered::NewOrder(
                OrderId(self.u64()?),
                MarketId(self.u16()?),
                self.side()?,
                self.price()?,
                Lots(self.u64()?),
                self.time_in_force()?,
            ),
            1 => Remembered::Replace(OrderId(self.u64()?), self.price()?, Lots(self.u64()?)),
            _ => return self.wrong(),
        };
        Ok((client, asked))
    }
}

impl Ledger {
    /// The fold as bytes, the same for the same facts: about 49 bytes an open order. The
    /// journal adds a checksum. Deals in progress are left out, since none outlives its world.
    pub fn save(&self) -> Vec<u8> {
        self.write(MAGIC)
    }

    /// True if bytes are this ledger as [`Ledger::save`] writes it, or wrote it in the version before.
    pub fn is_saved_as(&self, bytes: &[u8]) -> bool {
        bytes == self.write(if Ledger::is_of_former_version(bytes) { MAGIC_01 } else { MAGIC })
    }

    /// True if bytes are of the version before. It is not read: only the facts have what it lacks.
    pub fn is_of_former_version(bytes: &[u8]) -> bool {
        bytes.starts_with(&MAGIC_01.to_le_bytes())
    }

    fn write(&self, magic: u64) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + self.open_orders() * 49);
        let u64s = |values: &[u64], out: &mut Vec<u8>| {
            values.iter().for_each(|v| out.extend(v.to_le_bytes()));
        };
        u64s(&[magic, u64::from(self.epoch), self.facts, self.trades], &mut out);
        u64s(&[self.markets.len() as u64], &mut out);
        for market in &self.markets {
            let symbol = market.spec.symbol.as_str().as_bytes();
            out.push(u8::try_from(symbol.len()).expect("a symbol has at most 15 bytes"));
            out.extend(symbol);
            for scale in [market.spec.tick, market.spec.lot] {
                out.extend(scale.mantissa.to_le_bytes());
                out.push(scale.places);
            }
            out.push(u8::from(market.stopped));
            if magic == MAGIC {
                write_rules(market, &mut out);
            }
        }
        let mut records: Vec<&OrderRecord> =
            self.records.iter().filter(|l| l.order != OrderId(0)).collect();
        records.sort_unstable_by_key(|record| record.order);
        u64s(&[records.len() as u64], &mut out);
        for record in records {
            u64s(&[record.order.0, record.priority.0], &mut out);
            out.extend(record.price.0.to_le_bytes());
            u64s(&[record.size.0, record.filled.0], &mut out);
            out.extend(record.account.0.to_le_bytes());
            out.extend(record.market.0.to_le_bytes());
            let flags = u8::from(record.is_suspended())
                | u8::from(record.is_by_client() && magic == MAGIC) << 1;
            out.extend([record.side as u8, record.time_in_force() as u8, flags]);
        }
        u64s(&[self.repeats.accounts().len() as u64], &mut out);
        for (account, since, ids) in self.repeats.accounts() {
            if magic == MAGIC_01 {
                u64s(&[u64::from(account.0), ids as u64], &mut out);
            } else {
                u64s(&[u64::from(account.0), since, ids as u64], &mut out);
            }
            for (id, asked) in self.repeats.ids_of(account) {
                out.extend(id.bits().to_le_bytes());
                write_asked(asked, &mut out);
            }
        }
        out
    }

    /// Reads what [`Ledger::save`] wrote. Never panics, whatever the bytes.
    pub fn load(bytes: &[u8]) -> Result<Ledger, SnapshotError> {
        let mut r = Reader { bytes, at: 0 };
        if r.u64()? != MAGIC {
            return r.wrong();
        }
        let epoch = u32::try_from(r.u64()?).or_else(|_| r.wrong())?;
        let (facts, trades) = (r.u64()?, r.u64()?);
        let mut ledger = Ledger { epoch, facts, trades, ..Ledger::default() };
        for number in 0..r.u64()? {
            let market = r.market()?;
            let id = MarketId(u16::try_from(number).or_else(|_| r.wrong())?);
            if usize::from(id.0) >= limits::MAX_MARKETS
                || ledger.symbols.insert(market.spec.symbol, id).is_some()
            {
                return r.wrong();
            }
            ledger.markets.push(market);
        }
        for _ in 0..r.u64()? {
            let record = r.record(ledger.markets.len())?;
            if ledger.index(record.order).is_some() || ledger.open_orders() >= limits::MAX_ORDERS {
                return r.wrong();
            }
            let order = record.order;
            if record.is_by_client() {
                ledger.repeats.on_open(record.account);
            }
            let index = ledger.free_record();
            ledger.records[index as usize] = record;
            ledger.table.insert(order.0, index);
            ledger.newest = ledger.newest.max(order);
        }
        // Each id came by a fact of its own, so numbers up to theirs tell which came first.
        let mut number = 0;
        let accounts = r.u64()?;
        for _ in 0..accounts {
            let account = AccountId(u32::try_from(r.u64()?).or_else(|_| r.wrong())?);
            let since = r.u64()?;
            ledger.repeats.load_account(account, since);
            for _ in 0..r.u64()? {
                let (client, asked) = r.asked()?;
                ledger.repeats.remember(number, account, client, asked);
                number += 1;
            }
        }
        if number > ledger.facts || accounts != ledger.repeats.accounts().len() as u64 {
            return r.wrong();
        }
        if r.at == bytes.len() { Ok(ledger) } else { r.wrong() }
    }
}

fn write_rules(market: &Market, out: &mut Vec<u8>) {
    out.push(u8::from(market.spec.negative_prices));
    let Some(Collar { distance, reference }) = market.spec.collar else {
        return out.push(NO_COLLAR);
    };
    let (kind, length) = match distance {
        Distance::BasisPoints(points) => (BASIS_POINTS, points),
        Distance::Ticks(ticks) => (TICKS, ticks),
    };
    out.push(kind);
    out.extend(length.get().to_le_bytes());
    let last = market.band.reference().unwrap_or(reference);
    [reference, last].iter().for_each(|price| out.extend(price.0.to_le_bytes()));
}

fn write_asked(asked: &Remembered, out: &mut Vec<u8>) {
    match asked {
        Remembered::NewOrder(order, market, side, price, quantity, time_in_force) => {
            out.push(0);
            out.extend(order.0.to_le_bytes());
            out.extend(market.0.to_le_bytes());
            out.push(*side as u8);
            out.extend(price.0.to_le_bytes());
            out.extend(quantity.0.to_le_bytes());
            out.push(*time_in_force as u8);
        }
        Remembered::Replace(order, price, quantity) => {
            out.push(1);
            out.extend(order.0.to_le_bytes());
            out.extend(price.0.to_le_bytes());
            out.extend(quantity.0.to_le_bytes());
        }
    }
}
