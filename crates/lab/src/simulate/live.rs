//! A world in which every step is chosen and checked: it kills processes between the steps of a
//! command, and checks the laws of the handshake after each. Its interface is that of a service's
//! exchange; it knows no journal, and its clients only by their commands.

use std::collections::BTreeSet;
use std::mem::take;

use exchange::steps::Engine;
use exchange::{Exchange, Intake};
use kernel::Seeded;
use protocol::{Command, Fact, Response, Stamp};
use units::{CommandId, MarketId, OrderId, Time};

use super::counts::Counts;
use super::plan::Plan;
use super::record::Carried;
use crate::chart::Drawing;
use crate::faults::{Fault, Faults};
use crate::laws::{Broken, Delivery, History, Inspector, Law, Marks, drained};
use crate::world::{Observed, Stage, Who, Witness};

/// More steps than any command can need: beyond it the world runs in circles.
const ENOUGH: u32 = 1_000_000;
/// Longer than any restart intensity period.
const LONG: u64 = 2_000_000_000;
/// Interval, in commands, between full checks.
const LOOK_AT_ALL: usize = 256;
/// Most kills in one command: the exchange tries a command five times.
const KILLS_AT_ONCE: u32 = 3;

/// Facts, and their commands.
pub(super) type News = (Vec<(Stamp, Fact)>, Vec<Carried>);

/// A world from one start to its end.
pub(super) struct Live {
    pub(super) stage: Stage,
    inspector: Inspector,
    /// Counts.
    pub(super) marks: Marks,
    chance: Seeded,
    faults: Faults,
    delivery: Delivery,
    patient: bool,
    grudge: bool,
    /// The last killed order.
    last: Option<Who>,
    victims: [usize; 4],
    markets: u16,
    /// The events, if they are to be drawn.
    pub(super) drawing: Option<Drawing>,
    /// The first broken law.
    pub(super) broken: Option<Broken>,
    /// Facts since the last drain.
    pub(super) fresh: Vec<(Stamp, Fact)>,
    /// Commands with facts since the last drain.
    pub(super) asked: Vec<Carried>,
    /// Orders released in this world.
    released: BTreeSet<OrderId>,
    pub(super) counts: Counts,
}

impl Live {
    /// An exchange that has just recovered from these facts.
    pub(super) fn new(
        exchange: Exchange<Witness>,
        history: History,
        plan: &Plan,
        faults: Faults,
        seed: u64,
    ) -> Live {
        let mut live = Live {
            stage: Stage::of(exchange),
            inspector: Inspector::of(history),
            marks: Marks::default(),
            chance: Seeded::new(seed),
            faults,
            delivery: plan.delivery,
            patient: plan.patient && !plan.grudge,
            grudge: plan.grudge,
            last: None,
            victims: plan.victims,
            markets: plan.markets,
            drawing: None,
            broken: None,
            fresh: Vec::new(),
            asked: Vec::new(),
            released: BTreeSet::new(),
            counts: Counts::default(),
        };
        live.look();
        live
    }

    /// A full check; no signal may wait.
    pub(super) fn look_at_all(&mut self) {
        let judged = self
            .inspector
            .look(&self.stage, &[])
            .and_then(|()| drained(&self.stage, self.inspector.history()));
        self.judge(judged);
    }

    fn judge(&mut self, judged: Result<(), Broken>) {
        if let Err(broken) = judged {
            self.broken.get_or_insert(broken);
        }
    }

    fn look(&mut self) {
        let seen = self.stage.witnessed();
        for event in &seen {
            match event {
                Observed::Started(_, _, life) => self.counts.restarts += u64::from(*life > 1),
                Observed::Recorded(_, fact) => self.count(fact),
                _ => {}
            }
        }
        if let Some(drawing) = &mut self.drawing {
            drawing.take(&self.stage, &seen);
        }
        if self.broken.is_none() {
            let judged = self.inspector.look_near(&self.stage, &seen);
            self.marks.take(&self.stage, self.inspector.history(), &seen);
            self.judge(judged);
        }
    }

    fn count(&mut self, fact: &Fact) {
        let counts = &mut self.counts;
        match *fact {
            Fact::Voided { .. } => counts.voided_deals += 1,
            Fact::Entered(_) => counts.order_lifetimes += 1,
            Fact::Suspended { .. } => counts.suspended += 1,
            Fact::MarketStopped { .. } => counts.markets_stopped += 1,
            Fact::MarketResumed { .. } => counts.markets_resumed += 1,
            Fact::Traded { deal, .. } => {
                counts.trades += 1;
                let of_released = [deal.maker, deal.taker].map(|id| self.released.contains(&id));
                counts.released_trades += u64::from(of_released != [false; 2]);
            }
            Fact::Released { order } => {
                counts.released += 1;
                self.released.insert(order);
            }
            Fact::Cancelled { order, .. } => {
                let line = self.inspector.history().line(order);
                counts.suspended_cancelled += u64::from(line.is_some_and(|line| line.suspended));
            }
            _ => {}
        }
    }

    fn run_to_quiet(&mut self) {
        let (mut steps, mut kills) = (0, 0);
        while self.stage.world().waiting() > 0 && self.broken.is_none() {
            steps += 1;
            if kills < KILLS_AT_ONCE && self.faults.strikes(Fault::Kill) && self.kill() {
                kills += 1;
            } else if self.faults.strikes(Fault::Ruin) {
                self.ruin();
            } else if !self.deliver() {
                let what = "signals wait, and none may be delivered".to_owned();
                return self.judge(Err(Broken { law: Law::Drain, what }));
            }
            self.counts.steps += 1;
            self.look();
            if steps > ENOUGH {
                let what = "it runs in circles".to_owned();
                return self.judge(Err(Broken { law: Law::Drain, what }));
            }
        }
    }

