//! What a step wants done. Lent to a process for one step; nothing in it has happened until the
//! step is over, so a step that panics leaves no trace.

use std::collections::BTreeMap;

use crate::links::{Links, MonitorRef};
use crate::notes::{NO_NOTE, Notes};
use crate::reason::{Cause, Causes};
use crate::remote::Remote;
use crate::ring::Ring;
use crate::signal::{ChildId, Control, Envelope, Signal};
use crate::step_flags::StepFlags;
use crate::{Name, Pid, Process, Reason};

/// A timer that was set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TimerRef {
    pub(crate) at: u64,
    pub(crate) number: u64,
}

impl TimerRef {
    /// Before all timers.
    pub(crate) const FIRST: TimerRef = TimerRef { at: 0, number: 0 };
}

/// A question whose answer is awaited: see [`Out::ask`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Call {
    /// Where the answer is sent to, and from where it comes.
    pub reply_to: Pid,
    /// The monitor of who was asked.
    pub monitor: MonitorRef,
}

/// Effects that wait for the end of the step. Sends are not among them: they go straight into the
/// ring, from which they can be taken back.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StepEffect {
    Monitor(MonitorRef, Pid),
    /// Opens this alias, and monitors who was asked.
    Call(MonitorRef, Pid, Pid),
    Demonitor(MonitorRef),
    DemonitorAll,
    Link(Pid),
    Unlink(Pid),
    Trap(bool),
    /// Starts the process at the same place of `spawned`.
    Spawn(Pid),
    /// The same, as the child of this key of the supervisor of many that bears the name.
    SpawnChild(Pid, Name, u64),
    /// The same, and monitors it.
    SpawnWatched(Pid, Name, u64, MonitorRef),
    /// Sends the message at the same place of `multicasts` to all children of a supervisor.
    Multicast(Name),
    Timer(TimerRef, u64),
    CancelTimer(TimerRef),
    Register(Name),
    Join(u32, u64),
    Quit(u32),
}

/// The way out of a step: what a process may ask of its kernel.
pub struct Out<P: Process> {
    pub(crate) me: Pid,
    pub(crate) ring: Ring<P::Message>,
    pub(crate) step_flags: StepFlags,
    /// Where the note lies that this step has written, if it has: see [`StepFlags::NOTED`].
    pub(crate) noting: u32,
    /// The monitor that this step sets first, if it sets one: see [`StepFlags::ATTACHED`].
    pub(crate) monitoring: (MonitorRef, Pid),
    pub(crate) effects: Vec<StepEffect>,
    /// Why the process ends when the step is over, if it does.
    pub(crate) exit: Cause,
    pub(crate) causes: Causes,
    pub(crate) notes: Notes<P::Note>,
    /// Where the note of this process is among them.
    pub(crate) note: u32,
    pub(crate) spawned: Vec<P>,
    pub(crate) multicasts: Vec<P::Message>,
    pub(crate) log: Vec<P::Fact>,
    /// Where the facts of this step begin in the log, if it has any.
    pub(crate) recorded: usize,
    pub(crate) links: Links,
    pub(crate) remote: Remote<P::Message>,
    /// The world's number among those it is joined to.
    pub(crate) number: u8,
    pub(crate) names: Vec<Pid>,
    pub(crate) groups: BTreeMap<u32, Vec<(Pid, u64)>>,
    pub(crate) state_machine: P::StateMachine,
    /// The name whose process may read the state machine.
    pub(crate) reader: Option<Name>,
    /// Addresses that a spawn may take: index, and the generation that its next life has.
    pub(crate) free: Vec<Pid>,
    pub(crate) fresh: u32,
    pub(crate) now: u64,
    pub(crate) timers_set: u64,
    pub(crate) key: u64,
    pub(crate) incarnation: u32,
}

impl<P: Process> Out<P> {
    /// Of several effects, processes and messages, the first is taken first, from the end.
    #[inline(never)]
    pub(crate) fn reverse(&mut self) {
        self.effects.reverse();
        self.spawned.reverse();
        self.multicasts.reverse();
    }

