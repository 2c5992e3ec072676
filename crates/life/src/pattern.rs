//! Patterns: living cells on a plane, as files have them, and some well-known ones.
//!
//! Text in, text out: no file is opened here.

mod life_1_06;
mod rle;

use std::fmt;

use crate::array::Array;
use crate::torus::{MAX_CELLS, Torus};

/// Longest side of a pattern: the largest width of a [`Torus`].
const LONGEST: u32 = u16::MAX as u32;

/// Living cells within a box of columns and rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern {
    width: u32,
    height: u32,
    /// Column and row of each living cell, by row and then column, none twice.
    alive: Vec<(u32, u32)>,
}

/// File format of a pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Run lengths, as most collections have them: `.rle`.
    Rle,
    /// A line for each living cell: `.life` or `.lif`.
    Life106,
}

/// An error in a pattern file: where, why, and what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PatternError {
    /// The line, from 1.
    pub line: usize,
    /// The character in it, from 1.
    pub column: usize,
    /// The reason and the advice, as a sentence.
    pub what: String,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}

impl std::error::Error for PatternError {}

/// A pattern does not fit a torus.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooLarge {
    /// Its columns and rows.
    pub pattern: (u32, u32),
    /// The torus.
    pub torus: Torus,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((width, height), torus) = (self.pattern, self.torus);
        write!(f, "a pattern of {width}x{height} does not fit a grid of {torus}; make that larger")
    }
}

impl std::error::Error for TooLarge {}

/// Built-in patterns, as RLE.
const KNOWN: [(&str, &str); 3] = [
    ("glider", "x = 3, y = 3\nbo$2bo$3o!"),
    ("r-pentomino", "x = 3, y = 3\nb2o$2o$bo!"),
    (
        "gosper-gun",
        "x = 36, y = 9\n24bo$22bobo$12b2o6b2o12b2o$11bo3bo4b2o12b2o$2o8bo5bo3b2o$2o8bo3bob2o4bobo$\n\
         10bo5bo7bo$11bo3bo$12b2o!",
    ),
];

impl Pattern {
    /// Names of the built-in patterns.
    pub fn names() -> impl Iterator<Item = &'static str> {
        KNOWN.iter().map(|(name, _)| *name)
    }

    /// A built-in pattern by its name.
    pub fn known(name: &str) -> Option<Pattern> {
        let (_, text) = KNOWN.iter().find(|(known, _)| *known == name)?;
        Some(rle::read(text).expect("the patterns of this file are well formed, as a test says"))
    }

    /// Reads either format: Life 1.06 if the first line says so, else RLE.
    pub fn read(text: &str) -> Result<Pattern, PatternError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match text.lines().next().unwrap_or_default().trim_end() {
            "#Life 1.06" => life_1_06::read(text),
            other if other.starts_with("#Life") => Err(PatternError {
                line: 1,
                column: 1,
                what: format!("'{other}' is not read; give RLE, or Life 1.06 ('#Life 1.06')"),
            }),
            _ => rle::read(text),
        }
    }

    /// Writes it. RLE keeps the box; Life 1.06 keeps living cells only.
    pub fn write(&self, format: Format) -> String {
        match format {
            Format::Rle => rle::write(self),
            Format::Life106 => life_1_06::write(self),
        }
    }

    /// The living cells of a whole torus.
    pub fn of(contents: &Array) -> Pattern {
        let torus = contents.torus();
        let (width, height) = (u32::from(torus.width()), u32::from(torus.height()));
        let alive = (0..torus.cells()).filter(|place| contents.alive(*place));
        Pattern {
            width,
            height,
            alive: alive.map(|place| (place % width, place / width)).collect(),
        }
    }

    /// The pattern in the middle of a torus, everything around it dead.
    pub fn on(&self, torus: Torus) -> Result<Array, TooLarge> {
        let (width, height) = (u32::from(torus.width()), u32::from(torus.height()));
        if self.width > width || self.height > height {
            return Err(TooLarge { pattern: self.size(), torus });
        }
        let (left, above) = ((width - self.width) / 2, (height - self.height) / 2);
        let mut contents = Array::empty(torus);
        for (x, y) in &self.alive {
            contents.set(torus.place(left + x, above + y), true);
        }
        Ok(contents)
    }

    /// Columns and rows.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Column and row of each living cell, by row and then column.
    pub fn alive(&self) -> &[(u32, u32)] {
        &self.alive
    }
}

