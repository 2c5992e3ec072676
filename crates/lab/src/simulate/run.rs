//! The main loop of a run: clients submit, the world answers, the journal writes, each at its virtual time;
//! faults strike in between; a lost world recovers. Then faults stop, and everything must settle.

use std::time::Duration;

use exchange::Intake;
use exchange::steps::Clock;
use kernel::Seeded;
use protocol::bytes::Facts;
use units::Time;

use super::clients::Clients;
use super::counts::Counts;
use super::live::Live;
use super::mistake::{Hasty, Mistake};
use super::plan::{Plan, Wanted};
use super::record::Record;
use super::recovery::{self, NoStart};
use super::sim_service::{Acknowledged, SimService, Turnout};
use super::strikes::Taken;
use super::{Report, Violation};
use crate::chart::Drawing;
use crate::disk::SimDisk;
use crate::faults::{Fault, Faults};
use crate::laws::{Broken, Law, Marks};

/// Failed starts in a row before the disk gets a rest.
const STARTS: u32 = 8;
/// Events per order after which faults stop whatever is left to do.
const EVENTS: u64 = 400;
/// How far the system's clock may jump.
const CLOCK_BOUND: Duration = Duration::from_secs(60);
/// A day, in nanoseconds.
pub(super) const DAY: u64 = 86_400_000_000_000;
/// Damages of the disk's bytes in one run: each costs a start.
const MOST_DAMAGE: u64 = 200;
/// Rows of a chart that are kept.
const ROWS: usize = 120;

/// A pending crash.
pub(super) struct PendingCrash {
    pub(super) at: u64,
    /// Written bytes survive in the page cache.
    pub(super) cache: bool,
}

pub(super) struct Run {
    pub(super) seed: Seeded,
    pub(super) plan: Plan,
    pub(super) mistake: Option<Mistake>,
    pub(super) faults: Faults,
    pub(super) disk: SimDisk,
    pub(super) clients: Clients,
    pub(super) record: Record,
    pub(super) counts: Counts,
    pub(super) marks: Marks,
    pub(super) service: Option<SimService>,
    pub(super) drawing: Option<Drawing>,
    /// The monotonic clock, which is also the true time.
    pub(super) clock: u64,
    /// How far the system clock is ahead of that, plus a day so that it can be behind.
    pub(super) skew: u64,
    pub(super) arrival: u64,
    pub(super) pending_crash: Option<PendingCrash>,
    /// Time until the operator restarts it.
    pub(super) pause: u64,
    /// Time at which the disk gets space again.
    pub(super) heals: Option<u64>,
    pub(super) resting: bool,
    /// Time at which new files can be created again.
    pub(super) inodes_come: Option<u64>,
    /// The part that another program removed from the service.
    pub(super) taken: Option<Taken>,
    /// True if the last service ended in good order.
    pub(super) clean: bool,
    /// Acknowledged facts when this service began.
    pub(super) begun_with: u64,
    /// Failures of the disk when it began.
    pub(super) faults_before: u64,
    /// A mark follows all durable facts: no power loss since the last start.
    pub(super) marked: bool,
}

/// Runs a seed. The same seed with the same options gives the same run.
pub fn run(seed: u64, wanted: &Wanted) -> Result<Report, Box<Violation>> {
    run_with(seed, wanted, None, false)
}

/// Runs a seed with a mistake planted, or drawn, or both.
pub fn run_with(
    seed: u64,
    wanted: &Wanted,
    mistake: Option<Mistake>,
    draws: bool,
) -> Result<Report, Box<Violation>> {
    let mut run = Run::new(seed, wanted, mistake, draws);
    let result = run.all();
    run.gather();
    let faults = run.faults.drawn();
    let (counts, marks) = (run.counts, run.marks);
    match result {
        Ok(()) => Ok(Report { counts, marks, faults }),
        Err(broken) => {
            let text = run.drawing.map(|drawing| drawing.text()).unwrap_or_default();
            let rows: Vec<_> = text.lines().map(str::to_owned).collect();
            let rows = rows[rows.len().saturating_sub(ROWS)..].to_vec();
            Err(Box::new(Violation { seed, wanted: *wanted, broken, faults, counts, rows }))
        }
    }
}

