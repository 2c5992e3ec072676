//! The processes of one thread, with their ring, ties, timers and tree. Every step of every
//! process passes through here, whoever chooses it; no step is possible in any other way.

pub(crate) mod checkpoint;
mod copy;
mod deliver;
mod effects;
pub(crate) mod fingerprint;
mod inspect;
mod lifecycle;
mod links;
mod prune;
mod remote;
mod run;
pub(crate) mod slot;
pub(crate) mod test_api;

use std::collections::{BTreeMap, BTreeSet};

use slot::{Due, NO_NODE, Parked, Slot, State};

use crate::discard::{discard_all, empty};
use crate::links::Links;
use crate::notes::{NO_NOTE, Notes};
use crate::out::{Out, TimerRef};
use crate::reason::{Cause, Causes};
use crate::remote::Remote;
use crate::ring::Ring;
use crate::signal::{Envelope, Signal};
use crate::step_flags::StepFlags;
use crate::tree::{Body, Node, NodeId, Tree};
use crate::{MonitorRef, Name, Pid, Process, Reason, Watch};

/// No position of the ring.
const NO_STEP: u64 = u64::MAX;

/// A world: processes, and all that is between them.
///
/// `W` is who watches; `()` in production.
pub struct World<P: Process, W = ()> {
    pub(crate) slots: Vec<Slot<P>>,
    pub(crate) out: Out<P>,
    pub(crate) tree: Tree<P::Role>,
    /// Lives that ended with their supervisor or a sibling, by node and key, for when their places
    /// are started again.
    pub(crate) parked: BTreeMap<(NodeId, u64), Parked>,
    pub(crate) timers: BTreeMap<TimerRef, (Pid, Due)>,
    /// The same timers by who has set them.
    timers_of: BTreeSet<(Pid, TimerRef)>,
    /// Names by who bears them: the registry's other way round.
    bearers: BTreeSet<(Pid, Name)>,
    /// Answers that are awaited: where to, and the monitor of who is asked; and the same by monitor.
    calls: BTreeMap<Pid, MonitorRef>,
    aliases: BTreeMap<MonitorRef, Pid>,
    /// Lives that ended otherwise than as `Normal`.
    failures: u64,
    /// True while the state machine judges: a panic is its own then, and no process's.
    judging: bool,
    /// Where the ring stood when the step began that is on: that of `out.me`. [`NO_STEP`] between two steps.
    mark: u64,
    undeliverable: u64,
    /// Values of user code whose destructor panicked; messages and notes are counted where they lie.
    pub(crate) failed_drops: u64,
    pub(crate) dead: Option<Reason>,
    /// Who watches.
    pub watch: W,
}

impl<P: Process, W: Watch<P>> World<P, W> {
    /// An empty world around what its log has folded to. `reader` is the name whose bearer may read the state machine.
    pub fn new(state_machine: P::StateMachine, reader: Option<Name>, watch: W) -> World<P, W> {
        let out = Out {
            me: Pid::OUTSIDE,
            ring: Ring::new(1024),
            step_flags: StepFlags::NOTHING,
            noting: NO_NOTE,
            monitoring: (MonitorRef::made_up(0), Pid::OUTSIDE),
            effects: Vec::with_capacity(64),
            exit: Cause::Normal,
            causes: Causes::default(),
            notes: Notes::new(),
            note: NO_NOTE,
            spawned: Vec::new(),
            multicasts: Vec::new(),
            log: Vec::with_capacity(64),
            recorded: 0,
            links: Links::default(),
            remote: Remote::default(),
            number: 0,
            names: Vec::new(),
            groups: BTreeMap::new(),
            state_machine,
            reader,
            free: Vec::new(),
            fresh: 0,
            now: 0,
            timers_set: 0,
            key: 0,
            incarnation: 0,
        };
        World {
            slots: Vec::new(),
            out,
            tree: Tree { places: Vec::new() },
            parked: BTreeMap::new(),
            timers: BTreeMap::new(),
            timers_of: BTreeSet::new(),
            bearers: BTreeSet::new(),
            calls: BTreeMap::new(),
            aliases: BTreeMap::new(),
            failures: 0,
            judging: false,
            mark: NO_STEP,
            undeliverable: 0,
            failed_drops: 0,
            dead: None,
            watch,
        }
    }

    // ---- the edge: what comes in

    /// Starts a tree, or adds a branch under a group of it. Children are started in order.
    ///
    /// If a child of it cannot be made ([`Process::start`] panics), those before it are ended in reverse, and
    /// its supervisor with that as the reason: a branch is tried again as the group above it bears, a
    /// whole tree is over ([`World::death`]). A branch of a group that is not there, or is just ending
    /// children, starts with it, or after that.
    ///
    /// # Panics
    ///
    /// Before anything has changed, if the parent is no group.
    pub fn grow(&mut self, parent: Option<NodeId>, node: Node<P::Role>) -> NodeId {
        let is_group = |node| matches!(self.tree.place(node).body, Body::Group { .. });
        assert!(parent.is_none_or(is_group), "a branch is grown under a group");
        let id = self.tree.add(parent, node);
        self.start_grown(parent, id);
        id
    }

    /// Adds a branch under a group without starting it, as if it had been ended: see [`World::restart_child`].
    pub fn grow_ended(&mut self, parent: NodeId, node: Node<P::Role>) -> NodeId {
        self.tree.add(Some(parent), node)
    }

