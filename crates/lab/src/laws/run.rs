//! One run of a world under faults, drawn from a seed: the commands, the deliveries, the kills.
//! The same seed gives the same run. Faults stop before the end, unanswered
//! commands are submitted again, and then everything must settle.

use std::fmt;

use exchange::Admission;
use kernel::Seeded;
use protocol::{Command, Fact, NewOrder, Replace, Response, TimeInForce};
use units::{AccountId, CommandId, Lots, MarketId, OrderId, Price, Side};

use super::drain::drained;
use super::plan::Plan;
use super::rows::Rows;
use super::safety::Inspector;
use super::sometimes::Marks;
use super::{Broken, Law};
use crate::chart::Drawing;
use crate::oracle::{Oracle, Outcome};
use crate::world::{Observed, PriceRules, Stage, Who};

/// More steps than any run can need: beyond it the world runs in circles.
const ENOUGH: usize = 100_000;
/// How often an unanswered command is submitted again once faults have stopped.
const TRIES: u32 = 5;
/// Longer than any restart intensity period.
const LONG: u64 = 2_000_000_000;

/// Result of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its plan.
    pub plan: Plan,
    /// Signals delivered.
    pub steps: usize,
    /// Processes killed.
    pub kills: u32,
    /// States that it reached.
    pub marks: Marks,
    /// The broken law, if any.
    pub wrong: Rows,
}

/// A broken law, with the run that broke it.
#[derive(Debug)]
pub struct Violation {
    /// The seed.
    pub seed: u64,
    /// Its plan.
    pub plan: Plan,
    /// Number of the step.
    pub step: usize,
    /// The law, and how it was broken.
    pub broken: Broken,
    /// All that happened, as a chart's rows.
    pub rows: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { seed, plan, step, broken, rows } = self;
        write!(f, "seed {seed}, step {step}: {broken}\n{plan:?}\n{rows}")
    }
}

impl std::error::Error for Violation {}

/// A command in progress.
#[derive(Clone, Copy, Debug)]
struct Pending {
    number: CommandId,
    command: Command,
    /// Number of facts when it was accepted.
    since: usize,
}

struct Run<'a> {
    onlooker: Onlooker<'a>,
    chance: Seeded,
    plan: Plan,
    stage: Stage,
    inspector: Inspector,
    marks: Marks,
    wrong: Rows,
    drawing: Drawing,
    pending: Vec<Pending>,
    placed: Vec<(OrderId, AccountId)>,
    /// The oracle, where commands come one at a time and no order is suspended.
    oracle: Option<Oracle>,
    commands_left: u32,
    kills_left: u32,
    steps: usize,
    turns: usize,
}

/// Runs a seed. The same seed gives the same run.
pub fn run(seed: u64) -> Result<Report, Box<Violation>> {
    run_before(seed, &mut |_, _| {})
}

/// Sees the world after each command, delivery and kill, with its events.
pub type Onlooker<'a> = &'a mut dyn FnMut(&Stage, &[Observed]);

/// As [`run`], with an onlooker.
pub fn run_before(seed: u64, onlooker: Onlooker<'_>) -> Result<Report, Box<Violation>> {
    let mut chance = Seeded::new(seed);
    // One seed in eight runs under price rules; seeds that once found a bug keep their original plan.
    let rules = match seed % 8 {
        5 => PriceRules::strict(seed / 8),
        _ => PriceRules::Any,
    };
    let plan = Plan { rules, ..Plan::draw(&mut chance) };
    let mut run = Run::new(chance, plan, onlooker);
    match run.all() {
        Ok(()) => {
            let (steps, kills) = (run.steps, plan.budget - run.kills_left);
            Ok(Report { plan, steps, kills, marks: run.marks, wrong: run.wrong })
        }
        Err(broken) => {
            let (step, rows) = (run.steps, run.drawing.text());
            Err(Box::new(Violation { seed, plan, step, broken, rows }))
        }
    }
}

