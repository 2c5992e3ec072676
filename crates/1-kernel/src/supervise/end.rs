//! Ends: of a child by itself, and of children by their supervisor, in reverse order of their
//! start.
//!
//! Ending children can take many steps: a child that traps exits gets the exit signal and has until
//! its limit, and the next child follows only then. The supervisor's progress meanwhile is its
//! [`Ending`], plain data in the tree; the end of each awaited child advances it (`go_on`). If no
//! child traps exits, all of it happens in one step. The limit is a timer of the child: it kills
//! the child, or is removed with it.

use std::collections::{BTreeMap, BTreeSet};

use crate::discard::empty;
use crate::links::NONE;
use crate::out::TimerRef;
use crate::reason::Cause;
use crate::signal::{Envelope, Signal};
use crate::tree::{Body, Deaths, Ending, Index, NodeId, Place, Restart, Shutdown, Then};
use crate::world::World;
use crate::world::slot::{Due, Flags, NO_NODE, State};
use crate::{Pid, Process, Reason, Watch, mutation};

/// Removes one of many like children from its supervisor's index and restart counts.
#[inline(always)]
fn strike(index: &mut Index, deaths: &mut BTreeMap<u32, Deaths>, key: u64, pid: Pid) {
    index.remove(key, pid.slot());
    if !deaths.is_empty() {
        deaths.remove(&pid.slot());
    }
}

impl<P: Process, W: Watch<P>> World<P, W> {
    // ---- a child ends by itself

    /// Handles the end of a process with a place in the tree: its supervisor is ending it, or it is
    /// not restarted, or it waits as `Between` for its supervisor to restart it.
    #[inline]
    pub(crate) fn child_ended(&mut self, pid: Pid, reason: Reason) {
        let slot = &mut self.slots[pid.index()];
        let node = NodeId(slot.node);
        if slot.flags.take(Flags::ENDING) {
            return self.ended_on_request(pid, node, &reason);
        }
        let place = self.tree.place(node);
        let supervisor = match (&place.body, place.parent) {
            (Body::Many { .. }, _) => place.pid,
            (_, Some(parent)) => self.tree.place(parent).pid,
            (_, None) => {
                self.dead.get_or_insert(reason); // a root: the whole tree has ended
                return self.vacate(pid);
            }
        };
        if place.restart.is_over(&reason) {
            if let Body::One { .. } = place.body {
                return self.park(pid, node); // its group may restart it together with a sibling
            }
            return self.leave_tree(pid, node);
        }
        let registered = self.tree.place(node).registered;
        // The next life's address is valid from now on: messages to the place's name wait for its
        // start.
        let next = self.next_life(pid);
        if let Body::One { .. } = self.tree.place(node).body {
            self.tree.place_mut(node).pid = next;
            if let Some(name) = registered {
                self.register(name, next);
            }
        }
        let signal = Signal::ChildDown(self.out.causes.note(&reason));
        self.out.ring.push(Envelope { to: supervisor, from: next, signal });
    }

    /// Makes a slot wait for its next life, and returns the address of that.
    pub(super) fn next_life(&mut self, pid: Pid) -> Pid {
        let slot = &mut self.slots[pid.index()];
        slot.state = State::Between;
        let ended = Pid::new(pid.slot(), slot.generation);
        let next = ended.next_life().expect("fewer than 67 million lives in one place");
        slot.generation = next.generation();
        next
    }

    /// The common end, on the fast path: a process outside the tree, or one of many like children,
    /// ends normally. False if the end needs more, which `terminate` then does.
    #[inline(always)]
    pub(crate) fn end_common(&mut self, pid: Pid) -> bool {
        let slot = &mut self.slots[pid.index()];
        if slot.flags.any(Flags::ANYWHERE) || slot.links.watching != NONE {
            return false;
        }
        if let Err(why) = empty(&mut slot.body)
            && !mutation::REASON_IN_SPITE.is_on()
        {
            return self.ended_badly(why);
        }
        if slot.node != NO_NODE {
            let place = &mut self.tree.places[usize::from(slot.node)];
            let Body::Many { index, deaths, .. } = &mut place.body else { return false };
            if place.restart == Restart::Permanent {
                return false;
            }
            strike(index, deaths, slot.key, pid);
        }
        self.watch.ended(pid, slot.key, &Reason::Normal);
        if slot.links.watched != NONE {
            let newest = std::mem::replace(&mut slot.links.watched, NONE);
            self.out.notify_watchers(newest, pid, Cause::Normal);
        }
        let note = slot.vacate(pid, &mut self.out.free);
        self.out.notes.wipe(note);
        true
    }

