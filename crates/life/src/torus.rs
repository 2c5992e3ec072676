//! Where cells are: a grid that is closed at its edges, and the eight ways out of each cell.
//!
//! Only arithmetic on places lives here; nothing knows what a cell is.

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

/// One of the eight ways from a cell to a neighbour: 0 to 7 by row, left to right.
///
/// The way back is 7 less it. On a torus narrower than three, several ways lead to the same cell,
/// and some to the cell itself; each counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Way(pub u8);

impl Way {
    /// All eight.
    pub const ALL: [Way; 8] = [Way(0), Way(1), Way(2), Way(3), Way(4), Way(5), Way(6), Way(7)];

    /// The way from there to here.
    pub fn back(self) -> Way {
        Way(7 - self.0)
    }
}

impl Torus {
    /// A torus of so many columns and rows: at least 1 of each, at most [`MAX_CELLS`] together.
    pub fn new(width: u16, height: u16) -> Option<Torus> {
        let cells = u32::from(width) * u32::from(height);
        (cells > 0 && cells <= MAX_CELLS).then_some(Torus { width, height })
    }

    /// Columns.
    pub fn width(self) -> u16 {
        self.width
    }

    /// Rows.
    pub fn height(self) -> u16 {
        self.height
    }

    /// How many cells there are. Their places are the numbers below it, row by row.
    pub fn cells(self) -> u32 {
        u32::from(self.width) * u32::from(self.height)
    }

    /// The place of a column and a row, both of which are brought into the torus first.
    pub fn place(self, x: u32, y: u32) -> u32 {
        y % u32::from(self.height) * u32::from(self.width) + x % u32::from(self.width)
    }

    /// Places of the eight neighbours, in the order of their [`Way`]s.
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

    /// The name under which the cell at a place is known.
    #[inline]
    pub fn name(place: u32) -> Name {
        Name(place)
    }

    /// The name of the cells' supervisor: the first that is no place.
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

    /// Reads `64x48`: columns, then rows.
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

    #[test]
    fn the_way_back_leads_back() {
        for (width, height) in [(1, 1), (1, 2), (2, 2), (3, 1), (5, 4)] {
            let torus = Torus::new(width, height).unwrap();
            for place in 0..torus.cells() {
                for way in Way::ALL {
                    let there = torus.neighbours(place)[usize::from(way.0)];
                    assert_eq!(torus.neighbours(there)[usize::from(way.back().0)], place);
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