    /// Kills a floor after each restart, in virtual time that stands still, until its market is stopped.
    fn ruin(&mut self) {
        let below = self.faults.below(Fault::Ruin, self.markets.into());
        let market = MarketId(u16::try_from(below).unwrap_or(0));
        for _ in 0..ENOUGH {
            let over = self.inspector.history().is_stopped(market)
                || self.stage.exchange().ledger().market(market).is_none();
            if over || self.broken.is_some() {
                return;
            }
            if self.stage.kill(Who::Floor(market)) {
                self.counts.kills += 1;
            } else if !self.deliver() {
                return; // the market is not open yet, or its floor is not restarted, which another law checks
            }
            self.look();
        }
    }

    fn deliver(&mut self) -> bool {
        self.delivery.deliver(&mut self.stage, &mut self.chance)
    }

    fn kill(&mut self) -> bool {
        let Some(who) = self.victim() else { return false };
        self.marks.before_kill(&self.stage, self.inspector.history(), who);
        if !self.stage.kill(who) {
            return false;
        }
        self.counts.kills += 1;
        self.last = Some(who).filter(|who| matches!(who, Who::Order(_)));
        if self.patient {
            let later = self.stage.world().now() + LONG;
            self.stage.exchange_mut().set_uptime(later);
        }
        true
    }

    /// Mostly a process that is about to receive a message: it is in the middle of something.
    fn victim(&mut self) -> Option<Who> {
        let below = |bound| self.faults.below(Fault::Kill, bound);
        let again = self.last.filter(|who| self.grudge && self.stage.find(*who).is_some());
        if again.is_some() && below(2) == 0 {
            return again;
        }
        let [orders, floors, ledger, supervisors] = self.victims;
        let pick = below(orders + floors + ledger + supervisors);
        let market = MarketId(u16::try_from(below(self.markets.into())).ok()?);
        if pick >= orders {
            return match pick - orders {
                pick if pick < floors => Some(Who::Floor(market)),
                pick if pick < floors + ledger => Some(Who::Ledger),
                _ => Some(Who::Orders(market)),
            };
        }
        let waiting: Vec<_> = self.stage.world().signals().take(8).collect();
        let signal = waiting.get(below(waiting.len()))?;
        let from_or_to = if below(4) == 0 { signal.from } else { signal.to };
        match self.stage.who(from_or_to) {
            order @ Who::Order(_) => Some(order),
            _ => {
                let mut alive = self.stage.processes();
                alive.next().map(|(_, id): (_, OrderId)| Who::Order(id))
            }
        }
    }

    fn note(fresh: &mut Vec<(Stamp, Fact)>, response: &Response) {
        if let Response::Fact(stamp, fact) = response {
            fresh.push((*stamp, *fact));
        }
    }
}

impl Engine for Live {
    fn begin(&mut self, time: Time, sink: &mut impl FnMut(CommandId, Response)) -> CommandId {
        let Live { stage, fresh, .. } = self;
        let number = stage.exchange_mut().begin(time, &mut |command, response| {
            Live::note(fresh, &response);
            sink(command, response);
        });
        self.look();
        number
    }

    fn submit(
        &mut self,
        time: Time,
        command: &Command,
        sink: &mut impl FnMut(CommandId, Response),
    ) -> CommandId {
        let (before, kills) = (self.fresh.len(), self.counts.kills);
        let mut asking = self.stage.exchange_mut().start(time);
        if let Some(drawing) = &mut self.drawing {
            drawing.command(asking.number(), command);
        }
        loop {
            let Live { stage, fresh, .. } = self;
            let runs = stage.exchange_mut().go_on(&mut asking, command, &mut |number, response| {
                Live::note(fresh, &response);
                sink(number, response);
            });
            self.look();
            if runs {
                let judged = self.inspector.history().check_let_in(command);
                self.judge(judged);
            }
            if !runs || self.broken.is_some() {
                break;
            }
            self.run_to_quiet();
        }
        if self.fresh.len() > before {
            let (number, in_peace) = (asking.number(), self.counts.kills == kills);
            self.asked.push(Carried { number, command: *command, in_peace });
        }
        self.counts.commands += 1;
        if let Some(why) = self.stage.exchange().death() {
            let what = format!("the world is over: {why}");
            self.judge(Err(Broken { law: Law::Drain, what }));
        }
        if self.chance.below(LOOK_AT_ALL) == 0 && self.broken.is_none() {
            self.look_at_all();
        }
        asking.number()
    }

    fn warm(&mut self, _soon: &[Command]) {}

    fn set_intake(&mut self, intake: Intake) {
        self.stage.exchange_mut().set_intake(intake);
    }

    fn set_uptime(&mut self, nanoseconds: u64) {
        self.stage.exchange_mut().set_uptime(nanoseconds);
    }

    fn facts(&self) -> u64 {
        self.stage.ledger().facts()
    }

    fn fold(&self) -> Vec<u8> {
        self.stage.exchange().fold()
    }
}

impl Live {
    /// Facts and commands since the last call.
    pub(super) fn news(&mut self) -> News {
        (take(&mut self.fresh), take(&mut self.asked))
    }
}
