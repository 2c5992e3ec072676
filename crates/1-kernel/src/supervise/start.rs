//! Starts: of a branch for the first time, of a child after its end, of siblings that were ended
//! with it. A child whose `start` panics does not start. Its supervisor then does not start either,
//! and ends the children it has started, in reverse order.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::discard::why;
use crate::signal::{Envelope, Signal};
use crate::tree::{Body, Index, NodeId, Restart, Strategy};
use crate::world::World;
use crate::world::slot::{Flags, State};
use crate::{Event, Pid, Process, Reason, StartContext, StateMachine, Watch, mutation};

impl<P: Process, W: Watch<P>> World<P, W> {
    /// Starts a node. If that fails, it ends, and its supervisor restarts it within its intensity.
    /// False if it failed.
    pub(crate) fn launch(&mut self, node: NodeId) -> bool {
        let Body::One { .. } = self.tree.place(node).body else {
            return match self.start_node(node) {
                Ok(()) => true,
                Err(reason) => {
                    self.close(node, reason);
                    false
                }
            };
        };
        let pid = self.place_one(node);
        self.make_or_terminate(pid)
    }

    /// Starts a node and all below it, in order, up to the first that does not start.
    fn start_node(&mut self, node: NodeId) -> Result<(), Reason> {
        match &self.tree.place(node).body {
            Body::One { .. } => {
                let pid = self.place_one(node);
                if let Err(reason) = self.make(pid) {
                    self.end_quietly(pid, &reason);
                    let why = format!("{} did not start: {reason}", self.tree.place(node).name);
                    return Err(Reason::Failed(why.into()));
                }
                self.begin(pid);
            }
            Body::Group { children, .. } => {
                let children = children.clone();
                self.place_supervisor(node);
                for child in children {
                    self.start_node(child)?;
                }
            }
            Body::Many { .. } => {
                self.place_supervisor(node);
                for key in self.keys_of(node)? {
                    let is_whole = self.tree.index(node).is_some_and(Index::is_whole);
                    if !is_whole || self.child(node, key).is_none() {
                        self.start_one_of(node, key); // a key that is listed twice is one child
                    }
                }
                self.forget_parked(node, false); // of children that the log no longer names
            }
        }
        Ok(())
    }

    /// Keys of the children that a supervisor of many starts with, or the panic of
    /// [`Process::children`].
    fn keys_of(&self, node: NodeId) -> Result<Vec<u64>, Reason> {
        let place = self.tree.place(node);
        let Body::Many { role, .. } = &place.body else { return Ok(Vec::new()) };
        let keys = || P::children(role, &self.out.state_machine);
        catch_unwind(AssertUnwindSafe(keys)).map_err(|panic| {
            Reason::Failed(format!("{} did not start: {}", place.name, why(panic)).into())
        })
    }

    /// Starts one of many like children from its role, with its parked incarnation and note, if
    /// any.
    pub(super) fn start_one_of(&mut self, node: NodeId, key: u64) -> Pid {
        let pid = self.place_next(node, key);
        self.tree.enrol(node, key, pid);
        // No fact holds the address of this process, so this call updates the state machine's index.
        if self.tree.index(node).is_some_and(|index| !index.is_whole()) {
            self.out.state_machine.is_placed(key, pid.slot());
        }
        match self.make(pid) {
            Ok(()) => {
                let from = self.tree.place(node).pid;
                self.out.ring.push(Envelope { to: pid, from, signal: Signal::Start });
            }
            Err(reason) => self.terminate(pid, reason), // counts against this child alone
        }
        pid
    }

    fn place_one(&mut self, node: NodeId) -> Pid {
        let pid = self.place_next(node, 0);
        let place = self.tree.place_mut(node);
        place.pid = pid;
        if let Some(name) = place.registered {
            self.register(name, pid);
        }
        pid
    }

