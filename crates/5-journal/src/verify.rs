//! Looks through a whole journal and changes nothing.

use std::path::Path;

use words::bytes::FactsHash;
use words::{Fact, Stamp};

use crate::error::JournalError;
use crate::record::Chain;
use crate::scan::{Scan, scan};
use crate::{Disk, Storage, snapshot};

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
    /// What is damaged, where, and what to do.
    pub damage: Option<JournalError>,
}

/// Reads and checks the journal in `dir`, and hands on every fact, in order, up to the first
/// damage.
///
/// Takes no lock and changes nothing. While a writer is at work, this is what it had written when
/// its end was reached: a record that it is just writing is neither counted nor torn. About 60 ns a
/// fact, what `each` does left out.
pub fn verify(dir: &Path, each: &mut impl FnMut(Stamp, Fact)) -> Result<Verified, JournalError> {
    let disk = Disk::existing(dir)?;
    let verified = verify_storage(&disk, each)?;
    let is_being_written = verified.cut_bytes > 0 && disk.is_in_use();
    Ok(Verified { cut_bytes: if is_being_written { 0 } else { verified.cut_bytes }, ..verified })
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
    Ok(Verified { facts, facts_hash, chain, intact: damage.is_none(), cut_bytes, damage })
}
