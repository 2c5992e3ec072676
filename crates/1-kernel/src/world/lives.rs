//! Lives of processes: how one begins in its slot, how it ends, and who is told.

use super::bonds::ending;
use super::{Marks, NO_NODE, NO_NOTE, PastLife, Slot, State, World};
use crate::out::TimerRef;
use crate::ring::Envelope;
use crate::ties::Heads;
use crate::tree::NodeId;
use crate::{Name, Pid, Process, Reason, Watch};

impl<P: Process, W: Watch<P>> World<P, W> {
    /// Puts a process into its slot.
    #[inline(always)]
    pub(crate) fn settle_in(
        &mut self,
        pid: Pid,
        body: Option<P>,
        node: u16,
        key: u64,
        incarnation: u32,
        state: State,
    ) {
        if pid.index() >= self.slots.len() {
            self.make_room(pid);
        }
        self.slots[pid.index()].body = body;
        self.settle_by(pid, node, key, incarnation, state);
    }

    /// Puts what is said of a process beside it.
    #[inline(always)]
    pub(crate) fn settle_by(
        &mut self,
        pid: Pid,
        node: u16,
        key: u64,
        incarnation: u32,
        state: State,
    ) {
        // Field by field: a free slot's list, note and marks are empty already.
        let slot = &mut self.slots[pid.index()];
        slot.key = key;
        slot.generation = pid.generation();
        slot.incarnation = incarnation;
        slot.node = node;
        slot.state = state;
        slot.marks.set(Marks::BEGUN, false);
        self.watch.started(pid, key, incarnation);
    }

    /// Sees to it that there is a slot for this address. More than one can be missing: the
    /// addresses of a step that was undone are given out again, in any order.
    #[cold]
    pub(super) fn make_room(&mut self, pid: Pid) {
        while self.slots.len() <= pid.index() {
            self.slots.push(Slot {
                body: None,
                key: 0,
                generation: 0,
                incarnation: 0,
                ties: Heads::EMPTY,
                note: NO_NOTE,
                node: NO_NODE,
                state: State::Free,
                marks: Marks::default(),
            });
        }
    }

    /// Ends a life: tells those who watch, and its supervisor.
    #[inline]
    pub(crate) fn bury(&mut self, pid: Pid, reason: Reason) {
        let slot = &mut self.slots[pid.index()];
        if matches!(slot.state, State::Supervisor | State::Closing) {
            return self.bury_supervisor(pid, reason);
        }
        slot.body = None;
        if reason != Reason::Normal {
            self.failures += 1;
        }
        self.watch.ended(pid, slot.key, &reason);
        if slot.ties != Heads::EMPTY || slot.marks.any(Marks::ABROAD) {
            self.break_ties(pid, &reason);
        }
        let slot = &self.slots[pid.index()];
        if slot.marks.any(Marks::ANYWHERE) {
            self.strike_off(pid);
        }
        let slot = &self.slots[pid.index()];
        if slot.node == NO_NODE {
            return self.vacate(pid);
        }
        self.child_ended(pid, reason);
    }

    /// Frees a slot for another process.
    #[inline(always)]
    pub(crate) fn vacate(&mut self, pid: Pid) {
        let slot = &mut self.slots[pid.index()];
        if slot.note != NO_NOTE {
            let note = std::mem::replace(&mut slot.note, NO_NOTE);
            return self.vacate_with_note(pid, note);
        }
        slot.state = State::Free;
        slot.marks.set(Marks::OWN, false);
        // A slot whose generations are used up is never used again.
        if let Some(next) = (Pid::new(pid.slot(), slot.generation)).next() {
            slot.generation = next.generation();
            self.out.free.push(next);
        }
    }

    #[cold]
    fn vacate_with_note(&mut self, pid: Pid, note: u32) {
        self.free_note(note);
        self.vacate(pid);
    }

    #[inline]
    pub(super) fn free_note(&mut self, note: u32) {
        if note != NO_NOTE {
            self.out.notes[note as usize] = None;
            self.free_notes.push(note);
        }
    }

