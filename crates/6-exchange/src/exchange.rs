//! The exchange on the caller's thread. It runs one command at a time, each until the world is quiet.

mod acts;
mod death;
mod prefetch;

use kernel::{NodeId, Pid, Watch, World};
use ledger::{Ledger, OrderRecord};
use market::{LEDGER, Party};
use protocol::{Command, Fact, MarketSpec, Message, RejectCode, Response, Stamp};
use units::{CommandId, MarketId, OrderId, Time};

use crate::validate::{self, Rejection};
use crate::{Intake, Options, mutation};
use prefetch::Prefetcher;

/// Most times that a command is sent to an order whose process dies before it answers.
const TRIES: u32 = 5;

/// An exchange on the caller's thread.
///
/// - the same commands with the same times give the same facts, byte for byte
/// - when [`Exchange::submit`] returns, the world is quiet: no message is in the ring
/// - each command has a number of its own, above all before it, and is answered by its facts or by one rejection or
///   repeat; a rejected one has changed nothing
/// - `orders` has the supervisor of each market's orders, by the market's number
/// - once `death` is set, no command is taken again
///
/// `W` watches the world; `()` in production.
#[derive(Debug)]
pub struct Exchange<W = ()> {
    world: World<Party, W>,
    options: Options,
    root: NodeId,
    /// Supervisor of the orders of each market.
    orders: Vec<NodeId>,
    next: CommandId,
    time: Time,
    intake: Intake,
    /// Restarts are counted by a clock of their own: see [`Exchange::set_uptime`].
    by_uptime: bool,
    /// Why the world has ended, if it has.
    death: Option<String>,
    prefetcher: Prefetcher,
}

/// A command that is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Submission {
    number: CommandId,
    tries: u32,
}

impl Submission {
    /// The command's number.
    pub fn number(&self) -> CommandId {
        self.number
    }
}

/// What validation made of a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// It is in the world, and facts will answer it.
    Admitted,
    /// It was answered without entering the world.
    Answered(Response),
}

impl Exchange {
    /// An exchange with no market and no history.
    pub fn new(options: Options) -> Exchange {
        Exchange::watched(Ledger::new(), CommandId(1), Time(0), options, ())
    }

    /// An exchange that continues from the fold of a journal. Every open order becomes a process again, by the same
    /// steps as after its own death.
    ///
    /// - `next`: the number of the next command, above all that the journal knows
    /// - `time`: that of the journal's last fact
    pub fn recovered(ledger: Ledger, next: CommandId, time: Time, options: Options) -> Exchange {
        Exchange::watched(ledger, next, time, options, ())
    }
}

/// A copy between two steps, for an explorer. O(open orders).
impl<W: Watch<Party> + Clone> Clone for Exchange<W> {
    fn clone(&self) -> Exchange<W> {
        Exchange {
            world: self.world.clone(),
            options: self.options,
            root: self.root,
            orders: self.orders.clone(),
            next: self.next,
            time: self.time,
            intake: self.intake,
            by_uptime: self.by_uptime,
            death: self.death.clone(),
            prefetcher: self.prefetcher,
        }
    }
}

impl<W: Watch<Party>> Exchange<W> {
    /// As [`Exchange::recovered`], with a watcher of the world.
    pub fn watched(
        ledger: Ledger,
        next: CommandId,
        time: Time,
        options: Options,
        watch: W,
    ) -> Exchange<W> {
        let markets: Vec<_> = ledger.markets().map(|(id, market)| (id, market.clone())).collect();
        let mut world = World::new(ledger, Some(LEDGER), watch);
        let root = world.grow(None, market::tree());
        let orders = Vec::new();
        let (intake, by_uptime, death) = (Intake::All, false, None);
        let prefetcher = Prefetcher::new();
        let mut exchange = Exchange {
            world,
            options,
            root,
            orders,
            next,
            time,
            intake,
            by_uptime,
            death,
            prefetcher,
        };
        for (id, market) in markets {
            exchange.grow(id, &market.spec, market.stopped);
        }
        exchange.world.run();
        exchange.look_for_death();
        exchange
    }

    /// Adds a market's branch of the tree. That of a stopped market is added without being started.
    fn grow(&mut self, market: MarketId, spec: &MarketSpec, stopped: bool) {
        let symbol = spec.symbol.as_str();
        let branch = market::market_tree(market, symbol);
        if stopped {
            self.world.grow_ended(self.root, branch);
        } else {
            self.world.grow(Some(self.root), branch);
        }
        let orders = self.world.node(&format!("exchange/{symbol}/orders"));
        self.orders.push(orders.expect("the branch was just grown"));
    }

