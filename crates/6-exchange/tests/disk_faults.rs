//! A service on a disk that fails when told to, behind the journal's edge: what it answers then, what it
//! says of it, and what the next start finds.

#![allow(clippy::unwrap_used, reason = "a test: a surprise is a failure")]

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use exchange::{AskError, Client, Service, ServiceOptions};
use journal::{Disk, FileJournal, Journal, Storage, StorageFile};
use units::{AccountId, ClientId, Lots, MarketId, OrderId, Price, Scale, Side};
use words::{Ask, Code, Fact, MarketSpec, Place, Tell, TimeInForce};

/// What the disk does from now on.
#[derive(Default)]
struct Faults {
    /// A sync is answered by an error.
    sync: AtomicBool,
    /// So is a write.
    write: AtomicBool,
    /// No file can grow.
    full: AtomicBool,
}

fn is(fault: &AtomicBool) -> bool {
    fault.load(Ordering::SeqCst)
}

/// EIO: what a system says of a disk that failed.
fn broken() -> io::Error {
    io::Error::from_raw_os_error(5)
}

#[derive(Clone)]
struct Faulty {
    disk: Disk,
    faults: Arc<Faults>,
}

struct FaultyFile {
    file: <Disk as Storage>::File,
    faults: Arc<Faults>,
}

impl Faulty {
    fn file(&self, file: <Disk as Storage>::File) -> FaultyFile {
        FaultyFile { file, faults: self.faults.clone() }
    }
}

impl Storage for Faulty {
    type File = FaultyFile;
    type Lock = <Disk as Storage>::Lock;

    fn lock(&self) -> io::Result<Option<Self::Lock>> {
        self.disk.lock()
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }

    fn open(&self, name: &str) -> io::Result<FaultyFile> {
        self.disk.open(name).map(|file| self.file(file))
    }

    fn open_writable(&self, name: &str) -> io::Result<FaultyFile> {
        self.disk.open_writable(name).map(|file| self.file(file))
    }

    fn create(&self, name: &str) -> io::Result<FaultyFile> {
        self.disk.create(name).map(|file| self.file(file))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.sync()
    }

    fn available(&self) -> io::Result<u64> {
        if is(&self.faults.full) { Ok(0) } else { self.disk.available() }
    }

    fn path(&self, name: &str) -> String {
        self.disk.path(name)
    }
}

impl FaultyFile {
    fn fits(&self, end: u64) -> io::Result<()> {
        if is(&self.faults.full) && end > self.file.length()? {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

impl StorageFile for FaultyFile {
    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }

    fn read_some(&self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        self.file.read_some(at, into)
    }

    fn write_some(&self, at: u64, bytes: &[u8]) -> io::Result<usize> {
        if is(&self.faults.write) {
            return Err(broken());
        }
        self.fits(at + bytes.len() as u64)?;
        self.file.write_some(at, bytes)
    }

    fn allocate(&self, length: u64) -> io::Result<()> {
        self.fits(length)?;
        self.file.allocate(length)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.file.set_length(length)
    }

    fn sync(&self) -> io::Result<()> {
        if is(&self.faults.sync) { Err(broken()) } else { self.file.sync() }
    }
}

const RESERVE: u64 = 64 << 10;

fn start(dir: &Path, faults: &Arc<Faults>, snapshot_every: u64) -> Service {
    let storage = Faulty { disk: Disk::new(dir).unwrap(), faults: faults.clone() };
    let segments = journal::Options { segment_bytes: 64 << 20, reserve_bytes: RESERVE };
    let journal: Box<dyn Journal> = Box::new(FileJournal::open_storage(storage, segments).unwrap());
    let options = ServiceOptions { snapshot_every, ..ServiceOptions::default() };
    Service::start_on(journal, options).unwrap()
}

fn open_market(client: &Client) {
    let (tick, lot) = (Scale::places(2), Scale::places(0));
    let spec = MarketSpec::new("TEA-USD".parse().unwrap(), tick, lot);
    client.ask(Ask::OpenMarket(spec)).unwrap();
}

fn place(id: u128) -> Ask {
    Ask::Place(Place {
        account: AccountId(1),
        client: ClientId::new(id),
        market: MarketId(0),
        side: Side::Buy,
        price: Price(100),
        lots: Lots(1),
        stands: TimeInForce::GoodTillCancel,
    })
}

/// How often an order with this client id was entered, by the facts on the disk.
fn entered(dir: &Path, id: u128) -> usize {
    let mut count = 0;
    let verified = journal::verify(dir, &mut |_, fact| {
        let Fact::Entered(entered) = fact else { return };
        count += usize::from(entered.client == ClientId::new(id));
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
        let first = client.ask(place(1)).unwrap();
        fault(&faults).store(true, Ordering::SeqCst);
        assert_eq!(client.ask(place(2)), Err(AskError::Unavailable), "{named}");
        fault(&faults).store(false, Ordering::SeqCst);
        // A disk that works again changes nothing: what it has is not known before the next start.
        assert_eq!(client.ask(place(3)), Err(AskError::Unavailable), "{named}");
        let failure = service.health().failure.unwrap();
        assert!(failure.contains(named) && failure.contains(".facts"), "{failure}");
        assert!(service.stop().unwrap_err().to_string().contains(named));

        let service = start(dir.path(), &faults, u64::MAX);
        let client = service.client();
        assert_eq!(client.ask(place(1)).unwrap().tells, [Tell::Repeated(OrderId(first.ask.0))]);
        client.ask(place(2)).unwrap();
        client.ask(place(3)).unwrap();
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
        let answer = client.ask(place(id)).unwrap();
        match answer.tells[..] {
            [Tell::Fact(..)] => assert!(id < 100_000, "it must be full at last"),
            _ => break answer.tells,
        }
    };
    assert_eq!(refused, [Tell::Refused(Code::JournalFull)]);
    let health = service.health();
    assert_eq!((health.room, &health.failure), (false, &None));
    let unsaved = health.unsaved.expect("no snapshot fits either");
    assert!(unsaved.contains("space") || unsaved.contains("snapshot"), "{unsaved}");
    // Ask 1 began the run and ask 2 opened the market, so order 3 is the first.
    for order in 3..103 {
        let left =
            client.ask(Ask::Cancel { account: AccountId(1), order: OrderId(order) }).unwrap();
        assert!(matches!(left.tells[..], [Tell::Fact(_, Fact::Left { .. })]), "{left:?}");
    }
    let again = client.ask(place(id)).unwrap();
    assert_eq!(again.tells, [Tell::Refused(Code::JournalFull)]);

    faults.full.store(false, Ordering::SeqCst);
    let cancel = |order| client.ask(Ask::Cancel { account: AccountId(1), order: OrderId(order) });
    cancel(103).unwrap(); // the journal looks for room whenever it writes, and ten times a second
    assert!(service.health().room);
    let entered_at_last = client.ask(place(id)).unwrap();
    assert!(matches!(entered_at_last.tells[..], [Tell::Fact(..)]), "{entered_at_last:?}");
    for more in 1..4_100 {
        client.ask(place(id + more)).unwrap();
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
    assert_eq!(service.client().ask(place(1)), Err(AskError::Unavailable));
    let failure = service.health().failure.unwrap();
    assert!(failure.contains("no space is left") && failure.contains("make room"), "{failure}");
}
