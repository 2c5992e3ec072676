//! Looking at a world from its edge. Nothing here changes anything but the log that it hands over.

use super::{Marks, State, World};
use crate::ring::Envelope;
use crate::tree::NodeId;
use crate::{Name, Pid, Process, Reason, Watch};

impl<P: Process, W: Watch<P>> World<P, W> {
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

    /// All notes that are kept, of lives that are on and of those that will go on, in no order.
    pub fn notes(&self) -> impl Iterator<Item = &P::Note> {
        self.out.notes.iter().flatten()
    }

    /// True if this life is on. A supervisor is alive too.
    pub fn is_alive(&self, pid: Pid) -> bool {
        self.slots.get(pid.index()).is_some_and(|slot| {
            slot.generation == pid.generation
                && matches!(slot.state, State::Alive | State::Supervisor | State::Closing)
        })
    }

    /// True if this life is on, or is a next life that has not begun yet.
    pub(crate) fn is_there(&self, pid: Pid) -> bool {
        self.slots.get(pid.index()).is_some_and(|slot| {
            slot.generation == pid.generation && !matches!(slot.state, State::Free | State::Alias)
        })
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

    /// Why this world is over, if it is: a root was ended ([`World::shut_down`]: [`Reason::Shutdown`]) or
    /// killed, had more restarts than it bears, or did not start; or the keeper has failed.
    pub fn death(&self) -> Option<&Reason> {
        self.dead.as_ref()
    }
}
