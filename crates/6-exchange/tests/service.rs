//! The service from outside: it answers when facts are durable, and continues after a restart.

#![allow(clippy::unwrap_used, clippy::cast_sign_loss, reason = "a test: a surprise is a failure")]

use std::path::Path;
use std::time::Duration;

use exchange::{Durability, Service, ServiceOptions, StartError};
use protocol::{Command, Fact, MarketSpec, NewOrder, RejectCode, Response, TimeInForce};
use units::{AccountId, ClientId, Lots, MarketId, Price, Scale, Side};

fn on(dir: &Path) -> Service {
    let journal = Some(dir.to_path_buf());
    Service::start(ServiceOptions { journal, ..ServiceOptions::default() }).unwrap()
}

fn open_market() -> Command {
    let (tick, lot) = (Scale::places(2), Scale::places(0));
    Command::OpenMarket(MarketSpec::new("TEA-USD".parse().unwrap(), tick, lot))
}

fn order(side: Side, price: i64, quantity: u64, client: u128) -> Command {
    Command::NewOrder(NewOrder {
        account: AccountId(1),
        client: ClientId::new(client),
        market: MarketId(0),
        side,
        price: Price(price),
        quantity: Lots(quantity),
        time_in_force: TimeInForce::GoodTillCancel,
    })
}

#[test]
fn what_was_answered_is_there_after_a_restart_and_a_repeat_gets_its_first_answer() {
    let dir = tempfile::tempdir().unwrap();
    let service = on(dir.path());
    let client = service.client();
    client.submit(open_market()).unwrap();
    let sell = client.submit(order(Side::Sell, 100, 5, 7)).unwrap();
    client.submit(order(Side::Buy, 100, 2, 8)).unwrap();
    service.stop().unwrap();

    let service = on(dir.path());
    assert_eq!(service.recovered().open_orders, 1);
    let client = service.client();
    let again = client.submit(order(Side::Sell, 100, 5, 7)).unwrap();
    let placed = units::OrderId(sell.command.0);
    assert_eq!(again.responses, [Response::Repeated(placed)]);
    let other = client.submit(order(Side::Sell, 101, 5, 7)).unwrap();
    assert_eq!(other.responses, [Response::Rejected(RejectCode::ClientIdUsed)]);
    let left = client.submit(Command::Cancel { account: AccountId(1), order: placed }).unwrap();
    assert!(
        matches!(
            left.responses[..],
            [Response::Fact(_, Fact::Cancelled { quantity: Lots(3), .. })]
        ),
        "{left:?}"
    );
    service.stop().unwrap();
}

#[test]
fn a_subscriber_hears_history_and_then_what_is_new_without_a_gap() {
    for durability in [Durability::Disk, Durability::Memory] {
        let dir = tempfile::tempdir().unwrap();
        let journal = Some(dir.path().to_path_buf());
        let options = ServiceOptions { journal, durability, ..ServiceOptions::default() };
        let service = Service::start(options).unwrap();
        let client = service.client();
        client.submit(open_market()).unwrap();
        client.submit(order(Side::Sell, 100, 5, 7)).unwrap();
        let mut facts = service.subscribe();
        client.submit(order(Side::Buy, 100, 2, 8)).unwrap();
        let mut seen = Vec::new();
        while seen.len() < 5 {
            let batch = facts.recv_timeout(Duration::from_secs(10)).unwrap();
            seen.extend(batch.iter().map(|(stamp, _)| stamp.seq));
        }
        assert_eq!(seen, [1, 2, 3, 4, 5], "{durability:?}"); // started, opened, entered, entered, traded
        service.stop().unwrap();
        assert_eq!(facts.recv(), None);
    }
}

