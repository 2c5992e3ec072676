//! A chart as a Mermaid sequence diagram.

use lab::chart::mermaid_text;

use super::{Chart, Party, REDRAWN, Row};

/// The diagram's text.
pub(crate) fn mermaid(chart: &Chart) -> String {
    let parties = chart.parties();
    let name = |party: &Party| match party {
        Party::Order(order) => format!("o{}", order.0),
        other => other.to_string(),
    };
    let mut lines = vec![
        "---".to_owned(),
        format!("title: \"{}\"", chart.title),
        "---".to_owned(),
        "sequenceDiagram".to_owned(),
    ];
    for party in &parties {
        lines.push(format!(
            "  participant {} as {}",
            name(party),
            mermaid_text(&party.to_string())
        ));
    }
    let note = |text: &str| match (parties.first(), parties.last()) {
        (Some(first), Some(last)) => {
            format!("  Note over {},{}: {}", name(first), name(last), mermaid_text(text))
        }
        _ => format!("  %% {text}"),
    };
    lines.push(note(REDRAWN));
    lines.extend(chart.given.iter().map(|row| note(&format!("given {row}"))));
    lines.extend(chart.rows.iter().map(|row| match row {
        Row::Note(text) => note(text),
        Row::Arrow { from, to, text } => {
            let arrow = if *to == Party::Log { "-->>" } else { "->>" };
            format!("  {}{arrow}{}: {}", name(from), name(to), mermaid_text(text))
        }
    }));
    lines.extend(chart.leaves.iter().map(|row| note(&format!("leaves {row}"))));
    lines.join("\n")
}
