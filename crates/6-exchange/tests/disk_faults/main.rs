//! A service on a disk that fails on demand: its answers, its reports, and what the next start finds.

#![allow(clippy::unwrap_used, reason = "a test: a surprise is a failure")]
#![allow(clippy::disallowed_types, reason = "a test: what is not noticed must not be waited for")]

mod faulty;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use exchange::{Client, Service, ServiceOptions, SubmitError};
use faulty::{Faults, Faulty};
use journal::{Disk, FileJournal, Journal};
use protocol::{Command, Fact, MarketSpec, NewOrder, RejectCode, Response, TimeInForce};
use units::{AccountId, ClientId, Lots, MarketId, OrderId, Price, Scale, Side};

const RESERVE: u64 = 64 << 10;
/// Nothing is set aside.
const NO_RESERVE: journal::Options = journal::Options { segment_bytes: 64 << 20, reserve_bytes: 0 };

fn start(dir: &Path, faults: &Arc<Faults>, snapshot_every: u64) -> Service {
    let segments = journal::Options { segment_bytes: 64 << 20, reserve_bytes: RESERVE };
    start_with(dir, faults, snapshot_every, segments)
}

fn start_with(
    dir: &Path,
    faults: &Arc<Faults>,
    snapshot_every: u64,
    segments: journal::Options,
) -> Service {
    let storage = Faulty { disk: Disk::new(dir).unwrap(), faults: faults.clone() };
    let journal: Box<dyn Journal> = Box::new(FileJournal::open_storage(storage, segments).unwrap());
    let options = ServiceOptions { snapshot_every, ..ServiceOptions::default() };
    Service::start_on(journal, options).unwrap()
}

fn open_market(client: &Client) {
    let (tick, lot) = (Scale::places(2), Scale::places(0));
    let spec = MarketSpec::new("TEA-USD".parse().unwrap(), tick, lot);
    client.submit(Command::OpenMarket(spec)).unwrap();
}

fn place(id: u128) -> Command {
    Command::NewOrder(NewOrder {
        account: AccountId(1),
        client: ClientId::new(id),
        market: MarketId(0),
        side: Side::Buy,
        price: Price(100),
        quantity: Lots(1),
        time_in_force: TimeInForce::GoodTillCancel,
    })
}

/// How often an order with this client id was entered, by the facts on the disk.
fn entered(dir: &Path, id: u128) -> usize {
    let mut count = 0;
    let verified = journal::verify(dir, &mut |_, fact| {
        let Fact::Entered(entered) = fact else { return };
        count += usize::from(entered.new.client == ClientId::new(id));
    });
    assert!(verified.unwrap().intact);
    count
}

#[test]
fn a_disk_that_fails_ends_the_service_by_name_and_nothing_is_acknowledged_after_it() {
    type Fault = fn(&Faults) -> &AtomicBool;
    let faults: [(&str, Fault); 2] =
        [("could not sync ", |faults| &faults.sync), ("could not write ", |faults| &faults.write)];
    for (named, fault) in faults {
        let dir = tempfile::tempdir().unwrap();
        let faults = Arc::new(Faults::default());
        let service = start(dir.path(), &faults, u64::MAX);
        let client = service.client();
        open_market(&client);
        let first = client.submit(place(1)).unwrap();
        fault(&faults).store(true, Ordering::SeqCst);
        assert_eq!(client.submit(place(2)), Err(SubmitError::Unavailable), "{named}");
        fault(&faults).store(false, Ordering::SeqCst);
        // A disk that works again changes nothing: what it has is not known before the next start.
        assert_eq!(client.submit(place(3)), Err(SubmitError::Unavailable), "{named}");
        let failure = service.health().failure.unwrap();
        assert!(failure.contains(named) && failure.contains(".facts"), "{failure}");
        assert!(service.stop().unwrap_err().to_string().contains(named));

        let service = start(dir.path(), &faults, u64::MAX);
        let client = service.client();
        assert_eq!(
            client.submit(place(1)).unwrap().responses,
            [Response::Repeated(OrderId(first.command.0))]
        );
        client.submit(place(2)).unwrap();
        client.submit(place(3)).unwrap();
        service.stop().unwrap();
        assert_eq!([1, 2, 3].map(|id| entered(dir.path(), id)), [1, 1, 1], "{named}");
    }
}

