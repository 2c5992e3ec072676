//! What a world looks like to whoever counts its states: a fingerprint in which only that shows which
//! can make a difference to what happens next. It changes nothing and is on no path of a message.
//!
//! Two worlds with the same fingerprint behave alike: signals of different pairs have no order, names of
//! monitors and timers count by rank and not by the number that they happened to get, and what
//! nobody can reach any more (the past, free slots, ties that are gone) is not looked at.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use super::{Slot, State, World};
use crate::explore::Digest;
use crate::out::TimerRef;
use crate::ring::{Border, Envelope, Letter};
use crate::ties::Ties;
use crate::tree::{Body, Place};
use crate::{MonitorRef, Pid, Process};

/// Says that the sixteen bytes to be hashed are one of the kernel's own names. Other hashers take
/// them as any other bytes.
const PID: i128 = 0x4275_7474_6F6E_0001 << 64;
const MONITOR: i128 = 0x4275_7474_6F6E_0002 << 64;
const TAGS: i128 = !0xFFFF_FFFF_FFFF_FFFF;

fn pair(high: u32, low: u32) -> i128 {
    i128::from(u64::from(high) << 32 | u64::from(low))
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "takes apart what `pair` put together"
)]
fn unpair(pair: i128) -> (u32, u32) {
    let both = pair as u64;
    ((both >> 32) as u32, both as u32)
}

impl Hash for Pid {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_i128(PID | pair(self.generation(), self.slot()));
    }
}

impl Hash for MonitorRef {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_i128(MONITOR | pair(self.serial, self.index));
    }
}

/// A renaming of slots: the process at index `i` is looked at as if it were at `renaming[i]`. Slots beyond
/// its end keep their place. Worlds that are alike but for who is who among like processes have
/// the same least fingerprint over all renamings of these.
pub type Renaming = Vec<u32>;

/// A hasher that sees the kernel's names as they count.
struct Sight<'a> {
    inner: Digest,
    ties: &'a Ties,
    renaming: &'a [u32],
}

impl Sight<'_> {
    fn renamed(&self, pid: Pid) -> u32 {
        self.renaming.get(pid.index()).copied().unwrap_or(pid.slot())
    }
}

impl Hasher for Sight<'_> {
    fn finish(&self) -> u64 {
        self.inner.finish()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.inner.write(bytes);
    }

    fn write_i128(&mut self, value: i128) {
        match value & TAGS {
            PID => {
                let (generation, index) = unpair(value);
                let index = self.renamed(Pid::new(index, generation));
                self.inner.write_u64(u64::from(generation) << 32 | u64::from(index));
            }
            MONITOR => {
                let (serial, index) = unpair(value);
                match self.ties.rank(MonitorRef { index, serial }) {
                    Some((watcher, watched, rank)) => {
                        (watcher.generation(), self.renamed(watcher)).hash(&mut self.inner);
                        (watched.generation(), self.renamed(watched), rank).hash(&mut self.inner);
                    }
                    None => self.inner.write_u8(0),
                }
            }
            _ => self.inner.write(&value.to_le_bytes()),
        }
    }
}

impl<P, W> World<P, W>
where
    P: Process + Hash,
    P::Message: Hash,
    P::Note: Hash,
    P::Keeper: Hash,
{
    /// A number that is the same for worlds that behave alike, and differs (but once in 2^64) for
    /// others. O(processes and signals that wait). The log is not in it: only what the keeper made of it.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint_as(&[])
    }

    /// The least fingerprint under these renamings and under none: worlds that differ only in who is who
    /// have the same. What else tells like processes apart (a key, a name) must not be in their states.
    pub fn fingerprint_of_any(&self, renamings: &[Renaming]) -> u64 {
        let renamed = renamings.iter().map(|renaming| self.fingerprint_as(renaming));
        renamed.fold(self.fingerprint(), u64::min)
    }

    fn fingerprint_as(&self, renaming: &[u32]) -> u64 {
        let look = |what: &dyn Fn(&mut Sight<'_>)| {
            let inner = Digest::new();
            let mut sight = Sight { inner, ties: &self.out.ties, renaming };
            what(&mut sight);
            sight.finish()
        };
        let mut sum = look(&|sight| self.look_at_rest(sight));
        for (index, slot) in (0..).zip(&self.slots) {
            if slot.state != State::Free {
                let pid = Pid::new(index, slot.generation);
                sum = sum.wrapping_add(look(&|sight| self.look_at_slot(pid, slot, sight)));
            }
            // Each tie by itself: in which order they were tied makes no difference.
            let mut watching = slot.ties.watching;
            while let Some((tie, kind)) = self.out.ties.first(watching) {
                let ends = self.out.ties.ends(tie);
                sum = sum.wrapping_add(look(&|sight| (tie, kind, ends).hash(sight)));
                watching = self.out.ties.after(tie);
            }
        }
        // One sequence a pair; pairs in no order.
        let mut pairs: BTreeMap<(Pid, Pid), u64> = BTreeMap::new();
        for envelope in self.out.ring.waiting() {
            let to = self.addressee(envelope.to);
            let so_far = pairs.entry((envelope.from, to)).or_insert(0);
            *so_far = look(&|sight| (*so_far, envelope, self.foreign_tie(envelope)).hash(sight));
        }
        pairs.values().fold(sum, |sum, pair| sum.wrapping_add(*pair))
    }

    /// The tie of another world that a signal names. It says nothing to us, so its number itself counts.
    fn foreign_tie(&self, envelope: &Envelope<P::Message>) -> Option<(u32, u32)> {
        let to_abroad = envelope.to != Pid::OUTSIDE && envelope.to.world() != self.out.number;
        let tie = match (to_abroad, &envelope.letter) {
            (true, Letter::Down(tie, _)) => tie,
            (false, Letter::Border(Border::Watch(tie, _) | Border::Unwatch(tie))) => tie,
            _ => return None,
        };
        Some((tie.index, tie.serial))
    }

    fn look_at_slot(&self, pid: Pid, slot: &Slot<P>, sight: &mut Sight<'_>) {
        let Slot { body, key, generation: _, incarnation, ties: _, note, node, state, marks } =
            slot;
        (pid, body, key, incarnation, node, state, marks).hash(sight);
        self.out.notes.get(*note as usize).and_then(Option::as_ref).hash(sight);
    }

    fn look_at_rest(&self, sight: &mut Sight<'_>) {
        let World { slots: _, out, tree, free_notes: _, past_lives, timers, .. } = self;
        (&out.keeper, &out.names, &out.groups, out.now).hash(sight);
        for (place, past) in past_lives {
            (place, past.incarnation).hash(sight);
            self.out.notes.get(past.note as usize).and_then(Option::as_ref).hash(sight);
        }
        for (TimerRef { at, number: _ }, by) in timers {
            (at, by).hash(sight);
        }
        for Place { name, pid, deaths, body, intensity, ending, deleted, .. } in &tree.places {
            (name, pid, ending, deleted).hash(sight);
            // Only deaths that an intensity still looks back at.
            deaths.ages(out.now, *intensity).for_each(|age| age.hash(sight));
            if let Body::Many { deaths, .. } = body {
                for (child, deaths) in deaths {
                    deaths.ages(out.now, *intensity).for_each(|age| (child, age).hash(sight));
                }
            }
        }
        for (of, by, tie, called) in &out.abroad.watched {
            (of, by, tie.index, tie.serial, called).hash(sight);
        }
        (&out.abroad.outbox, &out.abroad.lost).hash(sight);
        for ask in &self.asks {
            ask.hash(sight);
        }
        self.dead.hash(sight);
    }
}
