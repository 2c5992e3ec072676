//! Recovery: from a journal to a running exchange, by the newest snapshot and every fact after it.

use journal::{Cut, Journal, JournalError, read_facts};
use kernel::Watch;
use ledger::{Ledger, SnapshotError, Wrong, follows};
use market::Party;
use protocol::{MarketSpec, Stamp};
use thiserror::Error;
use units::{CommandId, Time, limits};

use crate::{Exchange, Options};

/// What a start has found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Recovered {
    /// Facts in the journal.
    pub facts: u64,
    /// How many of them the snapshot covers.
    pub from_snapshot: u64,
    /// Snapshots that were skipped: damaged, or of another history.
    pub passed_over: Vec<String>,
    /// True if the newest snapshot was of an earlier version: all facts were folded instead.
    pub earlier_version: bool,
    /// Open orders, each of which is a process again.
    pub open_orders: usize,
    /// Markets that are open, in order of number.
    pub markets: Vec<MarketSpec>,
    /// What was truncated at the journal's end: a partial record.
    pub cut: Option<Cut>,
}

/// Why a journal cannot be folded.
#[derive(Debug, Error)]
pub enum RecoverError {
    /// It cannot be read.
    #[error(transparent)]
    Journal(JournalError),
    /// A fact cannot be true after those before it.
    #[error(
        "fact {seq} of the journal cannot be: {wrong}. The file is whole, so another program or a bug wrote it; look \
         at it with: buttonwood journal show"
    )]
    Wrong {
        /// Its number.
        seq: u64,
        /// Why not.
        wrong: Wrong,
    },
    /// A snapshot whose checksum is right has invalid contents.
    #[error(
        "{0}. The journal itself has all facts: move the snapshot (*.fold) away and start again"
    )]
    Snapshot(SnapshotError),
    /// The facts are right, but their processes died more often at the start than is allowed.
    #[error(
        "the exchange ended while it started: {0}. Its facts are whole, and nothing was written. This is a bug: keep \
         the journal, and start a version in which it is mended"
    )]
    Died(String),
}

/// Bytes of a snapshot before the ledger's: the last command and its time.
const HEAD: usize = 16;

/// The fold up to now as a snapshot's bytes.
pub(crate) fn snapshot<W: Watch<Party>>(exchange: &Exchange<W>) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend((exchange.next_command().0 - 1).to_le_bytes());
    bytes.extend(exchange.time().0.to_le_bytes());
    bytes.extend(exchange.ledger().save());
    bytes
}

/// True if a snapshot's bytes are the fold of the same facts as this ledger, the last of which had this stamp.
/// Commands without facts may have come after it.
pub fn is_snapshot_of(bytes: &[u8], ledger: &Ledger, last: Stamp) -> bool {
    read_head(bytes).is_ok_and(|(at, fold)| {
        at.command >= last.command && at.time >= last.time && ledger.is_saved_as(fold)
    })
}

fn read_snapshot(bytes: &[u8]) -> Result<(Ledger, Stamp), RecoverError> {
    let (stamp, fold) = read_head(bytes)?;
    if stamp.command.0 > limits::MAX_COMMAND {
        return Err(RecoverError::Snapshot(SnapshotError { offset: 0 }));
    }
    Ok((Ledger::load(fold).map_err(RecoverError::Snapshot)?, stamp))
}

/// The last command and its time, and the ledger's bytes.
fn read_head(bytes: &[u8]) -> Result<(Stamp, &[u8]), RecoverError> {
    let short = RecoverError::Snapshot(SnapshotError { offset: 0 });
    let (head, fold) = bytes.split_at_checked(HEAD).ok_or(short)?;
    let number = |at: usize| {
        u64::from_le_bytes(head[at..at + 8].try_into().expect("8 bytes of a head of 16"))
    };
    Ok((Stamp { seq: 0, command: CommandId(number(0)), time: Time(number(8)) }, fold))
}

/// Folds a journal and makes every open order a process again.
///
/// Above 3 million facts a second; a million open orders take a second more.
pub fn recover(
    journal: &mut dyn Journal,
    options: Options,
) -> Result<(Exchange, Recovered), RecoverError> {
    recover_watched(journal, options, ())
}

/// As [`recover`], with a watcher of the world.
pub fn recover_watched<W: Watch<Party>>(
    journal: &mut dyn Journal,
    options: Options,
    watch: W,
) -> Result<(Exchange<W>, Recovered), RecoverError> {
    let mut snapshot = journal.load_snapshot().map_err(RecoverError::Journal)?;
    let former =
        |bytes: &[u8]| read_head(bytes).is_ok_and(|(_, fold)| Ledger::is_of_former_version(fold));
    // A snapshot of an earlier version may lack what the ledger now keeps, so all facts are folded instead.
    let earlier_version = snapshot.saved.take_if(|(_, bytes)| former(bytes)).is_some();
    let (mut ledger, mut last, from) = match &snapshot.saved {
        Some((position, bytes)) => {
            let (ledger, stamp) = read_snapshot(bytes)?;
            (ledger, stamp, *position)
        }
        None => (Ledger::new(), Stamp::default(), 1),
    };
    let end = journal.durable();
    let mut wrong = None;
    // A fact that breaks a law is kept until the reader is done: folding past it would only add errors.
    read_facts(&mut *journal.reader(), from, end, &mut |stamp, fact| {
        if wrong.is_none() {
            match follows(last, stamp, &fact).and_then(|()| ledger.apply(&fact)) {
                Ok(()) => last = stamp,
                Err(why) => wrong = Some(RecoverError::Wrong { seq: stamp.seq, wrong: why }),
            }
        }
    })
    .map_err(RecoverError::Journal)?;
    if let Some(wrong) = wrong {
        return Err(wrong);
    }
    let recovered = Recovered {
        facts: end - 1,
        from_snapshot: from - 1,
        passed_over: snapshot.passed_over,
        earlier_version,
        open_orders: ledger.open_orders(),
        markets: ledger.markets().map(|(_, market)| market.spec).collect(),
        cut: None,
    };
    let next = CommandId(last.command.0 + 1);
    let exchange = Exchange::watched(ledger, next, last.time, options, watch);
    match exchange.death() {
        None => Ok((exchange, recovered)),
        Some(why) => Err(RecoverError::Died(why.to_owned())),
    }
}
