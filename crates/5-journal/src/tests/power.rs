//! Power is lost at any moment, and the disk has any part of the unsynced writes. Every acknowledged fact is there, no
//! other bytes pass for facts, and every start succeeds.

use std::collections::BTreeMap;

use super::fixture::{SimJournal, assert_holds, groups, open};
use super::sim::{Event, Sim};
use crate::{Journal, Options};

const OPTIONS: Options = Options { segment_bytes: 900, reserve_bytes: 0 };

/// Which of the writes of a file that were not synced the disk has.
#[derive(Clone, Copy, Debug)]
enum Has {
    All,
    None,
    First,
    Last,
    AllButFirst,
    HalfOfEach,
}

/// The disk's contents if power is lost after these events.
fn after(events: &[Event], has: Has, names_too: bool) -> Sim {
    let mut safe: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
    let mut pending: BTreeMap<usize, Vec<Event>> = BTreeMap::new();
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let mut named = Vec::new();
    let put = |names: &mut BTreeMap<String, usize>, name: &String, file: &Option<usize>| match file
    {
        Some(file) => drop(names.insert(name.clone(), *file)),
        None => drop(names.remove(name)),
    };
    for event in events {
        match event {
            Event::Write { file, .. } | Event::Length { file, .. } => {
                pending.entry(*file).or_default().push(event.clone());
            }
            Event::Sync { file } => {
                let changes = pending.remove(file).unwrap_or_default();
                changes.iter().for_each(|change| apply(safe.entry(*file).or_default(), change, 2));
            }
            Event::Name { name, file } => named.push((name, file)),
            Event::SyncNames => {
                named.drain(..).for_each(|(name, file)| put(&mut names, name, file));
            }
            Event::Told(_) | Event::Saved(_) => {}
        }
    }
    for (file, changes) in &pending {
        let bytes = safe.entry(*file).or_default();
        let last = changes.len() - 1;
        for (at, change) in changes.iter().enumerate() {
            let halves = match has {
                Has::All => 2,
                Has::None => 0,
                Has::First => 2 * usize::from(at == 0),
                Has::Last => 2 * usize::from(at == last),
                Has::AllButFirst => 2 * usize::from(at > 0),
                Has::HalfOfEach => 1,
            };
            apply(bytes, change, halves);
        }
    }
    if names_too {
        named.drain(..).for_each(|(name, file)| put(&mut names, name, file));
    }
    let sim = Sim::default();
    for (name, file) in names {
        sim.set(&name, safe.get(&file).cloned().unwrap_or_default());
    }
    sim
}

/// Applies this many halves of a change.
fn apply(bytes: &mut Vec<u8>, change: &Event, halves: usize) {
    match change {
        _ if halves == 0 => {}
        Event::Write { at, bytes: written, .. } => {
            let written = &written[..written.len() * halves / 2];
            bytes.resize(bytes.len().max(at + written.len()), 0);
            bytes[*at..at + written.len()].copy_from_slice(written);
        }
        Event::Length { length, .. } => bytes.resize(*length, 0),
        other => panic!("no change of a file: {other:?}"),
    }
}

fn told(sim: &Sim, position: u64) {
    sim.state().history.push(Event::Told(position));
}

fn batch(sim: &Sim, journal: &mut SimJournal, commands: u64) {
    journal.append(&groups(journal.end(), commands)).unwrap();
    told(sim, journal.sync().unwrap());
}

/// A life of a journal: batches, one of two records, segments, a snapshot, a clean end.
fn life() -> (Vec<Event>, u64) {
    let sim = Sim::default();
    let mut journal = open(&sim, OPTIONS).unwrap();
    for commands in [1, 3, 9, 2] {
        batch(&sim, &mut journal, commands);
    }
    journal.append(&groups(journal.end(), 2)).unwrap();
    batch(&sim, &mut journal, 1);
    journal.save_snapshot(journal.end(), b"fold").unwrap();
    sim.state().history.push(Event::Saved(journal.end()));
    journal.append(&groups(journal.end(), 4)).unwrap();
    journal.close().unwrap();
    told(&sim, journal.end());
    for commands in [7, 20, 1] {
        batch(&sim, &mut journal, commands);
    }
    let (history, end) = (sim.state().history.clone(), journal.end());
    (history, end)
}

const ALL: [Has; 6] =
    [Has::All, Has::None, Has::First, Has::Last, Has::AllButFirst, Has::HalfOfEach];

#[test]
fn what_was_told_is_there_and_no_start_is_refused_whenever_power_is_lost() {
    let (history, end) = life();
    let (mut told, mut saved) = (1, None);
    for moment in 0..=history.len() {
        match history[..moment].last() {
            Some(Event::Told(position)) => told = *position,
            Some(Event::Saved(position)) => saved = Some(*position),
            _ => {}
        }
        for (has, names_too) in ALL.iter().flat_map(|has| [(*has, true), (*has, false)]) {
            let what = format!("event {moment}, {has:?}, names too: {names_too}");
            let sim = after(&history[..moment], has, names_too);
            let journal = open(&sim, OPTIONS).unwrap_or_else(|why| panic!("{what}: {why}"));
            let found = journal.end();
            assert!((told..=end).contains(&found), "{what}: {found}, and {told} was told");
            let snapshot = journal.load_snapshot().unwrap();
            assert!(snapshot.saved.map(|(position, _)| position) >= saved, "{what}: no snapshot");
            drop(journal);
            assert_holds(&sim, found);
        }
    }
    assert_eq!(told, end);
}

#[test]
fn what_a_clean_end_left_is_known_to_have_been_durable_though_power_is_lost() {
    let (history, _) = life();
    let closed = history.iter().position(|event| matches!(event, Event::Saved(_))).unwrap();
    let told = |event: &Event| matches!(event, Event::Told(_));
    let closed = closed + history[closed..].iter().position(told).unwrap();
    let sim = after(&history[..=closed], Has::None, false);
    let name = sim.segments().pop().unwrap();
    let bytes = sim.bytes(&name);
    let end = open(&sim.copy(), OPTIONS).unwrap();
    assert_eq!(end.cut(), None);
    let mark = bytes.windows(4).rposition(|bytes| bytes == crate::record::Place::MAGIC).unwrap();
    let flipped = super::fixture::change(&sim, &name, |bytes| bytes[mark - 1] ^= 1);
    assert!(open(&flipped, OPTIONS).is_err(), "the last byte of the last record");
}

/// The system has the mark of a batch before the batch is acknowledged. The next sync writes the mark to the disk.
#[test]
fn after_a_kill_no_flipped_bit_in_what_was_told_passes_for_a_torn_tail() {
    let (history, _) = life();
    let mut told = 1;
    for moment in 0..=history.len() {
        if let Some(Event::Told(position)) = history[..moment].last() {
            told = *position;
        }
        let sim = after(&history[..moment], Has::All, true);
        let Some(name) = sim.segments().pop() else { continue };
        for at in 64..sim.bytes(&name).len() {
            let flipped = super::fixture::change(&sim, &name, |bytes| bytes[at] ^= 0x40);
            if let Ok(journal) = open(&flipped, OPTIONS) {
                assert!(
                    journal.end() >= told,
                    "event {moment}, byte {at}: {} of {told}",
                    journal.end()
                );
            }
        }
    }
}
