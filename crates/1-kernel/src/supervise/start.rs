//! Starts: of a branch for the first time, of a child after a death, of siblings that were ended with it.
//! A child that cannot be made does not start; a supervisor one of whose children does not start does not
//! start itself, and ends those that it had started, in reverse.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::discard::why;
use crate::signal::{Envelope, Signal};
use crate::tree::{Body, Index, NodeId, Restart, Strategy};
use crate::world::World;
use crate::world::slot::{Flags, State};
use crate::{Event, Pid, Process, Reason, StartContext, StateMachine, Watch, mutation};

impl<P: Process, W: Watch<P>> World<P, W> {
    /// Starts a node, and tries again as its supervisor bears it if that fails. False if it failed.
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

    /// Starts a node and all below it, in order. At the first that cannot be made it stops.
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
                        self.start_one_of(node, key); // one that is named twice is one
                    }
                }
                self.forget_parked(node, false); // of those who are not to come back
            }
        }
        Ok(())
    }

    /// Keys of the children that a supervisor of many has from its start, or why that could not be said.
    fn keys_of(&self, node: NodeId) -> Result<Vec<u64>, Reason> {
        let place = self.tree.place(node);
        let Body::Many { role, .. } = &place.body else { return Ok(Vec::new()) };
        let keys = || P::children(role, &self.out.state_machine);
        catch_unwind(AssertUnwindSafe(keys)).map_err(|panic| {
            Reason::Failed(format!("{} did not start: {}", place.name, why(panic)).into())
        })
    }

    /// Starts one of many like children from its role: its next life, if it had any before.
    pub(super) fn start_one_of(&mut self, node: NodeId, key: u64) -> Pid {
        let pid = self.place_next(node, key);
        self.tree.enrol(node, key, pid);
        if self.tree.index(node).is_some_and(|index| !index.is_whole()) {
            self.out.state_machine.is_placed(key, pid.slot());
        }
        match self.make(pid) {
            Ok(()) => {
                let from = self.tree.place(node).pid;
                self.out.ring.push(Envelope { to: pid, from, signal: Signal::Start });
            }
            Err(reason) => self.terminate(pid, reason), // it will be given up alone
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

    /// Makes the process of a place, or says why that could not be done.
    fn make(&mut self, pid: Pid) -> Result<(), Reason> {
        let slot = &self.slots[pid.index()];
        let Some(role) = self.tree.place(NodeId(slot.node)).body.role() else { return Ok(()) };
        let note = self.out.notes.get(slot.note);
        let life = StartContext { key: slot.key, incarnation: slot.incarnation, note };
        let made = catch_unwind(AssertUnwindSafe(|| P::start(role, life)));
        let process = made.map_err(|panic| Reason::Failed(why(panic)))?;
        self.slots[pid.index()].body = Some(process);
        Ok(())
    }

    /// Makes the process of a place and begins its life. If it cannot be made, it has died of that: false.
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

    /// Gives a process its first event, within its supervisor's step: so nothing else can come first.
    /// Should it die of it, it has started all the same, and its siblings are started.
    fn begin(&mut self, pid: Pid) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.step(pid, Event::Start))) {
            self.crashed(panic);
        }
    }

    /// Starts a dead child again, and those who were ended with it. If one does not start, its
    /// supervisor will hear of that, and those after it wait for the next attempt.
    pub(super) fn restart_all(&mut self, parent: NodeId, dead: NodeId, life: Pid) {
        let (strategy, siblings) = self.affected(parent, dead);
        let first = (strategy != Strategy::OneForAll).then_some(dead);
        for node in first.into_iter().chain(siblings) {
            let started =
                if node == dead { self.restart_node(dead, life) } else { self.come_back(node) };
            if !started {
                return;
            }
        }
    }

    /// Starts a node that was ended with a sibling; what is temporary stays away.
    fn come_back(&mut self, node: NodeId) -> bool {
        let place = self.tree.place(node);
        let stays = place.restart == Restart::Temporary && !matches!(place.body, Body::Many { .. });
        stays || self.start_again(node)
    }

    /// Starts a node unless it is there, or was taken out of the tree meanwhile. False if it did not start.
    pub(super) fn start_again(&mut self, node: NodeId) -> bool {
        let place = self.tree.place(node);
        let is_out = place.deleted && !mutation::DELETED_STARTS.is_on();
        is_out || self.is_there(place.pid) || self.launch(node)
    }

    fn restart_node(&mut self, node: NodeId, life: Pid) -> bool {
        if !self.is_between(life) {
            return true; // it was ended by order meanwhile
        }
        match self.tree.place(node).body {
            Body::One { .. } => self.restart(life),
            _ => {
                self.vacate(life);
                self.launch(node)
            }
        }
    }

    /// Begins the next life in a place: same index, same note, next incarnation.
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
