//! The edge of a world of Life: commands go in here, and cells are looked at from here.
//!
//! It decides nothing about content: what it knows, cells have told or can be seen to hold.

use std::fmt;

use kernel::{NoKeeper, NodeId, Pid, Watch, World};

use crate::array::Array;
use crate::being::{Being, tree};
use crate::cell::Cell;
use crate::reader::Reader;
use crate::say::{Memory, Role, Say};
use crate::torus::Torus;

/// A world of cells.
#[derive(Debug)]
pub struct Grid<W = ()> {
    world: World<Being, W>,
    torus: Torus,
    cells: NodeId,
    wanted: Wanted,
    signals: u64,
}

/// What cells were told last. A command that a death took with it is given again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wanted {
    Until(u32),
    Pause,
}

/// A question that somebody outside has asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ticket(Pid);

/// Why contents cannot be set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SetError {
    /// They are of another size.
    Size {
        /// The grid's.
        grid: Torus,
        /// Theirs.
        given: Torus,
    },
    /// A cell has told its content to somebody, and stands by it.
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
        if let Memory::Since(steps) = memory {
            assert!(
                (1..=Memory::LONGEST).contains(&steps),
                "a checkpoint each 1 to {} steps, not {steps}",
                Memory::LONGEST
            );
        }
        let mut world = World::new(NoKeeper, None, watch);
        world.grow(None, tree(Role { torus, memory }));
        world.run();
        let cells = world.node("life/cells").expect("the tree has this node");
        Grid { world, torus, cells, wanted: Wanted::Pause, signals: 0 }
    }

    /// Its size.
    pub fn torus(&self) -> Torus {
        self.torus
    }

    /// The world, for looking at.
    pub fn world(&self) -> &World<Being, W> {
        &self.world
    }

    /// The world, for choosing what is delivered next and for ending lives.
    pub fn world_mut(&mut self) -> &mut World<Being, W> {
        &mut self.world
    }

    // ---- commands

    /// Sets the contents at time 0: all of them, or none.
    pub fn set(&mut self, contents: &Array) -> Result<(), SetError> {
        let (grid, given) = (self.torus, contents.torus());
        if given != grid {
            return Err(SetError::Size { grid, given });
        }
        if let Some(cell) = self.cells().find(|cell| cell.is_told()) {
            return Err(SetError::Told { place: cell.place() });
        }
        for place in (0..self.torus.cells()).filter(|place| contents.alive(*place)) {
            self.say(place, Say::Set { alive: true });
        }
        self.world.run();
        Ok(())
    }

    /// Has every cell go on until this time. They go when signals are delivered.
    pub fn run_until(&mut self, until: u32) {
        self.wanted = Wanted::Until(until);
        self.say_to_all(Say::Run { until });
    }

    /// Has every cell go one step beyond the one that is furthest.
    pub fn step(&mut self) {
        self.run_until(self.latest().saturating_add(1));
    }

    /// Has every cell stop where it is, however far it has come.
    pub fn pause(&mut self) {
        self.wanted = Wanted::Pause;
        self.say_to_all(Say::Pause);
    }

    /// Gives the last command again to those whom it did not reach: a death took it with it.
    /// Tells to how many. O(cells).
    pub fn remind(&mut self) -> usize {
        let unaware = |cell: &&Cell| match self.wanted {
            Wanted::Until(until) => cell.until() != until,
            Wanted::Pause => cell.until() > cell.history().now(),
        };
        let message = match self.wanted {
            Wanted::Until(until) => Say::Run { until },
            Wanted::Pause => Say::Pause,
        };
        let places: Vec<u32> = self.cells().filter(unaware).map(Cell::place).collect();
        places.iter().for_each(|place| self.say(*place, message));
        places.len()
    }

    /// Asks a cell what it is at a time, past or future.
    pub fn get(&mut self, place: u32, at: u32) -> Ticket {
        self.read(place, Say::Get { at })
    }

    /// Asks a cell for 32 contents of its history at most, from a time on.
    pub fn history(&mut self, place: u32, from: u32) -> Ticket {
        self.read(place, Say::Tell { from })
    }

    fn read(&mut self, place: u32, question: Say) -> Ticket {
        Ticket(self.world.spawn(Being::Reader(Reader::new(place, question))))
    }

    /// Fetches the answer: [`Say::Was`], [`Say::Forgotten`] or [`Say::Past`]. `None` while there is none;
    /// once fetched, the question is closed.
    pub fn answer(&mut self, Ticket(reader): Ticket) -> Option<Say> {
        let Some(Being::Reader(asked)) = self.world.process(reader) else { return None };
        let answer = asked.answer()?;
        self.world.kill(reader);
        Some(answer)
    }

    /// Delivers everything that waits, and what comes of it, in order of sending, until every cell has
    /// done what was commanded.
    pub fn settle(&mut self) {
        while self.advance(u64::MAX) {}
    }

    /// Delivers at most so many signals; false once nothing waits and every cell has done, or is where
    /// it can go no further without, what was commanded.
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

    /// Kills a cell, now. False if it is between two lives.
    pub fn kill_cell(&mut self, place: u32) -> bool {
        let Some(pid) = self.pid(place).filter(|pid| self.world.is_alive(*pid)) else {
            return false;
        };
        self.world.kill(pid);
        true
    }

    /// Kills a cell's collector, now. False if no step of that cell is under way.
    pub fn kill_collector(&mut self, place: u32) -> bool {
        let Some(collector) = self.cell(place).and_then(Cell::collector) else { return false };
        if !self.world.is_alive(collector) {
            return false; // its end is on its way to its cell
        }
        self.world.kill(collector);
        true
    }

    /// Kills the cells' supervisor, now, and with it all cells at once.
    pub fn kill_all(&mut self) {
        if let Some(pid) = self.world.whereis(self.torus.supervisor()) {
            self.world.kill(pid);
        }
    }

    // ---- looking

    /// The cell at a place, unless it is between two lives.
    pub fn cell(&self, place: u32) -> Option<&Cell> {
        match self.world.process(self.pid(place)?)? {
            Being::Cell(cell) => Some(cell),
            Being::Collector(_) | Being::Reader(_) => None,
        }
    }

    /// All cells that are alive now.
    pub fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.world.processes().filter_map(|(_, _, _, being)| match being {
            Being::Cell(cell) => Some(cell),
            Being::Collector(_) | Being::Reader(_) => None,
        })
    }

    /// The content of each cell at its own time; dead if it is between two lives.
    pub fn contents(&self) -> Array {
        let mut contents = Array::empty(self.torus);
        for cell in self.cells() {
            contents.set(cell.place(), cell.history().alive());
        }
        contents
    }

    /// The time up to which every cell has come: 0 if one is between two lives.
    pub fn earliest(&self) -> u32 {
        let (mut earliest, mut cells) = (u32::MAX, 0);
        for cell in self.cells() {
            earliest = earliest.min(cell.history().now());
            cells += 1;
        }
        if cells == self.torus.cells() { earliest } else { 0 }
    }

    /// The time of the cell that is furthest.
    pub fn latest(&self) -> u32 {
        self.cells().map(|cell| cell.history().now()).max().unwrap_or(0)
    }

    /// How far each cell is behind the one that is furthest, by place; `None` for one between two lives.
    pub fn lag(&self) -> Vec<Option<u32>> {
        let latest = self.latest();
        let mut lag = vec![None; self.torus.cells() as usize];
        for cell in self.cells() {
            lag[cell.place() as usize] = Some(latest - cell.history().now());
        }
        lag
    }

    /// Restarts of cells so far.
    pub fn restarts(&self) -> u64 {
        let cells = self.world.processes().filter(|(_, _, _, b)| matches!(b, Being::Cell(_)));
        cells.map(|(_, _, incarnation, _)| u64::from(incarnation - 1)).sum()
    }

    /// Signals that [`Grid::advance`] and [`Grid::settle`] have delivered so far.
    pub fn signals(&self) -> u64 {
        self.signals
    }

    fn pid(&self, place: u32) -> Option<Pid> {
        self.world.child(self.cells, u64::from(place))
    }

    fn say(&mut self, place: u32, message: Say) {
        if let Some(pid) = self.pid(place) {
            self.world.send(pid, message);
        }
    }

    fn say_to_all(&mut self, message: Say) {
        (0..self.torus.cells()).for_each(|place| self.say(place, message));
    }
}
