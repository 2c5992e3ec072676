//! Performs the effects of a step, in order, when it ends.

use super::World;
use super::slot::{Due, Flags, NO_NODE, State};
use crate::links::Kind;
use crate::out::{StepEffect, TimerRef};
use crate::signal::{Envelope, Signal};
use crate::step_flags::StepFlags;
use crate::tree::NodeId;
use crate::{Name, Pid, Process, Watch};

impl<P: Process, W: Watch<P>> World<P, W> {
    /// Performs a step's effects in the order of the flags: monitors removed, note, first monitor,
    /// the others, its end.
    #[inline(never)]
    pub(super) fn perform(&mut self, me: Pid, step_flags: StepFlags) {
        if step_flags.has(StepFlags::DEMONITORED) {
            self.detach_monitors(me);
        }
        if step_flags.has(StepFlags::NOTED) {
            self.write_note(me);
        }
        if step_flags.has(StepFlags::MONITORED) {
            let (reference, pid) = self.out.monitoring;
            self.attach(reference, Kind::MONITOR, me, pid);
        }
        if step_flags.has(StepFlags::MORE) {
            self.perform_more(me);
        }
        if step_flags.has(StepFlags::ENDED) {
            self.end_life(me);
        }
    }

    #[inline(always)]
    pub(super) fn perform_more(&mut self, me: Pid) {
        if self.out.effects.len() != 1 {
            return self.perform_several(me);
        }
        self.perform_last(me);
        self.out.effects.clear();
    }

    #[inline(never)]
    fn perform_several(&mut self, me: Pid) {
        self.out.reverse();
        while !self.out.effects.is_empty() {
            self.perform_last(me);
            self.out.effects.pop();
        }
    }

    /// Performs the last effect of the list, which the caller removes. The effect is read in place;
    /// copying it whole causes a store-forwarding stall.
    #[inline(never)]
    fn perform_last(&mut self, me: Pid) {
        let Some(effect) = self.out.effects.last() else { return };
        match *effect {
            StepEffect::Monitor(reference, pid) => self.attach(reference, Kind::MONITOR, me, pid),
            StepEffect::Spawn(pid) => {
                self.place_process(pid, |out| out.spawned.pop(), NO_NODE, 0, 1, State::Alive);
            }
            StepEffect::SpawnWatched(pid, supervisor, key, monitor) => {
                if self.spawn_child_effect(pid, supervisor, key) {
                    self.attach_new(monitor, me, pid);
                } else {
                    self.attach(monitor, Kind::MONITOR, me, pid);
                }
            }
            other => self.perform_rare(me, other),
        }
    }

    #[inline(never)]
    pub(super) fn perform_rare(&mut self, me: Pid, effect: StepEffect) {
        match effect {
            StepEffect::Demonitor(monitor) => self.detach(monitor, me),
            StepEffect::DemonitorAll => self.detach_monitors(me),
            StepEffect::Link(pid) => self.link(me, pid),
            StepEffect::Unlink(pid) => self.unlink(me, pid),
            StepEffect::Trap(traps) => self.slots[me.index()].flags.set(Flags::TRAPS, traps),
            StepEffect::SpawnChild(pid, supervisor, key) => {
                self.spawn_child_effect(pid, supervisor, key);
            }
            StepEffect::Multicast(name) => {
                let message = self.out.multicasts.pop().expect("one for each of these effects");
                self.multicast(me, name, &message);
                self.let_go(message);
            }
            StepEffect::Timer(timer, token) => self.set_timer(timer, me, Due::Token(token)),
            StepEffect::Call(monitor, alias, called) => {
                self.open_alias(me, monitor, alias, called);
            }
            StepEffect::CancelTimer(timer) => {
                if let Some((by, _)) = self.timers.remove(&timer) {
                    self.timers_of.remove(&(by, timer));
                }
            }
            StepEffect::Register(name) => self.register(name, me),
            StepEffect::Join(group, topics) => {
                let members = self.out.groups.entry(group).or_default();
                members.retain(|(pid, _)| *pid != me);
                members.push((me, topics));
                self.slots[me.index()].flags.set(Flags::LISTED, true);
            }
            StepEffect::Quit(group) => {
                if let Some(members) = self.out.groups.get_mut(&group) {
                    members.retain(|(pid, _)| *pid != me);
                }
            }
            StepEffect::Monitor(..) | StepEffect::Spawn(_) | StepEffect::SpawnWatched(..) => {
                unreachable!("these are applied on the fast path")
            }
        }
    }