impl Run {
    fn new(seed: u64, wanted: &Wanted, mistake: Option<Mistake>, draws: bool) -> Run {
        let plan = Plan::draw(seed, wanted);
        let mut seed = Seeded::new(seed ^ 0x5eed);
        let faults = Faults::new(seed.draw(), |fault| plan.rate(fault), plan.window);
        let disk = SimDisk::new(faults.clone());
        disk.lie(mistake.map(Mistake::lies).unwrap_or_default());
        Run {
            clients: Clients::new(seed.draw(), &plan),
            seed,
            mistake,
            disk,
            record: Record::default(),
            counts: Counts::default(),
            marks: Marks::default(),
            service: None,
            drawing: draws.then(Drawing::default),
            clock: 1_000_000_000,
            skew: DAY,
            arrival: 0,
            pending_crash: None,
            pause: 0,
            heals: None,
            resting: false,
            inodes_come: None,
            taken: None,
            clean: false,
            begun_with: 0,
            faults_before: 0,
            marked: false,
            faults,
            plan,
        }
    }

    fn all(&mut self) -> Result<(), Broken> {
        self.start()?;
        let Plan { rules, prices, .. } = self.plan;
        let specs = (0..self.plan.markets).map(|market| rules.spec(market, prices));
        let markets = specs.map(protocol::Command::OpenMarket);
        let first = self.clients.submit(markets.collect());
        self.submit(first)?;
        let most = EVENTS * u64::from(self.plan.orders) + 10_000;
        let mut events = 0;
        while self.clients.want_more() && events < most {
            events += 1;
            self.strike()?;
            self.event()?;
        }
        self.settle()
    }

    // ---- one event after the other

    /// The time of the system clock.
    fn wall(&self) -> Time {
        Time(self.clock + self.skew)
    }

    pub(super) fn event(&mut self) -> Result<(), Broken> {
        if self.disk.is_dead()
            || self
                .pending_crash
                .as_ref()
                .is_some_and(|pending_crash| pending_crash.at <= self.clock)
        {
            return self.die();
        }
        self.heal();
        let wall = self.wall();
        let Some(service) = &mut self.service else { return self.start() };
        let next = service.next(self.clock);
        let commands = self.clients.may_submit()
            && (self.clients.want_more() || !self.clients.content())
            && next.is_none_or(|(at, _)| self.arrival <= at);
        if commands {
            self.clock = self.clock.max(self.arrival);
            self.arrival = self.clock + self.clients.pause(&self.plan);
            let batch = self.clients.batch(&self.plan);
            return batch.map_or(Ok(()), |batch| self.submit(batch));
        }
        let Some((at, turnout)) = next else {
            self.clock = self.arrival.max(self.clock + 1_000_000);
            return Ok(());
        };
        let wall = Time(wall.0 + (at - self.clock));
        self.clock = at;
        match turnout {
            Turnout::World => {
                service.world(wall, self.clock);
                self.news()
            }
            Turnout::Journal => {
                let told = service.journal(self.clock, &self.disk);
                self.tell(told)
            }
            Turnout::Look => {
                let told = service.look();
                self.tell(told)
            }
        }
    }

    pub(super) fn submit(&mut self, batch: exchange::steps::Batch) -> Result<(), Broken> {
        if let Some(service) = &mut self.service
            && let Some(batch) = service.submit(batch)
        {
            self.clients.busy(batch);
        }
        self.clients.read(&self.record, &mut self.counts)
    }

    /// Records the facts of the world.
    pub(super) fn news(&mut self) -> Result<(), Broken> {
        let Some(service) = &mut self.service else { return Ok(()) };
        let (facts, commands) = service.live.news();
        self.record.take(facts, commands)?;
        service.live.broken.take().map_or(Ok(()), Err)
    }

