//! A watched world: an exchange whose every step is chosen from outside, and a witness that
//! records its events. Charts and laws both use it. It checks nothing.

mod kept;
mod rules;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use exchange::{Admission, Exchange, Options};
use kernel::{Bench, Envelope, Pid, Reason, Scheduler, Signal, Touched, Watch, World};
use ledger::Ledger;
use market::{Hold, LEDGER, Party, floor_of, orders_of};
use protocol::{Command, Fact, MarketSpec, Message};
use units::{CommandId, MarketId, OrderId, Time};

/// A process by its role, in whichever life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Who {
    /// The client: the edge of the world.
    Client,
    /// A market's floor.
    Floor(MarketId),
    /// An order.
    Order(OrderId),
    /// The ledger.
    Ledger,
    /// The supervisor of a market's orders.
    Orders(MarketId),
    /// Any other supervisor.
    Supervisor,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Who::Client => f.write_str("client"),
            Who::Floor(market) => write!(f, "floor {market}"),
            Who::Order(order) => write!(f, "{order}"),
            Who::Ledger => f.write_str("ledger"),
            Who::Orders(market) => write!(f, "orders {market}"),
            Who::Supervisor => f.write_str("supervisor"),
        }
    }
}

/// An event in a world.
#[derive(Clone, Debug)]
pub enum Observed {
    /// A signal reached its receiver, which handled it.
    Delivered(Envelope<Message>),
    /// A signal whose receiver was dead.
    Lost(Envelope<Message>),
    /// A fact was recorded.
    Recorded(Pid, Fact),
    /// A note was written or cleared.
    Noted(Pid, Option<Hold>),
    /// A process started: its address, key and incarnation.
    Started(Pid, u64, u32),
    /// A process ended.
    Ended(Pid, Reason),
    /// A supervisor gave up on the child with this key.
    GaveUp(u64),
}

pub(crate) use kept::KeptStage;
pub use rules::PriceRules;

/// Records the events.
#[derive(Clone, Default, Debug)]
pub struct Witness {
    seen: Vec<Observed>,
    /// Changes since the world was restored to a state.
    touched: Touched,
}

impl Watch<Party> for Witness {
    fn delivered(&mut self, envelope: &Envelope<Message>) {
        Watch::<Party>::delivered(&mut self.touched, envelope);
        self.seen.push(Observed::Delivered(envelope.clone()));
    }

    fn undeliverable(&mut self, envelope: &Envelope<Message>) {
        self.seen.push(Observed::Lost(envelope.clone()));
    }

    fn recorded(&mut self, by: Pid, fact: &Fact) {
        Watch::<Party>::recorded(&mut self.touched, by, fact);
        self.seen.push(Observed::Recorded(by, *fact));
    }

    fn noted(&mut self, by: Pid, note: Option<&Hold>) {
        self.seen.push(Observed::Noted(by, note.copied()));
    }

    fn started(&mut self, pid: Pid, key: u64, incarnation: u32) {
        Watch::<Party>::started(&mut self.touched, pid, key, incarnation);
        self.seen.push(Observed::Started(pid, key, incarnation));
    }

    fn ended(&mut self, pid: Pid, key: u64, reason: &Reason) {
        Watch::<Party>::ended(&mut self.touched, pid, key, reason);
        self.seen.push(Observed::Ended(pid, reason.clone()));
    }

    fn gave_up(&mut self, key: u64) {
        Watch::<Party>::gave_up(&mut self.touched, key);
        self.seen.push(Observed::GaveUp(key));
    }
}

/// An exchange whose steps are chosen one by one. A clone is another world in the same state.
#[derive(Clone, Debug)]
pub struct Stage {
    exchange: Exchange<Witness>,
    /// Shared between clones until a process starts.
    people: Arc<BTreeMap<Pid, Who>>,
    next: CommandId,
    time: Time,
    ready: Vec<usize>,
    bench: Bench<Party>,
}

