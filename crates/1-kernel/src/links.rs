//! Monitors and links. Each monitor, and each direction of a link, is one record in two lists: the
//! watcher's and the watched process's.
//!
//! ```text
//!   set by the watcher          the watched ends           the signal is delivered
//!   in both lists        ──▶    fired: in the watcher's  ──▶   free
//!                               list alone; a signal is
//!                               on its way
//! ```
//!
//! The watcher can remove a record at any time. The signal of a fired record then finds another
//! serial, or none, and has no effect.

use crate::{Pid, Reason};

/// Names a monitor or link. `serial` is unique, so a late signal is never taken for that of a later
/// record at the same index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct MonitorRef {
    pub(crate) index: u32,
    pub(crate) serial: u32,
}

impl MonitorRef {
    /// A reference that a test makes up for a played peer.
    pub fn made_up(serial: u32) -> MonitorRef {
        MonitorRef { index: u32::MAX, serial }
    }
}

/// The end of a list.
pub(crate) const NONE: u32 = u32::MAX;

/// The kind of a record and whether it has fired, a bit each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Kind(u8);

impl Kind {
    /// Reserved, or free.
    const NONE: Kind = Kind(0);
    pub(crate) const MONITOR: Kind = Kind(1);
    pub(crate) const LINK: Kind = Kind(2);
    /// The monitor of a called process: it ends together with the call's alias.
    pub(crate) const CALL: Kind = Kind(1 | 4);
    /// The watched process has ended and the signal is on its way. The watcher may still remove the
    /// record.
    const FIRED: Kind = Kind(8);

    #[inline(always)]
    fn any(self, of: Kind) -> bool {
        self.0 & of.0 != 0
    }

    /// False if a reference names no record.
    pub(crate) fn is_attached(self) -> bool {
        self != Kind::NONE
    }

    /// True for a monitor, fired or not.
    pub(crate) fn is_monitor(self) -> bool {
        self.any(Kind::MONITOR)
    }

    /// True for a direction of a link, fired or not.
    #[inline(always)]
    pub(crate) fn is_link(self) -> bool {
        self.any(Kind::LINK)
    }

    /// True for the monitor of a call, fired or not.
    pub(crate) fn is_call(self) -> bool {
        self.any(Kind(Kind::CALL.0 - Kind::MONITOR.0))
    }

    /// True if the signal is on its way.
    pub(crate) fn is_fired(self) -> bool {
        self.any(Kind::FIRED)
    }

    /// True if it is set and has not fired.
    pub(crate) fn waits(self) -> bool {
        self.is_attached() && !self.is_fired()
    }

    /// The same kind, fired.
    #[inline(always)]
    fn fired(self) -> Kind {
        Kind(self.0 | Kind::FIRED.0)
    }
}

/// A record's neighbours in one of its lists: `next` is older, `previous` younger.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Hook {
    next: u32,
    previous: u32,
}

/// A record.
#[derive(Clone, Debug)]
struct Link {
    watcher: Pid,
    watched: Pid,
    serial: u32,
    kind: Kind,
    at_watcher: Hook,
    at_watched: Hook,
}

impl Link {
    /// Frees the record and puts it first in the free list.
    #[inline(always)]
    fn release(&mut self, index: u32, free: &mut u32) {
        self.kind = Kind::NONE;
        self.at_watcher.next = std::mem::replace(free, index);
    }
}

/// The heads (newest records) of a process's two lists, in its slot.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Heads {
    /// Records in which the process is the watcher.
    pub(crate) watching: u32,
    /// Records in which it is watched, and that have not fired.
    pub(crate) watched: u32,
}

impl Heads {
    pub(crate) const EMPTY: Heads = Heads { watching: NONE, watched: NONE };
}

/// All monitors and links of a world.
///
/// - a set record is in its watcher's list; it is also in the list of the watched process if that
///   is in this world and the record has not fired
/// - a link is two records, one in each direction, unless one end has ended or is in another world
/// - both lists are doubly linked, newest first; watchers are notified from the other end, oldest
///   first
/// - a free record has the kind `NONE`, and its `at_watcher.next` is the next free one
/// - a serial is given once, so `index` and `serial` together name one record for ever (until 2^32
///   are given)
#[derive(Clone, Debug)]
pub(crate) struct Links {
    links: Vec<Link>,
    /// The first free record; see the invariants.
    free: u32,
    serial: u32,
}

impl Default for Links {
    fn default() -> Links {
        Links { links: Vec::new(), free: NONE, serial: 0 }
    }
}

impl Links {
    /// Reserves a record and returns its reference. The step that reserves it sets it or releases
    /// it.
    #[inline(always)]
    pub(crate) fn reserve(&mut self) -> MonitorRef {
        self.serial = self.serial.wrapping_add(1);
        let serial = self.serial;
        // Setting the record writes its ends and hooks; until then they are not read.
        let index = self.free;
        let Some(link) = self.links.get_mut(index as usize) else { return self.make_room() };
        self.free = link.at_watcher.next;
        link.serial = serial;
        MonitorRef { index, serial }
    }