#[test]
fn a_snapshot_and_the_facts_after_it_make_the_same_exchange() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Some(dir.path().to_path_buf());
    let options = ServiceOptions { journal, snapshot_every: 50, ..ServiceOptions::default() };
    let service = Service::start(options.clone()).unwrap();
    let client = service.client();
    client.submit(open_market()).unwrap();
    for i in 0..120 {
        let side = if i % 3 == 0 { Side::Buy } else { Side::Sell };
        client.submit(order(side, 100 + i % 5, 1 + i as u64, i as u128 + 1)).unwrap();
    }
    service.stop().unwrap();
    let service = Service::start(options).unwrap();
    let recovered = service.recovered().clone();
    assert!(recovered.from_snapshot >= 50, "{recovered:?}");
    let again = service.client().submit(order(Side::Buy, 100, 1, 1)).unwrap();
    assert!(matches!(again.responses[..], [Response::Repeated(_)]), "{again:?}");
    service.stop().unwrap();
}

#[test]
fn a_service_that_has_ended_says_so_at_once() {
    let options = ServiceOptions { durability: Durability::Memory, ..ServiceOptions::default() };
    let service = Service::start(options).unwrap();
    let client = service.client();
    service.stop().unwrap();
    assert_eq!(client.submit(open_market()), Err(exchange::SubmitError::Unavailable));
}

#[test]
fn policy_disk_needs_a_directory() {
    let started = Service::start(ServiceOptions::default());
    assert!(matches!(started, Err(StartError::NoJournal)), "{started:?}");
}

/// Copies a journal whose service runs, as a kill would leave it.
fn killed(dir: &std::path::Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    copy
}

#[test]
fn runs_that_are_each_too_short_for_a_snapshot_come_to_one_together() {
    let mut dir = tempfile::tempdir().unwrap();
    let (mut facts, mut from_snapshot) = (0, 0);
    for run in 0..12 {
        let journal = Some(dir.path().to_path_buf());
        let segments = journal::Options { reserve_bytes: 0, ..journal::Options::default() };
        let options =
            ServiceOptions { journal, snapshot_every: 4, segments, ..ServiceOptions::default() };
        let service = Service::start(options).unwrap();
        let found = (service.recovered().facts, service.recovered().from_snapshot);
        assert_eq!(found, (facts, from_snapshot), "run {run}");
        // A fact that it began; the first time one of the market. What is answered twice is saved, if it is to be.
        facts += 1 + u64::from(run == 0);
        (0..2).for_each(|_| drop(service.client().submit(open_market()).unwrap()));
        if facts - from_snapshot >= 4 {
            from_snapshot = facts;
        }
        dir = killed(dir.path());
        service.stop().unwrap();
    }
}

#[test]
fn each_clean_end_saves_a_snapshot_of_all_facts() {
    let dir = tempfile::tempdir().unwrap();
    for facts in [0, 1, 2, 3] {
        let service = on(dir.path());
        let found = (service.recovered().facts, service.recovered().from_snapshot);
        assert_eq!(found, (facts, facts));
        service.stop().unwrap();
    }
    // So the newest segment's facts are missed when it is gone.
    std::fs::remove_file(dir.path().join("began")).unwrap();
    std::fs::remove_file(dir.path().join("00000000000000000001.facts")).unwrap();
    let journal = Some(dir.path().to_path_buf());
    let started = Service::start(ServiceOptions { journal, ..ServiceOptions::default() });
    let why = started.expect_err("a start without the facts").to_string();
    assert!(why.contains("its facts are gone"), "{why}");
}

#[test]
fn a_byte_that_goes_bad_in_the_last_record_after_a_clean_end_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let service = on(dir.path());
    service.client().submit(open_market()).unwrap();
    service.stop().unwrap();
    let segment = dir.path().join("00000000000000000001.facts");
    let mut bytes = std::fs::read(&segment).unwrap();
    // Those of the start and the market: one record, or two.
    let mut end = 64;
    while bytes[end + 52] > 0 {
        end += 68 + usize::from(bytes[end + 52]);
    }
    bytes[end - 1] ^= 1;
    std::fs::write(&segment, &bytes).unwrap();
    let journal = Some(dir.path().to_path_buf());
    let started = Service::start(ServiceOptions { journal, ..ServiceOptions::default() });
    let why = started.expect_err("a start on damage").to_string();
    assert!(why.contains(": a record is damaged"), "{why}");
}