    /// Puts a life's incarnation and note aside for the next in its place; the slot is freed.
    pub(crate) fn put_aside(&mut self, pid: Pid, node: NodeId) {
        self.put_by(pid, node, false);
    }

    /// The same, and says whether its supervisor has given it up.
    pub(crate) fn put_by(&mut self, pid: Pid, node: NodeId, given_up: bool) {
        let slot = &mut self.slots[pid.index()];
        let note = std::mem::replace(&mut slot.note, NO_NOTE);
        let past = PastLife { incarnation: slot.incarnation, note, given_up };
        if let Some(older) = self.past_lives.insert((node, slot.key), past) {
            self.free_note(older.note);
        }
        self.vacate(pid);
    }

    /// Settles in, without a body yet, the next life in a place that has no slot.
    pub(crate) fn settle_next(&mut self, node: NodeId, key: u64) -> Pid {
        let past = self.past_lives.remove(&(node, key));
        let none = PastLife { incarnation: 0, note: NO_NOTE, given_up: false };
        let PastLife { incarnation, note, .. } = past.unwrap_or(none);
        let incarnation = incarnation.checked_add(1).expect("fewer than 2^32 restarts");
        let pid = self.out.address();
        self.settle_in(pid, None, node.0, key, incarnation, State::Alive);
        self.slots[pid.index()].note = note;
        pid
    }

    /// Forgets the past lives of a node's own places; but for those that were given up, if it is not over.
    pub(crate) fn forget_lives(&mut self, node: NodeId, is_over: bool) {
        let own = (node, 0)..=(node, u64::MAX);
        let keys = self.past_lives.range(own).filter(|(_, past)| is_over || !past.given_up);
        let keys: Vec<u64> = keys.map(|((_, key), _)| *key).collect();
        for key in keys {
            self.forget_life(node, key);
        }
    }

    /// Forgets a life whose place is never to be taken again.
    pub(crate) fn forget_life(&mut self, node: NodeId, key: u64) {
        if let Some(past) = self.past_lives.remove(&(node, key)) {
            self.free_note(past.note);
        }
    }

    pub(crate) fn break_ties(&mut self, pid: Pid, reason: &Reason) {
        let mut heads = std::mem::replace(&mut self.slots[pid.index()].ties, Heads::EMPTY);
        let cause = self.out.causes.note(reason);
        while let Some((tie, kind)) = self.out.ties.first(heads.watching) {
            let (_, watched) = self.out.ties.ends(tie);
            let is_abroad = self.is_abroad(watched);
            let ties = &mut self.out.ties;
            ties.unhook_watcher(tie.index, &mut heads.watching);
            if !kind.is_fired() && !is_abroad {
                let head = if watched == pid {
                    &mut heads.watched
                } else {
                    &mut self.slots[watched.index()].ties.watched
                };
                ties.unhook_watched(tie.index, head);
            }
            ties.release(tie);
            if !kind.is_fired() && is_abroad {
                self.untie_abroad(tie, kind, (pid, watched), Some(cause));
            }
            if kind.is_asked() {
                self.forget_alias(tie);
            }
        }
        let ties = &mut self.out.ties;
        // Oldest first: the list has its newest at the head. A fired tie is of no list of the watched.
        let mut at = ties.oldest(heads.watched);
        while let Some((tie, kind)) = ties.first(at) {
            at = ties.younger(tie);
            ties.fire(tie);
            let (watcher, _) = ties.ends(tie);
            let letter = ending(kind, tie, cause);
            self.out.ring.push(Envelope { to: watcher, from: pid, letter });
        }
        if self.slots[pid.index()].marks.take(Marks::ABROAD) {
            self.tell_abroad(pid, cause);
        }
    }

    /// Takes away what an ended life had in the world's own lists: timers, names, memberships.
    #[cold]
    pub(crate) fn strike_off(&mut self, pid: Pid) {
        let slot = &mut self.slots[pid.index()];
        let listed = slot.marks.take(Marks::LISTED);
        if slot.marks.take(Marks::TIMED) {
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