    /// Records the fact `started`, under a command number of its own.
    ///
    /// A caller with a journal does it before the first command of each run.
    pub fn begin(&mut self, time: Time, sink: &mut impl FnMut(CommandId, Response)) -> CommandId {
        let number = self.number(time);
        match self.ledger().epoch().checked_add(1) {
            // A fact that the ledger refuses ends the world, so the caller sees the failure there.
            Some(epoch) => self.record(Fact::Started { epoch }).unwrap_or_default(),
            None => self.die("it was started 2^32 times before, which is all that it can count"),
        }
        self.respond(number, sink, |_| true);
        number
    }

    /// Runs a command until the world is quiet.
    ///
    /// Its responses go to `sink`, in order, before this returns. A time before the last one counts as the last one.
    /// Costs O(log levels + fills); allocates nothing once warm.
    #[inline]
    pub fn submit(
        &mut self,
        time: Time,
        command: &Command,
        sink: &mut impl FnMut(CommandId, Response),
    ) -> CommandId {
        let number = self.number(time);
        let failures = self.world.failures();
        if let Err(rejection) = self.try_admit(number, command) {
            sink(number, Response::from(rejection));
            return number;
        }
        self.world.run();
        // If no process has died, the facts at hand are the answer. So the search for the answering fact is only for
        // deaths.
        let sound = self.world.failures() == failures;
        let answered = self.respond(number, sink, |fact| sound || answers(number, command, fact));
        if !sound || !answered {
            self.after_deaths(number, answered, command, sink);
        }
        number
    }

    /// Processes have died. If the one that was to answer is among them, the command is sent again to its next life.
    #[cold]
    #[inline(never)]
    fn after_deaths(
        &mut self,
        number: CommandId,
        answered: bool,
        command: &Command,
        sink: &mut impl FnMut(CommandId, Response),
    ) {
        self.look_for_death();
        if answered {
            return;
        }
        let mut submission = Submission { number, tries: 1 };
        while self.go_on(&mut submission, command, sink) {
            self.world.run();
        }
    }

    /// Gives a command its number and its time; [`Exchange::go_on`] does the rest.
    ///
    /// For simulators, which run the world in their own way; others call [`Exchange::submit`].
    #[inline]
    pub fn start(&mut self, time: Time) -> Submission {
        Submission { number: self.number(time), tries: 0 }
    }

    /// Sends the command into the world, or its responses to `sink`. True if the caller must run the world until it
    /// is quiet and call this again.
    #[inline]
    pub fn go_on(
        &mut self,
        submission: &mut Submission,
        command: &Command,
        sink: &mut impl FnMut(CommandId, Response),
    ) -> bool {
        let number = submission.number;
        if submission.tries > 0 {
            self.look_for_death();
            if self.respond(number, sink, |fact| answers(number, command, fact)) {
                return false;
            }
        }
        if submission.tries == TRIES {
            // The process that was to answer died each time.
            sink(number, Response::Rejected(RejectCode::Failed));
            return false;
        }
        submission.tries += 1;
        match self.admit(number, command) {
            Admission::Admitted => true,
            Admission::Answered(response) => {
                sink(number, response);
                false
            }
        }
    }

    #[inline(always)]
    fn number(&mut self, time: Time) -> CommandId {
        let number = self.next;
        self.next = CommandId(number.0.checked_add(1).expect("fewer than 2^64 commands"));
        self.time = self.time.max(time);
        if !self.by_uptime {
            self.world.set_time(self.time.0);
        }
        number
    }

    /// Sets the reading of a monotonic clock, in nanoseconds from any origin.
    ///
    /// From the first call on, restarts are counted by it, and before by the times of commands, which may jump.
    /// Nothing of it is recorded. Call it before the first command and before [`Exchange::begin`], since the time by
    /// which restarts are counted never goes back.
    pub fn set_uptime(&mut self, nanoseconds: u64) {
        self.by_uptime = true;
        self.world.set_time(nanoseconds);
    }

    /// Validates a command and sends it into the world, without running it.
    ///
    /// For explorers, which choose every step themselves; others call [`Exchange::submit`].
    #[inline]
    pub fn admit(&mut self, number: CommandId, command: &Command) -> Admission {
        match self.try_admit(number, command) {
            Ok(()) => Admission::Admitted,
            Err(rejection) => Admission::Answered(Response::from(rejection)),
        }
    }

