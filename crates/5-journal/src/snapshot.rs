//! Folds of facts, saved with their position. The bytes are opaque to the journal.
//!
//! A snapshot is written to a temporary file, synced, renamed, and its name is synced: it exists whole or not at
//! all. It holds the chain's value at its position: a journal that was restored from a backup and has continued
//! differently must not take it for its own.

use crate::error::{self, JournalError};
use crate::mutation::SNAPSHOT_NAME_UNSYNCED;
use crate::record::Chain;
use crate::scan::Tail;
use crate::storage::discard;
use crate::{Storage, StorageFile, began};

const ASIDE: &str = "snapshot.tmp";
const MAGIC: [u8; 8] = *b"bwfold2\n";
/// Magic, position, length, chain, BLAKE3 over position, length, chain and bytes.
const HEAD: usize = 8 + 8 + 8 + 32 + 32;
const CHECKED: usize = HEAD - 32;
/// Suffix of one that was ignored, so that it does not replace a good one.
const PASSED_OVER: &str = "passed-over";
/// The newest two are kept, so that a damaged one can be ignored.
const KEPT: usize = 2;

/// Result of a search for a snapshot.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Snapshot {
    /// The newest intact snapshot: its position, and the fold of all facts before it.
    pub saved: Option<(u64, Vec<u8>)>,
    /// Files of newer snapshots that are damaged or of another history, for the operator.
    /// Their names end with `.passed-over` now.
    pub passed_over: Vec<String>,
}

pub(crate) fn name(position: u64) -> String {
    format!("{position:020}.fold")
}

fn position(of: &str) -> Option<u64> {
    let position = of.strip_suffix(".fold")?.parse().ok()?;
    (name(position) == of).then_some(position)
}

fn head(position: u64, chain: &Chain, bytes: &[u8]) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..8].copy_from_slice(&MAGIC);
    head[8..16].copy_from_slice(&position.to_le_bytes());
    head[16..24].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
    head[24..CHECKED].copy_from_slice(chain);
    let mut hasher = blake3::Hasher::new();
    hasher.update(&head[8..CHECKED]).update(bytes);
    head[CHECKED..].copy_from_slice(hasher.finalize().as_bytes());
    head
}

/// Positions of all snapshots, newest first.
pub(crate) fn all<S: Storage>(storage: &S) -> Result<Vec<u64>, JournalError> {
    let names = storage.list().map_err(error::io("list", storage.path("")))?;
    let mut positions: Vec<u64> = names.iter().filter_map(|name| position(name)).collect();
    positions.sort_unstable_by(|a, b| b.cmp(a));
    Ok(positions)
}

/// The error without a segment: a snapshot or `began` proves that there were facts.
pub(crate) fn without_segments<S: Storage>(storage: &S) -> Result<JournalError, JournalError> {
    let path = storage.path("");
    let had_facts = began::read(storage)?.is_some() || !all(storage)?.is_empty();
    Ok(match had_facts {
        true => JournalError::NoSegments { path },
        false => JournalError::NoJournal { path },
    })
}

/// Intact snapshots beyond the last fact, newest first. A snapshot holds durable facts only, so these
/// prove a loss.
pub(crate) fn ahead<S: Storage>(
    storage: &S,
    positions: &[u64],
    end: u64,
    tail: &Tail,
) -> Result<Option<JournalError>, JournalError> {
    let mut snapshots = Vec::new();
    let mut newest = end;
    for &position in positions.iter().filter(|&&position| position > end) {
        if whole(storage, position)?.is_some() {
            newest = newest.max(position);
            snapshots.push(storage.path(&name(position)));
        }
    }
    let (segment, offset) = (storage.path(&tail.name), tail.at);
    let (after, missing) = (end - 1, newest - end);
    let gone = JournalError::FactsGone { segment, offset, after, missing, snapshots };
    Ok((missing > 0).then_some(gone))
}

/// The chain and the bytes of a snapshot, if it is intact.
pub(crate) fn whole<S: Storage>(
    storage: &S,
    position: u64,
) -> Result<Option<(Chain, Vec<u8>)>, JournalError> {
    read(storage, position).map_err(error::io("read", storage.path(&name(position))))
}

/// Saves a snapshot of the history with this chain, and removes the oldest ones.
pub(crate) fn save<S: Storage>(
    storage: &S,
    position: u64,
    chain: &Chain,
    bytes: &[u8],
) -> Result<(), JournalError> {
    let written = storage.create(ASIDE).and_then(|file| {
        file.write_at(0, &head(position, chain, bytes))?;
        file.write_at(HEAD as u64, bytes)?;
        file.sync()?;
        storage.rename(ASIDE, &name(position))?;
        if SNAPSHOT_NAME_UNSYNCED.is_on() {
            return Ok(());
        }
        storage.sync()
    });
    if let Err(error) = written {
        if error::is_full(&error) {
            discard(storage, ASIDE).map_err(error::io("remove", storage.path(ASIDE)))?;
        }
        return Err(error::io("save snapshot", storage.path(&name(position)))(error));
    }
    for old in all(storage)?.into_iter().skip(KEPT) {
        storage.remove(&name(old)).map_err(error::io("remove", storage.path(&name(old))))?;
    }
    Ok(())
}

/// Loads the newest intact snapshot that is not beyond `end` and has the journal's chain at its position. Ignored
/// ones are renamed, so that they do not count as kept ones.
pub(crate) fn load<S: Storage>(
    storage: &S,
    end: u64,
    chain_at: impl Fn(u64) -> Result<Chain, JournalError>,
) -> Result<Snapshot, JournalError> {
    let mut found = Snapshot::default();
    for position in all(storage)? {
        let path = storage.path(&name(position));
        if let Some((chain, bytes)) = whole(storage, position)?
            && position <= end
            && chain_at(position)? == chain
        {
            found.saved = Some((position, bytes));
            break;
        }
        let aside = format!("{}.{PASSED_OVER}", name(position));
        storage.rename(&name(position), &aside).map_err(error::io("rename", path.clone()))?;
        found.passed_over.push(path);
    }
    Ok(found)
}

/// The chain and the bytes, if the checksums hold.
fn read<S: Storage>(storage: &S, position: u64) -> std::io::Result<Option<(Chain, Vec<u8>)>> {
    let file = storage.open(&name(position))?;
    let Ok(length) = usize::try_from(file.length()?) else { return Ok(None) };
    let mut bytes = vec![0; length];
    let read = file.read_at(0, &mut bytes)?;
    bytes.truncate(read);
    let Some((found, rest)) = bytes.split_first_chunk::<HEAD>() else { return Ok(None) };
    let chain = found[24..CHECKED].try_into().expect("32 bytes");
    if *found != head(position, &chain, rest) {
        return Ok(None);
    }
    bytes.drain(..HEAD);
    Ok(Some((chain, bytes)))
}
