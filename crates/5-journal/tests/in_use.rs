//! A reader of a journal in use finds a recent state of it, whole.

use std::sync::atomic::{AtomicBool, Ordering};

use journal::{DiskJournal, Journal, Options, verify};
use protocol::bytes::FactEncoder;
use protocol::{CancelReason, Fact, Stamp};
use units::{CommandId, Lots, OrderId, Time};

/// Appends, of which each sixteenth is synced.
const APPENDS: u64 = 4_000;

fn group(seq: u64) -> FactEncoder {
    let mut groups = FactEncoder::new();
    let left = Fact::Cancelled {
        order: OrderId(seq),
        quantity: Lots(seq),
        reason: CancelReason::Requested,
    };
    groups.push(Stamp { seq, command: CommandId(seq), time: Time(seq) }, &left);
    groups
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a writer and a reader at the same time")]
fn a_journal_that_is_being_written_is_intact() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { segment_bytes: 100_000, reserve_bytes: 0 };
    let mut journal = DiskJournal::open(dir.path(), options).unwrap();
    let done = AtomicBool::new(false);
    let looks = std::thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let (mut looks, mut facts) = (0, 0);
            while !done.load(Ordering::Acquire) {
                let found = verify(dir.path(), &mut |_, _| ()).unwrap();
                assert!(found.intact, "{:?}", found.damage);
                assert_eq!(found.cut_bytes, 0, "of {} facts", found.facts);
                assert!(found.facts >= facts, "{} and then {}", facts, found.facts);
                (looks, facts) = (looks + 1, found.facts);
            }
            looks
        });
        for seq in 1..=APPENDS {
            journal.append(&group(seq)).unwrap();
            if seq % 16 == 0 {
                journal.sync().unwrap();
            }
        }
        journal.sync().unwrap();
        done.store(true, Ordering::Release);
        looking.join().unwrap()
    });
    assert!(looks > 0, "the reader never read");
    assert_eq!(verify(dir.path(), &mut |_, _| ()).unwrap().facts, APPENDS);
}