    pub(crate) fn set_timer(&mut self, timer: TimerRef, of: Pid, due: Due) {
        self.timers.insert(timer, (of, due));
        self.timers_of.insert((of, timer));
        self.slots[of.index()].flags.set(Flags::TIMED, true);
    }

    /// Starts the last of `spawned` as a child of a supervisor of many. False if that is not
    /// running or the key is taken: the child has ended before its start then, which a monitor
    /// reports.
    #[inline(always)]
    fn spawn_child_effect(&mut self, pid: Pid, supervisor: Name, key: u64) -> bool {
        if let Some(node) = self.supervisor_named(supervisor)
            && self.enrol_new(node, key, pid)
        {
            self.place_process(pid, |out| out.spawned.pop(), node.0, key, 1, State::Alive);
            return true;
        }
        self.drop_spawned(pid);
        false
    }

    /// Drops a process that cannot start. Messages may already name its address, so its generation
    /// is used up.
    #[cold]
    fn drop_spawned(&mut self, pid: Pid) {
        let process = self.out.spawned.pop();
        self.let_go(process);
        self.ensure_slot(pid);
        self.slots[pid.index()].generation = pid.generation();
        self.vacate(pid);
    }

    /// Enters a child into its supervisor's index. False if that is no supervisor of many, or the
    /// key is taken.
    #[inline(always)]
    fn enrol_new(&mut self, node: NodeId, key: u64, pid: Pid) -> bool {
        let slots = &self.slots;
        let is = move |index: u32| {
            let slot = &slots[index as usize];
            slot.key == key && slot.node == node.0
        };
        match self.tree.insert_new(node, key, pid.slot(), is) {
            Some(is_new) => is_new,
            None => self.enrol_otherwise(node, key, pid),
        }
    }

    /// As [`World::enrol_new`], where the state machine has the index, or the node is no supervisor
    /// of many.
    #[inline(never)]
    fn enrol_otherwise(&mut self, node: NodeId, key: u64, pid: Pid) -> bool {
        let is_new = self.tree.index(node).is_some() && self.child(node, key).is_none();
        if is_new {
            self.tree.enrol(node, key, pid);
        }
        is_new
    }

    #[inline(always)]
    pub(super) fn supervisor_named(&self, name: Name) -> Option<NodeId> {
        // An unused name maps to the outside, whose index has no slot.
        let slot = self.slots.get(self.out.names.get(name.0 as usize)?.index())?;
        (slot.state == State::Supervisor).then_some(NodeId(slot.node))
    }

    pub(super) fn multicast(&mut self, me: Pid, name: Name, message: &P::Message) {
        let Some(node) = self.supervisor_named(name) else { return };
        for (index, slot) in self.slots.iter().enumerate() {
            if slot.node == node.0 && matches!(slot.state, State::Alive | State::Between) {
                let index = u32::try_from(index).expect("slots are counted in 32 bits");
                let to = Pid::new(index, slot.generation);
                let signal = Signal::Message(message.clone());
                self.out.ring.push(Envelope { to, from: me, signal });
            }
        }
    }

    /// Makes `to` the bearer of a name, in place of the former one; the outside frees the name.
    pub(crate) fn give_name(&mut self, name: Name, to: Pid) {
        name.check();
        let index = name.0 as usize;
        if self.out.names.len() <= index {
            self.out.names.resize(index + 1, Pid::OUTSIDE);
        }
        let former = std::mem::replace(&mut self.out.names[index], to);
        self.bearers.remove(&(former, name));
        if to != Pid::OUTSIDE {
            self.bearers.insert((to, name));
        }
    }

    pub(crate) fn register(&mut self, name: Name, pid: Pid) {
        self.give_name(name, pid);
        self.slots[pid.index()].flags.set(Flags::LISTED, true);
    }

    /// Replaces the process's note by the one that the step has written.
    #[inline(always)]
    fn write_note(&mut self, me: Pid) {
        let noting = self.out.noting;
        self.watch.noted(me, self.out.notes.get(noting));
        let former = std::mem::replace(&mut self.slots[me.index()].note, noting);
        self.out.notes.wipe(former);
    }
}
