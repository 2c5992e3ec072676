//! The one queue of a world. Its past is the flight recorder: what was delivered stays in the
//! buffer until newer messages need the room, so remembering costs nothing.

use crate::process::Cause;
use crate::{MonitorRef, Pid};

/// A signal on its way.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Envelope<M> {
    /// To whom.
    pub to: Pid,
    /// From whom.
    pub from: Pid,
    /// What.
    pub letter: Letter<M>,
}

/// What can be in an envelope.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Letter<M> {
    /// A message.
    Say(M),
    /// The first event of a life.
    Start,
    /// A timer's end.
    Timer(u64),
    /// An exit signal that somebody sent.
    Exit(Cause),
    /// The end of a linked process.
    Linked(MonitorRef, Cause),
    /// The end of a monitored process.
    Down(MonitorRef, Cause),
    /// The end of a child, to its supervisor.
    ChildDown(Cause),
}

/// First in, first out, with a past. Grows by doubling; positions count up for ever.
#[derive(Debug)]
pub(crate) struct Ring<M> {
    buffer: Vec<Option<Envelope<M>>>,
    /// Position of the next to be delivered.
    head: u64,
    /// Position after the last one sent.
    tail: u64,
    /// Everything before this position is forgotten: what was taken back has lain over it.
    forgotten: u64,
}

/// A copy has what waits and no past, in as little room as that takes.
impl<M: Clone> Clone for Ring<M> {
    fn clone(&self) -> Ring<M> {
        let mut copy = Ring::new((self.len() + 1).max(8));
        for envelope in self.waiting() {
            copy.push(envelope.clone());
        }
        copy
    }
}

impl<M: Clone> Ring<M> {
    pub(crate) fn new(capacity: usize) -> Ring<M> {
        let capacity = capacity.next_power_of_two();
        Ring { buffer: vec![const { None }; capacity], head: 0, tail: 0, forgotten: 0 }
    }

    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "masked by the capacity")]
    fn slot(&self, position: u64) -> usize {
        position as usize & (self.buffer.len() - 1)
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, envelope: Envelope<M>) {
        if self.tail - self.head == self.buffer.len() as u64 {
            self.grow();
        }
        let slot = self.slot(self.tail);
        self.buffer[slot] = Some(envelope);
        self.tail += 1;
    }

    #[cold]
    #[allow(clippy::cast_possible_truncation, reason = "masked by the capacity")]
    fn grow(&mut self) {
        let old = std::mem::take(&mut self.buffer);
        self.buffer = vec![const { None }; old.len() * 2];
        let start = self.tail - old.len() as u64;
        for position in start..self.tail {
            let (from, to) = (position as usize & (old.len() - 1), self.slot(position));
            self.buffer[to] = old[from].clone();
        }
    }

    /// The next one, which thereby counts as delivered. It stays where it is, as the past.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> Option<&Envelope<M>> {
        if self.head == self.tail {
            return None;
        }
        let slot = self.slot(self.head);
        self.head += 1;
        self.buffer[slot].as_ref()
    }

    /// The one that was delivered last.
    pub(crate) fn last(&self) -> Option<&Envelope<M>> {
        self.buffer[self.slot(self.head.checked_sub(1)?)].as_ref()
    }

    /// Takes the waiting one at `offset` from the head, keeping the order of the others.
    pub(crate) fn take(&mut self, offset: usize) -> Option<Envelope<M>> {
        let mut position = self.head + offset as u64;
        if position >= self.tail {
            return None;
        }
        while position > self.head {
            let (here, before) = (self.slot(position), self.slot(position - 1));
            self.buffer.swap(here, before);
            position -= 1;
        }
        self.next().cloned()
    }

    /// Takes away what waits and `keep` says no to. O(waiting).
    pub(crate) fn keep(&mut self, mut keep: impl FnMut(&Envelope<M>) -> bool) {
        let (mut to, tail) = (self.head, self.tail);
        for from in self.head..tail {
            let (from, into) = (self.slot(from), self.slot(to));
            if self.buffer[from].as_ref().is_some_and(&mut keep) {
                self.buffer.swap(from, into);
                to += 1;
            }
        }
        self.forgotten = self.forgotten.max(self.tail.saturating_sub(self.buffer.len() as u64));
        self.tail = to;
    }

    #[inline(always)]
    pub(crate) fn tail(&self) -> u64 {
        self.tail
    }

    /// Takes back what was sent since the tail stood at `tail`.
    pub(crate) fn take_back(&mut self, tail: u64) {
        let oldest = self.tail.saturating_sub(self.buffer.len() as u64);
        self.forgotten = self.forgotten.max(oldest);
        self.tail = tail;
    }

    #[allow(clippy::cast_possible_truncation, reason = "the length of a buffer in memory")]
    pub(crate) fn len(&self) -> usize {
        (self.tail - self.head) as usize
    }

    /// How many it holds, waiting and past, before it grows.
    pub(crate) fn capacity(&self) -> usize {
        self.buffer.len()
    }

    /// What waits, oldest first.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &Envelope<M>> {
        (self.head..self.tail).filter_map(|p| self.buffer[self.slot(p)].as_ref())
    }

    /// What was delivered and is still remembered, oldest first, with its number.
    pub(crate) fn past(&self) -> impl Iterator<Item = (u64, &Envelope<M>)> {
        let first = self.tail.saturating_sub(self.buffer.len() as u64).max(self.forgotten);
        (first..self.head).filter_map(|p| Some((p, self.buffer[self.slot(p)].as_ref()?)))
    }
}