    /// Adds a record.
    #[cold]
    fn make_room(&mut self) -> MonitorRef {
        let hook = Hook { next: NONE, previous: NONE };
        let serial = self.serial;
        self.links.push(Link {
            watcher: Pid::OUTSIDE,
            watched: Pid::OUTSIDE,
            serial,
            kind: Kind::NONE,
            at_watcher: hook,
            at_watched: hook,
        });
        let index =
            u32::try_from(self.links.len() - 1).expect("fewer than 2^32 monitors and links");
        MonitorRef { index, serial }
    }

    /// Frees a record that is in no list.
    #[inline(always)]
    pub(crate) fn release(&mut self, reference: MonitorRef) {
        self.links[reference.index as usize].release(reference.index, &mut self.free);
    }

    /// Frees a fired record when its signal is delivered. False if the reference names no fired
    /// record of this kind: the watcher has removed it.
    #[inline(always)]
    pub(crate) fn use_up(&mut self, reference: MonitorRef, kind: Kind, head: &mut u32) -> bool {
        let Some(link) = self.links.get_mut(reference.index as usize) else { return false };
        if link.serial != reference.serial || link.kind != kind.fired() {
            return false;
        }
        let hook = link.at_watcher;
        link.release(reference.index, &mut self.free);
        self.unhook(hook, head);
        true
    }

    /// The kind of the record that a reference names, or `NONE`.
    #[inline(always)]
    pub(crate) fn kind(&self, reference: MonitorRef) -> Kind {
        match self.links.get(reference.index as usize) {
            Some(link) if link.serial == reference.serial => link.kind,
            _ => Kind::NONE,
        }
    }

    /// Watcher and watched process of a record.
    #[inline(always)]
    pub(crate) fn ends(&self, reference: MonitorRef) -> (Pid, Pid) {
        let link = &self.links[reference.index as usize];
        (link.watcher, link.watched)
    }

    #[inline(always)]
    pub(crate) fn set(&mut self, reference: MonitorRef, kind: Kind, watcher: Pid, watched: Pid) {
        let link = &mut self.links[reference.index as usize];
        link.kind = kind;
        link.watcher = watcher;
        link.watched = watched;
    }

    /// Sets a record whose watched process is in this world and alive. `older` are the former heads
    /// of both lists; the caller has made this record the head of both.
    #[inline(always)]
    pub(crate) fn attach(
        &mut self,
        reference: MonitorRef,
        kind: Kind,
        (watcher, watched): (Pid, Pid),
        older: Heads,
    ) {
        let link = &mut self.links[reference.index as usize];
        (link.kind, link.watcher, link.watched) = (kind, watcher, watched);
        link.at_watcher = Hook { next: older.watching, previous: NONE };
        link.at_watched = Hook { next: older.watched, previous: NONE };
        if let Some(older) = self.links.get_mut(older.watching as usize) {
            older.at_watcher.previous = reference.index;
        }
        if let Some(older) = self.links.get_mut(older.watched as usize) {
            older.at_watched.previous = reference.index;
        }
    }

    /// The watched process, if the watcher's list that begins at `head` is a single monitor.
    #[inline(always)]
    pub(crate) fn only_monitor(&self, head: u32) -> Option<Pid> {
        let link = self.links.get(head as usize)?;
        let is_all = link.kind.fired() == Kind::MONITOR.fired() && link.at_watcher.next == NONE;
        is_all.then_some(link.watched)
    }

    /// Frees that monitor, and unhooks it from the list of the watched, whose head is `head`,
    /// unless it has fired.
    #[inline(always)]
    pub(crate) fn take_only(&mut self, index: u32, head: Option<&mut u32>) {
        let link = &mut self.links[index as usize];
        let (kind, hook) = (link.kind, link.at_watched);
        link.release(index, &mut self.free);
        if let Some(head) = head
            && !kind.is_fired()
        {
            self.unhook_from_watched(hook, head);
        }
    }

    /// What a reference stands for, independent of its numbers: watcher, watched process, and the
    /// number of older records between these two. `None` if it names no record. O(records).
    pub(crate) fn rank(&self, reference: MonitorRef) -> Option<(Pid, Pid, usize)> {
        if !self.kind(reference).is_attached() {
            return None;
        }
        let ends = self.ends(reference);
        let older = |link: &&Link| {
            link.kind.is_attached()
                && (link.watcher, link.watched) == ends
                && link.serial < reference.serial
        };
        Some((ends.0, ends.1, self.links.iter().filter(older).count()))
    }

