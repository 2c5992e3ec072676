//! The Game of Life, a process per cell.
//!
//! No cell waits for a clock, and none knows more than its own content, time and history: it queries its
//! neighbours through a collector that lives for one step, and continues when they have answered.
//! Cells run at their own pace, and a killed cell catches up. The charts, the failures at each message,
//! and the rule for forgetting history are in `docs/life.md`.
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
