//! Nobody is told what is not durable: the law *outside facts*, at the edge where a world's facts leave it. And what is
//! synced together is one record.

use std::ops::ControlFlow;

use exchange::mutation::{EARLY_TELL, RECORD_A_CHUNK};
use exchange::steps::{Answering, Batch, Keeping, Reply};
use exchange::{Exchange, Intake, Options};
use journal::{FileJournal, MemoryJournal};
use kernel::mutation::with;
use lab::disk::SimDisk;
use lab::faults::Faults;
use lab::world::market_spec;
use units::Time;
use words::Ask;

/// A start of the world and its first ask: facts of which clients were told, and those that are durable.
fn told_and_durable() -> (u64, u64) {
    let mut exchange = Exchange::new(Options::default());
    let mut answering = Answering::new(0, 1_000);
    let mut keeping = Keeping::new(Box::new(MemoryJournal::new()));
    answering.begin(&mut exchange, Time(0));
    let asks = vec![Ask::OpenMarket(market_spec(0))];
    let batch = Batch { asks, reply: Reply::new(|_| ()) };
    answering.take(&mut exchange, batch, Intake::All, Time(1));
    assert!(keeping.take(answering.hand_on(&exchange)).is_none());
    let turn = keeping.turn(false);
    let told = turn.told.iter().map(|chunk| chunk.groups().facts()).sum();
    (told, turn.durable)
}

#[test]
fn an_early_tell_is_told_before_it_is_durable() {
    assert_eq!(told_and_durable(), (2, 2));
    assert_eq!(with(&[EARLY_TELL], told_and_durable), (2, 0));
}

/// Records of a journal after a turn that had three chunks to write.
fn records() -> usize {
    let disk = SimDisk::new(Faults::new(1, |_| 0, (0, 0)));
    let journal = FileJournal::open_storage(disk, journal::Options::default()).expect("a disk");
    let mut exchange = Exchange::new(Options::default());
    let mut answering = Answering::new(0, 1_000);
    let mut keeping = Keeping::new(Box::new(journal));
    answering.begin(&mut exchange, Time(0));
    for market in 0..3 {
        let asks = vec![Ask::OpenMarket(market_spec(market))];
        let batch = Batch { asks, reply: Reply::new(|_| ()) };
        answering.take(&mut exchange, batch, Intake::All, Time(1));
        assert!(keeping.take(answering.hand_on(&exchange)).is_none());
    }
    let turn = keeping.turn(false);
    assert_eq!((turn.told.len(), turn.durable), (3, 4));
    let (mut reader, durable) = keeping.history();
    let mut records = 0;
    let read = reader.read(1, durable, &mut |_batch| {
        records += 1;
        ControlFlow::Continue(())
    });
    assert_eq!(read.expect("a disk"), 5);
    records
}

#[test]
fn what_is_synced_together_is_one_record() {
    assert_eq!(records(), 1);
    assert_eq!(with(&[RECORD_A_CHUNK], records), 3);
}