    #[inline]
    pub(super) fn leave_tree(&mut self, pid: Pid, node: NodeId) {
        self.strike_key(pid, node);
        self.vacate(pid);
    }

    /// Removes one of many like children from its supervisor's index.
    pub(super) fn strike_key(&mut self, pid: Pid, node: NodeId) {
        let key = self.slots[pid.index()].key;
        if let Body::Many { index, deaths, .. } = &mut self.tree.place_mut(node).body {
            strike(index, deaths, key, pid);
        }
    }

    // ---- children are ended by their supervisor

    /// A supervisor that is not ending children ends these, the last one first, and then does
    /// `then`.
    pub(super) fn end_children(&mut self, node: NodeId, todo: Vec<NodeId>, then: Then) {
        let ending = Ending { todo, awaited: BTreeSet::new(), then, later: Vec::new() };
        self.tree.place_mut(node).ending = Some(Box::new(ending));
        self.go_on(node);
    }

    /// A supervisor ends in order: its children first, then itself. Tasks that waited are dropped.
    pub(crate) fn close(&mut self, node: NodeId, reason: Reason) {
        let place = self.tree.place_mut(node);
        let slot = &mut self.slots[place.pid.index()];
        if slot.state != State::Supervisor {
            return; // it is ending already
        }
        slot.state = State::Closing;
        let awaited = place.ending.take().map(|ending| ending.awaited).unwrap_or_default();
        let then = Then::Terminate(reason);
        let (todo, awaited) = match &place.body {
            Body::Group { children, .. } => (children.clone(), awaited),
            Body::Many { .. } | Body::One { .. } => (Vec::new(), self.begin_shutdown_of_many(node)),
        };
        let ending = Ending { todo, awaited, then, later: Vec::new() };
        self.tree.place_mut(node).ending = Some(Box::new(ending));
        self.go_on(node);
    }

    /// Ends children, one after the other, until one must be awaited; does `then` when all have
    /// ended.
    ///
    /// It reads the tree again in each round: ending a child can end this supervisor, or advance
    /// its `Ending`.
    pub(super) fn go_on(&mut self, node: NodeId) {
        loop {
            let Some(ending) = &mut self.tree.place_mut(node).ending else { return };
            if !ending.awaited.is_empty() {
                return;
            }
            let Some(child) = ending.todo.pop() else { break };
            if let Some(awaited) = self.begin_shutdown(child)
                && let Some(ending) = &mut self.tree.place_mut(node).ending
            {
                ending.awaited.insert(awaited);
            }
        }
        let place = self.tree.place_mut(node);
        let Some(ending) = place.ending.take() else { return };
        let Ending { then, later, .. } = *ending;
        match then {
            Then::Nothing => {}
            Then::Restart { dead, next } => self.restart_all(node, dead, next),
            Then::Terminate(reason) => {
                let pid = place.pid;
                return self.terminate_supervisor(pid, reason);
            }
        }
        for task in later {
            self.take_up(node, task);
        }
    }

    /// Ends a child, or sends it the exit signal and returns it: the supervisor must await it.
    fn begin_shutdown(&mut self, child: NodeId) -> Option<Pid> {
        let place = self.tree.place_mut(child);
        place.deaths = Deaths::default();
        let (pid, shutdown) = (place.pid, place.patience());
        if !self.is_there(pid) {
            return None;
        }
        match self.slots[pid.index()].state {
            State::Supervisor | State::Closing if shutdown == Shutdown::Kill => {
                self.end_now(child);
                None
            }
            State::Supervisor | State::Closing => {
                self.slots[pid.index()].flags.set(Flags::ENDING, true);
                self.close(child, Reason::Shutdown);
                if !self.is_there(pid) {
                    return None;
                }
                let by = self.supervisor_of(child);
                self.set_limit(pid, by, shutdown);
                Some(pid)
            }
            _ => self.shut_process_down(pid, child, shutdown),
        }
    }