#[test]
fn a_full_disk_refuses_orders_takes_cancels_and_trading_resumes_without_a_start() {
    let dir = tempfile::tempdir().unwrap();
    let faults = Arc::new(Faults::default());
    let service = start(dir.path(), &faults, 4_000);
    let client = service.client();
    open_market(&client);
    faults.full.store(true, Ordering::SeqCst);
    // Zeros written ahead take orders for a while, then the reserve does, and that is the sign.
    let mut id = 0;
    let refused = loop {
        id += 1;
        let answer = client.submit(place(id)).unwrap();
        match answer.responses[..] {
            [Response::Fact(..)] => assert!(id < 100_000, "it must be full at last"),
            _ => break answer.responses,
        }
    };
    assert_eq!(refused, [Response::Rejected(RejectCode::JournalFull)]);
    let health = service.health();
    assert_eq!((health.accepts_orders, &health.failure), (false, &None));
    let unsaved = health.unsaved.expect("no snapshot fits either");
    assert!(unsaved.contains("space") || unsaved.contains("snapshot"), "{unsaved}");
    // Command 1 began the run and command 2 opened the market, so order 3 is the first.
    for order in 3..103 {
        let left = client
            .submit(Command::Cancel { account: AccountId(1), order: OrderId(order) })
            .unwrap();
        assert!(
            matches!(left.responses[..], [Response::Fact(_, Fact::Cancelled { .. })]),
            "{left:?}"
        );
    }
    let again = client.submit(place(id)).unwrap();
    assert_eq!(again.responses, [Response::Rejected(RejectCode::JournalFull)]);

    faults.full.store(false, Ordering::SeqCst);
    let cancel =
        |order| client.submit(Command::Cancel { account: AccountId(1), order: OrderId(order) });
    cancel(103).unwrap(); // the journal checks its space at each write, and ten times a second
    assert!(service.health().accepts_orders);
    let entered_at_last = client.submit(place(id)).unwrap();
    assert!(matches!(entered_at_last.responses[..], [Response::Fact(..)]), "{entered_at_last:?}");
    for more in 1..4_100 {
        client.submit(place(id + more)).unwrap();
    }
    assert_eq!(service.health().unsaved, None, "snapshots are saved again");
    service.stop().unwrap();
    assert_eq!(entered(dir.path(), id), 1);
}

#[test]
fn a_start_on_a_disk_without_any_room_fails_by_name_instead_of_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let faults = Arc::new(Faults::default());
    let storage = Faulty { disk: Disk::new(dir.path()).unwrap(), faults: faults.clone() };
    let segments = journal::Options { segment_bytes: 64 << 20, reserve_bytes: 0 };
    let journal = FileJournal::open_storage(storage, segments).unwrap();
    faults.full.store(true, Ordering::SeqCst);
    let service = Service::start_on(Box::new(journal), ServiceOptions::default()).unwrap();
    assert_eq!(service.client().submit(place(1)), Err(SubmitError::Unavailable));
    let failure = service.health().failure.unwrap();
    assert!(failure.contains("no space is left") && failure.contains("free space"), "{failure}");
}

/// Places orders until one is rejected for lack of space, and returns its client id.
fn place_until_full(client: &Client, from: u128) -> u128 {
    (from..from + 100_000)
        .find(|id| {
            client.submit(place(*id)).unwrap().responses
                == [Response::Rejected(RejectCode::JournalFull)]
        })
        .expect("it must be full at last")
}

fn cancel(client: &Client, order: u64) -> Vec<Response> {
    client
        .submit(Command::Cancel { account: AccountId(1), order: OrderId(order) })
        .unwrap()
        .responses
}

#[test]
fn without_names_for_new_files_cancels_go_on_from_the_reserve_and_trading_resumes() {
    let dir = tempfile::tempdir().unwrap();
    let faults = Arc::new(Faults::default());
    let segments = journal::Options { segment_bytes: 100_000, reserve_bytes: RESERVE };
    let service = start_with(dir.path(), &faults, 500, segments);
    let client = service.client();
    open_market(&client);
    faults.no_names.store(true, Ordering::SeqCst);
    let refused = place_until_full(&client, 1);
    let health = service.health();
    assert_eq!(
        (health.accepts_orders, health.accepts_cancels, health.failure),
        (false, true, None)
    );
    assert!(health.unsaved.is_some_and(|why| why.contains("df -i")), "no snapshot has a name");
    assert!(matches!(cancel(&client, 3)[..], [Response::Fact(_, Fact::Cancelled { .. })]));
    faults.no_names.store(false, Ordering::SeqCst);
    cancel(&client, 4);
    assert!(service.health().accepts_orders);
    client.submit(place(refused)).unwrap();
    service.stop().unwrap();
    assert_eq!(entered(dir.path(), refused), 1);
}

#[test]
fn a_file_that_the_disk_cannot_make_ends_the_service_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let faults = Arc::new(Faults::default());
    let segments = journal::Options { segment_bytes: 20_000, reserve_bytes: RESERVE };
    let service = start_with(dir.path(), &faults, u64::MAX, segments);
    let client = service.client();
    open_market(&client);
    faults.names.store(true, Ordering::SeqCst);
    let ended = (1..10_000).find(|id| client.submit(place(*id)) == Err(SubmitError::Unavailable));
    let failure = service.health().failure.unwrap();
    assert!(failure.contains("could not create a segment after "), "{failure}");
    drop(service);
    faults.names.store(false, Ordering::SeqCst);
    let service = start_with(dir.path(), &faults, u64::MAX, segments);
    for id in 1..ended.unwrap() {
        let responses = service.client().submit(place(id)).unwrap().responses;
        assert!(matches!(responses[..], [Response::Repeated(_)]), "{id}: {responses:?}");
    }
    service.stop().unwrap();
}