    /// Acknowledges durable facts, unless the machine dies first.
    pub(super) fn tell(&mut self, told: Acknowledged) -> Result<(), Broken> {
        if self.disk.is_dead() {
            return Ok(());
        }
        let Acknowledged { chunks, durable, failure, stalled, looked } = told;
        self.judge_taken(durable, looked && failure.is_none())?;
        self.counts.stalls += u64::from(stalled);
        self.record.tell(durable);
        for mut chunk in chunks {
            let encoder = chunk.encoder();
            let last = encoder.first() + encoder.facts();
            if !encoder.is_empty() && last > durable + 1 {
                let what = format!("facts up to {last} were told, and {durable} are durable");
                return Err(Broken { law: Law::Told, what });
            }
            let facts = Facts::new(encoder.bytes(), encoder.first());
            let room = self.service.as_ref().is_none_or(|service| service.intake == Intake::All);
            for (_, fact) in facts.filter_map(Result::ok) {
                let left = matches!(fact, protocol::Fact::Cancelled { .. });
                self.counts.cancelled_without_space += u64::from(left && !room);
            }
            chunk.answer();
            if let Some(service) = &mut self.service {
                service.save(chunk);
            }
        }
        self.clients.read(&self.record, &mut self.counts)?;
        if let Some(why) = failure.filter(|_| !self.disk.is_dead()) {
            self.draw_note(&format!("x the service ends: {why}"));
            self.judge_failure(&why)?;
            self.pending_crash = Some(PendingCrash { at: self.clock, cache: true });
            self.pause = 500_000_000; // until an operator has checked it
        }
        Ok(())
    }

    // ---- crashes and restarts

    pub(super) fn die(&mut self) -> Result<(), Broken> {
        let cache = self.pending_crash.take().is_none_or(|pending_crash| pending_crash.cache);
        let died = if cache { "the program ends" } else { "the machine loses power" };
        self.gather();
        self.draw_note(&format!("x {died}"));
        if let Some(service) = self.service.take() {
            self.counts.world_deaths += 1;
            self.counts.program_deaths += u64::from(cache);
            self.counts.power_losses += u64::from(!cache);
            drop(service); // waiting clients hear that their results are unknown
        } else {
            self.counts.deaths_in_recovery += 1;
        }
        self.disk.wake(cache);
        self.marked &= cache;
        if self.taken.take().is_some() {
            let was_full = self.faults.count(Fault::Full) > 0;
            self.faults.rest(true);
            let judged =
                recovery::missing(&self.disk, &self.plan, &self.record, was_full, &mut self.counts);
            self.faults.rest(self.resting);
            judged?;
            self.counts.kept_copies += u64::from(self.disk.put_back());
        }
        self.clients.read(&self.record, &mut self.counts)?;
        self.clock += 1_000_000 + std::mem::take(&mut self.pause);
        let judged = self.counts.bit_rots + self.counts.stale_bytes;
        if judged < MOST_DAMAGE && self.faults.strikes(Fault::Rot) {
            self.faults.rest(true);
            let judged = self.judge_damage(recovery::rot);
            self.faults.rest(self.resting);
            judged?;
        }
        if judged < MOST_DAMAGE && self.faults.strikes(Fault::Stale) {
            self.faults.rest(true);
            let judged = self.judge_damage(recovery::stale);
            self.faults.rest(self.resting);
            judged?;
        }
        Ok(())
    }

