//! Threads and worlds that die, at rest and under load: the service reports the reason, answers waiting clients that
//! the outcome is unknown, and stops when asked to.
#![allow(clippy::unwrap_used, reason = "a test: a surprise is a failure")]
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "threads, and bounds on waiting"
)]

use std::sync::mpsc::sync_channel;
use std::thread::spawn;
use std::time::{Duration, Instant};

use journal::{FreeSpace, Journal, JournalError, MemoryJournal, Reader, Snapshot};
use protocol::bytes::FactEncoder;
use protocol::{Command, MarketSpec, NewOrder, TimeInForce};
use units::{AccountId, Lots, MarketId, Price, Scale, Side};

use super::messages::ToWorld;
use super::{Client, Durability, Service, ServiceError, ServiceOptions, SubmitError};
use crate::Exchange;

/// Longer than any step here takes; no test waits longer.
const BOUND: Duration = Duration::from_secs(20);
/// The service reports a failure within this time.
const SOON: Duration = Duration::from_secs(1);

/// Runs a closure on a thread of its own, and panics if it does not end in time.
fn bounded<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (to, done) = sync_channel(1);
    let thread = spawn(move || to.send(work()).unwrap());
    let value = done.recv_timeout(BOUND).expect("it comes to an end");
    thread.join().unwrap();
    value
}

fn open_market() -> Command {
    let (tick, lot) = (Scale::places(2), Scale::places(0));
    Command::OpenMarket(MarketSpec::new("TEA-USD".parse().unwrap(), tick, lot))
}

fn new_order(side: Side) -> Command {
    let (account, client, market) = (AccountId(1), None, MarketId(0));
    let (price, quantity, time_in_force) = (Price(100), Lots(1), TimeInForce::GoodTillCancel);
    Command::NewOrder(NewOrder { account, client, market, side, price, quantity, time_in_force })
}

/// Where the journal panics.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Trap {
    Append(u32),
    Sync(u32),
    Snapshot,
    Reader,
    Close,
    Drop,
}

/// A journal with a bug.
struct Trapped {
    journal: MemoryJournal,
    trap: Trap,
    appends: u32,
    syncs: u32,
}

impl Journal for Trapped {
    fn append_batch(&mut self, batch: &[&FactEncoder]) -> Result<(), JournalError> {
        self.appends += 1;
        assert!(self.trap != Trap::Append(self.appends), "a bug in append");
        self.journal.append_batch(batch)
    }

    fn sync(&mut self) -> Result<u64, JournalError> {
        self.syncs += 1;
        assert!(self.trap != Trap::Sync(self.syncs), "a bug in sync");
        self.journal.sync()
    }

    fn end(&self) -> u64 {
        self.journal.end()
    }

    fn durable(&self) -> u64 {
        self.journal.durable()
    }

    fn free_space(&mut self) -> Result<FreeSpace, JournalError> {
        self.journal.free_space()
    }

    fn reader(&self) -> Box<dyn Reader> {
        let at_start = self.appends == 0;
        assert!(self.trap != Trap::Reader || at_start, "a bug in reader");
        self.journal.reader()
    }

    fn save_snapshot(&mut self, position: u64, bytes: &[u8]) -> Result<(), JournalError> {
        assert!(self.trap != Trap::Snapshot, "a bug in save_snapshot");
        self.journal.save_snapshot(position, bytes)
    }

    fn load_snapshot(&self) -> Result<Snapshot, JournalError> {
        self.journal.load_snapshot()
    }

    fn close(&mut self) -> Result<(), JournalError> {
        assert!(self.trap != Trap::Close, "a bug in close");
        self.journal.close()
    }
}

impl Drop for Trapped {
    fn drop(&mut self) {
        assert!(self.trap != Trap::Drop || std::thread::panicking(), "a bug in drop");
    }
}

