//! A chart as an SVG picture, legible on light and on dark ground.
//!
//! - columns stand as far apart as the labels between them need; a longer label is wrapped
//! - a label that a column's line crosses has ground behind it, so no line runs through text
//! - a picture is as wide as its columns, and shrinks with the page that shows it

use super::{Arrow, Picture, Row};

/// Least distance of two columns.
const COLUMN: usize = 120;
/// Left and right of the outer columns, at least.
const MARGIN: usize = 60;
/// Least width of a picture.
const WIDTH: usize = 540;
/// From row to row.
const LINE: usize = 26;
/// From line to line of one text.
const TEXT_LINE: usize = 15;
/// Width of a character: a little more than any monospaced font of 13 pixels has.
const CHAR: usize = 8;
/// Between a label and the columns' lines, on both sides together: space for the arrow's head.
const BESIDE: usize = 28;
/// A label is wrapped rather than drive two neighbouring columns further apart than this many
/// characters.
const WRAP: usize = 36;
/// Where text that belongs to no arrow begins.
const LEFT: usize = 12;

const STYLE: &str = "<style>svg{color:#222;background:#fff}.ground{fill:#fff}\
@media(prefers-color-scheme:dark){svg{color:#ddd;background:#111}.ground{fill:#111}}\
text{font:13px ui-monospace,monospace;fill:currentColor}\
.title,.head{font-weight:bold}.head,.said{text-anchor:middle}.note{fill-opacity:.75}\
line,path{stroke:currentColor;fill:none}.life{opacity:.35}.fact{stroke-dasharray:5 3}</style>";

/// The picture.
pub(super) fn svg(picture: &Picture) -> String {
    Drawn::new(picture).picture(picture)
}

/// A picture in the making.
struct Drawn<'a> {
    columns: Vec<(&'a str, usize)>,
    width: usize,
    /// Where the next row's arrow is.
    y: usize,
    body: Vec<String>,
}

impl<'a> Drawn<'a> {
    fn new(picture: &'a Picture) -> Drawn<'a> {
        let names = picture.columns();
        let half = |index: usize| names.get(index).map_or(0, |name| wide(name) / 2);
        let mut gaps: Vec<usize> = (1..names.len())
            .map(|index| COLUMN.max(half(index - 1) + half(index) + BESIDE))
            .collect();
        let mut right = MARGIN.max(half(names.len().saturating_sub(1)) + LEFT);
        let at = |name: &str| names.iter().position(|column| *column == name).unwrap_or(0);
        let mut labels: Vec<(usize, usize, usize)> = Vec::new();
        for row in &picture.rows {
            if let Row::Arrow { from, to, text, .. } = row {
                let (from, to) = (at(from), at(to));
                let widest = wrapped(text, WRAP).iter().map(|line| wide(line)).max().unwrap_or(0);
                labels.push((from.min(to), from.max(to), widest + BESIDE));
            }
        }
        // The shortest arrows first: what they need helps the longer ones across them.
        labels.sort_by_key(|(from, to, _)| to - from);
        for (from, to, needed) in labels {
            if from == to {
                match gaps.get_mut(from) {
                    Some(gap) => *gap = needed.max(*gap),
                    None => right = right.max(needed),
                }
                continue;
            }
            let there: usize = gaps[from..to].iter().sum();
            let more = needed.saturating_sub(there).div_ceil(to - from);
            gaps[from..to].iter_mut().for_each(|gap| *gap += more);
        }
        let mut x = MARGIN.max(half(0) + LEFT);
        let columns = names.iter().enumerate().map(|(index, name)| {
            x += if index == 0 { 0 } else { gaps[index - 1] };
            (*name, x)
        });
        let columns: Vec<_> = columns.collect();
        let width = WIDTH.max(x + right);
        Drawn { columns, width, y: LINE, body: Vec::new() }
    }

    fn picture(mut self, picture: &Picture) -> String {
        let title = escaped(&picture.title);
        self.text(&picture.title, "title", false);
        for text in picture.above() {
            self.text(&text, "note", false);
        }
        let heads = self.body.len();
        let top = self.y;
        self.y += LINE;
        for row in &picture.rows {
            match row {
                Row::Note(text) => self.text(text, "note", true),
                Row::Arrow { from, arrow, to, text } => self.arrow(from, to, *arrow, text),
            }
        }
        let bottom = self.y - LINE / 2;
        // Below all that is drawn on them, so that ground covers the columns' lines.
        let columns: Vec<String> =
            self.columns.iter().map(|(name, x)| column(name, *x, top, bottom)).collect();
        self.body.splice(heads..heads, columns);
        self.y = bottom + LINE;
        for text in picture.below() {
            self.text(&text, "note", false);
        }
        let (width, height, body) = (self.width, self.y - LINE / 2, self.body.join("\n"));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" style=\"max-width:100%;height:auto\" role=\"img\">\n\
             <title>{title}</title>\n{STYLE}\n{body}\n</svg>\n"
        )
    }

