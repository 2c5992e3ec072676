//! Checkpoints: states of a world that share their unchanged parts. An explorer of millions of
//! states keeps few whole worlds in memory, and moves from one state to the next without copying
//! all.
//!
//! An explorer loads a checkpoint into a world, lets it take a step, and saves the new state if it
//! is new. A watcher ([`Touched`]) records which parts the step may have changed; all others are as
//! they were loaded. Nothing here is on the path of a message.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::sync::Arc;

use super::World;
use super::slot::{Due, Parked, Slot};
use crate::links::Links;
use crate::notes::Notes;
use crate::out::TimerRef;
use crate::reason::Causes;
use crate::remote::Remote;
use crate::signal::{Envelope, Signal};
use crate::tree::{NodeId, Tree};
use crate::{MonitorRef, Name, Pid, Process, Reason, StateMachine, Watch};

/// Which parts of a world may have changed since [`Bench::forget`]. The world's watcher forwards
/// all it hears.
#[derive(Clone, Debug, Default)]
pub struct Touched {
    slots: Vec<u32>,
    state_machine: bool,
    tree: bool,
    all: bool,
}

impl Touched {
    /// Everything may have changed: another world.
    pub fn everything() -> Touched {
        Touched { all: true, ..Touched::default() }
    }
}

/// This is complete because a process changes only in a step, before which a signal is delivered or
/// it is started; the state machine changes only by facts; and a supervisor changes the tree only
/// on a signal of its own, a start or an end. All of these are reported to the watcher.
impl<P: Process> Watch<P> for Touched {
    fn delivered(&mut self, envelope: &Envelope<P::Message>) {
        self.slots.push(envelope.to.slot());
        // A supervisor acts on these alone, and keeps its state in the tree.
        self.tree |= !matches!(
            envelope.signal,
            Signal::Message(_) | Signal::Start | Signal::Timer(_) | Signal::Down(..)
        );
    }

    fn recorded(&mut self, _by: Pid, _fact: &P::Fact) {
        self.state_machine = true;
    }

    fn started(&mut self, pid: Pid, _key: u64, _incarnation: u32) {
        self.slots.push(pid.slot());
        self.tree = true;
    }

    fn ended(&mut self, pid: Pid, _key: u64, _reason: &Reason) {
        self.slots.push(pid.slot());
        self.tree = true;
    }

    fn gave_up(&mut self, _key: u64) {
        self.tree = true;
    }
}

/// `sum` is equal for parts that behave alike, `key` for parts that are equal in every bit: parts
/// are shared by key and compared by sum.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct PartFingerprint {
    pub(super) sum: u64,
    pub(super) key: u64,
}

/// A part that many states can have in common.
struct Part<T> {
    value: T,
    look: PartFingerprint,
}

/// The small parts that change seldom. (`bearers`, `timers_of` and `aliases` are inverses, and not
/// compared.)
#[derive(Clone)]
struct Few {
    names: Vec<Pid>,
    groups: BTreeMap<u32, Vec<(Pid, u64)>>,
    free: Vec<Pid>,
    parked: BTreeMap<(NodeId, u64), Parked>,
    timers: BTreeMap<TimerRef, (Pid, Due)>,
    timers_of: BTreeSet<(Pid, TimerRef)>,
    bearers: BTreeSet<(Pid, Name)>,
    calls: BTreeMap<Pid, MonitorRef>,
    aliases: BTreeMap<MonitorRef, Pid>,
    dead: Option<Reason>,
}

/// A slot without its process, and the process.
type SavedSlot<P> = (Slot<()>, Option<Arc<Part<P>>>);

/// A state of a world between two steps.
///
/// - a world that loads it has the fingerprint of the world that saved it
/// - the log and the flight recorder's past are not part of it
/// - processes, the state machine and the tree are shared with every checkpoint that has the same;
///   the rest is small, and copied
/// - it loads into the world that saved it, or one with the same tree
pub struct Checkpoint<P: Process> {
    slots: Vec<SavedSlot<P>>,
    waiting: Vec<Envelope<P::Message>>,
    links: Links,
    notes: Notes<P::Note>,
    causes: Causes,
    remote: Remote<P::Message>,
    state_machine: Arc<Part<P::StateMachine>>,
    tree: Arc<Part<Tree<P::Role>>>,
    few: Arc<Few>,
    now: u64,
    fresh: u32,
    timers_set: u64,
    undeliverable: u64,
}

/// Parts met before, by key: a cache with one place for each key modulo [`PARTS`]. A collision
/// costs a copy, and nothing else.
struct Store<T> {
    /// Parts that further checkpoints share.
    shared: Vec<Option<Arc<Part<T>>>>,
    /// Values taken out of the world, to be put in again without a copy.
    spare: Vec<Option<(u64, T)>>,
}

