//! A chart as a Mermaid sequence diagram.

use super::{Arrow, Picture, Row};

/// The diagram's text.
pub(super) fn mermaid(picture: &Picture) -> String {
    let columns = picture.columns();
    let mut lines = vec![
        "---".to_owned(),
        format!("title: \"{}\"", picture.title.replace('"', "'")),
        "---".to_owned(),
        "sequenceDiagram".to_owned(),
    ];
    let id = |name: &str| {
        let at = columns.iter().position(|column| *column == name).unwrap_or(0);
        format!("p{at}")
    };
    for name in &columns {
        lines.push(format!("  participant {} as {}", id(name), escaped(name)));
    }
    let last = columns.len().saturating_sub(1);
    let note = |text: &str| match columns.is_empty() {
        true => format!("  %% {text}"),
        false => format!("  Note over p0,p{last}: {}", escaped(text)),
    };
    lines.extend(picture.above().map(|text| note(&text)));
    for row in &picture.rows {
        lines.push(match row {
            Row::Arrow { from, arrow, to, text } => {
                let arrow = match arrow {
                    Arrow::Said => "->>",
                    Arrow::Lost => "-x",
                    Arrow::Recorded => "-->>",
                };
                format!("  {}{arrow}{}: {}", id(from), id(to), escaped(text))
            }
            Row::Note(text) => note(text),
        });
    }
    lines.extend(picture.below().map(|text| note(&text)));
    lines.join("\n") + "\n"
}

/// Text that Mermaid takes as text: it ends a statement at `;` and begins an entity or comment at
/// `#`.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '#' => out.push_str("#35;"),
            ';' => out.push_str("#59;"),
            other => out.push(other),
        }
    }
    out
}
