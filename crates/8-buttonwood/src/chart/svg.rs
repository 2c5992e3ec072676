//! A chart as an SVG picture, legible on light and on dark ground.

use super::{Chart, Party, REDRAWN, Row};

const COLUMN: usize = 190;
const LINE: usize = 26;
const MARGIN: usize = 95;

/// The picture.
pub(crate) fn svg(chart: &Chart) -> String {
    let parties = chart.parties();
    let x = |party: &Party| {
        let column = parties.iter().position(|p| p == party).unwrap_or(0);
        MARGIN + column * COLUMN
    };
    let width = 2 * MARGIN + parties.len().saturating_sub(1).max(2) * COLUMN;
    let mut y = LINE;
    let mut body = Vec::new();
    let mut line = |body: &mut Vec<String>, class: &str, text: &str| {
        body.push(format!("<text class=\"{class}\" x=\"12\" y=\"{y}\">{}</text>", escaped(text)));
        y += LINE;
    };
    line(&mut body, "title", &chart.title);
    line(&mut body, "note", REDRAWN);
    for row in &chart.given {
        line(&mut body, "note", &format!("given {row}"));
    }
    let top = y;
    y += LINE;
    for row in &chart.rows {
        y += LINE;
        body.push(match row {
            Row::Note(note) => {
                format!("<text class=\"note\" x=\"12\" y=\"{y}\">{}</text>", escaped(note))
            }
            Row::Arrow { from, to, text } => arrow(x(from), x(to), y, *to == Party::Log, text),
        });
    }
    let bottom = y + LINE / 2;
    let columns = parties.iter().map(|party| {
        let x = x(party);
        format!(
            "<line class=\"life\" x1=\"{x}\" y1=\"{}\" x2=\"{x}\" y2=\"{bottom}\"/>\
             <text class=\"head\" x=\"{x}\" y=\"{top}\">{}</text>",
            top + 8,
            escaped(&party.to_string())
        )
    });
    let columns: Vec<String> = columns.collect();
    y = bottom;
    for row in &chart.leaves {
        y += LINE;
        let text = escaped(&format!("leaves {row}"));
        body.push(format!("<text class=\"note\" x=\"12\" y=\"{y}\">{text}</text>"));
    }
    let height = y + LINE;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\">\n<title>{}</title>\n{STYLE}\n{}\n{}\n</svg>",
        escaped(&chart.title),
        columns.join("\n"),
        body.join("\n")
    )
}

const STYLE: &str = "<style>\
svg{color:#222;background:#fff}\
@media(prefers-color-scheme:dark){svg{color:#ddd;background:#111}}\
text{font:13px ui-monospace,monospace;fill:currentColor}\
.title{font-weight:bold}.note{opacity:.75}.head{font-weight:bold;text-anchor:middle}\
.say{text-anchor:middle}\
line,path{stroke:currentColor}.life{opacity:.35}.fact{stroke-dasharray:5 3}\
</style>";

/// A line with a head, and its text above it.
fn arrow(from: usize, to: usize, y: usize, is_fact: bool, text: &str) -> String {
    let class = if is_fact { "fact" } else { "sent" };
    let (tip, back) = if to >= from { (to, to.saturating_sub(8)) } else { (to, to + 8) };
    format!(
        "<line class=\"{class}\" x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\"/>\
         <path fill=\"none\" d=\"M{back} {} L{tip} {y} L{back} {}\"/>\
         <text class=\"say\" x=\"{}\" y=\"{}\">{}</text>",
        y - 4,
        y + 4,
        usize::midpoint(from, to),
        y - 5,
        escaped(text)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
