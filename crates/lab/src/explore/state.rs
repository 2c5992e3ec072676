//! One state of a world, and its steps: a signal is delivered, a client submits, a process
//! dies, the disk has synced. The shipped code takes every step; this module only lists them.

use std::fmt;
use std::sync::Arc;

use checker::explore::System;
use kernel::Pid;
use market::Party;
use protocol::Command;
use units::{CommandId, OrderId};

use super::World;
use super::disk::Disk;
use super::kept::{Kept, digest};
use super::scenario::{Script, Wish};
use crate::laws::{Broken, History, Inspector};
use crate::oracle::{Oracle, Outcome};
use crate::world::{Observed, Stage, Who};

/// Longer than any restart intensity period, in nanoseconds.
const LONG: u64 = 2_000_000_000;

/// One possible step.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Step {
    /// The oldest signal between these two is delivered.
    Deliver {
        /// The sender.
        from: Pid,
        /// The receiver.
        to: Pid,
    },
    /// A client submits a line, by number.
    Ask(usize),
    /// A command without facts is submitted again under its number, as the exchange does.
    Again(usize),
    /// All written facts become durable, and clients hear of them.
    Sync,
    /// Time advances to the next timer.
    Tick,
    /// A process dies.
    Kill(Who),
    /// The world is lost, with its log except the durable part and this many commands after it.
    Die(usize),
}

/// The state of a line.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Status {
    /// Not submitted; or submitted and lost with its world.
    Unsaid,
    /// Accepted under this number.
    Asked(CommandId),
    /// Rejected by validation; the client hears that when the facts before it are durable.
    Answered(Option<OrderId>),
    /// Answered. For a new order with the order's number, unless it was rejected.
    Told(Option<OrderId>),
}

/// A state of a world.
#[derive(Clone)]
pub struct State {
    pub(super) script: Arc<Script>,
    pub(super) stage: Stage,
    /// Shared by all states in which its contents are equal.
    pub(super) inspector: Arc<Inspector>,
    /// Its fingerprint, once computed.
    pub(super) inspected: Option<u64>,
    pub(super) statuses: Vec<Status>,
    pub(super) faults: u32,
    pub(super) disk: Option<Disk>,
    /// The oracle, where commands come one at a time.
    pub(super) oracle: Option<Oracle>,
    /// Results of the command in progress, in the oracle's words.
    pub(super) outcomes: Vec<Outcome>,
    /// The law that the last step broke.
    pub(super) broken: Vec<Broken>,
}

impl World {
    /// Its first state: the markets are open, and no command has come.
    pub fn start(&self) -> State {
        let script = self.script.clone();
        let mut stage = Stage::opening_with(script.specs.iter().copied());
        let seen = stage.seen();
        let mut disk = script.may_die.then(Disk::default);
        if let Some(disk) = &mut disk {
            disk.take(&seen, &stage);
            disk.sync(disk.written());
        }
        let mut oracle = (script.one_at_a_time && !script.in_a_rush).then(Oracle::new);
        if let Some(oracle) = &mut oracle {
            for (number, spec) in (1..).zip(&script.specs) {
                oracle.submit(CommandId(number), &Command::OpenMarket(*spec));
            }
        }
        State {
            stage,
            inspector: Arc::default(),
            inspected: None,
            statuses: vec![Status::Unsaid; script.lines.len()],
            faults: script.faults,
            disk,
            oracle,
            outcomes: Vec::new(),
            broken: Vec::new(),
            script,
        }
    }
}

impl State {
    /// The exchange in it.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// The facts so far.
    pub fn history(&self) -> &History {
        self.inspector.history()
    }

