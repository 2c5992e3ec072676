//! The output queue: one engine writes, one thread on another core reads; published in batches.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use crate::report::{Report, Sink, Tally};

/// Capacity in reports: half a megabyte, which stays in a core's own cache.
const CAPACITY: usize = 1 << 13;
/// Reports per publication.
const BATCH: usize = 128;

/// An index on its own cache line, so that the two sides do not contend for one.
#[repr(align(128))]
struct Index(AtomicUsize);

struct Ring {
    slots: Box<[UnsafeCell<MaybeUninit<Report>>]>,
    /// Reports written and published, ever.
    written: Index,
    /// Reports read, ever.
    read: Index,
    closed: AtomicBool,
}

// SAFETY: a slot is written only by the one `Queue`, while its index is in `written..read +
// CAPACITY`, and read only by the one reader's thread, while its index is in `read..written`. The
// two ranges never overlap, and each side learns the other's index by an acquiring load of a
// releasing store.
unsafe impl Sync for Ring {}

/// The writing end.
pub struct Queue {
    ring: Arc<Ring>,
    /// Next index to write.
    next: usize,
    /// Up to here has been published.
    published: usize,
    /// The other side's index when last looked at.
    read: usize,
    reader: JoinHandle<Tally>,
}

impl Queue {
    /// A queue with a thread that reads it into a [`Tally`].
    pub fn start() -> Queue {
        let slots = (0..CAPACITY).map(|_| UnsafeCell::new(MaybeUninit::uninit())).collect();
        let ring = Arc::new(Ring {
            slots,
            written: Index(AtomicUsize::new(0)),
            read: Index(AtomicUsize::new(0)),
            closed: AtomicBool::new(false),
        });
        let theirs = Arc::clone(&ring);
        #[allow(clippy::disallowed_methods, reason = "the other core, to which reports go")]
        let reader = std::thread::Builder::new()
            .name("reports".to_owned())
            .spawn(move || read(&theirs))
            .expect("the system can start one more thread");
        Queue { ring, next: 0, published: 0, read: 0, reader }
    }

    /// Publishes what is left and waits until all has been read.
    pub fn drain(&mut self) {
        self.publish();
        let mut patience = Patience::default();
        while self.ring.read.0.load(Ordering::Acquire) != self.next {
            patience.wait();
        }
    }

    /// Ends the reader and returns what it counted.
    pub fn finish(mut self) -> Tally {
        self.drain();
        self.ring.closed.store(true, Ordering::Release);
        self.reader.join().expect("the reader only counts")
    }

    #[inline]
    fn publish(&mut self) {
        self.ring.written.0.store(self.next, Ordering::Release);
        self.published = self.next;
    }

    #[cold]
    fn wait_for_room(&mut self) {
        self.publish();
        let mut patience = Patience::default();
        loop {
            self.read = self.ring.read.0.load(Ordering::Acquire);
            if self.next - self.read < CAPACITY {
                return;
            }
            patience.wait();
        }
    }
}

/// Spins for some microseconds, then yields: on a busy machine the other thread may need this
/// core.
#[derive(Default)]
struct Patience(u32);

impl Patience {
    #[inline]
    fn wait(&mut self) {
        self.0 += 1;
        if self.0.is_multiple_of(1 << 12) {
            std::thread::yield_now();
        } else {
            std::hint::spin_loop();
        }
    }
}

impl Sink for Queue {
    #[inline]
    fn report(&mut self, report: Report) {
        if self.next - self.read == CAPACITY {
            self.wait_for_room();
        }
        let slot = self.ring.slots[self.next % CAPACITY].get();
        // SAFETY: `next` is below `read + CAPACITY` and not published: the slot is ours.
        unsafe { (*slot).write(report) };
        self.next += 1;
        if self.next - self.published == BATCH {
            self.publish();
        }
    }
}

fn read(ring: &Ring) -> Tally {
    let mut tally = Tally::default();
    let mut next = 0;
    let mut patience = Patience::default();
    loop {
        let written = ring.written.0.load(Ordering::Acquire);
        if written == next {
            if ring.closed.load(Ordering::Acquire) {
                return tally;
            }
            patience.wait();
            continue;
        }
        for index in next..written {
            // SAFETY: `index` is published and not yet given back: the slot is ours and written.
            let report = unsafe { (*ring.slots[index % CAPACITY].get()).assume_init() };
            tally.report(report);
        }
        next = written;
        ring.read.0.store(next, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Kind;

    #[test]
    fn all_reports_arrive_in_order() {
        let mut queue = Queue::start();
        let mut direct = Tally::default();
        for command in 0..100_003 {
            let report = Report::trade(command, command + 1, command / 2, -5, command % 100);
            queue.report(report);
            direct.report(report);
        }
        let through = queue.finish();
        assert_eq!(through, direct);
        assert_eq!(through.count(Kind::Traded), 100_003);
    }
}
