//! Schedulers: which waiting signal is delivered next. Randomness enters a world only here, as a
//! seed.

use std::collections::BTreeSet;

use crate::{Envelope, Pid, Process, Watch, World};

/// Chooses the next delivery.
pub trait Scheduler {
    /// Chooses one of `ready`, which is never empty and holds offsets of waiting signals. Returns
    /// an index into `ready`; `None` stops the run.
    fn choose(&mut self, ready: &[usize]) -> Option<usize>;
}

/// The order of sending, as in production. ([`World::run`] is the same without a scheduler.)
#[derive(Clone, Copy, Debug, Default)]
pub struct Live;

impl Scheduler for Live {
    fn choose(&mut self, _ready: &[usize]) -> Option<usize> {
        Some(0)
    }
}

/// Chooses by a seed: the same seed gives the same run on every machine.
#[derive(Clone, Debug)]
pub struct Seeded {
    state: u64,
}

impl Seeded {
    /// A scheduler with this seed.
    pub fn new(seed: u64) -> Seeded {
        Seeded { state: seed }
    }

    /// The next number of the seed's sequence (SplitMix64), also for faults that a run draws.
    pub fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which must not be 0.
    #[allow(clippy::cast_possible_truncation, reason = "below a usize")]
    pub fn below(&mut self, bound: usize) -> usize {
        (self.draw() % bound as u64) as usize
    }
}

impl Scheduler for Seeded {
    fn choose(&mut self, ready: &[usize]) -> Option<usize> {
        Some(self.below(ready.len()))
    }
}

/// Repeats the choices of an earlier run, then stops.
#[derive(Clone, Debug)]
pub struct Recorded<I> {
    picks: I,
}

impl<I: Iterator<Item = usize>> Recorded<I> {
    /// A scheduler that repeats these choices.
    pub fn new(picks: I) -> Recorded<I> {
        Recorded { picks }
    }
}

impl<I: Iterator<Item = usize>> Scheduler for Recorded<I> {
    fn choose(&mut self, ready: &[usize]) -> Option<usize> {
        self.picks.next().filter(|pick| *pick < ready.len())
    }
}

impl<P: Process, W: Watch<P>> World<P, W> {
    /// Offsets of the signals that may be delivered next: the oldest of each pair, none before the
    /// first event of its receiver, none to a receiver that waits to be restarted.
    pub fn ready(&self, ready: &mut Vec<usize>) {
        ready.clear();
        let (mut pairs, mut receivers) = (BTreeSet::new(), BTreeSet::new());
        for (offset, envelope) in self.signals().enumerate() {
            let to = self.addressee(envelope.to);
            let first_of_pair = pairs.insert((envelope.from, to));
            let first_of_all = receivers.insert(to);
            let waits = self.is_unbegun(to) && !first_of_all;
            if first_of_pair && !waits && !self.is_between(to) {
                ready.push(offset);
            }
        }
    }

    /// As [`World::ready`], as pairs of sender and receiver. Without memory, in time O(waiting²):
    /// for explorers, in whose worlds few signals wait.
    pub fn ready_pairs(&self, mut pair: impl FnMut(Pid, Pid)) {
        for (offset, envelope) in self.signals().enumerate() {
            let to = self.addressee(envelope.to);
            let earlier = || self.signals().take(offset).filter(|e| self.addressee(e.to) == to);
            let waits = self.is_unbegun(to) && earlier().next().is_some();
            if !waits && !self.is_between(to) && earlier().all(|e| e.from != envelope.from) {
                pair(envelope.from, envelope.to);
            }
        }
    }

    /// Delivers the oldest signal between two processes. False if none waits.
    pub fn deliver_between(&mut self, from: Pid, to: Pid) -> bool {
        let is = |envelope: &Envelope<P::Message>| (envelope.from, envelope.to) == (from, to);
        let offset = self.signals().position(is);
        offset.is_some_and(|offset| self.deliver_at(offset))
    }

    /// Delivers one signal that the scheduler chooses. False if none was delivered.
    pub fn step_by(&mut self, scheduler: &mut impl Scheduler, ready: &mut Vec<usize>) -> bool {
        self.ready(ready);
        if ready.is_empty() {
            return false;
        }
        match scheduler.choose(ready) {
            Some(pick) => self.deliver_at(ready[pick]),
            None => false,
        }
    }

    /// Delivers until nothing waits or the scheduler stops. Returns the number of deliveries.
    pub fn run_by(&mut self, scheduler: &mut impl Scheduler) -> usize {
        let (mut steps, mut ready) = (0, Vec::new());
        while self.step_by(scheduler, &mut ready) {
            steps += 1;
        }
        steps
    }
}