/// The default rules of the markets here: whole ticks, whole lots, names
/// `M0`, `M1`, ..., every price and no collar.
pub fn market_spec(number: u16) -> MarketSpec {
    PriceRules::Any.spec(number, 1)
}

impl Stage {
    /// A world that has recovered from its folded facts, and has delivered all signals.
    pub fn recovered(ledger: Ledger, next: CommandId) -> Stage {
        let (time, witness) = (Time(0), Witness::default());
        let exchange = Exchange::watched(ledger, next, time, Options::default(), witness);
        let mut stage = Stage::of(exchange);
        stage.seen();
        stage
    }

    /// This exchange, whose witness has recorded all its events.
    pub fn of(exchange: Exchange<Witness>) -> Stage {
        let (next, time) = (exchange.next_command(), exchange.time());
        let (people, ready, bench) = (Arc::default(), Vec::new(), Bench::default());
        Stage { exchange, people, next, time, ready, bench }
    }

    /// The world is lost and recovers from its durable facts, as after a loss of power. The first
    /// event in the new one is `started`.
    pub fn lose(&mut self, durable: Ledger) {
        let (options, witness) = (Options::default(), Witness::default());
        let mut exchange = Exchange::watched(durable, self.next, self.time, options, witness);
        exchange.begin(self.time, &mut |_, _| ());
        *self = Stage::of(exchange);
    }

    /// A world with this many open markets, without waiting signals; their commands have the first numbers.
    pub fn new(markets: u16) -> Stage {
        let mut stage = Stage::opening(markets);
        stage.seen();
        stage
    }

    /// As [`Stage::new`], with its events still to be read.
    pub fn opening(markets: u16) -> Stage {
        Stage::opening_with((0..markets).map(market_spec))
    }

    /// The same, of markets with these rules.
    pub fn opening_with(markets: impl IntoIterator<Item = MarketSpec>) -> Stage {
        let mut stage = Stage::recovered(Ledger::new(), CommandId(1));
        for spec in markets {
            stage.admit(&Command::OpenMarket(spec));
            stage.exchange.world_mut().run();
        }
        stage
    }

    /// The exchange itself.
    pub fn exchange(&self) -> &Exchange<Witness> {
        &self.exchange
    }

    /// The same, for commands by other ways than [`Stage::admit`].
    pub fn exchange_mut(&mut self) -> &mut Exchange<Witness> {
        &mut self.exchange
    }

    /// Its world.
    pub fn world(&self) -> &World<Party, Witness> {
        self.exchange.world()
    }

    /// The fold of all facts.
    pub fn ledger(&self) -> &Ledger {
        self.exchange.ledger()
    }

    /// The number that the next command gets.
    pub fn next_command(&self) -> CommandId {
        self.next
    }

    /// Accepts a command under the next number; nothing runs yet.
    pub fn admit(&mut self, command: &Command) -> (CommandId, Admission) {
        let number = self.next;
        self.next = CommandId(number.0 + 1);
        (number, self.exchange.admit(number, command))
    }

    /// Accepts an unanswered command again, under its old number.
    pub fn admit_again(&mut self, number: CommandId, command: &Command) -> Admission {
        self.exchange.admit(number, command)
    }

    /// Virtual time, in nanoseconds.
    pub fn now(&self) -> u64 {
        self.time.0
    }

    /// Advances virtual time.
    pub fn pass_time(&mut self, nanoseconds: u64) {
        self.time = Time(self.time.0 + nanoseconds);
        self.exchange.world_mut().set_time(self.time.0);
    }

    /// Advances virtual time to the next timer, if one is set.
    pub fn tick(&mut self) {
        if let Some(at) = self.world().next_timer() {
            self.pass_time(at.saturating_sub(self.time.0));
        }
    }

    /// Delivers the oldest signal between two processes. False if none waits.
    pub fn deliver_between(&mut self, from: Pid, to: Pid) -> bool {
        self.exchange.world_mut().deliver_between(from, to)
    }

