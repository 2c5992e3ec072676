//! Charts as text.

use super::draw::Row;

/// Rows as text, a line each, in columns.
pub(super) fn lines(rows: &[Row]) -> Vec<String> {
    let mut width = [0, 0];
    for row in rows {
        if let Row::Arrow { from, to, .. } = row {
            width = [width[0].max(from.len()), width[1].max(to.len())];
        }
    }
    let [wide, to_wide] = width;
    let line = |row: &Row| match row {
        Row::Note(note) => note.clone(),
        Row::Arrow { from, arrow, to, text } => {
            format!("{from:<wide$} {} {to:<to_wide$}  {text}", arrow.as_str())
        }
    };
    rows.iter().map(line).collect()
}
