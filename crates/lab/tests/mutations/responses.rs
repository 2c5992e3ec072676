//! No client receives facts that are not durable: the law *outside facts*, at the edge where facts leave the world.
//! Facts that are synced together are one record.

use std::ops::ControlFlow;

use exchange::mutation::{CANCEL_WITHOUT_MARGIN, EARLY_TELL, LATE_REFUSAL, RECORD_A_CHUNK};
use exchange::steps::{Batch, GroupCommit, Moment, Next, Reply, Sequencer};
use exchange::{Exchange, Intake, Options};
use journal::{FileJournal, MemoryJournal};
use kernel::mutation::with;
use lab::disk::SimDisk;
use lab::faults::Faults;
use lab::world::market_spec;
use protocol::{Command, NewOrder, RejectCode, Response, TimeInForce};
use units::{AccountId, Lots, MarketId, OrderId, Price, Side, Time};

/// This many nanoseconds after the start, while the disk has space.
fn now(time: u64) -> Moment {
    Moment { time: Time(time), uptime: time, intake: Intake::All }
}

/// A start of the world and its first command. Returns the number of facts that clients received, and of durable ones.
fn told_and_durable() -> (u64, u64) {
    let mut exchange = Exchange::new(Options::default());
    let mut answering = Sequencer::new(0, 1_000);
    let mut keeping = GroupCommit::new(Box::new(MemoryJournal::new()));
    answering.begin(&mut exchange, now(0));
    let commands = vec![Command::OpenMarket(market_spec(0))];
    let batch = Batch { commands, reply: Reply::new(|_| ()) };
    answering.take(&mut exchange, batch, now(1));
    assert!(keeping.take(answering.hand_on(&exchange)).is_none());
    let turn = keeping.commit(false);
    let told = turn.acknowledged.iter().map(|chunk| chunk.encoder().facts()).sum();
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
    let mut answering = Sequencer::new(0, 1_000);
    let mut keeping = GroupCommit::new(Box::new(journal));
    answering.begin(&mut exchange, now(0));
    for market in 0..3 {
        let commands = vec![Command::OpenMarket(market_spec(market))];
        let batch = Batch { commands, reply: Reply::new(|_| ()) };
        answering.take(&mut exchange, batch, now(1));
        assert!(keeping.take(answering.hand_on(&exchange)).is_none());
    }
    let turn = keeping.commit(false);
    assert_eq!((turn.acknowledged.len(), turn.durable), (3, 4));
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

/// While facts wait for space on a full disk, a cancel comes in. True if it is rejected, and at once.
fn is_refused_at_once() -> (bool, bool) {
    let disk = SimDisk::new(Faults::new(1, |_| 0, (0, 0)));
    let options = journal::Options { segment_bytes: 20_000, reserve_bytes: 0 };
    let journal = FileJournal::open_storage(disk.clone(), options).expect("a disk that works");
    let mut keeping = GroupCommit::new(Box::new(journal));
    let (mut exchange, mut answering) =
        (Exchange::new(Options::default()), Sequencer::new(0, 1_000_000));
    answering.begin(&mut exchange, now(0));
    let open =
        Batch { commands: vec![Command::OpenMarket(market_spec(0))], reply: Reply::new(|_| ()) };
    answering.take(&mut exchange, open, now(1));
    assert!(keeping.take(answering.hand_on(&exchange)).is_none());
    assert_eq!(keeping.commit(false).next, Next::Wait);
    disk.leave_room(Some(0));
    let place = NewOrder {
        account: AccountId(1),
        client: None,
        market: MarketId(0),
        side: Side::Buy,
        price: Price(1),
        quantity: Lots(1),
        time_in_force: TimeInForce::GoodTillCancel,
    };
    let many = Batch { commands: vec![Command::NewOrder(place); 3_000], reply: Reply::new(|_| ()) };
    answering.take(&mut exchange, many, now(2));
    assert!(keeping.take(answering.hand_on(&exchange)).is_none());
    let turn = keeping.commit(false);
    assert_eq!((turn.next, turn.intake), (Next::NoSpace, Intake::Nothing));
    let cancel = Command::Cancel { account: AccountId(1), order: OrderId(3) };
    let (told, answers) = std::sync::mpsc::channel();
    let reply = Reply::new(move |answers| told.send(answers).expect("the test waits"));
    answering.take(
        &mut exchange,
        Batch { commands: vec![cancel], reply },
        Moment { intake: turn.intake, ..now(3) },
    );
    let chunk = keeping.take(answering.hand_on(&exchange));
    let at_once = chunk.is_some();
    if let Some(mut chunk) = chunk {
        chunk.answer();
        let answers = answers.recv().expect("an answer").expect("it was answered");
        return (answers[0].responses == [Response::Rejected(RejectCode::JournalFull)], at_once);
    }
    disk.leave_room(None);
    let told = keeping.commit(false).acknowledged;
    told.into_iter().for_each(|mut chunk| chunk.answer());
    let answers = answers.recv().expect("an answer").expect("it was answered");
    (answers[0].responses == [Response::Rejected(RejectCode::JournalFull)], at_once)
}

#[test]
fn what_there_is_no_room_for_is_refused_and_at_once() {
    assert_eq!(is_refused_at_once(), (true, true));
    assert_eq!(with(&[CANCEL_WITHOUT_MARGIN], is_refused_at_once), (false, false));
    assert_eq!(with(&[LATE_REFUSAL], is_refused_at_once), (true, false));
}
