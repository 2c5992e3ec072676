//! The effects that a step requests. A process borrows it for one step; the effects happen when the
//! step ends, so a step that panics leaves no trace.

use std::collections::BTreeMap;

use crate::links::{Links, MonitorRef};
use crate::notes::{NO_NOTE, Notes};
use crate::reason::{Cause, Causes};
use crate::remote::Remote;
use crate::ring::Ring;
use crate::signal::{ChildId, Control, Envelope, Signal};
use crate::step_flags::StepFlags;
use crate::{Name, Pid, Process, Reason};

/// Names a timer, for [`Out::cancel_timer`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TimerRef {
    pub(crate) at: u64,
    pub(crate) number: u64,
}

impl TimerRef {
    /// Sorts before all timers.
    pub(crate) const FIRST: TimerRef = TimerRef { at: 0, number: 0 };
}

/// An open call: see [`Out::call`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Call {
    /// The reply address: the called process sends its answer there, and the answer arrives as from
    /// there.
    pub reply_to: Pid,
    /// The monitor of the called process.
    pub monitor: MonitorRef,
}

/// An effect that happens when the step ends. Sends are not among them: they go straight into the
/// ring, which can take them back.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StepEffect {
    Monitor(MonitorRef, Pid),
    /// Opens this alias and monitors the called process: monitor, alias, called process.
    Call(MonitorRef, Pid, Pid),
    Demonitor(MonitorRef),
    DemonitorAll,
    Link(Pid),
    Unlink(Pid),
    Trap(bool),
    /// Starts the process at the same position of `spawned`.
    Spawn(Pid),
    /// As [`StepEffect::Spawn`], as the child with this key of the supervisor of many that bears
    /// the name.
    SpawnChild(Pid, Name, u64),
    /// As [`StepEffect::SpawnChild`], and monitors it.
    SpawnWatched(Pid, Name, u64, MonitorRef),
    /// Sends the message at the same position of `multicasts` to all children of a supervisor.
    Multicast(Name),
    Timer(TimerRef, u64),
    CancelTimer(TimerRef),
    Register(Name),
    Join(u32, u64),
    Quit(u32),
}

/// What a process may ask of the kernel during a step. All of it happens when the step ends, or not
/// at all.
pub struct Out<P: Process> {
    pub(crate) me: Pid,
    pub(crate) ring: Ring<P::Message>,
    pub(crate) step_flags: StepFlags,
    /// Place of the note that this step has written; valid with [`StepFlags::NOTED`].
    pub(crate) noting: u32,
    /// The first monitor that this step sets; valid with [`StepFlags::MONITORED`].
    pub(crate) monitoring: (MonitorRef, Pid),
    pub(crate) effects: Vec<StepEffect>,
    /// Why the process ends with this step; valid with [`StepFlags::ENDED`].
    pub(crate) exit: Cause,
    pub(crate) causes: Causes,
    pub(crate) notes: Notes<P::Note>,
    /// Place of this process's note in `notes`, or `NO_NOTE`.
    pub(crate) note: u32,
    pub(crate) spawned: Vec<P>,
    pub(crate) multicasts: Vec<P::Message>,
    pub(crate) log: Vec<P::Fact>,
    /// Start of this step's facts in the log; valid with [`StepFlags::RECORDED`].
    pub(crate) recorded: usize,
    pub(crate) links: Links,
    pub(crate) remote: Remote<P::Message>,
    /// The world's number among joined worlds.
    pub(crate) number: u8,
    pub(crate) names: Vec<Pid>,
    pub(crate) groups: BTreeMap<u32, Vec<(Pid, u64)>>,
    pub(crate) state_machine: P::StateMachine,
    /// The registered name whose process may read the state machine.
    pub(crate) reader: Option<Name>,
    /// Addresses for new processes: free indices, each with its next generation.
    pub(crate) free: Vec<Pid>,
    pub(crate) fresh: u32,
    pub(crate) now: u64,
    pub(crate) timers_set: u64,
    pub(crate) key: u64,
    pub(crate) incarnation: u32,
}

impl<P: Process> Out<P> {
    /// Reverses the effects and what belongs to them, so that popping from the end yields the
    /// first.
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

    /// The process's key under a supervisor of many; 0 elsewhere.
    #[inline(always)]
    pub fn key(&self) -> u64 {
        self.key
    }

    /// How often its place in the tree was started, this time included: 1 for the first.
    #[inline(always)]
    pub fn incarnation(&self) -> u32 {
        self.incarnation
    }

    /// Virtual time in nanoseconds, as last set by [`crate::World::set_time`].
    #[inline(always)]
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Sends a message. It is lost if the process has ended, as in Erlang: monitor a process that
    /// must answer.
    #[inline(always)]
    pub fn send(&mut self, to: Pid, message: P::Message) {
        self.ring.push(Envelope { to, from: self.me, signal: Signal::Message(message) });
    }

