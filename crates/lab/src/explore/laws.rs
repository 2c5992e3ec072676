//! The laws in the explorer's form. Their meaning is in [`crate::laws`]; here is which of them a
//! world tests, what must follow once faults stop, and the *sometimes* twin of each.

use checker::explore::Law as Rule;
use kernel::{Pid, Signal};
use market::Hold;
use protocol::Message;
use units::OrderId;

use super::state::order_in;
use super::{State, World};
use crate::laws::{Law, drained};
use crate::world::{Stage, Who};

/// Steps in which a party in doubt must have resolved its deal with the ledger.
const SOON: usize = 64;

impl World {
    /// Every law that this world tests. `Priority` needs one command at a time.
    pub fn laws(&self) -> Vec<Rule<State>> {
        self.judged().map(rule).collect()
    }

    /// One of its laws, by name.
    pub fn law(&self, name: &str) -> Option<Rule<State>> {
        self.judged().find(|law| law.name() == name).map(rule)
    }

    /// Names of its laws.
    pub fn law_names(&self) -> Vec<&'static str> {
        self.judged().map(Law::name).collect()
    }

    fn judged(&self) -> impl Iterator<Item = Law> {
        let has_priority = self.script.one_at_a_time && !self.script.in_a_rush;
        Law::ALL.into_iter().filter(move |law| *law != Law::Priority || has_priority)
    }
}

fn rule(law: Law) -> Rule<State> {
    let name = law.name();
    let rule = match law {
        Law::Solo => Rule::from_each(name, solo),
        Law::CanResolve => Rule::can_always(name, State::is_settled),
        Law::Drain => Rule::ends(name, ends_well),
        _ => Rule::always(name, move |state: &State| {
            let broken = state.broken().iter().find(|broken| broken.law == law);
            broken.map_or(Ok(()), |broken| Err(broken.what.clone()))
        }),
    };
    rule.sometimes(move |state| twin(law, state))
}

/// True in a state that tests a law.
fn twin(law: Law, state: &State) -> bool {
    let (stage, history) = (state.stage(), state.history());
    let traded = || history.lines().any(|line| line.trades > 0);
    let mut orders = stage.processes().filter_map(|(pid, _)| order_in(stage, pid));
    match law {
        Law::NoOverfill => history.lines().any(|line| line.filled == line.size),
        // A party does not know yet how its deal has ended.
        Law::Agreement => stage.world().notes().any(|hold| history.has_ended(&hold.deal)),
        Law::Awareness => stage.world().notes().any(|hold| history.is_trade(&hold.deal)),
        Law::Conservation => orders.any(|order| !order.held().is_zero()),
        Law::FairPrice | Law::Priority => traded(),
        Law::OutsideFacts => history.lines().any(|line| !line.is_open()),
        Law::Books => orders.any(|order| order.knows_itself()),
        Law::OneIntroduction => {
            let introduces = |say: &Message| matches!(say, Message::Introduce { .. });
            stage.world().signals().filter_map(crate::world::message).any(introduces)
        }
        Law::NoBug => state.has_lost_somebody() || traded(),
        Law::Solo => in_doubt(stage).next().is_some(),
        Law::CanResolve => !state.is_settled(),
        Law::Drain => state.is_settled(),
        // There are no price rules here, no service and no disk.
        Law::PriceRules | Law::Told | Law::Kept => false,
    }
}

/// The end of a run, when faults have stopped and every client has its answers.
pub(super) fn ends_well(state: &State) -> Result<(), String> {
    if !state.is_settled() {
        return Err(format!("nothing can happen any more, and it is not settled: {state:?}"));
    }
    drained(state.stage(), state.history()).map_err(|broken| broken.what)
}

/// Orders with a logged hold, alive or about to restart.
fn in_doubt(stage: &Stage) -> impl Iterator<Item = (OrderId, Hold)> {
    let world = stage.world();
    let alive = stage.processes();
    let between = world.signals().filter_map(|signal| match signal.signal {
        Signal::ChildDown(_) => Some(signal.from),
        _ => None,
    });
    let between = between.filter_map(|pid| match stage.who(pid) {
        Who::Order(order) => Some((pid, order)),
        _ => None,
    });
    alive.chain(between).filter_map(|(pid, order)| Some((order, *world.note(pid)?)))
}

/// Each party with a logged hold resolves it with the ledger alone. The last of them consumes the state.
fn solo(state: &mut State) -> Result<(), String> {
    let mut parties: Vec<_> = in_doubt(&state.stage).collect();
    let Some((order, hold)) = parties.pop() else { return Ok(()) };
    for (order, hold) in parties {
        settles_alone(&mut state.stage.clone(), order, hold)?;
    }
    settles_alone(&mut state.stage, order, hold)
}

/// A party's partner dies, and only signals to the party, from it to the ledger, and to supervisors are delivered.
fn settles_alone(stage: &mut Stage, order: OrderId, hold: Hold) -> Result<(), String> {
    stage.kill_at(hold.partner);
    for _ in 0..SOON {
        let Some((from, to)) = next_alone(stage, order, hold.partner) else { break };
        stage.deliver_between(from, to);
        stage.drop_idle();
        let seen = stage.seen();
        stage.reuse(seen);
    }
    let holds = stage.find(Who::Order(order)).and_then(|pid| stage.world().note(pid).copied());
    let is_gone = stage.ledger().order(order).is_none_or(|line| line.is_suspended());
    let settled = holds.is_none_or(|other| other.deal != hold.deal)
        && (is_gone || stage.find(Who::Order(order)).is_some());
    if settled {
        return Ok(());
    }
    Err(format!("{order} cannot settle {:?} with the ledger alone", hold.deal))
}

/// The oldest signal that may be delivered while a party is alone with the ledger.
fn next_alone(stage: &Stage, order: OrderId, partner: Pid) -> Option<(Pid, Pid)> {
    let mut ready = Vec::new();
    stage.world().ready_pairs(|from, to| ready.push((from, to)));
    let is_own = |pid: Pid| stage.who(pid) == Who::Order(order);
    let partner = stage.who(partner);
    ready.into_iter().find(|(from, to)| match stage.who(*to) {
        Who::Order(_) => is_own(*to),
        Who::Ledger => is_own(*from),
        Who::Orders(_) | Who::Supervisor => stage.who(*from) != partner,
        Who::Floor(_) | Who::Client => false,
    })
}
