//! The face on the caller's thread: one ask at a time, each run to quiet.

mod acts;
mod death;
mod warm;

use kernel::{NodeId, Pid, Watch, World};
use ledger::{Ledger, Line};
use market::{LEDGER, Party};
use protocol::{Ask, Code, Fact, MarketSpec, Place, Say, Stamp, Tell};
use units::{AskId, MarketId, OrderId, Time};

use crate::door::{self, Stopped};
use crate::{Intake, Options, mutation};

/// How often an ask is carried to an order again whose process died before it answered.
const TRIES: u32 = 5;

/// Lines that are remembered ahead, more than the asks that they are remembered for.
const SOON: usize = 8;

/// An exchange on the caller's thread.
///
/// `W` is who watches its world; `()` in production. Everything it does follows from the asks and
/// times that it is given: the same asks give the same facts, byte for byte.
#[derive(Debug)]
pub struct Exchange<W = ()> {
    world: World<Party, W>,
    options: Options,
    root: NodeId,
    /// Supervisor of the orders of each market.
    orders: Vec<NodeId>,
    next: AskId,
    time: Time,
    intake: Intake,
    /// Restarts are counted by a clock of their own: see [`Exchange::set_uptime`].
    by_uptime: bool,
    /// Why the world is over, if it is.
    death: Option<String>,
    /// Which lines asks that come soon will probably need: see [`Exchange::warm`].
    soon: [u32; SOON],
}

/// An ask that is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Asking {
    number: AskId,
    tries: u32,
}

impl Asking {
    /// The ask's number.
    pub fn number(&self) -> AskId {
        self.number
    }
}

/// What became of an ask at the door.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LetIn {
    /// It is in the world and will be answered by facts.
    In,
    /// It was answered at the door.
    Answered(Tell),
}

impl Exchange {
    /// An exchange with no market and no history.
    pub fn new(options: Options) -> Exchange {
        Exchange::watched(Ledger::new(), AskId(1), Time(0), options, ())
    }

