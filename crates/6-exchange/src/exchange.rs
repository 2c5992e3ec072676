//! The face on the caller's thread: one command at a time, each run to quiet.

mod acts;
mod death;
mod warm;

use kernel::{NodeId, Pid, Watch, World};
use ledger::{Ledger, OrderRecord};
use market::{LEDGER, Party};
use protocol::{Command, Fact, MarketSpec, Message, RejectCode, Response, Stamp};
use units::{CommandId, MarketId, OrderId, Time};

use crate::validate::{self, Rejection};
use crate::{Intake, Options, mutation};

/// How often a command is carried to an order again whose process died before it answered.
const TRIES: u32 = 5;

/// Lines that are remembered ahead, more than the commands that they are remembered for.
const SOON: usize = 8;

/// An exchange on the caller's thread.
///
/// `W` is who watches its world; `()` in production. Everything it does follows from the asks and
/// times that it is given: the same commands give the same facts, byte for byte.
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
    /// Why the world is over, if it is.
    death: Option<String>,
    /// Which lines commands that come soon will probably need: see [`Exchange::warm`].
    soon: [u32; SOON],
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

/// What became of a command at the door.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// It is in the world and will be answered by facts.
    Admitted,
    /// It was answered at the door.
    Answered(Response),
}

impl Exchange {
    /// An exchange with no market and no history.
    pub fn new(options: Options) -> Exchange {
        Exchange::watched(Ledger::new(), CommandId(1), Time(0), options, ())
    }

    /// An exchange that goes on from what a journal has folded to. Every open order becomes a process
    /// again, by the same steps as after its own death.
    ///
    /// - `next`: the number of the next command, above all that the journal knows
    /// - `time`: of the journal's last fact; time goes on from there
    pub fn recovered(ledger: Ledger, next: CommandId, time: Time, options: Options) -> Exchange {
        Exchange::watched(ledger, next, time, options, ())
    }
}

/// A copy between two steps, for whoever looks ahead. O(open orders).
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
            soon: self.soon,
        }
    }
}

impl<W: Watch<Party>> Exchange<W> {
    /// As [`Exchange::recovered`], with somebody who watches the world.
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
        let (intake, by_uptime, death, soon) = (Intake::All, false, None, [u32::MAX; SOON]);
        let mut exchange =
            Exchange { world, options, root, orders, next, time, intake, by_uptime, death, soon };
        for (id, market) in markets {
            exchange.grow(id, &market.spec, market.stopped);
        }
        exchange.world.run();
        exchange.look_for_death();
        exchange
    }

    /// Adds a market's branch. That of a stopped one has its place, and is not started.
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

    /// Says that a start of the world begins here: the fact `started`, under a command number of its own.
    ///
    /// For whoever journals: do it before the first command of each run.
    pub fn begin(&mut self, time: Time, sink: &mut impl FnMut(CommandId, Response)) -> CommandId {
        let number = self.number(time);
        match self.ledger().epoch().checked_add(1) {
            // A fact that is not admitted ends the world, which is how the caller hears of it.
            Some(epoch) => self.record(Fact::Started { epoch }).unwrap_or_default(),
            None => self.die("it was started 2^32 times before, which is all that it can count"),
        }
        self.respond(number, sink, |_| true);
        number
    }

    /// Hands a command in, with its time, and runs until nothing more is to be done.
    ///
    /// What clients are to be told goes to `sink`, in order, before this returns. A time before the last one counts
    /// as the last one. Costs O(log levels + fills); allocates nothing once warm.
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
        // Where nobody has died, the facts that there are have answered it.
        let sound = self.world.failures() == failures;
        let answered = self.respond(number, sink, |fact| sound || answers(number, command, fact));
        if !sound || !answered {
            self.after_deaths(number, answered, command, sink);
        }
        number
    }

    /// Processes have died. If one was to answer, and did not, the command is carried in again.
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
    /// For simulators, which run the world in their own way; others call [`Exchange::command`].
    #[inline]
    pub fn start(&mut self, time: Time) -> Submission {
        Submission { number: self.number(time), tries: 0 }
    }

    /// Lets the ask in, or tells what has come of it. True if the world is to be run until it is quiet,
    /// and this to be called again.
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
            // Whoever was to answer died of it or before it, each time.
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

    /// Says what a monotonic clock says, in nanoseconds from any moment on. From the first time on, restarts are
    /// counted by it; until then by the times of commands, as it must be for who has no other clock. The times of commands
    /// are those of facts, and may jump; nothing of this clock is recorded. Say it before the first command and before
    /// [`Exchange::begin`]: it never goes back behind what was counted by until then.
    pub fn set_uptime(&mut self, nanoseconds: u64) {
        self.by_uptime = true;
        self.world.set_time(nanoseconds);
    }

    /// Checks a command at the door and lets it into the world, without running it.
    ///
    /// For explorers, which choose every step themselves; others call [`Exchange::command`].
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

    /// Tells the facts of this command; true if one of them answers it.
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

    /// While there is no room for their facts, new orders and replaces are refused, and cancels too when
    /// nothing is left. A world that is over takes nothing, whatever room there is.
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

    /// The world, for looking at: its tree, processes, flight recorder.
    #[inline(always)]
    pub fn world(&self) -> &World<Party, W> {
        &self.world
    }

    /// The world, for whoever chooses its steps or kills its processes.
    pub fn world_mut(&mut self) -> &mut World<Party, W> {
        &mut self.world
    }
}

/// True if this fact says what became of the command. Others may come with it: of a deal that a death has
/// voided, of another order that was given up.
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
        // A cancel is still to be done then: it is asked again, and needs no process of the order.
        Fact::Suspended { order: of } => {
            let done =
                !matches!(command, Command::Cancel { .. }) || mutation::SUSPENDED_ANSWERS.is_on();
            *of == order && done
        }
        Fact::Released { order: of } => *of == order && matches!(command, Command::Release { .. }),
        _ => false,
    }
}
