//! Addresses that are played from outside: part of a world like any other, but with nobody behind
//! them who handles anything. And what stands between a process and its world, to be looked at.
//!
//! Nothing here is on the path of a process that is not played.

use super::{Due, Marks, NO_NODE, State, World};
use crate::alone::{Slip, Slipping};
use crate::process::Cause;
use crate::ring::{Envelope, Letter};
use crate::ties::MonitorRef;
use crate::tree::NodeId;
use crate::{Name, Pid, Process, Reason, Watch};

/// What a process has standing in its world: it lasts from step to step.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Standing {
    /// Whom it watches, and whether by a link; those whose end is on its way included.
    pub(crate) ties: Vec<(MonitorRef, Pid, bool)>,
    /// When, and the token.
    pub(crate) timers: Vec<(u64, u64)>,
    pub(crate) names: Vec<Name>,
    /// Group and topics.
    pub(crate) groups: Vec<(u32, u64)>,
    pub(crate) traps: bool,
}

impl<P: Process, W: Watch<P>> World<P, W> {
    /// An address without a process behind it: what is sent there is undeliverable, and can be seen
    /// among [`World::letters`]. It can be watched, linked to, named, and ended with [`World::end`].
    pub fn play(&mut self) -> Pid {
        let pid = self.out.address();
        self.settle_in(pid, |_| None, NO_NODE, 0, 1, State::Alive);
        pid
    }

    /// As [`World::play`], as a child of a supervisor of many like children. If that is not a
    /// supervisor of temporary ones, its next life is a real process.
    pub fn play_child(&mut self, supervisor: NodeId, key: u64) -> Pid {
        let pid = self.out.address();
        self.tree.enrol(supervisor, key, pid);
        self.settle_in(pid, |_| None, supervisor.0, key, 1, State::Alive);
        pid
    }

    /// Takes the process away from an address that a step has just started: it is played from now on.
    pub(crate) fn play_instead(&mut self, pid: Pid) {
        if let Some(slot) = self.slots.get_mut(pid.index())
            && slot.generation == pid.generation()
        {
            let process = slot.body.take();
            self.let_go(process);
        }
    }

    /// Gives a name to a played address, if that has not ended.
    pub fn name_played(&mut self, name: Name, pid: Pid) {
        if self.is_there(pid) {
            self.register(name, pid);
        }
    }

    /// Sends a message as somebody else.
    pub fn send_as(&mut self, from: Pid, to: Pid, message: P::Message) {
        self.out.ring.push(Envelope { to, from, letter: Letter::Say(message) });
    }

    /// Sends an exit signal as somebody else.
    pub fn exit_as(&mut self, from: Pid, to: Pid, reason: &Reason) {
        let cause: Cause = self.out.causes.note(reason);
        self.out.ring.push(Envelope { to, from, letter: Letter::Exit(cause) });
    }

    /// Ends a life between two steps, for a reason of the caller's choice.
    pub fn end(&mut self, pid: Pid, reason: Reason) {
        if self.is_alive(pid) {
            self.bury(pid, reason);
        }
    }

    /// What a process has standing now.
    pub(crate) fn standing(&self, pid: Pid) -> Standing {
        let Some(slot) = self.slots.get(pid.index()).filter(|s| s.generation == pid.generation())
        else {
            return Standing::default();
        };
        let mut ties = Vec::new();
        let mut at = slot.ties.watching;
        while let Some((tie, kind)) = self.out.ties.first(at) {
            at = self.out.ties.after(tie);
            let (_, watched) = self.out.ties.ends(tie);
            ties.push((tie, watched, kind.is_link()));
        }
        ties.reverse(); // the newest is at the head
        let own = |(timer, (by, due)): (&crate::TimerRef, &(Pid, Due))| match due {
            Due::Token(token) if *by == pid => Some((timer.at, *token)),
            _ => None, // the limit of one that was asked to end is its supervisor's
        };
        let names = (0..).map(Name).zip(&self.out.names);
        let groups = self.out.groups.iter().flat_map(|(group, members)| {
            members.iter().filter(|m| m.0 == pid).map(move |(_, topics)| (*group, *topics))
        });
        Standing {
            ties,
            timers: self.timers.iter().filter_map(own).collect(),
            names: names.filter(|(_, bearer)| **bearer == pid).map(|(name, _)| name).collect(),
            groups: groups.collect(),
            traps: slot.marks.any(Marks::TRAPS),
        }
    }

    /// The monitors that a process has set and whom it watches by them, oldest first; those whose
    /// end is on its way included. O(its ties).
    pub fn monitors(&self, pid: Pid) -> Vec<(MonitorRef, Pid)> {
        let ties = self.standing(pid).ties.into_iter();
        ties.filter(|(_, _, link)| !link).map(|(tie, watched, _)| (tie, watched)).collect()
    }

    /// Delivers the one that waits at `offset`, to a process that then makes a mistake: `slip` may
    /// change what its step has put out, before any of that happens. True if it was a step.
    pub(crate) fn deliver_slipping(&mut self, offset: usize, slip: &mut Slipping<P>) -> bool {
        let Some(mut envelope) = self.out.ring.take(offset) else { return false };
        if self.process(envelope.to).is_none() {
            self.deliver_to_nobody(&mut envelope);
            return false;
        }
        let Envelope { to, from, letter } = envelope;
        let mut why = Reason::Normal;
        let mut event = self.signal(to, from, &letter, &mut why);
        if event.is_none() {
            return false;
        }
        self.guarded(|world| {
            let Some(event) = event.take() else { return };
            let slot = &mut world.slots[to.index()];
            let out = &mut world.out;
            slot.marks.set(Marks::BEGUN, true);
            world.mark = out.begin_step(to, slot.key, slot.incarnation, slot.note);
            slot.body.as_mut().expect("looked for above").handle(event, out);
            slip(&event, &mut Slip { out, mark: world.mark });
            world.end_step(to);
        });
        true
    }
}
