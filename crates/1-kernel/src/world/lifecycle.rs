//! The lifecycle of a process: how it begins in its slot, how it ends, and which processes are
//! notified.

use std::sync::Arc;

use super::World;
use super::links::ending;
use super::slot::{Flags, NO_NODE, Parked, Slot, State};
use crate::discard::empty;
use crate::links::{Heads, NONE};
use crate::notes::NO_NOTE;
use crate::out::{Out, TimerRef};
use crate::reason::Cause;
use crate::signal::Envelope;
use crate::tree::NodeId;
use crate::{Name, Pid, Process, Reason, Watch};

impl<P: Process> Out<P> {
    /// Fires all records in which a process was watched, oldest first: the list has its newest at
    /// the head. A fired record is in no list of the watched.
    #[inline(always)]
    pub(crate) fn notify_watchers(&mut self, newest: u32, of: Pid, cause: Cause) {
        if self.links.has_older(newest) {
            return self.notify_several(newest, of, cause);
        }
        self.notify_next(&mut { newest }, of, cause);
    }

    #[inline(never)]
    fn notify_several(&mut self, newest: u32, of: Pid, cause: Cause) {
        let mut at = self.links.oldest(newest);
        while self.notify_next(&mut at, of, cause) {}
    }

    /// Fires one record, and advances to the next younger. False if there was none.
    #[inline(always)]
    fn notify_next(&mut self, at: &mut u32, of: Pid, cause: Cause) -> bool {
        let Some((link, kind, watcher)) = self.links.fire_next(at) else { return false };
        self.ring.push(Envelope { to: watcher, from: of, signal: ending(kind, link, cause) });
        true
    }
}

impl<P: Process, W: Watch<P>> World<P, W> {
    /// Puts a process into its slot. `body` constructs it.
    #[inline(always)]
    pub(crate) fn place_process(
        &mut self,
        pid: Pid,
        body: impl FnOnce(&mut Out<P>) -> Option<P>,
        node: u16,
        key: u64,
        incarnation: u32,
        state: State,
    ) {
        self.ensure_slot(pid);
        let body = body(&mut self.out);
        let slot = &mut self.slots[pid.index()];
        assert!(slot.body.is_none(), "a free slot has no process");
        slot.body = body;
        slot.occupy(pid, node, key, incarnation, state);
        self.watch.started(pid, key, incarnation);
    }

    /// Adds slots up to this address.
    #[inline(always)]
    pub(super) fn ensure_slot(&mut self, pid: Pid) {
        if pid.index() >= self.slots.len() {
            self.add_slots(pid);
        }
    }

    /// Adds slots up to this address. More than one can be missing: the addresses of an undone step
    /// are reused in any order.
    #[cold]
    fn add_slots(&mut self, pid: Pid) {
        while self.slots.len() <= pid.index() {
            self.slots.push(Slot::vacant());
        }
    }

    /// Counts an end, and reports it to the watcher.
    pub(crate) fn count_end(&mut self, pid: Pid, key: u64, reason: &Reason) {
        self.failures += u64::from(*reason != Reason::Normal);
        self.watch.ended(pid, key, reason);
    }

    /// Drops a process and returns the reason of its end. If the destructor panics, that is a
    /// failure, as when a server's `terminate` fails in Erlang; but a failure or a kill keeps its
    /// reason.
    #[inline(always)]
    pub(crate) fn end_body(&mut self, pid: Pid, reason: Reason) -> Reason {
        match empty(&mut self.slots[pid.index()].body) {
            Ok(()) => reason,
            Err(why) => self.end_failed(why, reason),
        }
    }

    #[cold]
    fn end_failed(&mut self, why: Arc<str>, reason: Reason) -> Reason {
        self.failed_drops += 1;
        if reason.is_orderly() { Reason::Failed(why) } else { reason }
    }

    /// Makes the end of the current step's process a failure: its destructor has panicked.
    #[cold]
    pub(crate) fn ended_badly(&mut self, why: Arc<str>) -> bool {
        self.failed_drops += 1;
        self.out.exit = self.out.causes.note(&Reason::Failed(why));
        false
    }

    /// Ends a process or supervisor: drops it, notifies its watchers and its supervisor, frees its
    /// slot.
    ///
    /// Order: the world's watcher, then monitors and links, oldest first, then the supervisor. All
    /// are signals behind everything that the process has sent.
    #[inline(never)]
    pub(crate) fn terminate(&mut self, pid: Pid, reason: Reason) {
        let slot = &mut self.slots[pid.index()];
        if matches!(slot.state, State::Supervisor | State::Closing) {
            return self.terminate_supervisor(pid, reason);
        }
        let reason = self.end_body(pid, reason);
        let key = self.slots[pid.index()].key;
        self.count_end(pid, key, &reason);
        let slot = &self.slots[pid.index()];
        if slot.links != Heads::EMPTY || slot.flags.any(Flags::REMOTE) {
            let cause = self.out.causes.note(&reason);
            self.break_links(pid, cause);
        }
        let slot = &self.slots[pid.index()];
        if slot.flags.any(Flags::ANYWHERE) {
            self.unregister(pid);
        }
        let slot = &self.slots[pid.index()];
        if slot.node == NO_NODE {
            return self.vacate(pid);
        }
        self.child_ended(pid, reason);
    }

