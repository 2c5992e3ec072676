//! Independent Reserve's WebSocket as cryptofeed recorded it: a time and a JSON object a line.
//! Knows no exchange.
//!
//! `NewOrder` places a limit order at its price in dollars; `OrderCanceled` cancels it. The capture
//! does not have ticks and lots: a market's are the finest decimal places of its prices and sizes, so
//! the whole file is read before the first command.

use std::collections::BTreeMap;

use protocol::MarketSpec;
use serde::Deserialize;
use serde_json::value::RawValue;
use units::{Lots, Price, Scale, Side, Symbol, Time, limits};

use super::source::Source;
use super::{Clock, Counts, Event, Flow, ReadError, Venue, Wish};
use crate::number::Number;

/// True if `line` is the first of such a capture: `wss://...` or `1649023809.126495: {...}`.
pub(super) fn begins(line: &str) -> bool {
    line.starts_with("wss://") || split(line).is_some()
}

/// Offset and text of the JSON in a line; `None` for a line about the connection.
fn split(line: &str) -> Option<(usize, &str)> {
    let (time, json) = line.split_once(": ")?;
    let is_time = !time.is_empty() && time.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    (is_time && json.starts_with('{')).then_some((time.len() + 2, json))
}

/// Reads the whole capture.
pub(super) fn read(source: &mut Source) -> Result<Flow, ReadError> {
    let mut reader = Reader::default();
    let mut lines = Vec::new();
    while let Some(line) = source.next()? {
        let Some((offset, json)) = split(line) else {
            if line.starts_with("wss://") {
                continue;
            }
            return Err(source.fault("neither 'SECONDS: {json}' nor a line about the connection"));
        };
        if let Err((column, what)) = reader.line(json) {
            return Err(source.fault_at(offset + column, what));
        }
        lines.resize(reader.events.len(), source.line());
    }
    reader.finish(lines).map_err(|what| source.fault(what))
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "Event")]
    event: &'a str,
    #[serde(rename = "Channel")]
    channel: Option<&'a str>,
    #[serde(rename = "Time")]
    time: Option<u64>,
    #[serde(rename = "Data", borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct New<'a> {
    #[serde(rename = "OrderType")]
    kind: &'a str,
    #[serde(rename = "OrderGuid")]
    id: &'a str,
    #[serde(rename = "Price", borrow)]
    price: Prices<'a>,
    #[serde(rename = "Volume", borrow)]
    volume: &'a RawValue,
}

#[derive(Deserialize)]
struct Prices<'a> {
    #[serde(borrow)]
    usd: &'a RawValue,
}

#[derive(Deserialize)]
struct Cancelled<'a> {
    #[serde(rename = "OrderGuid")]
    id: &'a str,
}

#[derive(Default)]
struct Reader {
    books: Vec<Book>,
    orders: Vec<Order>,
    /// The order of each order id of the venue.
    ids: BTreeMap<String, u32>,
    events: Vec<(Time, Said)>,
    clock: Clock,
    counts: Counts,
}

/// A market, with the finest places that were seen.
struct Book {
    symbol: Symbol,
    price_places: u8,
    volume_places: u8,
}

#[derive(Clone, Copy)]
struct Order {
    market: u16,
    side: Side,
    price: Number,
    volume: Number,
}

enum Said {
    New(u32),
    Cancelled(Option<u32>),
}

/// The byte of the JSON at which something is wrong (from 0), and what.
type Bad = (usize, String);

impl Reader {
    fn line(&mut self, json: &str) -> Result<(), Bad> {
        let line: Line = parse(json)?;
        let said = match line.event {
            "NewOrder" => {
                let (new, at) = data::<New>(json, &line)?;
                Said::New(self.enter(line.channel.unwrap_or(""), &new).map_err(|what| (at, what))?)
            }
            "OrderCanceled" => {
                let (cancelled, _) = data::<Cancelled>(json, &line)?;
                let order = self.ids.get(cancelled.id).copied();
                self.counts.unknown += u64::from(order.is_none());
                Said::Cancelled(order)
            }
            // The remainder of an order after a fill. Our own trades must do that.
            "OrderChanged" => {
                self.counts.events += 1;
                self.counts.fills += 1;
                return Ok(());
            }
            // Heartbeats, subscriptions, and the tickers' trades.
            _ => return Ok(()),
        };
        self.counts.events += 1;
        let milliseconds =
            line.time.ok_or_else(|| (0, "an order event without Time".to_owned()))?;
        let time = self.clock.at(milliseconds, &mut self.counts);
        let time = time.ok_or_else(|| (0, "Time is after the year 2500".to_owned()))?;
        self.events.push((time, said));
        Ok(())
    }

