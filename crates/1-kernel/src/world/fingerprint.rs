//! A fingerprint of a world's state, for an explorer: it covers exactly what can influence what
//! happens next. It changes nothing and is not on the path of a message.
//!
//! Worlds with equal fingerprints behave alike. So the fingerprint ignores the order between
//! signals of different pairs; it takes monitors and timers by rank, not by the numbers that they
//! happened to get; and it omits what no process can reach any more: the past, free slots, removed
//! links.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use super::World;
use super::checkpoint::PartFingerprint;
use super::slot::{Slot, State};
use crate::digest::Digest;
use crate::links::Links;
use crate::out::TimerRef;
use crate::signal::{Envelope, RemoteSignal, Signal};
use crate::tree::{Body, Place};
use crate::{Bench, MonitorRef, Pid, Process};

/// Marks of the kernel's own names among hashed values, in the upper half of an `i128`: user code
/// hashes its `Pid`s like any other field, and [`FingerprintHasher`] recognizes them. Other hashers
/// take them as plain bytes.
const PID: i128 = 0x4275_7474_6F6E_0001 << 64;
const MONITOR: i128 = 0x4275_7474_6F6E_0002 << 64;
/// Odd, and with its bits well spread.
const SPREAD: u64 = 0xD6E8_FEB8_6659_FD93;
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

/// A renaming of slots: the fingerprint takes the process at index `i` as if it were at
/// `renaming[i]`, and slots beyond its end as they are. Worlds that differ only by a permutation of
/// like processes have the same least fingerprint over all renamings of these.
pub type Renaming = Vec<u32>;

/// A hasher that replaces the kernel's names by what they stand for: renamed slots, and monitors by
/// rank.
struct FingerprintHasher<'a> {
    inner: Digest,
    links: &'a Links,
    renaming: &'a [u32],
    /// A hash of the monitors' actual numbers; 0 if there are none. Two parts with equal sums may
    /// name different monitors of equal rank, so this goes into a part's key.
    monitors: u64,
}

impl FingerprintHasher<'_> {
    fn renamed(&self, pid: Pid) -> u32 {
        self.renaming.get(pid.index()).copied().unwrap_or(pid.slot())
    }
}

