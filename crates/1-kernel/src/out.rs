//! What a step wants done. Lent to a process for one step; nothing in it has happened until the
//! step is over, so a step that panics leaves no trace.

use std::collections::BTreeMap;

use crate::process::{Cause, Causes};
use crate::ring::{Envelope, Letter, Ring};
use crate::ties::{MonitorRef, Ties};
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

/// Effects that wait for the end of the step. Sends are not among them: they go straight into the
/// ring, from which they can be taken back.
#[derive(Clone, Debug)]
pub(crate) enum Effect<N> {
    Monitor(MonitorRef, Pid),
    Demonitor(MonitorRef),
    DemonitorAll,
    Link(Pid),
    Unlink(Pid),
    Trap(bool),
    Note(Option<N>),
    /// Starts the process at this place of `spawned`.
    Spawn(Pid, Option<(Name, u64)>),
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
    pub(crate) effects: Vec<Effect<P::Note>>,
    /// The process ends when the step is over.
    pub(crate) exit: Option<Cause>,
    pub(crate) causes: Causes,
    pub(crate) notes: Vec<Option<P::Note>>,
    /// Where the note of this process is among them.
    pub(crate) note: u32,
    pub(crate) spawned: Vec<P>,
    pub(crate) multicasts: Vec<P::Message>,
    pub(crate) log: Vec<P::Fact>,
    pub(crate) ties: Ties,
    pub(crate) names: Vec<Pid>,
    pub(crate) groups: BTreeMap<u32, Vec<(Pid, u64)>>,
    pub(crate) keeper: P::Keeper,
    /// The name whose process may read the keeper.
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
        self.ring.push(Envelope { to, from: self.me, letter: Letter::Say(message) });
    }

    /// Sends a message to whoever bears a name; to nobody if nobody does. If the bearer has died and
    /// its supervisor has not restarted it yet, its next life gets the message, after its start.
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

    /// Gives this process a name. A name that somebody else bears passes to this one.
    pub fn register(&mut self, name: Name) {
        self.effects.push(Effect::Register(name));
    }

    /// Appends a fact to the world's log, if the keeper admits it; if not, the whole step is
    /// undone and this process has died of it.
    #[inline(always)]
    pub fn record(&mut self, fact: P::Fact) {
        self.log.push(fact);
    }

    /// The fold of the log. Only the process that the world names as the log's reader may look: `None` to others.
    #[inline(always)]
    pub fn kept(&self) -> Option<&P::Keeper> {
        (self.reader.and_then(|name| self.whereis(name)) == Some(self.me)).then_some(&self.keeper)
    }

    /// Writes down what the next life of this process must know; `None` wipes it out.
    #[inline]
    pub fn note(&mut self, note: Option<P::Note>) {
        self.effects.push(Effect::Note(note));
    }

    /// Has this process told when another ends: at once if it is gone already ([`Reason::NoProcess`]).
    /// Whatever the other sends before its end arrives before.
    #[inline]
    pub fn monitor(&mut self, pid: Pid) -> MonitorRef {
        let reference = self.ties.reserve();
        self.effects.push(Effect::Monitor(reference, pid));
        reference
    }

    /// Takes a monitor away. Its `Down` will not arrive any more, not even if it is on its way.
    #[inline]
    pub fn demonitor(&mut self, monitor: MonitorRef) {
        self.effects.push(Effect::Demonitor(monitor));
    }

    /// Takes every monitor of this process away, for one that watches one other at a time.
    #[inline]
    pub fn demonitor_all(&mut self) {
        self.effects.push(Effect::DemonitorAll);
    }

    /// What this process has written down by the beginning of this step.
    #[inline]
    pub fn noted(&self) -> Option<&P::Note> {
        self.notes.get(self.note as usize)?.as_ref()
    }

    /// Ties this process's life to another's, both ways.
    pub fn link(&mut self, pid: Pid) {
        self.effects.push(Effect::Link(pid));
    }

    /// Takes a link away.
    pub fn unlink(&mut self, pid: Pid) {
        self.effects.push(Effect::Unlink(pid));
    }

    /// From now on exit signals arrive as events instead of ending this process. A kill still does.
    pub fn trap_exits(&mut self, trap: bool) {
        self.effects.push(Effect::Trap(trap));
    }

    /// Ends this process when the step is over.
    #[inline(always)]
    pub fn exit(&mut self, reason: Reason) {
        self.exit = Some(self.causes.note(&reason));
    }

    /// Sends an exit signal. [`Reason::Killed`] cannot be trapped.
    pub fn exit_other(&mut self, pid: Pid, reason: Reason) {
        let cause = self.causes.note(&reason);
        self.ring.push(Envelope { to: pid, from: self.me, letter: Letter::Exit(cause) });
    }

    /// Starts a process outside the tree: nobody restarts it.
    pub fn spawn(&mut self, process: P) -> Pid {
        self.spawn_at(process, None)
    }

    /// Starts a child under a supervisor of many like children. The key must be free there.
    pub fn spawn_child(&mut self, supervisor: Name, key: u64, process: P) -> Pid {
        self.spawn_at(process, Some((supervisor, key)))
    }

    fn spawn_at(&mut self, process: P, place: Option<(Name, u64)>) -> Pid {
        let pid = self.address();
        self.spawned.push(process);
        self.effects.push(Effect::Spawn(pid, place));
        self.ring.push(Envelope { to: pid, from: self.me, letter: Letter::Start });
        pid
    }

    /// Sends a message to each child, in order of address, of the supervisor of many that bears a
    /// name, as they are at the end of this step. O(processes of the world).
    pub fn multicast(&mut self, supervisor: Name, message: P::Message) {
        self.multicasts.push(message);
        self.effects.push(Effect::Multicast(supervisor));
    }

    /// An address for a new process.
    #[inline]
    pub(crate) fn address(&mut self) -> Pid {
        self.free.pop().unwrap_or_else(|| {
            self.fresh += 1;
            Pid { index: self.fresh - 1, generation: 1 }
        })
    }

    /// Sets a timer: after so many nanoseconds of virtual time, [`crate::Event::Timer`] arrives with this token.
    /// A life's timers end with it.
    pub fn timer(&mut self, after: u64, token: u64) -> TimerRef {
        self.timers_set += 1;
        let at = self.now.saturating_add(after);
        let timer = TimerRef { at, number: self.timers_set };
        self.effects.push(Effect::Timer(timer, token));
        timer
    }

    /// Takes a timer away, unless it has fired.
    pub fn cancel_timer(&mut self, timer: TimerRef) {
        self.effects.push(Effect::CancelTimer(timer));
    }

    /// Subscribes to a group: this process hears what is published there on any of these topics (a bit each).
    pub fn join(&mut self, group: u32, topics: u64) {
        self.effects.push(Effect::Join(group, topics));
    }

    /// Ends a subscription.
    pub fn quit(&mut self, group: u32) {
        self.effects.push(Effect::Quit(group));
    }

    /// Sends a message to all of a group who want to hear of any of these topics, in order of joining.
    pub fn publish(&mut self, group: u32, topics: u64, message: &P::Message) {
        for &(to, wanted) in self.groups.get(&group).map_or(&[][..], Vec::as_slice) {
            if wanted & topics != 0 {
                let letter = Letter::Say(message.clone());
                self.ring.push(Envelope { to, from: self.me, letter });
            }
        }
    }
}