    /// Puts a record first in the watcher's list.
    #[inline(always)]
    pub(crate) fn hook_watcher(&mut self, reference: MonitorRef, head: &mut u32) {
        self.links[reference.index as usize].at_watcher = Hook { next: *head, previous: NONE };
        if let Some(next) = self.links.get_mut(*head as usize) {
            next.at_watcher.previous = reference.index;
        }
        *head = reference.index;
    }

    /// Removes a record from the watcher's list.
    #[inline(always)]
    pub(crate) fn unhook_watcher(&mut self, index: u32, head: &mut u32) {
        let hook = self.links[index as usize].at_watcher;
        self.unhook(hook, head);
    }

    /// Closes the gap that a record with this hook leaves.
    #[inline(always)]
    fn unhook(&mut self, Hook { next, previous }: Hook, head: &mut u32) {
        match self.links.get_mut(previous as usize) {
            Some(before) => before.at_watcher.next = next,
            None => *head = next,
        }
        if let Some(after) = self.links.get_mut(next as usize) {
            after.at_watcher.previous = previous;
        }
    }

    /// Removes a record from the list of the watched process.
    pub(crate) fn unhook_watched(&mut self, index: u32, head: &mut u32) {
        let hook = self.links[index as usize].at_watched;
        self.unhook_from_watched(hook, head);
    }

    /// Closes the gap that a record with this hook leaves.
    #[inline(always)]
    fn unhook_from_watched(&mut self, Hook { next, previous }: Hook, head: &mut u32) {
        match self.links.get_mut(previous as usize) {
            Some(before) => before.at_watched.next = next,
            None => *head = next,
        }
        if let Some(after) = self.links.get_mut(next as usize) {
            after.at_watched.previous = previous;
        }
    }

    /// The record at the head of a list: its reference and kind.
    #[inline(always)]
    pub(crate) fn first(&self, head: u32) -> Option<(MonitorRef, Kind)> {
        let link = self.links.get(head as usize)?;
        Some((MonitorRef { index: head, serial: link.serial }, link.kind))
    }

    /// Index of the next older record in the watcher's list.
    pub(crate) fn after(&self, link: MonitorRef) -> u32 {
        self.links[link.index as usize].at_watcher.next
    }

    /// True if the list of the watched goes on after this record.
    #[inline(always)]
    pub(crate) fn has_older(&self, link: u32) -> bool {
        self.links.get(link as usize).is_some_and(|link| link.at_watched.next != NONE)
    }

    /// The oldest, last record of the list of the watched that begins at `head`. O(list).
    pub(crate) fn oldest(&self, head: u32) -> u32 {
        let mut oldest = head;
        while let Some(link) = self.links.get(oldest as usize)
            && link.at_watched.next != NONE
        {
            oldest = link.at_watched.next;
        }
        oldest
    }

    /// Marks a record as fired.
    pub(crate) fn fire(&mut self, reference: MonitorRef) {
        let kind = &mut self.links[reference.index as usize].kind;
        *kind = kind.fired();
    }

    /// Fires the record at index `at` of a list of the watched, and sets `at` to the next younger.
    /// Returns its reference, kind and watcher; `None` behind the youngest. It leaves the hooks:
    /// the caller drops the whole list.
    #[inline(always)]
    pub(crate) fn fire_next(&mut self, at: &mut u32) -> Option<(MonitorRef, Kind, Pid)> {
        let link = self.links.get_mut(*at as usize)?;
        let fired = (MonitorRef { index: *at, serial: link.serial }, link.kind, link.watcher);
        link.kind = link.kind.fired();
        *at = link.at_watched.previous;
        Some(fired)
    }

    /// References of the records that have not fired, oldest first. O(records).
    pub(crate) fn unfired(&self) -> Vec<MonitorRef> {
        let link = |(index, link): (u32, &Link)| {
            link.kind.waits().then_some(MonitorRef { index, serial: link.serial })
        };
        let mut links: Vec<MonitorRef> = (0..).zip(&self.links).filter_map(link).collect();
        links.sort_by_key(|link| link.serial);
        links
    }

    /// Records in use, fired ones included. O(records).
    pub(crate) fn len(&self) -> usize {
        self.links.iter().filter(|link| link.kind.is_attached()).count()
    }

    /// Records, in use or free.
    pub(crate) fn places(&self) -> usize {
        self.links.len()
    }

    /// Finds the link to another process in the watcher's list that begins at `head`, fired or not.
    pub(crate) fn find_link(&self, head: u32, other: Pid) -> Option<MonitorRef> {
        let mut index = head;
        while let Some(link) = self.links.get(index as usize) {
            if link.kind.is_link() && link.watched == other {
                return Some(MonitorRef { index, serial: link.serial });
            }
            index = link.at_watcher.next;
        }
        None
    }
}

/// True if an exit signal with this reason does not end its receiver.
pub(crate) fn survives(reason: &Reason, traps: bool) -> bool {
    traps || *reason == Reason::Normal
}
