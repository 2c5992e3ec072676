//! Output to the terminal: data on standard output, bars and logs on standard error.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::Value;
use units::Time;
use units::rfc3339::Rfc3339;

use crate::failure::Failure;

/// Prints a value as one indented JSON document.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|why| Failure::Output(why.into()))?;
    text_line(text)
}

/// Prints a value as JSON in one line.
pub(crate) fn json_line(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(|why| Failure::Output(why.into()))?;
    text_line(text)
}

/// Logs a line on standard error.
pub(crate) fn log(text: &str) {
    match writeln!(io::stderr(), "{text}") {
        Ok(()) | Err(_) => {} // without a standard error there is no place to report that
    }
}

/// Prints a line of text.
pub(crate) fn text_line(text: impl fmt::Display) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(Failure::Output)
}

/// Columns of the terminal on standard output; `None` if it is not a terminal.
pub(crate) fn columns() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let size = ratatui::crossterm::terminal::size();
    size.ok().map(|(columns, _)| usize::from(columns)).filter(|columns| *columns > 0)
}

/// Text in lines of at most `columns` characters, broken between words; a longer word has a line of its own.
pub(crate) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A document as text: a line per figure, nested figures indented.
pub(crate) fn figures(value: &Value) -> String {
    let mut lines = Vec::new();
    figure_lines(value, 0, &mut lines);
    lines.join("\n")
}

fn figure_lines(value: &Value, depth: usize, lines: &mut Vec<String>) {
    let Value::Object(fields) = value else {
        return lines.push(format!("{:depth$}{}", "", figure(value)));
    };
    let width = fields.keys().map(String::len).max().unwrap_or(0);
    for (name, value) in fields {
        let name = name.replace('_', " ");
        match value {
            Value::Object(_) => {
                lines.push(format!("{:depth$}{name}", ""));
                figure_lines(value, depth + 2, lines);
            }
            Value::Array(items) => {
                lines.push(format!("{:depth$}{name}", ""));
                for item in items {
                    figure_lines(item, depth + 2, lines);
                }
            }
            _ => lines.push(format!("{:depth$}{name:<width$}  {}", "", figure(value))),
        }
    }
}

fn figure(value: &Value) -> String {
    match value {
        Value::Null => "unknown".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_u64().map_or_else(|| number.to_string(), thousands),
        other => other.to_string(),
    }
}

/// A bar for bytes, of unknown or known number; hidden unless standard error is a terminal.
pub(crate) fn bytes_bar(what: &'static str) -> ProgressBar {
    bar(what, "{msg} {wide_bar} {bytes}/{total_bytes}")
}

/// A bar for a known number of items.
pub(crate) fn count_bar(what: &'static str, total: u64) -> ProgressBar {
    let bar = bar(what, "{msg} {wide_bar} {human_pos}/{human_len}");
    bar.set_length(total);
    bar
}

/// A counter without a known end.
pub(crate) fn spinner(what: &'static str) -> ProgressBar {
    bar(what, "{msg} {spinner} {human_pos}")
}

/// A counter of states, with a message.
pub(crate) fn states_bar() -> ProgressBar {
    bar("", "{spinner} {human_pos} states, {msg}")
}

fn bar(what: &'static str, template: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template(template).expect("the templates of this file are well formed");
    let bar = ProgressBar::no_length().with_style(style).with_message(what);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// The day of a time in UTC: `2015-05-01`.
pub(crate) fn date(time: Time) -> String {
    Rfc3339(time).to_string().split('T').next().unwrap_or_default().to_owned()
}

/// A whole number with thousands separators: `50,414`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_000), "1,000");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }

    #[test]
    fn text_is_wrapped_between_words() {
        assert_eq!(wrapped("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrapped("longer a b", 3), ["longer", "a b"]);
        assert_eq!(wrapped("as it is", usize::MAX), ["as it is"]);
        assert!(wrapped("", 3).is_empty());
    }

    #[test]
    fn a_document_is_a_line_for_each_figure() {
        let value = serde_json::json!({"a_b": 1000, "c": {"d": null}, "e": [{"f": "g"}]});
        assert_eq!(figures(&value), "a b  1,000\nc\n  d  unknown\ne\n  f  g");
    }

    #[test]
    fn a_day_is_written_in_utc() {
        assert_eq!(date(Time(1_430_438_404_518_000_000)), "2015-05-01");
        assert_eq!(date(Time(0)), "1970-01-01");
        assert_eq!(date(Time(u64::MAX)), "2554-07-21");
    }
}
