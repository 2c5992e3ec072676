//! Mistakes of the journal that a loss of power shows: acknowledged facts and saved snapshots must be there, and every
//! start must succeed.

use journal::mutation::{MARK_BEFORE_SYNC, SNAPSHOT_NAME_UNSYNCED};
use journal::{FileJournal, Journal, Options};
use kernel::mutation::with;
use lab::disk::SimDisk;
use lab::faults::Faults;
use protocol::bytes::FactEncoder;
use protocol::{CancelReason, Fact, Stamp};
use units::{CommandId, Lots, OrderId, Time};

/// The rule that a start after a loss of power breaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Broken {
    Refused,
    FactLost,
    SnapshotLost,
}

/// More operations than the life of a journal here takes.
const OPERATIONS: u64 = 200;
/// Seeds for the part of the unsynced writes that the disk keeps.
const SEEDS: u64 = 20;

fn open(disk: &SimDisk) -> Result<FileJournal<SimDisk>, journal::JournalError> {
    let options = Options { segment_bytes: 1_000, reserve_bytes: 0 };
    FileJournal::open_storage(disk.clone(), options)
}

fn facts(first: u64, facts: u64) -> FactEncoder {
    let mut groups = FactEncoder::new();
    for seq in first..first + facts {
        let left = Fact::Cancelled {
            order: OrderId(seq),
            quantity: Lots(seq),
            reason: CancelReason::Requested,
        };
        groups.push(Stamp { seq, command: CommandId(seq), time: Time(seq) }, &left);
    }
    groups
}

/// What a journal has reported.
#[derive(Default)]
struct Said {
    durable: u64,
    saved: u64,
}

/// The life of a journal until the power fails: batches, a snapshot, a clean end.
fn live(disk: &SimDisk, said: &mut Said) -> Result<(), journal::JournalError> {
    let mut journal = open(disk)?;
    for batch in 1..=4 {
        journal.append(&facts(journal.end(), 5 * batch))?;
        said.durable = journal.sync()?;
    }
    journal.save_snapshot(journal.end(), b"fold")?;
    said.saved = journal.end();
    journal.append(&facts(journal.end(), 3))?;
    journal.append(&facts(journal.end(), 7))?;
    journal.close()?;
    said.durable = journal.end();
    Ok(())
}

/// Power fails behind each operation of a life, and the disk keeps any part of what was not synced. The first that a
/// start breaks then.
fn broken() -> Option<Broken> {
    (0..SEEDS).find_map(|seed| (0..OPERATIONS).find_map(|operations| broken_at(seed, operations)))
}

fn broken_at(seed: u64, operations: u64) -> Option<Broken> {
    let disk = SimDisk::new(Faults::new(seed, |_| 0, (0, 0)));
    let mut said = Said::default();
    disk.dies_after(operations);
    let lived = live(&disk, &mut said);
    assert_eq!(lived.is_err(), disk.is_dead(), "only the power fails");
    disk.wake(false);
    let Ok(journal) = open(&disk) else { return Some(Broken::Refused) };
    if journal.end() < said.durable {
        return Some(Broken::FactLost);
    }
    let saved = journal.load_snapshot().ok().and_then(|found| found.saved);
    (saved.map_or(0, |(position, _)| position) < said.saved).then_some(Broken::SnapshotLost)
}

#[test]
fn what_was_told_and_what_was_saved_outlive_a_loss_of_power_and_no_start_is_refused() {
    assert_eq!(broken(), None);
}

#[test]
fn each_mistake_of_the_journal_is_shown_by_a_loss_of_power() {
    assert_eq!(with(&[MARK_BEFORE_SYNC], broken), Some(Broken::Refused));
    assert_eq!(with(&[SNAPSHOT_NAME_UNSYNCED], broken), Some(Broken::SnapshotLost));
}
