//! Control of a running tree: ends, starts, deletes and lists children on request.

use std::borrow::Cow;

use crate::reason::Cause;
use crate::signal::{ChildId, Control};
use crate::tree::{Body, NodeId, Shutdown, Task};
use crate::world::World;
use crate::world::slot::{Flags, State};
use crate::{Name, Pid, Process, Reason, Watch, mutation};

/// Why a child is not ended, started or deleted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ControlError {
    /// There is no such child.
    NotThere,
    /// It is running, and must be ended first.
    Running,
    /// Its supervisor is not running, or is ending.
    NoSupervisor,
    /// It is a root, which has no supervisor: see [`World::shut_down`].
    Root,
}

/// A child of a supervisor: a snapshot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Child {
    /// Its name in its group; for many like children, the name of their place.
    pub name: Cow<'static, str>,
    /// Its place in the tree; for one of many like children, its supervisor's.
    pub node: NodeId,
    /// Its key under a supervisor of many; 0 elsewhere.
    pub key: u64,
    /// Its address; while it waits to be restarted, that of its next life. `None` if it has ended.
    pub pid: Option<Pid>,
    /// True if it is a supervisor.
    pub supervises: bool,
    /// True if its supervisor is ending it.
    pub is_ending: bool,
}

/// Numbers of a supervisor's children.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Children {
    /// All, running or not.
    pub all: usize,
    /// Those that are alive.
    pub alive: usize,
    /// Those that are supervisors.
    pub supervisors: usize,
}

impl<P: Process, W: Watch<P>> World<P, W> {
    /// Starts a node that was just added.
    pub(crate) fn start_grown(&mut self, parent: Option<NodeId>, node: NodeId) {
        match parent {
            // A group that is not running starts it with its other children.
            Some(parent) => self.take_up(parent, Task::Start(node)),
            None => {
                self.launch(node);
            }
        }
    }

    /// Ends all trees in order: each supervisor ends its children in reverse, each within its
    /// [`Shutdown`]. At once if no process traps exits; otherwise it continues by signals and
    /// timers: run the world, and advance its time to [`World::next_timer`], until [`World::death`]
    /// is [`Reason::Shutdown`]. Processes outside the tree go on.
    pub fn shut_down(&mut self) {
        let roots = self.tree.roots().rev().collect::<Vec<_>>();
        for root in roots {
            let place = self.tree.place(root);
            let (pid, shutdown) = (place.pid, place.shutdown);
            if !self.is_alive(pid) {
                continue;
            }
            match place.body {
                Body::Group { .. } | Body::Many { .. } => self.close(root, Reason::Shutdown),
                Body::One { .. } if shutdown == Shutdown::Kill => {
                    self.terminate(pid, Reason::Killed)
                }
                Body::One { .. } if self.slots[pid.index()].flags.any(Flags::TRAPS) => {
                    self.send_shutdown(pid, Pid::OUTSIDE, shutdown);
                }
                Body::One { .. } => self.terminate(pid, Reason::Shutdown),
            }
        }
    }

    /// Ends a child of a group, with all below it, without a restart. It keeps its place:
    /// [`World::restart_child`] starts it again, and so does a restart of the group or, by
    /// strategy, of a sibling.
    ///
    /// If the supervisor is ending other children, this waits until it is done.
    pub fn terminate_child(&mut self, child: NodeId) -> Result<(), ControlError> {
        let parent = self.parent_of(child)?;
        self.take_up(parent, Task::Terminate(child));
        Ok(())
    }

    /// Starts a child of a group that is not running: its next life, with the note of its last one.
    pub fn restart_child(&mut self, child: NodeId) -> Result<(), ControlError> {
        let parent = self.parent_of(child)?;
        if self.is_there(self.tree.place(child).pid) {
            return Err(ControlError::Running);
        }
        self.take_up(parent, Task::Start(child));
        Ok(())
    }

    /// Deletes a child of a group that is not running, with all below it, for good.
    pub fn delete_child(&mut self, child: NodeId) -> Result<(), ControlError> {
        let parent = self.parent_of(child)?;
        if self.is_there(self.tree.place(child).pid) {
            return Err(ControlError::Running);
        }
        self.forget_below(child);
        self.tree.place_mut(child).deleted = true;
        if let Body::Group { children, .. } = &mut self.tree.place_mut(parent).body {
            children.retain(|other| *other != child);
        }
        Ok(())
    }

    /// Ends one of many like children. Its key is free when it has ended.
    pub fn terminate_one_of(&mut self, many: NodeId, key: u64) -> Result<(), ControlError> {
        let pid = self.child(many, key).ok_or(ControlError::NotThere)?;
        let shutdown = self.tree.place(many).shutdown;
        let slot = &self.slots[pid.index()];
        if slot.state == State::Between {
            self.watch.ended(pid, key, &Reason::Shutdown);
            self.break_links(pid, Cause::Shutdown); // of watchers of its next life
            self.leave_tree(pid, many);
        } else if slot.flags.any(Flags::TRAPS) && shutdown != Shutdown::Kill {
            self.shut_process_down(pid, many, shutdown);
        } else {
            let reason = if shutdown == Shutdown::Kill { Reason::Killed } else { Reason::Shutdown };
            self.slots[pid.index()].flags.set(Flags::ENDING, true);
            self.terminate(pid, reason);
        }
        Ok(())
    }