    fn enter(&mut self, channel: &str, new: &New) -> Result<u32, String> {
        let side = match new.kind {
            "LimitBid" => Side::Buy,
            "LimitOffer" => Side::Sell,
            other => {
                return Err(format!("OrderType '{other}' is neither 'LimitBid' nor 'LimitOffer'"));
            }
        };
        let price = number(new.price.usd, "Price usd")?;
        let volume = number(new.volume, "Volume")?;
        let market = self.book(channel)?;
        let book = &mut self.books[usize::from(market)];
        book.price_places = book.price_places.max(price.places());
        book.volume_places = book.volume_places.max(volume.places());
        let index = u32::try_from(self.orders.len()).map_err(|_| "more orders than fit 32 bits")?;
        self.orders.push(Order { market, side, price, volume });
        self.ids.insert(new.id.to_owned(), index);
        Ok(index)
    }

    /// The market of `orderbook-eth`, which is `ETH-USD`.
    fn book(&mut self, channel: &str) -> Result<u16, String> {
        let base = channel.strip_prefix("orderbook-");
        let base = base.ok_or_else(|| format!("Channel '{channel}' is not 'orderbook-...'"))?;
        let symbol: Symbol = format!("{}-USD", base.to_ascii_uppercase())
            .parse()
            .map_err(|why| format!("Channel '{channel}' makes no market's name: {why}"))?;
        let known = self.books.iter().position(|book| book.symbol == symbol);
        let index = known.unwrap_or(self.books.len());
        if known.is_none() {
            if index == limits::MAX_MARKETS {
                return Err(format!(
                    "more than {index} markets, which is all that an exchange can have"
                ));
            }
            self.books.push(Book { symbol, price_places: 0, volume_places: 0 });
        }
        u16::try_from(index).map_err(|_| "more markets than fit 16 bits".to_owned())
    }

    /// All prices in ticks and all sizes in lots, now that both are known.
    fn finish(self, lines: Vec<u32>) -> Result<Flow, String> {
        let mut markets = Vec::new();
        for Book { symbol, price_places, volume_places } in &self.books {
            let (tick, lot) = (Scale::places(*price_places), Scale::places(*volume_places));
            if !tick.is_valid() || !lot.is_valid() {
                return Err(format!("{symbol} has prices or sizes of more than 18 decimal places"));
            }
            markets.push(MarketSpec::new(*symbol, tick, lot).with_negative_prices());
        }
        let mut events = Vec::with_capacity(self.events.len());
        for (time, said) in &self.events {
            let wish = match *said {
                Said::Cancelled(place) => Wish::Cancel { place },
                Said::New(index) => self.place(self.orders[index as usize])?,
            };
            events.push(Event { time: *time, wish });
        }
        Ok(Flow { venue: Venue::IndependentReserve, markets, events, lines, counts: self.counts })
    }

    fn place(&self, order: Order) -> Result<Wish, String> {
        let Order { market, side, price, volume } = order;
        let book = &self.books[usize::from(market)];
        let ticks = price.exactly(book.price_places).and_then(|n| i64::try_from(n).ok());
        let quantity = volume.exactly(book.volume_places).and_then(|n| u64::try_from(n).ok());
        match (ticks, quantity) {
            (Some(ticks), Some(quantity)) => {
                Ok(Wish::Place { market, side, price: Price(ticks), quantity: Lots(quantity) })
            }
            _ => Err(format!(
                "{}: a price or size does not fit 64 bits at the market's step",
                book.symbol
            )),
        }
    }
}

fn number(raw: &RawValue, name: &str) -> Result<Number, String> {
    Number::parse(raw.get()).ok_or_else(|| format!("{name} is {}, which is no amount", raw.get()))
}

/// The line's `Data` read as `T`, and its offset in the line's JSON.
fn data<'a, T: Deserialize<'a>>(json: &str, line: &Line<'a>) -> Result<(T, usize), Bad> {
    let Some(raw) = line.data else {
        return Err((0, format!("{} without Data", line.event)));
    };
    let offset = raw.get().as_ptr() as usize - json.as_ptr() as usize;
    parse(raw.get()).map(|value| (value, offset)).map_err(|(at, what)| (offset + at, what))
}

fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Bad> {
    serde_json::from_str(json).map_err(|why| {
        let text = why.to_string();
        // The library ends its sentence with a place of its own; ours counts in the whole line.
        let what = text.split(" at line ").next().unwrap_or(&text);
        (why.column().saturating_sub(1), what.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::super::source::tests::source_of;
    use super::*;

    fn new(time: u64, book: &str, kind: &str, id: &str, usd: &str, volume: &str) -> String {
        format!(
            "1.5: {{\"Channel\":\"orderbook-{book}\",\"Nonce\":1,\"Data\":{{\"OrderType\":\"{kind}\",\
             \"OrderGuid\":\"{id}\",\"Price\":{{\"aud\":1.0,\"usd\":{usd}}},\"Volume\":{volume}}},\
             \"Time\":{time},\"Event\":\"NewOrder\"}}\n"
        )
    }

    fn cancel(time: u64, id: &str) -> String {
        format!(
            "1.5: {{\"Channel\":\"orderbook-eth\",\"Nonce\":1,\"Data\":{{\"OrderType\":\"LimitBid\",\
             \"OrderGuid\":\"{id}\"}},\"Time\":{time},\"Event\":\"OrderCanceled\"}}\n"
        )
    }

    fn read_text(text: &str) -> Result<Flow, String> {
        read(&mut source_of(text.as_bytes())).map_err(|fault| fault.to_string())
    }

    #[test]
    fn each_book_is_a_market_with_the_steps_that_it_uses() {
        let text = [
            "wss://somewhere <-> 1.0\n".to_owned(),
            "1.25: {\"Time\":1,\"Event\":\"Heartbeat\"}\n".to_owned(),
            new(10, "eth", "LimitBid", "a", "3562.5", "15.0"),
            new(11, "matic", "LimitOffer", "b", "1.68534", "5583.00001"),
            new(12, "eth", "LimitOffer", "c", "3571.97", "0.52249257"),
            cancel(13, "a"),
            cancel(13, "z"),
        ]
        .concat();
        let flow = read_text(&text).unwrap();
        let about = |m: &MarketSpec| (m.symbol.to_string(), m.tick.places, m.lot.places);
        let markets: Vec<_> = flow.markets.iter().map(about).collect();
        assert_eq!(markets, [("ETH-USD".to_owned(), 2, 8), ("MATIC-USD".to_owned(), 5, 5)]);
        let wishes: Vec<_> = flow.events.iter().map(|event| event.wish).collect();
        let place = |market, side, price, quantity| Wish::Place {
            market,
            side,
            price: Price(price),
            quantity: Lots(quantity),
        };
        assert_eq!(
            wishes,
            [
                place(0, Side::Buy, 356_250, 1_500_000_000),
                place(1, Side::Sell, 168_534, 558_300_001),
                place(0, Side::Sell, 357_197, 52_249_257),
                Wish::Cancel { place: Some(0) },
                Wish::Cancel { place: None },
            ]
        );
        assert_eq!(flow.counts, Counts { events: 5, unknown: 1, ..Counts::default() });
    }

    #[test]
    fn bad_json_is_named_with_line_and_column() {
        let good = new(10, "eth", "LimitBid", "a", "3562.5", "15.0");
        for (bad, expected) in [
            ("1.5: {\"Event\":\n".to_owned(), "line 2, column 14: EOF"),
            ("what\n".to_owned(), "line 2, column 1: neither"),
            (new(1, "eth", "MarketBid", "a", "1", "1"), "OrderType 'MarketBid'"),
            (new(1, "eth", "LimitBid", "a", "-1", "1"), "Price usd is -1"),
            (new(1, "eth", "LimitBid", "a", "1", "\"1\""), "Volume is \"1\""),
            (new(1, "a!", "LimitBid", "a", "1", "1"), "makes no market's name"),
            (good.replace("\"Time\":10,", ""), "without Time"),
            (good.replace("\"usd\"", "\"eur\""), "missing field `usd`"),
            (good.replace("\"Data\"", "\"Date\""), "NewOrder without Data"),
        ] {
            let fault = read_text(&format!("{good}{bad}")).unwrap_err();
            assert!(fault.starts_with("test, line 2, column "), "{fault}");
            assert!(fault.contains(expected), "{fault} should say {expected}");
        }
    }
}