/// Parts of a kind in the cache.
const PARTS: usize = 1 << 11;

impl<T> Default for Store<T> {
    fn default() -> Store<T> {
        Store { shared: Vec::new(), spare: Vec::new() }
    }
}

#[allow(clippy::cast_possible_truncation, reason = "only the lowest bits are wanted")]
fn place_of(key: u64) -> usize {
    key as usize % PARTS
}

impl<T: Clone> Store<T> {
    /// The shared part that equals this value, made if it is not in the cache.
    fn share(&mut self, look: PartFingerprint, value: &T) -> Arc<Part<T>> {
        self.shared.resize_with(PARTS, || None);
        let place = &mut self.shared[place_of(look.key)];
        match place {
            Some(part) if part.look == look => part.clone(),
            _ => {
                let part = Arc::new(Part { value: value.clone(), look });
                *place = Some(part.clone());
                part
            }
        }
    }

    /// Puts a part into the world, and keeps what lay there if its fingerprint `was` is known.
    fn put(&mut self, part: &Part<T>, into: &mut T, was: Option<PartFingerprint>) {
        let value = self.take(part);
        let old = std::mem::replace(into, value);
        self.keep_spare(old, was);
    }

    /// A copy of a part for the world: a spare value, or a clone.
    fn take(&mut self, part: &Part<T>) -> T {
        let spare = self.spare.get_mut(place_of(part.look.key));
        match spare.and_then(|place| place.take_if(|(key, _)| *key == part.look.key)) {
            Some((_, value)) => value,
            None => part.value.clone(),
        }
    }

    /// Keeps a value that was taken out of the world.
    fn keep_spare(&mut self, value: T, look: Option<PartFingerprint>) {
        if let Some(PartFingerprint { key, .. }) = look {
            self.spare.resize_with(PARTS, || None);
            self.spare[place_of(key)] = Some((key, value));
        }
    }
}

/// What an explorer knows of the world into which it loads checkpoints: the fingerprint of each
/// part that no step has touched since it was loaded, and a cache of parts.
///
/// A `None` is always correct, and costs a hash. A `Some` must be the fingerprint of what lies in
/// the world now: after each step the owner calls [`Bench::forget`] with what the step may have
/// touched.
pub struct Bench<P: Process> {
    pub(super) bodies: Vec<Option<PartFingerprint>>,
    pub(super) state_machine: Option<PartFingerprint>,
    /// With the virtual time of its fingerprint, which depends on how long ago restarts were.
    pub(super) tree: Option<(PartFingerprint, u64)>,
    few: Option<Arc<Few>>,
    store: Store<P>,
    state_machines: Store<P::StateMachine>,
    trees: Store<Tree<P::Role>>,
}

impl<P: Process> Default for Bench<P> {
    fn default() -> Bench<P> {
        Bench {
            bodies: Vec::new(),
            state_machine: None,
            tree: None,
            few: None,
            store: Store::default(),
            state_machines: Store::default(),
            trees: Store::default(),
        }
    }
}

/// The copy belongs to another world, of which nothing is known.
impl<P: Process> Clone for Bench<P> {
    fn clone(&self) -> Bench<P> {
        Bench::default()
    }
}

impl<P: Process> Bench<P> {
    /// Drops the fingerprints of the parts that may have changed, and empties `touched`.
    pub fn forget(&mut self, touched: &mut Touched) {
        if touched.all {
            (self.state_machine, self.tree, self.few) = (None, None, None);
            self.bodies.clear();
        }
        for slot in touched.slots.drain(..) {
            if let Some(look) = self.bodies.get_mut(slot as usize) {
                *look = None;
            }
        }
        if touched.state_machine {
            self.state_machine = None;
        }
        if touched.tree {
            self.tree = None;
        }
        (touched.state_machine, touched.tree, touched.all) = (false, false, false);
    }
}

/// Copies all of a slot but its process.
fn copy_fields<P, Q>(to: &mut Slot<P>, from: &Slot<Q>) {
    let &Slot { body: _, key, generation, incarnation, links, note, node, state, flags } = from;
    (to.key, to.generation, to.incarnation, to.links) = (key, generation, incarnation, links);
    (to.note, to.node, to.state, to.flags) = (note, node, state, flags);
}

