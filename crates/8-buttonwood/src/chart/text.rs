//! A chart as text, in the shape in which charts are written elsewhere in the project.

use super::{Chart, Party, REDRAWN, Row};

/// The chart, a line a row.
pub(crate) fn text(chart: &Chart) -> String {
    let mut lines = vec![chart.title.clone(), format!("# {REDRAWN}")];
    let mut section = |name: &str, rows: Vec<String>| {
        if !rows.is_empty() {
            lines.push(name.to_owned());
            lines.extend(rows.into_iter().map(|row| format!("  {row}")));
        }
    };
    section("given", chart.given.clone());
    let width = chart.parties().iter().map(|party| party.to_string().len()).max().unwrap_or(0);
    let row = |row: &Row| match row {
        Row::Note(note) => format!("# {note}"),
        Row::Arrow { from, to, text } => {
            let arrow = if *to == Party::Log { "=>" } else { "->" };
            format!("{from:<width$} {arrow} {to:<width$}  {text}")
        }
    };
    section("then", chart.rows.iter().map(row).collect());
    section("leaves", chart.leaves.clone());
    lines.join("\n")
}
