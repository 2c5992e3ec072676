//! Small tori, exhaustively: every order of delivery that Erlang's signal order permits, with a death of any
//! cell or collector between any two steps.
//!
//! The example `exhaust` goes in the same way through a torus that takes too long for a test.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: a surprise is a failure, and figures are told"
)]

mod small;

use life::Memory;

use small::Case;

const CHECKPOINTS: Memory = Memory::Since(1);

/// Everything of it is seen, and every law holds and is put to the test.
fn prove(size: (u16, u16), memory: Memory, until: &[u32], deaths: u32) {
    let case = Case { size, memory, until, deaths };
    let report = case.explorer().search();
    println!("{case}: {} states, {} moves", report.states, report.moves);
    assert!(report.is_proof(), "{case}: {report:?}");
}

#[test]
fn a_cell_that_is_its_own_neighbour_holds_in_every_order_with_deaths() {
    prove((1, 1), CHECKPOINTS, &[4], 1);
    prove((1, 1), CHECKPOINTS, &[3], 2);
    prove((1, 1), Memory::Whole, &[3], 2);
}

#[test]
fn a_step_beside_those_that_only_answer_holds_in_every_order_with_a_death() {
    prove((1, 2), CHECKPOINTS, &[1, 0], 2);
    prove((2, 2), CHECKPOINTS, &[1, 0, 0, 0], 1);
}

#[test]
fn two_cells_that_both_make_steps_hold_in_every_order_with_a_death() {
    prove((1, 2), CHECKPOINTS, &[2, 1], 1);
    prove((1, 2), Memory::Whole, &[1, 1], 1);
}

#[test]
fn two_cells_the_other_way_hold_in_every_order_with_a_death() {
    prove((2, 1), CHECKPOINTS, &[1, 2], 1);
}

#[test]
fn three_cells_that_all_make_a_step_hold_in_every_order() {
    prove((1, 3), CHECKPOINTS, &[1, 1, 1], 0);
    prove((2, 2), CHECKPOINTS, &[1, 1, 1, 0], 0);
}
