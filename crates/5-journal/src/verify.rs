//! Verifies a whole journal and changes nothing.

use std::io::ErrorKind;
use std::path::Path;

use protocol::bytes::FactsHash;
use protocol::{Fact, Stamp};

use crate::error::{self, Damage, JournalError};
use crate::reader::FileReader;
use crate::record::Chain;
use crate::scan::{Scan, scan};
use crate::{Cut, Disk, Storage, StorageFile, began, mend, snapshot};

/// A snapshot that was compared with the facts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checked {
    /// Its file.
    pub file: String,
    /// Number of facts it is the fold of.
    pub facts: u64,
    /// `agrees`, or what is wrong with it.
    pub state: &'static str,
}

/// A file with bytes that were truncated at an earlier opening.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Its name.
    pub file: String,
    /// Its length.
    pub bytes: u64,
}

/// Result of a verification.
#[derive(Debug)]
pub struct Verified {
    /// Facts, up to the damage if there is any.
    pub facts: u64,
    /// The hash of those facts.
    pub facts_hash: FactsHash,
    /// The chain's last value: it changes with every byte of every record and their order.
    pub chain: [u8; 32],
    /// True unless there is damage. A torn tail is not damage: a crash leaves one, and the next opening
    /// truncates it.
    pub intact: bool,
    /// Length of a torn tail, in bytes.
    pub cut_bytes: u64,
    /// The torn tail with its location; not saved in a file yet.
    pub torn: Option<Cut>,
    /// Files with bytes truncated at earlier openings, oldest first.
    pub kept: Vec<Kept>,
    /// Snapshots that were compared with the facts, oldest first; empty without a fold.
    pub snapshots: Vec<Checked>,
    /// What is damaged, where, and what to do.
    pub damage: Option<JournalError>,
}

impl Verified {
    /// A record that a writer is writing right now is not torn.
    fn beside_a_writer(self, disk: &Disk) -> Verified {
        let is_being_written = self.torn.is_some() && disk.is_in_use();
        match is_being_written {
            true => Verified { cut_bytes: 0, torn: None, ..self },
            false => self,
        }
    }
}

/// Reads and checks the journal in `dir`, and passes on every fact, in order, up to the first
/// damage.
///
/// Takes no lock and changes nothing. With a writer at work, the result is the journal as of the moment at which its
/// end was reached: a record in the making is neither counted nor torn. About 60 ns a
/// fact, without `each`.
pub fn verify(dir: &Path, each: &mut impl FnMut(Stamp, Fact)) -> Result<Verified, JournalError> {
    let disk = Disk::existing(dir)?;
    verify_storage(&disk, each).map(|verified| verified.beside_a_writer(&disk))
}

/// A fold of facts that snapshots are compared with.
pub trait Fold {
    /// Takes the next fact.
    fn apply(&mut self, stamp: Stamp, fact: Fact);

    /// True if these bytes, from an intact snapshot, are the fold of all facts so far.
    fn is(&self, bytes: &[u8]) -> bool;
}

/// As [`verify`], and compares each snapshot with the facts, one in memory at a time. A wrong one
/// is damage, though a start ignores it or, worse, does not see it.
pub fn verify_with_snapshots(dir: &Path, fold: &mut impl Fold) -> Result<Verified, JournalError> {
    let disk = Disk::existing(dir)?;
    verify_storage_with_snapshots(&disk, fold).map(|verified| verified.beside_a_writer(&disk))
}

/// The same for any [`Storage`].
pub fn verify_storage_with_snapshots<S: Storage>(
    storage: &S,
    fold: &mut impl Fold,
) -> Result<Verified, JournalError> {
    let mut checks = Checks::new(storage)?;
    let verified = verify_storage(storage, &mut |stamp, fact| {
        checks.up_to(stamp.seq, fold);
        fold.apply(stamp, fact);
    })?;
    checks.up_to(verified.facts + 1, fold);
    let Checks { snapshots, bad, .. } = checks;
    let damage = verified.damage.or(bad);
    Ok(Verified { snapshots, intact: damage.is_none(), damage, ..verified })
}

/// Snapshots to compare with a fold at their positions.
struct Checks<'a, S> {
    storage: &'a S,
    /// Positions still to come, newest first.
    due: Vec<u64>,
    snapshots: Vec<Checked>,
    /// What is wrong with the first wrong one.
    bad: Option<JournalError>,
}