fn on_trap(trap: Trap) -> Service {
    let journal = MemoryJournal::new();
    let journal = Box::new(Trapped { journal, trap, appends: 0, syncs: 0 });
    // Not in memory only: so that a subscriber gets a reader of the journal.
    let options = ServiceOptions { snapshot_every: 5, ..ServiceOptions::default() };
    Service::start_on(journal, options).unwrap()
}

fn in_memory() -> Service {
    let options = ServiceOptions { durability: Durability::Memory, ..ServiceOptions::default() };
    Service::start(options).unwrap()
}

/// The reason of the failure, as soon as the service reports it.
fn failure(service: &Service) -> String {
    let began = Instant::now();
    loop {
        if let Some(why) = service.health().failure {
            return why;
        }
        assert!(began.elapsed() < SOON, "the failure is not reported");
        std::thread::yield_now();
    }
}

fn harm(service: &Service, harm: impl FnOnce(&mut Exchange) + Send + 'static) {
    assert!(service.to_world.send(ToWorld::Harm(Box::new(harm))).is_ok());
}

/// Kills the ledger's process until its supervisor gives it up.
fn kill_the_ledger(exchange: &mut Exchange) {
    while exchange.world().death().is_none() {
        let ledger = exchange.world().whereis(market::LEDGER).unwrap();
        exchange.world_mut().kill(ledger);
        exchange.world_mut().run();
    }
}

/// Four clients send commands until the service is unavailable. Each returns how many were answered.
fn load(client: &Client) -> Vec<std::thread::JoinHandle<u32>> {
    let ask_on = |client: Client, side: Side| {
        move || {
            let mut answered = 0;
            loop {
                match client.submit(new_order(side)) {
                    Ok(_) => answered += 1,
                    Err(SubmitError::Busy) => {}
                    Err(SubmitError::Unavailable) => return answered,
                }
            }
        }
    };
    let sides = [Side::Buy, Side::Sell, Side::Buy, Side::Sell];
    sides.map(|side| spawn(ask_on(client.clone(), side))).into()
}

/// Waits for clients, and returns how many commands were answered.
fn all_end(clients: Vec<std::thread::JoinHandle<u32>>) -> u32 {
    bounded(|| clients.into_iter().map(|client| client.join().unwrap()).sum())
}

/// What must hold of every service that has failed: it reports this reason, takes no commands, sends no facts, and
/// stops.
fn assert_is_over(service: Service, reason: &'static str) {
    bounded(move || {
        let why = failure(&service);
        assert!(why.contains(reason), "{why}");
        assert_eq!(service.client().submit(new_order(Side::Buy)), Err(SubmitError::Unavailable));
        let mut facts = service.subscribe();
        while facts.recv().is_some() {}
        assert_eq!(service.stop(), Err(ServiceError(why)));
    });
}

#[test]
fn a_world_thread_that_panics_at_rest_is_noticed_and_the_service_ends() {
    let service = in_memory();
    let client = service.client();
    client.submit(open_market()).unwrap();
    let mut facts = service.subscribe();
    harm(&service, |_| panic!("a bug of the world"));
    assert_is_over(service, "the world thread failed: a bug of the world");
    bounded(move || while facts.recv().is_some() {});
    assert_eq!(
        client.submit(new_order(Side::Buy)),
        Err(SubmitError::Unavailable),
        "the service is gone"
    );
}

#[test]
fn a_world_thread_that_panics_under_load_leaves_nobody_waiting() {
    let service = in_memory();
    service.client().submit(open_market()).unwrap();
    let clients = load(&service.client());
    while service.health().commands < 1_000 {
        std::thread::yield_now();
    }
    harm(&service, |_| panic!("a bug of the world"));
    assert_is_over(service, "the world thread failed: a bug of the world");
    let answered = all_end(clients);
    assert!(answered >= 900, "{answered}");
}

