//! The exchange as a service: a loop around the caller's-thread face on a thread of its own, and a
//! journal on another. Asks wait in a bounded queue; they are answered when their facts are durable.
//!
//! An edge: threads, the clock and the journal's directory are reached from here and nowhere else.
#![allow(clippy::disallowed_methods, reason = "an edge: two threads are the service")]

mod client;
mod clock;
mod group_commit;
mod journal_loop;
mod messages;
mod recover;
mod sequencer;
mod subscription;
#[cfg(test)]
mod tests;
mod world_loop;

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use journal::{Cut, DiskJournal, Journal, JournalError, MemoryJournal};
use protocol::MarketSpec;
use thiserror::Error;

use crate::{Intake, Options};

pub use client::{Busy, Client, SubmitError};
pub use clock::{Ahead, Clock, Jump};
pub use group_commit::{CommitResult, GroupCommit, Next};
pub use messages::{Answer, Answers, Batch, Chunk, Reply, Unavailable};
pub use recover::{RecoverError, Recovered, is_snapshot_of, recover, recover_watched};
pub use sequencer::{Engine, Moment, Sequencer};
pub use subscription::Subscription;

use messages::{ToJournal, ToWorld};

/// When a command is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Durability {
    /// When its facts are on the disk: after `fdatasync`. Nothing that was answered is ever lost.
    #[default]
    Disk,
    /// At once. Nothing is kept: the end of the program is the end of its history.
    Memory,
}

/// How a service runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceOptions {
    /// The journal's directory, for [`Durability::Disk`]; made if it is not there.
    pub journal: Option<PathBuf>,
    /// When a command is answered.
    pub durability: Durability,
    /// Bounds of the exchange.
    pub exchange: Options,
    /// Batches of commands that may wait; with one more, [`Busy`]. Default 1,024.
    pub queue: usize,
    /// Batches of facts that a subscriber may be behind before it is cut off. Default 4,096.
    pub subscriber_lag: usize,
    /// A snapshot is saved each time so many facts have been recorded. Default 20 million: a start
    /// folds at most that many, some seconds' worth.
    pub snapshot_every: u64,
    /// Bytes of facts that [`Durability::Memory`] keeps for subscribers who come later. Default 256 MiB.
    pub memory_history: usize,
    /// How the journal keeps its segments.
    pub segments: journal::Options,
    /// How far the system's clock may jump from one second to the next, and the journal's last fact be ahead of it.
    /// Beyond that a start is refused, and a jump while it runs is reported ([`Health::clock`]) and not believed.
    /// Default one minute.
    pub clock_bound: Duration,
    /// Rules that the journal's markets must have: one that is open with others refuses the start before
    /// anything is written. A market that is here more than once may have any of these rules. Those that
    /// are not there are not opened by this. Default none.
    pub rules: Vec<MarketSpec>,
}

impl Default for ServiceOptions {
    fn default() -> ServiceOptions {
        ServiceOptions {
            journal: None,
            durability: Durability::default(),
            exchange: Options::default(),
            queue: 1024,
            subscriber_lag: 4096,
            snapshot_every: 20_000_000,
            memory_history: 256 << 20,
            segments: journal::Options::default(),
            clock_bound: Duration::from_secs(60),
            rules: Vec::new(),
        }
    }
}

/// Why a service did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// [`Durability::Disk`] without a directory.
    #[error(
        "durability disk needs a directory for the journal: name one, or choose durability memory"
    )]
    NoJournal,
    /// The journal cannot be opened or read.
    #[error(transparent)]
    Journal(JournalError),
    /// The journal was read, and is not a history that can have been.
    #[error(transparent)]
    Recover(RecoverError),
    /// A market is open with other rules than [`ServiceOptions::rules`] has for it: these.
    #[error(
        "market {symbol} is open already with {0}; configure those rules, or choose another journal. Nothing was written",
        symbol = .0.symbol
    )]
    Rules(MarketSpec),
    /// The journal is from the future, by the system's clock.
    #[error(transparent)]
    Clock(Ahead),
    /// The system has no thread for us.
    #[error("cannot start the exchange's threads: {0}")]
    Thread(std::io::Error),
}

/// Why a service did not end well.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{0}")]
pub struct ServiceError(String);

/// How a service is doing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Health {
    /// Number of the last fact that is durable.
    pub durable: u64,
    /// Commands answered since the start.
    pub commands: u64,
    /// False while the journal has no room for new orders.
    pub accepts_orders: bool,
    /// False while it has none for cancels either.
    pub accepts_cancels: bool,
    /// Why the service takes no asks any more, if so.
    pub failure: Option<String>,
    /// Why the last snapshot could not be saved, if so. The journal has all facts: only the next start takes longer.
    pub unsaved: Option<String>,
    /// What is wrong with the system's clock, if something is. Commands are answered all the same; the times of facts go on
    /// from before.
    pub clock: Option<String>,
}

