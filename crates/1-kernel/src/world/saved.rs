//! States of a world kept side by side: what one has not changed of the other lies in memory once. So
//! whoever looks at millions of states keeps few whole worlds, and goes from one to the next without copying all.
//!
//! A world is loaded with a state, makes a step, and is saved again or not. What the step has touched is told by
//! who watches ([`Touched`]): all else is as it was loaded. Nothing here is on the path of a message.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::sync::Arc;

use super::{Abroad, Due, NO_NODE, NO_NOTE, PastLife, Slot, State, World};
use crate::out::TimerRef;
use crate::process::Causes;
use crate::ring::{Envelope, Letter};
use crate::ties::{Heads, Ties};
use crate::tree::{NodeId, Tree};
use crate::world::Marks;
use crate::{Keeper, MonitorRef, Name, Pid, Process, Reason, Watch};

/// Which parts of a world may have changed, by what was heard of it. A watcher passes on to it what it hears.
#[derive(Clone, Debug, Default)]
pub struct Touched {
    slots: Vec<u32>,
    keeper: bool,
    tree: bool,
    all: bool,
}

impl Touched {
    /// Another world altogether.
    pub fn everything() -> Touched {
        Touched { all: true, ..Touched::default() }
    }

    /// Nothing, from now on.
    pub fn clear(&mut self) {
        self.slots.clear();
        (self.keeper, self.tree, self.all) = (false, false, false);
    }

    pub(crate) fn has_slot(&self, index: usize) -> bool {
        self.all || self.slots.iter().any(|slot| *slot as usize == index)
    }

    pub(crate) fn has_keeper(&self) -> bool {
        self.all || self.keeper
    }

    pub(crate) fn has_tree(&self) -> bool {
        self.all || self.tree
    }
}

/// Each process that takes a step hears something first, or has just been started; facts are told, and so is every
/// beginning and end that a supervisor writes down.
impl<P: Process> Watch<P> for Touched {
    fn delivered(&mut self, envelope: &Envelope<P::Message>) {
        self.slots.push(envelope.to.index);
        // Only a supervisor does anything with these; it keeps its books in the tree.
        self.tree |= !matches!(
            envelope.letter,
            Letter::Say(_) | Letter::Start | Letter::Timer(_) | Letter::Down(..)
        );
    }

    fn recorded(&mut self, _by: Pid, _fact: &P::Fact) {
        self.keeper = true;
    }

    fn started(&mut self, pid: Pid, _key: u64, _incarnation: u32) {
        self.slots.push(pid.index);
        self.tree = true;
    }

    fn ended(&mut self, pid: Pid, _key: u64, _reason: &Reason) {
        self.slots.push(pid.index);
        self.tree = true;
    }

    fn gave_up(&mut self, _key: u64) {
        self.tree = true;
    }
}

/// A part that many states can have in common, and what it looks like.
pub(crate) struct Part<T> {
    pub(crate) value: T,
    pub(crate) sum: u64,
}

/// What seldom changes, and is small.
#[derive(Clone, PartialEq)]
struct Few {
    names: Vec<Pid>,
    groups: BTreeMap<u32, Vec<(Pid, u64)>>,
    free: Vec<Pid>,
    free_notes: Vec<u32>,
    past_lives: BTreeMap<(NodeId, u64), PastLife>,
    timers: BTreeMap<TimerRef, (Pid, Due)>,
    timers_of: BTreeSet<(Pid, TimerRef)>,
    bearers: BTreeSet<(Pid, Name)>,
    asks: BTreeMap<Pid, MonitorRef>,
    aliases: BTreeMap<MonitorRef, Pid>,
    dead: Option<Reason>,
}

/// A slot without its process, and the process.
type Seat<P> = (Slot<()>, Option<Arc<Part<P>>>);

/// A state of a world between two steps. Its log and the recorder's past are not part of it.
pub struct Saved<P: Process> {
    seats: Vec<Seat<P>>,
    waiting: Vec<Envelope<P::Message>>,
    ties: Ties,
    notes: Vec<Option<P::Note>>,
    causes: Causes,
    abroad: Abroad<P::Message>,
    pub(crate) keeper: Arc<Part<P::Keeper>>,
    pub(crate) tree: Arc<Part<Tree<P::Role>>>,
    few: Arc<Few>,
    pub(crate) now: u64,
    fresh: u32,
    timers_set: u64,
    undeliverable: u64,
}

/// The state that a world was loaded with last, and what may have changed since.
pub type Since<'a, P> = Option<(&'a Saved<P>, &'a Touched)>;

impl<P: Process> Saved<P> {
    pub(crate) fn body(&self, index: usize) -> Option<&Arc<Part<P>>> {
        self.seats.get(index)?.1.as_ref()
    }
}

/// True if both are one and the same.
fn same<T>(one: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
    }
}

/// A slot in which nobody is.
fn vacant<P>() -> Slot<P> {
    Slot {
        body: None,
        key: 0,
        generation: 0,
        incarnation: 0,
        ties: Heads::EMPTY,
        note: NO_NOTE,
        node: NO_NODE,
        state: State::Free,
        marks: Marks::default(),
    }
}

/// All of a slot but its process.
fn copy_seat<P, Q>(to: &mut Slot<P>, from: &Slot<Q>) {
    let &Slot { body: _, key, generation, incarnation, ties, note, node, state, marks } = from;
    (to.key, to.generation, to.incarnation, to.ties) = (key, generation, incarnation, ties);
    (to.note, to.node, to.state, to.marks) = (note, node, state, marks);
}

