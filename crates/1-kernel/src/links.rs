//! Who is watched by whom: monitors and links, each a tie in two lists, one at either end.

use crate::{Pid, Reason};

/// A monitor or a link, named so that a late answer is never taken for another's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct MonitorRef {
    pub(crate) index: u32,
    pub(crate) serial: u32,
}

impl MonitorRef {
    /// A reference made up by a test that plays a process's peers.
    pub fn made_up(serial: u32) -> MonitorRef {
        MonitorRef { index: u32::MAX, serial }
    }
}

pub(crate) const NONE: u32 = u32::MAX;

/// What a tie is: a bit each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Kind(u8);

impl Kind {
    /// Given a reference, not tied yet, or not any more.
    const NONE: Kind = Kind(0);
    pub(crate) const MONITOR: Kind = Kind(1);
    pub(crate) const LINK: Kind = Kind(2);
    /// A monitor of one who was asked: it goes with the alias for the answer.
    pub(crate) const CALL: Kind = Kind(1 | 4);
    /// The end of the watched is on its way to the watcher, who may still take the tie away.
    const FIRED: Kind = Kind(8);

    #[inline(always)]
    fn any(self, of: Kind) -> bool {
        self.0 & of.0 != 0
    }

    /// False if there is no tie under a reference.
    pub(crate) fn is_attached(self) -> bool {
        self != Kind::NONE
    }

    /// True for a monitor, whether or not its end is on its way.
    pub(crate) fn is_monitor(self) -> bool {
        self.any(Kind::MONITOR)
    }

    /// True for a link, likewise.
    #[inline(always)]
    pub(crate) fn is_link(self) -> bool {
        self.any(Kind::LINK)
    }

    /// True for a monitor with an alias, likewise.
    pub(crate) fn is_call(self) -> bool {
        self.any(Kind(Kind::CALL.0 - Kind::MONITOR.0))
    }

    /// True if the end of the watched is on its way.
    pub(crate) fn is_fired(self) -> bool {
        self.any(Kind::FIRED)
    }

    /// True if the end of the watched is still to come.
    pub(crate) fn waits(self) -> bool {
        self.is_attached() && !self.is_fired()
    }

    /// The same with its end on its way.
    #[inline(always)]
    fn fired(self) -> Kind {
        Kind(self.0 | Kind::FIRED.0)
    }
}

/// One end's place in its list.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Hook {
    next: u32,
    previous: u32,
}

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
    /// Is none any more, and the first of those that are free.
    #[inline(always)]
    fn release(&mut self, index: u32, free: &mut u32) {
        self.kind = Kind::NONE;
        self.at_watcher.next = std::mem::replace(free, index);
    }
}

/// The heads of a process's two lists, kept in its slot.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Heads {
    /// Ties in which the process is the watcher.
    pub(crate) watching: u32,
    /// Ties in which it is watched.
    pub(crate) watched: u32,
}

impl Heads {
    pub(crate) const EMPTY: Heads = Heads { watching: NONE, watched: NONE };
}

/// All ties of a world.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    links: Vec<Link>,
    /// The first of those that are free; each has the next of them where its watcher's list would go on.
    free: u32,
    serial: u32,
}

impl Default for Links {
    fn default() -> Links {
        Links { links: Vec::new(), free: NONE, serial: 0 }
    }
}

impl Links {
    /// A fresh reference, before its tie is made.
    #[inline(always)]
    pub(crate) fn reserve(&mut self) -> MonitorRef {
        self.serial = self.serial.wrapping_add(1);
        let serial = self.serial;
        // Who ties it writes its ends and hooks; until then nobody reads them.
        let index = self.free;
        let Some(link) = self.links.get_mut(index as usize) else { return self.make_room() };
        self.free = link.at_watcher.next;
        link.serial = serial;
        MonitorRef { index, serial }
    }

