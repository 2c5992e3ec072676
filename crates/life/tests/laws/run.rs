//! One run of a grid under faults, all of it drawn from a seed: size, pattern, which signal is
//! delivered next, who is killed when. The laws are checked at each step, from outside.

use std::collections::BTreeMap;

use kernel::{Scheduler, Seeded, Signal};
use life::{Array, Being, Cell, Grid, Memory, Message, Torus};

/// What a seed makes of a run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) torus: Torus,
    pub(crate) memory: Memory,
    pub(crate) until: u32,
    /// Of 10,000 steps, how many kill.
    pub(crate) kills: usize,
    /// Most kills.
    pub(crate) budget: u32,
    /// Weights of cells, collectors, and the supervisor of all.
    pub(crate) victims: [usize; 3],
    /// Commands arrive while cells run: they are paused, and told to go on.
    pub(crate) pauses: bool,
    /// Mostly the latest signal is delivered first, so that some wait for long.
    pub(crate) late: bool,
}

/// How often what happened: each must be above zero over all seeds, or a law was not put to the test.
pub(crate) type Marks = BTreeMap<&'static str, u64>;

/// Random contents.
pub(crate) fn soup(torus: Torus, chance: &mut Seeded) -> Array {
    let mut array = Array::empty(torus);
    for place in 0..torus.cells() {
        array.set(place, chance.below(5) < 2);
    }
    array
}

/// The plain array at each time.
pub(crate) fn truth(first: &Array, until: u32) -> Vec<Array> {
    let mut times = vec![first.clone()];
    for _ in 0..until {
        let mut next = times.last().unwrap().clone();
        next.step();
        times.push(next);
    }
    times
}

/// One run.
pub(crate) struct Run {
    pub(crate) grid: Grid,
    truth: Vec<Array>,
    chance: Seeded,
    ready: Vec<usize>,
    memory: Memory,
    late: bool,
    pub(crate) marks: Marks,
}

impl Run {
    pub(crate) fn new(plan: &Plan, mut chance: Seeded) -> Run {
        let (memory, late) = (plan.memory, plan.late);
        let first = soup(plan.torus, &mut chance);
        let truth = truth(&first, plan.until);
        let mut grid = Grid::new(plan.torus, memory, ());
        grid.set(&first).unwrap();
        Run { grid, truth, chance, ready: Vec::new(), memory, late, marks: Marks::new() }
    }

    fn mark(&mut self, what: &'static str) {
        *self.marks.entry(what).or_default() += 1;
    }

    /// Delivers one signal of chance's choice, and holds what comes of it to the laws.
    fn step(&mut self) -> bool {
        let Some(offset) = self.pick() else { return false };
        let signal = self.grid.world().signals().nth(offset).unwrap().clone();
        let world = self.grid.world();
        if let (Signal::Message(Message::Ask { at, .. }), Some(Being::Cell(asked))) =
            (&signal.signal, world.process(signal.to))
        {
            let (at, now, first) = (*at, asked.history().now(), asked.history().first());
            let wanted = match world.process(signal.from) {
                Some(Being::Collector(collector)) => world.is_alive(collector.cell()),
                _ => false,
            };
            assert!(
                at >= first || !wanted,
                "a living cell needs {at}, and {first} is the first known"
            );
            if at > now {
                self.mark("a question about the future");
            }
            if at + 1 < now {
                self.mark("a question about the past");
            }
            if at < first {
                self.mark("a dead cell's question about what is forgotten");
            }
        }
        match signal.signal {
            Signal::Message(Message::Here { .. }) => self.mark("a cell says that it is here"),
            Signal::Message(Message::Again { .. }) => self.mark("a collector asks again"),
            _ => {}
        }
        assert!(self.grid.world_mut().deliver_at(offset));
        if let Some(Being::Cell(cell)) = self.grid.world().process(signal.to) {
            self.check(cell);
            if cell.history().first() > 0 {
                self.mark("something is forgotten");
            }
        }
        true
    }

