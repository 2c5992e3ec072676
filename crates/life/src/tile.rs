//! A part of a torus: the cells of some rows, in their own world. Where the rows of another tile
//! begin, a neighbour is a name in another world.
//!
//! A tile does not own its world: the code that carries signals between worlds owns it, and passes it in. A tile
//! decides nothing about content, and no cell knows that there are tiles.

use kernel::{NoStateMachine, NodeId, Pid, Watch, World};

use crate::array::Array;
use crate::being::{Being, tree};
use crate::cell::Cell;
use crate::grid::SetError;
use crate::message::{Memory, Message, Role};
use crate::torus::Torus;

/// A tile as seen from outside. Each method gets the world that was made with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tile {
    torus: Torus,
    first: u32,
    end: u32,
    cells: NodeId,
    wanted: Wanted,
}

/// The last command to the cells, for those that lose it in a crash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wanted {
    Until(u32),
    Pause,
}

impl Tile {
    /// Tile `number` of `of`, with its world, which has that number: dead cells at time 0, all of them
    /// started. O(cells).
    ///
    /// # Panics
    /// If there is not a row for each tile, or no such tile, or the steps between checkpoints are out of bounds.
    pub fn new<W: Watch<Being>>(
        torus: Torus,
        (number, of): (u8, u8),
        memory: Memory,
        watch: W,
    ) -> (Tile, World<Being, W>) {
        if let Memory::Since(steps) = memory {
            assert!(
                (1..=Memory::LONGEST).contains(&steps),
                "a checkpoint each 1 to {} steps, not {steps}",
                Memory::LONGEST
            );
        }
        assert!(
            number < of && of <= Tile::most(torus),
            "tile {number} of {of}, of a torus of {torus}"
        );
        let (first, end) = (start(torus, number, of), start(torus, number + 1, of));
        let mut world = World::new(NoStateMachine, None, watch).numbered(number);
        world.grow(None, tree(Role { torus, first, end, memory }));
        world.run();
        let cells = world.node("life/cells").expect("the tree has this node");
        let tile = Tile { torus, first, end, cells, wanted: Wanted::Pause };
        tile.know_neighbours(&mut world, of);
        (tile, world)
    }

    /// Largest number of tiles of a torus: at least a row for each, and at most the number of worlds.
    pub fn most(torus: Torus) -> u8 {
        u8::try_from(torus.height()).unwrap_or(u8::MAX).min(Pid::WORLDS)
    }

    /// Registers the worlds of neighbours in other tiles, by name.
    fn know_neighbours<W: Watch<Being>>(&self, world: &mut World<Being, W>, of: u8) {
        for place in self.places() {
            for neighbour in self.torus.neighbours(place) {
                if !self.places().contains(&neighbour) {
                    let home = (0..of).find(|tile| neighbour < start(self.torus, tile + 1, of));
                    world.know(Torus::name(neighbour), home.expect("tiles are the whole torus"));
                }
            }
        }
    }

    /// The whole torus.
    pub fn torus(&self) -> Torus {
        self.torus
    }

    /// Places of its cells.
    pub fn places(&self) -> std::ops::Range<u32> {
        self.first..self.end
    }

    // ---- commands

    /// Sets the contents at time 0 of its cells: all of them, or none. `contents` are those of the torus.
    pub fn set<W: Watch<Being>>(
        &self,
        world: &mut World<Being, W>,
        contents: &Array,
    ) -> Result<(), SetError> {
        let (grid, given) = (self.torus, contents.torus());
        if given != grid {
            return Err(SetError::Size { grid, given });
        }
        if let Some(cell) = Tile::cells(world).find(|cell| cell.is_told()) {
            return Err(SetError::Told { place: cell.place() });
        }
        for place in self.places().filter(|place| contents.alive(*place)) {
            self.say(world, place, Message::Set { alive: true });
        }
        world.run();
        Ok(())
    }

    /// Lets every cell step up to this time. Cells step when signals are delivered.
    pub fn run_until<W: Watch<Being>>(&mut self, world: &mut World<Being, W>, until: u32) {
        self.wanted = Wanted::Until(until);
        self.places().for_each(|place| self.say(world, place, Message::Run { until }));
    }

    /// Stops every cell at its present time.
    pub fn pause<W: Watch<Being>>(&mut self, world: &mut World<Being, W>) {
        self.wanted = Wanted::Pause;
        self.places().for_each(|place| self.say(world, place, Message::Pause));
    }