impl<S: Storage> Checks<'_, S> {
    fn new(storage: &S) -> Result<Checks<'_, S>, JournalError> {
        let due = snapshot::all(storage)?;
        Ok(Checks { storage, due, snapshots: Vec::new(), bad: None })
    }

    /// The fold has all facts before this position.
    fn up_to(&mut self, position: u64, fold: &impl Fold) {
        while let Some(due) = self.due.pop_if(|due| *due <= position) {
            let file = self.storage.path(&snapshot::name(due));
            let wrong = match self.check(due, fold) {
                Ok(wrong) => wrong,
                // A writer keeps two, and may have removed this one since.
                Err(JournalError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
                    continue;
                }
                Err(error) => {
                    self.bad.get_or_insert(error);
                    continue;
                }
            };
            let state = wrong.unwrap_or("agrees");
            self.snapshots.push(Checked { file: file.clone(), facts: due - 1, state });
            if let Some(wrong) = wrong {
                self.bad.get_or_insert(JournalError::BadSnapshot { file, wrong });
            }
        }
    }

    /// What is wrong with the snapshot, if anything.
    fn check(&self, at: u64, fold: &impl Fold) -> Result<Option<&'static str>, JournalError> {
        Ok(match snapshot::whole(self.storage, at)? {
            None => Some("damaged"),
            Some((chain, _)) if FileReader::new(self.storage.clone()).chain_at(at)? != chain => {
                Some("of another history")
            }
            Some((_, bytes)) if !fold.is(&bytes) => Some("not the fold of the facts"),
            Some(_) => None,
        })
    }
}

/// The same for any [`Storage`].
pub fn verify_storage<S: Storage>(
    storage: &S,
    each: &mut impl FnMut(Stamp, Fact),
) -> Result<Verified, JournalError> {
    let mut facts = 0;
    let mut facts_hash = FactsHash::new();
    // Before the facts are read, since a writer may go on.
    let (snapshots, began) = (snapshot::all(storage)?, began::read(storage)?);
    let scanned = scan(storage, &mut |batch| {
        let _last = batch.each_fact(each)?;
        facts += batch.facts;
        facts_hash.update(batch.groups);
        Ok(())
    });
    let kept = kept(storage)?;
    let (mut chain, mut torn): (Chain, Option<Cut>) = ([0; 32], None);
    let damage = match scanned {
        Ok(Scan { tail: None, .. }) => return Err(snapshot::without_segments(storage)?),
        Ok(scan) => {
            let damage = against(storage, &scan, &snapshots, began.as_deref())?;
            chain = scan.chain;
            torn = scan.tail.filter(|tail| tail.garbage > 0).map(|tail| Cut {
                segment: storage.path(&tail.name),
                offset: tail.at,
                bytes: tail.garbage,
                after: facts,
                kept: None,
            });
            damage
        }
        Err(damage @ JournalError::Damaged { .. }) => Some(damage),
        Err(other) => return Err(other),
    };
    let cut_bytes = torn.as_ref().map_or(0, |torn| torn.bytes);
    let (intact, snapshots) = (damage.is_none(), Vec::new());
    Ok(Verified { facts, facts_hash, chain, intact, cut_bytes, torn, kept, snapshots, damage })
}

/// What the other files prove against intact segments: missing facts, or another journal. A start is refused for
/// the same reason.
pub(crate) fn against<S: Storage>(
    storage: &S,
    scan: &Scan,
    snapshots: &[u64],
    began: Option<&[u8]>,
) -> Result<Option<JournalError>, JournalError> {
    let Some(tail) = &scan.tail else { return Ok(None) };
    if let Some(gone) = snapshot::ahead(storage, snapshots, scan.position, tail)? {
        return Ok(Some(gone));
    }
    Ok(match (began, scan.id) {
        (Some(began), Some(id)) => began::against(storage, began, &id),
        (Some(_), None) => {
            // It is written when the first record is durable.
            let (segment, offset, damage) = (storage.path(&tail.name), tail.at, Damage::Record);
            Some(JournalError::Damaged { segment, offset, seq: 1, damage })
        }
        (None, _) => None,
    })
}

fn kept<S: Storage>(storage: &S) -> Result<Vec<Kept>, JournalError> {
    let length = |name: &String| storage.open(name).and_then(|file| file.length());
    let kept = mend::kept(storage)?.into_iter().map(|name| {
        let bytes = length(&name).map_err(error::io("read", storage.path(&name)))?;
        Ok(Kept { file: storage.path(&name), bytes })
    });
    kept.collect()
}