    /// An exchange that goes on from what a journal has folded to. Every open order becomes a process
    /// again, by the same steps as after its own death.
    ///
    /// - `next`: the number of the next ask, above all that the journal knows
    /// - `time`: of the journal's last fact; time goes on from there
    pub fn recovered(ledger: Ledger, next: AskId, time: Time, options: Options) -> Exchange {
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
        next: AskId,
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

    /// Says that a start of the world begins here: the fact `started`, under an ask number of its own.
    ///
    /// For whoever journals: do it before the first ask of each run.
    pub fn begin(&mut self, time: Time, sink: &mut impl FnMut(AskId, Tell)) -> AskId {
        let number = self.number(time);
        match self.ledger().epoch().checked_add(1) {
            // A fact that is not admitted ends the world, which is how the caller hears of it.
            Some(epoch) => self.record(Fact::Started { epoch }).unwrap_or_default(),
            None => self.die("it was started 2^32 times before, which is all that it can count"),
        }
        self.tell(number, sink, |_| true);
        number
    }

    /// Hands an ask in, with its time, and runs until nothing more is to be done.
    ///
    /// What clients are to be told goes to `sink`, in order, before this returns. A time before the last one counts
    /// as the last one. Costs O(log levels + fills); allocates nothing once warm.
    #[inline]
    pub fn ask(&mut self, time: Time, ask: &Ask, sink: &mut impl FnMut(AskId, Tell)) -> AskId {
        let number = self.number(time);
        let failures = self.world.failures();
        if let Err(stopped) = self.try_in(number, ask) {
            sink(number, Tell::from(stopped));
            return number;
        }
        self.world.run();
        // Where nobody has died, the facts that there are have answered it.
        let sound = self.world.failures() == failures;
        let answered = self.tell(number, sink, |fact| sound || answers(number, ask, fact));
        if !sound || !answered {
            self.after_deaths(number, answered, ask, sink);
        }
        number
    }

    /// Processes have died. If one was to answer, and did not, the ask is carried in again.
    #[cold]
    #[inline(never)]
    fn after_deaths(
        &mut self,
        number: AskId,
        answered: bool,
        ask: &Ask,
        sink: &mut impl FnMut(AskId, Tell),
    ) {
        self.look_for_death();
        if answered {
            return;
        }
        let mut asking = Asking { number, tries: 1 };
        while self.go_on(&mut asking, ask, sink) {
            self.world.run();
        }
    }

    /// Gives an ask its number and its time; [`Exchange::go_on`] does the rest.
    ///
    /// For simulators, which run the world in their own way; others call [`Exchange::ask`].
    #[inline]
    pub fn start(&mut self, time: Time) -> Asking {
        Asking { number: self.number(time), tries: 0 }
    }

    /// Lets the ask in, or tells what has come of it. True if the world is to be run until it is quiet,
    /// and this to be called again.
    #[inline]
    pub fn go_on(
        &mut self,
        asking: &mut Asking,
        ask: &Ask,
        sink: &mut impl FnMut(AskId, Tell),
    ) -> bool {
        let number = asking.number;
        if asking.tries > 0 {
            self.look_for_death();
            if self.tell(number, sink, |fact| answers(number, ask, fact)) {
                return false;
            }
        }
        if asking.tries == TRIES {
            // Whoever was to answer died of it or before it, each time.
            sink(number, Tell::Refused(Code::Failed));
            return false;
        }
        asking.tries += 1;
        match self.let_in(number, ask) {
            LetIn::In => true,
            LetIn::Answered(tell) => {
                sink(number, tell);
                false
            }
        }
    }

    #[inline(always)]
    fn number(&mut self, time: Time) -> AskId {
        let number = self.next;
        self.next = AskId(number.0.checked_add(1).expect("fewer than 2^64 asks"));
        self.time = self.time.max(time);
        if !self.by_uptime {
            self.world.set_time(self.time.0);
        }
        number
    }

    /// Says what a monotonic clock says, in nanoseconds from any moment on. From the first time on, restarts are
    /// counted by it; until then by the times of asks, as it must be for who has no other clock. The times of asks
    /// are those of facts, and may jump; nothing of this clock is recorded. Say it before the first ask and before
    /// [`Exchange::begin`]: it never goes back behind what was counted by until then.
    pub fn set_uptime(&mut self, nanoseconds: u64) {
        self.by_uptime = true;
        self.world.set_time(nanoseconds);
    }

    /// Checks an ask at the door and lets it into the world, without running it.
    ///
    /// For explorers, which choose every step themselves; others call [`Exchange::ask`].
    #[inline]
    pub fn let_in(&mut self, number: AskId, ask: &Ask) -> LetIn {
        match self.try_in(number, ask) {
            Ok(()) => LetIn::In,
            Err(stopped) => LetIn::Answered(Tell::from(stopped)),
        }
    }

    #[inline(always)]
    fn try_in(&mut self, number: AskId, ask: &Ask) -> Result<(), Stopped> {
        if self.intake != Intake::All {
            self.check_intake(ask)?;
        }
        match ask {
            Ask::Place(place) => {
                door::check_place(self.ledger(), &self.options, place, ask)?;
                let &Place { account, client, market, side, price, lots, stands } = place;
                let enter = Say::Enter { account, client, side, price, lots, stands };
                let supervisor = self.orders[usize::from(market.0)];
                let process = || Party::order(market);
                self.world.spawn_child_with(supervisor, number.0, process, enter);
            }
            &Ask::Cancel { account, order } => {
                let line = door::check_cancel(self.ledger(), account, order)?;
                if line.is_suspended() {
                    let market = line.market;
                    self.cancel_without_process(order, market)?;
                } else if let Some(pid) = self.process(line) {
                    self.world.send(pid, Say::Cancel { ask: number });
                } else {
                    let market = line.market;
                    self.cancel_if_stopped(order, market)?;
                }
            }
            Ask::Replace(replace) => {
                let line = door::check_replace(self.ledger(), replace, ask)?;
                let &protocol::Replace { client, price, lots, .. } = replace;
                if let Some(pid) = self.process(line) {
                    self.world.send(pid, Say::Replace { ask: number, client, price, lots });
                }
            }
            &Ask::Release { order } => {
                let market = door::check_release(self.ledger(), order)?;
                self.release(order, market)?;
            }
            &Ask::ResumeMarket { market } => {
                let spec = door::check_resume(self.ledger(), market)?;
                self.resume(market, &spec)?;
            }
            Ask::OpenMarket(spec) => {
                door::check_market(self.ledger(), spec)?;
                self.open_market(spec)?;
            }
        }
        Ok(())
    }

    /// The process of an open order.
    #[inline(always)]
    fn process(&self, line: &Line) -> Option<Pid> {
        let supervisor = self.orders[usize::from(line.market.0)];
        self.world.child_seen_at(supervisor, line.order.0, line.seen_at())
    }

    /// Tells the facts of this ask; true if one of them answers it.
    #[inline(always)]
    fn tell(
        &mut self,
        ask: AskId,
        sink: &mut impl FnMut(AskId, Tell),
        answers: impl Fn(&Fact) -> bool,
    ) -> bool {
        let last = self.world.keeper().facts();
        let log = self.world.take_log();
        let mut answered = false;
        for (seq, &fact) in (last + 1 - log.len() as u64..).zip(log.as_slice()) {
            answered = answered || answers(&fact);
            sink(ask, Tell::Fact(Stamp { seq, ask, time: self.time }, fact));
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

    /// The number that the next ask gets.
    pub fn next_ask(&self) -> AskId {
        self.next
    }

    /// The time of the last ask.
    pub fn time(&self) -> Time {
        self.time
    }

    /// The fold of all facts so far.
    #[inline(always)]
    pub fn ledger(&self) -> &Ledger {
        self.world.keeper()
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

/// True if this fact says what became of the ask. Others may come with it: of a deal that a death has
/// voided, of another order that was given up.
#[inline(always)]
fn answers(number: AskId, ask: &Ask, fact: &Fact) -> bool {
    let order = match ask {
        Ask::Place(_) => OrderId(number.0),
        Ask::Cancel { order, .. }
        | Ask::Release { order }
        | Ask::Replace(protocol::Replace { order, .. }) => *order,
        Ask::ResumeMarket { market } => {
            return matches!(fact, Fact::MarketResumed { market: resumed } if resumed == market);
        }
        Ask::OpenMarket(_) => return true,
    };
    match fact {
        Fact::Entered(entered) => entered.order == order,
        Fact::Replaced { order: of, .. } => *of == order && matches!(ask, Ask::Replace(_)),
        Fact::Left { order: of, .. } => *of == order || mutation::ANY_END_ANSWERS.is_on(),
        // A cancel is still to be done then: it is asked again, and needs no process of the order.
        Fact::Suspended { order: of } => {
            let done = !matches!(ask, Ask::Cancel { .. }) || mutation::SUSPENDED_ANSWERS.is_on();
            *of == order && done
        }
        Fact::Released { order: of } => *of == order && matches!(ask, Ask::Release { .. }),
        _ => false,
    }
}