    /// The same for all children of a supervisor of many, at the same time. Returns those to await.
    fn begin_shutdown_of_many(&mut self, node: NodeId) -> BTreeSet<Pid> {
        let mut awaited = BTreeSet::new();
        let shutdown = self.tree.place(node).shutdown;
        for index in (0..self.slots.len()).rev() {
            if let Some(child) = self.child_at(index, node)
                && let Some(awaits) = self.shut_process_down(child, node, shutdown)
            {
                awaited.insert(awaits);
            }
        }
        self.strike_keys(node, &awaited);
        awaited
    }

    /// The process in a slot, if it is a child of this supervisor of many.
    pub(super) fn child_at(&self, index: usize, node: NodeId) -> Option<Pid> {
        let slot = &self.slots[index];
        let is = slot.node == node.0 && matches!(slot.state, State::Alive | State::Between);
        let index = u32::try_from(index).ok().filter(|_| is)?;
        Some(Pid::new(index, slot.generation))
    }

    /// Empties the index of a supervisor of many, except for these children.
    fn strike_keys(&mut self, node: NodeId, but: &BTreeSet<Pid>) {
        if let Body::Many { index, deaths, .. } = &mut self.tree.place_mut(node).body {
            index.clear();
            deaths.clear();
            for pid in but {
                index.insert(self.slots[pid.index()].key, pid.slot());
            }
        }
    }

    /// Ends a process now; or, if it traps exits, sends it the exit signal and returns it to be
    /// awaited.
    pub(super) fn shut_process_down(
        &mut self,
        pid: Pid,
        node: NodeId,
        shutdown: Shutdown,
    ) -> Option<Pid> {
        let slot = &mut self.slots[pid.index()];
        if shutdown == Shutdown::Kill && slot.state == State::Alive {
            self.end_quietly(pid, &Reason::Killed);
            return None;
        }
        if slot.state != State::Alive || !slot.flags.any(Flags::TRAPS) {
            self.end_quietly(pid, &Reason::Shutdown);
            return None;
        }
        if !slot.flags.any(Flags::ENDING) {
            slot.flags.set(Flags::ENDING, true);
            let from = self.supervisor_of(node);
            self.send_shutdown(pid, from, shutdown);
        }
        Some(pid)
    }

    /// Sends the exit signal, and sets the timer of the kill if there is a limit. Both come from
    /// the same sender, so the kill cannot overtake the signal.
    pub(super) fn send_shutdown(&mut self, pid: Pid, from: Pid, shutdown: Shutdown) {
        let signal = Signal::Exit(Cause::Shutdown);
        self.out.ring.push(Envelope { to: pid, from, signal });
        self.set_limit(pid, from, shutdown);
    }

    /// The supervisor of a node; for a supervisor of many, itself, as the supervisor of its
    /// children.
    fn supervisor_of(&self, node: NodeId) -> Pid {
        let place = self.tree.place(node);
        match (&place.body, place.parent) {
            (Body::Many { .. }, _) => place.pid,
            (_, Some(parent)) => self.tree.place(parent).pid,
            (_, None) => Pid::OUTSIDE,
        }
    }

    /// Sets the timer that kills a process which does not end in time.
    fn set_limit(&mut self, pid: Pid, by: Pid, shutdown: Shutdown) {
        if let Shutdown::Within(after) = shutdown {
            self.out.timers_set += 1;
            let at = self.out.now.saturating_add(after);
            let timer = TimerRef { at, number: self.out.timers_set };
            self.set_timer(timer, pid, Due::Kill { by });
        }
    }