    /// Frees a slot and wipes its note.
    #[inline(always)]
    pub(crate) fn vacate(&mut self, pid: Pid) {
        let slot = &mut self.slots[pid.index()];
        let note = slot.vacate(pid, &mut self.out.free);
        self.out.notes.wipe(note);
    }

    /// Keeps the incarnation and note for the next start of this place, and frees the slot.
    pub(crate) fn park(&mut self, pid: Pid, node: NodeId) {
        self.park_as(pid, node, false);
    }

    /// As [`World::park`]; `given_up` says that its supervisor has given it up.
    pub(crate) fn park_as(&mut self, pid: Pid, node: NodeId, given_up: bool) {
        let slot = &mut self.slots[pid.index()];
        let note = std::mem::replace(&mut slot.note, NO_NOTE);
        let past = Parked { incarnation: slot.incarnation, note, given_up };
        if let Some(older) = self.parked.insert((node, slot.key), past) {
            self.out.notes.wipe(older.note);
        }
        self.vacate(pid);
    }

    /// Takes a slot for the next life of a place that has none, with its parked incarnation and
    /// note. It has no body yet.
    pub(crate) fn place_next(&mut self, node: NodeId, key: u64) -> Pid {
        let past = self.parked.remove(&(node, key));
        let none = Parked { incarnation: 0, note: NO_NOTE, given_up: false };
        let Parked { incarnation, note, .. } = past.unwrap_or(none);
        let incarnation = incarnation.checked_add(1).expect("fewer than 2^32 restarts");
        let pid = self.out.address();
        self.place_process(pid, |_| None, node.0, key, incarnation, State::Alive);
        self.slots[pid.index()].note = note;
        pid
    }

    /// Forgets what is parked of a node; unless `is_over`, children that were given up stay parked.
    pub(crate) fn forget_parked(&mut self, node: NodeId, is_over: bool) {
        let own = (node, 0)..=(node, u64::MAX);
        let keys = self.parked.range(own).filter(|(_, past)| is_over || !past.given_up);
        let keys: Vec<u64> = keys.map(|((_, key), _)| *key).collect();
        for key in keys {
            self.forget_parked_key(node, key);
        }
    }

    /// Forgets what is parked of a child that is never started again.
    pub(crate) fn forget_parked_key(&mut self, node: NodeId, key: u64) {
        if let Some(past) = self.parked.remove(&(node, key)) {
            self.out.notes.wipe(past.note);
        }
    }

    /// Removes its monitors and links, and notifies its watchers, here and in other worlds.
    #[inline(always)]
    pub(crate) fn break_links(&mut self, pid: Pid, cause: Cause) {
        if self.slots[pid.index()].links.watching != NONE {
            self.unwatch_all(pid, cause);
        }
        let newest = std::mem::replace(&mut self.slots[pid.index()].links.watched, NONE);
        self.out.notify_watchers(newest, pid, cause);
        if self.slots[pid.index()].flags.take(Flags::REMOTE) {
            self.notify_remote(pid, cause);
        }
    }

    #[inline(never)]
    fn unwatch_all(&mut self, pid: Pid, cause: Cause) {
        let mut heads = self.slots[pid.index()].links;
        while let Some((link, kind)) = self.out.links.first(heads.watching) {
            let (_, watched) = self.out.links.ends(link);
            let is_remote = self.is_remote(watched);
            let links = &mut self.out.links;
            links.unhook_watcher(link.index, &mut heads.watching);
            if !kind.is_fired() && !is_remote {
                let head = if watched == pid {
                    &mut heads.watched
                } else {
                    &mut self.slots[watched.index()].links.watched
                };
                links.unhook_watched(link.index, head);
            }
            links.release(link);
            if !kind.is_fired() && is_remote {
                self.detach_remote(link, kind, (pid, watched), Some(cause));
            }
            if kind.is_call() {
                self.forget_alias(link);
            }
        }
        self.slots[pid.index()].links = heads;
    }

    /// Removes an ended process from the world's own lists: timers, names, groups.
    #[cold]
    pub(crate) fn unregister(&mut self, pid: Pid) {
        let slot = &mut self.slots[pid.index()];
        let listed = slot.flags.take(Flags::LISTED);
        if slot.flags.take(Flags::TIMED) {
            while let Some(&(by, timer)) = self.timers_of.range((pid, TimerRef::FIRST)..).next()
                && by == pid
            {
                self.timers_of.remove(&(by, timer));
                self.timers.remove(&timer);
            }
        }
        if !listed {
            return;
        }
        while let Some(&(bearer, name)) = self.bearers.range((pid, Name(0))..).next()
            && bearer == pid
        {
            self.give_name(name, Pid::OUTSIDE);
        }
        for members in self.out.groups.values_mut() {
            members.retain(|(member, _)| *member != pid);
        }
    }
}
