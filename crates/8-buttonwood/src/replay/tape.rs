//! A venue's own trades, compared with ours. Knows no exchange.
//!
//! Bitstamp's raw capture has a line for each event: milliseconds, a word, JSON. Only `trade` lines
//! are read here. Their numbers went through floats at the venue, so they are rounded to our steps.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::path::Path;

use indicatif::ProgressBar;
use serde::Deserialize;
use serde_json::value::RawValue;
use units::{Lots, Price, Scale, Time};

use super::ReadError;
use super::bitstamp::{LOT, TICK};
use super::source::Source;
use crate::number::Number;

/// Largest time between two prints of one trade: a second, in nanoseconds.
const NEAR: u64 = 1_000_000_000;

/// One trade as printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Print {
    /// Its time.
    pub(crate) time: Time,
    /// Its price, in ticks.
    pub(crate) price: Price,
    /// Its quantity, in lots.
    pub(crate) quantity: Lots,
}

/// All trades of a venue, in the file's order.
#[derive(Debug)]
pub(crate) struct Tape {
    /// The trades.
    pub(crate) prints: Vec<Print>,
}

/// Comparison of our trades with the venue's.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Comparison {
    /// Trades of the venue.
    pub(crate) venue_trades: u64,
    /// Their lots.
    pub(crate) venue_quantity: u64,
    /// Our trades.
    pub(crate) our_trades: u64,
    /// Their lots.
    pub(crate) our_quantity: u64,
    /// Trades of the venue with one of ours at the same price within a second; each of ours counts once.
    pub(crate) matched_trades: u64,
    /// Of these, trades with the same quantity, up to one lot: the recording truncated the last decimal of some
    /// sizes.
    pub(crate) matched_quantity_too: u64,
}

/// True if `line` is the first of a raw capture: `1430438404518 order_created {...}`.
pub(super) fn begins(line: &str) -> bool {
    split(line).is_some_and(|(time, word, json)| {
        !time.is_empty()
            && time.bytes().all(|b| b.is_ascii_digit())
            && (word == "trade" || word.starts_with("order_"))
            && json.starts_with('{')
    })
}

fn split(line: &str) -> Option<(&str, &str, &str)> {
    let (time, rest) = line.split_once(' ')?;
    let (word, json) = rest.split_once(' ')?;
    Some((time, word, json))
}

#[derive(Deserialize)]
struct Trade<'a> {
    #[serde(borrow)]
    price: &'a RawValue,
    #[serde(borrow)]
    amount: &'a RawValue,
}

impl Tape {
    /// Reads the trades of a raw capture.
    pub(crate) fn read(path: &Path, progress: &ProgressBar) -> Result<Tape, ReadError> {
        let mut source = Source::open(path, progress)?;
        if !begins(source.first_line()?) {
            return Err(
                source.fault("not a raw capture, whose lines are 'MILLISECONDS WORD {json}'")
            );
        }
        let mut prints = Vec::new();
        while let Some(line) = source.next()? {
            match print(line) {
                Ok(Some(print)) => prints.push(print),
                Ok(None) => {}
                Err(what) => return Err(source.fault(what)),
            }
        }
        Ok(Tape { prints })
    }

    /// Compares our trades with the tape's. O(n log n).
    pub(crate) fn compare(&self, ours: &[Print]) -> Comparison {
        let mut free: BTreeMap<Price, VecDeque<Print>> = BTreeMap::new();
        let mut sorted = ours.to_vec();
        sorted.sort_by_key(|print| print.time);
        for print in sorted {
            free.entry(print.price).or_default().push_back(print);
        }
        let mut theirs = self.prints.clone();
        theirs.sort_by_key(|print| print.time);
        let (mut matched_trades, mut matched_quantity_too) = (0, 0);
        for print in &theirs {
            let Some(queue) = free.get_mut(&print.price) else { continue };
            // Earliest first, so that no trade takes the only match of a later one.
            while queue.front().is_some_and(|ours| ours.time.0 + NEAR < print.time.0) {
                queue.pop_front();
            }
            if let Some(ours) = queue.front().filter(|ours| ours.time.0 <= print.time.0 + NEAR) {
                matched_trades += 1;
                matched_quantity_too += u64::from(ours.quantity.0.abs_diff(print.quantity.0) <= 1);
                queue.pop_front();
            }
        }
        Comparison {
            venue_trades: self.prints.len() as u64,
            venue_quantity: self.prints.iter().map(|print| print.quantity).sum::<Lots>().0,
            our_trades: ours.len() as u64,
            our_quantity: ours.iter().map(|print| print.quantity).sum::<Lots>().0,
            matched_trades,
            matched_quantity_too,
        }
    }
}

