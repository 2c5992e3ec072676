//! Checks the orders of real runs by their model.

use std::collections::BTreeMap;

use kernel::Pid;
use lab::laws::run_before;
use lab::world::Observed;
use market::{LEDGER, floor_of};
use units::{MarketId, OrderId};

use super::Order;
use crate::traces::{Pairs, Recorder, judge};

/// Checks every order of these runs. Returns their inputs by state, and the number of steps.
pub(crate) fn judged(seeds: std::ops::Range<u64>) -> (Pairs, u64) {
    let (mut pairs, mut steps) = (Pairs::new(), 0);
    for seed in seeds {
        let mut recorder = Recorder::default();
        let mut orders: BTreeMap<u64, (Pid, Order)> = BTreeMap::new();
        run_before(seed, &mut |stage, seen| {
            let world = stage.world();
            for event in seen {
                let &Observed::Started(pid, key, incarnation) = event else { continue };
                if key == 0 {
                    continue;
                }
                let is_in = |market: &u16| {
                    let orders = world.node(&format!("exchange/M{market}/orders"));
                    let children = orders.map(|orders| world.which_children(orders));
                    children.is_some_and(|all| all.iter().any(|child| child.pid == Some(pid)))
                };
                let market = MarketId((0..2).find(is_in).unwrap_or(0));
                let fresh = Order::new(OrderId(key), market);
                let order = orders.entry(key).or_insert((pid, fresh.clone()));
                order.0 = pid;
                if incarnation == 1 {
                    order.1 = fresh; // an order whose entry was never delivered may be entered again
                } else {
                    order.1.next_life();
                    order.1.incarnation = incarnation;
                }
            }
            for step in recorder.steps(stage, seen) {
                let found = orders.values_mut().find(|(pid, _)| *pid == step.pid);
                let Some((_, order)) = found else { continue };
                order.floor = world.whereis(floor_of(order.market)).unwrap_or(Pid::OUTSIDE);
                order.ledger = world.whereis(LEDGER).unwrap_or(Pid::OUTSIDE);
                judge(order, &step, &mut pairs, seed);
                steps += 1;
            }
        })
        .unwrap_or_else(|violation| panic!("{violation}"));
    }
    (pairs, steps)
}
