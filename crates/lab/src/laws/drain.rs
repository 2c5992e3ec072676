//! The law of drain: once faults have stopped and no message is left, every floor is
//! quiet, no order holds anything, no two orders cross, and floor, processes and facts agree.

use std::collections::BTreeMap;

use protocol::TimeInForce;
use units::{MarketId, OrderId, Side};

use super::history::{History, check};
use super::{Broken, Law};
use crate::world::Stage;

/// Checks a world without waiting signals.
pub fn drained(stage: &Stage, history: &History) -> Result<(), Broken> {
    let waiting = stage.world().waiting();
    check(waiting == 0, Law::Drain, || format!("{waiting} signals wait"))?;
    let markets: Vec<_> = stage.exchange().markets().map(|(market, _)| market).collect();
    for market in markets {
        check_floor(stage, history, market)?;
    }
    check_processes(stage, history)
}

fn check_processes(stage: &Stage, history: &History) -> Result<(), Broken> {
    let mut alive: BTreeMap<OrderId, usize> = BTreeMap::new();
    for (pid, id) in stage.processes() {
        let order = stage.world().process(pid).and_then(|party| party.as_order());
        let held = order.map_or(units::Lots::ZERO, |order| order.held());
        let note = stage.world().note(pid);
        check(held.is_zero() && note.is_none(), Law::Drain, || {
            format!("{id} holds {held} for {note:?}")
        })?;
        let line = history.line(id).filter(|line| line.is_open());
        let open = order.map(|order| order.open());
        check(line.is_some() && line.map(|l| l.remaining()) == open, Law::Drain, || {
            format!("{id} is there with {open:?} open; its line is {line:?}")
        })?;
        *alive.entry(id).or_default() += 1;
    }
    for line in history.lines() {
        let id = line.entered.order;
        let stopped = history.is_stopped(line.entered.new.market);
        let works = line.is_open() && !line.suspended && !stopped;
        let there = alive.get(&id).copied().unwrap_or(0);
        check(there == usize::from(works), Law::Drain, || {
            format!("{there} processes of {id}, whose line is {line:?}")
        })?;
        let may_rest = line.entered.new.time_in_force == TimeInForce::GoodTillCancel;
        check(!works || may_rest, Law::Drain, || format!("{id} may not rest, and does"))?;
    }
    Ok(())
}

fn check_floor(stage: &Stage, history: &History, market: MarketId) -> Result<(), Broken> {
    let floor = stage.exchange().floor(market);
    if history.is_stopped(market) {
        return check(floor.is_none(), Law::Drain, || format!("{market} is stopped, with a floor"));
    }
    let Some(floor) = floor else {
        return Err(Broken { law: Law::Drain, what: format!("{market} has no floor") });
    };
    check(floor.is_quiet(), Law::Drain, || format!("the floor of {market} is not quiet"))?;
    let mut best = Vec::new();
    for side in [Side::Buy, Side::Sell] {
        let (shown, right) = (floor.resting(side), history.book(market, side));
        check(shown == right, Law::Drain, || {
            format!("floor of {market} shows {side} {shown:?}, the facts {right:?}")
        })?;
        best.extend(shown.first().map(|(_, price, _)| *price));
    }
    let crossed = matches!(best[..], [bid, ask] if bid >= ask);
    check(!crossed, Law::Drain, || format!("{market} is crossed: {best:?}"))
}