/// Upper bound of living cells in a pattern: those of the largest torus.
fn too_many(alive: &[(u32, u32)]) -> bool {
    alive.len() > MAX_CELLS as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn drawn(rows: &[&str]) -> Vec<(u32, u32)> {
        let row = |(y, row): (u32, &&str)| -> Vec<(u32, u32)> {
            (0..).zip(row.bytes()).filter(|(_, c)| *c == b'o').map(|(x, _)| (x, y)).collect()
        };
        (0..).zip(rows).flat_map(row).collect()
    }

    #[test]
    fn known_patterns_are_what_everybody_knows() {
        assert_eq!(Pattern::known("glider").unwrap().alive, drawn(&[" o ", "  o", "ooo"]));
        assert_eq!(Pattern::known("r-pentomino").unwrap().alive, drawn(&[" oo", "oo ", " o "]));
        let gun = Pattern::known("gosper-gun").unwrap();
        assert_eq!((gun.size(), gun.alive.len()), ((36, 9), 36));
        assert_eq!(Pattern::known("glyder"), None);
        // A gun fires a glider, five cells, each thirty steps.
        let mut contents = gun.on(Torus::new(100, 100).unwrap()).unwrap();
        let mut alive = contents.population();
        for _ in 0..3 {
            contents.run(30);
            assert_eq!(contents.population(), alive + 5);
            alive += 5;
        }
    }

    #[test]
    fn rle_is_read_as_others_write_it() {
        let text =
            "#N Glider\n#C a comment\nX=3 , y = 3 , rule = b3/s23\n b o $\n2bo\n$3o ! and so on\n";
        assert_eq!(Pattern::read(text), Ok(Pattern::known("glider").unwrap()));
        let text = "x = 4, y = 6, rule = 23/3\n2o3$o$!";
        assert_eq!(Pattern::read(text).unwrap().alive, [(0, 0), (1, 0), (0, 3)]);
    }

    #[test]
    fn life_1_06_is_read_with_negative_places() {
        let text = "#Life 1.06\r\n0 -1\r\n1 0\r\n-1 1\r\n0 1\r\n\r\n1 1\r\n0 1\r\n";
        assert_eq!(Pattern::read(text).unwrap(), Pattern::known("glider").unwrap());
        assert_eq!(Pattern::read("#Life 1.06\n").unwrap().alive, []);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, line, column, what) in [
            ("", 1, 1, "x = 3, y = 3"),
            ("bo$2bo$3o!", 1, 1, "x = 3, y = 3"),
            ("#C c\nx = 3\nbo!", 2, 6, "y = "),
            ("x = three, y = 3\nbo!", 1, 5, "'three' is no number"),
            ("x = 3, y = 70000\nbo!", 1, 12, "65535"),
            ("x = 3, y = 3, rule = B36/S23\nbo!", 1, 22, "B3/S23"),
            ("x = 3, y = 3\nbo$\n2bA!", 3, 3, "'A' is no cell"),
            ("x = 3, y = 3\nb3o!", 2, 2, "column 4"),
            ("x = 3, y = 1\nbo$\no!", 3, 1, "row 2"),
            ("x = 3, y = 3\nbo$2bo", 2, 7, "'!'"),
            ("x = 3, y = 3\nb99999999999o!", 2, 2, "too long"),
            ("x = 3, y = 3\nb0o!", 2, 2, "count of 0"),
            ("x = 3, y = 3\nbo3", 2, 3, "'!'"),
            ("#Life 1.05\n", 1, 1, "'#Life 1.05' is not read"),
            ("#Life 1.06\n1 2\n3\n", 3, 2, "two numbers"),
            ("#Life 1.06\n1 2 3\n", 2, 5, "two numbers"),
            ("#Life 1.06\n1 two\n", 2, 3, "'two' is no number"),
            ("#Life 1.06\n0 0\n0 99999\n", 3, 1, "65535"),
        ] {
            let told = Pattern::read(text).expect_err(text);
            assert_eq!((told.line, told.column), (line, column), "{text:?}: {told}");
            assert!(told.what.contains(what), "{text:?}: {told}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let torus = Torus::new(20, 20).unwrap();
        let told = Pattern::known("gosper-gun").unwrap().on(torus).unwrap_err();
        assert_eq!(
            told.to_string(),
            "a pattern of 36x9 does not fit a grid of 20x20; make that larger"
        );
    }

    fn contents() -> impl Strategy<Value = Array> {
        (1u16..90, 1u16..20).prop_flat_map(|(width, height)| {
            let cells = usize::from(width) * usize::from(height);
            prop::collection::vec(prop::bool::weighted(0.3), cells).prop_map(move |alive| {
                let mut contents = Array::empty(Torus::new(width, height).unwrap());
                (0..).zip(alive).for_each(|(place, alive)| contents.set(place, alive));
                contents
            })
        })
    }

    proptest! {
        #[test]
        fn rle_that_was_written_reads_as_the_same(contents in contents()) {
            let text = Pattern::of(&contents).write(Format::Rle);
            prop_assert!(text.lines().all(|line| line.len() <= 70), "{}", text);
            prop_assert_eq!(Pattern::read(&text).unwrap().on(contents.torus()).unwrap(), contents);
        }

        #[test]
        fn life_1_06_that_was_written_has_the_same_cells(contents in contents()) {
            let pattern = Pattern::of(&contents);
            let read = Pattern::read(&pattern.write(Format::Life106)).unwrap();
            let left = pattern.alive.iter().map(|(x, _)| *x).min().unwrap_or(0);
            let above = pattern.alive.iter().map(|(_, y)| *y).min().unwrap_or(0);
            let moved: Vec<_> = pattern.alive.iter().map(|(x, y)| (x - left, y - above)).collect();
            prop_assert_eq!(read.alive, moved);
        }

        #[test]
        fn no_text_is_too_wild_to_be_refused(text in "(#Life 1.06\n)?[xy=0-9, bo$!\n-]{0,60}") {
            if let Ok(pattern) = Pattern::read(&text) {
                prop_assert!(pattern.alive.iter().all(|(x, y)| *x < pattern.width && *y < pattern.height));
            }
        }
    }
}
