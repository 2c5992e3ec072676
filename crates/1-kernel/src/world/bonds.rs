//! Monitors and links between processes, tied and untied.

use super::{NO_NODE, State, World};
use crate::process::Cause;
use crate::ring::{Envelope, Letter};
use crate::ties::{Heads, Kind, MonitorRef, NONE};
use crate::{Pid, Process, Watch};

impl<P: Process, W> World<P, W> {
    /// Who gets what is sent to an address: the asker behind an alias, else whose address it is.
    pub(crate) fn addressee(&self, to: Pid) -> Pid {
        match self.slots.get(to.index()) {
            Some(slot) if slot.state == State::Alias => {
                self.asks.get(&to).map_or(to, |monitor| self.out.ties.ends(*monitor).0)
            }
            _ => to,
        }
    }
}

impl<P: Process, W: Watch<P>> World<P, W> {
    /// Monitors one who has just been started here: nobody watches it yet.
    #[inline(always)]
    pub(super) fn tie_new(&mut self, reference: MonitorRef, watcher: Pid, watched: Pid) {
        self.slots[watched.index()].ties.watched = reference.index;
        let head = &mut self.slots[watcher.index()].ties.watching;
        let watching = std::mem::replace(head, reference.index);
        let older = Heads { watching, watched: NONE };
        self.out.ties.tie(reference, Kind::MONITOR, (watcher, watched), older);
    }

    /// Ties one process to another: most are here and alive.
    #[inline(always)]
    pub(super) fn tie(&mut self, reference: MonitorRef, kind: Kind, watcher: Pid, watched: Pid) {
        match self.slots.get_mut(watched.index()) {
            Some(slot)
                if slot.generation == watched.generation()
                    && !matches!(slot.state, State::Free | State::Alias) =>
            {
                let watched_by = std::mem::replace(&mut slot.ties.watched, reference.index);
                let head = &mut self.slots[watcher.index()].ties.watching;
                let watching = std::mem::replace(head, reference.index);
                let older = Heads { watching, watched: watched_by };
                self.out.ties.tie(reference, kind, (watcher, watched), older);
            }
            _ => self.tie_elsewhere(reference, kind, watcher, watched),
        }
    }

    /// To one of another world, or to one who is gone: that is an end at once.
    #[inline(never)]
    fn tie_elsewhere(&mut self, reference: MonitorRef, kind: Kind, watcher: Pid, watched: Pid) {
        if self.is_abroad(watched) {
            return self.tie_abroad(reference, kind, watcher, watched);
        }
        self.hang(reference, kind, watcher, watched);
        self.out.ties.fire(reference);
        let letter = ending(kind, reference, Cause::NoProcess);
        self.out.ring.push(Envelope { to: watcher, from: watched, letter });
    }

    #[inline]
    pub(super) fn untie(&mut self, tie: MonitorRef, me: Pid) {
        let ties = &mut self.out.ties;
        let kind = ties.kind(tie);
        if !kind.is_tied() {
            return;
        }
        let (watcher, watched) = ties.ends(tie);
        if watcher != me {
            return; // not its own
        }
        ties.unhook_watcher(tie.index, &mut self.slots[me.index()].ties.watching);
        let is_abroad = self.is_abroad(watched);
        let ties = &mut self.out.ties;
        if !kind.is_fired() && !is_abroad {
            ties.unhook_watched(tie.index, &mut self.slots[watched.index()].ties.watched);
        }
        ties.release(tie);
        if !kind.is_fired() && is_abroad {
            self.untie_abroad(tie, kind, (watcher, watched), None);
        }
        if kind.is_asked() {
            self.forget_alias(tie);
        }
    }

    /// Opens an alias, and the monitor that goes with it.
    pub(super) fn open_alias(&mut self, me: Pid, monitor: MonitorRef, alias: Pid, asked: Pid) {
        self.room_for(alias);
        let slot = &mut self.slots[alias.index()];
        (slot.generation, slot.node, slot.state) = (alias.generation(), NO_NODE, State::Alias);
        (slot.key, slot.incarnation) = (0, 0);
        self.asks.insert(alias, monitor);
        self.aliases.insert(monitor, alias);
        self.tie(monitor, Kind::ASKED, me, asked);
    }

    /// A monitor is gone, and the alias with it: what is sent there from now on, or is on its way, is dropped.
    #[cold]
    pub(super) fn forget_alias(&mut self, monitor: MonitorRef) {
        if let Some(alias) = self.aliases.remove(&monitor) {
            self.asks.remove(&alias);
            self.vacate(alias);
        }
    }

    /// Takes away every monitor that a process has set, on its way or not.
    #[inline(always)]
    pub(super) fn untie_all(&mut self, me: Pid) {
        let head = self.slots[me.index()].ties.watching;
        match self.out.ties.only_monitor(head) {
            Some(watched) if !self.is_abroad(watched) => {
                self.slots[me.index()].ties.watching = NONE;
                let slot = self.slots.get_mut(watched.index());
                self.out.ties.take_only(head, slot.map(|slot| &mut slot.ties.watched));
            }
            _ => self.untie_several(me),
        }
    }

    #[inline(never)]
    fn untie_several(&mut self, me: Pid) {
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
    pub(super) fn link(&mut self, me: Pid, other: Pid) {
        let head = self.slots[me.index()].ties.watching;
        if me == other || self.out.ties.find_link(head, other).is_some() {
            return;
        }
        let there = self.out.ties.reserve();
        self.tie(there, Kind::LINK, me, other);
        if self.is_there(other) {
            let back = self.out.ties.reserve();
            self.tie(back, Kind::LINK, other, me);
        }
    }

    pub(super) fn unlink(&mut self, me: Pid, other: Pid) {
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
}

#[inline(always)]
pub(super) fn ending<M>(kind: Kind, tie: MonitorRef, cause: Cause) -> Letter<M> {
    match kind.is_link() {
        true => Letter::Linked(tie, cause),
        false => Letter::Down(tie, cause),
    }
}
