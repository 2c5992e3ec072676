//! The Game of Life: ours, a process per cell with a collector for each step; the same protocol on ractor;
//! and the plain array. The measurement fails unless all reach the same contents.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use life::{Array, Grid, Memory, Pattern, Torus};
use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{Part, Plan, clock, one_thread};

/// Width and height in cells.
const SIDE: u16 = 64;
/// Steps of those that have processes.
const STEPS: u32 = 20;
/// Steps of the array, more of them because they are short.
const ARRAY_STEPS: u32 = 20_000;
/// Steps between two checkpoints of ours, the command's default.
const CHECKPOINT: u8 = 32;

/// Nanoseconds per step of a cell: ours, ractor's, the array's.
pub struct Lives {
    /// Size of the torus.
    pub cells: u32,
    /// Ours, then theirs.
    pub parts: Vec<Part>,
}

/// Measures them in turns.
pub fn run(plan: &Plan) -> Lives {
    let torus = Torus::new(SIDE, SIDE).expect("a size that a torus can have");
    let steps = if plan.quick { 2 } else { STEPS };
    let array_steps = if plan.quick { 200 } else { ARRAY_STEPS };
    let start = Pattern::known("r-pentomino").expect("a built-in pattern");
    let start = start.on(torus).expect("three cells a side");
    let mut end = start.clone();
    end.run(steps);
    let mut parts =
        ["buttonwood", "ractor", "plain array"].map(|name| Part { name, rounds: Vec::new() });
    for _ in 0..plan.rounds {
        let (contents, spent) = ours(&start, steps);
        assert_eq!(contents, end, "our cells came to other contents than the array");
        parts[0].rounds.push(each(spent, torus, steps));
        let (contents, spent) = one_thread().block_on(on_ractor(&start, steps));
        assert_eq!(contents, end, "ractor's cells came to other contents than the array");
        parts[1].rounds.push(each(spent, torus, steps));
        let mut array = start.clone();
        let before = clock();
        array.run(array_steps);
        parts[2].rounds.push(each(clock() - before, torus, array_steps));
        std::hint::black_box(array);
    }
    Lives { cells: torus.cells(), parts: parts.into() }
}

fn each(spent: Duration, torus: Torus, steps: u32) -> f64 {
    spent.as_secs_f64() * 1e9 / (f64::from(torus.cells()) * f64::from(steps))
}

fn ours(start: &Array, steps: u32) -> (Array, Duration) {
    let mut grid = Grid::new(start.torus(), Memory::Since(CHECKPOINT), ());
    grid.set(start).expect("of the same size, before the first step");
    let before = clock();
    grid.run_until(steps);
    grid.settle();
    let spent = clock() - before;
    (grid.contents(), spent)
}

/// Messages to a cell.
#[derive(Debug)]
enum Message {
    /// Step up to this time.
    Run(u32),
    /// What was your content at that time?
    Command(u32, ActorRef<bool>),
    /// The cell's next content, from its collector.
    Report(bool),
}

/// All cells, by place. Ours find each other by name; an address is cheaper.
type Cells = Arc<OnceLock<Vec<ActorRef<Message>>>>;

/// A cell on ractor. It remembers all, so it needs no checkpoints.
struct Cell;

struct CellState {
    place: u32,
    torus: Torus,
    cells: Cells,
    until: u32,
    history: Vec<bool>,
    waiting: Vec<(u32, ActorRef<bool>)>,
    done: UnboundedSender<(u32, bool)>,
}

impl CellState {
    fn now(&self) -> u32 {
        self.history.len() as u32 - 1
    }