/// What the threads of a service share.
pub(crate) struct Shared {
    durable: AtomicU64,
    commands: AtomicU64,
    /// What the journal has room for: an [`Intake`].
    intake: AtomicU8,
    stopping: AtomicBool,
    failure: Mutex<Option<String>>,
    unsaved: Mutex<Option<String>>,
    clock: Mutex<Option<String>>,
}

impl Shared {
    fn intake(&self) -> Intake {
        match self.intake.load(Ordering::Relaxed) {
            0 => Intake::All,
            1 => Intake::Cancels,
            _ => Intake::Nothing,
        }
    }

    fn set_intake(&self, intake: Intake) {
        self.intake.store(intake as u8, Ordering::Relaxed);
    }

    /// The service takes no more commands, and says why. The first reason stands.
    fn fail(&self, why: String) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(why);
        self.stopping.store(true, Ordering::Release);
    }

    /// Does a part of a thread's work. If it panics, the service has failed, with that reason.
    fn guard(&self, thread: &str, work: impl FnOnce()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
            self.fail(format!("the {thread} thread failed: {}", text_of(&*panic)));
        }
    }

    fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn unsaved(&self) -> Option<String> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_clock(&self, jump: Option<Jump>) {
        let jump = jump.map(|jump| jump.to_string());
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = jump;
    }

    fn set_unsaved(&self, why: Option<String>) {
        *self.unsaved.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }
}

/// The text of a panic.
fn text_of(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "it did not say why",
    }
}

/// A running exchange. If a thread of it dies, or its world, it has failed: [`Service::health`] says why at
/// once, those who wait hear [`Unavailable`], and a new start goes on from the journal.
/// Dropping it ends it as [`Service::stop`] does, without its last word.
///
/// ```
/// use exchange::{Service, ServiceOptions};
/// use units::Scale;
/// use protocol::{Command, Fact, MarketSpec, Response};
///
/// let dir = tempfile::tempdir()?;
/// let options = ServiceOptions { journal: Some(dir.path().into()), ..ServiceOptions::default() };
/// let service = Service::start(options.clone())?;
/// let mut facts = service.subscribe();
/// let spec = MarketSpec::new("TEA-USD".parse()?, Scale::places(2), Scale::places(0));
/// let answer = service.client().submit(Command::OpenMarket(spec))?; // waits until it is on the disk
/// assert!(matches!(answer.responses[..], [Response::Fact(_, Fact::MarketOpened { .. })]));
/// let (_, first) = facts.recv().expect("the service runs")[0];
/// assert_eq!(first, Fact::Started { epoch: 1 });
/// service.stop()?;
///
/// let service = Service::start(options)?; // goes on where it was
/// assert_eq!(service.recovered().facts, 2);
/// service.stop()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Service {
    shared: Arc<Shared>,
    to_world: SyncSender<ToWorld>,
    to_journal: SyncSender<ToJournal>,
    /// The journal's, then the world's, which is the first to end.
    threads: Vec<JoinHandle<()>>,
    recovered: Recovered,
    subscriber_lag: usize,
}

impl Service {
    /// Recovers the exchange from its journal, if it has one, and starts its two threads.
    ///
    /// Reads the newest snapshot and all facts after it: below 0.3 s a million facts.
    pub fn start(options: ServiceOptions) -> Result<Service, StartError> {
        let (journal, cut) = open(&options)?;
        Service::start_with(journal, cut, options)
    }

    /// As [`Service::start`], on a journal of the caller's own: another store, or one that fails when a
    /// test wants it to. `options.journal` is not looked at.
    pub fn start_on(
        journal: Box<dyn Journal>,
        options: ServiceOptions,
    ) -> Result<Service, StartError> {
        Service::start_with(journal, None, options)
    }