    /// Gives up one of many like children, as if it had exceeded its intensity: see
    /// [`Process::given_up`].
    pub fn give_up_one_of(&mut self, many: NodeId, key: u64) -> Result<(), ControlError> {
        let mut pid = self.child(many, key).ok_or(ControlError::NotThere)?;
        if self.slots[pid.index()].flags.any(Flags::ENDING) && !mutation::GIVEN_UP_UNHEARD.is_on() {
            // It is ending anyway, and its supervisor may await that.
            self.terminate(pid, Reason::Killed);
            return Ok(());
        }
        if self.slots[pid.index()].state == State::Alive {
            let reason = self.end_body(pid, Reason::Killed);
            self.watch.ended(pid, key, &reason);
            self.break_links(pid, Cause::Killed);
            self.unregister(pid);
            pid = self.next_life(pid);
        }
        self.give_up(pid, many);
        Ok(())
    }

    /// Starts one of many like children from its supervisor's role. If it was given up, it gets the
    /// next incarnation and the note of its last life.
    pub fn restart_one_of(&mut self, many: NodeId, key: u64) -> Result<Pid, ControlError> {
        if self.child(many, key).is_some() {
            return Err(ControlError::Running);
        }
        if !self.takes_children(many) {
            return Err(ControlError::NoSupervisor);
        }
        match self.tree.place(many).body {
            Body::Many { .. } => Ok(self.start_one_of(many, key)),
            Body::One { .. } | Body::Group { .. } => Err(ControlError::NotThere),
        }
    }

    /// Forgets the incarnation and note of one of many like children that was given up: it is never
    /// started again.
    pub fn forget_one_of(&mut self, many: NodeId, key: u64) {
        self.forget_parked_key(many, key);
    }

    fn parent_of(&self, child: NodeId) -> Result<NodeId, ControlError> {
        let place = self.tree.places.get(usize::from(child.0)).filter(|place| !place.deleted);
        let parent = place.ok_or(ControlError::NotThere)?.parent.ok_or(ControlError::Root)?;
        if self.takes_children(parent) { Ok(parent) } else { Err(ControlError::NoSupervisor) }
    }

    /// Handles a process's request. A request that fails has no effect: the process monitors the
    /// child if it matters.
    pub(super) fn on_control(&mut self, node: NodeId, control: Control) {
        let _failed = match control {
            Control::Terminate(ChildId::Key(key)) => self.terminate_one_of(node, key),
            Control::Terminate(ChildId::Named(name)) => {
                self.child_named(node, name).and_then(|child| self.terminate_child(child))
            }
            Control::GiveUp(key) => self.give_up_one_of(node, key),
            Control::Restart(name) => {
                self.child_named(node, name).and_then(|child| self.restart_child(child))
            }
        };
    }

    fn child_named(&self, group: NodeId, name: Name) -> Result<NodeId, ControlError> {
        let Body::Group { children, .. } = &self.tree.place(group).body else {
            return Err(ControlError::NotThere);
        };
        let named = |child: &&NodeId| self.tree.place(**child).registered == Some(name);
        children.iter().find(named).copied().ok_or(ControlError::NotThere)
    }

    /// The children of a supervisor: of a group in order of start, of many by index. None for a
    /// single process. O(children) for a group, O(processes of the world) for many.
    pub fn which_children(&self, supervisor: NodeId) -> Vec<Child> {
        let place = self.tree.place(supervisor);
        match &place.body {
            Body::One { .. } => Vec::new(),
            Body::Group { children, .. } => {
                children.iter().map(|child| self.snapshot(*child)).collect()
            }
            Body::Many { .. } => {
                let children = (0..self.slots.len()).filter_map(|i| self.child_at(i, supervisor));
                let child = |pid: Pid| {
                    let slot = &self.slots[pid.index()];
                    let is_ending = slot.flags.any(Flags::ENDING);
                    let (name, key) = (place.name.clone(), slot.key);
                    let (node, pid) = (supervisor, Some(pid));
                    Child { name, node, key, pid, supervises: false, is_ending }
                };
                children.map(child).collect()
            }
        }
    }

    fn snapshot(&self, node: NodeId) -> Child {
        let place = self.tree.place(node);
        let pid = Some(place.pid).filter(|pid| self.is_there(*pid));
        let is_ending = pid.is_some_and(|pid| self.slots[pid.index()].flags.any(Flags::ENDING));
        let supervises = !matches!(place.body, Body::One { .. });
        Child { name: place.name.clone(), node, key: 0, pid, supervises, is_ending }
    }

    /// Numbers of a supervisor's children. Costs what [`World::which_children`] does.
    pub fn count_children(&self, supervisor: NodeId) -> Children {
        let children = self.which_children(supervisor);
        let is_alive = |child: &&Child| child.pid.is_some_and(|pid| self.is_alive(pid));
        Children {
            all: children.len(),
            alive: children.iter().filter(is_alive).count(),
            supervisors: children.iter().filter(|child| child.supervises).count(),
        }
    }
}