    /// Sends a message to a registered name. It is lost if no process bears the name. If the name
    /// belongs to a place in the tree ([`crate::Node::named`]) that its supervisor has not
    /// restarted yet, the restarted process gets the message after its start.
    #[inline(always)]
    pub fn send_to(&mut self, name: Name, message: P::Message) {
        if let Some(to) = self.whereis(name) {
            self.send(to, message);
        }
    }

    /// The process that bears a name now.
    #[inline(always)]
    pub fn whereis(&self, name: Name) -> Option<Pid> {
        self.names.get(name.0 as usize).copied().filter(|pid| *pid != Pid::OUTSIDE)
    }

    /// Registers this process under a name until it ends. After a restart it has to register again;
    /// messages to the name are lost meanwhile. A name that another process bears passes to this
    /// one.
    ///
    /// # Panics
    ///
    /// If the name is not below [`Name::LIMIT`]; the panic ends this process.
    pub fn register(&mut self, name: Name) {
        name.check();
        self.effect(StepEffect::Register(name));
    }

    /// Appends a fact to the world's log if the state machine accepts it. If not, the whole step is
    /// undone and this process ends with [`Reason::Failed`].
    #[inline(always)]
    pub fn record(&mut self, fact: P::Fact) {
        if !self.step_flags.has(StepFlags::RECORDED) {
            self.step_flags.also(StepFlags::RECORDED);
            self.recorded = self.log.len();
        }
        self.log.push(fact);
    }

    /// The fold of the log; `None` unless this process is the world's reader
    /// ([`crate::World::new`]).
    #[inline(always)]
    pub fn read_state(&self) -> Option<&P::StateMachine> {
        (self.reader.and_then(|name| self.whereis(name)) == Some(self.me))
            .then_some(&self.state_machine)
    }

    /// Replaces this process's note, which a restart passes to its next life; `None` wipes it.
    #[inline(always)]
    pub fn note(&mut self, note: Option<P::Note>) {
        self.forget_note();
        self.noting = match note {
            Some(note) => self.notes.write(note),
            None => NO_NOTE,
        };
        self.step_flags.also(StepFlags::NOTED);
    }

    /// Monitors a process: its end arrives as [`crate::Event::Down`], after everything it sent
    /// before. If it has ended already, `Down` arrives with [`Reason::NoProcess`].
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

    /// Removes a monitor. Its `Down` does not arrive any more, even if it is already in the ring.
    #[inline]
    pub fn demonitor(&mut self, monitor: MonitorRef) {
        self.effect(StepEffect::Demonitor(monitor));
    }

    /// Removes every monitor of this process, for one that watches one process at a time.
    #[inline(always)]
    pub fn demonitor_all(&mut self) {
        if self.step_flags.has(StepFlags::ORDERED) {
            self.effect(StepEffect::DemonitorAll);
        } else {
            self.step_flags.also(StepFlags::DEMONITORED);
        }
    }

    /// Calls a process, as `gen_server:call` does but without blocking. `message` gets a reply
    /// address that accepts one answer, from any process, so a late answer is never taken for
    /// another.
    ///
    /// Exactly one of two events follows, unless [`Out::cancel_call`] comes first: the answer, as a
    /// message from [`Call::reply_to`]; or, if the called process ends without an answer,
    /// [`crate::Event::Down`] with [`Call::monitor`]. The kernel drops what arrives at the address
    /// later, or after this process has ended. For a timeout, set a timer and cancel the call when
    /// it fires. Cost: an address and a monitor while the call is open.
    pub fn call(&mut self, to: Pid, message: impl FnOnce(Pid) -> P::Message) -> Call {
        let (monitor, reply_to) = (self.links.reserve(), self.address());
        self.effect(StepEffect::Call(monitor, reply_to, to));
        self.send(to, message(reply_to));
        Call { reply_to, monitor }
    }

    /// Calls the process that bears a name. If there is none, `Down` arrives with
    /// [`Reason::NoProcess`].
    pub fn call_by_name(&mut self, name: Name, message: impl FnOnce(Pid) -> P::Message) -> Call {
        let to = self.whereis(name).unwrap_or(Pid::OUTSIDE);
        self.call(to, message)
    }

    /// Closes a call. Neither the answer nor `Down` arrives any more, even if it is already in the
    /// ring.
    pub fn cancel_call(&mut self, call: Call) {
        self.demonitor(call.monitor);
    }

    /// This process's note as it was when the step began.
    #[inline]
    pub fn noted(&self) -> Option<&P::Note> {
        self.notes.get(self.note)
    }

    /// Links this process and another: if one ends for another reason than [`Reason::Normal`], so
    /// does the other, unless it traps exits.
    pub fn link(&mut self, pid: Pid) {
        self.effect(StepEffect::Link(pid));
    }

