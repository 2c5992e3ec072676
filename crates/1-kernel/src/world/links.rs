//! Sets and removes monitors and links between processes of this world.

use super::World;
use super::slot::{NO_NODE, State};
use crate::links::{Heads, Kind, MonitorRef, NONE};
use crate::reason::Cause;
use crate::signal::{Envelope, Signal};
use crate::{Pid, Process, Watch};

impl<P: Process, W> World<P, W> {
    /// The process that receives what is sent to an address: the caller, if it is the alias of an
    /// open call.
    pub(crate) fn addressee(&self, to: Pid) -> Pid {
        match self.slots.get(to.index()) {
            Some(slot) if slot.state == State::Alias => {
                self.calls.get(&to).map_or(to, |monitor| self.out.links.ends(*monitor).0)
            }
            _ => to,
        }
    }
}

impl<P: Process, W: Watch<P>> World<P, W> {
    /// Sets a monitor on a process that has just started here, so that its list is empty.
    #[inline(always)]
    pub(super) fn attach_new(&mut self, reference: MonitorRef, watcher: Pid, watched: Pid) {
        self.slots[watched.index()].links.watched = reference.index;
        let head = &mut self.slots[watcher.index()].links.watching;
        let watching = std::mem::replace(head, reference.index);
        let older = Heads { watching, watched: NONE };
        self.out.links.attach(reference, Kind::MONITOR, (watcher, watched), older);
    }

    /// Sets a monitor, or one direction of a link. Most watched processes are in this world and
    /// alive.
    #[inline(always)]
    pub(super) fn attach(&mut self, reference: MonitorRef, kind: Kind, watcher: Pid, watched: Pid) {
        match self.slots.get_mut(watched.index()) {
            Some(slot)
                if slot.generation == watched.generation()
                    && !matches!(slot.state, State::Free | State::Alias) =>
            {
                let watched_by = std::mem::replace(&mut slot.links.watched, reference.index);
                let head = &mut self.slots[watcher.index()].links.watching;
                let watching = std::mem::replace(head, reference.index);
                let older = Heads { watching, watched: watched_by };
                self.out.links.attach(reference, kind, (watcher, watched), older);
            }
            _ => self.attach_elsewhere(reference, kind, watcher, watched),
        }
    }

    /// The same for a process of another world, or one that has ended: then it fires at once.
    #[inline(never)]
    fn attach_elsewhere(&mut self, reference: MonitorRef, kind: Kind, watcher: Pid, watched: Pid) {
        if self.is_remote(watched) {
            return self.attach_remote(reference, kind, watcher, watched);
        }
        self.hang(reference, kind, watcher, watched);
        self.out.links.fire(reference);
        let signal = ending(kind, reference, Cause::NoProcess);
        self.out.ring.push(Envelope { to: watcher, from: watched, signal });
    }

    /// Removes a monitor, or one direction of a link, that belongs to `me`. A signal of it that is
    /// on its way finds no record and is dropped on delivery.
    #[inline]
    pub(super) fn detach(&mut self, link: MonitorRef, me: Pid) {
        let links = &mut self.out.links;
        let kind = links.kind(link);
        if !kind.is_attached() {
            return;
        }
        let (watcher, watched) = links.ends(link);
        if watcher != me {
            return; // another process's reference
        }
        links.unhook_watcher(link.index, &mut self.slots[me.index()].links.watching);
        let is_remote = self.is_remote(watched);
        let links = &mut self.out.links;
        if !kind.is_fired() && !is_remote {
            links.unhook_watched(link.index, &mut self.slots[watched.index()].links.watched);
        }
        links.release(link);
        if !kind.is_fired() && is_remote {
            self.detach_remote(link, kind, (watcher, watched), None);
        }
        if kind.is_call() {
            self.forget_alias(link);
        }
    }

    /// Opens the alias of a call, and the monitor that belongs to it.
    pub(super) fn open_alias(&mut self, me: Pid, monitor: MonitorRef, alias: Pid, called: Pid) {
        self.ensure_slot(alias);
        let slot = &mut self.slots[alias.index()];
        (slot.generation, slot.node, slot.state) = (alias.generation(), NO_NODE, State::Alias);
        (slot.key, slot.incarnation) = (0, 0);
        self.calls.insert(alias, monitor);
        self.aliases.insert(monitor, alias);
        self.attach(monitor, Kind::CALL, me, called);
    }

    /// Closes the alias of a monitor that is gone. Signals to it, sent later or on their way, are
    /// undeliverable.
    #[cold]
    pub(super) fn forget_alias(&mut self, monitor: MonitorRef) {
        if let Some(alias) = self.aliases.remove(&monitor) {
            self.calls.remove(&alias);
            self.vacate(alias);
        }
    }

    /// Removes every monitor of a process, fired or not. The common case, one monitor and no link,
    /// is inlined.
    #[inline(always)]
    pub(super) fn detach_monitors(&mut self, me: Pid) {
        let head = self.slots[me.index()].links.watching;
        match self.out.links.only_monitor(head) {
            Some(watched) if !self.is_remote(watched) => {
                self.slots[me.index()].links.watching = NONE;
                let slot = self.slots.get_mut(watched.index());
                self.out.links.take_only(head, slot.map(|slot| &mut slot.links.watched));
            }
            _ => self.detach_several(me),
        }
    }

    #[inline(never)]
    fn detach_several(&mut self, me: Pid) {
        let mut head = self.slots[me.index()].links.watching;
        while let Some((link, kind)) = self.out.links.first(head) {
            head = self.out.links.after(link);
            if kind.is_monitor() {
                self.detach(link, me);
            }
        }
    }

    /// Links two processes: one record in each direction. If the other has ended, its exit signal
    /// arrives at once; if it waits to be restarted, the link is to its next life.
    pub(super) fn link(&mut self, me: Pid, other: Pid) {
        let head = self.slots[me.index()].links.watching;
        if me == other || self.out.links.find_link(head, other).is_some() {
            return;
        }
        let there = self.out.links.reserve();
        self.attach(there, Kind::LINK, me, other);
        if self.is_there(other) {
            let back = self.out.links.reserve();
            self.attach(back, Kind::LINK, other, me);
        }
    }

    /// Removes both directions of a link.
    pub(super) fn unlink(&mut self, me: Pid, other: Pid) {
        let head = self.slots[me.index()].links.watching;
        if let Some(there) = self.out.links.find_link(head, other) {
            self.detach(there, me);
        }
        if self.is_there(other) {
            let head = self.slots[other.index()].links.watching;
            if let Some(back) = self.out.links.find_link(head, me) {
                self.detach(back, other);
            }
        }
    }
}

/// The signal by which a fired record reports an end.
#[inline(always)]
pub(super) fn ending<M>(kind: Kind, link: MonitorRef, cause: Cause) -> Signal<M> {
    match kind.is_link() {
        true => Signal::Linked(link, cause),
        false => Signal::Down(link, cause),
    }
}