    /// Drops waiting signals that can have no effect any more.
    pub fn drop_idle(&mut self) {
        self.exchange.world_mut().prune();
    }

    /// Delivers the signal that was sent first. False if none waits.
    pub fn deliver(&mut self) -> bool {
        self.exchange.world_mut().deliver_at(0)
    }

    /// Delivers the scheduler's choice among all signals that may come next. False if none waits.
    pub fn deliver_by(&mut self, scheduler: &mut impl Scheduler) -> bool {
        self.exchange.world_mut().step_by(scheduler, &mut self.ready)
    }

    /// The next delivery in order of sending.
    pub fn first(&self) -> Option<&Envelope<Message>> {
        self.world().signals().next()
    }

    /// The present address of a process; `None` while it is restarting or after its end.
    pub fn find(&self, who: Who) -> Option<Pid> {
        let world = self.world();
        let pid = match who {
            Who::Client | Who::Supervisor => None,
            Who::Floor(market) => world.whereis(floor_of(market)),
            Who::Ledger => world.whereis(LEDGER),
            Who::Orders(market) => world.whereis(orders_of(market)),
            Who::Order(order) => {
                self.processes().find_map(|(pid, id)| (id == order).then_some(pid))
            }
        };
        pid.filter(|pid| world.is_alive(*pid))
    }

    /// Kills a process between two steps. False if it was not alive.
    pub fn kill(&mut self, who: Who) -> bool {
        let Some(pid) = self.find(who) else { return false };
        self.exchange.world_mut().kill(pid);
        true
    }

    /// Kills the process with this address, if it is alive.
    pub fn kill_at(&mut self, pid: Pid) {
        self.exchange.world_mut().kill(pid);
    }

    /// Living orders with their addresses.
    pub fn processes(&self) -> impl Iterator<Item = (Pid, OrderId)> {
        let order = |(pid, key, _, party): (Pid, u64, u32, &Party)| {
            party.as_order().map(|_| (pid, OrderId(key)))
        };
        self.world().processes().filter_map(order)
    }

    /// The present or former owner of an address.
    pub fn who(&self, pid: Pid) -> Who {
        if pid == Pid::OUTSIDE {
            return Who::Client;
        }
        // A restarting process has its new address before it starts; until then it belongs to the life before.
        let latest = self.people.range(..=pid).next_back();
        latest
            .filter(|(known, _)| known.index() == pid.index())
            .map_or(Who::Supervisor, |(_, w)| *w)
    }

    /// The events since the last call. Empties the world's log.
    pub fn seen(&mut self) -> Vec<Observed> {
        self.exchange.world_mut().take_log();
        self.witnessed()
    }

    /// The same, and leaves the log to the caller.
    pub fn witnessed(&mut self) -> Vec<Observed> {
        let seen = std::mem::take(&mut self.exchange.world_mut().watch.seen);
        for event in &seen {
            if let Observed::Started(pid, key, _) = event {
                let who = self.recognise(*pid, *key);
                Arc::make_mut(&mut self.people).insert(*pid, who);
            }
        }
        seen
    }

    /// The process that has just started.
    fn recognise(&self, pid: Pid, key: u64) -> Who {
        if key > 0 {
            return Who::Order(OrderId(key));
        }
        let is = |name| self.world().whereis(name) == Some(pid);
        if is(LEDGER) {
            return Who::Ledger;
        }
        for (market, _) in self.exchange.markets() {
            if is(floor_of(market)) {
                return Who::Floor(market);
            }
            if is(orders_of(market)) {
                return Who::Orders(market);
            }
        }
        Who::Supervisor
    }
}

/// The message in an envelope; `None` for other signals.
pub fn message(envelope: &Envelope<Message>) -> Option<&Message> {
    match &envelope.signal {
        Signal::Message(say) => Some(say),
        _ => None,
    }
}