impl<'a> Run<'a> {
    fn new(chance: Seeded, plan: Plan, onlooker: Onlooker<'a>) -> Run<'a> {
        let mut oracle = (plan.hurry == 0 && plan.patient).then(Oracle::new);
        let specs = (0..plan.markets).map(|market| plan.rules.spec(market, plan.prices));
        for (number, spec) in (1..).zip(specs.clone()) {
            if let Some(oracle) = &mut oracle {
                oracle.submit(CommandId(number), &Command::OpenMarket(spec));
            }
        }
        let mut stage = Stage::opening_with(specs);
        let mut inspector = Inspector::default();
        let seen = stage.seen();
        inspector.look(&stage, &seen).expect("markets that open break no law");
        Run {
            onlooker,
            chance,
            plan,
            stage,
            inspector,
            marks: Marks::default(),
            wrong: Rows::default(),
            drawing: Drawing::default(),
            pending: Vec::new(),
            placed: Vec::new(),
            oracle,
            commands_left: plan.commands,
            kills_left: plan.budget,
            steps: 0,
            turns: 0,
        }
    }

    /// Faults and commands until the commands are used up; then no more faults, and all must settle.
    fn all(&mut self) -> Result<(), Broken> {
        while self.commands_left > 0 {
            self.bound()?;
            let quiet = self.stage.world().waiting() == 0;
            let hurries = self.commands_left > 0 && self.draws(self.plan.hurry);
            if self.draws(self.plan.kills) {
                self.kill()?;
            } else if quiet && !self.pending.is_empty() && self.plan.hurry == 0 {
                self.submit_again()?;
            } else if quiet || hurries {
                self.submit()?;
            } else {
                self.step()?;
            }
        }
        self.settle()
    }

    /// Faults continue for the commands in progress, then stop.
    fn settle(&mut self) -> Result<(), Broken> {
        while self.stage.world().waiting() > 0 {
            self.bound()?;
            if self.draws(self.plan.kills) { self.kill()? } else { self.step()? }
        }
        self.kills_left = 0;
        self.pass_time();
        for _ in 0..TRIES {
            self.answered()?;
            drained(&self.stage, self.inspector.history())?;
            if self.pending.is_empty() {
                return self.recover();
            }
            self.submit_again()?;
            while self.stage.world().waiting() > 0 {
                self.bound()?;
                self.step()?;
            }
        }
        let what = format!("no answer without faults: {:?}", self.pending);
        Err(Broken { law: Law::Drain, what })
    }

    /// The world is lost and recovers from its facts: the same ledger, and no waiting signal.
    fn recover(&mut self) -> Result<(), Broken> {
        let lost = &self.stage;
        let recovered = Stage::recovered(lost.ledger().clone(), lost.next_command());
        drained(&recovered, self.inspector.history())
    }

    fn bound(&mut self) -> Result<(), Broken> {
        self.turns += 1;
        match self.turns < ENOUGH {
            true => Ok(()),
            false => Err(Broken { law: Law::Drain, what: "it runs in circles".into() }),
        }
    }

    fn draws(&mut self, of_1000: usize) -> bool {
        self.chance.below(1000) < of_1000
    }

    fn pass_time(&mut self) {
        self.stage.pass_time(LONG);
    }

    // ---- steps

    fn step(&mut self) -> Result<(), Broken> {
        if self.stage.world().waiting() == 0 {
            return Ok(());
        }
        self.steps += 1;
        let moved = self.plan.delivery.deliver(&mut self.stage, &mut self.chance);
        let what = || "signals wait, and none may be delivered".to_owned();
        if !moved {
            return Err(Broken { law: Law::Drain, what: what() });
        }
        self.look()
    }

    fn kill(&mut self) -> Result<(), Broken> {
        if self.kills_left == 0 {
            return self.step();
        }
        let victim = self.victim().filter(|who| self.stage.find(*who).is_some());
        let Some(who) = victim else { return self.step() };
        self.kills_left -= 1;
        self.marks.before_kill(&self.stage, self.inspector.history(), who);
        self.stage.kill(who);
        if self.plan.patient {
            self.pass_time();
        }
        self.look()
    }

    fn victim(&mut self) -> Option<Who> {
        let [orders, floors, ledger, supervisors] = self.plan.victims;
        let pick = self.chance.below(orders + floors + ledger + supervisors);
        let market = MarketId(u16::try_from(self.chance.below(self.plan.markets.into())).ok()?);
        if pick < orders {
            let alive: Vec<_> = self.stage.processes().map(|(_, id)| id).collect();
            (!alive.is_empty()).then(|| Who::Order(alive[self.chance.below(alive.len())]))
        } else if pick < orders + floors {
            Some(Who::Floor(market))
        } else if pick < orders + floors + ledger {
            Some(Who::Ledger)
        } else {
            Some(Who::Orders(market))
        }
    }

    fn look(&mut self) -> Result<(), Broken> {
        let seen = self.stage.seen();
        (self.onlooker)(&self.stage, &seen);
        self.drawing.take(&self.stage, &seen);
        let judged = self.inspector.look(&self.stage, &seen);
        self.marks.take(&self.stage, self.inspector.history(), &seen);
        self.wrong.take(&self.stage, self.inspector.history(), &seen);
        judged
    }

    // ---- commands

    fn submit(&mut self) -> Result<(), Broken> {
        if self.commands_left == 0 {
            return Ok(());
        }
        self.answered()?;
        self.commands_left -= 1;
        let command = self.draw_command();
        let since = self.inspector.history().facts().len();
        let (number, let_in) = self.stage.admit(&command);
        if let Command::NewOrder(place) = command {
            self.placed.push((OrderId(number.0), place.account));
        }
        self.drawing.command(number, &command);
        if let Admission::Answered(response) = let_in {
            self.marks.answered(&response);
            self.compare(number, &command, &[], Some(response))?;
        } else {
            self.inspector.history().check_let_in(&command)?;
            self.pending.push(Pending { number, command, since });
        }
        self.look()
    }

    fn submit_again(&mut self) -> Result<(), Broken> {
        self.answered()?;
        for pending in self.pending.clone() {
            let Pending { number, command, .. } = pending;
            self.drawing.command(number, &command);
            if let Admission::Answered(response) = self.stage.admit_again(number, &command) {
                self.pending.retain(|other| other.number != number);
                self.compare(number, &command, &[], Some(response))?;
            } else {
                self.inspector.history().check_let_in(&command)?;
            }
            self.look()?;
        }
        Ok(())
    }

    /// Removes the commands that facts have answered.
    fn answered(&mut self) -> Result<(), Broken> {
        let history = self.inspector.history();
        let is_open = |order| history.line(order).is_some_and(|line| line.is_open());
        let is_answered = |pending: &Pending| match pending.command {
            Command::OpenMarket(_) => true,
            Command::ResumeMarket { market } => !history.is_stopped(market),
            Command::NewOrder(_) => history.line(OrderId(pending.number.0)).is_some(),
            Command::Cancel { order, .. } => !is_open(order),
            Command::Release { order } => history.line(order).is_none_or(|line| !line.suspended),
            Command::Replace(command) => {
                let done = |fact: &Fact| {
                    matches!(*fact, Fact::Replaced { order, price, quantity, .. }
                        if (order, price, quantity) == (command.order, command.price, command.quantity))
                };
                !is_open(command.order) || history.facts()[pending.since..].iter().any(done)
            }
        };
        let (answered, pending) = self.pending.iter().partition(|p| is_answered(p));
        self.pending = pending;
        let answered: Vec<Pending> = answered;
        for Pending { number, command, since } in answered {
            let facts = self.inspector.history().facts()[since..].to_vec();
            self.compare(number, &command, &facts, None)?;
        }
        Ok(())
    }

    /// With one command at a time, with or without faults, the result is the oracle's.
    fn compare(
        &mut self,
        number: CommandId,
        command: &Command,
        facts: &[Fact],
        response: Option<Response>,
    ) -> Result<(), Broken> {
        let Some(oracle) = &mut self.oracle else { return Ok(()) };
        let right = oracle.submit(number, command);
        let facts = facts.iter().filter_map(Outcome::of_fact);
        let told: Vec<_> = facts.chain(response.as_ref().and_then(Outcome::of)).collect();
        if told == right {
            return Ok(());
        }
        let what = format!("command {number} {command:?} brought {told:?}, and should {right:?}");
        Err(Broken { law: Law::Priority, what })
    }

    fn draw_command(&mut self) -> Command {
        let kind = self.chance.below(100);
        if self.placed.is_empty() || kind < 60 {
            let account = AccountId(u32::try_from(self.chance.below(3)).unwrap_or(0));
            let market = self.chance.below(self.plan.markets.into());
            let market = MarketId(u16::try_from(market).unwrap_or(0));
            let side = if self.chance.below(2) == 0 { Side::Buy } else { Side::Sell };
            let (price, quantity) = (self.draw_price(), self.draw_quantity());
            let time_in_force = match self.chance.below(6) {
                0 => TimeInForce::ImmediateOrCancel,
                _ => TimeInForce::GoodTillCancel,
            };
            let client = None;
            return Command::NewOrder(NewOrder {
                account,
                client,
                market,
                side,
                price,
                quantity,
                time_in_force,
            });
        }
        // Mostly recent orders, which are open more often.
        let back = self.chance.below(self.placed.len()).min(self.chance.below(self.placed.len()));
        let (order, account) = self.placed[self.placed.len() - 1 - back];
        if kind < 75 {
            return Command::Cancel { account, order };
        }
        let (price, quantity) = (self.draw_price(), self.draw_quantity());
        Command::Replace(Replace { account, client: None, order, price, quantity })
    }

    fn draw_price(&mut self) -> Price {
        let Plan { rules, prices, .. } = self.plan;
        Price(rules.lowest(prices) + i64::try_from(self.chance.below(prices)).unwrap_or(0))
    }

    fn draw_quantity(&mut self) -> Lots {
        Lots(1 + self.chance.below(self.plan.quantity) as u64)
    }
}
