//! Bitstamp's order events, a line of CSV each, as one market's commands. Knows no exchange.
//!
//! *created* places a limit order; *deleted* with volume above 0 is a cancel. *changed*, and
//! *deleted* with volume 0, report a fill: no command is made of them.

use std::collections::BTreeMap;

use protocol::MarketSpec;
use units::{Lots, Price, Scale, Side};

use super::source::Source;
use super::{Clock, Counts, Event, Flow, ReadError, Venue, Wish};

pub(super) const HEADER: &str = "id,timestamp,exchange.timestamp,price,volume,action,direction";

/// Prices are in cents, sizes in hundred-millionths of a bitcoin.
pub(super) const TICK: Scale = Scale::places(2);
pub(crate) const LOT: Scale = Scale::places(8);

/// True if `line` is the header of such a file.
pub(super) fn begins(line: &str) -> bool {
    line == HEADER
}

/// Reads the whole file.
pub(super) fn read(source: &mut Source) -> Result<Flow, ReadError> {
    let symbol = "BTC-USD".parse().expect("a symbol of seven allowed characters");
    let mut reader = Reader::default();
    let (mut events, mut lines) = (Vec::new(), Vec::new());
    source.next()?; // the header
    loop {
        let event = match source.next()? {
            None => break,
            Some(line) => reader.event(line),
        };
        match event {
            Ok(Some(event)) => {
                events.push(event);
                lines.push(source.line());
            }
            Ok(None) => {}
            Err((offset, what)) => return Err(source.fault_at(offset, what)),
        }
    }
    Ok(Flow {
        venue: Venue::Bitstamp,
        markets: vec![MarketSpec::new(symbol, TICK, LOT).with_negative_prices()],
        events,
        lines,
        counts: reader.counts,
    })
}

#[derive(Default)]
struct Reader {
    /// The `NewOrder` of ours for each order id of the venue. An id that is created twice refers to the newer
    /// order from then on.
    places: BTreeMap<u64, u32>,
    /// New orders so far.
    count: u32,
    clock: Clock,
    counts: Counts,
}

/// The byte offset of a bad field, and what is wrong with it.
type Bad = (usize, String);

impl Reader {
    /// The command of a line, if it makes one.
    fn event(&mut self, line: &str) -> Result<Option<Event>, Bad> {
        let fields = Fields::split(line)?;
        let id: u64 = fields.whole(0, "an order id")?;
        let milliseconds: u64 = fields.whole(1, "milliseconds since 1970")?;
        let price = fields.price(3)?;
        let volume: u64 = fields.whole(4, "a volume in 1e-8 BTC")?;
        let side = match fields.text(6) {
            "bid" => Side::Buy,
            "ask" => Side::Sell,
            other => return Err(fields.bad(6, format!("'{other}' is neither 'bid' nor 'ask'"))),
        };
        self.counts.events += 1;
        let wish = match (fields.text(5), volume) {
            ("created", _) => {
                self.places.insert(id, self.count);
                self.count = (self.count.checked_add(1))
                    .ok_or_else(|| fields.bad(0, "more orders than fit 32 bits".to_owned()))?;
                Wish::Place { market: 0, side, price, quantity: Lots(volume) }
            }
            ("deleted", 1..) => {
                let place = self.places.get(&id).copied();
                self.counts.unknown += u64::from(place.is_none());
                Wish::Cancel { place }
            }
            ("deleted" | "changed", _) => {
                self.counts.fills += 1;
                return Ok(None);
            }
            (other, _) => {
                let what = format!("'{other}' is none of 'created', 'changed', 'deleted'");
                return Err(fields.bad(5, what));
            }
        };
        let time = self.clock.at(milliseconds, &mut self.counts);
        let time = time.ok_or_else(|| fields.bad(1, "a time after the year 2500".to_owned()))?;
        Ok(Some(Event { time, wish }))
    }
}

/// A line's seven fields, each with its offset.
struct Fields<'a>([(usize, &'a str); 7]);

impl<'a> Fields<'a> {
    fn split(line: &'a str) -> Result<Fields<'a>, Bad> {
        let mut fields = [(0, ""); 7];
        let (mut offset, mut count) = (0, 0);
        for text in line.split(',') {
            match fields.get_mut(count) {
                Some(field) => *field = (offset, text),
                None => return Err((offset, "an eighth field; a line has seven".to_owned())),
            }
            offset += text.len() + 1;
            count += 1;
        }
        if count < fields.len() {
            return Err((line.len(), format!("the line ends after {count} of seven fields")));
        }
        Ok(Fields(fields))
    }

    fn text(&self, index: usize) -> &'a str {
        self.0[index].1
    }