    fn judge_damage(
        &mut self,
        damage: fn(&recovery::Before<'_>, &mut Counts) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        let Run { disk, plan, record, counts, marked, clean, .. } = self;
        let marked = *marked || *clean; // an orderly end syncs its mark
        damage(&recovery::Before { disk, plan, record, marked }, counts)
    }

    pub(super) fn start(&mut self) -> Result<(), Broken> {
        for failed in 0.. {
            if failed > STARTS {
                self.faults.rest(true);
                self.heal_now();
            }
            if !self.disk.is_dead() && self.faults.strikes(Fault::Power) {
                self.disk.dies_after(self.faults.below(Fault::Power, 20) as u64);
            }
            let found = match recovery::start(&self.disk, &self.plan) {
                Ok(found) => found,
                Err(NoStart::Again) => {
                    if self.disk.is_dead() {
                        self.pending_crash = Some(PendingCrash { at: self.clock, cache: false });
                        self.die()?;
                    }
                    continue;
                }
                Err(NoStart::Named(why)) => {
                    let what = format!("an undamaged journal was refused: {why}");
                    return Err(Broken { law: Law::Kept, what });
                }
                Err(NoStart::Broken(broken)) => return Err(broken),
            };
            self.faults.rest(self.resting);
            return self.open_house(found);
        }
        Ok(())
    }

    fn open_house(&mut self, found: recovery::Found) -> Result<(), Broken> {
        let recovery::Found { exchange, journal, facts, recovered } = found;
        self.counts.torn_tails += u64::from(recovered.cut.is_some());
        self.counts.snapshots_loaded += u64::from(recovered.from_snapshot > 0);
        // A start leaves a mark, unless the disk has no space for it.
        self.marked = self.heals.is_none();
        let lost = self.record.recover(&facts)?;
        self.counts.lost_facts += lost;
        if std::mem::take(&mut self.clean) && (recovered.cut.is_some() || lost > 0) {
            let what =
                format!("{lost} facts were lost after an end in good order, {:?}", recovered.cut);
            return Err(Broken { law: Law::Kept, what });
        }
        (self.begun_with, self.faults_before) = (facts.len() as u64, self.hard_faults());
        self.draw_note(&format!(
            "the exchange starts with {} facts; {lost} were lost",
            facts.len()
        ));
        let last = exchange.time();
        let clock = loop {
            match Clock::new(last, CLOCK_BOUND, self.wall(), self.clock) {
                Ok(clock) => break clock,
                // An operator sets the clock right, or waits until that time.
                Err(_) if self.skew != DAY => self.skew = DAY,
                Err(ahead) => self.clock += ahead.last.0 - ahead.now.0,
            }
            self.counts.clock_refusals += 1;
        };
        let history = self.record.history()?;
        let mut live =
            Live::new(exchange, history, &self.plan, self.faults.clone(), self.seed.draw());
        live.drawing = self.drawing.take();
        live.look_at_all();
        let journal: Box<dyn journal::Journal> = match self.mistake {
            Some(Mistake::EarlyTell) => Box::new(Hasty { journal: Box::new(journal), syncs: 0 }),
            _ => Box::new(journal),
        };
        let now = (self.wall(), self.clock);
        self.service =
            Some(SimService::start(live, journal, recovered.from_snapshot, &self.plan, clock, now));
        self.news()
    }

    /// Adds the counts and rows of a service.
    fn gather(&mut self) {
        if let Some(service) = &mut self.service {
            self.counts.add(&std::mem::take(&mut service.live.counts));
            self.marks.add(&std::mem::take(&mut service.live.marks));
            if let Some(drawing) = service.live.drawing.take() {
                self.drawing = Some(drawing);
            }
        }
        let struck = |fault| self.faults.count(fault);
        self.counts.failed_syncs = struck(Fault::Sync);
        self.counts.failed_writes = struck(Fault::Write);
        self.counts.short_writes = struck(Fault::Short);
        self.counts.slow_operations = struck(Fault::Slow);
        self.counts.full_disks = struck(Fault::Full);
        self.counts.failed_makes = struck(Fault::Make);
        self.counts.facts = self.record.len();
    }

    pub(super) fn draw_note(&mut self, text: &str) {
        let service = self.service.as_mut().and_then(|service| service.live.drawing.as_mut());
        if let Some(drawing) = service.or(self.drawing.as_mut()) {
            drawing.note(text);
        }
    }
}