    fn start_with(
        mut journal: Box<dyn Journal>,
        cut: Option<Cut>,
        options: ServiceOptions,
    ) -> Result<Service, StartError> {
        let (exchange, mut recovered) =
            recover(&mut *journal, options.exchange).map_err(StartError::Recover)?;
        recovered.cut = cut;
        check_rules(&recovered.markets, &options.rules)?;
        let clocks = world_loop::Clocks::new(exchange.time(), options.clock_bound);
        let clocks = clocks.map_err(StartError::Clock)?;
        let group_commit = GroupCommit::new(journal);
        let shared = Arc::new(Shared {
            durable: AtomicU64::new(group_commit.journal().durable() - 1),
            commands: AtomicU64::new(0),
            intake: AtomicU8::new(group_commit.intake() as u8),
            stopping: AtomicBool::new(false),
            failure: Mutex::new(None),
            unsaved: Mutex::new(None),
            clock: Mutex::new(None),
        });
        let (to_world, from_clients) = sync_channel(options.queue.max(1));
        let (to_journal, from_world) = sync_channel(8);
        let memory = (options.durability == Durability::Memory).then_some(options.memory_history);
        let subscriber_lag = options.subscriber_lag.max(1);
        let mut journal_loop =
            journal_loop::JournalLoop::new(group_commit, from_world, shared.clone(), memory);
        let mut world_loop = world_loop::WorldLoop::new(
            exchange,
            clocks,
            from_clients,
            to_journal.clone(),
            shared.clone(),
            Sequencer::new(recovered.from_snapshot, options.snapshot_every),
        );
        let (guard, wake) = (shared.clone(), to_world.clone());
        let journal = move || {
            guard.guard("journal", || journal_loop.run());
            guard.guard("journal", || drop(journal_loop));
            // The world's thread may be waiting for commands. If its queue is full it is at work, and finds
            // out when it hands on.
            match wake.try_send(ToWorld::Stop) {
                Ok(()) | Err(_) => {}
            }
        };
        let (guard, done) = (shared.clone(), to_journal.clone());
        let world = move || {
            guard.guard("world", || world_loop.run());
            // The journal's thread ends when it has done all that was handed on. If it has ended before,
            // everybody who waits is told by the drop of what they wait for.
            match done.send(ToJournal::End) {
                Ok(()) | Err(_) => {}
            }
            guard.guard("world", || drop(world_loop));
        };
        let named = |name: &str| Builder::new().name(name.to_owned());
        let threads = vec![
            named("journal").spawn(journal).map_err(StartError::Thread)?,
            named("world").spawn(world).map_err(StartError::Thread)?,
        ];
        Ok(Service { shared, to_world, to_journal, threads, recovered, subscriber_lag })
    }

    /// A way to ask it, for any thread.
    pub fn client(&self) -> Client {
        Client::new(self.to_world.clone(), self.shared.clone())
    }

    /// All durable facts from the first that is kept: history, then live, without a gap.
    pub fn subscribe(&self) -> Subscription {
        subscription::subscribe(&self.to_journal, self.subscriber_lag)
    }

    /// How it is doing.
    pub fn health(&self) -> Health {
        Health {
            durable: self.shared.durable.load(Ordering::Acquire),
            commands: self.shared.commands.load(Ordering::Relaxed),
            accepts_orders: self.shared.intake() == Intake::All,
            accepts_cancels: self.shared.intake() != Intake::Nothing,
            failure: self.shared.failure(),
            unsaved: self.shared.unsaved(),
            clock: self.shared.clock.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// What was found at the start.
    pub fn recovered(&self) -> &Recovered {
        &self.recovered
    }

    /// Takes no more commands, and does not wait for room for the facts of those that it has: a journal that is full
    /// then has failed. For an owner that is about to end it.
    pub fn take_no_more(&self) {
        self.shared.stopping.store(true, Ordering::Release);
    }

    /// Answers what has been asked, makes it durable, and ends.
    pub fn stop(mut self) -> Result<(), ServiceError> {
        self.end();
        match self.shared.failure() {
            None => Ok(()),
            Some(why) => Err(ServiceError(why)),
        }
    }

    /// Returns whatever has died: each thread hears of the other's end, and none waits for this one.
    fn end(&mut self) {
        self.shared.stopping.store(true, Ordering::Release);
        if self.to_world.send(ToWorld::Stop).is_err() {
            self.shared.fail("the world thread ended by itself".to_owned());
        }
        for thread in self.threads.drain(..).rev() {
            if let Err(panic) = thread.join() {
                self.shared.fail(format!("a thread failed: {}", text_of(&*panic)));
            }
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            self.end();
        }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("health", &self.health()).finish_non_exhaustive()
    }
}

fn check_rules(open: &[MarketSpec], rules: &[MarketSpec]) -> Result<(), StartError> {
    let other = |spec: &&MarketSpec| {
        let mut same = rules.iter().filter(|rule| rule.symbol == spec.symbol).peekable();
        same.peek().is_some() && same.all(|rule| rule != *spec)
    };
    open.iter().find(other).map_or(Ok(()), |spec| Err(StartError::Rules(*spec)))
}

fn open(options: &ServiceOptions) -> Result<(Box<dyn Journal>, Option<Cut>), StartError> {
    match (options.durability, &options.journal) {
        (Durability::Memory, _) => Ok((Box::new(MemoryJournal::new()), None)),
        (Durability::Disk, None) => Err(StartError::NoJournal),
        (Durability::Disk, Some(dir)) => {
            let journal = DiskJournal::open(dir, options.segments).map_err(StartError::Journal)?;
            let cut = journal.cut().cloned();
            Ok((Box::new(journal), cut))
        }
    }
}