    fn bad(&self, index: usize, what: String) -> Bad {
        (self.0[index].0, what)
    }

    fn whole(&self, index: usize, kind: &str) -> Result<u64, Bad> {
        let text = self.text(index);
        text.parse().map_err(|_| self.bad(index, format!("'{text}' is not {kind}")))
    }

    fn price(&self, index: usize) -> Result<Price, Bad> {
        let text = self.text(index);
        let price = TICK.parse(text);
        price.map(Price).map_err(|why| {
            self.bad(
                index,
                format!("'{text}' is not a price in dollars with a tick of {}: {why}", TICK.step()),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::tests::source_of;
    use super::*;
    use units::Time;

    fn read_lines(lines: &str) -> Result<Flow, String> {
        let mut source = source_of(format!("{HEADER}\n{lines}").as_bytes());
        read(&mut source).map_err(|fault| fault.to_string())
    }

    #[test]
    fn created_places_and_deleted_with_volume_cancels() {
        let flow = read_lines(
            "7,1000,1000,236.47,200000000,created,bid\n\
             8,1001,1000,237.00,5,created,ask\n\
             7,1002,1000,236.47,199999999,changed,bid\n\
             8,1003,1000,237.00,0,deleted,ask\n\
             7,1004,1000,236.47,199999999,deleted,bid\n",
        )
        .unwrap();
        let place = |side, price, quantity| Wish::Place {
            market: 0,
            side,
            price: Price(price),
            quantity: Lots(quantity),
        };
        let at = |milliseconds: u64, wish| Event { time: Time(milliseconds * 1_000_000), wish };
        assert_eq!(
            flow.events,
            [
                at(1000, place(Side::Buy, 23647, 200_000_000)),
                at(1001, place(Side::Sell, 23700, 5)),
                at(1004, Wish::Cancel { place: Some(0) }),
            ]
        );
        assert_eq!(flow.counts, Counts { events: 5, fills: 2, ..Counts::default() });
    }

    #[test]
    fn an_order_from_before_the_capture_is_cancelled_as_unknown() {
        let flow = read_lines("9,5,5,1.00,3,deleted,ask\n").unwrap();
        assert_eq!(flow.events[0].wish, Wish::Cancel { place: None });
        assert_eq!(flow.counts.unknown, 1);
    }

    #[test]
    fn an_id_created_twice_means_the_newer() {
        let flow = read_lines(
            "9,5,5,1.00,3,created,ask\n\
             9,6,5,1.00,3,created,ask\n\
             8,6,5,1.00,3,created,ask\n\
             9,7,5,1.00,3,deleted,ask\n\
             8,7,5,1.00,3,deleted,ask\n",
        )
        .unwrap();
        assert_eq!(flow.events[3].wish, Wish::Cancel { place: Some(1) });
        assert_eq!(flow.events[4].wish, Wish::Cancel { place: Some(2) });
    }

    #[test]
    fn a_bad_line_is_named_with_line_and_column() {
        let good = "7,1000,1000,236.47,2,created,bid\n";
        for (bad, expected) in [
            ("", "column 1: the line ends after 1 of seven fields"),
            ("7,1000,1000,236.47,2,created", "column 29: the line ends after 6 of seven fields"),
            ("7,1000,1000,236.47,2,created,bid,", "column 34: an eighth field"),
            ("x,1000,1000,236.47,2,created,bid", "column 1: 'x' is not an order id"),
            ("7,-1,1000,236.47,2,created,bid", "column 3: '-1' is not milliseconds"),
            ("7,1000,1000,236.471,2,created,bid", "column 13: '236.471' is not a price"),
            ("7,1000,1000,236.47,2.5,created,bid", "column 20: '2.5' is not a volume"),
            ("7,1000,1000,236.47,2,made,bid", "column 22: 'made' is none of"),
            ("7,1000,1000,236.47,2,created,buy", "column 30: 'buy' is neither"),
            ("7,18446744073709551615,1,236.47,2,created,bid", "column 3: a time after"),
        ] {
            let fault = read_lines(&format!("{good}{bad}\n{good}")).unwrap_err();
            assert!(fault.starts_with("test, line 3, "), "{fault}");
            assert!(fault.contains(expected), "{fault} should say {expected}");
        }
    }
}
