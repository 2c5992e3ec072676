//! Children that are ended, started again, taken out and looked at by order, while the world runs.

use std::borrow::Cow;

use crate::reason::Cause;
use crate::signal::{ChildId, Control};
use crate::tree::{Body, NodeId, Shutdown, Task};
use crate::world::World;
use crate::world::slot::{Flags, State};
use crate::{Name, Pid, Process, Reason, Watch, mutation};

/// Why a child is not ended, started or taken out by order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ControlError {
    /// There is no such child.
    NotThere,
    /// It is there, and would have to be ended first.
    Running,
    /// Its supervisor is not there, or about to end.
    NoSupervisor,
    /// It is a root, which nobody supervises: see [`World::shut_down`].
    Root,
}

/// A child of a supervisor, as it is now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Child {
    /// What it is called in its group; of many like children, what all are called.
    pub name: Cow<'static, str>,
    /// Its place in the tree; of one of many like children, its supervisor's.
    pub node: NodeId,
    /// Its key under a supervisor of many; 0 elsewhere.
    pub key: u64,
    /// Where it is; `None` while it is ended. Between two lives this is the next one's address.
    pub pid: Option<Pid>,
    /// True if it is a supervisor.
    pub supervises: bool,
    /// True if its supervisor has asked it to end, and it is not gone.
    pub is_ending: bool,
}

/// How many children a supervisor has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Children {
    /// All that are in its books, there or not.
    pub all: usize,
    /// Those that live.
    pub alive: usize,
    /// Supervisors among all.
    pub supervisors: usize,
}

impl<P: Process, W: Watch<P>> World<P, W> {
    /// Starts what was grown.
    pub(crate) fn start_grown(&mut self, parent: Option<NodeId>, node: NodeId) {
        match parent {
            // A group that is not there will start it with its others.
            Some(parent) => self.take_up(parent, Task::Start(node)),
            None => {
                self.launch(node);
            }
        }
    }

    /// Ends the whole tree in good order: each supervisor its children in reverse, each child asked and given
    /// its time ([`Shutdown`]). The rest is signals and timers: run the world, and move its time to
    /// [`World::next_timer`] while [`World::death`] is `None`; then that is [`Reason::Shutdown`]. At once
    /// if nobody traps exits. Processes outside the tree are nobody's children, and left alone.
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

    /// Ends a child of a group with all below it, and does not restart it. It keeps its place: see
    /// [`World::restart_child`]. A restart of the group or, by strategy, of a sibling brings it back as well.
    ///
    /// Like everything a supervisor does, that waits until it has ended whom it is just ending.
    pub fn terminate_child(&mut self, child: NodeId) -> Result<(), ControlError> {
        let parent = self.parent_of(child)?;
        self.take_up(parent, Task::Terminate(child));
        Ok(())
    }

    /// Starts a child of a group that was ended, or that ended by itself and was not restarted: its next life, with
    /// the note that the last one left.
    pub fn restart_child(&mut self, child: NodeId) -> Result<(), ControlError> {
        let parent = self.parent_of(child)?;
        if self.is_there(self.tree.place(child).pid) {
            return Err(ControlError::Running);
        }
        self.take_up(parent, Task::Start(child));
        Ok(())
    }

    /// Takes a child of a group that is not there out of the tree, with all below it, for good.
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

    /// Ends one of many like children. Its place is freed when it is gone.
    pub fn terminate_one_of(&mut self, many: NodeId, key: u64) -> Result<(), ControlError> {
        let pid = self.child(many, key).ok_or(ControlError::NotThere)?;
        let shutdown = self.tree.place(many).shutdown;
        let slot = &self.slots[pid.index()];
        if slot.state == State::Between {
            self.watch.ended(pid, key, &Reason::Shutdown);
            self.break_links(pid, Cause::Shutdown); // who has watched for the next life
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

    /// Gives up on one of many like children, as if it had died too often: see [`Process::given_up`].
    pub fn give_up_one_of(&mut self, many: NodeId, key: u64) -> Result<(), ControlError> {
        let mut pid = self.child(many, key).ok_or(ControlError::NotThere)?;
        if self.slots[pid.index()].flags.any(Flags::ENDING) && !mutation::GIVEN_UP_UNHEARD.is_on() {
            self.terminate(pid, Reason::Killed); // it is to end anyhow, and its supervisor may wait for that
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

    /// Starts one of many like children from its supervisor's role: one that was given up, which gets the next
    /// incarnation and its last life's note, or one that never was.
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

    /// Forgets one of many like children that was given up: it will never be started again.
    pub fn forget_one_of(&mut self, many: NodeId, key: u64) {
        self.forget_parked_key(many, key);
    }

    fn parent_of(&self, child: NodeId) -> Result<NodeId, ControlError> {
        let place = self.tree.places.get(usize::from(child.0)).filter(|place| !place.deleted);
        let parent = place.ok_or(ControlError::NotThere)?.parent.ok_or(ControlError::Root)?;
        if self.takes_children(parent) { Ok(parent) } else { Err(ControlError::NoSupervisor) }
    }

    /// What a process has ordered: its supervisor's step. What cannot be done is not.
    pub(super) fn on_control(&mut self, node: NodeId, control: Control) {
        let _refused = match control {
            Control::Terminate(ChildId::Key(key)) => self.terminate_one_of(node, key),
            Control::Terminate(ChildId::Named(name)) => {
                self.child_named(node, name).and_then(|child| self.terminate_child(child))
            }
            Control::GiveUp(key) => self.give_up_one_of(node, key),
            Control::Restart(name) => {
                self.child_named(node, name).and_then(|child| self.restart_child(child))
            }
        }; // whoever must know watches the child
    }

    fn child_named(&self, group: NodeId, name: Name) -> Result<NodeId, ControlError> {
        let Body::Group { children, .. } = &self.tree.place(group).body else {
            return Err(ControlError::NotThere);
        };
        let named = |child: &&NodeId| self.tree.place(**child).registered == Some(name);
        children.iter().find(named).copied().ok_or(ControlError::NotThere)
    }

    /// The children of a supervisor: of a group in order of start, of many by address. Of a single process none.
    /// O(children) for a group, O(processes of the world) for many.
    pub fn which_children(&self, supervisor: NodeId) -> Vec<Child> {
        let place = self.tree.place(supervisor);
        match &place.body {
            Body::One { .. } => Vec::new(),
            Body::Group { children, .. } => {
                children.iter().map(|child| self.look_at(*child)).collect()
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

    fn look_at(&self, node: NodeId) -> Child {
        let place = self.tree.place(node);
        let pid = Some(place.pid).filter(|pid| self.is_there(*pid));
        let is_ending = pid.is_some_and(|pid| self.slots[pid.index()].flags.any(Flags::ENDING));
        let supervises = !matches!(place.body, Body::One { .. });
        Child { name: place.name.clone(), node, key: 0, pid, supervises, is_ending }
    }

    /// How many children a supervisor has. Costs what [`World::which_children`] does.
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