impl<P, W> World<P, W>
where
    P: Process + Clone + Hash,
    P::Message: Hash,
    P::Note: Hash,
    P::StateMachine: StateMachine + Clone + Hash,
    W: Watch<P>,
{
    /// Saves this state. Parts met before are shared.
    pub fn save(&self, bench: &mut Bench<P>) -> Checkpoint<P> {
        self.fingerprint_parts(bench);
        let Bench { bodies, state_machine, tree, few, store, state_machines, trees } = bench;
        let save_slot = |(slot, look): (&Slot<P>, &Option<PartFingerprint>)| {
            let mut saved = Slot::vacant();
            copy_fields(&mut saved, slot);
            let body = slot.body.as_ref().map(|body| store.share(look.unwrap_or_default(), body));
            (saved, body)
        };
        let few = match few {
            Some(few) if self.has(few) => few.clone(),
            _ => few.insert(Arc::new(self.few())).clone(),
        };
        Checkpoint {
            slots: self.slots.iter().zip(&*bodies).map(save_slot).collect(),
            waiting: self.signals().cloned().collect(),
            links: self.out.links.clone(),
            notes: self.out.notes.clone(),
            causes: self.out.causes.clone(),
            remote: self.out.remote.clone(),
            state_machine: state_machines
                .share(state_machine.unwrap_or_default(), &self.out.state_machine),
            tree: trees.share(tree.unwrap_or_default().0, &self.tree),
            few,
            now: self.out.now,
            fresh: self.out.fresh,
            timers_set: self.out.timers_set,
            undeliverable: self.undeliverable,
        }
    }

    /// Returns to a saved state, of this world or one with the same tree.
    ///
    /// A part whose fingerprint in the bench equals the saved one is left in place: consecutive
    /// states of an exploration differ in few parts.
    pub fn load(&mut self, saved: &Checkpoint<P>, bench: &mut Bench<P>) {
        self.slots.truncate(saved.slots.len());
        bench.bodies.resize(saved.slots.len(), None);
        for (index, (fields, body)) in saved.slots.iter().enumerate() {
            if index == self.slots.len() {
                self.slots.push(Slot::vacant());
            }
            let slot = &mut self.slots[index];
            copy_fields(slot, fields);
            let look = body.as_ref().map_or(PartFingerprint::default(), |part| part.look);
            let was = bench.bodies[index].replace(look);
            if was != Some(look) {
                let value = body.as_ref().map(|part| bench.store.take(part));
                if let Some(old) = std::mem::replace(&mut slot.body, value) {
                    bench.store.keep_spare(old, was);
                }
            }
        }
        let look = saved.state_machine.look;
        let was = bench.state_machine.replace(look);
        if was != Some(look) {
            bench.state_machines.put(&saved.state_machine, &mut self.out.state_machine, was);
        }
        let look = saved.tree.look;
        let was = bench.tree.replace((look, saved.now)).map(|(was, _)| was);
        if was != Some(look) {
            bench.trees.put(&saved.tree, &mut self.tree, was);
        }
        if !self.has(&saved.few) {
            self.load_few(&saved.few);
            bench.few = Some(saved.few.clone());
        }
        self.out.ring.keep(|_| false);
        saved.waiting.iter().for_each(|envelope| self.out.ring.push(envelope.clone()));
        self.out.links = saved.links.clone();
        self.out.notes.clone_from(&saved.notes);
        self.out.causes = saved.causes.clone();
        self.out.remote = saved.remote.clone();
        self.out.log.clear();
        (self.out.now, self.out.fresh) = (saved.now, saved.fresh);
        (self.out.timers_set, self.undeliverable) = (saved.timers_set, saved.undeliverable);
    }

    fn few(&self) -> Few {
        Few {
            names: self.out.names.clone(),
            groups: self.out.groups.clone(),
            free: self.out.free.clone(),
            parked: self.parked.clone(),
            timers: self.timers.clone(),
            timers_of: self.timers_of.clone(),
            bearers: self.bearers.clone(),
            calls: self.calls.clone(),
            aliases: self.aliases.clone(),
            dead: self.dead.clone(),
        }
    }

    fn has(&self, few: &Few) -> bool {
        few.free == self.out.free
            && few.names == self.out.names
            && few.groups == self.out.groups
            && few.parked == self.parked
            && few.timers == self.timers
            && few.calls == self.calls
            && few.dead == self.dead
    }

    fn load_few(&mut self, few: &Few) {
        self.out.names.clone_from(&few.names);
        self.out.groups.clone_from(&few.groups);
        self.out.free.clone_from(&few.free);
        self.parked.clone_from(&few.parked);
        self.timers.clone_from(&few.timers);
        self.timers_of.clone_from(&few.timers_of);
        self.bearers.clone_from(&few.bearers);
        self.calls.clone_from(&few.calls);
        self.aliases.clone_from(&few.aliases);
        self.dead.clone_from(&few.dead);
    }
}

impl<P: Process> std::fmt::Debug for Checkpoint<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Checkpoint({} slots, {} waiting)", self.slots.len(), self.waiting.len())
    }
}

impl<P: Process> std::fmt::Debug for Bench<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bench({} slots)", self.bodies.len())
    }
}