    /// Removes a link, in both directions.
    pub fn unlink(&mut self, pid: Pid) {
        self.effect(StepEffect::Unlink(pid));
    }

    /// If `trap`, exit signals arrive as [`crate::Event::Exit`] instead of ending this process. A
    /// kill still ends it.
    pub fn trap_exits(&mut self, trap: bool) {
        self.effect(StepEffect::Trap(trap));
    }

    /// Ends this process when the step ends.
    #[inline(always)]
    pub fn exit(&mut self, reason: Reason) {
        self.exit = self.causes.note(&reason);
        self.step_flags.also(StepFlags::ENDED);
    }

    /// Sends an exit signal. [`Reason::Killed`] cannot be trapped. [`Reason::Normal`] ends only a
    /// process that sends it to itself without trapping exits. A supervisor ignores all exit
    /// signals but a kill and its parent's.
    pub fn exit_other(&mut self, pid: Pid, reason: Reason) {
        let cause = self.causes.note(&reason);
        self.ring.push(Envelope { to: pid, from: self.me, signal: Signal::Exit(cause) });
    }

    /// Starts a process outside the tree, which is never restarted.
    pub fn spawn(&mut self, process: P) -> Pid {
        let pid = self.address();
        self.spawn_with(process, StepEffect::Spawn(pid), pid)
    }

    /// Starts a process outside the tree and monitors it: its end arrives as
    /// [`crate::Event::Down`], once. It goes on if this process ends first.
    pub fn spawn_monitored(&mut self, process: P) -> (Pid, MonitorRef) {
        let pid = self.spawn(process);
        (pid, self.monitor(pid))
    }

    /// Starts a process outside the tree and links it to this one: see [`Out::link`].
    pub fn spawn_linked(&mut self, process: P) -> Pid {
        let pid = self.spawn(process);
        self.link(pid);
        pid
    }

    /// Starts a child under a supervisor of many.
    ///
    /// If no running supervisor bears the name or the key is taken, the child ends before its
    /// start: a monitor or link reports [`Reason::NoProcess`], and messages to it are
    /// undeliverable. So monitor a child that matters.
    pub fn spawn_child(&mut self, supervisor: Name, key: u64, process: P) -> Pid {
        let pid = self.address();
        self.spawn_with(process, StepEffect::SpawnChild(pid, supervisor, key), pid)
    }

    /// Starts a child under a supervisor of many and monitors it: its end arrives as
    /// [`crate::Event::Down`], with [`Reason::NoProcess`] if it could not be started. Cheaper than
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

    /// Asks a supervisor to end a child, as [`crate::World::terminate_child`] or
    /// [`crate::World::terminate_one_of`] does. If it cannot, nothing happens: monitor the child to
    /// learn of its end.
    pub fn terminate_child(&mut self, supervisor: Name, child: ChildId) {
        self.control(supervisor, Control::Terminate(child));
    }

    /// Asks a supervisor of many to give up a child, as if it had died too often: for a process
    /// that finds that this child makes others fail.
    pub fn give_up(&mut self, supervisor: Name, key: u64) {
        self.control(supervisor, Control::GiveUp(key));
    }

    /// Asks a group to start a child that has ended, as [`crate::World::restart_child`] does.
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

    /// Sends a message to each child of the supervisor of many that bears a name, in order of
    /// address, as they are at the end of this step. O(processes of the world).
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

    /// Sets a timer: after `after` nanoseconds of virtual time, [`crate::Event::Timer`] arrives
    /// with this token. The end of this process removes it.
    pub fn timer(&mut self, after: u64, token: u64) -> TimerRef {
        self.timers_set += 1;
        let at = self.now.saturating_add(after);
        let timer = TimerRef { at, number: self.timers_set };
        self.effect(StepEffect::Timer(timer, token));
        timer
    }

    /// Removes a timer that has not fired.
    pub fn cancel_timer(&mut self, timer: TimerRef) {
        self.effect(StepEffect::CancelTimer(timer));
    }

    /// Subscribes to a group: this process receives what is published there on any of these topics
    /// (a bit each).
    pub fn join(&mut self, group: u32, topics: u64) {
        self.effect(StepEffect::Join(group, topics));
    }

    /// Ends the subscription to a group.
    pub fn quit(&mut self, group: u32) {
        self.effect(StepEffect::Quit(group));
    }

    /// Sends a message to all members of a group that subscribe to any of these topics, in order of
    /// joining.
    pub fn publish(&mut self, group: u32, topics: u64, message: &P::Message) {
        for &(to, wanted) in self.groups.get(&group).map_or(&[][..], Vec::as_slice) {
            if wanted & topics != 0 {
                let signal = Signal::Message(message.clone());
                self.ring.push(Envelope { to, from: self.me, signal });
            }
        }
    }
}
