//! Looks through a whole journal and changes nothing.

use std::io::ErrorKind;
use std::path::Path;

use words::bytes::FactsHash;
use words::{Fact, Stamp};

use crate::error::JournalError;
use crate::reader::FileReader;
use crate::record::Chain;
use crate::scan::{Scan, scan};
use crate::{Disk, Storage, snapshot};

/// A snapshot that was held against the facts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checked {
    /// Its file.
    pub file: String,
    /// How many facts it stands for.
    pub facts: u64,
    /// `agrees`, or what is wrong with it.
    pub state: &'static str,
}

/// What a journal holds.
#[derive(Debug)]
pub struct Verified {
    /// Facts, up to the damage if there is any.
    pub facts: u64,
    /// The hash of those facts.
    pub facts_hash: FactsHash,
    /// The chain's last value: it changes with every byte of every record and their order.
    pub chain: [u8; 32],
    /// True unless there is damage. A torn tail is none: it is what a crash leaves, and is cut when
    /// the journal is opened.
    pub intact: bool,
    /// Bytes of a torn tail, which would be cut.
    pub cut_bytes: u64,
    /// Snapshots that were held against the facts, oldest first; none if nobody asked for that.
    pub snapshots: Vec<Checked>,
    /// What is damaged, where, and what to do.
    pub damage: Option<JournalError>,
}

impl Verified {
    /// What a writer is just writing on this disk is not torn.
    fn beside_a_writer(self, disk: &Disk) -> Verified {
        let is_being_written = self.cut_bytes > 0 && disk.is_in_use();
        Verified { cut_bytes: if is_being_written { 0 } else { self.cut_bytes }, ..self }
    }
}

/// Reads and checks the journal in `dir`, and hands on every fact, in order, up to the first
/// damage.
///
/// Takes no lock and changes nothing. While a writer is at work, this is what it had written when
/// its end was reached: a record that it is just writing is neither counted nor torn. About 60 ns a
/// fact, what `each` does left out.
pub fn verify(dir: &Path, each: &mut impl FnMut(Stamp, Fact)) -> Result<Verified, JournalError> {
    let disk = Disk::existing(dir)?;
    verify_storage(&disk, each).map(|verified| verified.beside_a_writer(&disk))
}

/// What is made of facts while they are verified, which snapshots are held against.
pub trait Fold {
    /// Takes the next fact.
    fn apply(&mut self, stamp: Stamp, fact: Fact);

    /// True if these bytes, from a whole snapshot, are the fold of all facts up to now.
    fn is(&self, bytes: &[u8]) -> bool;
}

/// As [`verify`], and holds each snapshot against the facts: one at a time is in memory. One that does not fit
/// is damage, though a start passes over it or, worse, does not see it.
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

/// Snapshots that are held against a fold when it comes to their positions.
struct Checks<'a, S> {
    storage: &'a S,
    /// Positions of those that are still to come, newest first.
    due: Vec<u64>,
    snapshots: Vec<Checked>,
    /// What is wrong with the first that does not fit.
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
                // A writer keeps two, and may have removed it since.
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
    let snapshots = snapshot::all(storage)?; // before the facts are read: a writer may save more
    let scanned = scan(storage, &mut |batch| {
        let _last = batch.each_fact(each)?;
        facts += batch.facts;
        facts_hash.update(batch.groups);
        Ok(())
    });
    let (chain, cut_bytes, damage): (Chain, u64, _) = match scanned {
        Ok(Scan { chain, position, tail: Some(tail) }) => {
            (chain, tail.garbage, snapshot::ahead(storage, &snapshots, position, &tail)?)
        }
        Ok(Scan { tail: None, .. }) => return Err(snapshot::without_segments(storage)?),
        Err(damage @ JournalError::Damaged { .. }) => ([0; 32], 0, Some(damage)),
        Err(other) => return Err(other),
    };
    let (intact, snapshots) = (damage.is_none(), Vec::new());
    Ok(Verified { facts, facts_hash, chain, intact, cut_bytes, snapshots, damage })
}
