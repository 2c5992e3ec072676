//! Facts of a journal as text, JSON or CSV: selection, subjects, form. Reads only; decides nothing about trade.
#![allow(clippy::disallowed_methods, reason = "an edge: a thread that only reads")]

mod about;
mod moment;
mod row;
mod select;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::thread::Builder;

use journal::{JournalError, Verified};
use protocol::{Fact, Stamp};

use crate::failure::Failure;

pub(crate) use row::{csv, csv_head, json, text};
pub(crate) use select::Select;

/// Facts that the reading thread hands over together.
const BATCH: usize = 4096;
/// Batches that wait for the caller at once, so memory stays bounded if the caller is slow.
const WAITING: usize = 4;

/// Reads every fact of the journal in `dir`, in order, until `each` breaks off.
///
/// A separate thread reads, so that a caller that breaks off returns at once and does not wait for the rest of
/// the journal. Returns the result of the verification, or `None` if `each` broke off. Memory: at most six
/// batches of facts.
pub(crate) fn read(
    dir: &Path,
    mut each: impl FnMut(Stamp, Fact) -> ControlFlow<()>,
) -> Result<Option<Verified>, Failure> {
    let (sender, receiver) = sync_channel::<Vec<(Stamp, Fact)>>(WAITING);
    let path = dir.to_owned();
    let reading = move || -> Result<Verified, JournalError> {
        let mut batch = Vec::with_capacity(BATCH);
        let mut is_wanted = true;
        let verified = journal::verify(&path, &mut |stamp, fact| {
            if !is_wanted {
                return;
            }
            batch.push((stamp, fact));
            if batch.len() == BATCH {
                let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
                is_wanted = sender.send(full).is_ok();
            }
        })?;
        match sender.send(batch) {
            Ok(()) | Err(_) => Ok(verified), // the caller has broken off
        }
    };
    let thread = Builder::new().name("journal-reader".to_owned()).spawn(reading);
    let thread = thread.map_err(Failure::Thread)?;
    for (stamp, fact) in receiver.iter().flatten() {
        if each(stamp, fact).is_break() {
            return Ok(None);
        }
    }
    match thread.join() {
        Ok(verified) => Ok(Some(verified?)),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