    /// The law that the last step broke.
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }

    /// True if a process has died on the way here.
    pub fn has_lost_somebody(&self) -> bool {
        self.faults < self.script.faults
    }

    /// True if the run is complete: no signal is left, and every command was answered.
    pub fn is_settled(&self) -> bool {
        self.stage.world().waiting() == 0
            && self.statuses.iter().all(|status| matches!(status, Status::Told(_)))
            && self.disk.as_ref().is_none_or(Disk::is_synced)
    }

    /// Takes a step, and returns its events. The laws are checked.
    pub fn take(&mut self, step: &Step) -> Vec<Observed> {
        let seen = self.happen(step);
        self.consider();
        seen
    }

    /// Takes a step, and checks only its events and not the state after it.
    fn happen(&mut self, step: &Step) -> Vec<Observed> {
        self.broken.clear();
        let mut answered = None;
        match *step {
            Step::Deliver { from, to } => {
                self.stage.deliver_between(from, to);
            }
            Step::Ask(line) => answered = self.submit(line),
            Step::Again(line) => answered = self.submit_again(line),
            Step::Sync => {
                if let Some(disk) = &mut self.disk {
                    disk.sync(disk.written());
                }
            }
            Step::Tick => self.stage.tick(),
            Step::Kill(who) => {
                self.faults = self.faults.saturating_sub(1);
                if !self.script.in_a_rush {
                    self.stage.pass_time(LONG);
                }
                self.stage.kill(who);
            }
            Step::Die(kept) => return self.die(kept),
        }
        self.stage.drop_idle();
        let seen = self.stage.seen();
        self.look(&seen);
        if let Some(disk) = &mut self.disk {
            disk.take(&seen, &self.stage);
        }
        self.hear(answered);
        seen
    }

    fn look(&mut self, seen: &[Observed]) {
        // Most steps do not concern the inspector, and then all states go on sharing it.
        if Inspector::is_concerned(seen) {
            self.inspected = None;
            let inspector = Arc::make_mut(&mut self.inspector);
            self.broken.extend(inspector.hear(&self.stage, seen));
        }
        if !self.inspector.remembers_only_what_counts(&self.stage) {
            self.inspected = None;
            Arc::make_mut(&mut self.inspector).forget(&self.stage);
        }
        if self.oracle.is_some() {
            self.outcomes.extend(seen.iter().filter_map(|event| match event {
                Observed::Recorded(_, fact) => Outcome::of_fact(fact),
                _ => None,
            }));
        }
    }

    /// The world is lost and recovers; every acknowledged answer must be true in it.
    fn die(&mut self, kept: usize) -> Vec<Observed> {
        self.faults = self.faults.saturating_sub(1);
        let Some(disk) = &mut self.disk else { return Vec::new() };
        let (stage, seen) = disk.recover(kept);
        let mut before = std::mem::replace(&mut self.stage, stage);
        self.stage.come_after(&mut before);
        self.inspector = Arc::new(Inspector::of(disk.told().clone()));
        self.inspected = None;
        self.look(&seen);
        for status in &mut self.statuses {
            if let Status::Asked(_) | Status::Answered(_) = status {
                *status = Status::Unsaid; // without an answer the client submits again, under the same id
            }
        }
        seen
    }

    // ---- processes that may crash

    fn mortals(&self, mut each: impl FnMut(Who)) {
        let may = |name: &str| {
            self.script.mortals.is_empty() || self.script.mortals.iter().any(|who| who == name)
        };
        for (_, order) in self.stage.processes() {
            if self.script.mortals.is_empty() || may(&self.name_of(order)) {
                each(Who::Order(order));
            }
        }
        for (market, _) in self.stage.exchange().markets() {
            for (who, name) in [(Who::Floor(market), "floor"), (Who::Orders(market), "orders")] {
                let may = may(name) && (name != "orders" || self.script.supervisors_too);
                if may && self.stage.find(who).is_some() {
                    each(who);
                }
            }
        }
        if may("ledger") && self.stage.find(Who::Ledger).is_some() {
            each(Who::Ledger);
        }
    }

    /// The order's name in the script.
    pub(super) fn name_of(&self, order: OrderId) -> String {
        let is = |number: &usize| match self.statuses[*number] {
            Status::Asked(id) => OrderId(id.0) == order,
            Status::Told(known) | Status::Answered(known) => known == Some(order),
            Status::Unsaid => false,
        };
        let places = |number: &usize| {
            matches!(self.script.lines[*number].wish, Wish::Place { .. }) && is(number)
        };
        let line = (0..self.statuses.len()).find(places);
        line.map_or_else(
            || order.to_string(),
            |line| self.script.names[self.script.lines[line].order].clone(),
        )
    }

    /// The next step of a run without choices: in order of sending, each command when no message is left.
    pub fn next_in_order(&self) -> Option<Step> {
        if let Some(envelope) = self.stage.first() {
            return Some(Step::Deliver { from: envelope.from, to: envelope.to });
        }
        let mut steps = Vec::new();
        self.actions(&mut steps);
        let is_fair = |step: &Step| !State::is_fault(step);
        let sync = steps.iter().find(|step| **step == Step::Sync);
        sync.or_else(|| steps.iter().find(|step| is_fair(step))).copied()
    }
}

impl System for State {
    type Action = Step;
    type Kept = Kept;

    fn actions(&self, moves: &mut Vec<Step>) {
        moves.clear();
        let world = self.stage.world();
        let is_quiet = world.waiting() == 0;
        world.ready_pairs(|from, to| moves.push(Step::Deliver { from, to }));
        for number in 0..self.statuses.len() {
            if self.may_submit(number) {
                moves.push(Step::Ask(number));
            }
            if let Status::Asked(id) = self.statuses[number]
                && is_quiet
                && !self.is_answered(number, id, self.history(), self.stage.ledger())
            {
                moves.push(Step::Again(number));
            }
        }
        let written = self.written();
        if written > 0 {
            moves.push(Step::Sync);
        }
        if world.next_timer().is_some() {
            moves.push(Step::Tick);
        }
        if self.faults > 0 {
            self.mortals(|who| moves.push(Step::Kill(who)));
            if self.disk.is_some() {
                moves.extend((0..=written).map(Step::Die));
            }
        }
    }

    fn make(&mut self, chosen: &Step) {
        let seen = self.happen(chosen);
        self.stage.reuse(seen);
    }

    fn fingerprint(&self) -> u64 {
        self.fingerprint_with(self.stage.world().fingerprint(), digest(&self.inspector))
    }

    fn fingerprint_anew(&mut self) -> u64 {
        let inspector = self.inspected();
        let world = self.stage.fingerprint_anew();
        self.fingerprint_with(world, inspector)
    }

    fn keep(&mut self) -> Kept {
        Kept::of(self)
    }

    fn put_back(&mut self, kept: &Kept) {
        kept.put_into(self);
    }

    fn consider(&mut self) {
        self.broken.extend(self.inspector.check(&self.stage, true));
    }

    fn is_fault(chosen: &Step) -> bool {
        matches!(chosen, Step::Kill(_) | Step::Die(_))
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "State({:?}, {:?})", self.stage.world(), self.statuses)
    }
}

/// The kind of a process, for laws about one.
pub(super) fn order_in(stage: &Stage, pid: Pid) -> Option<&market::Order> {
    stage.world().process(pid).and_then(Party::as_order)
}