    #[inline(always)]
    fn effect(&mut self, effect: StepEffect) {
        self.step_flags.also(StepFlags::MORE);
        self.effects.push(effect);
    }

    /// The address of the process whose step this is.
    #[inline(always)]
    pub fn me(&self) -> Pid {
        self.me
    }

    /// The process's key under a supervisor of many like children; 0 elsewhere.
    #[inline(always)]
    pub fn key(&self) -> u64 {
        self.key
    }

    /// Which life of its place in the tree this is, from 1.
    #[inline(always)]
    pub fn incarnation(&self) -> u32 {
        self.incarnation
    }

    /// Virtual time in nanoseconds, as the edge last gave it.
    #[inline(always)]
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Sends a message. To a process that is gone it is lost, as in Erlang: monitor whom you wait for.
    #[inline(always)]
    pub fn send(&mut self, to: Pid, message: P::Message) {
        self.ring.push(Envelope { to, from: self.me, signal: Signal::Message(message) });
    }

    /// Sends a message to whoever bears a name; to nobody if nobody does. If its place in the tree bears
    /// the name ([`crate::Node::named`]) and its supervisor has not restarted it yet, its next life gets the
    /// message, after its start.
    #[inline(always)]
    pub fn send_to(&mut self, name: Name, message: P::Message) {
        if let Some(to) = self.whereis(name) {
            self.send(to, message);
        }
    }

    /// Who bears a name now.
    #[inline(always)]
    pub fn whereis(&self, name: Name) -> Option<Pid> {
        self.names.get(name.0 as usize).copied().filter(|pid| *pid != Pid::OUTSIDE)
    }

    /// Gives this process a name, until it ends: its next life has to take it again, and what is sent to the name
    /// meanwhile is lost. A name that somebody else bears passes to this one.
    ///
    /// # Panics
    ///
    /// If the name is not below [`Name::LIMIT`]: this process dies of it.
    pub fn register(&mut self, name: Name) {
        name.check();
        self.effect(StepEffect::Register(name));
    }

    /// Appends a fact to the world's log, if the state machine admits it; if not, the whole step is
    /// undone and this process has died of it.
    #[inline(always)]
    pub fn record(&mut self, fact: P::Fact) {
        if !self.step_flags.has(StepFlags::RECORDED) {
            self.step_flags.also(StepFlags::RECORDED);
            self.recorded = self.log.len();
        }
        self.log.push(fact);
    }

    /// The fold of the log. Only the process that the world names as the log's reader may look: `None` to others.
    #[inline(always)]
    pub fn read_state(&self) -> Option<&P::StateMachine> {
        (self.reader.and_then(|name| self.whereis(name)) == Some(self.me))
            .then_some(&self.state_machine)
    }

    /// Writes down what the next life of this process must know; `None` wipes it out.
    #[inline(always)]
    pub fn note(&mut self, note: Option<P::Note>) {
        self.forget_note();
        self.noting = match note {
            Some(note) => self.notes.write(note),
            None => NO_NOTE,
        };
        self.step_flags.also(StepFlags::NOTED);
    }

    /// Has this process told when another ends: at once if it is gone already ([`Reason::NoProcess`]).
    /// Whatever the other sends before its end arrives before.
    #[inline(always)]
    pub fn monitor(&mut self, pid: Pid) -> MonitorRef {
        let reference = self.links.reserve();
        if self.step_flags.has(StepFlags::ORDERED) {
            self.effect(StepEffect::Monitor(reference, pid));
        } else {
            self.step_flags.also(StepFlags::MONITORED);
            self.monitoring = (reference, pid);
        }
        reference
    }

    /// Takes a monitor away. Its `Down` will not arrive any more, not even if it is on its way.
    #[inline]
    pub fn demonitor(&mut self, monitor: MonitorRef) {
        self.effect(StepEffect::Demonitor(monitor));
    }

    /// Takes every monitor of this process away, for one that watches one other at a time.
    #[inline(always)]
    pub fn demonitor_all(&mut self) {
        if self.step_flags.has(StepFlags::ORDERED) {
            self.effect(StepEffect::DemonitorAll);
        } else {
            self.step_flags.also(StepFlags::DEMONITORED);
        }
    }

