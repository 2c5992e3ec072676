//! The one queue of a world. Its past is the flight recorder: what was delivered stays in the
//! buffer until newer messages need the room, so remembering costs nothing.

use std::mem::needs_drop;
use std::ptr::NonNull;

use crate::discard::{discard, discard_all};
use crate::signal::{Envelope, Signal};

/// First in, first out, with a past. Grows by doubling; positions count up for ever.
#[derive(Debug)]
pub(crate) struct Ring<M> {
    buffer: Vec<Option<Envelope<M>>>,
    /// Its length, a power of two, less one.
    mask: u64,
    /// Position of the next to be delivered.
    head: u64,
    /// Position after the last one sent.
    tail: u64,
    /// The tail may come this far without a look at the head; further, if something was delivered since.
    limit: u64,
    /// Everything before this position is forgotten: what was taken back has lain over it.
    forgotten: u64,
    /// Buffers that were outgrown since the ring was last found empty: who handles a delivery may still read there.
    outgrown: Vec<Vec<Option<Envelope<M>>>>,
    /// Messages whose destructor panicked.
    failed_drops: u64,
}

/// Where a signal lies while it is handled: in a ring, which may take further ones meanwhile.
///
/// A pointer and not a reference, since this is passed to functions. A reference that is a function's parameter must
/// stay good until that function returns, whether it is used again or not; but a function that handles one signal and
/// then takes the next may have the ring free or move the first.
pub(crate) struct Lent<M>(NonNull<Envelope<M>>);

impl<M> Clone for Lent<M> {
    fn clone(&self) -> Lent<M> {
        *self
    }
}

impl<M> Copy for Lent<M> {}