impl<P, W> World<P, W>
where
    P: Process + Clone + Hash,
    P::Message: Hash,
    P::Note: Hash,
    P::Keeper: Keeper + Clone + Hash,
    W: Watch<P>,
{
    /// Keeps this state. What has not changed since the last [`World::load`] is shared with that one. The parts that
    /// have changed are taken out of the world, so it must be loaded before it goes on.
    pub fn save(&mut self, since: Since<'_, P>) -> Saved<P> {
        let mut seats = Vec::with_capacity(self.slots.len());
        for index in 0..self.slots.len() {
            let (mut seat, from) = (vacant(), &self.slots[index]);
            copy_seat(&mut seat, from);
            let body = match since {
                Some((base, touched)) if !touched.has_slot(index) => base.body(index).cloned(),
                _ => {
                    let sum = from.body.as_ref().map_or(0, |body| self.sum_of_body(body));
                    let body = self.slots[index].body.take();
                    body.map(|value| Arc::new(Part { value, sum }))
                }
            };
            seats.push((seat, body));
        }
        let keeper = match since {
            Some((base, touched)) if !touched.has_keeper() => base.keeper.clone(),
            _ => {
                let (sum, value) = (self.sum_of_keeper(), self.out.keeper.clone());
                Arc::new(Part { value, sum })
            }
        };
        let tree = match since {
            // How long ago a death was is part of what it looks like.
            Some((base, touched)) if !touched.has_tree() && base.now == self.out.now => {
                base.tree.clone()
            }
            _ => Arc::new(Part { value: self.tree.clone(), sum: self.sum_of_tree() }),
        };
        let few = match since {
            Some((base, _)) if self.has(&base.few) => base.few.clone(),
            _ => Arc::new(self.few()),
        };
        Saved {
            seats,
            waiting: self.letters().cloned().collect(),
            ties: self.out.ties.clone(),
            notes: self.out.notes.clone(),
            causes: self.out.causes.clone(),
            abroad: self.out.abroad.clone(),
            keeper,
            tree,
            few,
            now: self.out.now,
            fresh: self.out.fresh,
            timers_set: self.out.timers_set,
            undeliverable: self.undeliverable,
        }
    }

    /// Is in a state that was saved, of this world or of one with the same tree.
    pub fn load(&mut self, saved: &Saved<P>, since: Since<'_, P>) {
        self.slots.truncate(saved.seats.len());
        for (index, (seat, body)) in saved.seats.iter().enumerate() {
            if index == self.slots.len() {
                self.slots.push(vacant());
            }
            let slot = &mut self.slots[index];
            copy_seat(slot, seat);
            match since {
                Some((base, touched))
                    if !touched.has_slot(index) && same(base.body(index), body.as_ref()) => {}
                _ => slot.body = body.as_ref().map(|part| part.value.clone()),
            }
        }
        match since {
            Some((base, touched))
                if !touched.has_keeper() && Arc::ptr_eq(&base.keeper, &saved.keeper) => {}
            _ => self.out.keeper = saved.keeper.value.clone(),
        }
        match since {
            Some((base, touched))
                if !touched.has_tree() && Arc::ptr_eq(&base.tree, &saved.tree) => {}
            _ => self.tree = saved.tree.value.clone(),
        }
        if !self.has(&saved.few) {
            self.load_few(&saved.few);
        }
        self.out.ring.keep(|_| false);
        saved.waiting.iter().for_each(|envelope| self.out.ring.push(envelope.clone()));
        self.out.ties = saved.ties.clone();
        self.out.notes.clone_from(&saved.notes);
        self.out.causes = saved.causes.clone();
        self.out.abroad = saved.abroad.clone();
        self.out.log.clear();
        (self.out.now, self.out.fresh) = (saved.now, saved.fresh);
        (self.out.timers_set, self.undeliverable) = (saved.timers_set, saved.undeliverable);
    }

    fn few(&self) -> Few {
        Few {
            names: self.out.names.clone(),
            groups: self.out.groups.clone(),
            free: self.out.free.clone(),
            free_notes: self.free_notes.clone(),
            past_lives: self.past_lives.clone(),
            timers: self.timers.clone(),
            timers_of: self.timers_of.clone(),
            bearers: self.bearers.clone(),
            asks: self.asks.clone(),
            aliases: self.aliases.clone(),
            dead: self.dead.clone(),
        }
    }

    fn has(&self, few: &Few) -> bool {
        few.free == self.out.free
            && few.names == self.out.names
            && few.free_notes == self.free_notes
            && few.groups == self.out.groups
            && few.past_lives == self.past_lives
            && few.timers == self.timers
            && few.timers_of == self.timers_of
            && few.bearers == self.bearers
            && few.asks == self.asks
            && few.aliases == self.aliases
            && few.dead == self.dead
    }

    fn load_few(&mut self, few: &Few) {
        self.out.names.clone_from(&few.names);
        self.out.groups.clone_from(&few.groups);
        self.out.free.clone_from(&few.free);
        self.free_notes.clone_from(&few.free_notes);
        self.past_lives.clone_from(&few.past_lives);
        self.timers.clone_from(&few.timers);
        self.timers_of.clone_from(&few.timers_of);
        self.bearers.clone_from(&few.bearers);
        self.asks.clone_from(&few.asks);
        self.aliases.clone_from(&few.aliases);
        self.dead.clone_from(&few.dead);
    }
}

impl<P: Process> std::fmt::Debug for Saved<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Saved({} slots, {} waiting)", self.seats.len(), self.waiting.len())
    }
}
