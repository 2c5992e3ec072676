//! A chart as an SVG picture, legible on light and on dark ground.

use super::{Arrow, Picture, Row};

const COLUMN: usize = 180;
const MARGIN: usize = 90;
const LINE: usize = 26;

const STYLE: &str = "<style>svg{color:#222;background:#fff}\
@media(prefers-color-scheme:dark){svg{color:#ddd;background:#111}}\
text{font:13px ui-monospace,monospace;fill:currentColor}\
.title,.head{font-weight:bold}.head,.said{text-anchor:middle}.note{opacity:.75}\
line,path{stroke:currentColor;fill:none}.life{opacity:.35}.fact{stroke-dasharray:5 3}</style>";

/// The picture.
pub(super) fn svg(picture: &Picture) -> String {
    let columns = picture.columns();
    let x = |name: &str| {
        MARGIN + COLUMN * columns.iter().position(|column| *column == name).unwrap_or(0)
    };
    let note = |text: &str, y: usize| {
        format!("<text class=\"note\" x=\"12\" y=\"{y}\">{}</text>", escaped(text))
    };
    let mut y = LINE;
    let title = escaped(&picture.title);
    let mut body = vec![format!("<text class=\"title\" x=\"12\" y=\"{y}\">{title}</text>")];
    for text in picture.above() {
        y += LINE;
        body.push(note(&text, y));
    }
    y += LINE;
    let (top, bottom) = (y, y + LINE * (picture.rows.len() + 1) + LINE / 2);
    for name in &columns {
        let x = x(name);
        body.push(format!(
            "<text class=\"head\" x=\"{x}\" y=\"{top}\">{}</text>\
             <line class=\"life\" x1=\"{x}\" y1=\"{}\" x2=\"{x}\" y2=\"{bottom}\"/>",
            escaped(name),
            top + 8
        ));
    }
    y += LINE;
    for row in &picture.rows {
        body.push(match row {
            Row::Note(text) => note(text, y),
            Row::Arrow { from, arrow, to, text } => drawn(x(from), x(to), y, *arrow, text),
        });
        y += LINE;
    }
    y = bottom;
    for text in picture.below() {
        y += LINE;
        body.push(note(&text, y));
    }
    let width = 2 * MARGIN + COLUMN * columns.len().saturating_sub(1).max(2);
    let height = y + LINE / 2;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\">\n<title>{title}</title>\n{STYLE}\n{}\n</svg>\n",
        body.join("\n")
    )
}

/// A line with a head, or a cross for what is lost, and its text above it.
fn drawn(from: usize, to: usize, y: usize, arrow: Arrow, text: &str) -> String {
    let back = if to >= from { to.saturating_sub(8) } else { to + 8 };
    let (up, down) = (y - 4, y + 4);
    let head = match arrow {
        Arrow::Lost => format!("M{back} {up} L{to} {down} M{back} {down} L{to} {up}"),
        Arrow::Said | Arrow::Recorded => format!("M{back} {up} L{to} {y} L{back} {down}"),
    };
    let class = if arrow == Arrow::Recorded { " class=\"fact\"" } else { "" };
    format!(
        "<line{class} x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\"/><path d=\"{head}\"/>\
         <text class=\"said\" x=\"{}\" y=\"{}\">{}</text>",
        usize::midpoint(from, to),
        y - 6,
        escaped(text)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
