//! The processes of one thread, with their ring, ties, timers and tree. Every step of every
//! process passes through here, whoever chooses it; no step is possible in any other way.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use crate::out::{Effect, Out, TimerRef};
use crate::process::{Cause, Causes};
use crate::ring::{Envelope, Letter, Ring};
use crate::ties::{Heads, Kind, MonitorRef, Ties, survives};
use crate::tree::{Node, NodeId, Tree};
use crate::{Event, Keeper, Name, Pid, Process, Reason, Watch};

/// What a slot holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    Free,
    /// A process.
    Alive,
    /// Between two lives: the supervisor has not heard yet. Its address is already the next life's.
    Between,
    /// A supervisor: the kernel's own kind of process.
    Supervisor,
}

#[derive(Clone, Debug)]
pub(crate) struct Slot<P> {
    pub(crate) body: Option<P>,
    pub(crate) key: u64,
    pub(crate) generation: u32,
    pub(crate) incarnation: u32,
    pub(crate) ties: Heads,
    pub(crate) note: u32,
    /// Its place in the tree, or `NO_NODE`. For one of many, the place of its supervisor.
    pub(crate) node: u16,
    pub(crate) state: State,
    pub(crate) marks: Marks,
}

/// What can be true of a process, a bit each: a slot is 32 bytes beside its process.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Marks(u8);

impl Marks {
    /// Exit signals arrive as events.
    pub(crate) const TRAPS: Marks = Marks(1);
    /// It bears a name, or is of a group: to be struck off when it ends.
    pub(crate) const LISTED: Marks = Marks(2);
    /// It has set a timer: to be taken away when it ends.
    pub(crate) const TIMED: Marks = Marks(4);
    /// It has had its first event.
    pub(crate) const BEGUN: Marks = Marks(8);
    /// Something of it is in the world's own lists.
    pub(crate) const ANYWHERE: Marks = Marks(2 | 4);

    #[inline(always)]
    pub(crate) fn any(self, of: Marks) -> bool {
        self.0 & of.0 != 0
    }

    #[inline(always)]
    pub(crate) fn set(&mut self, mark: Marks, to: bool) {
        self.0 = if to { self.0 | mark.0 } else { self.0 & !mark.0 };
    }

    /// Whether a mark was set; it is not any more.
    pub(crate) fn take(&mut self, mark: Marks) -> bool {
        let was = self.any(mark);
        self.set(mark, false);
        was
    }
}

/// What is kept of a life whose slot was freed, but not its place in the tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PastLife {
    incarnation: u32,
    note: u32,
}

pub(crate) const NO_NODE: u16 = u16::MAX;
pub(crate) const NO_NOTE: u32 = u32::MAX;

/// A world: processes, and all that is between them.
///
/// `W` is who watches; `()` in production.
pub struct World<P: Process, W = ()> {
    pub(crate) slots: Vec<Slot<P>>,
    pub(crate) out: Out<P>,
    pub(crate) tree: Tree<P::Role>,
    pub(crate) free_notes: Vec<u32>,
    /// Lives that ended with their supervisor or a sibling, by node and key, for when their places
    /// are started again.
    pub(crate) past_lives: BTreeMap<(NodeId, u64), PastLife>,
    pub(crate) timers: BTreeMap<TimerRef, (Pid, u64)>,
    /// The same timers by who has set them.
    timers_of: BTreeSet<(Pid, TimerRef)>,
    /// Whose step it is, while it is on.
    stepping: Option<Pid>,
    /// Where the ring and the log stood when the step began.
    mark: (u64, usize),
    undeliverable: u64,
    pub(crate) dead: Option<Reason>,
    /// Who watches.
    pub watch: W,
}

impl<P: Process, W: Watch<P>> World<P, W> {
    /// An empty world around what its log has folded to. `reader` is the name whose bearer may read the keeper.
    pub fn new(keeper: P::Keeper, reader: Option<Name>, watch: W) -> World<P, W> {
        let out = Out {
            me: Pid::OUTSIDE,
            ring: Ring::new(1024),
            effects: Vec::with_capacity(64),
            exit: None,
            causes: Causes::default(),
            notes: Vec::new(),
            note: NO_NOTE,
            spawned: Vec::new(),
            multicasts: Vec::new(),
            log: Vec::with_capacity(64),
            ties: Ties::default(),
            names: Vec::new(),
            groups: BTreeMap::new(),
            keeper,
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
            free_notes: Vec::new(),
            past_lives: BTreeMap::new(),
            timers: BTreeMap::new(),
            timers_of: BTreeSet::new(),
            stepping: None,
            mark: (0, 0),
            undeliverable: 0,
            dead: None,
            watch,
        }
    }

