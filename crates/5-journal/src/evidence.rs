//! Decides whether the bytes after a partial record prove that the record was durable.
//!
//! | bytes after it | conclusion |
//! |---|---|
//! | a place or record that says that more was durable | the record was acknowledged, or could have been: damage |
//! | a place or record with the number of this fact or an earlier one | no crash leaves that: damage |
//! | places of later facts, written before this one was durable | none: a power loss may keep later writes only |
//! | anything else | none |
//!
//! Costs as many reads as the rest of the segment has windows, and in an old segment a bounded number more.

use std::io;

use crate::StorageFile;
use crate::error::Damage;
use crate::old::OldHead;
use crate::record::{Format, Place};
use crate::walk::{Walk, checksum_in, each_window};

/// Bytes of an old segment that are checksummed for possible heads, per byte of the segment's rest. A
/// crash leaves few records there, each of which is checksummed once.
const SUMMED: u64 = 16;

/// Evidence that a partial record is damage and not a torn write, if there is any.
pub(crate) fn against_a_crash<F: StorageFile>(walk: &Walk<F>) -> io::Result<Option<Damage>> {
    match walk.format {
        Format::New => by_places(walk),
        Format::Old => by_old_heads(walk),
    }
}

/// Evidence of a place or an old record after `position`, which has this number and was written when facts before
/// `durable` were durable.
fn shows(position: u64, first: u64, durable: u64) -> Option<Damage> {
    if first <= position {
        return Some(Damage::Stale { found: first });
    }
    (durable > position).then_some(Damage::Record)
}

fn by_places<F: StorageFile>(walk: &Walk<F>) -> io::Result<Option<Damage>> {
    let mut found = None;
    each_window(&walk.file, walk.at + 1, walk.length, Place::LENGTH - 1, |_, bytes| {
        let starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == Place::MAGIC[0]);
        let mut places = starts.filter_map(|(at, _)| Place::parse(&bytes[at..]));
        found = places.find_map(|place| shows(walk.position, place.first, place.durable()));
        Ok(found.is_none())
    })?;
    Ok(found)
}

/// An old head proves nothing without a checksum over its payload. A file with so numerous likely heads that the
/// checksums would cost too much is not what a crash leaves.
fn by_old_heads<F: StorageFile>(walk: &Walk<F>) -> io::Result<Option<Damage>> {
    let rest = walk.length.saturating_sub(walk.at);
    let mut left = rest.saturating_mul(SUMMED);
    let mut found = None;
    each_window(&walk.file, walk.at + 1, walk.length, OldHead::LENGTH - 1, |begin, bytes| {
        for (at, bytes) in bytes.windows(OldHead::LENGTH).enumerate() {
            let head = OldHead::parse(bytes.first_chunk().expect("a window of that length"));
            let at = begin + at as u64;
            if !head.is_one() || at + head.whole() > walk.length {
                continue;
            }
            let Some(damage) = shows(walk.position, head.first, head.durable()) else { continue };
            let Some(rest) = left.checked_sub(head.whole()) else {
                found = Some(Damage::Record);
                return Ok(false);
            };
            left = rest;
            if checksum_in(&walk.file, at, 4, head.whole())? == Some(head.check()) {
                found = Some(damage);
                return Ok(false);
            }
        }
        Ok(true)
    })?;
    Ok(found)
}
