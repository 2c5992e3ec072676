//! Places of cells: a grid that is closed at its edges, and the eight ways out of each cell.
//!
//! Only arithmetic on places; nothing here knows what a cell is.

use std::fmt;
use std::str::FromStr;

use kernel::Name;

/// Most cells of one torus: their processes take about a gigabyte.
pub const MAX_CELLS: u32 = 1 << 22;

/// The size of a grid whose right edge is its left one, and whose bottom is its top.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Torus {
    width: u16,
    height: u16,
}

/// A set of the eight ways from a cell to a neighbour, one bit each: by row, left to right, the lowest first.
///
/// On a torus narrower than three, several ways lead to the same cell, and some to the cell itself; each counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ways(pub u8);

impl Ways {
    /// No way.
    pub const NONE: Ways = Ways(0);
    /// All eight ways.
    pub const ALL: Ways = Ways(u8::MAX);

    /// The opposite ways: the opposite of each is as far from the end as it is from the beginning.
    pub fn back(self) -> Ways {
        Ways(self.0.reverse_bits())
    }

    /// The ways that are not in `others`.
    #[inline]
    pub fn without(self, others: Ways) -> Ways {
        Ways(self.0 & !others.0)
    }

    /// True if any of them is in `others`.
    #[inline]
    pub fn meets(self, others: Ways) -> bool {
        self.0 & others.0 != 0
    }

    /// Their number.
    #[inline]
    pub fn count(self) -> u8 {
        u8::try_from(self.0.count_ones()).expect("at most eight")
    }
}

impl Torus {
    /// A torus with these columns and rows: at least 1 of each, at most [`MAX_CELLS`] cells.
    pub fn new(width: u16, height: u16) -> Option<Torus> {
        let cells = u32::from(width) * u32::from(height);
        (cells > 0 && cells <= MAX_CELLS).then_some(Torus { width, height })
    }

    /// Number of columns.
    pub fn width(self) -> u16 {
        self.width
    }

    /// Number of rows.
    pub fn height(self) -> u16 {
        self.height
    }

    /// Number of cells. Places are the numbers below it, row by row.
    pub fn cells(self) -> u32 {
        u32::from(self.width) * u32::from(self.height)
    }

    /// The place of a column and a row, each taken modulo the size.
    pub fn place(self, x: u32, y: u32) -> u32 {
        y % u32::from(self.height) * u32::from(self.width) + x % u32::from(self.width)
    }

    /// Places of the eight neighbours, in the order of their [`Ways`].
    #[inline]
    pub fn neighbours(self, place: u32) -> [u32; 8] {
        let (width, height) = (u32::from(self.width), u32::from(self.height));
        let (x, y) = (place % width, place / width);
        let left = if x == 0 { width - 1 } else { x - 1 };
        let right = if x + 1 == width { 0 } else { x + 1 };
        let above = if y == 0 { height - 1 } else { y - 1 } * width;
        let below = if y + 1 == height { 0 } else { y + 1 } * width;
        let here = y * width;
        [
            above + left,
            above + x,
            above + right,
            here + left,
            here + right,
            below + left,
            below + x,
            below + right,
        ]
    }

    /// Each neighbour of a place once, with all ways to it, in the order of the first of these.
    #[inline]
    pub fn around(self, place: u32) -> impl Iterator<Item = (Ways, u32)> {
        let neighbours = self.neighbours(place);
        let is_narrow = self.width < 3 || self.height < 3; // else each of the eight is another
        (0..8).zip(neighbours).filter_map(move |(way, there)| {
            let mut ways = 1_u8 << way;
            if is_narrow {
                let same = (0..8).zip(neighbours).filter(|(_, other)| *other == there);
                ways = same.fold(0, |ways, (way, _)| ways | 1 << way);
            }
            (ways.trailing_zeros() == way).then_some((Ways(ways), there))
        })
    }

    /// The registered name of the cell at a place.
    #[inline]
    pub fn name(place: u32) -> Name {
        Name(place)
    }

    /// The name of the cells' supervisor: the first number that is not a place.
    pub fn supervisor(self) -> Name {
        Name(self.cells())
    }
}

impl fmt::Display for Torus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

impl FromStr for Torus {
    type Err = String;

    /// Parses `64x48`: columns, then rows.
    fn from_str(text: &str) -> Result<Torus, String> {
        let wrong = || {
            format!(
                "'{text}' is no size; give columns and rows as in 64x48, at least 1x1 and at most {MAX_CELLS} \
                 cells in all"
            )
        };
        let (width, height) = text.split_once('x').ok_or_else(wrong)?;
        let (width, height) = (width.parse().ok(), height.parse().ok());
        width.zip(height).and_then(|(width, height)| Torus::new(width, height)).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [(u16, u16); 8] = [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (2, 3), (3, 3), (5, 4)];

    #[test]
    fn each_neighbour_is_there_once_with_all_ways_to_it() {
        for (width, height) in SIZES {
            let torus = Torus::new(width, height).unwrap();
            for place in 0..torus.cells() {
                let neighbours = torus.neighbours(place);
                let (mut seen, mut places) = (Ways::NONE, Vec::new());
                for (ways, there) in torus.around(place) {
                    for (way, neighbour) in (0..).zip(neighbours) {
                        assert_eq!(ways.meets(Ways(1 << way)), neighbour == there);
                    }
                    assert!(!seen.meets(ways) && !places.contains(&there), "{torus} {place}");
                    seen.0 |= ways.0;
                    places.push(there);
                }
                assert_eq!((seen, seen.count()), (Ways::ALL, 8));
            }
        }
    }

    #[test]
    fn the_ways_back_lead_back() {
        for (width, height) in SIZES {
            let torus = Torus::new(width, height).unwrap();
            for place in 0..torus.cells() {
                for (ways, there) in torus.around(place) {
                    assert!(torus.around(there).any(|back| back == (ways.back(), place)));
                }
            }
        }
    }

    #[test]
    fn a_size_is_columns_by_rows_and_bounded() {
        assert_eq!("64x48".parse(), Ok(Torus { width: 64, height: 48 }));
        for wrong in ["", "64", "0x3", "3x0", "x", "-1x4", "65536x1", "4096x4096", "3x4x5"] {
            assert!(wrong.parse::<Torus>().unwrap_err().contains("64x48"), "{wrong}");
        }
    }
}