    /// Text from the left edge, over as many lines as it needs. On ground where columns' lines may
    /// cross it.
    fn text(&mut self, text: &str, class: &str, on_ground: bool) {
        let lines = wrapped(text, (self.width - 2 * LEFT) / CHAR);
        for (index, line) in lines.iter().enumerate() {
            self.y += if index == 0 { 0 } else { TEXT_LINE };
            let y = self.y;
            if on_ground {
                self.body.push(ground(LEFT, y, wide(line)));
            }
            let line = escaped(line);
            self.body.push(format!("<text class=\"{class}\" x=\"{LEFT}\" y=\"{y}\">{line}</text>"));
        }
        self.y += LINE;
    }

    /// A line with a head, or a cross for what is lost, and its label above it.
    fn arrow(&mut self, from: &str, to: &str, arrow: Arrow, text: &str) {
        let x = |name: &str| {
            self.columns.iter().find(|(column, _)| *column == name).map_or(MARGIN, |(_, x)| *x)
        };
        let (from, to) = (x(from), x(to));
        let space = from.abs_diff(to).saturating_sub(BESIDE) / CHAR;
        let label = wrapped(text, space.max(WRAP));
        let mut parts = Vec::new();
        for (index, line) in label.iter().enumerate() {
            let y = self.y + index * TEXT_LINE - 6;
            let half = wide(line) / 2;
            let middle = if from == to { from + LEFT + half } else { usize::midpoint(from, to) };
            parts.push(ground(middle - half, y, wide(line)));
            let line = escaped(line);
            parts.push(format!("<text class=\"said\" x=\"{middle}\" y=\"{y}\">{line}</text>"));
        }
        self.y += label.len().saturating_sub(1) * TEXT_LINE;
        let y = self.y;
        let back = if to >= from { to.saturating_sub(8) } else { to + 8 };
        let (up, down) = (y - 4, y + 4);
        let head = match arrow {
            Arrow::Lost => format!("M{back} {up} L{to} {down} M{back} {down} L{to} {up}"),
            Arrow::Said | Arrow::Recorded => format!("M{back} {up} L{to} {y} L{back} {down}"),
        };
        let class = if arrow == Arrow::Recorded { " class=\"fact\"" } else { "" };
        parts.push(format!(
            "<line{class} x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\"/><path d=\"{head}\"/>"
        ));
        self.body.push(parts.concat());
        self.y += LINE;
    }
}

/// A column's name, and the line of its life.
fn column(name: &str, x: usize, top: usize, bottom: usize) -> String {
    format!(
        "<text class=\"head\" x=\"{x}\" y=\"{top}\">{}</text>\
         <line class=\"life\" x1=\"{x}\" y1=\"{}\" x2=\"{x}\" y2=\"{bottom}\"/>",
        escaped(name),
        top + 8
    )
}

/// Ground behind a line of text.
fn ground(x: usize, y: usize, width: usize) -> String {
    let (x, width) = (x.saturating_sub(2), width + 4);
    format!("<rect class=\"ground\" x=\"{x}\" y=\"{}\" width=\"{width}\" height=\"15\"/>", y - 12)
}

/// Width of a line of text.
fn wide(text: &str) -> usize {
    CHAR * text.chars().count()
}