    /// Answers what can be answered, and spawns a collector for the next step if there is one.
    async fn go_on(&mut self, me: &ActorRef<Message>) -> Result<(), ActorProcessingErr> {
        let now = self.now();
        let mut index = 0;
        while let Some((at, _)) = self.waiting.get(index) {
            if *at <= now {
                let (at, from) = self.waiting.swap_remove(index);
                from.cast(self.history[at as usize])?;
            } else {
                index += 1;
            }
        }
        let alive = self.history[now as usize];
        if now >= self.until {
            self.done.send((self.place, alive))?;
            return Ok(());
        }
        let collector = CollectorState {
            cell: me.clone(),
            place: self.place,
            torus: self.torus,
            cells: self.cells.clone(),
            at: now,
            alive,
            answers: 0,
            neighbours: 0,
        };
        Actor::spawn_linked(None, Collector, collector, me.get_cell()).await?;
        Ok(())
    }
}

impl Actor for Cell {
    type Msg = Message;
    type State = CellState;
    type Arguments = CellState;

    async fn pre_start(
        &self,
        _: ActorRef<Message>,
        state: CellState,
    ) -> Result<CellState, ActorProcessingErr> {
        Ok(state)
    }

    async fn handle(
        &self,
        me: ActorRef<Message>,
        say: Message,
        cell: &mut CellState,
    ) -> Result<(), ActorProcessingErr> {
        match say {
            Message::Run(until) => {
                cell.until = until;
                cell.go_on(&me).await
            }
            Message::Command(at, from) => {
                match cell.history.get(at as usize) {
                    Some(alive) => from.cast(*alive)?,
                    None => cell.waiting.push((at, from)),
                }
                Ok(())
            }
            Message::Report(alive) => {
                cell.history.push(alive);
                cell.go_on(&me).await
            }
        }
    }

    /// Nothing is killed here, so a collector that ends has reported.
    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<Message>,
        _: SupervisionEvent,
        _: &mut CellState,
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

struct Collector;

struct CollectorState {
    cell: ActorRef<Message>,
    place: u32,
    torus: Torus,
    cells: Cells,
    at: u32,
    alive: bool,
    answers: u8,
    neighbours: u8,
}

impl Actor for Collector {
    type Msg = bool;
    type State = CollectorState;
    type Arguments = CollectorState;

    async fn pre_start(
        &self,
        me: ActorRef<bool>,
        state: CollectorState,
    ) -> Result<CollectorState, ActorProcessingErr> {
        let cells = state.cells.get().ok_or("cells are asked before they are there")?;
        for place in state.torus.neighbours(state.place) {
            cells[place as usize].cast(Message::Command(state.at, me.clone()))?;
        }
        Ok(state)
    }

    async fn handle(
        &self,
        me: ActorRef<bool>,
        alive: bool,
        state: &mut CollectorState,
    ) -> Result<(), ActorProcessingErr> {
        state.answers += 1;
        state.neighbours += u8::from(alive);
        if state.answers == 8 {
            state.cell.cast(Message::Report(life::next(state.alive, state.neighbours)))?;
            me.stop(None);
        }
        Ok(())
    }
}

async fn on_ractor(start: &Array, steps: u32) -> (Array, Duration) {
    let torus = start.torus();
    let (done, mut dones) = unbounded_channel();
    let cells = Cells::default();
    let mut all = Vec::new();
    for place in 0..torus.cells() {
        let cell = CellState {
            place,
            torus,
            cells: cells.clone(),
            until: 0,
            history: vec![start.alive(place)],
            waiting: Vec::new(),
            done: done.clone(),
        };
        all.push(Actor::spawn(None, Cell, cell).await.expect("its start cannot fail").0);
    }
    cells.set(all.clone()).expect("set once");
    let before = clock();
    for cell in &all {
        cell.cast(Message::Run(steps)).expect("it waits for this");
    }
    let mut end = Array::empty(torus);
    for _ in 0..torus.cells() {
        let (place, alive) = dones.recv().await.expect("each cell says when it is there");
        end.set(place, alive);
    }
    let spent = clock() - before;
    for cell in &all {
        cell.stop(None);
    }
    (end, spent)
}
