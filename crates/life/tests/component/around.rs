//! Who is around a cell, reckoned from the eight places alone, and not as a cell does it.

use std::collections::BTreeMap;

use checker::component::Stage;
use kernel::Pid;
use life::{Being, Torus, Ways};

/// A played neighbour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Neighbour {
    pub(crate) place: u32,
    pub(crate) pid: Pid,
    /// From the cell to it.
    pub(crate) ways: Ways,
    /// From it to the cell.
    pub(crate) back: Ways,
}

/// Plays each neighbour of a place, under its name.
pub(crate) fn play(torus: Torus, place: u32, stage: &mut Stage<Being>) -> Vec<Neighbour> {
    let mut around: BTreeMap<u32, (u8, u8)> = BTreeMap::new();
    for (way, there) in (0..8).zip(torus.neighbours(place)) {
        let (ways, back) = around.entry(there).or_default();
        *ways |= 1 << way;
        *back |= 1 << (7 - way);
    }
    let play = |(place, (ways, back))| {
        let pid = stage.play_as(Torus::name(place));
        Neighbour { place, pid, ways: Ways(ways), back: Ways(back) }
    };
    around.into_iter().map(play).collect()
}

/// If it is a neighbour that dies, it has another life at once, which bears its name.
pub(crate) fn dies(who: Pid, neighbours: &mut [Neighbour], stage: &mut Stage<Being>) {
    if let Some(neighbour) = neighbours.iter_mut().find(|neighbour| neighbour.pid == who) {
        neighbour.pid = stage.play_as(Torus::name(neighbour.place));
    }
}