    /// A tie more than there ever were at once.
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
        let index = u32::try_from(self.links.len() - 1).expect("fewer ties than addresses");
        MonitorRef { index, serial }
    }

    /// Gives a reference back that came to nothing.
    #[inline(always)]
    pub(crate) fn release(&mut self, reference: MonitorRef) {
        self.links[reference.index as usize].release(reference.index, &mut self.free);
    }

    /// A fired tie is told of: it leaves its watcher's list, and is free. False if it is none of the given
    /// kind, as when the watcher took it away before.
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

    /// What stands under a reference, if it is still its own.
    #[inline(always)]
    pub(crate) fn kind(&self, reference: MonitorRef) -> Kind {
        match self.links.get(reference.index as usize) {
            Some(link) if link.serial == reference.serial => link.kind,
            _ => Kind::NONE,
        }
    }

    /// Both ends of a tie.
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

    /// Ties a watcher to one who is here and alive. `older` are the heads of both lists until now, which it is from
    /// now on.
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

    /// Whom the monitor watches that is all of a watching list, if one is.
    #[inline(always)]
    pub(crate) fn only_monitor(&self, head: u32) -> Option<Pid> {
        let link = self.links.get(head as usize)?;
        let is_all = link.kind.fired() == Kind::MONITOR.fired() && link.at_watcher.next == NONE;
        is_all.then_some(link.watched)
    }

    /// That one is taken away: from the list of the watched too, whose head this is, unless it has fired.
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

    /// What a reference means, whatever its number: who watches whom, and how many older ties between
    /// these two there are. `None` if it means nothing any more. O(ties).
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

    /// Hooks a tie into the watcher's list.
    #[inline(always)]
    pub(crate) fn hook_watcher(&mut self, reference: MonitorRef, head: &mut u32) {
        self.links[reference.index as usize].at_watcher = Hook { next: *head, previous: NONE };
        if let Some(next) = self.links.get_mut(*head as usize) {
            next.at_watcher.previous = reference.index;
        }
        *head = reference.index;
    }

    /// Takes a tie out of the watcher's list.
    #[inline(always)]
    pub(crate) fn unhook_watcher(&mut self, index: u32, head: &mut u32) {
        let hook = self.links[index as usize].at_watcher;
        self.unhook(hook, head);
    }

    /// The same, of a tie that hung there so.
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

    /// Takes a tie out of the list of the watched.
    pub(crate) fn unhook_watched(&mut self, index: u32, head: &mut u32) {
        let hook = self.links[index as usize].at_watched;
        self.unhook_from_watched(hook, head);
    }

    /// The same, of a tie that hung there so.
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

    /// The tie at the head of a list, as a reference, with its other end.
    #[inline(always)]
    pub(crate) fn first(&self, head: u32) -> Option<(MonitorRef, Kind)> {
        let link = self.links.get(head as usize)?;
        Some((MonitorRef { index: head, serial: link.serial }, link.kind))
    }

    /// The place of the next tie in the watcher's list.
    pub(crate) fn after(&self, link: MonitorRef) -> u32 {
        self.links[link.index as usize].at_watcher.next
    }

    /// Whether there is an older tie in that list of the watched.
    #[inline(always)]
    pub(crate) fn has_older(&self, link: u32) -> bool {
        self.links.get(link as usize).is_some_and(|link| link.at_watched.next != NONE)
    }

    /// The oldest tie of the list of the watched that begins at `head`: its last. O(list).
    pub(crate) fn oldest(&self, head: u32) -> u32 {
        let mut oldest = head;
        while let Some(link) = self.links.get(oldest as usize)
            && link.at_watched.next != NONE
        {
            oldest = link.at_watched.next;
        }
        oldest
    }

    /// Marks a tie as fired: its end is on its way.
    pub(crate) fn fire(&mut self, reference: MonitorRef) {
        let kind = &mut self.links[reference.index as usize].kind;
        *kind = kind.fired();
    }

    /// Fires the tie at this place of a list of the watched: what it was, and its watcher; and the place of
    /// the next younger tie of that list. `None` behind the youngest.
    #[inline(always)]
    pub(crate) fn fire_next(&mut self, at: &mut u32) -> Option<(MonitorRef, Kind, Pid)> {
        let link = self.links.get_mut(*at as usize)?;
        let fired = (MonitorRef { index: *at, serial: link.serial }, link.kind, link.watcher);
        link.kind = link.kind.fired();
        *at = link.at_watched.previous;
        Some(fired)
    }

    /// Ties that wait for an end, oldest first. O(ties).
    pub(crate) fn unfired(&self) -> Vec<MonitorRef> {
        let link = |(index, link): (u32, &Link)| {
            link.kind.waits().then_some(MonitorRef { index, serial: link.serial })
        };
        let mut links: Vec<MonitorRef> = (0..).zip(&self.links).filter_map(link).collect();
        links.sort_by_key(|link| link.serial);
        links
    }

    /// Ties now in use, fired ones included. O(ties).
    pub(crate) fn len(&self) -> usize {
        self.links.iter().filter(|link| link.kind.is_attached()).count()
    }

    /// Ties in use or not.
    pub(crate) fn places(&self) -> usize {
        self.links.len()
    }

    /// Finds the link between two processes in the watching list that begins at `head`, be it
    /// one whose end is on its way.
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

/// What a linked or monitored end means to the one who is told.
pub(crate) fn survives(reason: &Reason, traps: bool) -> bool {
    traps || *reason == Reason::Normal
}