impl<M> Lent<M> {
    /// The signal.
    ///
    /// # Safety
    ///
    /// Until the last use of the reference its ring is not dropped or moved out of, and nothing is called on it but
    /// [`Ring::push`], [`Ring::tail`] and [`Ring::take_back`]; not even by a function of which the reference is a
    /// parameter, after its last use there.
    #[inline(always)]
    #[allow(unsafe_code)]
    pub(crate) unsafe fn get<'a>(self) -> &'a Envelope<M> {
        // SAFETY: it was made of a reference into the ring's buffer. `push` writes to other places, by a pointer, and
        // keeps the buffer if it takes a larger one; the other two touch no buffer. The rest is the caller's promise.
        unsafe { self.0.as_ref() }
    }
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
        Ring {
            buffer: vec![const { None }; capacity],
            mask: capacity as u64 - 1,
            head: 0,
            tail: 0,
            limit: 0,
            forgotten: 0,
            outgrown: Vec::new(),
            failed_drops: 0,
        }
    }

    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "masked by the capacity")]
    fn slot(&self, position: u64) -> usize {
        (position & self.mask) as usize
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, envelope: Envelope<M>) {
        if self.tail >= self.limit {
            self.make_room();
        }
        self.put(envelope);
    }

    /// The same, while nothing is being handled: so whoever spawns very many from outside has the buffer grow
    /// where it is, which touches each page of memory once.
    #[inline(always)]
    pub(crate) fn push_from_outside(&mut self, envelope: Envelope<M>) {
        if self.tail >= self.limit {
            self.make_room_in_place();
        }
        self.put(envelope);
    }

    #[inline(always)]
    fn put(&mut self, envelope: Envelope<M>) {
        let slot = self.slot(self.tail);
        // SAFETY: `slot` is masked to be below the length. Written through a pointer and not a slice, since
        // `next_to_handle` may have lent another place of the same buffer: a slice would claim them all.
        // What lay here was delivered or taken back long ago and is lent to nobody, since a full ring grows.
        #[allow(unsafe_code)]
        let old = unsafe { self.buffer.as_mut_ptr().add(slot).replace(Some(envelope)) };
        self.tail = self.tail.wrapping_add(1); // of 64 bits; never comes round
        if needs_drop::<M>()
            && let Some(Envelope { signal: Signal::Message(message), .. }) = old
        {
            self.let_go(message);
        }
    }

    /// Drops a message that nobody will read again.
    #[inline(never)]
    fn let_go(&mut self, message: M) {
        self.failed_drops += u64::from(discard(message).is_err());
    }

    #[cold]
    fn make_room(&mut self) {
        if self.is_full() {
            self.grow();
        }
        self.limit = self.head + self.mask;
    }

    #[cold]
    fn make_room_in_place(&mut self) {
        if self.is_full() {
            self.grow_in_place();
        }
        self.make_room();
    }

    /// One place stays free: that of the last delivery, which may be read while this is sent.
    fn is_full(&self) -> bool {
        self.tail - self.head >= self.mask
    }

    #[allow(clippy::cast_possible_truncation, reason = "masked by the capacity")]
    fn grow(&mut self) {
        let old = &self.buffer; // as it is until all is copied, should a message not let itself be copied
        let mut buffer = vec![const { None }; old.len() * 2];
        let mask = buffer.len() - 1;
        let start = self.tail.saturating_sub(old.len() as u64);
        for position in start..self.tail {
            let position = position as usize;
            buffer[position & mask] = old[position & (old.len() - 1)].clone();
        }
        self.mask = mask as u64;
        let old = std::mem::replace(&mut self.buffer, buffer);
        self.outgrown.push(old);
    }

    #[allow(clippy::cast_possible_truncation, reason = "masked by the capacity")]
    fn grow_in_place(&mut self) {
        let old = self.buffer.len();
        self.buffer.resize_with(old * 2, || None);
        self.mask = self.buffer.len() as u64 - 1;
        for position in self.tail.saturating_sub(old as u64)..self.tail {
            let (from, to) = (position as usize & (old - 1), self.slot(position));
            if from != to {
                self.buffer.swap(from, to); // where nobody is yet
            }
        }
    }

    /// The next one, which thereby counts as delivered. It stays where it is, as the past.
    pub(crate) fn next(&mut self) -> Option<&Envelope<M>> {
        if self.head == self.tail {
            return None;
        }
        self.free_outgrown();
        let slot = self.slot(self.head);
        self.head += 1;
        self.buffer[slot].as_ref()
    }

    /// As [`Ring::next`], but not tied to the ring: messages can be sent while this one is handled, so
    /// that it need not be copied. (Copying what was just written, in pieces of other sizes, waits for the
    /// writing: some 5 ns a delivery, measured by `bench kernel`.)
    #[inline(always)]
    pub(crate) fn next_to_handle(&mut self) -> Option<Lent<M>> {
        if self.head == self.tail {
            if !self.outgrown.is_empty() {
                self.free_outgrown();
            }
            return None;
        }
        let slot = self.slot(self.head);
        self.head = self.head.wrapping_add(1);
        // SAFETY: `slot` is masked to be below the length. By a pointer, as in `put`: the place of the delivery
        // before this one may still be lent, though it is not looked at any more.
        #[allow(unsafe_code)]
        let envelope = unsafe { (*self.buffer.as_ptr().add(slot)).as_ref() };
        envelope.map(|envelope| Lent(NonNull::from(envelope)))
    }

    /// Frees the buffers that were outgrown; nothing in them is lent any more.
    #[cold]
    fn free_outgrown(&mut self) {
        let outgrown = std::mem::take(&mut self.outgrown);
        self.failed_drops += discard_all(outgrown.into_iter().flatten());
    }

    /// Frees all that it holds, at the end of its world.
    pub(crate) fn free(&mut self) {
        self.free_outgrown();
        self.failed_drops += discard_all(std::mem::take(&mut self.buffer));
        (self.head, self.tail, self.limit) = (0, 0, 0);
    }

    /// Messages whose destructor panicked, so far.
    pub(crate) fn failed_drops(&self) -> u64 {
        self.failed_drops
    }

    /// The one that was delivered last waits again. Nothing was sent since.
    #[inline(always)]
    pub(crate) fn put_back(&mut self) {
        self.head = self.head.wrapping_sub(1); // there was one
    }

    /// Takes the waiting one at `offset` from the head, keeping the order of the others.
    pub(crate) fn take(&mut self, offset: usize) -> Option<Envelope<M>> {
        if offset >= self.len() {
            return None;
        }
        let mut position = self.head + offset as u64;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pid;

    fn envelope(number: u64) -> Envelope<Box<u64>> {
        let signal = Signal::Message(Box::new(number));
        Envelope { to: Pid::OUTSIDE, from: Pid::OUTSIDE, signal }
    }

    #[test]
    fn a_ring_that_grows_before_its_first_delivery_keeps_what_waits() {
        let mut ring = Ring::new(4);
        (0..9).for_each(|number| ring.push(envelope(number)));
        assert!(ring.waiting().cloned().eq((0..9).map(envelope)));
    }

    #[test]
    fn growing_in_place_is_growing() {
        for delivered in 0..9 {
            let (mut ring, mut other) = (Ring::new(4), Ring::new(4));
            for number in 0..40 {
                ring.push_from_outside(envelope(number));
                other.push(envelope(number));
                if number < delivered {
                    assert_eq!(ring.next(), other.next());
                }
                assert!(ring.waiting().eq(other.waiting()));
                assert!(ring.past().eq(other.past()), "{delivered} delivered, {number} sent");
            }
        }
    }

    /// Messages that own memory, so that Miri and a plain run both notice one that was dropped too early.
    #[test]
    #[allow(unsafe_code)]
    fn what_is_being_handled_stays_while_more_is_sent_than_there_is_room_for() {
        let mut ring = Ring::new(4);
        let mut sent = 0;
        for expected in 0..200 {
            if sent == expected {
                ring.push(envelope(sent));
                sent += 1;
            }
            let lent = ring.next_to_handle().expect("one waits");
            // SAFETY: used before the next call of anything but `push`.
            let handled = unsafe { lent.get() };
            for _ in 0..expected % 7 {
                ring.push(envelope(sent));
                sent += 1;
            }
            assert_eq!(*handled, envelope(expected));
        }
        assert!(ring.capacity() > 4, "it has grown on the way");
        let waiting: Vec<_> = ring.waiting().cloned().collect();
        assert_eq!(waiting, (200..sent).map(envelope).collect::<Vec<_>>());
    }
}