impl Comparison {
    /// Share of the venue's trades that we made at the same price within a second; 0 if there are none.
    #[allow(clippy::cast_precision_loss, reason = "a share for people")]
    pub(crate) fn matched_share(&self) -> f64 {
        if self.venue_trades == 0 {
            0.0
        } else {
            self.matched_trades as f64 / self.venue_trades as f64
        }
    }
}

fn print(line: &str) -> Result<Option<Print>, String> {
    let (time, word, json) = split(line).ok_or("not of the form 'MILLISECONDS WORD {json}'")?;
    if word != "trade" {
        return Ok(None);
    }
    let milliseconds: Option<u64> = time.parse().ok();
    let time = milliseconds
        .and_then(|ms| ms.checked_mul(1_000_000))
        .map(Time)
        .ok_or_else(|| format!("'{time}' is not milliseconds since 1970"))?;
    let trade: Trade = serde_json::from_str(json).map_err(|why| format!("trade: {why}"))?;
    let price = i64::try_from(steps(trade.price, TICK, "price")?).map_err(|_| "price too large")?;
    let quantity =
        u64::try_from(steps(trade.amount, LOT, "amount")?).map_err(|_| "amount too large")?;
    Ok(Some(Print { time, price: Price(price), quantity: Lots(quantity) }))
}

fn steps(raw: &RawValue, scale: Scale, name: &str) -> Result<u128, String> {
    Number::parse(raw.get())
        .and_then(|number| number.nearly(scale.places))
        .ok_or_else(|| format!("{name} is {}, which is no amount", raw.get()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64, price: i64, quantity: u64) -> Print {
        Print {
            time: Time(milliseconds * 1_000_000),
            price: Price(price),
            quantity: Lots(quantity),
        }
    }

    #[test]
    fn a_trade_line_is_rounded_to_our_steps() {
        let line = r#"1430438406348 trade {"price": 236.28999999999999, "amount": 9.9999999999999995e-07, "id": 1}"#;
        assert_eq!(print(line), Ok(Some(at(1_430_438_406_348, 23629, 100))));
        assert_eq!(print(r#"1 order_book {"bids": []}"#), Ok(None));
        for (bad, expected) in [
            ("1430438406348", "not of the form"),
            ("x trade {}", "'x' is not milliseconds"),
            ("1 trade {}", "missing field"),
            (r#"1 trade {"price": "a", "amount": 1}"#, "price is \"a\""),
        ] {
            assert!(print(bad).unwrap_err().contains(expected));
        }
    }

    #[test]
    fn a_trade_of_ours_answers_for_one_of_the_venues() {
        let tape = Tape { prints: vec![at(5_000, 10, 1), at(5_100, 10, 2), at(9_000, 11, 3)] };
        let ours = [at(4_000, 10, 7), at(6_101, 10, 1), at(9_900, 11, 3), at(9_000, 12, 3)];
        let comparison = tape.compare(&ours);
        // 4.0 s is within a second of 5.0 s; 6.101 s is a millisecond too late for 5.1 s.
        assert_eq!((comparison.matched_trades, comparison.matched_quantity_too), (2, 1));
        assert_eq!(
            (
                comparison.venue_trades,
                comparison.venue_quantity,
                comparison.our_trades,
                comparison.our_quantity
            ),
            (3, 6, 4, 14)
        );
        assert_eq!(Tape { prints: vec![] }.compare(&ours).matched_share(), 0.0);
    }

    #[test]
    fn no_trade_takes_the_only_one_that_a_later_trade_could_have() {
        let tape = Tape { prints: vec![at(1_000, 10, 1), at(2_500, 10, 1)] };
        assert_eq!(tape.compare(&[at(1_800, 10, 1), at(500, 10, 1)]).matched_trades, 2);
    }
}