#[test]
fn without_a_reserve_a_full_disk_refuses_cancels_too_and_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let faults = Arc::new(Faults::default());
    let service = start_with(dir.path(), &faults, u64::MAX, NO_RESERVE);
    let client = service.client();
    open_market(&client);
    faults.full.store(true, Ordering::SeqCst);
    let refused = place_until_full(&client, 1);
    let health = service.health();
    assert_eq!(
        (health.accepts_orders, health.accepts_cancels, health.failure),
        (false, false, None)
    );
    for order in 3..2_000 {
        assert_eq!(cancel(&client, order), [Response::Rejected(RejectCode::JournalFull)]);
    }
    // Everything that was acknowledged is there at a start on the full disk, and that is as before.
    service.stop().unwrap();
    let service = start_with(dir.path(), &faults, u64::MAX, NO_RESERVE);
    let client = service.client();
    assert_eq!(place_until_full(&client, refused), refused);
    faults.full.store(false, Ordering::SeqCst);
    while !service.health().accepts_orders {
        std::thread::yield_now(); // it looks ten times a second
    }
    assert!(matches!(cancel(&client, 3)[..], [Response::Fact(_, Fact::Cancelled { .. })]));
    client.submit(place(refused)).unwrap();
    service.stop().unwrap();
    assert_eq!([1, refused].map(|id| entered(dir.path(), id)), [1, 1]);
}

#[test]
fn while_facts_wait_for_room_others_are_refused_at_once_and_these_are_answered_when_there_is() {
    let dir = tempfile::tempdir().unwrap();
    let faults = Arc::new(Faults::default());
    let service = start_with(dir.path(), &faults, u64::MAX, NO_RESERVE);
    let client = service.client();
    open_market(&client);
    faults.full.store(true, Ordering::SeqCst);
    // More at once than zeros are ahead of.
    let (told, answers) = std::sync::mpsc::channel();
    let many: Vec<Command> = (1..=200_000).map(place).collect();
    client.submit_batch(many, move |answer| told.send(answer).unwrap()).unwrap();
    while service.health().accepts_cancels {
        std::thread::yield_now();
    }
    // More than all queues hold, so that none may fill up.
    for id in 0..3_000 {
        let refused = client.submit(place(1_000_000 + id)).unwrap().responses;
        assert_eq!(refused, [Response::Rejected(RejectCode::JournalFull)]);
    }
    assert_eq!(cancel(&client, 3), [Response::Rejected(RejectCode::JournalFull)]);
    assert!(answers.try_recv().is_err(), "a command is not answered before its facts are durable");
    faults.full.store(false, Ordering::SeqCst);
    let answers = answers.recv().unwrap().unwrap();
    assert!(answers.iter().all(|answer| matches!(answer.responses[..], [Response::Fact(..)])));
    service.stop().unwrap();
    assert_eq!([1, 200_000].map(|id| entered(dir.path(), id)), [1, 1]);
}

#[test]
fn files_that_are_taken_away_end_the_service_within_a_second_at_rest_and_before_it_acknowledges() {
    type Take = fn(&Path);
    let takes: [(&str, Take); 4] = [
        ("newest segment", |dir| fs::remove_file(dir.join("00000000000000000001.facts")).unwrap()),
        ("newest segment", |dir| {
            let path = dir.join("00000000000000000001.facts");
            fs::copy(&path, dir.join("copy")).unwrap();
            fs::rename(dir.join("copy"), path).unwrap();
        }),
        ("lock file", |dir| fs::remove_file(dir.join("lock")).unwrap()),
        ("folder", |dir| fs::remove_dir_all(dir).unwrap()),
    ];
    for (what, take) in takes {
        for at_rest in [true, false] {
            let root = tempfile::tempdir().unwrap();
            let dir = root.path().join("journal");
            let service = start(&dir, &Arc::new(Faults::default()), u64::MAX);
            let client = service.client();
            open_market(&client);
            client.submit(place(1)).unwrap();
            let begun = Instant::now();
            take(&dir);
            if !at_rest && what != "lock file" {
                assert_eq!(client.submit(place(2)), Err(SubmitError::Unavailable), "{what}");
            }
            while service.health().failure.is_none() {
                assert!(begun.elapsed() < Duration::from_secs(20), "{what} is not missed");
                std::thread::yield_now();
            }
            let failure = service.stop().unwrap_err().to_string();
            assert!(failure.contains(what) && failure.contains("start again"), "{failure}");
            if what == "folder" {
                continue;
            }
            if let Some((_, kept)) = failure.split_once("written to ")
                && let Some((kept, _)) = kept.split_once(": remove")
            {
                fs::rename(kept, dir.join("00000000000000000001.facts")).unwrap();
            }
            let service = start(&dir, &Arc::new(Faults::default()), u64::MAX);
            let again = service.client().submit(place(1)).unwrap().responses;
            assert!(matches!(again[..], [Response::Repeated(_)]), "{what}: {again:?}");
            service.stop().unwrap();
        }
    }
}
