//! Supervisors: which signals they handle, which children they restart, and when they give up. A
//! supervisor is the kernel's own kind of process: it takes its signals in order, as every process
//! does, and keeps its state in the tree.

pub(crate) mod control;
mod end;
mod start;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::discard::why;
use crate::reason::Cause;
use crate::signal::{Envelope, Signal};
use crate::tree::{Body, Deaths, NodeId, Strategy, Task, Then};
use crate::world::World;
use crate::world::slot::{Flags, State};
use crate::{Pid, Process, Reason, Watch, mutation};

impl<P: Process, W: Watch<P>> World<P, W> {
    /// A supervisor's step.
    pub(crate) fn supervise(&mut self, envelope: &Envelope<P::Message>) {
        let &Envelope { to, from, ref signal } = envelope;
        let node = NodeId(self.slots[to.index()].node);
        match *signal {
            Signal::ChildDown(_) => self.on_child_down(node, from),
            Signal::Control(control) => self.on_control(node, control),
            Signal::Exit(Cause::Killed) => self.terminate_supervisor(to, Reason::Killed),
            Signal::Exit(cause)
                if from == self.parent_pid(node) || mutation::STRANGERS_EXIT.is_on() =>
            {
                let reason = self.out.causes.tell(cause);
                self.close(node, reason);
            }
            Signal::Exit(_) => {} // it traps exits, and ignores all but its parent's
            Signal::Linked(link, _) | Signal::Down(link, _) => {
                self.use_up(to, link); // it traps exits, and has no handler
            }
            Signal::Remote(remote) => {
                self.on_remote_signal(to, from, remote); // as above, from another world
            }
            Signal::Message(_) | Signal::Start | Signal::Timer(_) => {}
        }
    }

    /// The supervisor above a node; the outside for a root.
    fn parent_pid(&self, node: NodeId) -> Pid {
        self.tree.place(node).parent.map_or(Pid::OUTSIDE, |parent| self.tree.place(parent).pid)
    }

    /// Handles the end of a child. If the supervisor is ending children and this is one of them, it
    /// goes on with the next; otherwise the end waits until it is done.
    fn on_child_down(&mut self, node: NodeId, child: Pid) {
        if let Some(ending) = &mut self.tree.place_mut(node).ending
            && ending.awaited.remove(&child)
        {
            return self.go_on(node);
        }
        self.take_up(node, Task::Down(child));
    }

    /// Does a task now, or, while the supervisor is ending children, afterwards.
    fn take_up(&mut self, node: NodeId, task: Task) {
        if let Some(ending) = &mut self.tree.place_mut(node).ending {
            return ending.later.push(task);
        }
        if !self.takes_children(node) {
            return; // an earlier task has ended it, and all its children with it
        }
        match task {
            Task::Down(child) => self.child_down(child),
            Task::Start(child) => {
                self.start_again(child);
            }
            Task::Terminate(child) => self.end_children(node, vec![child], Then::Nothing),
        }
    }

    /// Restarts a child that has ended, or gives up if that exceeds the intensity.
    fn child_down(&mut self, child: Pid) {
        if !self.is_between(child) {
            return; // it was ended together with others since
        }
        let node = NodeId(self.slots[child.index()].node);
        let now = self.out.now;
        let place = self.tree.place_mut(node);
        let intensity = place.intensity;
        if let Body::Many { deaths, .. } = &mut place.body
            && place.pid != child
        {
            // One of many: its restarts count for it alone.
            let count: &mut Deaths = deaths.entry(child.slot()).or_default();
            if count.one_more(now, intensity) {
                return self.give_up(child, node);
            }
            self.restart(child);
            return;
        }
        let Some(parent) = place.parent else { return };
        // A branch that is given up alone counts its own ends; all others count against their
        // group.
        let counts = if place.given_up_as.is_some() { node } else { parent };
        let counted = self.tree.place_mut(counts);
        let intensity = counted.intensity;
        if counted.deaths.one_more(now, intensity) {
            return self.exceed_intensity(counts);
        }
        let then = Then::Restart { dead: node, next: child };
        let (_, siblings) = self.affected(parent, node);
        let todo = siblings.into_iter().filter(|sibling| *sibling != node).collect();
        self.end_children(parent, todo, then);
    }

    /// A group has exceeded its intensity: it ends with a failure, or is given up alone.
    fn exceed_intensity(&mut self, node: NodeId) {
        let place = self.tree.place(node);
        let why = format!("{} exceeded its restart intensity", place.name);
        let (pid, given_up_as) = (place.pid, place.given_up_as.clone());
        if let Some(role) = given_up_as {
            let fact = P::given_up(&role, 0, self.state_machine());
            if let Some(fact) = fact.filter(|_| !mutation::GIVEN_UP_IN_SILENCE.is_on()) {
                let _rejected = self.record_by(pid, fact);
            }
            if self.is_between(pid) {
                // Its own end was the one too many: it is not running, and is not restarted.
                self.tree.place_mut(node).deaths = Deaths::default();
                return self.vacate(pid);
            }
            // So its supervisor does not restart it.
            self.slots[pid.index()].flags.set(Flags::ENDING, true);
        }
        self.close(node, Reason::Failed(why.into()));
    }

    /// A group's strategy, and the siblings that it restarts with a dead child, in order of start.
    fn affected(&self, parent: NodeId, dead: NodeId) -> (Strategy, Vec<NodeId>) {
        let Body::Group { strategy, children } = &self.tree.place(parent).body else {
            return (Strategy::OneForOne, Vec::new());
        };
        let position = children.iter().position(|c| *c == dead).unwrap_or(children.len());
        let also: &[NodeId] = match strategy {
            Strategy::OneForOne => &[],
            Strategy::OneForAll => children,
            Strategy::RestForOne => children.get(position + 1..).unwrap_or_default(),
        };
        (*strategy, also.to_vec())
    }

    /// Gives up one of many like children: frees its slot, records the fact and sends the message
    /// of `P::given_up` and `P::gave_up`. Its incarnation and note stay parked, in case it is
    /// started on request.
    fn give_up(&mut self, child: Pid, node: NodeId) {
        let key = self.slots[child.index()].key;
        self.watch.gave_up(key);
        self.break_links(child, Cause::NoProcess); // of watchers of its next life
        self.strike_key(child, node);
        self.park_as(child, node, true);
        let place = self.tree.place(node);
        let Body::Many { role, .. } = &place.body else { return };
        let (supervisor, state_machine) = (place.pid, &self.out.state_machine);
        let notices = || (P::given_up(role, key, state_machine), P::gave_up(role, key));
        let (fact, message) = match catch_unwind(AssertUnwindSafe(notices)) {
            Ok(notices) => notices,
            // This is the supervisor's own code, so its panic ends the supervisor.
            Err(panic) if self.is_alive(supervisor) => {
                return self.terminate_supervisor(supervisor, Reason::Failed(why(panic)));
            }
            Err(panic) => return self.let_go(panic),
        };
        if let Some(fact) = fact {
            let _rejected = self.record_by(supervisor, fact);
        }
        let Some((name, message)) = message else { return };
        match self.out.whereis(name) {
            Some(to) => {
                self.out.ring.push(Envelope { to, from: child, signal: Signal::Message(message) });
            }
            None => self.let_go(message),
        }
    }

    /// True if a node's supervisor is running and not ending.
    #[inline(always)]
    pub(crate) fn takes_children(&self, node: NodeId) -> bool {
        let pid = self.tree.place(node).pid;
        self.slots.get(pid.index()).is_some_and(|slot| {
            slot.generation == pid.generation() && slot.state == State::Supervisor
        })
    }
}
