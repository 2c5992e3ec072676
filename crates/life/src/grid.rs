//! The edge of a world of Life: commands enter here, and cells are read here.
//!
//! It decides nothing about content: all that it knows comes from cells.

use std::fmt;

use kernel::{Pid, Watch, World};

use crate::array::Array;
use crate::being::Being;
use crate::cell::Cell;
use crate::message::{Memory, Message};
use crate::reader::Reader;
use crate::tile::Tile;
use crate::torus::Torus;

/// A world of cells.
#[derive(Debug)]
pub struct Grid<W = ()> {
    world: World<Being, W>,
    tile: Tile,
    signals: u64,
}

/// A question from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ticket(Pid);

/// Why contents cannot be set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SetError {
    /// They have another size.
    Size {
        /// The grid's size.
        grid: Torus,
        /// The size of the contents.
        given: Torus,
    },
    /// A cell has sent its content already, which is final.
    Told {
        /// Its place.
        place: u32,
    },
}

impl fmt::Display for SetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetError::Size { grid, given } => {
                write!(f, "contents of {given} do not fit a grid of {grid}")
            }
            SetError::Told { place } => write!(
                f,
                "cell {place} has told its content to others and stands by it; set contents before the first \
                 step"
            ),
        }
    }
}

impl std::error::Error for SetError {}

impl<W: Watch<Being>> Grid<W> {
    /// A grid of dead cells at time 0, all of them started. O(cells).
    pub fn new(torus: Torus, memory: Memory, watch: W) -> Grid<W> {
        let (tile, world) = Tile::new(torus, (0, 1), memory, watch);
        Grid { world, tile, signals: 0 }
    }

    /// Its size.
    pub fn torus(&self) -> Torus {
        self.tile.torus()
    }

    /// The world, for reading.
    pub fn world(&self) -> &World<Being, W> {
        &self.world
    }

    /// The world, for delivering signals one by one and for kills.
    pub fn world_mut(&mut self) -> &mut World<Being, W> {
        &mut self.world
    }

    /// The one tile that it is, and the world.
    pub fn parts_mut(&mut self) -> (&mut Tile, &mut World<Being, W>) {
        (&mut self.tile, &mut self.world)
    }

    // ---- commands

    /// Sets the contents at time 0: all of them, or none.
    pub fn set(&mut self, contents: &Array) -> Result<(), SetError> {
        self.tile.set(&mut self.world, contents)
    }

    /// Lets every cell step up to this time. Cells step when signals are delivered.
    pub fn run_until(&mut self, until: u32) {
        self.tile.run_until(&mut self.world, until);
    }

    /// Lets every cell step one step beyond the most advanced one.
    pub fn step(&mut self) {
        self.run_until(self.latest().saturating_add(1));
    }

    /// Stops every cell at its present time.
    pub fn pause(&mut self) {
        self.tile.pause(&mut self.world);
    }

    /// Repeats the last command for cells that lost it in a crash.
    /// Returns their number. O(cells).
    pub fn remind(&mut self) -> usize {
        self.tile.remind(&mut self.world)
    }

    /// Queries a cell's content at a time, past or future.
    pub fn get(&mut self, place: u32, at: u32) -> Ticket {
        self.read(place, Message::Get { at })
    }

    /// Queries at most 32 contents of a cell's history, from a time on.
    pub fn history(&mut self, place: u32, from: u32) -> Ticket {
        self.read(place, Message::Tell { from })
    }

    fn read(&mut self, place: u32, question: Message) -> Ticket {
        Ticket(self.world.spawn(Being::Reader(Reader::new(place, question))))
    }

    /// Fetches the answer: [`Message::Was`], [`Message::Forgotten`] or [`Message::Past`]. `None` while there is none;
    /// once fetched, the question is closed.
    pub fn answer(&mut self, Ticket(reader): Ticket) -> Option<Message> {
        let Some(Being::Reader(asked)) = self.world.process(reader) else { return None };
        let answer = asked.answer()?;
        self.world.kill(reader);
        Some(answer)
    }

    /// Delivers all signals, also those that come of them, in order of sending, until every cell has
    /// reached the commanded time.
    pub fn settle(&mut self) {
        while self.advance(u64::MAX) {}
    }

    /// Delivers at most this number of signals; false once none is left and every cell has reached the
    /// commanded time, or cannot go on.
    pub fn advance(&mut self, signals: u64) -> bool {
        let mut left = signals;
        loop {
            let delivered = self.world.run_at_most(left);
            left -= delivered;
            self.signals += delivered;
            if left == 0 {
                return true;
            }
            if self.remind() == 0 {
                return false;
            }
        }
    }

    /// Kills a cell, now. False if it is restarting.
    pub fn kill_cell(&mut self, place: u32) -> bool {
        self.tile.kill_cell(&mut self.world, place)
    }

    /// Kills a cell's collector, now. False if no step of that cell is under way.
    pub fn kill_collector(&mut self, place: u32) -> bool {
        self.tile.kill_collector(&mut self.world, place)
    }

    /// Kills the cells' supervisor, now, and with it all cells at once. False if it is restarting.
    pub fn kill_all(&mut self) -> bool {
        self.tile.kill_all(&mut self.world)
    }

    // ---- looking

    /// The cell at a place; `None` while it is restarting.
    pub fn cell(&self, place: u32) -> Option<&Cell> {
        self.tile.cell(&self.world, place)
    }

    /// All cells that are alive now.
    pub fn cells(&self) -> impl Iterator<Item = &Cell> {
        Tile::cells(&self.world)
    }

    /// The content of each cell at its own time; dead while it is restarting.
    pub fn contents(&self) -> Array {
        let mut contents = Array::empty(self.torus());
        Tile::show(&self.world, &mut contents);
        contents
    }

    /// The time that every cell has reached: 0 while one is restarting.
    pub fn earliest(&self) -> u32 {
        self.tile.earliest(&self.world)
    }

    /// The time of the most advanced cell.
    pub fn latest(&self) -> u32 {
        Tile::latest(&self.world)
    }

    /// How far each cell is behind the most advanced one, by place; `None` while it is restarting.
    pub fn lag(&self) -> Vec<Option<u32>> {
        let latest = self.latest();
        let mut lag = vec![None; self.torus().cells() as usize];
        for cell in self.cells() {
            lag[cell.place() as usize] = Some(latest - cell.history().now());
        }
        lag
    }

    /// Restarts of cells so far.
    pub fn restarts(&self) -> u64 {
        Tile::restarts(&self.world)
    }

    /// Signals that [`Grid::advance`] and [`Grid::settle`] have delivered so far.
    pub fn signals(&self) -> u64 {
        self.signals
    }
}
