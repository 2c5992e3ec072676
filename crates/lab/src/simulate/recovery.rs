//! From a crash to the next start: the shipped code opens the journal and recovers the exchange, and
//! the result is compared with what happened. Before that, now and then, a bit flips on the disk: the start
//! must report it, or be unaffected, and must change nothing.

use exchange::steps::recover_watched;
use exchange::{Options, RecoverError, Recovered};
use journal::{Damage, FileJournal, Journal, JournalError, read_facts, verify_storage};
use ledger::Ledger;
use protocol::{Fact, Stamp};

use super::counts::Counts;
use super::plan::Plan;
use super::record::Record;
use crate::disk::{SimDisk, Span};
use crate::laws::{Broken, Law};
use crate::world::Witness;

type Exchange = exchange::Exchange<Witness>;

/// Result of a start.
pub(super) struct Found {
    pub(super) exchange: Exchange,
    pub(super) journal: FileJournal<SimDisk>,
    pub(super) facts: Vec<(Stamp, Fact)>,
    pub(super) recovered: Recovered,
}

/// Why a start failed.
pub(super) enum NoStart {
    /// The disk failed meanwhile: another start may succeed.
    Again,
    /// The journal is damaged, and the error says where.
    Named(Box<JournalError>),
    /// A law is broken.
    Broken(Broken),
}

fn kept<T>(what: String) -> Result<T, NoStart> {
    Err(NoStart::Broken(Broken { law: Law::Kept, what }))
}

fn refused(why: JournalError) -> NoStart {
    match why {
        JournalError::Io { .. } | JournalError::Full { .. } => NoStart::Again,
        damaged @ (JournalError::Damaged { .. }
        | JournalError::FactsGone { .. }
        | JournalError::NoSegments { .. }
        | JournalError::BadBegan { .. }) => NoStart::Named(Box::new(damaged)),
        other => {
            let what = format!("no start: {other}");
            NoStart::Broken(Broken { law: Law::Kept, what })
        }
    }
}

/// Opens the journal and recovers the exchange, as a start does.
pub(super) fn start(disk: &SimDisk, plan: &Plan) -> Result<Found, NoStart> {
    let mut journal = FileJournal::open_storage(disk.clone(), options(plan)).map_err(refused)?;
    let cut = journal.cut().cloned();
    let recovered = recover_watched(&mut journal, Options::default(), Witness::default());
    let (exchange, mut recovered) = match recovered {
        Ok(recovered) => recovered,
        Err(RecoverError::Journal(why)) => return Err(refused(why)),
        Err(other) => return kept(format!("no start: {other}")),
    };
    recovered.cut = cut;
    let mut facts = Vec::new();
    let end = journal.durable();
    let read = read_facts(&mut *journal.reader(), 1, end, &mut |stamp, fact| {
        facts.push((stamp, fact));
    });
    read.map_err(refused)?;
    let mut ledger = Ledger::new();
    for (stamp, fact) in &facts {
        if let Err(wrong) = ledger.apply(fact) {
            return kept(format!("fact {} cannot be: {wrong}", stamp.seq));
        }
    }
    // A snapshot and the facts after it must fold to the same as all facts.
    if exchange.ledger().facts() == ledger.facts() && exchange.ledger().save() != ledger.save() {
        return kept("the recovered fold is not that of the journal's facts".to_owned());
    }
    Ok(Found { exchange, journal, facts, recovered })
}

/// True if a second service is refused beside a running one, false if it starts; `None` if neither.
pub(super) fn second_is_refused(disk: &SimDisk, plan: &Plan) -> Option<bool> {
    match FileJournal::open_storage(disk.clone(), options(plan)) {
        Ok(_) => Some(false),
        Err(JournalError::Locked { .. }) => Some(true),
        Err(_) => None, // the folder is away, or the power
    }
}

/// The state before bytes or files are damaged.
pub(super) struct Before<'a> {
    pub(super) disk: &'a SimDisk,
    pub(super) plan: &'a Plan,
    pub(super) record: &'a Record,
    /// A mark proves that all acknowledged facts were durable: no power loss since it was written, or it was synced.
    pub(super) marked: bool,
}

/// Flips a bit, starts, and restores the disk. The bit was reported, or did no harm.
pub(super) fn rot(before: &Before<'_>, counts: &mut Counts) -> Result<(), Broken> {
    let copy = before.disk.copy();
    let Some((name, at)) = before.disk.rot(&[".facts", ".fold", "began"]) else { return Ok(()) };
    counts.bit_rots += 1;
    let span = Span { name, at, bytes: 1, what: "a flipped bit" };
    let named = before.judge(&span, counts);
    before.disk.restore(copy);
    counts.bit_rot_found += u64::from(named?);
    Ok(())
}

