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
    pub(crate) const ASKED: Kind = Kind(1 | 4);
    /// The end of the watched is on its way to the watcher, who may still take the tie away.
    const FIRED: Kind = Kind(8);

    #[inline(always)]
    fn any(self, of: Kind) -> bool {
        self.0 & of.0 != 0
    }

    /// False if there is no tie under a reference.
    pub(crate) fn is_tied(self) -> bool {
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
    pub(crate) fn is_asked(self) -> bool {
        self.any(Kind(Kind::ASKED.0 - Kind::MONITOR.0))
    }

    /// True if the end of the watched is on its way.
    pub(crate) fn is_fired(self) -> bool {
        self.any(Kind::FIRED)
    }

    /// True if the end of the watched is still to come.
    pub(crate) fn waits(self) -> bool {
        self.is_tied() && !self.is_fired()
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
struct Tie {
    watcher: Pid,
    watched: Pid,
    serial: u32,
    kind: Kind,
    at_watcher: Hook,
    at_watched: Hook,
}

impl Tie {
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
pub(crate) struct Ties {
    ties: Vec<Tie>,
    /// The first of those that are free; each has the next of them where its watcher's list would go on.
    free: u32,
    serial: u32,
}

impl Default for Ties {
    fn default() -> Ties {
        Ties { ties: Vec::new(), free: NONE, serial: 0 }
    }
}

impl Ties {
    /// A fresh reference, before its tie is made.
    #[inline(always)]
    pub(crate) fn reserve(&mut self) -> MonitorRef {
        self.serial = self.serial.wrapping_add(1);
        let serial = self.serial;
        // Who ties it writes its ends and hooks; until then nobody reads them.
        let index = self.free;
        let Some(tie) = self.ties.get_mut(index as usize) else { return self.make_room() };
        self.free = tie.at_watcher.next;
        tie.serial = serial;
        MonitorRef { index, serial }
    }

    /// A tie more than there ever were at once.
    #[cold]
    fn make_room(&mut self) -> MonitorRef {
        let hook = Hook { next: NONE, previous: NONE };
        let serial = self.serial;
        self.ties.push(Tie {
            watcher: Pid::OUTSIDE,
            watched: Pid::OUTSIDE,
            serial,
            kind: Kind::NONE,
            at_watcher: hook,
            at_watched: hook,
        });
        let index = u32::try_from(self.ties.len() - 1).expect("fewer ties than addresses");
        MonitorRef { index, serial }
    }

    /// Gives a reference back that came to nothing.
    #[inline(always)]
    pub(crate) fn release(&mut self, reference: MonitorRef) {
        self.ties[reference.index as usize].release(reference.index, &mut self.free);
    }

    /// A fired tie is told of: it leaves its watcher's list, and is free. False if it is none of the given
    /// kind, as when the watcher took it away before.
    #[inline(always)]
    pub(crate) fn use_up(&mut self, reference: MonitorRef, kind: Kind, head: &mut u32) -> bool {
        let Some(tie) = self.ties.get_mut(reference.index as usize) else { return false };
        if tie.serial != reference.serial || tie.kind != kind.fired() {
            return false;
        }
        let hook = tie.at_watcher;
        tie.release(reference.index, &mut self.free);
        self.unhook(hook, head);
        true
    }

    /// What stands under a reference, if it is still its own.
    #[inline(always)]
    pub(crate) fn kind(&self, reference: MonitorRef) -> Kind {
        match self.ties.get(reference.index as usize) {
            Some(tie) if tie.serial == reference.serial => tie.kind,
            _ => Kind::NONE,
        }
    }

    /// Both ends of a tie.
    #[inline(always)]
    pub(crate) fn ends(&self, reference: MonitorRef) -> (Pid, Pid) {
        let tie = &self.ties[reference.index as usize];
        (tie.watcher, tie.watched)
    }

    #[inline(always)]
    pub(crate) fn set(&mut self, reference: MonitorRef, kind: Kind, watcher: Pid, watched: Pid) {
        let tie = &mut self.ties[reference.index as usize];
        tie.kind = kind;
        tie.watcher = watcher;
        tie.watched = watched;
    }

    /// Ties a watcher to one who is here and alive. `older` are the heads of both lists until now, which it is from
    /// now on.
    #[inline(always)]
    pub(crate) fn tie(
        &mut self,
        reference: MonitorRef,
        kind: Kind,
        (watcher, watched): (Pid, Pid),
        older: Heads,
    ) {
        let tie = &mut self.ties[reference.index as usize];
        (tie.kind, tie.watcher, tie.watched) = (kind, watcher, watched);
        tie.at_watcher = Hook { next: older.watching, previous: NONE };
        tie.at_watched = Hook { next: older.watched, previous: NONE };
        if let Some(older) = self.ties.get_mut(older.watching as usize) {
            older.at_watcher.previous = reference.index;
        }
        if let Some(older) = self.ties.get_mut(older.watched as usize) {
            older.at_watched.previous = reference.index;
        }
    }

    /// Whom the monitor watches that is all of a watching list, if one is.
    #[inline(always)]
    pub(crate) fn only_monitor(&self, head: u32) -> Option<Pid> {
        let tie = self.ties.get(head as usize)?;
        let is_all = tie.kind.fired() == Kind::MONITOR.fired() && tie.at_watcher.next == NONE;
        is_all.then_some(tie.watched)
    }

    /// That one is taken away: from the list of the watched too, whose head this is, unless it has fired.
    #[inline(always)]
    pub(crate) fn take_only(&mut self, index: u32, head: Option<&mut u32>) {
        let tie = &mut self.ties[index as usize];
        let (kind, hook) = (tie.kind, tie.at_watched);
        tie.release(index, &mut self.free);
        if let Some(head) = head
            && !kind.is_fired()
        {
            self.unhook_from_watched(hook, head);
        }
    }

    /// What a reference means, whatever its number: who watches whom, and how many older ties between
    /// these two there are. `None` if it means nothing any more. O(ties).
    pub(crate) fn rank(&self, reference: MonitorRef) -> Option<(Pid, Pid, usize)> {
        if !self.kind(reference).is_tied() {
            return None;
        }
        let ends = self.ends(reference);
        let older = |tie: &&Tie| {
            tie.kind.is_tied()
                && (tie.watcher, tie.watched) == ends
                && tie.serial < reference.serial
        };
        Some((ends.0, ends.1, self.ties.iter().filter(older).count()))
    }

    /// Hooks a tie into the watcher's list.
    #[inline(always)]
    pub(crate) fn hook_watcher(&mut self, reference: MonitorRef, head: &mut u32) {
        self.ties[reference.index as usize].at_watcher = Hook { next: *head, previous: NONE };
        if let Some(next) = self.ties.get_mut(*head as usize) {
            next.at_watcher.previous = reference.index;
        }
        *head = reference.index;
    }

    /// Takes a tie out of the watcher's list.
    #[inline(always)]
    pub(crate) fn unhook_watcher(&mut self, index: u32, head: &mut u32) {
        let hook = self.ties[index as usize].at_watcher;
        self.unhook(hook, head);
    }

    /// The same, of a tie that hung there so.
    #[inline(always)]
    fn unhook(&mut self, Hook { next, previous }: Hook, head: &mut u32) {
        match self.ties.get_mut(previous as usize) {
            Some(before) => before.at_watcher.next = next,
            None => *head = next,
        }
        if let Some(after) = self.ties.get_mut(next as usize) {
            after.at_watcher.previous = previous;
        }
    }

    /// Takes a tie out of the list of the watched.
    pub(crate) fn unhook_watched(&mut self, index: u32, head: &mut u32) {
        let hook = self.ties[index as usize].at_watched;
        self.unhook_from_watched(hook, head);
    }

    /// The same, of a tie that hung there so.
    #[inline(always)]
    fn unhook_from_watched(&mut self, Hook { next, previous }: Hook, head: &mut u32) {
        match self.ties.get_mut(previous as usize) {
            Some(before) => before.at_watched.next = next,
            None => *head = next,
        }
        if let Some(after) = self.ties.get_mut(next as usize) {
            after.at_watched.previous = previous;
        }
    }

    /// The tie at the head of a list, as a reference, with its other end.
    #[inline(always)]
    pub(crate) fn first(&self, head: u32) -> Option<(MonitorRef, Kind)> {
        let tie = self.ties.get(head as usize)?;
        Some((MonitorRef { index: head, serial: tie.serial }, tie.kind))
    }

    /// The place of the next tie in the watcher's list.
    pub(crate) fn after(&self, tie: MonitorRef) -> u32 {
        self.ties[tie.index as usize].at_watcher.next
    }

    /// Whether there is an older tie in that list of the watched.
    #[inline(always)]
    pub(crate) fn has_older(&self, tie: u32) -> bool {
        self.ties.get(tie as usize).is_some_and(|tie| tie.at_watched.next != NONE)
    }

    /// The oldest tie of the list of the watched that begins at `head`: its last. O(list).
    pub(crate) fn oldest(&self, head: u32) -> u32 {
        let mut oldest = head;
        while let Some(tie) = self.ties.get(oldest as usize)
            && tie.at_watched.next != NONE
        {
            oldest = tie.at_watched.next;
        }
        oldest
    }

    /// Marks a tie as fired: its end is on its way.
    pub(crate) fn fire(&mut self, reference: MonitorRef) {
        let kind = &mut self.ties[reference.index as usize].kind;
        *kind = kind.fired();
    }

    /// Fires the tie at this place of a list of the watched: what it was, and its watcher; and the place of
    /// the next younger tie of that list. `None` behind the youngest.
    #[inline(always)]
    pub(crate) fn fire_next(&mut self, at: &mut u32) -> Option<(MonitorRef, Kind, Pid)> {
        let tie = self.ties.get_mut(*at as usize)?;
        let fired = (MonitorRef { index: *at, serial: tie.serial }, tie.kind, tie.watcher);
        tie.kind = tie.kind.fired();
        *at = tie.at_watched.previous;
        Some(fired)
    }

    /// Ties that wait for an end, oldest first. O(ties).
    pub(crate) fn unfired(&self) -> Vec<MonitorRef> {
        let tie = |(index, tie): (u32, &Tie)| {
            tie.kind.waits().then_some(MonitorRef { index, serial: tie.serial })
        };
        let mut ties: Vec<MonitorRef> = (0..).zip(&self.ties).filter_map(tie).collect();
        ties.sort_by_key(|tie| tie.serial);
        ties
    }

    /// Ties now in use, fired ones included. O(ties).
    pub(crate) fn len(&self) -> usize {
        self.ties.iter().filter(|tie| tie.kind.is_tied()).count()
    }

    /// Ties in use or not.
    pub(crate) fn places(&self) -> usize {
        self.ties.len()
    }

    /// Finds the link between two processes in the watching list that begins at `head`, be it
    /// one whose end is on its way.
    pub(crate) fn find_link(&self, head: u32, other: Pid) -> Option<MonitorRef> {
        let mut index = head;
        while let Some(tie) = self.ties.get(index as usize) {
            if tie.kind.is_link() && tie.watched == other {
                return Some(MonitorRef { index, serial: tie.serial });
            }
            index = tie.at_watcher.next;
        }
        None
    }
}

/// What a linked or monitored end means to the one who is told.
pub(crate) fn survives(reason: &Reason, traps: bool) -> bool {
    traps || *reason == Reason::Normal
}
