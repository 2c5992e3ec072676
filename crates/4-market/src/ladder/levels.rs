//! The price levels of one side: each that is not empty, found by its rank; the best is at hand.
//!
//! Ranks near each other share a page, which holds the queue numbers of 32 ranks. A rank that is alone in its page
//! needs no page: the tree entry is its queue's number. So a level costs 32 bytes and its share of the tree, and up
//! to 144 bytes more if others are near. Where all prices lie far apart, that is the cost of each order.

use std::collections::BTreeMap;

use units::Lots;

use super::NONE;

const LEVELS: i64 = 32;
const LEVELS_OF_A_PAGE: usize = 32;
/// Least and greatest length of the cache of recent pages.
const LEAST_RECENT: usize = 8;
const MOST_RECENT: usize = 64;
/// Set on an entry of the tree that is a queue's number and not a page's.
const ALONE: u32 = 1 << 31;
/// The number of no page, and the rank of no level: prices stay far from both.
const NOWHERE: i64 = i64::MAX;
/// The rank of an empty side's best level: every other rank is better.
const NO_LEVEL: (i64, u32) = (NOWHERE, NONE);

/// The orders at one level, by the slots of the first and the last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queue {
    pub(super) rank: i64,
    /// The slot of the first order; in a free queue, the number of the next free one.
    pub(super) head: u32,
    pub(super) tail: u32,
    pub(super) quantity: Lots,
    /// The page of this level; `NONE` of one that is alone.
    page: u32,
}

#[derive(Clone, Debug)]
struct Page {
    /// A bit for each level that is not empty.
    taken: u32,
    /// The queues of these.
    queues: [u32; LEVELS_OF_A_PAGE],
}

/// The levels of one side that are not empty.
///
/// - each has a queue, and its number stays the same until the level is empty
/// - `index` has an entry for each page's number that has a level, and for no other
/// - a page of `recent` is one of `index`
/// - `best` is the level of the least rank
#[derive(Clone, Debug)]
pub(super) struct Levels {
    /// By the rank of the first level, divided by `LEVELS`: a page, or one queue alone.
    index: BTreeMap<i64, u32>,
    pages: Vec<Page>,
    free_pages: Vec<u32>,
    queues: Vec<Queue>,
    /// The first of the free queues.
    free: u32,
    /// Rank and queue.
    best: (i64, u32),
    /// A cache of pages by the low bits of their number. Its length is a power of two.
    recent: Vec<(i64, u32)>,
}

#[inline(always)]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 31")]
fn split(rank: i64) -> (i64, usize) {
    (rank.div_euclid(LEVELS), rank.rem_euclid(LEVELS) as usize)
}

impl Levels {
    pub(super) fn new() -> Levels {
        Levels {
            index: BTreeMap::new(),
            pages: Vec::new(),
            free_pages: Vec::new(),
            queues: Vec::new(),
            free: NONE,
            best: NO_LEVEL,
            recent: vec![(NOWHERE, NONE); LEAST_RECENT],
        }
    }

    /// The rank of the best level and its queue's number.
    #[inline(always)]
    pub(super) fn best(&self) -> Option<(i64, u32)> {
        (self.best.1 != NONE).then_some(self.best)
    }

    /// The first in the queue of the best level, if it ranks as far as `limit` or better.
    #[inline(always)]
    pub(super) fn first_within(&self, limit: i64) -> Option<u32> {
        let (rank, queue) = self.best;
        let queue = self.queues.get(queue as usize)?;
        (rank <= limit).then_some(queue.head)
    }

    #[inline(always)]
    pub(super) fn queue(&self, number: u32) -> &Queue {
        &self.queues[number as usize]
    }

    #[inline(always)]
    pub(super) fn queue_mut(&mut self, number: u32) -> &mut Queue {
        &mut self.queues[number as usize]
    }

    /// The queue of a level, if it is not empty. O(log pages).
    pub(super) fn find(&self, rank: i64) -> Option<&Queue> {
        let (number, level) = split(rank);
        self.queues_of(*self.index.get(&number)?, 1 << level).next().filter(|q| q.rank == rank)
    }