    /// Repeats the last command for cells that lost it in a crash.
    /// Returns their number. O(cells).
    pub fn remind<W: Watch<Being>>(&self, world: &mut World<Being, W>) -> usize {
        let unaware = |cell: &&Cell| match self.wanted {
            Wanted::Until(until) => cell.until() != until,
            Wanted::Pause => cell.until() > cell.history().now(),
        };
        let message = match self.wanted {
            Wanted::Until(until) => Message::Run { until },
            Wanted::Pause => Message::Pause,
        };
        let places: Vec<u32> = Tile::cells(world).filter(unaware).map(Cell::place).collect();
        places.iter().for_each(|place| self.say(world, *place, message));
        places.len()
    }

    /// Kills a cell, now. False if it is restarting, or not of this tile.
    pub fn kill_cell<W: Watch<Being>>(&self, world: &mut World<Being, W>, place: u32) -> bool {
        let Some(pid) = self.pid(world, place).filter(|pid| world.is_alive(*pid)) else {
            return false;
        };
        world.kill(pid);
        true
    }

    /// Kills a cell's collector, now. False if no step of that cell is under way.
    pub fn kill_collector<W: Watch<Being>>(&self, world: &mut World<Being, W>, place: u32) -> bool {
        let Some(collector) = self.cell(world, place).and_then(Cell::collector) else {
            return false;
        };
        if !world.is_alive(collector) {
            return false; // its end is on its way to its cell
        }
        world.kill(collector);
        true
    }

    /// Kills the cells' supervisor, now, and with it all cells of the tile at once. False if it is restarting.
    pub fn kill_all<W: Watch<Being>>(&self, world: &mut World<Being, W>) -> bool {
        let supervisor = world.whereis(self.torus.supervisor()).filter(|pid| world.is_alive(*pid));
        supervisor.into_iter().for_each(|pid| world.kill(pid));
        supervisor.is_some()
    }

    // ---- looking

    /// The cell at a place; `None` while it is restarting, or if it is not of this tile.
    pub fn cell<'a, W: Watch<Being>>(
        &self,
        world: &'a World<Being, W>,
        place: u32,
    ) -> Option<&'a Cell> {
        match world.process(self.pid(world, place)?)? {
            Being::Cell(cell) => Some(cell),
            Being::Collector(_) | Being::Reader(_) => None,
        }
    }

    /// All cells of a world that are alive now.
    pub fn cells<W: Watch<Being>>(world: &World<Being, W>) -> impl Iterator<Item = &Cell> {
        world.processes().filter_map(|(_, _, _, being)| match being {
            Being::Cell(cell) => Some(cell),
            Being::Collector(_) | Being::Reader(_) => None,
        })
    }

    /// Writes the content of each cell of a world at its own time to its place in `contents`.
    pub fn show<W: Watch<Being>>(world: &World<Being, W>, contents: &mut Array) {
        Tile::cells(world).for_each(|cell| contents.set(cell.place(), cell.history().alive()));
    }

    /// The time that every cell has reached: 0 while one is restarting.
    pub fn earliest<W: Watch<Being>>(&self, world: &World<Being, W>) -> u32 {
        let (mut earliest, mut cells) = (u32::MAX, 0);
        for cell in Tile::cells(world) {
            earliest = earliest.min(cell.history().now());
            cells += 1;
        }
        if cells == self.end - self.first { earliest } else { 0 }
    }

    /// The time of the most advanced cell of a world.
    pub fn latest<W: Watch<Being>>(world: &World<Being, W>) -> u32 {
        Tile::cells(world).map(|cell| cell.history().now()).max().unwrap_or(0)
    }

    /// Restarts of cells of a world so far.
    pub fn restarts<W: Watch<Being>>(world: &World<Being, W>) -> u64 {
        let cells = world.processes().filter(|(_, _, _, b)| matches!(b, Being::Cell(_)));
        cells.map(|(_, _, incarnation, _)| u64::from(incarnation - 1)).sum()
    }

    fn pid<W: Watch<Being>>(&self, world: &World<Being, W>, place: u32) -> Option<Pid> {
        world.child(self.cells, u64::from(place))
    }

    fn say<W: Watch<Being>>(&self, world: &mut World<Being, W>, place: u32, message: Message) {
        if let Some(pid) = self.pid(world, place) {
            world.send(pid, message);
        }
    }
}

/// The first place of a tile: rows are shared out as evenly as they can be.
fn start(torus: Torus, tile: u8, of: u8) -> u32 {
    u32::from(tile) * u32::from(torus.height()) / u32::from(of) * u32::from(torus.width())
}
