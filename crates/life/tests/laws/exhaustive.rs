//! Small tori, exhaustively: every order of delivery that Erlang's signal order permits, with a death of any
//! cell or collector between any two steps.

use kernel::World;
use kernel::explore::{Explorer, Law, Scene};
use life::{Array, Being, Cell, Grid, Memory, Say, Torus};

use crate::run::truth;

type Small = Scene<Being>;

struct Told {
    scene: Small,
    truth: Vec<Array>,
    until: Vec<u32>,
}

/// A torus of which each cell has been told how far to go, with nothing delivered since.
fn told(torus: Torus, memory: Memory, until: &[u32], faults: u32) -> Told {
    let mut first = Array::empty(torus);
    first.set(0, true);
    let mut grid = Grid::new(torus, memory, ());
    grid.set(&first).unwrap();
    let world = grid.world_mut();
    let node = world.node("life/cells").unwrap();
    for (place, until) in (0..).zip(until) {
        let cell = world.child(node, place).unwrap();
        world.send(cell, Say::Run { until: *until });
    }
    for _ in until {
        assert!(world.deliver_at(0)); // a command that is lost is given again by the edge
    }
    let scene = Scene::new(world.clone()).faults(faults);
    let last = until.iter().copied().max().unwrap();
    Told { scene, truth: truth(&first, last), until: until.to_vec() }
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

/// Nobody has forgotten what the next life of a neighbour would ask for.
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
    Law::can_always("each can come as far as it was told", move |scene: &Small| {
        let census = scene.world.census();
        let there = |cell: &&Cell| {
            cell.history().now() == until[cell.place() as usize] && cell.waiting() == 0
        };
        cells(&scene.world).filter(there).count() == until.len()
            && (census.processes, census.ties) == (until.len(), 0)
    })
}

fn prove(size: (u16, u16), memory: Memory, until: &[u32], faults: u32) {
    let torus = Torus::new(size.0, size.1).unwrap();
    let Told { scene, truth, until } = told(torus, memory, until, faults);
    let mut laws = vec![truthful(truth), arrives(until.clone())];
    if memory != Memory::Whole && until.iter().all(|until| *until > 0) {
        laws.push(kept(torus));
    }
    let report = Explorer::new(scene).laws(laws).search();
    println!("{torus} to {until:?}: {} states, {} moves", report.states, report.moves);
    assert!(report.is_proof(), "{report:?}");
}

#[test]
fn a_cell_that_is_its_own_neighbours_holds_in_every_order_with_a_death() {
    prove((1, 1), Memory::Since(1), &[2], 1);
    prove((1, 1), Memory::Whole, &[2], 1);
}

#[test]
fn a_step_beside_one_that_only_answers_holds_in_every_order_with_a_death() {
    prove((1, 2), Memory::Since(1), &[1, 0], 1);
}
