//! The processes of one thread, with their ring, links, timers and tree. Every step of every
//! process goes through this module, whichever scheduler picks it; there is no other way to run a
//! process.

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

/// No step is in progress.
const NO_STEP: u64 = u64::MAX;

/// A world: processes, and everything between them.
///
/// `W` is the watcher ([`Watch`]); `()` in production, where it costs nothing.
///
/// Between two steps, always:
///
/// - `mark == NO_STEP`, the step flags are empty, and `effects`, `spawned` and `multicasts` of
///   `out` hold nothing
/// - a slot has a body only if its state is `Alive` (a played address is `Alive` without one)
/// - an address is valid if its generation equals its slot's; each end of a life raises that
///   generation
/// - `out.free` holds one address for each index below `out.fresh` that is free and has generations
///   left
/// - `timers` and `timers_of` hold the same timers, `calls` and `aliases` the same open calls, and
///   `bearers` the processes behind `out.names`
/// - `Flags::LISTED`, `TIMED` and `REMOTE` are set if the process is in one of the lists they stand
///   for (they may be set though it is not): the end of a process without them skips these lists
/// - the log holds only facts that the state machine has applied
pub struct World<P: Process, W = ()> {
    pub(crate) slots: Vec<Slot<P>>,
    pub(crate) out: Out<P>,
    pub(crate) tree: Tree<P::Role>,
    /// Incarnation and note of processes without a slot, by node and key: they ended with their
    /// supervisor or a sibling, or were given up, and their places can be started again.
    pub(crate) parked: BTreeMap<(NodeId, u64), Parked>,
    pub(crate) timers: BTreeMap<TimerRef, (Pid, Due)>,
    /// The same timers by the process that set them.
    timers_of: BTreeSet<(Pid, TimerRef)>,
    /// Registered names by process: the inverse of the registry.
    bearers: BTreeSet<(Pid, Name)>,
    /// Open calls: the monitor of the called process, by reply address; and the inverse.
    calls: BTreeMap<Pid, MonitorRef>,
    aliases: BTreeMap<MonitorRef, Pid>,
    /// Ends of processes and supervisors for another reason than `Normal`.
    failures: u64,
    /// True while the state machine applies facts: a panic is its own then, not the process's.
    judging: bool,
    /// The ring's tail when the current step (that of `out.me`) began; [`NO_STEP`] between two
    /// steps. An undo rewinds the ring to it, and a panic with `NO_STEP` is the kernel's own.
    mark: u64,
    undeliverable: u64,
    /// Values of user code whose destructor panicked; the ring and the notes count their own.
    pub(crate) failed_drops: u64,
    pub(crate) dead: Option<Reason>,
    /// The watcher.
    pub watch: W,
}

impl<P: Process, W: Watch<P>> World<P, W> {
    /// An empty world around the fold of its log so far. The process registered as `reader` may
    /// read the state machine ([`Out::read_state`]).
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

    // ---- input from outside

    /// Starts a tree, or adds a branch under a group of it. Children are started in order.
    ///
    /// If a child does not start ([`Process::start`] panics), the children started before it end in
    /// reverse order, and its supervisor ends with that reason. The group above restarts a branch
    /// within its intensity; a root that does not start ends the world ([`World::death`]). If the
    /// group above is not running, the branch starts with it; if that group is ending children, the
    /// branch starts afterwards.
    ///
    /// # Panics
    ///
    /// If the parent is not a group; nothing has changed then.
    pub fn grow(&mut self, parent: Option<NodeId>, node: Node<P::Role>) -> NodeId {
        let is_group = |node| matches!(self.tree.place(node).body, Body::Group { .. });
        assert!(parent.is_none_or(is_group), "a branch is grown under a group");
        let id = self.tree.add(parent, node);
        self.start_grown(parent, id);
        id
    }

    /// Adds a branch under a group without starting it; [`World::restart_child`] does.
    pub fn grow_ended(&mut self, parent: NodeId, node: Node<P::Role>) -> NodeId {
        self.tree.add(Some(parent), node)
    }

    /// Sends a message from outside.
    pub fn send(&mut self, to: Pid, message: P::Message) {
        self.out.ring.push(Envelope { to, from: Pid::OUTSIDE, signal: Signal::Message(message) });
    }

    /// Sends a message from outside to a registered name. False if no process bears it.
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
    /// Returns [`Pid::OUTSIDE`] and starts nothing if the node is no supervisor of many, or if the
    /// supervisor is being restarted or is ending: its next life starts the children that the log
    /// names, and would not know this one. The key must be free; this is not checked.
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

    /// Starts a child of a supervisor of many with a message as its first event, in place of
    /// [`Event::Start`]. After a restart its first event is [`Event::Start`]. `process` constructs
    /// it in its slot. Otherwise as [`World::spawn_child`].
    ///
    /// # Panics
    ///
    /// If the node is no supervisor of many. `process` must not panic: its key would stay taken.
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

    /// Records a fact from outside if the state machine accepts it.
    pub fn record(&mut self, fact: P::Fact) -> Result<(), crate::Broken> {
        self.record_by(Pid::OUTSIDE, fact)
    }

    /// Records a fact for a supervisor or the outside, which have no step.
    pub(crate) fn record_by(&mut self, by: Pid, fact: P::Fact) -> Result<(), crate::Broken> {
        if let Err(broken) = self.judge(by, &fact) {
            self.let_go(fact);
            return Err(broken);
        }
        self.watch.recorded(by, &fact);
        self.out.log.push(fact);
        Ok(())
    }

    /// Sets virtual time, in nanoseconds, and fires the timers due by then, in order. An earlier
    /// time has no effect.
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

    /// Virtual time of the next timer, in nanoseconds.
    pub fn next_timer(&self) -> Option<u64> {
        self.timers.keys().next().map(|timer| timer.at)
    }

    /// Kills a process now, between two steps. A supervisor's children end with it.
    pub fn kill(&mut self, pid: Pid) {
        if self.is_alive(pid) {
            self.terminate(pid, Reason::Killed);
        }
    }
}

/// No process is notified of its world's end. Values of user code are dropped one by one, each
/// under a `catch_unwind`: a second panic while one unwinds would abort the program.
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