    /// A signal that may come next. Any signal that waits is drawn, and then the oldest of its pair.
    fn pick(&mut self) -> Option<usize> {
        let world = self.grid.world();
        let waiting = world.waiting();
        if waiting > 100 {
            for _ in 0..8 {
                let drawn = self.chance.below(waiting);
                let picked = world.signals().nth(drawn).unwrap();
                let same_pair =
                    |l: &&kernel::Envelope<Message>| l.from == picked.from && l.to == picked.to;
                let starts = world
                    .signals()
                    .take(drawn)
                    .position(|l| l.to == picked.to && matches!(l.signal, Signal::Start));
                let oldest = world.signals().position(|l| same_pair(&l));
                if world.is_alive(picked.to) {
                    return starts.or(oldest);
                }
            }
        }
        world.ready(&mut self.ready);
        if self.ready.is_empty() {
            return None;
        }
        let mut pick = self.chance.choose(&self.ready)?;
        if self.late && self.chance.below(20) > 0 {
            pick = self.ready.len() - 1 - pick / 4;
        }
        Some(self.ready[pick])
    }

    /// The laws of one cell.
    fn check(&self, cell: &Cell) {
        let (history, place, world) = (cell.history(), cell.place(), self.grid.world());
        for time in history.first()..=history.now() {
            let told = history.at(time).expect("what is remembered can be told");
            assert_eq!(told, self.truth[time as usize].alive(place), "cell {place} at {time}");
        }
        let cells = world.node("life/cells").unwrap();
        for neighbour in self.grid.torus().neighbours(place) {
            let Some(note) =
                world.child(cells, u64::from(neighbour)).and_then(|pid| world.note(pid))
            else {
                continue; // its supervisor is dead, and keeps its note
            };
            assert!(
                history.first() <= note.at,
                "cell {place} has forgotten all before {}, and cell {neighbour} would begin at {}",
                history.first(),
                note.at
            );
        }
        if let Memory::Since(steps) = self.memory {
            assert!(
                history.now() - history.first() <= u32::from(steps),
                "cell {place} remembers {} to {} with a checkpoint each {steps} steps",
                history.first(),
                history.now()
            );
        }
    }

    fn kill(&mut self, victims: [usize; 3]) -> bool {
        let place = u32::try_from(self.chance.below(self.grid.torus().cells() as usize)).unwrap();
        let mut drawn = self.chance.below(victims.iter().sum());
        let who = victims.iter().position(|weight| {
            let hit = drawn < *weight;
            drawn = drawn.saturating_sub(*weight);
            hit
        });
        match who {
            Some(0) => {
                let behind =
                    self.grid.cell(place).is_some_and(|c| c.checkpoint() < c.history().now());
                let killed = self.grid.kill_cell(place);
                if killed {
                    self.mark("a cell dies");
                }
                if killed && behind {
                    self.mark("a cell dies beyond its checkpoint");
                }
                killed
            }
            Some(1) => {
                let killed = self.grid.kill_collector(place);
                if killed {
                    self.mark("a collector dies");
                }
                killed
            }
            _ => {
                let killed = self.grid.kill_all();
                if killed {
                    self.mark("all cells die");
                }
                killed
            }
        }
    }

    /// Runs to the end, and compares with the array.
    pub(crate) fn run(&mut self, plan: &Plan) {
        let mut budget = plan.budget;
        self.grid.run_until(plan.until);
        let mut paused = false;
        loop {
            if budget > 0 && self.chance.below(10_000) < plan.kills && self.kill(plan.victims) {
                budget -= 1;
            }
            if plan.pauses && self.chance.below(1_000) == 0 {
                paused = !paused;
                if paused {
                    self.grid.pause()
                } else {
                    self.grid.run_until(plan.until)
                }
                self.mark(if paused { "all are paused" } else { "all go on" });
            }
            if !self.step() && self.grid.remind() == 0 {
                if !paused {
                    break;
                }
                paused = false;
                self.grid.run_until(plan.until);
            }
        }
        assert!(
            self.grid.cells().all(|cell| cell.history().now() == plan.until && cell.waiting() == 0),
            "a cell waits for ever: {:?}",
            self.grid.lag()
        );
        assert_eq!(self.grid.contents(), self.truth[plan.until as usize]);
        let census = self.grid.world().census();
        let cells = plan.torus.cells() as usize;
        assert_eq!(
            (census.processes, census.links, census.waiting),
            (cells, 0, 0),
            "something is left"
        );
    }
}