#[test]
fn a_dead_world_ends_the_service_with_its_reason_at_rest_and_under_load() {
    for under_load in [false, true] {
        let service = in_memory();
        let client = service.client();
        client.submit(open_market()).unwrap();
        let clients = if under_load { load(&client) } else { Vec::new() };
        harm(&service, kill_the_ledger);
        if !under_load {
            assert_eq!(client.submit(new_order(Side::Buy)), Err(SubmitError::Unavailable));
        }
        assert_is_over(
            service,
            "all processes of the exchange have ended: failed: exchange exceeded",
        );
        all_end(clients);
    }
}

#[test]
fn a_journal_thread_that_panics_is_noticed_whatever_it_was_at() {
    // The first append is that of the start, the second that of the market.
    let traps = [
        (Trap::Append(1), "a bug in append"),
        (Trap::Append(3), "a bug in append"),
        (Trap::Sync(3), "a bug in sync"),
        (Trap::Snapshot, "a bug in save_snapshot"),
    ];
    for (trap, reason) in traps {
        let service = on_trap(trap);
        let client = service.client();
        bounded(move || {
            let mut answers = (0..100)
                .map(|n| client.submit(if n == 0 { open_market() } else { new_order(Side::Buy) }));
            assert!(answers.any(|answer| answer == Err(SubmitError::Unavailable)), "{trap:?}");
        });
        assert_is_over(service, reason);
    }
}

#[test]
fn a_journal_thread_that_panics_at_rest_ends_the_world_thread_too() {
    let service = on_trap(Trap::Reader);
    service.client().submit(open_market()).unwrap();
    assert_eq!(bounded_recv(&service), None);
    let failed = failure(&service);
    assert!(failed.contains("the journal thread failed: a bug in reader"), "{failed}");
    // No client sends a command; the world's thread ends all the same.
    let began = Instant::now();
    while !service.threads[1].is_finished() {
        assert!(began.elapsed() < SOON, "the world's thread still waits for commands");
        std::thread::yield_now();
    }
    assert_is_over(service, "a bug in reader");
}

/// How many facts a new subscriber's first batch has; `None` if the subscription has ended.
fn bounded_recv(service: &Service) -> Option<usize> {
    let mut facts = service.subscribe();
    bounded(move || facts.recv().map(|facts| facts.len()))
}

#[test]
fn a_journal_thread_that_panics_under_load_leaves_nobody_waiting() {
    let service = on_trap(Trap::Sync(50));
    service.client().submit(open_market()).unwrap();
    let clients = load(&service.client());
    assert_is_over(service, "the journal thread failed: a bug in sync");
    all_end(clients);
}

#[test]
fn a_panic_in_the_last_work_of_a_thread_is_told_by_stop() {
    for (trap, reason) in [(Trap::Close, "a bug in close"), (Trap::Drop, "a bug in drop")] {
        let service = on_trap(trap);
        service.client().submit(open_market()).unwrap();
        let why = bounded(|| service.stop()).unwrap_err().to_string();
        assert!(why.contains(reason), "{why}");
    }
}

#[test]
fn a_service_whose_threads_are_dead_can_be_dropped() {
    let world_died = in_memory();
    harm(&world_died, |_| panic!("a bug of the world"));
    let journal_died = on_trap(Trap::Append(1));
    for service in [world_died, journal_died] {
        failure(&service);
        bounded(|| drop(service));
    }
}

#[test]
fn restarts_are_counted_by_the_monotonic_clock_from_the_first_moment_on() {
    let service = in_memory();
    service.client().submit(open_market()).unwrap();
    let (to, counted_by) = sync_channel(1);
    harm(&service, move |exchange| to.send((exchange.world().now(), exchange.time())).unwrap());
    let (uptime, time) = counted_by.recv_timeout(BOUND).unwrap();
    assert!(Duration::from_nanos(uptime) < BOUND, "it counts from its start");
    assert!(
        Duration::from_nanos(time.0) > Duration::from_secs(1_700_000_000),
        "and facts by the calendar"
    );
    service.stop().unwrap();
}