    /// Handles the end of a child that its supervisor was ending, and notifies the supervisor if it
    /// awaits the child.
    fn ended_on_request(&mut self, pid: Pid, node: NodeId, reason: &Reason) {
        let place = self.tree.place(node);
        let is_supervisor = place.pid == pid && !matches!(place.body, Body::One { .. });
        let above = match place.body {
            Body::Many { .. } if !is_supervisor => Some(node),
            _ => place.parent,
        };
        let awaiting = |place: &Place<P::Role>| {
            let is_awaited = place.ending.as_ref().is_some_and(|e| e.awaited.contains(&pid));
            is_awaited.then_some(place.pid)
        };
        let supervisor = above.and_then(|above| awaiting(self.tree.place(above)));
        match (&place.body, supervisor) {
            _ if is_supervisor => self.vacate(pid),
            (Body::Many { .. }, None) => self.leave_tree(pid, node), // this child alone was ended
            (Body::Many { .. }, Some(_)) => {
                self.strike_key(pid, node);
                self.park(pid, node);
            }
            _ => self.park(pid, node),
        }
        if let Some(to) = supervisor {
            let signal = Signal::ChildDown(self.out.causes.note(reason));
            self.out.ring.push(Envelope { to, from: pid, signal });
        }
    }

    // ---- supervisors end

    /// Ends a supervisor: all that is left below it at once, then itself, as a process does.
    pub(crate) fn terminate_supervisor(&mut self, pid: Pid, reason: Reason) {
        let node = NodeId(self.slots[pid.index()].node);
        self.end_below_now(node);
        self.count_end(pid, 0, &reason);
        let cause = self.out.causes.note(&reason);
        self.break_links(pid, cause);
        self.unregister(pid);
        let place = self.tree.place_mut(node);
        place.ending = None;
        // A branch that is given up alone keeps its count over its own ends: they are what it
        // counts.
        if place.given_up_as.is_none() || self.slots[pid.index()].flags.any(Flags::ENDING) {
            place.deaths = Deaths::default();
        }
        let Some(parent) = place.parent else {
            self.dead.get_or_insert(reason);
            self.forget_below(node);
            return self.vacate(pid);
        };
        if self.slots[pid.index()].flags.take(Flags::ENDING) {
            return self.ended_on_request(pid, node, &reason);
        }
        let place = self.tree.place(node);
        if !matches!(place.body, Body::Many { .. }) && place.restart.is_over(&reason) {
            return self.vacate(pid);
        }
        let next = self.next_life(pid);
        self.tree.place_mut(node).pid = next;
        let to = self.tree.place(parent).pid;
        let signal = Signal::ChildDown(self.out.causes.note(&reason));
        self.out.ring.push(Envelope { to, from: next, signal });
    }

    /// Kills a node's process or supervisor and all below it at once, without signals or restarts.
    fn end_now(&mut self, node: NodeId) {
        self.end_below_now(node);
        let place = self.tree.place_mut(node);
        (place.deaths, place.ending) = (Deaths::default(), None);
        let pid = place.pid;
        self.end_quietly(pid, &Reason::Killed);
    }

    /// The same for all below a node.
    fn end_below_now(&mut self, node: NodeId) {
        match &self.tree.place(node).body {
            Body::Group { children, .. } => {
                for child in children.clone().into_iter().rev() {
                    self.end_now(child);
                }
            }
            Body::Many { index, .. } if index.children() == 0 => {}
            Body::Many { .. } => {
                for index in (0..self.slots.len()).rev() {
                    if let Some(child) = self.child_at(index, node) {
                        self.end_quietly(child, &Reason::Killed);
                    }
                }
                self.strike_keys(node, &BTreeSet::new());
            }
            Body::One { .. } => {}
        }
    }

    /// Forgets all that is parked at and below a node.
    pub(super) fn forget_below(&mut self, node: NodeId) {
        self.forget_parked(node, true);
        if let Body::Group { children, .. } = &self.tree.place(node).body {
            for child in children.clone() {
                self.forget_below(child);
            }
        }
    }

    /// Ends a process or supervisor without notifying its own supervisor, which is what ends it.
    pub(super) fn end_quietly(&mut self, pid: Pid, reason: &Reason) {
        if !self.is_there(pid) {
            return;
        }
        let slot = &mut self.slots[pid.index()];
        let node = NodeId(std::mem::replace(&mut slot.node, NO_NODE));
        let key = slot.key;
        let reason = self.end_body(pid, reason.clone());
        self.count_end(pid, key, &reason);
        let cause = self.out.causes.note(&reason);
        self.break_links(pid, cause);
        self.unregister(pid);
        let place = self.tree.place(node);
        let is_supervisor = place.pid == pid && !matches!(place.body, Body::One { .. });
        if is_supervisor { self.vacate(pid) } else { self.park(pid, node) }
    }
}
