//! The Game of Life, a process per cell.
//!
//! No cell waits for a clock, and none knows more than its own content, time and history: it asks its
//! neighbours through a collector that lives for one step, and goes on when they have answered.
//! Cells run at their own pace, and a cell that was killed catches up. The charts, what could go wrong
//! at each message, and why a history may be forgotten stand in `docs/life.md`.
//!
//! ```
//! use life::{Array, Grid, Memory, Torus};
//!
//! let torus = Torus::new(8, 8).unwrap();
//! let mut blinker = Array::empty(torus);
//! (2..5).for_each(|x| blinker.set(torus.place(x, 3), true));
//!
//! let mut grid = Grid::new(torus, Memory::Since(32), ());
//! grid.set(&blinker).unwrap();
//! grid.run_until(5);
//! grid.kill_cell(torus.place(3, 3)); // whatever is killed...
//! grid.settle();
//! blinker.run(5);
//! assert_eq!(grid.contents(), blinker); // ...the result is the plain array's
//! ```

mod array;
mod being;
mod cell;
mod collector;
mod grid;
mod history;
mod message;
pub mod mutation;
mod pattern;
mod reader;
mod tile;
mod torus;

pub use array::Array;
pub use being::{Being, tree};
pub use cell::Cell;
pub use collector::{Collector, next};
pub use grid::{Grid, SetError, Ticket};
pub use history::History;
pub use message::{Memory, Message, Note, Role};
pub use pattern::{Format, Pattern, PatternError, TooLarge};
pub use reader::Reader;
pub use tile::Tile;
pub use torus::{MAX_CELLS, Torus, Ways};