/// Lines of at most this many characters, broken between words; a longer word is broken itself.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut length) = (String::new(), 0);
    for word in text.split(' ') {
        let mut rest: Vec<char> = word.chars().collect();
        if length > 0 && length + 1 + rest.len() > most {
            lines.push(std::mem::take(&mut line));
            length = 0;
        } else if !line.is_empty() {
            line.push(' ');
            length += 1;
        }
        while rest.len() > most {
            lines.push(rest.drain(..most).collect());
        }
        length += rest.len();
        line.extend(rest);
    }
    lines.push(line);
    lines
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(from: &str, to: &str, text: &str) -> Row {
        let [from, to, text] = [from, to, text].map(str::to_owned);
        Row::Arrow { from, arrow: Arrow::Said, to, text }
    }

    /// The numbers of an element's attributes, such as `x` and `y`.
    fn numbers<const N: usize>(element: &str, names: [&str; N]) -> [usize; N] {
        names.map(|name| {
            let value = element.split(&format!(" {name}=\"")).nth(1).unwrap();
            value.split('"').next().unwrap().parse().unwrap()
        })
    }

    fn elements<'a>(svg: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
        svg.split('<').filter(move |element| element.starts_with(start))
    }

    fn long() -> Picture {
        let rows = [
            said(
                "client",
                "#123456",
                "enter buy 600000000 @ 2365100 by 12 as 00000000-0000-0000-0000-000000000007",
            ),
            said("floor", "#123455", "introduce #123456 600000000 @ 2365100"),
            said("#123455", "#123456", "propose d1 400000000 @ 2365000"),
            said("#123456", "ledger", "settle d1"),
            Row::Note("a note that is longer than the columns are wide ".repeat(6)),
            said("ledger", "log", "traded d1 #123456 #123455 400000000 @ 2365000"),
            said("client", "log", "x"),
        ];
        Picture { leaves: vec!["word".repeat(200)], ..Picture::of(&"a title ".repeat(40), &rows) }
    }

    #[test]
    fn every_text_has_room_of_its_own() {
        let svg = long().svg();
        let [width, height] = numbers(&svg, ["width", "height"]);
        let mut texts = Vec::new();
        for element in elements(&svg, "text ") {
            let [x, y] = numbers(element, ["x", "y"]);
            let long = wide(element.split('>').nth(1).unwrap());
            let is_middle = ["head", "said"].iter().any(|class| element.contains(class));
            let left = if is_middle { x - long / 2 } else { x };
            assert!(left + long <= width && y < height, "{element} leaves the picture");
            texts.push((left, left + long, y, element));
        }
        for (index, a) in texts.iter().enumerate() {
            for b in &texts[index + 1..] {
                let beside = a.1 <= b.0 || b.1 <= a.0;
                assert!(beside || a.2.abs_diff(b.2) >= 13, "{} runs over {}", a.3, b.3);
            }
        }
    }

    #[test]
    fn a_label_lies_between_its_columns_and_on_ground() {
        let svg = long().svg();
        let arrows: Vec<_> = elements(&svg, "line x1").collect();
        let labels: Vec<_> = elements(&svg, "text class=\"said\"").collect();
        assert!(labels.len() > arrows.len(), "long labels are wrapped");
        for element in labels {
            let [x, y] = numbers(element, ["x", "y"]);
            let long = wide(element.split('>').nth(1).unwrap());
            let arrow = arrows.iter().map(|arrow| numbers(arrow, ["x1", "y1", "x2"]));
            let [from, _, to] =
                arrow.filter(|[_, at, _]| *at > y).min_by_key(|[_, at, _]| *at).unwrap();
            assert!(from.min(to) + long / 2 < x && x + long / 2 < from.max(to), "{element}");
            let is_under = |rect: &str| {
                let [left, top, wide, high] = numbers(rect, ["x", "y", "width", "height"]);
                left + long / 2 <= x && x + long / 2 <= left + wide && top < y && y < top + high
            };
            assert!(elements(&svg, "rect ").any(is_under), "{element} has no ground");
        }
    }

    #[test]
    fn text_is_broken_between_words_and_loses_nothing() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrapped("a abcdefgh b", 3), ["a", "abc", "def", "gh", "b"]);
        assert_eq!(wrapped("", 3), [""]);
        assert_eq!(wrapped("ann  open 6", 40), ["ann  open 6"]);
    }
}
