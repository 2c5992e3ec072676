//! Tiles: a torus over several worlds comes to the plain array's result, whichever process is killed, and whenever
//! a signal is carried over a border. When a whole world is lost, no other world continues with wrong contents.

use checker::cluster::{Cluster, Step};
use checker::explore::{Scene, System};
use kernel::{Scheduler, Seeded};
use life::{Array, Being, Memory, Tile, Torus};

use crate::run::{Marks, soup, truth};
use crate::seeds::runs;

#[derive(Debug)]
struct Plan {
    torus: Torus,
    memory: Memory,
    worlds: u8,
    until: u32,
    /// Of 10,000 steps, how many kill.
    kills: usize,
    /// Of 100 steps, how many carry a signal over a border, if one is to be carried.
    carries: usize,
    /// A world is lost on the way.
    loses: bool,
}

fn draw(chance: &mut Seeded) -> Plan {
    let mut of = |choices: &[u16]| choices[chance.below(choices.len())];
    let torus = Torus::new(of(&[1, 2, 3, 5]), of(&[2, 3, 4, 6])).unwrap();
    let memory = [Memory::Whole, Memory::Since(1), Memory::Since(3)];
    Plan {
        torus,
        memory: memory[usize::from(of(&[0, 1, 2]))],
        worlds: u8::try_from(of(&[2, 2, 3])).unwrap().min(Tile::most(torus)),
        until: u32::from(of(&[1, 4, 9])),
        kills: usize::from(of(&[0, 50, 400])),
        carries: usize::from(of(&[1, 10, 50, 90])),
        loses: of(&[0, 0, 0, 1]) == 1,
    }
}

struct Run {
    tiles: Vec<Tile>,
    cluster: Cluster<Being>,
    truth: Vec<Array>,
    chance: Seeded,
    marks: Marks,
    moves: Vec<Step>,
}

impl Run {
    fn new(plan: &Plan, mut chance: Seeded) -> Run {
        let first = soup(plan.torus, &mut chance);
        let make = |number| {
            let (mut tile, mut world) =
                Tile::new(plan.torus, (number, plan.worlds), plan.memory, ());
            tile.set(&mut world, &first).unwrap();
            tile.run_until(&mut world, plan.until);
            (tile, Scene::new(world))
        };
        let (tiles, scenes): (Vec<_>, Vec<_>) = (0..plan.worlds).map(make).unzip();
        let (cluster, truth) = (Cluster::new(scenes), truth(&first, plan.until));
        Run { tiles, cluster, truth, chance, marks: Marks::new(), moves: Vec::new() }
    }

    fn mark(&mut self, what: &'static str) {
        *self.marks.entry(what).or_default() += 1;
    }

    /// Something that may happen, of chance's choice. False if nothing can.
    fn step(&mut self, plan: &Plan) -> bool {
        self.cluster.actions(&mut self.moves);
        let carries = self.chance.below(100) < plan.carries;
        let is_carried = |step: &Step| matches!(step, Step::Carry(..));
        let of_this_kind = |step: &usize| is_carried(&self.moves[*step]) == carries;
        let mut choices: Vec<usize> = (0..self.moves.len()).filter(of_this_kind).collect();
        if choices.is_empty() {
            choices = (0..self.moves.len()).collect();
        }
        if choices.is_empty() {
            return false;
        }
        let pick = self.chance.choose(&choices).expect("a seed always has another number");
        let step = self.moves[choices[pick]];
        self.cluster.make(&step);
        if is_carried(&step) {
            self.mark("a signal crosses a border");
        }
        true
    }

    fn kill(&mut self) {
        let number = self.chance.below(self.tiles.len());
        let tile = self.tiles[number];
        let count = tile.places().len();
        let place = tile.places().start + u32::try_from(self.chance.below(count)).unwrap();
        let who = self.chance.below(20);
        let number = u8::try_from(number).unwrap();
        let Some(world) = self.cluster.world_mut(number) else { return };
        let (killed, what) = match who {
            0 => (tile.kill_all(world), "all cells of a world die"),
            1..6 => (tile.kill_collector(world, place), "a collector dies"),
            _ if number == 0 => (tile.kill_cell(world, place), "a cell dies in the first world"),
            _ => (tile.kill_cell(world, place), "a cell dies in another world"),
        };
        if killed {
            self.mark(what);
        }
    }

    fn remind(&mut self) -> usize {
        let mut told = 0;
        for (number, tile) in (0..).zip(&self.tiles) {
            told += self.cluster.world_mut(number).map_or(0, |world| tile.remind(world));
        }
        told
    }

    /// What is remembered anywhere is the array's.
    fn check(&self) {
        for cell in self.cluster.worlds().flat_map(Tile::cells) {
            let (history, place) = (cell.history(), cell.place());
            for time in history.first()..=history.now() {
                let told = history.at(time).expect("what is remembered can be told");
                assert_eq!(told, self.truth[time as usize].alive(place), "cell {place} at {time}");
            }
        }
    }

    fn run(mut self, plan: &Plan) -> Marks {
        let (mut kills, mut steps) = (40, 0);
        let mut is_lost = false;
        while self.step(plan) || self.remind() > 0 {
            steps += 1;
            if kills > 0 && self.chance.below(10_000) < plan.kills {
                self.kill();
                kills -= 1;
            }
            if plan.loses && !is_lost && self.chance.below(500) == 0 {
                self.cluster.lose(plan.worlds - 1);
                is_lost = true;
            }
            if steps % 64 == 0 {
                self.check();
            }
        }
        self.check();
        if is_lost {
            self.mark("a world is lost");
            let cells = || self.cluster.worlds().flat_map(Tile::cells);
            if cells().any(|cell| cell.history().now() < plan.until) {
                self.mark("cells stop for ever, since their neighbours are lost");
            }
            return self.marks;
        }
        let mut contents = Array::empty(plan.torus);
        for (tile, world) in self.tiles.iter().zip(self.cluster.worlds()) {
            let (earliest, latest) = (tile.earliest(world), Tile::latest(world));
            assert_eq!((earliest, latest), (plan.until, plan.until), "a cell waits for ever");
            let census = world.census();
            let left = (census.processes, census.links, census.waiting, world.outbound());
            assert_eq!(left, (tile.places().len(), 0, 0, 0), "something is left");
            Tile::show(world, &mut contents);
        }
        assert_eq!(contents, self.truth[plan.until as usize]);
        self.mark("all come to the array's result");
        self.marks
    }
}

#[test]
fn a_torus_over_several_worlds_comes_to_the_arrays_result() {
    let sometimes = [
        "a signal crosses a border",
        "a cell dies in the first world",
        "a cell dies in another world",
        "a collector dies",
        "all cells of a world die",
        "a world is lost",
        "cells stop for ever, since their neighbours are lost",
        "all come to the array's result",
    ];
    runs(150, &sometimes, draw, |plan, chance| Run::new(plan, chance).run(plan));
}

#[test]
fn rows_are_shared_out_among_as_many_worlds_as_there_are_rows_at_most() {
    for height in 1..70 {
        let torus = Torus::new(3, height).unwrap();
        assert_eq!(u16::from(Tile::most(torus)), height.min(64));
        for of in 1..=Tile::most(torus) {
            let mut next = 0;
            for number in 0..of {
                let places = Tile::new(torus, (number, of), Memory::Since(1), ()).0.places();
                assert!(places.start == next && places.end > next, "{torus}: {number} of {of}");
                next = places.end;
            }
            assert_eq!(next, torus.cells());
        }
    }
}
