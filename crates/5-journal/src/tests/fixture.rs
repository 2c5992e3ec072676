//! Facts to store, and journals that hold them.

use protocol::bytes::{FactEncoder, FactsHash};
use protocol::{CancelReason, Fact, Stamp};
use units::{CommandId, Lots, OrderId, Time};

use super::sim::Sim;
use crate::{FileJournal, Journal, JournalError, Options, read_facts, verify_storage};

pub(super) type SimJournal = FileJournal<Sim>;

/// Small segments and no reserve, so that few commands fill several.
pub(super) const SMALL: Options = Options { segment_bytes: 600, reserve_bytes: 0 };

pub(super) fn open(sim: &Sim, options: Options) -> Result<SimJournal, JournalError> {
    FileJournal::open_storage(sim.clone(), options)
}

/// Bytes of a segment's head, of a record's place, and of place and head.
pub(super) const HEAD: usize = 64;
pub(super) const PLACE: usize = 52;
pub(super) const RECORD: usize = 68;

/// A copy in which the bytes of this file are changed.
pub(super) fn change(sim: &Sim, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> Sim {
    let changed = sim.copy();
    let mut bytes = sim.bytes(name);
    change(&mut bytes);
    changed.set(name, bytes);
    changed
}

/// The fact with number `seq`: two to a command.
pub(super) fn fact(seq: u64) -> (Stamp, Fact) {
    let command = CommandId(seq.div_ceil(2));
    let order = OrderId(command.0 / 3);
    let left =
        Fact::Cancelled { order, quantity: Lots(seq * 1000), reason: CancelReason::Requested };
    (Stamp { seq, command, time: Time(command.0 << 40) }, left)
}

/// The facts of this many commands, from the position `first` on.
pub(super) fn groups(first: u64, commands: u64) -> FactEncoder {
    let mut groups = FactEncoder::new();
    for seq in first..first + 2 * commands {
        let (stamp, fact) = fact(seq);
        groups.push(stamp, &fact);
    }
    groups
}

/// The same commands with other times: another history.
pub(super) fn groups_otherwise(first: u64, facts: u64) -> FactEncoder {
    let mut groups = FactEncoder::new();
    for seq in first..first + facts {
        let (stamp, fact) = fact(seq);
        groups.push(Stamp { time: Time(stamp.time.0 + 1), ..stamp }, &fact);
    }
    groups
}

/// Appends this many commands and makes them durable.
pub(super) fn add(journal: &mut SimJournal, commands: u64) {
    journal.append(&groups(journal.end(), commands)).unwrap();
    assert_eq!(journal.sync().unwrap(), journal.end());
}

/// The journal holds the facts before `end`, no others, and nothing is wrong with it.
pub(super) fn assert_holds(sim: &Sim, end: u64) {
    let mut seq = 1;
    let verified = verify_storage(sim, &mut |stamp, fact| {
        assert_eq!((stamp, fact), self::fact(seq));
        seq += 1;
    })
    .unwrap();
    assert_eq!(seq, end);
    assert_eq!((verified.facts, verified.intact, verified.cut_bytes), (end - 1, true, 0));
    assert_eq!(verified.torn, None);
    let mut hash = FactsHash::new();
    (1..end).map(fact).for_each(|(stamp, fact)| hash.add(stamp, &fact));
    assert_eq!(verified.facts_hash.value(), hash.value());
}

/// What a reader of the journal finds from `from` up to `until`.
pub(super) fn read(journal: &impl Journal, from: u64, until: u64) -> Vec<(Stamp, Fact)> {
    let mut facts = Vec::new();
    read_facts(&mut *journal.reader(), from, until, &mut |stamp, fact| facts.push((stamp, fact)))
        .unwrap();
    facts
}