/// Folds as `journal verify` does.
#[derive(Default)]
struct Folding(ledger::Ledger, protocol::Stamp);

impl journal::Fold for Folding {
    fn apply(&mut self, stamp: protocol::Stamp, fact: Fact) {
        self.0.apply(&fact).unwrap();
        self.1 = stamp;
    }

    fn is(&self, bytes: &[u8]) -> bool {
        exchange::is_snapshot_of(bytes, &self.0, self.1)
    }
}

#[test]
fn snapshots_are_held_against_the_facts() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Some(dir.path().to_path_buf());
    let options = ServiceOptions { journal, snapshot_every: 5, ..ServiceOptions::default() };
    let service = Service::start(options).unwrap();
    service.client().submit(open_market()).unwrap();
    for client in 1..19 {
        service.client().submit(order(Side::Sell, 100, 5, client)).unwrap();
        service.client().submit(order(Side::Sell, 100, 5, client)).unwrap(); // repeated: no fact
    }
    service.stop().unwrap();
    let verify = || journal::verify_with_snapshots(dir.path(), &mut Folding::default()).unwrap();
    let whole = verify();
    assert!(whole.intact, "{whole:?}");
    let [older, newer] = &whole.snapshots[..] else { panic!("{whole:?}") };
    assert_eq!((older.state, newer.state, newer.facts - older.facts), ("agrees", "agrees", 5));

    // Whole and of this history, but another fold: only the facts can tell.
    let mut journal = journal::DiskJournal::open(dir.path(), journal::Options::default()).unwrap();
    journal::Journal::save_snapshot(&mut journal, newer.facts + 1, b"something else").unwrap();
    drop(journal);
    let wrong = verify();
    assert_eq!(wrong.snapshots[1].state, "not the fold of the facts");
    let why = wrong.damage.unwrap().to_string();
    assert!(!wrong.intact && why.contains(&newer.file) && why.contains("Remove it"), "{why}");

    std::fs::write(&older.file, b"bwfold2").unwrap();
    assert_eq!(verify().snapshots[0].state, "damaged");
}

/// A snapshot of the version before, which lacks fields: the start folds all facts instead.
#[test]
fn a_snapshot_of_an_earlier_version_is_passed_over_and_still_agrees_with_the_facts() {
    let dir = tempfile::tempdir().unwrap();
    let journal = || Some(dir.path().to_path_buf());
    let options =
        ServiceOptions { journal: journal(), snapshot_every: 5, ..ServiceOptions::default() };
    let service = Service::start(options).unwrap();
    service.client().submit(open_market()).unwrap();
    for _ in 1..20 {
        service.client().submit(order(Side::Sell, 100, 5, 0)).unwrap();
    }
    service.stop().unwrap();
    let mut journal = journal::DiskJournal::open(dir.path(), journal::Options::default()).unwrap();
    let saved = journal::Journal::load_snapshot(&journal).unwrap().saved;
    let (position, mut bytes) = saved.unwrap();
    let version = bytes.windows(8).position(|w| w == b"BWledg02").unwrap();
    bytes[version..version + 8].copy_from_slice(b"BWledg01");
    // It has no rules behind its market's name, tick, lot and state. Without client ids the rest is the same.
    let rules = version + 40 + 1 + "TEA-USD".len() + 2 * 5 + 1;
    bytes.drain(rules..rules + 2);
    journal::Journal::save_snapshot(&mut journal, position, &bytes).unwrap();
    drop(journal);
    let verified = journal::verify_with_snapshots(dir.path(), &mut Folding::default()).unwrap();
    assert!(verified.intact, "{verified:?}");

    let service = on(dir.path());
    let found = service.recovered();
    assert_eq!((found.open_orders, found.from_snapshot), (19, 0));
    assert!(found.earlier_version && found.passed_over.is_empty(), "{found:?}");
    service.stop().unwrap();
}