    // ---- the edge: what comes in

    /// Starts a tree, or adds a branch under a group of it. Children are started in order.
    pub fn grow(&mut self, parent: Option<NodeId>, node: Node<P::Role>) -> NodeId {
        let id = self.tree.add(parent, node);
        self.start_node(id);
        id
    }

    /// Sends a message from outside.
    pub fn send(&mut self, to: Pid, message: P::Message) {
        self.out.ring.push(Envelope { to, from: Pid::OUTSIDE, letter: Letter::Say(message) });
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
        self.settle_in(pid, Some(process), NO_NODE, 0, 1, State::Alive);
        self.out.ring.push(Envelope { to: pid, from: Pid::OUTSIDE, letter: Letter::Start });
        pid
    }

    /// Starts a child of a supervisor of many. Its key must be free there.
    ///
    /// While the supervisor is between two lives nobody is started and the address is
    /// [`Pid::OUTSIDE`]: its next life starts whom the log names, and would not know of this one.
    #[inline]
    pub fn spawn_child(&mut self, supervisor: NodeId, key: u64, process: P) -> Pid {
        if !self.is_alive(self.tree.place(supervisor).pid) {
            return Pid::OUTSIDE;
        }
        let pid = self.out.address();
        self.tree.enrol(supervisor, key, pid);
        self.settle_in(pid, Some(process), supervisor.0, key, 1, State::Alive);
        let from = self.tree.place(supervisor).pid;
        self.out.ring.push(Envelope { to: pid, from, letter: Letter::Start });
        pid
    }

    /// Starts a child of a supervisor of many with a message, which is the first event of this life in
    /// place of [`Event::Start`]. Its later lives begin with that. Otherwise as [`World::spawn_child`].
    #[inline(always)]
    pub fn spawn_child_with(
        &mut self,
        supervisor: NodeId,
        key: u64,
        process: P,
        message: P::Message,
    ) -> Pid {
        if !self.is_alive(self.tree.place(supervisor).pid) {
            return Pid::OUTSIDE;
        }
        let pid = self.out.address();
        self.tree.enrol(supervisor, key, pid);
        self.settle_in(pid, Some(process), supervisor.0, key, 1, State::Alive);
        self.send(pid, message);
        pid
    }

    /// Records a fact from outside, if the keeper admits it.
    pub fn record(&mut self, fact: P::Fact) -> Result<(), crate::Broken> {
        self.record_by(Pid::OUTSIDE, fact)
    }