    /// All levels that are not empty, best first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Queue> {
        self.index.values().flat_map(|entry| self.queues_of(*entry, u32::MAX))
    }

    /// The queues of an entry, of those levels that have their bit set.
    fn queues_of(&self, entry: u32, levels: u32) -> impl Iterator<Item = &Queue> {
        let page = self.pages.get(entry as usize);
        let alone = page.is_none().then_some(entry & !ALONE);
        let mut bits = page.map_or(0, |page| page.taken & levels);
        let of_page = std::iter::from_fn(move || {
            let level = bits.trailing_zeros() as usize;
            bits &= bits.checked_sub(1)?;
            page.map(|page| page.queues[level])
        });
        alone.into_iter().chain(of_page).map(|queue| self.queue(queue))
    }

    /// The entry of the cache of recent pages that a page's number maps to.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "its last bits")]
    fn near(&self, number: i64) -> usize {
        number as usize & (self.recent.len() - 1)
    }

    /// The page with this number, if it is in the cache.
    #[inline(always)]
    fn recent(&self, number: i64) -> Option<u32> {
        let recent = self.recent.get(self.near(number));
        recent.and_then(|&(other, page)| (other == number).then_some(page))
    }

    /// The number of a level's queue. If the level is empty it gets a queue, and is the best if it ranks so.
    #[inline(always)]
    pub(super) fn take(&mut self, rank: i64) -> u32 {
        let (number, level) = split(rank);
        if let Some(page) = self.recent(number) {
            match self.pages[page as usize].queues[level] {
                NONE => self.fill(page, rank),
                queue => queue,
            }
        } else {
            self.take_slowly(rank)
        }
    }

    #[inline(never)]
    fn take_slowly(&mut self, rank: i64) -> u32 {
        let (number, level) = split(rank);
        let Some(&entry) = self.index.get(&number) else {
            let queue = self.new_queue(rank, NONE);
            self.index.insert(number, queue | ALONE);
            return queue;
        };
        if entry & ALONE != 0 {
            let alone = entry & !ALONE;
            let is_it = self.queue(alone).rank == rank;
            return if is_it { alone } else { self.share(number, alone, rank) };
        }
        self.note(number, entry);
        match self.pages[entry as usize].queues[level] {
            NONE => self.fill(entry, rank),
            queue => queue,
        }
    }

    /// A second level comes to one that was alone: they get a page.
    fn share(&mut self, number: i64, alone: u32, rank: i64) -> u32 {
        let (_, level) = split(self.queue(alone).rank);
        let mut new = Page { taken: 1 << level, queues: [NONE; LEVELS_OF_A_PAGE] };
        new.queues[level] = alone;
        let page = match self.free_pages.pop() {
            Some(page) => {
                self.pages[page as usize] = new;
                page
            }
            None => {
                self.pages.push(new);
                u32::try_from(self.pages.len() - 1).expect("fewer pages than orders")
            }
        };
        self.queue_mut(alone).page = page;
        if let Some(entry) = self.index.get_mut(&number) {
            *entry = page;
        }
        self.note(number, page);
        self.fill(page, rank)
    }

    /// Remembers that a page was used.
    fn note(&mut self, number: i64, page: u32) {
        let most = self.recent.len();
        if self.pages.len() - self.free_pages.len() > most / 2 && most < MOST_RECENT {
            self.recent = vec![(NOWHERE, NONE); most * 2];
        }
        let near = self.near(number);
        self.recent[near] = (number, page);
    }

    /// A level of a page that is empty gets a queue.
    #[inline(always)]
    fn fill(&mut self, page: u32, rank: i64) -> u32 {
        let (_, level) = split(rank);
        let queue = self.new_queue(rank, page);
        let page = &mut self.pages[page as usize];
        page.taken |= 1 << level;
        page.queues[level] = queue;
        queue
    }

    #[inline(always)]
    fn new_queue(&mut self, rank: i64, page: u32) -> u32 {
        let new = Queue { rank, head: NONE, tail: NONE, quantity: Lots::ZERO, page };
        let number = match self.queues.get_mut(self.free as usize) {
            Some(free) => {
                let next = std::mem::replace(free, new).head;
                std::mem::replace(&mut self.free, next)
            }
            None => self.one_more_queue(new),
        };
        if rank < self.best.0 {
            self.best = (rank, number);
        }
        number
    }

    #[cold]
    fn one_more_queue(&mut self, new: Queue) -> u32 {
        self.queues.push(new);
        u32::try_from(self.queues.len() - 1).expect("fewer levels than orders")
    }

    /// Frees the queue of a level that has become empty; if it was the best, the next is.
    #[inline(always)]
    pub(super) fn free(&mut self, queue: u32) {
        let free = std::mem::replace(&mut self.free, queue);
        let emptied = self.queue_mut(queue);
        emptied.head = free;
        let (number, level) = split(emptied.rank);
        let page = emptied.page;
        if let Some(page) = self.pages.get_mut(page as usize) {
            page.taken &= !(1 << level);
            page.queues[level] = NONE;
            if let Some(&next) = page.queues.get(page.taken.trailing_zeros() as usize) {
                if self.best.1 == queue {
                    self.best = (self.queue(next).rank, next);
                }
                return;
            }
        }
        self.drop_entry(number, queue);
    }

    /// The number of the best queue of an entry.
    fn first_of(&self, entry: u32) -> u32 {
        match self.pages.get(entry as usize) {
            Some(page) => page.queues[page.taken.trailing_zeros() as usize],
            None => entry & !ALONE,
        }
    }

    /// The last level of an entry has become empty.
    #[inline(never)]
    fn drop_entry(&mut self, number: i64, last: u32) {
        let entry = self.index.remove(&number).unwrap_or(ALONE);
        if entry & ALONE == 0 {
            self.free_pages.push(entry);
            let near = self.near(number);
            if self.recent[near].0 == number {
                self.recent[near] = (NOWHERE, NONE);
            }
        }
        if self.best.1 == last {
            let first = self.index.first_key_value().map(|(_, entry)| self.first_of(*entry));
            self.best = first.map_or(NO_LEVEL, |first| (self.queue(first).rank, first));
        }
    }
}
