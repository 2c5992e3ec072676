//! A small torus as a scene to be explored, and its laws. Which tori, and what is to come of it, stands with those
//! who call this.

use checker::explore::{Explorer, Law, Scene};
use kernel::World;
use life::{Array, Being, Cell, Grid, Memory, Message, Torus};

type Small = Scene<Being>;

/// A torus whose cells all get the same time; at first the cell at place 0 alone is alive.
pub(crate) struct Case<'a> {
    pub(crate) size: (u16, u16),
    pub(crate) memory: Memory,
    /// By place.
    pub(crate) until: &'a [u32],
    /// Deaths of cells and collectors, each at any moment.
    pub(crate) deaths: u32,
}

impl Case<'_> {
    /// Every order of delivery that Erlang's signal order permits, with the deaths between any two steps.
    pub(crate) fn explorer(&self) -> Explorer<'static, Small> {
        let torus = Torus::new(self.size.0, self.size.1).unwrap();
        let mut contents = Array::empty(torus);
        contents.set(0, true);
        let scene = self.told(&contents);
        let mut truth = vec![contents];
        for _ in 0..self.until.iter().copied().max().unwrap() {
            let mut next = truth.last().unwrap().clone();
            next.step();
            truth.push(next);
        }
        let laws = [truthful(truth), arrives(self.until.to_vec())];
        let explorer = Explorer::new(scene).laws(laws);
        // With whole histories nothing is forgotten, and in a step or less nothing can be.
        let forgets = self.memory != Memory::Whole && self.until.iter().any(|until| *until > 1);
        if forgets { explorer.law(kept(torus)) } else { explorer }
    }

    /// Each cell has been told how far to go, with nothing delivered since.
    fn told(&self, contents: &Array) -> Small {
        let mut grid = Grid::new(contents.torus(), self.memory, ());
        grid.set(contents).unwrap();
        let world = grid.world_mut();
        let node = world.node("life/cells").unwrap();
        for (place, until) in (0..).zip(self.until) {
            let cell = world.child(node, place).unwrap();
            world.send(cell, Message::Run { until: *until });
        }
        for _ in self.until {
            assert!(world.deliver_at(0)); // a command that is lost is given again by the edge
        }
        Scene::new(world.clone()).faults(self.deaths)
    }
}

impl std::fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Case { size: (width, height), memory, until, deaths } = self;
        write!(f, "{width}x{height} to {until:?}, {memory:?}, {deaths} deaths")
    }
}

fn cells(world: &World<Being>) -> impl Iterator<Item = &Cell> {
    world.processes().filter_map(|(.., being)| match being {
        Being::Cell(cell) => Some(cell),
        Being::Collector(_) | Being::Reader(_) => None,
    })
}

/// Every content that is remembered is the array's.
fn truthful(truth: Vec<Array>) -> Law<Small> {
    let look = move |scene: &Small| {
        for cell in cells(&scene.world) {
            let history = cell.history();
            for time in history.first()..=history.now() {
                let told = history.at(time);
                if told != Some(truth[time as usize].alive(cell.place())) {
                    return Err(format!("cell {} at {time}: {told:?}", cell.place()));
                }
            }
        }
        Ok(())
    };
    Law::always("what is remembered is true", look)
        .sometimes(|scene| cells(&scene.world).any(|cell| cell.history().now() > 0))
}

/// No cell has forgotten what the next life of a neighbour would ask for.
fn kept(torus: Torus) -> Law<Small> {
    let look = move |scene: &Small| {
        let world = &scene.world;
        let node = world.node("life/cells").ok_or("the tree has its node")?;
        for cell in cells(world) {
            for neighbour in torus.neighbours(cell.place()) {
                let pid = world.child(node, neighbour.into()).ok_or("every place has its child")?;
                let note = world.note(pid).ok_or("every cell has a note")?;
                if cell.history().first() > note.at {
                    return Err(format!("cell {} has forgotten {}", cell.place(), note.at));
                }
            }
        }
        Ok(())
    };
    Law::always("what may be needed is kept", look)
        .sometimes(|scene| cells(&scene.world).any(|cell| cell.history().first() > 0))
}

/// From everywhere each can still come as far as it was told, and nothing is left over there.
fn arrives(until: Vec<u32>) -> Law<Small> {
    let goal = move |scene: &Small| {
        let census = scene.world.census();
        let there = |cell: &&Cell| {
            cell.history().now() == until[cell.place() as usize] && cell.waiting() == 0
        };
        cells(&scene.world).filter(there).count() == until.len()
            && (census.processes, census.links) == (until.len(), 0)
    };
    Law::can_always("each can come as far as it was told", goal.clone())
        .sometimes(move |scene| scene.is_quiet() && goal(scene))
}
