//! Parses a chart's text. Errors name the line.

use std::num::NonZeroU32;

use ledger::Band;
use protocol::{Collar, Distance};
use units::{Price, Side};

use super::{Chart, ChartError};

/// A line of `given`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Given {
    /// As it was written.
    pub text: String,
    /// Line in the chart, from 1.
    pub line: usize,
    /// The command or fault.
    pub act: Act,
    /// Its position: `None` for when no message is left.
    pub position: Option<Position>,
}

/// A position in a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Position {
    /// Before the message is delivered, instead of after.
    pub before: bool,
    /// The message's first word.
    pub word: String,
    /// Its count since the last line without a position, from 1.
    pub nth: usize,
}

/// A command or a fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Act {
    /// An order is entered.
    Place {
        /// Its name.
        name: String,
        /// Its account.
        account: String,
        /// Its side.
        side: Side,
        /// Size.
        quantity: u64,
        /// Limit.
        price: i64,
        /// Immediate-or-cancel.
        ioc: bool,
        /// Market.
        market: u16,
        /// The client's own id.
        id: Option<u64>,
    },
    /// The first market's floor dies repeatedly until the market stops.
    Stop,
    /// The first market, which is stopped, is resumed.
    Resume,
    /// A suspended order is released.
    Release {
        /// Its name.
        name: String,
    },
    /// An order is cancelled.
    Cancel {
        /// The account, if it is not the owner.
        by: Option<String>,
        /// Its name.
        name: String,
    },
    /// An order is replaced.
    Replace {
        /// The account, if it is not the owner.
        by: Option<String>,
        /// Its name.
        name: String,
        /// New size.
        quantity: u64,
        /// New limit.
        price: i64,
        /// The client's own id.
        id: Option<u64>,
    },
    /// A process is killed.
    Kill(String),
    /// Time passes, longer than any restart intensity period.
    Pass,
    /// From the opening on, prices must be above zero.
    AboveZero,
    /// From the opening on, limits have this collar.
    Collar(Collar),
}

/// Basis points of a per cent.
const HUNDRED: NonZeroU32 = NonZeroU32::new(100).unwrap();

enum Section {
    Title,
    Given,
    Then,
    Leaves,
}

impl Chart {
    /// Parses a chart.
    ///
    /// ```
    /// use lab::chart::Chart;
    ///
    /// let text = "a buyer waits\ngiven\n  ann buys 4 @ 100\nthen\nleaves\n";
    /// let chart = Chart::parse(text).unwrap();
    /// assert_eq!(chart.title, "a buyer waits");
    /// assert_eq!(chart.to_string(), text);
    /// assert!(chart.play().unwrap().leaves[0].contains("open 4"));
    /// ```
    pub fn parse(text: &str) -> Result<Chart, ChartError> {
        let (title, only) = (String::new(), Vec::new());
        let mut chart =
            Chart { title, given: Vec::new(), only, then: Vec::new(), leaves: Vec::new() };
        let mut section = Section::Title;
        for (line, text) in (1..).zip(text.lines()) {
            let row = text.trim().to_owned();
            let heading = !text.starts_with(' ');
            match (heading, &section) {
                _ if row.is_empty() => {}
                (true, Section::Title) if chart.title.is_empty() => chart.title = row,
                (true, _) => section = heading_of(&row, &mut chart.only, line)?,
                (false, Section::Given) => chart.given.push(given(&row, line)?),
                (false, Section::Then) => chart.then.push(row),
                (false, Section::Leaves) => chart.leaves.push(row),
                (false, Section::Title) => return error(line, "a chart begins with its claim"),
            }
        }
        if chart.given.is_empty() {
            return error(0, "a chart needs lines under `given`");
        }
        if Band::opening(&chart.market(0)).is_none() {
            return error(
                0,
                "a collar in percent needs a line `prices above zero`, and its reference be so",
            );
        }
        Ok(chart)
    }
}

fn error<T>(line: usize, what: &str) -> Result<T, ChartError> {
    Err(ChartError { line, what: what.to_owned() })
}

