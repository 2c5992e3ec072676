//! The plain array: the same rule without processes. Every grid must reach the same contents.

use crate::collector::next;
use crate::torus::Torus;

/// Contents of all cells at one time, row by row.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Array {
    torus: Torus,
    cells: Vec<bool>,
}

impl Array {
    /// All dead.
    pub fn empty(torus: Torus) -> Array {
        Array { torus, cells: vec![false; torus.cells() as usize] }
    }

    /// Its size.
    pub fn torus(&self) -> Torus {
        self.torus
    }

    /// The content at a place.
    pub fn alive(&self, place: u32) -> bool {
        self.cells[place as usize]
    }

    /// Sets the content at a place.
    pub fn set(&mut self, place: u32, alive: bool) {
        self.cells[place as usize] = alive;
    }

    /// Number of living cells.
    pub fn population(&self) -> usize {
        self.cells.iter().filter(|alive| **alive).count()
    }

    /// Computes the next step. O(cells).
    pub fn step(&mut self) {
        let (width, height) = (usize::from(self.torus.width()), usize::from(self.torus.height()));
        let row = |y: usize| &self.cells[y * width..][..width];
        let mut after = Vec::with_capacity(self.cells.len());
        let mut columns = vec![0; width];
        for y in 0..height {
            let (above, here) = (row((y + height - 1) % height), row(y));
            let below = row((y + 1) % height);
            for (sum, ((above, here), below)) in
                columns.iter_mut().zip(above.iter().zip(here).zip(below))
            {
                *sum = u8::from(*above) + u8::from(*here) + u8::from(*below);
            }
            let left = columns.iter().cycle().skip(width - 1);
            let right = columns.iter().cycle().skip(1);
            for (((alive, middle), left), right) in here.iter().zip(&columns).zip(left).zip(right) {
                after.push(next(*alive, left + middle + right - u8::from(*alive)));
            }
        }
        self.cells = after;
    }

    /// Computes this number of steps.
    pub fn run(&mut self, steps: u32) {
        (0..steps).for_each(|_| self.step());
    }
}