    /// Asks a process something, so that a late answer is never taken for another: the message is made
    /// with an address that is good for one answer to this question, from whomever it comes.
    ///
    /// Exactly one of two events follows, unless [`Out::forget`] comes first: the answer, as a message from
    /// [`Ask::reply_to`]; or, if whoever was asked ends without one, [`crate::Event::Down`] with
    /// [`Ask::monitor`]. What is sent to the address after either, or when this process is gone, is dropped
    /// by the kernel. For a limit set a timer, and forget the question when it fires. Costs an address
    /// and a monitor while it is open.
    pub fn call(&mut self, asked: Pid, message: impl FnOnce(Pid) -> P::Message) -> Call {
        let (monitor, reply_to) = (self.links.reserve(), self.address());
        self.effect(StepEffect::Call(monitor, reply_to, asked));
        self.send(asked, message(reply_to));
        Call { reply_to, monitor }
    }

    /// Asks whoever bears a name. If nobody does, `Down` says [`Reason::NoProcess`].
    pub fn call_by_name(&mut self, name: Name, message: impl FnOnce(Pid) -> P::Message) -> Call {
        let asked = self.whereis(name).unwrap_or(Pid::OUTSIDE);
        self.call(asked, message)
    }

    /// Waits no more for an answer. Neither it nor `Down` will arrive, not even if it is on its way.
    pub fn cancel_call(&mut self, ask: Call) {
        self.demonitor(ask.monitor);
    }

    /// What this process has written down by the beginning of this step.
    #[inline]
    pub fn noted(&self) -> Option<&P::Note> {
        self.notes.get(self.note)
    }

    /// Ties this process's life to another's, both ways.
    pub fn link(&mut self, pid: Pid) {
        self.effect(StepEffect::Link(pid));
    }

    /// Takes a link away.
    pub fn unlink(&mut self, pid: Pid) {
        self.effect(StepEffect::Unlink(pid));
    }

    /// From now on exit signals arrive as events instead of ending this process. A kill still does.
    pub fn trap_exits(&mut self, trap: bool) {
        self.effect(StepEffect::Trap(trap));
    }

    /// Ends this process when the step is over.
    #[inline(always)]
    pub fn exit(&mut self, reason: Reason) {
        self.exit = self.causes.note(&reason);
        self.step_flags.also(StepFlags::ENDED);
    }

    /// Sends an exit signal. [`Reason::Killed`] cannot be trapped. [`Reason::Normal`] ends nobody but the process
    /// that sends it to itself, unless that traps exits. To a supervisor only a kill means anything.
    pub fn exit_other(&mut self, pid: Pid, reason: Reason) {
        let cause = self.causes.note(&reason);
        self.ring.push(Envelope { to: pid, from: self.me, signal: Signal::Exit(cause) });
    }

    /// Starts a process outside the tree: nobody restarts it.
    pub fn spawn(&mut self, process: P) -> Pid {
        let pid = self.address();
        self.spawn_with(process, StepEffect::Spawn(pid), pid)
    }

    /// Starts a process outside the tree and monitors it: its end arrives as [`crate::Event::Down`], once.
    /// If this process ends first, the other lives on.
    pub fn spawn_monitored(&mut self, process: P) -> (Pid, MonitorRef) {
        let pid = self.spawn(process);
        (pid, self.monitor(pid))
    }

    /// Starts a process outside the tree that ends with this one, and this one with it; unless that end is
    /// [`Reason::Normal`], or the one who is left traps exits.
    pub fn spawn_linked(&mut self, process: P) -> Pid {
        let pid = self.spawn(process);
        self.link(pid);
        pid
    }

    /// Starts a child under a supervisor of many like children.
    ///
    /// If the supervisor is not there (nobody bears the name, or it is between two lives or about to end)
    /// or the key is not free, the child is gone before its start, as if it had ended at once: a monitor
    /// or link says [`Reason::NoProcess`], and messages to it are undeliverable. So monitor a child that matters.
    pub fn spawn_child(&mut self, supervisor: Name, key: u64, process: P) -> Pid {
        let pid = self.address();
        self.spawn_with(process, StepEffect::SpawnChild(pid, supervisor, key), pid)
    }

