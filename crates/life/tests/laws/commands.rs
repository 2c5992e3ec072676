//! Commands: set, step, run until, pause, get at a time, history, lag.

use kernel::Seeded;
use life::{Array, Grid, Memory, Message, SetError, Torus};

use crate::run::{soup, truth};

fn grid(memory: Memory) -> (Grid, Vec<Array>) {
    let torus = Torus::new(9, 6).unwrap();
    let first = soup(torus, &mut Seeded::new(1));
    let mut grid = Grid::new(torus, memory, ());
    grid.set(&first).unwrap();
    (grid, truth(&first, 300))
}

#[test]
fn a_step_is_one_step_of_all() {
    let (mut grid, truth) = grid(Memory::Since(4));
    for contents in &truth[1..10] {
        grid.step();
        grid.settle();
        assert_eq!(grid.contents(), *contents);
    }
}

#[test]
fn contents_are_set_before_the_first_step_and_never_after() {
    let (mut grid, truth) = grid(Memory::Whole);
    grid.set(&truth[0]).unwrap(); // as often as one likes
    let other = Torus::new(3, 3).unwrap();
    let given = SetError::Size { grid: grid.torus(), given: other };
    assert_eq!(grid.set(&Array::empty(other)), Err(given));
    grid.get(5, 0);
    grid.settle();
    assert_eq!(grid.set(&truth[1]), Err(SetError::Told { place: 5 }));
    grid.step();
    grid.settle();
    assert!(matches!(grid.set(&truth[0]), Err(SetError::Told { .. })));
    assert_eq!(grid.contents(), truth[1]);
}

#[test]
fn a_cell_that_was_set_and_killed_has_not_forgotten_it() {
    let (mut grid, truth) = grid(Memory::Since(9));
    (0..grid.torus().cells()).for_each(|place| assert!(grid.kill_cell(place)));
    grid.settle();
    assert_eq!(grid.contents(), truth[0]);
    assert_eq!(grid.restarts(), u64::from(grid.torus().cells()));
}

#[test]
fn whoever_asks_about_the_future_is_answered_when_it_comes() {
    let (mut grid, truth) = grid(Memory::Since(7));
    let ticket = grid.get(20, 200);
    grid.run_until(199);
    grid.settle();
    assert_eq!(grid.answer(ticket), None);
    grid.kill_cell(20); // the question dies with it, and is asked again
    grid.settle();
    grid.run_until(201);
    grid.settle();
    assert_eq!(grid.answer(ticket), Some(Message::Was { alive: truth[200].alive(20) }));
    assert_eq!(grid.answer(ticket), None, "it is fetched once");
    let past = grid.get(20, 3);
    grid.settle();
    assert!(matches!(grid.answer(past), Some(Message::Forgotten { first: 190.. })));
    assert_eq!(grid.world().census().processes, 54, "readers are gone when they are done");
}

#[test]
fn a_whole_history_can_be_read() {
    let (mut grid, truth) = grid(Memory::Whole);
    grid.run_until(300);
    grid.settle();
    grid.kill_cell(11); // and it is the same after a life that began at time 0
    grid.settle();
    let mut told = Vec::new();
    loop {
        let ticket = grid.history(11, u32::try_from(told.len()).unwrap());
        grid.settle();
        match grid.answer(ticket) {
            Some(Message::Past { first, count: count @ 1.., bits }) => {
                assert_eq!(first as usize, told.len());
                told.extend((0..count).map(|bit| bits >> bit & 1 == 1));
            }
            Some(Message::Past { count: 0, .. }) => break,
            other => panic!("{other:?}"),
        }
    }
    let truth: Vec<bool> = truth.iter().map(|contents| contents.alive(11)).collect();
    assert_eq!(told, truth);
}

#[test]
fn paused_cells_stand_at_different_times_and_go_on_to_the_same_end() {
    let (mut grid, truth) = grid(Memory::Since(32));
    grid.run_until(300);
    grid.kill_cell(0);
    while grid.latest() < 40 {
        assert!(grid.advance(100));
    }
    grid.pause();
    grid.settle();
    let (earliest, latest) = (grid.earliest(), grid.latest());
    assert!(earliest < latest && latest < 300, "{earliest} to {latest}");
    let most = grid.lag().into_iter().flatten().max();
    assert_eq!(most, Some(latest - earliest));
    grid.kill_cell(30);
    grid.settle();
    assert!(grid.latest() < 300, "no cell runs without a command");
    grid.run_until(300);
    grid.settle();
    assert_eq!(grid.contents(), truth[300]);
}