    #[inline(always)]
    fn try_admit(&mut self, number: CommandId, command: &Command) -> Result<(), Rejection> {
        if self.intake != Intake::All {
            self.check_intake(command)?;
        }
        match command {
            Command::NewOrder(new) => {
                validate::validate_new_order(self.ledger(), &self.options, new, command)?;
                let market = new.market;
                let supervisor = self.orders[usize::from(market.0)];
                let process = || Party::order(market);
                self.world.spawn_child_with(supervisor, number.0, process, Message::Enter(*new));
            }
            &Command::Cancel { account, order } => {
                let record = validate::validate_cancel(self.ledger(), account, order)?;
                if record.is_suspended() {
                    let market = record.market;
                    self.cancel_without_process(order, market)?;
                } else if let Some(pid) = self.process(record) {
                    self.world.send(pid, Message::Cancel { command: number });
                } else {
                    let market = record.market;
                    self.cancel_if_stopped(order, market)?;
                }
            }
            Command::Replace(replace) => {
                let record = validate::validate_replace(self.ledger(), replace, command)?;
                let &protocol::Replace { client, price, quantity, .. } = replace;
                if let Some(pid) = self.process(record) {
                    self.world
                        .send(pid, Message::Replace { command: number, client, price, quantity });
                }
            }
            &Command::Release { order } => {
                let market = validate::validate_release(self.ledger(), order)?;
                self.release(order, market)?;
            }
            &Command::ResumeMarket { market } => {
                let spec = validate::validate_resume(self.ledger(), market)?;
                self.resume(market, &spec)?;
            }
            Command::OpenMarket(spec) => {
                validate::validate_market(self.ledger(), spec)?;
                self.open_market(spec)?;
            }
        }
        Ok(())
    }

    /// The process of an open order.
    #[inline(always)]
    fn process(&self, record: &OrderRecord) -> Option<Pid> {
        let supervisor = self.orders[usize::from(record.market.0)];
        self.world.child_seen_at(supervisor, record.order.0, record.pid_hint())
    }

    /// Sends the facts of this command to `sink`; true if one of them answers it.
    #[inline(always)]
    fn respond(
        &mut self,
        command: CommandId,
        sink: &mut impl FnMut(CommandId, Response),
        answers: impl Fn(&Fact) -> bool,
    ) -> bool {
        let last = self.world.state_machine().facts();
        let log = self.world.take_log();
        let mut answered = false;
        for (seq, &fact) in (last + 1 - log.len() as u64..).zip(log.as_slice()) {
            answered = answered || answers(&fact);
            sink(command, Response::Fact(Stamp { seq, command, time: self.time }, fact));
        }
        answered
    }

    /// Sets which commands are taken, by the journal's free space. A world that has ended takes none.
    pub fn set_intake(&mut self, intake: Intake) {
        if self.death.is_none() {
            self.intake = intake;
        }
    }

    /// The number that the next command gets.
    pub fn next_command(&self) -> CommandId {
        self.next
    }

    /// The time of the last command.
    pub fn time(&self) -> Time {
        self.time
    }

    /// The fold of all facts so far.
    #[inline(always)]
    pub fn ledger(&self) -> &Ledger {
        self.world.state_machine()
    }

    /// The world, to be read: its tree, processes and flight recorder.
    #[inline(always)]
    pub fn world(&self) -> &World<Party, W> {
        &self.world
    }

    /// The world, for a simulator that chooses its steps or kills its processes.
    pub fn world_mut(&mut self) -> &mut World<Party, W> {
        &mut self.world
    }
}

/// True if this fact answers the command. Others may come with it: of a deal that a death has voided, or of another
/// order that was given up.
#[inline(always)]
fn answers(number: CommandId, command: &Command, fact: &Fact) -> bool {
    let order = match command {
        Command::NewOrder(_) => OrderId(number.0),
        Command::Cancel { order, .. }
        | Command::Release { order }
        | Command::Replace(protocol::Replace { order, .. }) => *order,
        Command::ResumeMarket { market } => {
            return matches!(fact, Fact::MarketResumed { market: resumed } if resumed == market);
        }
        Command::OpenMarket(_) => return true,
    };
    match fact {
        Fact::Entered(entered) => entered.order == order,
        Fact::Replaced { order: of, .. } => *of == order && matches!(command, Command::Replace(_)),
        Fact::Cancelled { order: of, .. } => *of == order || mutation::ANY_END_ANSWERS.is_on(),
        // A cancel is still to be done then: it is sent again, and needs no process of the order.
        Fact::Suspended { order: of } => {
            let done =
                !matches!(command, Command::Cancel { .. }) || mutation::SUSPENDED_ANSWERS.is_on();
            *of == order && done
        }
        Fact::Released { order: of } => *of == order && matches!(command, Command::Release { .. }),
        _ => false,
    }
}