    /// Starts a child under a supervisor of many like children, and monitors it: its end arrives as
    /// [`crate::Event::Down`], once, with [`Reason::NoProcess`] if it could not be started. Costs less than
    /// [`Out::spawn_child`] and [`Out::monitor`].
    pub fn spawn_child_monitored(
        &mut self,
        supervisor: Name,
        key: u64,
        process: P,
    ) -> (Pid, MonitorRef) {
        let (pid, monitor) = (self.address(), self.links.reserve());
        let effect = StepEffect::SpawnWatched(pid, supervisor, key, monitor);
        (self.spawn_with(process, effect, pid), monitor)
    }

    /// Has a supervisor end a child, as [`crate::World::terminate_child`] or
    /// [`crate::World::terminate_one_of`] does. If that cannot be done, nothing happens: monitor the
    /// child to hear of its end.
    pub fn terminate_child(&mut self, supervisor: Name, child: ChildId) {
        self.control(supervisor, Control::Terminate(child));
    }

    /// Has a supervisor of many give up on a child, as if it had died too often: for whoever finds that it is
    /// this one of whom others die.
    pub fn give_up(&mut self, supervisor: Name, key: u64) {
        self.control(supervisor, Control::GiveUp(key));
    }

    /// Has a group start a child that has ended, as [`crate::World::restart_child`] does.
    pub fn restart_child(&mut self, supervisor: Name, child: Name) {
        self.control(supervisor, Control::Restart(child));
    }

    fn control(&mut self, supervisor: Name, control: Control) {
        if let Some(to) = self.whereis(supervisor) {
            self.ring.push(Envelope { to, from: self.me, signal: Signal::Control(control) });
        }
    }

    #[inline(always)]
    fn spawn_with(&mut self, process: P, effect: StepEffect, pid: Pid) -> Pid {
        self.spawned.push(process);
        self.effect(effect);
        self.ring.push(Envelope { to: pid, from: self.me, signal: Signal::Start });
        pid
    }

    /// Sends a message to each child, in order of address, of the supervisor of many that bears a
    /// name, as they are at the end of this step. O(processes of the world).
    pub fn multicast(&mut self, supervisor: Name, message: P::Message) {
        self.multicasts.push(message);
        self.effect(StepEffect::Multicast(supervisor));
    }

    /// An address for a new process.
    #[inline]
    pub(crate) fn address(&mut self) -> Pid {
        self.free.pop().unwrap_or_else(|| {
            self.fresh += 1;
            Pid::first(self.number, self.fresh - 1)
        })
    }

    /// Sets a timer: after so many nanoseconds of virtual time, [`crate::Event::Timer`] arrives with this token.
    /// A life's timers end with it.
    pub fn timer(&mut self, after: u64, token: u64) -> TimerRef {
        self.timers_set += 1;
        let at = self.now.saturating_add(after);
        let timer = TimerRef { at, number: self.timers_set };
        self.effect(StepEffect::Timer(timer, token));
        timer
    }

    /// Takes a timer away, unless it has fired.
    pub fn cancel_timer(&mut self, timer: TimerRef) {
        self.effect(StepEffect::CancelTimer(timer));
    }

    /// Subscribes to a group: this process hears what is published there on any of these topics (a bit each).
    pub fn join(&mut self, group: u32, topics: u64) {
        self.effect(StepEffect::Join(group, topics));
    }

    /// Ends a subscription.
    pub fn quit(&mut self, group: u32) {
        self.effect(StepEffect::Quit(group));
    }

    /// Sends a message to all of a group who want to hear of any of these topics, in order of joining.
    pub fn publish(&mut self, group: u32, topics: u64, message: &P::Message) {
        for &(to, wanted) in self.groups.get(&group).map_or(&[][..], Vec::as_slice) {
            if wanted & topics != 0 {
                let signal = Signal::Message(message.clone());
                self.ring.push(Envelope { to, from: self.me, signal });
            }
        }
    }
}
