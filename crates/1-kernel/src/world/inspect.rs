//! Reads a world from outside. Nothing here changes it, except that [`World::take_log`] drains the
//! log.

use super::World;
use super::slot::{Flags, State};
use crate::signal::Envelope;
use crate::tree::{NodeId, Outline};
use crate::{Name, Pid, Process, Reason, StateMachine, Watch};

impl<P: Process, W: Watch<P>> World<P, W> {
    /// The facts recorded since this was last called, oldest first.
    #[inline]
    pub fn take_log(&mut self) -> std::vec::Drain<'_, P::Fact> {
        self.out.log.drain(..)
    }

    /// The fold of the log.
    #[inline(always)]
    pub fn state_machine(&self) -> &P::StateMachine {
        &self.out.state_machine
    }

    /// The process that bears a name.
    pub fn whereis(&self, name: Name) -> Option<Pid> {
        self.out.whereis(name)
    }

    /// The child of a supervisor of many with this key, or the address of its next life while it
    /// waits to be restarted. Where the state machine has the index, only children that it knows;
    /// O(processes) if its place is out of date.
    #[inline]
    pub fn child(&self, supervisor: NodeId, key: u64) -> Option<Pid> {
        let index = self.tree.index(supervisor)?;
        let is = |index: u32| self.is_child(supervisor, key, index);
        let index = match index.is_whole() {
            true => index.get(key, is),
            false => match self.out.state_machine.place_of(key)? {
                index if is(index) => Some(index),
                _ => (0..u32::try_from(self.slots.len()).ok()?).find(|index| is(*index)),
            },
        };
        index.and_then(|index| self.pid_at(index))
    }

    /// As [`World::child`], trying first the index where the child was last seen.
    #[inline(always)]
    pub fn child_seen_at(&self, supervisor: NodeId, key: u64, index: u32) -> Option<Pid> {
        match self.is_child(supervisor, key, index) {
            true => self.pid_at(index),
            false => self.child(supervisor, key),
        }
    }

    #[inline(always)]
    fn pid_at(&self, index: u32) -> Option<Pid> {
        let slot = self.slots.get(index as usize)?;
        Some(Pid::new(index, slot.generation))
    }

    #[inline(always)]
    fn is_child(&self, supervisor: NodeId, key: u64, index: u32) -> bool {
        self.slots.get(index as usize).is_some_and(|slot| {
            slot.key == key
                && slot.node == supervisor.0
                && matches!(slot.state, State::Alive | State::Between)
        })
    }

    /// Prefetches the process at an index. Changes nothing but timing.
    #[inline(always)]
    pub fn warm(&self, index: usize) {
        if let Some(slot) = self.slots.get(index) {
            memory::prefetch(slot);
        }
    }

    /// A process's state.
    #[inline]
    pub fn process(&self, pid: Pid) -> Option<&P> {
        let slot = self.slots.get(pid.index())?;
        if slot.generation == pid.generation() { slot.body.as_ref() } else { None }
    }

    /// All living processes, in order of index, with their key and incarnation.
    pub fn processes(&self) -> impl Iterator<Item = (Pid, u64, u32, &P)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let index = u32::try_from(index).ok()?;
            let pid = Pid::new(index, slot.generation);
            Some((pid, slot.key, slot.incarnation, slot.body.as_ref()?))
        })
    }

    /// The note that a restart would pass to a process's next life.
    pub fn note(&self, pid: Pid) -> Option<&P::Note> {
        let slot = self.slots.get(pid.index()).filter(|s| s.generation == pid.generation())?;
        self.out.notes.get(slot.note)
    }

    /// All notes, of running and of parked processes, in no order.
    pub fn notes(&self) -> impl Iterator<Item = &P::Note> {
        self.out.notes.iter()
    }

    /// True if this process or supervisor is alive.
    pub fn is_alive(&self, pid: Pid) -> bool {
        self.slots.get(pid.index()).is_some_and(|slot| {
            slot.generation == pid.generation()
                && matches!(slot.state, State::Alive | State::Supervisor | State::Closing)
        })
    }

    /// True if it is alive, or waits to be restarted.
    pub(crate) fn is_there(&self, pid: Pid) -> bool {
        self.slots.get(pid.index()).is_some_and(|slot| {
            slot.generation == pid.generation() && !matches!(slot.state, State::Free | State::Alias)
        })
    }

    /// True if this process has not handled its first event, which must be the oldest signal that
    /// waits for it.
    pub(crate) fn is_unbegun(&self, pid: Pid) -> bool {
        self.slots.get(pid.index()).is_some_and(|slot| {
            slot.generation == pid.generation()
                && slot.state == State::Alive
                && !slot.flags.any(Flags::BEGUN)
        })
    }

    /// True if this is the address of a next life that its supervisor has not started yet.
    pub fn is_between(&self, pid: Pid) -> bool {
        self.slots
            .get(pid.index())
            .is_some_and(|slot| slot.generation == pid.generation() && slot.state == State::Between)
    }

    /// A node by its path from the root, such as `exchange/BTC-USD/floor`.
    pub fn node(&self, path: &str) -> Option<NodeId> {
        self.tree.find(path)
    }

    /// Number of signals that wait to be delivered.
    pub fn waiting(&self) -> usize {
        self.out.ring.len()
    }

    /// The waiting signals, oldest first.
    pub fn signals(&self) -> impl Iterator<Item = &Envelope<P::Message>> {
        self.out.ring.waiting()
    }

    /// The flight recorder: the latest delivered signals, oldest first, each with its number.
    pub fn past(&self) -> impl Iterator<Item = (u64, &Envelope<P::Message>)> {
        self.out.ring.past()
    }

    /// Number of undeliverable signals so far.
    pub fn undeliverable(&self) -> u64 {
        self.undeliverable
    }

    /// Number of values of user code (processes, messages, notes, facts) whose destructor has
    /// panicked so far. Such a panic in a process's destructor becomes the reason of its end,
    /// unless that was a failure already; all others have no effect but on this count. The
    /// program's panic hook has reported each.
    pub fn failed_drops(&self) -> u64 {
        self.failed_drops + self.out.ring.failed_drops() + self.out.notes.failed_drops()
    }

    /// Number of ends of processes and supervisors so far for another reason than
    /// [`Reason::Normal`].
    #[inline(always)]
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// Virtual time, in nanoseconds.
    pub fn now(&self) -> u64 {
        self.out.now
    }

    /// Why this world has ended, if it has: a root was shut down ([`World::shut_down`]) or killed,
    /// exceeded its restart intensity, or did not start; or the state machine has failed.
    pub fn death(&self) -> Option<&Reason> {
        self.dead.as_ref()
    }

    /// The trees of this world as they are now; usually one.
    pub fn outlines(&self) -> Vec<Outline> {
        self.tree.roots().map(|root| self.tree.outline(root)).collect()
    }

    /// The trees as text, a line a place.
    pub fn tree(&self) -> String {
        self.outlines().iter().map(ToString::to_string).collect()
    }
}
