//! Life 1.06: `#Life 1.06`, then a line `x y` for each living cell, which may be negative.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{LONGEST, Pattern, PatternError};
use crate::torus::MAX_CELLS;

pub(super) fn read(text: &str) -> Result<Pattern, PatternError> {
    let mut alive: BTreeSet<(i64, i64)> = BTreeSet::new();
    let (mut least, mut most) = ((i64::MAX, i64::MAX), (i64::MIN, i64::MIN));
    for (number, line) in (1..).zip(text.lines()).skip(1) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = |column, what: String| PatternError { line: number, column, what };
        let (x, y) = read_line(number, line)?;
        least = (least.0.min(x), least.1.min(y));
        most = (most.0.max(x), most.1.max(y));
        if most.0 - least.0 >= i64::from(LONGEST) || most.1 - least.1 >= i64::from(LONGEST) {
            let what =
                format!("this cell is too far from the others; a side has at most {LONGEST} cells");
            return Err(wrong(1, what));
        }
        alive.insert((y, x));
        if alive.len() > MAX_CELLS as usize {
            return Err(wrong(1, "more living cells than the largest grid has".to_owned()));
        }
    }
    if alive.is_empty() {
        return Ok(Pattern { width: 0, height: 0, alive: Vec::new() });
    }
    let small = |difference: i64| {
        u32::try_from(difference).expect("at most a side, as was looked at above")
    };
    let alive = alive.iter().map(|(y, x)| (small(x - least.0), small(y - least.1))).collect();
    let (width, height) = (small(most.0 - least.0) + 1, small(most.1 - least.1) + 1);
    Ok(Pattern { width, height, alive })
}

/// A column and a row.
fn read_line(number: usize, line: &str) -> Result<(i64, i64), PatternError> {
    let words = line.split_whitespace().map(|word| {
        let start = word.as_ptr() as usize - line.as_ptr() as usize;
        (line[..start].chars().count() + 1, word)
    });
    let mut sides = [0; 2];
    let mut found = 0;
    for (column, word) in words {
        let wrong = |what: String| Err(PatternError { line: number, column, what });
        if found == 2 {
            return wrong("a line has two numbers, as in '3 -1', and no more".to_owned());
        }
        // Half the range, so that no difference of two overflows.
        match word.parse::<i64>() {
            Ok(side) if side.unsigned_abs() <= i32::MAX.unsigned_abs().into() => {
                sides[found] = side
            }
            _ => return wrong(format!("'{word}' is no number of a column or row")),
        }
        found += 1;
    }
    if found < 2 {
        let column = line.trim_end().chars().count() + 1;
        let what = "a line has two numbers, column and row, as in '3 -1'".to_owned();
        return Err(PatternError { line: number, column, what });
    }
    Ok((sides[0], sides[1]))
}

pub(super) fn write(pattern: &Pattern) -> String {
    let mut text = "#Life 1.06\n".to_owned();
    for (x, y) in &pattern.alive {
        writeln!(text, "{x} {y}").expect("a string takes what is written to it");
    }
    text
}
