//! The floors of real runs, before their model.

use std::collections::BTreeMap;

use checker::component::Effect;
use kernel::Pid;
use lab::laws::run_before;
use lab::world::{Observed, Who};
use market::{LEDGER, orders_of};
use protocol::Message;
use units::MarketId;

use super::Floor;
use super::peers::Peers;
use crate::traces::{Pairs, Recorder, Step, judge};

/// A floor that has found its market empty: runs are looked at from there on.
fn first(market: MarketId) -> Floor {
    let mut floor = Floor::new(market, Peers::default());
    floor.next_life();
    (floor.number, floor.recovery) = (floor.number + 1, None);
    floor
}

/// The orders that a step has queried. (The laws check that these are all: one that is left out is not on the floor.)
fn asked(step: &Step) -> Vec<Pid> {
    let asked = step.done.iter().filter_map(|did| match did {
        Effect::Says { to, message: Message::QueryState { .. } } => Some(*to),
        _ => None,
    });
    asked.collect()
}

/// Judges every floor of these runs. Gives what came to them where, and how many steps that were.
pub(crate) fn judged(seeds: std::ops::Range<u64>) -> (Pairs, u64) {
    let (mut pairs, mut steps) = (Pairs::new(), 0);
    for seed in seeds {
        let mut recorder = Recorder::default();
        let mut floors: BTreeMap<MarketId, Floor> = BTreeMap::new();
        run_before(seed, &mut |stage, seen| {
            let world = stage.world();
            for event in seen {
                if let &Observed::Started(pid, _, incarnation) = event
                    && let Who::Floor(market) = stage.who(pid)
                    && incarnation > 1
                {
                    let floor = floors.entry(market).or_insert_with(|| first(market));
                    floor.life = incarnation - 1;
                    floor.next_life();
                }
            }
            for step in recorder.steps(stage, seen) {
                let Who::Floor(market) = stage.who(step.pid) else { continue };
                let floor = floors.entry(market).or_insert_with(|| first(market));
                floor.now = stage.now();
                floor.ledger = world.whereis(LEDGER).unwrap_or(Pid::OUTSIDE);
                floor.supervisor = world.whereis(orders_of(market)).unwrap_or(Pid::OUTSIDE);
                floor.peers.real = asked(&step);
                judge(floor, &step, &mut pairs, seed);
                steps += 1;
            }
        })
        .unwrap_or_else(|violation| panic!("{violation}"));
    }
    (pairs, steps)
}
