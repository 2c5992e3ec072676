//! A chart as a Mermaid sequence diagram.

use super::draw::{Arrow, Row};
use super::svg::columns;

/// The diagram's text, for what was played.
pub fn mermaid(title: &str, rows: &[Row]) -> String {
    let columns = columns(rows);
    let mut lines = vec![
        "---".to_owned(),
        format!("title: \"{}\"", title.replace('"', "'")),
        "---".to_owned(),
        "sequenceDiagram".to_owned(),
    ];
    let id = |name: &str| {
        let at = columns.iter().position(|column| *column == name).unwrap_or(0);
        format!("p{at}")
    };
    for name in &columns {
        lines.push(format!("  participant {} as {}", id(name), mermaid_text(name)));
    }
    for row in rows {
        lines.push(match row {
            Row::Arrow { from, arrow, to, text } => {
                let arrow = match arrow {
                    Arrow::Said => "->>",
                    Arrow::Lost => "-x",
                    Arrow::Recorded => "-->>",
                };
                format!("  {}{arrow}{}: {}", id(from), id(to), mermaid_text(text))
            }
            Row::Note(note) => {
                let last = columns.len().saturating_sub(1);
                format!("  Note over p0,p{last}: {}", mermaid_text(note))
            }
        });
    }
    lines.join("\n") + "\n"
}

/// Text that Mermaid takes as text: it ends a statement at `;` and begins an entity or comment at `#`.
pub fn mermaid_text(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '#' => out.push_str("#35;"),
            ';' => out.push_str("#59;"),
            other => out.push(other),
        }
    }
    out
}
