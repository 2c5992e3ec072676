//! The signal queue of a world. Delivered signals stay in the buffer until newer ones overwrite
//! them: they are the flight recorder, at no cost.

use std::mem::needs_drop;
use std::ptr::NonNull;

use crate::discard::{discard, discard_all};
use crate::signal::{Envelope, Signal};

/// A first-in, first-out queue that remembers delivered signals. It grows by doubling.
///
/// Positions count up for ever; position `p` lies at `p & mask`:
///
/// ```text
///   forgotten ..  past  .. head ..  waiting  .. tail ..  free
/// ```
///
/// - `head <= tail`, and `tail - head <= mask`: one place stays free, that of the last delivery,
///   which may still be read while its handler sends
/// - a push compares the tail with `limit` alone, which was `head + mask` when it was last set; the
///   head only advances since
/// - between `head` and `tail` every place is `Some`
/// - the past begins one buffer length before `tail`, or at `forgotten` if that is later
/// - [`Ring::push`] never moves or frees a signal that is lent: a full buffer is copied to a larger
///   one and kept in `outgrown` until the ring is empty
#[derive(Debug)]
pub(crate) struct Ring<M> {
    buffer: Vec<Option<Envelope<M>>>,
    /// The buffer's length, a power of two, less one.
    mask: u64,
    /// Position of the next delivery.
    head: u64,
    /// Position after the last one sent.
    tail: u64,
    /// The tail may advance to here before the push compares it with the head again.
    limit: u64,
    /// Signals before this position are lost to the recorder: signals that were taken back
    /// overwrote them.
    forgotten: u64,
    /// Buffers outgrown since the ring was last empty. A handler may still read a signal in one of
    /// them.
    outgrown: Vec<Vec<Option<Envelope<M>>>>,
    /// Messages whose destructor panicked.
    failed_drops: u64,
}

/// A signal that is handled in place in the ring, which accepts further signals meanwhile.
///
/// It is a pointer and not a reference because it is passed to functions. A reference parameter
/// must stay valid until its function returns, even if unused; but the delivery loop takes the next
/// signal, by which the ring may free or overwrite this one.
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
    /// Until the last use of the reference, the caller neither drops the ring nor moves out of it,
    /// and calls nothing on it but [`Ring::push`], [`Ring::tail`] and [`Ring::take_back`]. This
    /// includes functions that take the reference as a parameter, to their very end.
    #[inline(always)]
    #[allow(unsafe_code)]
    pub(crate) unsafe fn get<'a>(self) -> &'a Envelope<M> {
        // SAFETY: the pointer comes from a reference into the ring's buffer. `push` writes to other
        // places, through a pointer, and keeps an outgrown buffer; the other two touch no buffer.
        // The rest is the caller's promise.
        unsafe { self.0.as_ref() }
    }
}

/// Copies the waiting signals without the past, into the smallest buffer that holds them.
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

    /// As [`Ring::push`], while no signal is lent: the buffer grows in place, which touches each
    /// page of memory once. For an edge that spawns millions.
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
        // SAFETY: `slot` is masked to be below the length. It writes through a pointer and not a
        // slice, since `next_to_handle` may have lent another place of the same buffer, and a slice
        // would claim them all. What lay here was delivered or taken back before and is not lent:
        // one place stays free (`is_full`).
        #[allow(unsafe_code)]
        let old = unsafe { self.buffer.as_mut_ptr().add(slot).replace(Some(envelope)) };
        self.tail = self.tail.wrapping_add(1); // 64 bits never wrap
        if needs_drop::<M>()
            && let Some(Envelope { signal: Signal::Message(message), .. }) = old
        {
            self.let_go(message);
        }
    }

    /// Drops a message that leaves the past.
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

    /// One place stays free: that of the last delivery, which may be read during a push.
    fn is_full(&self) -> bool {
        self.tail - self.head >= self.mask
    }

    #[allow(clippy::cast_possible_truncation, reason = "masked by the capacity")]
    fn grow(&mut self) {
        let old = &self.buffer; // unchanged until all is copied, in case a message's `clone` panics
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
                self.buffer.swap(from, to); // the upper half, still empty
            }
        }
    }

    /// Delivers the next signal, which stays in place as the newest of the past.
    pub(crate) fn next(&mut self) -> Option<&Envelope<M>> {
        if self.head == self.tail {
            return None;
        }
        self.free_outgrown();
        let slot = self.slot(self.head);
        self.head += 1;
        self.buffer[slot].as_ref()
    }

    /// As [`Ring::next`], without borrowing the ring: the handler reads the signal in place and
    /// sends meanwhile. (Copying it out would cause a store-forwarding stall: some 5 ns a delivery,
    /// measured by `bench kernel`.)
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
        // SAFETY: `slot` is masked to be below the length. It reads through a pointer, as in `put`:
        // the previous delivery may still be lent, though its handler no longer reads it.
        #[allow(unsafe_code)]
        let envelope = unsafe { (*self.buffer.as_ptr().add(slot)).as_ref() };
        envelope.map(|envelope| Lent(NonNull::from(envelope)))
    }

    /// Frees the outgrown buffers. No signal is lent when this is called.
    #[cold]
    fn free_outgrown(&mut self) {
        let outgrown = std::mem::take(&mut self.outgrown);
        self.failed_drops += discard_all(outgrown.into_iter().flatten());
    }

    /// Drops all signals, at the end of the world.
    pub(crate) fn free(&mut self) {
        self.free_outgrown();
        self.failed_drops += discard_all(std::mem::take(&mut self.buffer));
        (self.head, self.tail, self.limit) = (0, 0, 0);
    }

    /// Messages whose destructor panicked, so far.
    pub(crate) fn failed_drops(&self) -> u64 {
        self.failed_drops
    }

    /// Makes the last delivery wait again. Nothing may have been sent since.
    #[inline(always)]
    pub(crate) fn put_back(&mut self) {
        self.head = self.head.wrapping_sub(1); // there was one
    }

    /// Delivers the signal that waits at `offset` from the head, keeping the order of the others.
    /// O(offset).
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

    /// Removes the waiting signals for which `keep` is false. O(waiting).
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

    /// Takes back every signal sent since the tail was at `tail`.
    pub(crate) fn take_back(&mut self, tail: u64) {
        let oldest = self.tail.saturating_sub(self.buffer.len() as u64);
        self.forgotten = self.forgotten.max(oldest);
        self.tail = tail;
    }

    #[allow(clippy::cast_possible_truncation, reason = "the length of a buffer in memory")]
    pub(crate) fn len(&self) -> usize {
        (self.tail - self.head) as usize
    }

    /// Places of the buffer, for waiting and past signals.
    pub(crate) fn capacity(&self) -> usize {
        self.buffer.len()
    }

    /// The waiting signals, oldest first.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &Envelope<M>> {
        (self.head..self.tail).filter_map(|p| self.buffer[self.slot(p)].as_ref())
    }

    /// The delivered signals that are still in the buffer, oldest first, each with its position.
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

    /// Messages that own memory, so that Miri and a plain run both notice one that was dropped too
    /// early.
    #[test]
    #[allow(unsafe_code)]
    fn a_lent_signal_stays_valid_while_the_ring_grows() {
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
