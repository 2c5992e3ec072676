//! Supervisors at work: starting places of the tree, hearing of ends, restarting, giving up.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::process::{Cause, Life};
use crate::ring::{Envelope, Letter};
use crate::ties::Heads;
use crate::tree::{Body, Deaths, NodeId, Restart, Strategy, Tree};
use crate::world::{Marks, NO_NODE, State, World};
use crate::{Event, Pid, Process, Reason, Table, Watch, mutation};

impl<R: Clone> Tree<R> {
    /// The children of a supervisor of many, by key.
    #[inline(always)]
    pub(crate) fn table(&self, node: NodeId) -> Option<&Table> {
        match &self.place(node).body {
            Body::Many { table, .. } => Some(table),
            _ => None,
        }
    }

    #[inline(always)]
    pub(crate) fn table_mut(&mut self, node: NodeId) -> Option<&mut Table> {
        match &mut self.place_mut(node).body {
            Body::Many { table, .. } => Some(table),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn enrol(&mut self, node: NodeId, key: u64, pid: Pid) {
        let table = self.table_mut(node).expect("children are spawned under supervisors of many");
        table.insert(key, pid.index);
    }
}

impl<P: Process, W: Watch<P>> World<P, W> {
    /// Starts a node and all below it, in order.
    pub(crate) fn start_node(&mut self, node: NodeId) {
        let place = self.tree.place(node);
        let registered = place.registered;
        match place.body.clone_role() {
            Shape::One(role) => {
                let pid = self.settle_next(node, 0);
                self.tree.place_mut(node).pid = pid;
                if let Some(name) = registered {
                    self.register(name, pid);
                }
                if self.make(pid, &role) {
                    self.begin(pid);
                }
            }
            Shape::Group(children) => {
                self.seat_supervisor(node);
                for child in children {
                    self.start_node(child);
                }
            }
            Shape::Many(role) => {
                self.seat_supervisor(node);
                for key in P::children(&role, self.keeper()) {
                    let pid = self.settle_next(node, key);
                    self.tree.enrol(node, key, pid);
                    if self.make(pid, &role) {
                        let from = self.tree.place(node).pid;
                        self.out.ring.push(Envelope { to: pid, from, letter: Letter::Start });
                    }
                }
                self.forget_lives(node); // of those who are not to come back
            }
        }
    }

    fn seat_supervisor(&mut self, node: NodeId) {
        let pid = self.out.address();
        self.settle_in(pid, None, node.0, 0, 1, State::Supervisor);
        let place = self.tree.place_mut(node);
        place.pid = pid;
        if let Some(name) = place.registered {
            self.register(name, pid);
        }
    }

    /// Makes the process of a place. If that panics, it has died of it: false.
    fn make(&mut self, pid: Pid, role: &P::Role) -> bool {
        let slot = &self.slots[pid.index()];
        let note = self.out.notes.get(slot.note as usize).and_then(Option::as_ref);
        let life = Life { key: slot.key, incarnation: slot.incarnation, note };
        match catch_unwind(AssertUnwindSafe(|| P::start(role, life))) {
            Ok(process) => self.slots[pid.index()].body = Some(process),
            Err(panic) => self.die_of(pid, panic),
        }
        self.slots[pid.index()].body.is_some()
    }

    /// Gives a process its first event, within its supervisor's step: so nothing else can come first.
    /// Should it die of it, its siblings are started all the same.
    fn begin(&mut self, pid: Pid) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.step(pid, Event::Start))) {
            self.crashed(panic);
        }
    }

    /// A process with a place in the tree has ended: frees its place, or leaves it to its supervisor.
    #[inline]
    pub(crate) fn child_ended(&mut self, pid: Pid, reason: Reason) {
        let node = NodeId(self.slots[pid.index()].node);
        let place = self.tree.place(node);
        if place.restart.is_over(&reason) {
            if let Body::One { .. } = place.body {
                return self.put_aside(pid, node); // its supervisor may start it again with others
            }
            return self.leave_tree(pid, node);
        }
        let supervisor = match (&place.body, place.parent) {
            (Body::Many { .. }, _) => place.pid,
            (_, Some(parent)) => self.tree.place(parent).pid,
            (_, None) => {
                self.dead = Some(reason); // it was all of the tree, and nobody restarts it
                return self.vacate(pid);
            }
        };
        let registered = self.tree.place(node).registered;
        let slot = &mut self.slots[pid.index()];
        slot.state = State::Between;
        slot.generation += 1;
        let next = Pid { index: pid.index, generation: slot.generation };
        if let Body::One { .. } = self.tree.place(node).body {
            self.tree.place_mut(node).pid = next;
            if let Some(name) = registered {
                self.register(name, next);
            }
        }
        let letter = Letter::ChildDown(self.out.causes.note(&reason));
        self.out.ring.push(Envelope { to: supervisor, from: next, letter });
    }

    /// The common end: one of many like children is done, and nobody watches it. False if it is
    /// another end, for which nothing was done yet.
    #[inline(always)]
    pub(crate) fn end_one_of_many(&mut self, pid: Pid) -> bool {
        let slot = &mut self.slots[pid.index()];
        if slot.ties != Heads::EMPTY || slot.marks.any(Marks::ANYWHERE) || slot.node == NO_NODE {
            return false;
        }
        let place = &mut self.tree.places[usize::from(slot.node)];
        let Body::Many { table, deaths, .. } = &mut place.body else { return false };
        if place.restart == Restart::Permanent {
            return false;
        }
        slot.body = None;
        self.watch.ended(pid, slot.key, &Reason::Normal);
        table.remove(slot.key, |index| index == pid.index);
        if !deaths.is_empty() {
            deaths.remove(&pid.index);
        }
        self.vacate(pid);
        true
    }

    #[inline]
    fn leave_tree(&mut self, pid: Pid, node: NodeId) {
        let key = self.slots[pid.index()].key;
        if let Body::Many { table, deaths, .. } = &mut self.tree.place_mut(node).body {
            table.remove(key, |index| index == pid.index);
            if !deaths.is_empty() {
                deaths.remove(&pid.index);
            }
        }
        self.vacate(pid);
    }

    /// A supervisor's step: a child has ended and is to live again.
    pub(crate) fn supervise(&mut self, envelope: Envelope<P::Message>) {
        let Envelope { to, from: child, letter } = envelope;
        match letter {
            Letter::ChildDown(_) => {}
            Letter::Exit(Cause::Normal) => return,
            Letter::Exit(cause) => {
                let reason = self.out.causes.tell(cause);
                return self.bury_supervisor(to, reason);
            }
            Letter::Linked(tie, _) | Letter::Down(tie, _) => {
                self.use_up(to, tie); // it traps exits, and has nobody to tell
                return;
            }
            Letter::Say(_) | Letter::Start | Letter::Timer(_) => return,
        }
        let slot = &self.slots[child.index()];
        if slot.generation != child.generation || slot.state != State::Between {
            return; // ended together with others since
        }
        let node = NodeId(slot.node);
        let now = self.out.now;
        let place = self.tree.place_mut(node);
        let intensity = place.intensity;
        if let Body::Many { deaths, .. } = &mut place.body
            && place.pid != child
        {
            let count: &mut Deaths = deaths.entry(child.index).or_default();
            if count.one_more(now, intensity) {
                return self.give_up(child, node);
            }
            return self.restart(child);
        }
        let Some(parent) = place.parent else { return };
        let group = self.tree.place_mut(parent);
        let intensity = group.intensity;
        if group.deaths.one_more(now, intensity) {
            let (supervisor, name) = (group.pid, &group.name);
            let why = format!("{name} had more restarts than it bears");
            return self.bury_supervisor(supervisor, Reason::Failed(why.into()));
        }
        self.restart_with_siblings(parent, node, child);
    }

    fn restart_with_siblings(&mut self, parent: NodeId, dead: NodeId, child: Pid) {
        let Body::Group { strategy, children } = &self.tree.place(parent).body else { return };
        let (strategy, children) = (*strategy, children.clone());
        let position = children.iter().position(|c| *c == dead).unwrap_or(0);
        let also: &[NodeId] = match strategy {
            Strategy::OneForOne => &[],
            Strategy::OneForAll => &children,
            Strategy::RestForOne => &children[position + 1..],
        };
        for sibling in also.iter().rev().filter(|s| **s != dead) {
            self.terminate(*sibling);
        }
        if strategy == Strategy::OneForAll {
            for sibling in &children {
                if *sibling == dead {
                    self.restart_node(dead, child)
                } else {
                    self.start_again(*sibling)
                }
            }
        } else {
            self.restart_node(dead, child);
            for sibling in also {
                self.start_again(*sibling);
            }
        }
    }

    /// Starts a node that was ended with a sibling; what is temporary stays away.
    fn start_again(&mut self, node: NodeId) {
        let place = self.tree.place(node);
        if place.restart != Restart::Temporary || matches!(place.body, Body::Many { .. }) {
            self.start_node(node);
        }
    }

    fn restart_node(&mut self, node: NodeId, child: Pid) {
        match self.tree.place(node).body {
            Body::One { .. } => self.restart(child),
            _ => {
                self.vacate(child);
                self.start_node(node);
            }
        }
    }

    /// Begins the next life in a place: same index, same note, next incarnation.
    fn restart(&mut self, pid: Pid) {
        let slot = &self.slots[pid.index()];
        let (node, key) = (NodeId(slot.node), slot.key);
        let incarnation = slot.incarnation.checked_add(1).expect("fewer than 2^32 restarts");
        let role = match self.tree.place(node).body.clone_role() {
            Shape::One(role) | Shape::Many(role) => role,
            Shape::Group(_) => return,
        };
        let slot = &mut self.slots[pid.index()];
        slot.state = State::Alive;
        if !mutation::SAME_INCARNATION.is_on() {
            slot.incarnation = incarnation;
        }
        slot.marks.set(Marks::TRAPS, false);
        self.watch.started(pid, key, incarnation);
        if self.make(pid, &role) {
            self.begin(pid);
        }
    }

    /// Gives up on one of many like children: its place is freed, and who must know is told.
    fn give_up(&mut self, child: Pid, node: NodeId) {
        let key = self.slots[child.index()].key;
        self.watch.gave_up(key);
        self.break_ties(child, &Reason::NoProcess); // who has watched for the next life
        self.leave_tree(child, node);
        let Shape::Many(role) = self.tree.place(node).body.clone_role() else { return };
        if let Some(fact) = P::given_up(&role, key, self.keeper()) {
            let supervisor = self.tree.place(node).pid;
            let _not_admitted = self.record_by(supervisor, fact);
        }
        if let Some((name, message)) = P::gave_up(&role, key)
            && let Some(to) = self.out.whereis(name)
        {
            self.out.ring.push(Envelope { to, from: child, letter: Letter::Say(message) });
        }
    }

    /// A supervisor ends: its children first, in reverse order; then its own supervisor hears of it.
    pub(crate) fn bury_supervisor(&mut self, pid: Pid, reason: Reason) {
        let node = NodeId(self.slots[pid.index()].node);
        self.terminate_below(node);
        self.watch.ended(pid, 0, &reason);
        self.break_ties(pid, &reason);
        self.strike_off(pid);
        self.tree.place_mut(node).deaths = Deaths::default();
        let Some(parent) = self.tree.place(node).parent else {
            self.dead = Some(reason);
            self.forget_below(node);
            return self.vacate(pid);
        };
        let place = self.tree.place(node);
        if !matches!(place.body, Body::Many { .. }) && place.restart.is_over(&reason) {
            return self.vacate(pid);
        }
        let slot = &mut self.slots[pid.index()];
        slot.state = State::Between;
        slot.generation += 1;
        let next = Pid { index: pid.index, generation: slot.generation };
        self.tree.place_mut(node).pid = next;
        let to = self.tree.place(parent).pid;
        let letter = Letter::ChildDown(self.out.causes.note(&reason));
        self.out.ring.push(Envelope { to, from: next, letter });
    }

    /// Ends a node's process or supervisor with all below it. Nobody restarts it.
    fn terminate(&mut self, node: NodeId) {
        self.terminate_below(node);
        let place = self.tree.place_mut(node);
        place.deaths = Deaths::default();
        let pid = place.pid;
        self.end_quietly(pid);
    }

    fn terminate_below(&mut self, node: NodeId) {
        match &self.tree.place(node).body {
            Body::Group { children, .. } => {
                for child in children.clone().into_iter().rev() {
                    self.terminate(child);
                }
            }
            Body::Many { .. } => self.terminate_many(node),
            Body::One { .. } => {}
        }
    }

    /// Forgets all past lives below a node that is over.
    fn forget_below(&mut self, node: NodeId) {
        self.forget_lives(node);
        if let Body::Group { children, .. } = &self.tree.place(node).body {
            for child in children.clone() {
                self.forget_below(child);
            }
        }
    }

    fn terminate_many(&mut self, node: NodeId) {
        for index in (0..self.slots.len()).rev() {
            let slot = &self.slots[index];
            if slot.node == node.0 && matches!(slot.state, State::Alive | State::Between) {
                let index = u32::try_from(index).expect("slots are counted in 32 bits");
                self.end_quietly(Pid { index, generation: slot.generation });
            }
        }
        if let Body::Many { table, deaths, .. } = &mut self.tree.place_mut(node).body {
            *table = Table::default();
            deaths.clear();
        }
    }

    /// Ends a life whose supervisor need not hear of it.
    fn end_quietly(&mut self, pid: Pid) {
        let Some(slot) = self.slots.get_mut(pid.index()) else { return };
        if slot.generation != pid.generation || slot.state == State::Free {
            return;
        }
        let is_process = slot.state != State::Supervisor;
        let node = NodeId(slot.node);
        slot.body = None;
        slot.node = NO_NODE;
        self.watch.ended(pid, slot.key, &Reason::Shutdown);
        self.break_ties(pid, &Reason::Shutdown);
        self.strike_off(pid);
        if is_process { self.put_aside(pid, node) } else { self.vacate(pid) }
    }
}

/// What a node is, without its books.
pub(crate) enum Shape<R> {
    One(R),
    Many(R),
    Group(Vec<NodeId>),
}

impl<R: Clone> Body<R> {
    pub(crate) fn clone_role(&self) -> Shape<R> {
        match self {
            Body::One { role } => Shape::One(role.clone()),
            Body::Many { role, .. } => Shape::Many(role.clone()),
            Body::Group { children, .. } => Shape::Group(children.clone()),
        }
    }
}