impl Hasher for FingerprintHasher<'_> {
    fn finish(&self) -> u64 {
        self.inner.finish()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.inner.write(bytes);
    }

    // Forwarded as numbers: as bytes they would take four times as long.

    fn write_u8(&mut self, number: u8) {
        self.inner.write_u8(number);
    }

    fn write_u16(&mut self, number: u16) {
        self.inner.write_u16(number);
    }

    fn write_u32(&mut self, number: u32) {
        self.inner.write_u32(number);
    }

    fn write_u64(&mut self, number: u64) {
        self.inner.write_u64(number);
    }

    fn write_usize(&mut self, number: usize) {
        self.inner.write_usize(number);
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
                let name = u64::from(serial) << 32 | u64::from(index);
                self.monitors = (self.monitors ^ name).wrapping_mul(SPREAD).rotate_left(29);
                match self.links.rank(MonitorRef { index, serial }) {
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
    P::StateMachine: Hash,
{
    /// A number that is equal for worlds that behave alike and differs for others, but for
    /// collisions of 64 bits. O(processes and waiting signals). It covers the state machine, and
    /// not the log.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint_as(&[])
    }

    /// As [`World::fingerprint`], hashing only the parts whose fingerprint `bench` does not know.
    /// The caller forgets what may have changed first ([`Bench::forget`]).
    pub fn fingerprint_on(&self, bench: &mut Bench<P>) -> u64 {
        self.fingerprint_parts(bench);
        let state_machine = bench.state_machine.unwrap_or_default().sum;
        let tree = bench.tree.unwrap_or_default().0.sum;
        let body = |index: usize| bench.bodies[index].unwrap_or_default().sum;
        self.fingerprint_of(&[], state_machine, tree, body)
    }

    /// The least fingerprint under these renamings and the identity: equal for worlds that differ
    /// by such a renaming. The states of these processes must not hold anything else that tells
    /// them apart, such as a key or a name.
    pub fn fingerprint_of_any(&self, renamings: &[Renaming]) -> u64 {
        let renamed = renamings.iter().map(|renaming| self.fingerprint_as(renaming));
        renamed.fold(self.fingerprint(), u64::min)
    }

    fn fingerprint_as(&self, renaming: &[u32]) -> u64 {
        let state_machine =
            self.fingerprint_part(renaming, |hasher| self.out.state_machine.hash(hasher)).sum;
        let tree = self.fingerprint_part(renaming, |hasher| self.hash_tree(hasher)).sum;
        self.fingerprint_of(renaming, state_machine, tree, |index| {
            let body = self.slots[index].body.as_ref();
            body.map_or(0, |body| self.fingerprint_part(renaming, |hasher| body.hash(hasher)).sum)
        })
    }

    fn fingerprint_part(
        &self,
        renaming: &[u32],
        what: impl FnOnce(&mut FingerprintHasher<'_>),
    ) -> PartFingerprint {
        let inner = Digest::new();
        let mut hasher = FingerprintHasher { inner, links: &self.out.links, renaming, monitors: 0 };
        what(&mut hasher);
        let sum = hasher.finish();
        PartFingerprint { sum, key: sum ^ hasher.monitors }
    }

    /// Computes the fingerprint of every part that the bench does not know.
    pub(super) fn fingerprint_parts(&self, bench: &mut Bench<P>) {
        bench.bodies.resize(self.slots.len(), None);
        for (slot, look) in self.slots.iter().zip(&mut bench.bodies) {
            look.get_or_insert_with(|| match &slot.body {
                Some(body) => self.fingerprint_part(&[], |hasher| body.hash(hasher)),
                None => PartFingerprint::default(),
            });
        }
        if bench.state_machine.is_none() {
            bench.state_machine =
                Some(self.fingerprint_part(&[], |hasher| self.out.state_machine.hash(hasher)));
        }
        let now = self.out.now;
        if bench.tree.is_none_or(|(_, at)| at != now) {
            let look = self.fingerprint_part(&[], |hasher| self.hash_tree(hasher));
            // Its key also covers what its sum omits: the times of restarts, and which child is at
            // which index.
            let key = self.fingerprint_part(&[], |hasher| {
                (look.key, now).hash(hasher);
                for (index, slot) in self.slots.iter().enumerate() {
                    (index, slot.key, slot.node, slot.state == State::Free).hash(hasher);
                }
            });
            bench.tree = Some((PartFingerprint { key: key.sum, ..look }, now));
        }
    }

    fn fingerprint_of(
        &self,
        renaming: &[u32],
        state_machine: u64,
        tree: u64,
        body: impl Fn(usize) -> u64,
    ) -> u64 {
        let mut sum = self.fingerprint_part(renaming, |hasher| {
            (state_machine, tree).hash(hasher);
            self.hash_rest(hasher);
        });
        let mut add = |look: PartFingerprint| sum.sum = sum.sum.wrapping_add(look.sum);
        for (index, slot) in (0..).zip(&self.slots) {
            if slot.state != State::Free {
                let pid = Pid::new(index, slot.generation);
                let body = body(pid.index());
                add(self
                    .fingerprint_part(renaming, |hasher| self.hash_slot(pid, slot, body, hasher)));
            }
            // Each record by itself: their order makes no difference.
            let mut watching = slot.links.watching;
            while let Some((link, kind)) = self.out.links.first(watching) {
                let ends = self.out.links.ends(link);
                add(self.fingerprint_part(renaming, |hasher| (link, kind, ends).hash(hasher)));
                watching = self.out.links.after(link);
            }
        }
        // Signals of one pair are chained, in order; pairs are added up, in any order.
        let mut pairs = Pairs::default();
        for envelope in self.out.ring.waiting() {
            let so_far = pairs.of(envelope.from, self.addressee(envelope.to));
            let look = self.fingerprint_part(renaming, |hasher| {
                (*so_far, envelope, self.foreign_link(envelope)).hash(hasher);
            });
            *so_far = look.sum;
        }
        pairs.sums().fold(sum.sum, u64::wrapping_add)
    }

    /// The monitor of another world that a signal names. It has no rank here, so its number counts.
    fn foreign_link(&self, envelope: &Envelope<P::Message>) -> Option<(u32, u32)> {
        let is_outgoing = envelope.to != Pid::OUTSIDE && envelope.to.world() != self.out.number;
        let link = match (is_outgoing, &envelope.signal) {
            (true, Signal::Down(link, _)) => link,
            (false, Signal::Remote(RemoteSignal::Watch(link, _) | RemoteSignal::Unwatch(link))) => {
                link
            }
            _ => return None,
        };
        Some((link.index, link.serial))
    }

    fn hash_slot(&self, pid: Pid, slot: &Slot<P>, body: u64, hasher: &mut FingerprintHasher<'_>) {
        let Slot { body: _, key, generation: _, incarnation, links: _, note, node, state, flags } =
            slot;
        (pid, body, key, incarnation, node, state, flags).hash(hasher);
        self.out.notes.get(*note).hash(hasher);
    }

    fn hash_rest(&self, hasher: &mut FingerprintHasher<'_>) {
        let World { slots: _, out, parked, timers, .. } = self;
        (&out.names, &out.groups, out.now).hash(hasher);
        for (place, past) in parked {
            (place, past.incarnation).hash(hasher);
            self.out.notes.get(past.note).hash(hasher);
        }
        for (TimerRef { at, number: _ }, by) in timers {
            (at, by).hash(hasher);
        }
        for (of, by, link, called) in &out.remote.watched {
            (of, by, link.index, link.serial, called).hash(hasher);
        }
        (&out.remote.outbox, &out.remote.lost).hash(hasher);
        for call in &self.calls {
            call.hash(hasher);
        }
        self.dead.hash(hasher);
    }

    fn hash_tree(&self, hasher: &mut FingerprintHasher<'_>) {
        let now = self.out.now;
        for Place { name, pid, deaths, body, intensity, ending, deleted, .. } in &self.tree.places {
            (&**name, pid, ending, deleted).hash(hasher);
            // Only restarts that the intensity still counts.
            deaths.ages(now, *intensity).for_each(|age| age.hash(hasher));
            if let Body::Many { deaths, .. } = body {
                for (child, deaths) in deaths {
                    deaths.ages(now, *intensity).for_each(|age| (child, age).hash(hasher));
                }
            }
        }
    }
}

/// A number for each pair of sender and receiver. The first [`FEW`] are in an array, without an
/// allocation.
#[derive(Default)]
struct Pairs {
    few: [(Pair, u64); FEW],
    used: usize,
    more: BTreeMap<Pair, u64>,
}

type Pair = Option<(Pid, Pid)>;

const FEW: usize = 16;

impl Pairs {
    fn of(&mut self, from: Pid, to: Pid) -> &mut u64 {
        let pair = Some((from, to));
        let known = self.few[..self.used].iter().position(|(known, _)| *known == pair);
        match known {
            Some(at) => &mut self.few[at].1,
            None if self.used < FEW => {
                self.used += 1;
                self.few[self.used - 1].0 = pair;
                &mut self.few[self.used - 1].1
            }
            None => self.more.entry(pair).or_insert(0),
        }
    }

    fn sums(&self) -> impl Iterator<Item = u64> {
        self.few[..self.used].iter().map(|(_, sum)| *sum).chain(self.more.values().copied())
    }
}