    fn place_supervisor(&mut self, node: NodeId) {
        let pid = self.out.address();
        self.place_process(pid, |_| None, node.0, 0, 1, State::Supervisor);
        let place = self.tree.place_mut(node);
        place.pid = pid;
        if let Some(name) = place.registered {
            self.register(name, pid);
        }
    }

    /// Constructs the process of a place, or returns the panic of [`Process::start`].
    fn make(&mut self, pid: Pid) -> Result<(), Reason> {
        let slot = &self.slots[pid.index()];
        let Some(role) = self.tree.place(NodeId(slot.node)).body.role() else { return Ok(()) };
        let note = self.out.notes.get(slot.note);
        let context = StartContext { key: slot.key, incarnation: slot.incarnation, note };
        let made = catch_unwind(AssertUnwindSafe(|| P::start(role, context)));
        let process = made.map_err(|panic| Reason::Failed(why(panic)))?;
        self.slots[pid.index()].body = Some(process);
        Ok(())
    }

    /// Constructs the process of a place and gives it its first event. False if it could not be
    /// constructed, which ends it like any failure.
    fn make_or_terminate(&mut self, pid: Pid) -> bool {
        match self.make(pid) {
            Ok(()) => {
                self.begin(pid);
                true
            }
            Err(reason) => {
                self.terminate(pid, reason);
                false
            }
        }
    }

    /// Gives a process its first event, within its supervisor's step, so that no other event can
    /// come first. If the process panics in it, it has started nevertheless, and its siblings are
    /// started.
    fn begin(&mut self, pid: Pid) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.step(pid, Event::Start))) {
            self.crashed(panic);
        }
    }

    /// Restarts a dead child, at the address `next`, and the siblings that were ended with it. If
    /// one does not start, its supervisor gets a `ChildDown` for it, and those after it wait for
    /// the next attempt.
    pub(super) fn restart_all(&mut self, parent: NodeId, dead: NodeId, next: Pid) {
        let (strategy, siblings) = self.affected(parent, dead);
        let first = (strategy != Strategy::OneForAll).then_some(dead);
        for node in first.into_iter().chain(siblings) {
            let started =
                if node == dead { self.restart_node(dead, next) } else { self.come_back(node) };
            if !started {
                return;
            }
        }
    }

    /// Starts a node that was ended with a sibling, unless it is temporary.
    fn come_back(&mut self, node: NodeId) -> bool {
        let place = self.tree.place(node);
        let stays = place.restart == Restart::Temporary && !matches!(place.body, Body::Many { .. });
        stays || self.start_again(node)
    }

    /// Starts a node unless it is running or was deleted meanwhile. False if it did not start.
    pub(super) fn start_again(&mut self, node: NodeId) -> bool {
        let place = self.tree.place(node);
        let is_deleted = place.deleted && !mutation::DELETED_STARTS.is_on();
        is_deleted || self.is_there(place.pid) || self.launch(node)
    }

    fn restart_node(&mut self, node: NodeId, next: Pid) -> bool {
        if !self.is_between(next) {
            return true; // it was ended on request meanwhile
        }
        match self.tree.place(node).body {
            Body::One { .. } => self.restart(next),
            // A supervisor starts anew in a slot of its own, and so do all below it.
            _ => {
                self.vacate(next);
                self.launch(node)
            }
        }
    }

    /// Starts the next life in a slot: same index and note, next incarnation. Links to this address
    /// stay, since they were set after the former life ended.
    pub(super) fn restart(&mut self, pid: Pid) -> bool {
        let slot = &self.slots[pid.index()];
        let key = slot.key;
        let incarnation = slot.incarnation.checked_add(1).expect("fewer than 2^32 restarts");
        let slot = &mut self.slots[pid.index()];
        slot.state = State::Alive;
        if !mutation::SAME_INCARNATION.is_on() {
            slot.incarnation = incarnation;
        }
        slot.flags.set(Flags::TRAPS, false);
        self.watch.started(pid, key, incarnation);
        self.make_or_terminate(pid)
    }
}