    /// Sends a message from outside.
    pub fn send(&mut self, to: Pid, message: P::Message) {
        self.out.ring.push(Envelope { to, from: Pid::OUTSIDE, signal: Signal::Message(message) });
    }

    /// Sends a message from outside to whoever bears a name. False if nobody does.
    pub fn send_to(&mut self, name: Name, message: P::Message) -> bool {
        let Some(to) = self.out.whereis(name) else { return false };
        self.send(to, message);
        true
    }

    /// Starts a process outside the tree.
    pub fn spawn(&mut self, process: P) -> Pid {
        let pid = self.out.address();
        self.place_process(pid, |_| Some(process), NO_NODE, 0, 1, State::Alive);
        self.out.ring.push_from_outside(Envelope {
            to: pid,
            from: Pid::OUTSIDE,
            signal: Signal::Start,
        });
        pid
    }

    /// Starts a child of a supervisor of many.
    ///
    /// While the supervisor is between two lives, or about to end, nobody is started and the address is
    /// [`Pid::OUTSIDE`]: its next life starts whom the log names, and would not know of this one. The same if
    /// the supervisor is none of many. That the key is free there is not looked at: it must be.
    #[inline]
    pub fn spawn_child(&mut self, supervisor: NodeId, key: u64, process: P) -> Pid {
        if !self.takes_children(supervisor) || self.tree.index(supervisor).is_none() {
            self.let_go(process);
            return Pid::OUTSIDE;
        }
        let pid = self.out.address();
        self.tree.enrol(supervisor, key, pid);
        self.place_process(pid, |_| Some(process), supervisor.0, key, 1, State::Alive);
        let from = self.tree.place(supervisor).pid;
        self.out.ring.push_from_outside(Envelope { to: pid, from, signal: Signal::Start });
        pid
    }

    /// Starts a child of a supervisor of many with a message, which is the first event of this life in
    /// place of [`Event::Start`]. Its later lives begin with that. `process` makes it where it will lie.
    /// Otherwise as [`World::spawn_child`].
    ///
    /// # Panics
    ///
    /// If the supervisor is none of many. And `process` must not: the key would be taken by nobody.
    #[inline(always)]
    pub fn spawn_child_with(
        &mut self,
        supervisor: NodeId,
        key: u64,
        process: impl FnOnce() -> P,
        message: P::Message,
    ) -> Pid {
        if !self.takes_children(supervisor) {
            return Pid::OUTSIDE;
        }
        let pid = self.out.address();
        self.tree.enrol(supervisor, key, pid);
        self.ensure_slot(pid);
        let slot = &mut self.slots[pid.index()];
        assert!(slot.body.is_none(), "a free slot has no process");
        slot.body = Some(process());
        slot.occupy(pid, supervisor.0, key, 1, State::Alive);
        self.watch.started(pid, key, 1);
        self.send(pid, message);
        pid
    }

    /// Records a fact from outside, if the state machine admits it.
    pub fn record(&mut self, fact: P::Fact) -> Result<(), crate::Broken> {
        self.record_by(Pid::OUTSIDE, fact)
    }

    /// Records a fact for somebody who has no step of a process.
    pub(crate) fn record_by(&mut self, by: Pid, fact: P::Fact) -> Result<(), crate::Broken> {
        if let Err(broken) = self.judge(by, &fact) {
            self.let_go(fact);
            return Err(broken);
        }
        self.watch.recorded(by, &fact);
        self.out.log.push(fact);
        Ok(())
    }

    /// Sets the time, in nanoseconds. It never goes back; timers that are due by then fire, in order.
    #[inline(always)]
    pub fn set_time(&mut self, now: u64) {
        self.out.now = self.out.now.max(now);
        if !self.timers.is_empty() {
            self.fire_timers();
        }
    }

    fn fire_timers(&mut self) {
        while let Some(entry) = self.timers.first_entry() {
            if entry.key().at > self.out.now {
                break;
            }
            let timer = *entry.key();
            let (to, due) = entry.remove();
            self.timers_of.remove(&(to, timer));
            let (from, signal) = match due {
                Due::Token(token) => (to, Signal::Timer(token)),
                Due::Kill { by } => (by, Signal::Exit(Cause::Killed)),
            };
            self.out.ring.push(Envelope { to, from, signal });
        }
    }

    /// When the next timer is due.
    pub fn next_timer(&self) -> Option<u64> {
        self.timers.keys().next().map(|timer| timer.at)
    }

    /// Kills a process now, between two steps. A supervisor takes its children with it.
    pub fn kill(&mut self, pid: Pid) {
        if self.is_alive(pid) {
            self.terminate(pid, Reason::Killed);
        }
    }
}

/// The end of a world is nobody's end: no process hears of it. All that user code has made is dropped one by one, so
/// that a destructor that panics is not met by a second one, which would abort the program.
impl<P: Process, W> Drop for World<P, W> {
    fn drop(&mut self) {
        for slot in &mut self.slots {
            let _untold = empty(&mut slot.body);
        }
        let out = &mut self.out;
        out.ring.free();
        out.notes.free();
        let _uncounted = [
            discard_all(std::mem::take(&mut out.spawned)),
            discard_all(std::mem::take(&mut out.multicasts)),
            discard_all(std::mem::take(&mut out.log)),
            discard_all(std::mem::take(&mut out.remote.outbox)),
        ];
    }
}

impl<P: Process, W> std::fmt::Debug for World<P, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "World({} slots, {} waiting)", self.slots.len(), self.out.ring.len())
    }
}