fn heading_of(row: &str, only: &mut Vec<String>, line: usize) -> Result<Section, ChartError> {
    let words: Vec<_> = row.split_whitespace().collect();
    match words[..] {
        ["given"] => Ok(Section::Given),
        ["then"] => Ok(Section::Then),
        ["then", "only", ref words @ ..] if !words.is_empty() => {
            *only = words.iter().map(|word| (*word).to_owned()).collect();
            Ok(Section::Then)
        }
        ["leaves"] => Ok(Section::Leaves),
        _ => error(line, "a heading is `given`, `then`, `then only WORDS` or `leaves`"),
    }
}

fn given(row: &str, line: usize) -> Result<Given, ChartError> {
    let mut words: Vec<&str> = row.split_whitespace().collect();
    let position = position(&mut words, line)?;
    let act = act(&mut words).ok_or_else(|| ChartError {
        line,
        what: format!("cannot read `{row}`; the forms of lines are in the docs of lab::chart"),
    })?;
    Ok(Given { text: row.to_owned(), line, act, position })
}

/// Takes `after accept` or `before 2nd record` off the end.
fn position(words: &mut Vec<&str>, line: usize) -> Result<Option<Position>, ChartError> {
    let Some(at) = words.iter().position(|word| matches!(*word, "after" | "before")) else {
        return Ok(None);
    };
    let tail = words.split_off(at);
    let before = tail[0] == "before";
    let (nth, word) = match tail[1..] {
        [word] => (Some(1), word),
        [nth, word] => (nth.trim_end_matches(char::is_alphabetic).parse().ok(), word),
        _ => (None, ""),
    };
    match nth {
        Some(nth) if nth > 0 => Ok(Some(Position { before, word: word.to_owned(), nth })),
        _ => error(line, "a position is `after MESSAGE` or `after 2nd MESSAGE`, or with `before`"),
    }
}

fn act(words: &mut Vec<&str>) -> Option<Act> {
    let ioc = words.iter().position(|word| *word == "ioc").map(|at| words.remove(at)).is_some();
    let market = match take(words, "in") {
        Some(market) => market.strip_prefix('M')?.parse().ok()?,
        None => 0,
    };
    let account = take(words, "for");
    let id = match take(words, "id") {
        Some(id) => Some(id.parse().ok()?),
        None => None,
    };
    let own = |name: &str| name.to_owned();
    Some(match words[..] {
        ["kill", who] => Act::Kill(own(who)),
        ["a", "second", "passes"] => Act::Pass,
        ["prices", "above", "zero"] => Act::AboveZero,
        ["collar", distance, "around", reference] => {
            let length = |text: &str| NonZeroU32::new(text.parse().ok()?);
            let distance = match distance.strip_suffix('%') {
                Some(percent) => Distance::BasisPoints(length(percent)?.checked_mul(HUNDRED)?),
                None => Distance::Ticks(length(distance)?),
            };
            Act::Collar(Collar { distance, reference: Price(reference.parse().ok()?) })
        }
        ["stop", "market"] => Act::Stop,
        ["resume", "market"] => Act::Resume,
        [name, verb @ ("buys" | "sells"), quantity, "@", price] => Act::Place {
            name: own(name),
            account: own(account.unwrap_or(name)),
            side: if verb == "buys" { Side::Buy } else { Side::Sell },
            quantity: quantity.parse().ok()?,
            price: price.parse().ok()?,
            ioc,
            market,
            id,
        },
        ["release", name] => Act::Release { name: own(name) },
        [name, "cancels"] => Act::Cancel { by: None, name: own(name) },
        [by, "cancels", name] => Act::Cancel { by: Some(own(by)), name: own(name) },
        [name, "replaces", quantity, "@", price] => {
            let (quantity, price) = (quantity.parse().ok()?, price.parse().ok()?);
            Act::Replace { by: None, name: own(name), quantity, price, id }
        }
        [by, "replaces", name, quantity, "@", price] => {
            let (quantity, price) = (quantity.parse().ok()?, price.parse().ok()?);
            Act::Replace { by: Some(own(by)), name: own(name), quantity, price, id }
        }
        _ => return None,
    })
}

/// Takes a word and the one after it out.
fn take<'a>(words: &mut Vec<&'a str>, key: &str) -> Option<&'a str> {
    let at = words.iter().position(|word| *word == key)?;
    words.remove(at);
    (at < words.len()).then(|| words.remove(at))
}
