//! Live, in order of sending: sizes and patterns, kills by the thousand, and that a torus closes.

use kernel::Seeded;
use life::{Array, Grid, Memory, Torus};

use crate::run::soup;

#[test]
fn every_size_comes_to_the_arrays_result() {
    for (width, height) in
        [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 3), (2, 5), (7, 4), (40, 30)]
    {
        let torus = Torus::new(width, height).unwrap();
        for memory in [Memory::Whole, Memory::Since(1), Memory::Since(Memory::LONGEST)] {
            let mut array = soup(torus, &mut Seeded::new(u64::from(width * height)));
            let mut grid = Grid::new(torus, memory, ());
            grid.set(&array).unwrap();
            grid.run_until(150);
            grid.settle();
            array.run(150);
            assert_eq!(grid.contents(), array, "{torus} {memory:?}");
            assert_eq!((grid.earliest(), grid.latest()), (150, 150));
        }
    }
}

#[test]
fn kills_at_the_live_edge_change_nothing() {
    let torus = Torus::new(32, 32).unwrap();
    let mut chance = Seeded::new(7);
    let mut array = soup(torus, &mut chance);
    let mut grid = Grid::new(torus, Memory::Since(32), ());
    grid.set(&array).unwrap();
    grid.run_until(100);
    let mut kills = 0;
    while grid.advance(1 + chance.draw() % 2000) {
        let place = u32::try_from(chance.below(1024)).unwrap();
        kills += u64::from(grid.kill_cell(place));
        let other = u32::try_from(chance.below(1024)).unwrap();
        grid.kill_collector(other);
    }
    array.run(100);
    assert_eq!(grid.contents(), array);
    assert_eq!(grid.restarts(), kills);
    assert!(kills > 100, "{kills} kills");
}

#[test]
fn a_glider_walks_around_the_torus_and_is_back() {
    let torus = Torus::new(8, 8).unwrap();
    let mut glider = Array::empty(torus);
    for (x, y) in [(1, 0), (2, 1), (0, 2), (1, 2), (2, 2)] {
        glider.set(torus.place(x, y), true);
    }
    let mut grid = Grid::new(torus, Memory::Since(8), ());
    grid.set(&glider).unwrap();
    grid.run_until(32); // one cell down and to the right each four steps
    grid.settle();
    assert_eq!(grid.contents(), glider);
}