/// Brings stale bytes back, starts, and restores the disk. They were reported, or did no harm.
pub(super) fn stale(before: &Before<'_>, counts: &mut Counts) -> Result<(), Broken> {
    let copy = before.disk.copy();
    let Some(span) = before.disk.stale(".facts") else { return Ok(()) };
    counts.stale_bytes += 1;
    let named = before.judge(&span, counts);
    before.disk.restore(copy);
    counts.stale_found += u64::from(named?);
    Ok(())
}

/// Starts without the removed segment, and restores the disk: no acknowledged fact is missing without a
/// report.
pub(super) fn missing(
    disk: &SimDisk,
    plan: &Plan,
    record: &Record,
    was_full: bool,
    counts: &mut Counts,
) -> Result<(), Broken> {
    let before = disk.copy();
    if !disk.hide_taken() {
        return Ok(());
    }
    let copy = disk.copy();
    let found = start(disk, plan);
    let changed = !disk.shows(&copy);
    disk.restore(before);
    let what = match found {
        Err(NoStart::Named(_)) if changed => "it was named, and something was changed".to_owned(),
        Err(NoStart::Named(_)) => {
            counts.missing_found += 1;
            return Ok(());
        }
        Ok(Found { facts, .. }) if facts.len() as u64 >= record.told() => return Ok(()),
        Ok(_) if was_full => return Ok(()), // there was no space for the announcement of the segment
        Ok(Found { facts, .. }) => {
            format!("{} facts are left, {} told", facts.len(), record.told())
        }
        Err(NoStart::Again) => return Ok(()), // the disk is full, and the start fails for that
        Err(NoStart::Broken(other)) => other.to_string(),
    };
    Err(Broken { law: Law::Kept, what: format!("the newest segment is away: {what}") })
}

impl Before<'_> {
    /// Starts on a disk with a damaged span of bytes. True if that was reported; else it must have
    /// done no harm.
    ///
    /// A cut begins in the last record, which is the last batch. If `marked`, no cut removes anything acknowledged.
    fn judge(&self, span: &Span, counts: &mut Counts) -> Result<bool, Broken> {
        let Before { disk, plan, record, marked } = *self;
        let rotten = disk.copy();
        let Span { name, at, bytes, what: instead } = span;
        let broken = |what: &str| {
            let what = format!("{instead} in {name} at byte {at}, {bytes} of them: {what}");
            Err(Broken { law: Law::Kept, what })
        };
        let Found { facts, recovered, .. } = match start(disk, plan) {
            Ok(found) => found,
            Err(NoStart::Again) => return broken("no start, on a disk that does not fail"),
            Err(NoStart::Broken(other)) => return broken(&other.to_string()),
            Err(NoStart::Named(why)) => {
                let verified = verify_storage(disk, &mut |_, _| ());
                return if !disk.shows(&rotten) {
                    broken("it was named, and something was changed")
                } else if !why.to_string().contains(name) && !is_gap(&why) {
                    broken(&format!("another place was named: {why}"))
                } else if verified.is_ok_and(|verified| verified.intact) {
                    broken("verify finds nothing")
                } else {
                    Ok(true)
                };
            }
        };
        let there = facts.len() as u64;
        let path = format!("disk/{name}");
        let cut = recovered.cut.as_ref().is_some_and(|cut| {
            let (end, cut_end) = (at + bytes, cut.offset + cut.bytes);
            cut.segment == path && cut.offset < end && *at < cut_end
        });
        let same = record.facts().iter().zip(&facts).all(|(mine, journals)| mine == journals);
        if !same || there > record.len() {
            return broken("and was believed");
        }
        if there < record.told() {
            if marked {
                return broken("and facts were lost that a mark said were durable");
            }
            if there < record.told_before() {
                return broken("and more than the last batch was lost");
            }
            // Zeros in place of a whole write look as if it had never been.
            if !cut && *bytes == 1 {
                return broken("and facts were lost without a word");
            }
            // Its mark was lost with the power: a broken record cannot be told from a torn one.
            counts.batches_cut += 1;
        }
        Ok(cut || recovered.passed_over.contains(&path))
    }
}

/// True if facts are missing: then the error names what follows them.
fn is_gap(why: &JournalError) -> bool {
    matches!(why, JournalError::Damaged { damage: Damage::Gap { .. }, .. })
}

fn options(plan: &Plan) -> journal::Options {
    journal::Options { segment_bytes: plan.segment_bytes, reserve_bytes: plan.reserve_bytes }
}
