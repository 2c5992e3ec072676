//! Run lengths: `x = 3, y = 3, rule = B3/S23`, then `bo$2bo$3o!`.

use super::{LONGEST, Pattern, PatternError, too_many};

/// Longest line that is written, as collections have it.
const LINE: usize = 70;

pub(super) fn read(text: &str) -> Result<Pattern, PatternError> {
    let is_comment = |line: &str| line.starts_with('#') || line.trim().is_empty();
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !is_comment(line));
    let Some((number, header)) = lines.next() else {
        return Err(no_header(1));
    };
    let (width, height) = read_header(number, header)?;
    let mut body = Body { width, height, x: 0, y: 0, count: None, at: (0, 0), alive: Vec::new() };
    let mut end = (number, header.chars().count() + 1);
    for (number, line) in lines {
        for (column, sign) in (1..).zip(line.chars()) {
            if body.take(sign, (number, column))? {
                return Ok(Pattern { width, height, alive: body.alive });
            }
        }
        end = (number, line.chars().count() + 1);
    }
    if let Some(at) = body.count.map(|_| body.at) {
        end = at;
    }
    Err(wrong(end, "the pattern ends without '!'; is the file whole?"))
}

fn wrong((line, column): (usize, usize), what: impl Into<String>) -> PatternError {
    PatternError { line, column, what: what.into() }
}

fn no_header(line: usize) -> PatternError {
    wrong((line, 1), "a pattern begins with its size, as in 'x = 3, y = 3'")
}

/// The size, if the rule is Conway's.
fn read_header(number: usize, line: &str) -> Result<(u32, u32), PatternError> {
    let (mut width, mut height) = (None, None);
    let mut from = 0;
    for part in line.split(',') {
        let place = |text: &str| {
            // Where within the line: parts are slices of it.
            let start = text.as_ptr() as usize - line.as_ptr() as usize;
            (number, line[..start].chars().count() + 1)
        };
        let Some((name, value)) = part.split_once('=') else { return Err(no_header(number)) };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        match name.as_str() {
            "x" => width = Some(side(value, place(value))?),
            "y" => height = Some(side(value, place(value))?),
            "rule" => {
                if !matches!(value.to_ascii_uppercase().as_str(), "B3/S23" | "S23/B3" | "23/3") {
                    let what = format!("the rule is '{value}'; only B3/S23, Conway's, is played");
                    return Err(wrong(place(value), what));
                }
            }
            _ => return Err(no_header(number)),
        }
        from += part.chars().count();
    }
    match (width, height) {
        (Some(width), Some(height)) => Ok((width, height)),
        (None, _) => Err(wrong((number, 1), "the size lacks 'x = ', the number of columns")),
        (_, None) => Err(wrong((number, from + 1), "the size lacks 'y = ', the number of rows")),
    }
}

fn side(value: &str, at: (usize, usize)) -> Result<u32, PatternError> {
    let number: u64 =
        value.parse().map_err(|_| wrong(at, format!("'{value}' is no number of cells")))?;
    match u32::try_from(number) {
        Ok(side) if side <= LONGEST => Ok(side),
        _ => Err(wrong(at, format!("{number} is too many; a side has at most {LONGEST} cells"))),
    }
}

struct Body {
    width: u32,
    height: u32,
    x: u32,
    y: u32,
    /// The run length that was read before its cell.
    count: Option<u32>,
    /// Where that began.
    at: (usize, usize),
    alive: Vec<(u32, u32)>,
}

impl Body {
    /// Takes one character; true for the last.
    fn take(&mut self, sign: char, at: (usize, usize)) -> Result<bool, PatternError> {
        if let Some(digit) = sign.to_digit(10) {
            if self.count.is_none() {
                self.at = at;
            }
            let more = self.count.unwrap_or(0).checked_mul(10).and_then(|n| n.checked_add(digit));
            self.count = Some(more.ok_or_else(|| wrong(self.at, "this run is too long"))?);
            return Ok(false);
        }
        if sign.is_whitespace() {
            return Ok(false);
        }
        let at = if self.count.is_some() { self.at } else { at };
        let count = self.count.take().unwrap_or(1);
        if count == 0 {
            return Err(wrong(at, "a count of 0 means nothing; leave the run out"));
        }
        let beyond = || wrong(at, "this run is too long");
        match sign {
            'b' | '.' => self.x = self.x.checked_add(count).ok_or_else(beyond)?,
            'o' => {
                let end = self.x.checked_add(count).ok_or_else(beyond)?;
                self.live(end, at)?;
            }
            '$' => {
                self.y = self.y.checked_add(count).ok_or_else(beyond)?;
                self.x = 0;
            }
            '!' => return Ok(true),
            other => {
                let what = format!(
                    "'{other}' is no cell; b is dead, o alive, $ ends a row, ! the pattern"
                );
                return Err(wrong(at, what));
            }
        }
        Ok(false)
    }

    fn live(&mut self, end: u32, at: (usize, usize)) -> Result<(), PatternError> {
        if end > self.width {
            let what =
                format!("a living cell in column {end}, and the size says x = {}", self.width);
            return Err(wrong(at, what));
        }
        if self.y >= self.height {
            let row = self.y + 1;
            let what = format!("a living cell in row {row}, and the size says y = {}", self.height);
            return Err(wrong(at, what));
        }
        self.alive.extend((self.x..end).map(|x| (x, self.y)));
        self.x = end;
        if too_many(&self.alive) {
            return Err(wrong(at, "more living cells than the largest grid has"));
        }
        Ok(())
    }
}

pub(super) fn write(pattern: &Pattern) -> String {
    let Pattern { width, height, alive } = pattern;
    let mut text = format!("x = {width}, y = {height}, rule = B3/S23\n");
    let mut line = String::new();
    let mut put = |count: u32, sign: char| {
        let run = match count {
            0 => return,
            1 => sign.to_string(),
            _ => format!("{count}{sign}"),
        };
        if line.len() + run.len() > LINE {
            text.push_str(&line);
            text.push('\n');
            line.clear();
        }
        line.push_str(&run);
        if sign == '!' {
            text.push_str(&line);
            text.push('\n');
        }
    };
    let (mut x, mut y) = (0, 0);
    for row in alive.chunk_by(|a, b| a.1 == b.1) {
        for run in row.chunk_by(|a, b| a.0 + 1 == b.0 && a.1 == b.1) {
            let (first, length) = (run[0], u32::try_from(run.len()).expect("at most a row"));
            if first.1 > y {
                put(first.1 - y, '$');
                (x, y) = (0, first.1);
            }
            put(first.0 - x, 'b');
            put(length, 'o');
            x = first.0 + length;
        }
    }
    put(1, '!');
    text
}
