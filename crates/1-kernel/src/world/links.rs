//! Monitors and links between processes, tied and untied.

use super::World;
use super::slot::{NO_NODE, State};
use crate::links::{Heads, Kind, MonitorRef, NONE};
use crate::reason::Cause;
use crate::signal::{Envelope, Signal};
use crate::{Pid, Process, Watch};

impl<P: Process, W> World<P, W> {
    /// Who gets what is sent to an address: the asker behind an alias, else whose address it is.
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
    /// Monitors one who has just been started here: nobody watches it yet.
    #[inline(always)]
    pub(super) fn attach_new(&mut self, reference: MonitorRef, watcher: Pid, watched: Pid) {
        self.slots[watched.index()].links.watched = reference.index;
        let head = &mut self.slots[watcher.index()].links.watching;
        let watching = std::mem::replace(head, reference.index);
        let older = Heads { watching, watched: NONE };
        self.out.links.attach(reference, Kind::MONITOR, (watcher, watched), older);
    }

    /// Ties one process to another: most are here and alive.
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

    /// To one of another world, or to one who is gone: that is an end at once.
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

    #[inline]
    pub(super) fn detach(&mut self, link: MonitorRef, me: Pid) {
        let links = &mut self.out.links;
        let kind = links.kind(link);
        if !kind.is_attached() {
            return;
        }
        let (watcher, watched) = links.ends(link);
        if watcher != me {
            return; // not its own
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

    /// Opens an alias, and the monitor that goes with it.
    pub(super) fn open_alias(&mut self, me: Pid, monitor: MonitorRef, alias: Pid, asked: Pid) {
        self.ensure_slot(alias);
        let slot = &mut self.slots[alias.index()];
        (slot.generation, slot.node, slot.state) = (alias.generation(), NO_NODE, State::Alias);
        (slot.key, slot.incarnation) = (0, 0);
        self.calls.insert(alias, monitor);
        self.aliases.insert(monitor, alias);
        self.attach(monitor, Kind::CALL, me, asked);
    }

    /// A monitor is gone, and the alias with it: what is sent there from now on, or is on its way, is dropped.
    #[cold]
    pub(super) fn forget_alias(&mut self, monitor: MonitorRef) {
        if let Some(alias) = self.aliases.remove(&monitor) {
            self.calls.remove(&alias);
            self.vacate(alias);
        }
    }

    /// Takes away every monitor that a process has set, on its way or not.
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

    /// A link is two ties, one each way. To one who is gone it is an exit signal at once; to one
    /// between two lives it ties the next.
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

#[inline(always)]
pub(super) fn ending<M>(kind: Kind, link: MonitorRef, cause: Cause) -> Signal<M> {
    match kind.is_link() {
        true => Signal::Linked(link, cause),
        false => Signal::Down(link, cause),
    }
}
