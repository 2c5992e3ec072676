//! The methods behind [`crate::test_api`]: addresses that a test plays, and what a process has set
//! up in its world. A played address is part of its world like any other, but no process handles
//! its signals.
//!
//! Nothing here is on the path of a real process.

use super::World;
use super::slot::{Due, Flags, NO_NODE, State};
use crate::reason::Cause;
use crate::signal::{Envelope, Signal};
use crate::test_api::{Fault, FaultyStep, Standing};
use crate::tree::NodeId;
use crate::{MonitorRef, Name, Pid, Process, Reason, Watch};

impl<P: Process, W: Watch<P>> World<P, W> {
    /// An address without a process: what is sent there waits in [`World::signals`], and is
    /// undeliverable. It can be monitored, linked, named, and ended with [`World::end`].
    pub fn play(&mut self) -> Pid {
        let pid = self.out.address();
        self.place_process(pid, |_| None, NO_NODE, 0, 1, State::Alive);
        pid
    }

    /// As [`World::play`], as a child of a supervisor of many. Unless its children are temporary,
    /// its next life is a real process.
    pub fn play_child(&mut self, supervisor: NodeId, key: u64) -> Pid {
        let pid = self.out.address();
        self.tree.enrol(supervisor, key, pid);
        self.place_process(pid, |_| None, supervisor.0, key, 1, State::Alive);
        pid
    }

    /// Drops the process that a step has just started: its address is played from now on.
    pub fn play_instead(&mut self, pid: Pid) {
        if let Some(slot) = self.slots.get_mut(pid.index())
            && slot.generation == pid.generation()
        {
            let process = slot.body.take();
            self.let_go(process);
        }
    }

    /// Registers a played address under a name, unless it has ended.
    pub fn name_played(&mut self, name: Name, pid: Pid) {
        if self.is_there(pid) {
            self.register(name, pid);
        }
    }

    /// Sends a message as `from`.
    pub fn send_as(&mut self, from: Pid, to: Pid, message: P::Message) {
        self.out.ring.push(Envelope { to, from, signal: Signal::Message(message) });
    }

    /// Sends an exit signal as `from`.
    pub fn exit_as(&mut self, from: Pid, to: Pid, reason: &Reason) {
        let cause: Cause = self.out.causes.note(reason);
        self.out.ring.push(Envelope { to, from, signal: Signal::Exit(cause) });
    }

    /// Ends a process between two steps with this reason.
    pub fn end(&mut self, pid: Pid, reason: Reason) {
        if self.is_alive(pid) {
            self.terminate(pid, reason);
        }
    }

    /// What a process has set up in its world.
    pub fn standing(&self, pid: Pid) -> Standing {
        let Some(slot) = self.slots.get(pid.index()).filter(|s| s.generation == pid.generation())
        else {
            return Standing::default();
        };
        let mut links = Vec::new();
        let mut at = slot.links.watching;
        while let Some((link, kind)) = self.out.links.first(at) {
            at = self.out.links.after(link);
            let (_, watched) = self.out.links.ends(link);
            links.push((link, watched, kind.is_link()));
        }
        links.reverse(); // the newest is at the head
        let own = |(timer, (by, due)): (&crate::TimerRef, &(Pid, Due))| match due {
            Due::Token(token) if *by == pid => Some((timer.at, *token)),
            _ => None, // the limit of a shutdown is its supervisor's timer
        };
        let names = (0..).map(Name).zip(&self.out.names);
        let groups = self.out.groups.iter().flat_map(|(group, members)| {
            members.iter().filter(|m| m.0 == pid).map(move |(_, topics)| (*group, *topics))
        });
        Standing {
            links,
            timers: self.timers.iter().filter_map(own).collect(),
            names: names.filter(|(_, bearer)| **bearer == pid).map(|(name, _)| name).collect(),
            groups: groups.collect(),
            traps: slot.flags.any(Flags::TRAPS),
        }
    }

    /// The monitors that a process has set, oldest first, each with the watched process; fired ones
    /// included. O(its monitors and links).
    pub fn monitors(&self, pid: Pid) -> Vec<(MonitorRef, Pid)> {
        let links = self.standing(pid).links.into_iter();
        links.filter(|(_, _, link)| !link).map(|(link, watched, _)| (link, watched)).collect()
    }

    /// Delivers the signal that waits at `offset`. `fault` may change what the step has requested
    /// before it happens. True if the signal led to a step.
    pub fn deliver_with_fault(&mut self, offset: usize, fault: &mut FaultyStep<P>) -> bool {
        let Some(mut envelope) = self.out.ring.take(offset) else { return false };
        if self.process(envelope.to).is_none() {
            self.deliver_to_nobody(&mut envelope);
            return false;
        }
        let Envelope { to, from, signal } = envelope;
        let mut why = Reason::Normal;
        let mut event = self.signal(to, from, &signal, &mut why);
        if event.is_none() {
            return false;
        }
        self.guarded(|world| {
            let Some(event) = event.take() else { return };
            let slot = &mut world.slots[to.index()];
            let out = &mut world.out;
            slot.flags.set(Flags::BEGUN, true);
            world.mark = out.begin_step(to, slot.key, slot.incarnation, slot.note);
            slot.body.as_mut().expect("looked up above").handle(event, out);
            fault(&event, &mut Fault { out, mark: world.mark });
            world.end_step(to);
        });
        true
    }

    /// The address of a place's process or supervisor; of its next life, between two lives.
    pub fn pid_of(&self, node: NodeId) -> Pid {
        self.tree.place(node).pid
    }

    /// The reason behind a [`Cause`] that a waiting signal carries.
    pub fn reason(&self, cause: Cause) -> Reason {
        self.out.causes.tell(cause)
    }

    /// Removes the signal that waits at `offset`, undelivered: the caller plays what it would do.
    pub fn discard_signal(&mut self, offset: usize) {
        let signal = self.out.ring.take(offset);
        self.let_go(signal);
    }

    /// True if the end that a monitor or link waits for is on its way.
    pub fn has_fired(&self, monitor: MonitorRef) -> bool {
        self.out.links.kind(monitor).is_fired()
    }
}
