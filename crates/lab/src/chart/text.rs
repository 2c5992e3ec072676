//! Charts as text.

use super::draw::Row;

/// Rows as text, a line each, in columns.
pub(super) fn rows(rows: &[Row]) -> String {
    let mut width = [0, 0];
    for row in rows {
        if let Row::Arrow { from, to, .. } = row {
            width = [width[0].max(from.len()), width[1].max(to.len())];
        }
    }
    let [wide, to_wide] = width;
    let mut text = String::new();
    for row in rows {
        let line = match row {
            Row::Note(note) => note.clone(),
            Row::Arrow { from, arrow, to, text } => {
                format!("{from:<wide$} {} {to:<to_wide$}  {text}", arrow.as_str())
            }
        };
        text.push_str("  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