    /// Records a fact for somebody who has no step of a process.
    pub(crate) fn record_by(&mut self, by: Pid, fact: P::Fact) -> Result<(), crate::Broken> {
        self.out.keeper.admit(std::slice::from_ref(&fact))?;
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
            let (to, token) = entry.remove();
            self.timers_of.remove(&(to, timer));
            self.out.ring.push(Envelope { to, from: to, letter: Letter::Timer(token) });
        }
    }

    /// When the next timer is due.
    pub fn next_timer(&self) -> Option<u64> {
        self.timers.keys().next().map(|timer| timer.at)
    }

    /// Kills a process now, between two steps. A supervisor takes its children with it.
    pub fn kill(&mut self, pid: Pid) {
        if self.is_alive(pid) {
            self.bury(pid, Reason::Killed);
        }
    }

    // ---- the edge: what comes out

    /// The facts recorded since this was last called, oldest first.
    #[inline]
    pub fn take_log(&mut self) -> std::vec::Drain<'_, P::Fact> {
        self.out.log.drain(..)
    }

    /// The fold of the log.
    #[inline(always)]
    pub fn keeper(&self) -> &P::Keeper {
        &self.out.keeper
    }

    /// Who bears a name.
    pub fn whereis(&self, name: Name) -> Option<Pid> {
        self.out.whereis(name)
    }

    /// The child of a supervisor of many with this key; it may be between two lives.
    #[inline(always)]
    pub fn child(&self, supervisor: NodeId, key: u64) -> Option<Pid> {
        let slots = &self.slots;
        let is = |index: u32| {
            let slot = &slots[index as usize];
            slot.key == key && slot.node == supervisor.0
        };
        let index = self.tree.table(supervisor)?.get(key, is)?;
        Some(Pid { index, generation: slots[index as usize].generation })
    }

    /// Asks the processor to fetch a child's entry soon. No effect but on time.
    #[inline(always)]
    pub fn warm_entry(&self, supervisor: NodeId, key: u64) {
        if let Some(table) = self.tree.table(supervisor) {
            table.warm(key);
        }
    }

    /// Asks the processor to fetch a child's place soon, and tells which it probably is. No effect but on time.
    #[inline(always)]
    pub fn warm_place(&self, supervisor: NodeId, key: u64) -> Option<usize> {
        let index = self.tree.table(supervisor)?.guess(key)? as usize;
        crate::prefetch(self.slots.get(index)?);
        Some(index)
    }

    /// A process's state, for looking at.
    #[inline]
    pub fn process(&self, pid: Pid) -> Option<&P> {
        let slot = self.slots.get(pid.index())?;
        if slot.generation == pid.generation { slot.body.as_ref() } else { None }
    }

    /// All processes that are alive, in order of address, with their key and incarnation.
    pub fn processes(&self) -> impl Iterator<Item = (Pid, u64, u32, &P)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let index = u32::try_from(index).ok()?;
            let pid = Pid { index, generation: slot.generation };
            Some((pid, slot.key, slot.incarnation, slot.body.as_ref()?))
        })
    }

    /// The note that a process's next life would be given.
    pub fn note(&self, pid: Pid) -> Option<&P::Note> {
        let slot = self.slots.get(pid.index()).filter(|s| s.generation == pid.generation)?;
        self.out.notes.get(slot.note as usize)?.as_ref()
    }

    /// True if this life is on. A supervisor is alive too.
    pub fn is_alive(&self, pid: Pid) -> bool {
        self.slots.get(pid.index()).is_some_and(|slot| {
            slot.generation == pid.generation
                && matches!(slot.state, State::Alive | State::Supervisor)
        })
    }

    /// True if this life is on, or is a next life that has not begun yet.
    fn is_there(&self, pid: Pid) -> bool {
        self.slots
            .get(pid.index())
            .is_some_and(|slot| slot.generation == pid.generation && slot.state != State::Free)
    }

    /// True if this life has not had its first event, which must be the oldest that waits for it.
    pub(crate) fn is_unbegun(&self, pid: Pid) -> bool {
        self.slots.get(pid.index()).is_some_and(|slot| {
            slot.generation == pid.generation
                && slot.state == State::Alive
                && !slot.marks.any(Marks::BEGUN)
        })
    }

    /// True if this address is a next life that its supervisor has not begun yet.
    pub(crate) fn is_between(&self, pid: Pid) -> bool {
        self.slots
            .get(pid.index())
            .is_some_and(|slot| slot.generation == pid.generation && slot.state == State::Between)
    }

    /// The tree as text.
    pub fn tree(&self) -> String {
        self.tree.to_string()
    }

    /// A node by its path from the root, such as `exchange/BTC-USD/floor`.
    pub fn node(&self, path: &str) -> Option<NodeId> {
        self.tree.find(path)
    }

    /// Signals that wait to be delivered.
    pub fn waiting(&self) -> usize {
        self.out.ring.len()
    }

    /// What waits, oldest first.
    pub fn letters(&self) -> impl Iterator<Item = &Envelope<P::Message>> {
        self.out.ring.waiting()
    }

    /// What was delivered of late, oldest first, each with its number: the flight recorder.
    pub fn past(&self) -> impl Iterator<Item = (u64, &Envelope<P::Message>)> {
        self.out.ring.past()
    }

    /// Signals that found nobody, so far.
    pub fn undeliverable(&self) -> u64 {
        self.undeliverable
    }

    /// Why this world is over, if it is: a root was killed, or had more restarts than it bears.
    pub fn death(&self) -> Option<&Reason> {
        self.dead.as_ref()
    }

    // ---- the loop

    /// Delivers everything in order of sending until nothing waits: the live chooser.
    ///
    /// A process that panics dies of it; the loop goes on. A panic of the kernel itself passes through.
    #[inline]
    pub fn run(&mut self) {
        self.guarded(|world| while world.deliver_next() {});
    }

    /// Delivers the one that waits at `offset` from the oldest. False if there is none.
    pub fn deliver_at(&mut self, offset: usize) -> bool {
        let Some(envelope) = self.out.ring.take(offset) else { return false };
        let mut envelope = Some(envelope);
        self.guarded(|world| {
            if let Some(envelope) = envelope.take() {
                world.deliver(envelope);
            }
        });
        true
    }

    /// Runs `work` again until it gets through; whoever panics in a step on the way dies of it.
    #[inline(always)]
    pub(crate) fn guarded(&mut self, mut work: impl FnMut(&mut World<P, W>)) {
        while let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(self))) {
            self.crashed(panic);
        }
    }

    #[cold]
    pub(crate) fn crashed(&mut self, panic: Box<dyn Any + Send>) {
        let Some(pid) = self.stepping.take() else { resume_unwind(panic) };
        self.undo();
        self.die_of(pid, panic);
    }

    /// Ends a process by a panic, with its text as the reason.
    #[cold]
    pub(crate) fn die_of(&mut self, pid: Pid, panic: Box<dyn Any + Send>) {
        let why: Arc<str> = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
            (Some(text), _) => (*text).into(),
            (_, Some(text)) => text.as_str().into(),
            _ => "panic".into(),
        };
        self.bury(pid, Reason::Failed(why));
    }

    /// Takes back everything that the current step has put out.
    fn undo(&mut self) {
        self.out.ring.take_back(self.mark.0);
        self.out.log.truncate(self.mark.1);
        self.out.spawned.clear();
        self.out.multicasts.clear();
        self.out.exit = None;
        for effect in self.out.effects.drain(..) {
            match effect {
                Effect::Monitor(reference, _) => self.out.ties.release(reference),
                Effect::Spawn(pid, _) => self.out.free.push(pid),
                _ => {}
            }
        }
    }

    /// Delivers the oldest that waits. A message is copied once, from the ring into its event.
    #[inline(always)]
    fn deliver_next(&mut self) -> bool {
        let Some(envelope) = self.out.ring.next() else { return false };
        let &Envelope { to, from, ref letter } = envelope;
        if let Letter::Say(message) = letter
            && let Some(slot) = self.slots.get_mut(to.index())
            && slot.generation == to.generation
            && let Some(body) = &mut slot.body
        {
            self.watch.delivered(envelope);
            let event = Event::Message { from, message: message.clone() };
            let out = &mut self.out;
            (out.me, out.key, out.incarnation, out.note) =
                (to, slot.key, slot.incarnation, slot.note);
            slot.marks.set(Marks::BEGUN, true);
            self.mark = (out.ring.tail(), out.log.len());
            self.stepping = Some(to);
            body.handle(event, out);
            self.end_step(to);
        } else {
            self.deliver_last();
        }
        true
    }

    /// Delivers what was just taken from the ring, whatever it is. Apart from the path of a
    /// message, so that nothing of it lies in that one's way.
    #[inline(never)]
    fn deliver_last(&mut self) {
        let Some(envelope) = self.out.ring.last() else { return };
        let &Envelope { to, from, ref letter } = envelope;
        let alive = match self.slots.get(to.index()) {
            Some(slot) => slot.generation == to.generation && slot.body.is_some(),
            None => false,
        };
        match *letter {
            Letter::Start if alive => {
                self.watch.delivered(envelope);
                self.step(to, Event::Start);
            }
            Letter::Down(monitor, cause) if alive => {
                self.watch.delivered(envelope);
                if self.use_up(to, monitor) {
                    let reason = self.out.causes.tell(cause);
                    self.step(to, Event::Down { monitor, pid: from, reason });
                }
            }
            _ => {
                let envelope = envelope.clone();
                self.deliver(envelope);
            }
        }
    }

    fn deliver(&mut self, envelope: Envelope<P::Message>) {
        let index = envelope.to.index();
        match self.slots.get(index) {
            Some(slot) if slot.generation == envelope.to.generation && slot.body.is_some() => {}
            _ => return self.deliver_to_nobody(envelope),
        }
        self.watch.delivered(&envelope);
        let Envelope { to, from, letter } = envelope;
        let event = match letter {
            Letter::Say(message) => Event::Message { from, message },
            other => match self.signal(to, from, other) {
                Some(event) => event,
                None => return,
            },
        };
        self.step(to, event);
    }

    /// One step of one process, and its effects.
    pub(crate) fn step(&mut self, to: Pid, event: Event<P::Message>) {
        let slot = &mut self.slots[to.index()];
        let out = &mut self.out;
        out.me = to;
        out.key = slot.key;
        out.note = slot.note;
        out.incarnation = slot.incarnation;
        slot.marks.set(Marks::BEGUN, true);
        self.mark = (out.ring.tail(), out.log.len());
        self.stepping = Some(to);
        slot.body.as_mut().expect("checked by who delivers").handle(event, out);
        self.end_step(to);
    }

    /// A step is over: its facts are judged, then its effects happen.
    #[inline(always)]
    fn end_step(&mut self, to: Pid) {
        if self.out.log.len() > self.mark.1 && !self.admit(to) {
            return;
        }
        self.stepping = None;
        if !self.out.effects.is_empty() {
            self.apply(to);
        }
        if let Some(cause) = self.out.exit {
            self.out.exit = None;
            if cause != Cause::Normal || !self.end_one_of_many(to) {
                let reason = self.out.causes.tell(cause);
                self.bury(to, reason);
            }
        }
    }

    /// Has the keeper judge the facts of this step. False if the process died of them.
    #[inline]
    fn admit(&mut self, by: Pid) -> bool {
        let facts = &self.out.log[self.mark.1..];
        match self.out.keeper.admit(facts) {
            Ok(()) => {
                for fact in facts {
                    self.watch.recorded(by, fact);
                }
                true
            }
            Err(broken) => {
                self.stepping = None;
                self.undo();
                self.bury(by, Reason::Failed(broken.0.into()));
                false
            }
        }
    }

    /// A signal that is no message, to a living process: the event that it makes, if any.
    #[cold]
    fn signal(
        &mut self,
        to: Pid,
        from: Pid,
        letter: Letter<P::Message>,
    ) -> Option<Event<P::Message>> {
        match letter {
            Letter::Say(message) => Some(Event::Message { from, message }),
            Letter::Start => Some(Event::Start),
            Letter::Timer(token) => Some(Event::Timer { token }),
            Letter::Down(monitor, cause) => self.use_up(to, monitor).then(|| {
                let reason = self.out.causes.tell(cause);
                Event::Down { monitor, pid: from, reason }
            }),
            Letter::Linked(link, cause) => {
                if self.use_up(to, link) {
                    let reason = self.out.causes.tell(cause);
                    self.exit_signal(to, from, reason)
                } else {
                    None
                }
            }
            Letter::Exit(Cause::Killed) => {
                self.bury(to, Reason::Killed);
                None
            }
            Letter::Exit(cause) => {
                let reason = self.out.causes.tell(cause);
                self.exit_signal(to, from, reason)
            }
            Letter::ChildDown(_) => None,
        }
    }

    fn exit_signal(&mut self, to: Pid, from: Pid, reason: Reason) -> Option<Event<P::Message>> {
        let traps = self.slots[to.index()].marks.any(Marks::TRAPS);
        if traps {
            return Some(Event::Exit { from, reason });
        }
        if !survives(&reason, traps) {
            self.bury(to, reason);
        }
        None
    }

    /// Takes a fired tie out of its watcher's list. False if the watcher took it away before.
    pub(crate) fn use_up(&mut self, watcher: Pid, tie: MonitorRef) -> bool {
        if !self.out.ties.kind(tie).is_fired() {
            return false;
        }
        let head = &mut self.slots[watcher.index()].ties.watching;
        self.out.ties.unhook_watcher(tie.index, head);
        self.out.ties.release(tie);
        true
    }

    #[cold]
    fn deliver_to_nobody(&mut self, envelope: Envelope<P::Message>) {
        let slot = self.slots.get(envelope.to.index());
        let supervisor = slot.is_some_and(|slot| {
            slot.state == State::Supervisor && slot.generation == envelope.to.generation
        });
        if supervisor {
            self.watch.delivered(&envelope);
            return self.supervise(envelope);
        }
        self.undeliverable += 1;
        self.watch.undeliverable(&envelope);
    }

    // ---- effects

    #[inline]
    fn apply(&mut self, me: Pid) {
        let mut effects = std::mem::take(&mut self.out.effects);
        if self.out.spawned.len() > 1 {
            self.out.spawned.reverse(); // so that the first is taken first, each from the end
        }
        if self.out.multicasts.len() > 1 {
            self.out.multicasts.reverse();
        }
        for effect in effects.drain(..) {
            match effect {
                Effect::Monitor(reference, pid) => self.tie(reference, Kind::Monitor, me, pid),
                Effect::Demonitor(monitor) => self.untie(monitor, me),
                Effect::DemonitorAll => self.untie_all(me),
                Effect::Note(note) => self.write_note(me, note),
                other => self.apply_rare(me, other),
            }
        }
        self.out.effects = effects;
        self.out.spawned.clear();
    }

    #[cold]
    fn apply_rare(&mut self, me: Pid, effect: Effect<P::Note>) {
        match effect {
            Effect::Link(pid) => self.link(me, pid),
            Effect::Unlink(pid) => self.unlink(me, pid),
            Effect::Trap(traps) => self.slots[me.index()].marks.set(Marks::TRAPS, traps),
            Effect::Spawn(pid, place) => {
                let process = self.out.spawned.pop().expect("one for each of these effects");
                self.spawn_effect(pid, place, process);
            }
            Effect::Multicast(name) => {
                let message = self.out.multicasts.pop().expect("one for each of these effects");
                self.multicast(me, name, &message);
            }
            Effect::Timer(timer, token) => {
                self.timers.insert(timer, (me, token));
                self.timers_of.insert((me, timer));
                self.slots[me.index()].marks.set(Marks::TIMED, true);
            }
            Effect::CancelTimer(timer) => {
                if let Some((by, _)) = self.timers.remove(&timer) {
                    self.timers_of.remove(&(by, timer));
                }
            }
            Effect::Register(name) => self.register(name, me),
            Effect::Join(group, topics) => {
                let members = self.out.groups.entry(group).or_default();
                members.retain(|(pid, _)| *pid != me);
                members.push((me, topics));
                self.slots[me.index()].marks.set(Marks::LISTED, true);
            }
            Effect::Quit(group) => {
                if let Some(members) = self.out.groups.get_mut(&group) {
                    members.retain(|(pid, _)| *pid != me);
                }
            }
            Effect::Monitor(..) | Effect::Demonitor(_) | Effect::DemonitorAll | Effect::Note(_) => {
                unreachable!("these are applied on the fast path")
            }
        }
    }

    fn spawn_effect(&mut self, pid: Pid, place: Option<(Name, u64)>, process: P) {
        let Some((supervisor, key)) = place else {
            return self.settle_in(pid, Some(process), NO_NODE, 0, 1, State::Alive);
        };
        let Some(node) = self.supervisor_named(supervisor) else {
            // The supervisor is gone: so is the child, before its start. Others may know its
            // address by now, so that is used up.
            self.make_room(pid);
            self.slots[pid.index()].generation = pid.generation;
            return self.vacate(pid);
        };
        self.tree.enrol(node, key, pid);
        self.settle_in(pid, Some(process), node.0, key, 1, State::Alive);
    }

    fn supervisor_named(&self, name: Name) -> Option<NodeId> {
        let slot = &self.slots[self.out.whereis(name)?.index()];
        (slot.state == State::Supervisor).then_some(NodeId(slot.node))
    }

    fn multicast(&mut self, me: Pid, name: Name, message: &P::Message) {
        let Some(node) = self.supervisor_named(name) else { return };
        for (index, slot) in self.slots.iter().enumerate() {
            if slot.node == node.0 && slot.state == State::Alive {
                let index = u32::try_from(index).expect("slots are counted in 32 bits");
                let to = Pid { index, generation: slot.generation };
                let letter = Letter::Say(message.clone());
                self.out.ring.push(Envelope { to, from: me, letter });
            }
        }
    }

    pub(crate) fn register(&mut self, name: Name, pid: Pid) {
        let index = name.0 as usize;
        if self.out.names.len() <= index {
            self.out.names.resize(index + 1, Pid::OUTSIDE);
        }
        self.out.names[index] = pid;
        self.slots[pid.index()].marks.set(Marks::LISTED, true);
    }

    #[inline]
    fn write_note(&mut self, me: Pid, note: Option<P::Note>) {
        self.watch.noted(me, note.as_ref());
        let slot = &mut self.slots[me.index()];
        match (note, slot.note) {
            (None, NO_NOTE) => {}
            (None, at) => {
                self.out.notes[at as usize] = None;
                self.free_notes.push(at);
                slot.note = NO_NOTE;
            }
            (Some(note), NO_NOTE) => {
                let at = self.free_notes.pop().unwrap_or_else(|| {
                    self.out.notes.push(None);
                    u32::try_from(self.out.notes.len() - 1).expect("fewer notes than addresses")
                });
                self.out.notes[at as usize] = Some(note);
                slot.note = at;
            }
            (Some(note), at) => self.out.notes[at as usize] = Some(note),
        }
    }

    // ---- ties

    #[inline]
    fn tie(&mut self, reference: MonitorRef, kind: Kind, watcher: Pid, watched: Pid) {
        let ties = &mut self.out.ties;
        ties.set(reference, kind, watcher, watched);
        ties.hook_watcher(reference, &mut self.slots[watcher.index()].ties.watching);
        match self.slots.get_mut(watched.index()) {
            Some(slot) if slot.generation == watched.generation && slot.state != State::Free => {
                ties.hook_watched(reference, &mut slot.ties.watched);
            }
            _ => {
                ties.fire(reference);
                let letter = ending(kind, reference, Cause::NoProcess);
                self.out.ring.push(Envelope { to: watcher, from: watched, letter });
            }
        }
    }

    #[inline]
    fn untie(&mut self, tie: MonitorRef, me: Pid) {
        let ties = &mut self.out.ties;
        let kind = ties.kind(tie);
        if matches!(kind, Kind::Free | Kind::Reserved) {
            return;
        }
        let (watcher, watched) = ties.ends(tie);
        if watcher != me {
            return; // not its own
        }
        ties.unhook_watcher(tie.index, &mut self.slots[me.index()].ties.watching);
        if !kind.is_fired() {
            ties.unhook_watched(tie.index, &mut self.slots[watched.index()].ties.watched);
        }
        ties.release(tie);
    }

    /// Takes away every monitor that a process has set, on its way or not.
    #[inline]
    fn untie_all(&mut self, me: Pid) {
        let mut head = self.slots[me.index()].ties.watching;
        while let Some((tie, kind)) = self.out.ties.first(head) {
            head = self.out.ties.after(tie);
            if kind.is_monitor() {
                self.untie(tie, me);
            }
        }
    }

    /// A link is two ties, one each way. To one who is gone it is an exit signal at once; to one
    /// between two lives it ties the next.
    fn link(&mut self, me: Pid, other: Pid) {
        let head = self.slots[me.index()].ties.watching;
        if me == other || self.out.ties.find_link(head, other).is_some() {
            return;
        }
        let there = self.out.ties.reserve();
        self.tie(there, Kind::Link, me, other);
        if self.is_there(other) {
            let back = self.out.ties.reserve();
            self.tie(back, Kind::Link, other, me);
        }
    }

    fn unlink(&mut self, me: Pid, other: Pid) {
        let head = self.slots[me.index()].ties.watching;
        if let Some(there) = self.out.ties.find_link(head, other) {
            self.untie(there, me);
        }
        if self.is_there(other) {
            let head = self.slots[other.index()].ties.watching;
            if let Some(back) = self.out.ties.find_link(head, me) {
                self.untie(back, other);
            }
        }
    }

    // ---- lives

    /// Puts a process into its slot.
    #[inline(always)]
    pub(crate) fn settle_in(
        &mut self,
        pid: Pid,
        body: Option<P>,
        node: u16,
        key: u64,
        incarnation: u32,
        state: State,
    ) {
        if pid.index() >= self.slots.len() {
            self.make_room(pid);
        }
        // Field by field: a free slot's list, note and marks are empty already.
        let slot = &mut self.slots[pid.index()];
        slot.body = body;
        slot.key = key;
        slot.generation = pid.generation;
        slot.incarnation = incarnation;
        slot.node = node;
        slot.state = state;
        slot.marks.set(Marks::BEGUN, false);
        self.watch.started(pid, key, incarnation);
    }

    /// Sees to it that there is a slot for this address. More than one can be missing: the
    /// addresses of a step that was undone are given out again, in any order.
    #[cold]
    fn make_room(&mut self, pid: Pid) {
        while self.slots.len() <= pid.index() {
            self.slots.push(Slot {
                body: None,
                key: 0,
                generation: 0,
                incarnation: 0,
                ties: Heads::EMPTY,
                note: NO_NOTE,
                node: NO_NODE,
                state: State::Free,
                marks: Marks::default(),
            });
        }
    }

    /// Ends a life: tells those who watch, and its supervisor.
    #[inline]
    pub(crate) fn bury(&mut self, pid: Pid, reason: Reason) {
        let slot = &mut self.slots[pid.index()];
        if slot.state == State::Supervisor {
            return self.bury_supervisor(pid, reason);
        }
        slot.body = None;
        self.watch.ended(pid, slot.key, &reason);
        if slot.ties != Heads::EMPTY {
            self.break_ties(pid, &reason);
        }
        let slot = &self.slots[pid.index()];
        if slot.marks.any(Marks::ANYWHERE) {
            self.strike_off(pid);
        }
        let slot = &self.slots[pid.index()];
        if slot.node == NO_NODE {
            return self.vacate(pid);
        }
        self.child_ended(pid, reason);
    }

    /// Frees a slot for another process.
    #[inline]
    pub(crate) fn vacate(&mut self, pid: Pid) {
        self.write_note_off(pid);
        let slot = &mut self.slots[pid.index()];
        slot.state = State::Free;
        slot.marks.set(Marks::TRAPS, false);
        slot.generation = slot.generation.wrapping_add(1);
        if slot.generation != 0 {
            // A slot whose generations are used up is never used again.
            self.out.free.push(Pid { index: pid.index, generation: slot.generation });
        }
    }

    #[inline]
    fn write_note_off(&mut self, pid: Pid) {
        let slot = &mut self.slots[pid.index()];
        let note = std::mem::replace(&mut slot.note, NO_NOTE);
        self.free_note(note);
    }

    #[inline]
    fn free_note(&mut self, note: u32) {
        if note != NO_NOTE {
            self.out.notes[note as usize] = None;
            self.free_notes.push(note);
        }
    }

    /// Puts a life's incarnation and note aside for the next in its place; the slot is freed.
    pub(crate) fn put_aside(&mut self, pid: Pid, node: NodeId) {
        let slot = &mut self.slots[pid.index()];
        let note = std::mem::replace(&mut slot.note, NO_NOTE);
        let past = PastLife { incarnation: slot.incarnation, note };
        if let Some(older) = self.past_lives.insert((node, slot.key), past) {
            self.free_note(older.note);
        }
        self.vacate(pid);
    }

    /// Settles in, without a body yet, the next life in a place that has no slot.
    pub(crate) fn settle_next(&mut self, node: NodeId, key: u64) -> Pid {
        let past = self.past_lives.remove(&(node, key));
        let PastLife { incarnation, note } =
            past.unwrap_or(PastLife { incarnation: 0, note: NO_NOTE });
        let incarnation = incarnation.checked_add(1).expect("fewer than 2^32 restarts");
        let pid = self.out.address();
        self.settle_in(pid, None, node.0, key, incarnation, State::Alive);
        self.slots[pid.index()].note = note;
        pid
    }

    /// Forgets the past lives of a node's own places.
    pub(crate) fn forget_lives(&mut self, node: NodeId) {
        let own = (node, 0)..=(node, u64::MAX);
        while let Some((&place, past)) = self.past_lives.range(own.clone()).next() {
            let note = past.note;
            self.past_lives.remove(&place);
            self.free_note(note);
        }
    }

    pub(crate) fn break_ties(&mut self, pid: Pid, reason: &Reason) {
        let mut heads = std::mem::replace(&mut self.slots[pid.index()].ties, Heads::EMPTY);
        let cause = self.out.causes.note(reason);
        let ties = &mut self.out.ties;
        while let Some((tie, kind)) = ties.first(heads.watching) {
            let (_, watched) = ties.ends(tie);
            ties.unhook_watcher(tie.index, &mut heads.watching);
            if !kind.is_fired() {
                let head = if watched == pid {
                    &mut heads.watched
                } else {
                    &mut self.slots[watched.index()].ties.watched
                };
                ties.unhook_watched(tie.index, head);
            }
            ties.release(tie);
        }
        // Oldest first: the list has its newest at the head. A fired tie is of no list of the watched.
        let mut at = ties.oldest(heads.watched);
        while let Some((tie, kind)) = ties.first(at) {
            at = ties.younger(tie);
            ties.fire(tie);
            let (watcher, _) = ties.ends(tie);
            let letter = ending(kind, tie, cause);
            self.out.ring.push(Envelope { to: watcher, from: pid, letter });
        }
    }

    /// Takes away what an ended life had in the world's own lists: timers, names, memberships.
    #[cold]
    pub(crate) fn strike_off(&mut self, pid: Pid) {
        let slot = &mut self.slots[pid.index()];
        let listed = slot.marks.take(Marks::LISTED);
        if slot.marks.take(Marks::TIMED) {
            while let Some(&(by, timer)) = self.timers_of.range((pid, TimerRef::FIRST)..).next()
                && by == pid
            {
                self.timers_of.remove(&(by, timer));
                self.timers.remove(&timer);
            }
        }
        if !listed {
            return;
        }
        for name in &mut self.out.names {
            if *name == pid {
                *name = Pid::OUTSIDE;
            }
        }
        for members in self.out.groups.values_mut() {
            members.retain(|(member, _)| *member != pid);
        }
    }
}

fn ending<M>(kind: Kind, tie: MonitorRef, cause: Cause) -> Letter<M> {
    match kind {
        Kind::Link => Letter::Linked(tie, cause),
        _ => Letter::Down(tie, cause),
    }
}

impl<P: Process, W> std::fmt::Debug for World<P, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "World({} slots, {} waiting)", self.slots.len(), self.out.ring.len())
    }
}
