//! What goes beyond a world: signals to and from processes of other worlds, monitors and links across, and
//! the loss of a whole world. What leaves waits in the outbox for whoever carries it; nothing here waits,
//! blocks, or knows how worlds are joined.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::bonds::ending;
use super::{Marks, World};
use crate::discard::discard_all;
use crate::process::Cause;
use crate::ring::{Border, Envelope, Letter};
use crate::ties::Kind;
use crate::{MonitorRef, Name, Pid, Process, Reason, Watch};

/// A signal between two worlds.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Parcel<M> {
    /// The signal.
    pub envelope: Envelope<M>,
    /// The text of the failure that it tells of, if it does: a world keeps its texts to itself.
    why: Option<Arc<str>>,
}

impl<M> Parcel<M> {
    /// To which world.
    pub fn to(&self) -> u8 {
        self.envelope.to.world()
    }
}

/// What a world keeps of others.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Abroad<M> {
    pub(crate) outbox: Vec<Parcel<M>>,
    /// Who of ours is monitored from elsewhere: by whom, under which name of theirs, called what by them.
    pub(crate) watched: BTreeSet<(Pid, Pid, MonitorRef, Pid)>,
    /// Worlds that are lost for ever: nobody answers from there.
    pub(crate) lost: BTreeSet<u8>,
}

impl<M> Default for Abroad<M> {
    fn default() -> Abroad<M> {
        Abroad { outbox: Vec::new(), watched: BTreeSet::new(), lost: BTreeSet::new() }
    }
}

impl<P: Process, W: Watch<P>> World<P, W> {
    /// Gives the world its number, below [`Pid::WORLDS`], which all its addresses bear. Before anything lives in it.
    ///
    /// # Panics
    /// If something does already, or the number is too large.
    pub fn numbered(mut self, number: u8) -> World<P, W> {
        assert!(self.out.fresh == 0, "a world gets its number before its processes");
        assert!(number < Pid::WORLDS, "worlds are numbered below {}", Pid::WORLDS);
        self.out.number = number;
        self
    }

    /// Its number; 0 unless it was given one.
    pub fn number(&self) -> u8 {
        self.out.number
    }

    /// From now on this name is that of whoever bears it in another world.
    ///
    /// # Panics
    /// If that is this world, its number is too large, or the name is not below [`Name::LIMIT`].
    pub fn know(&mut self, name: Name, world: u8) {
        assert!(world < Pid::WORLDS, "worlds are numbered below {}", Pid::WORLDS);
        assert!(world != self.out.number, "whoever bears a name here registers it");
        self.give_name(name, Pid::named(world, name));
    }

    /// True for the address of a process of another world.
    #[inline]
    pub(crate) fn is_abroad(&self, pid: Pid) -> bool {
        pid != Pid::OUTSIDE && pid.world() != self.out.number
    }

    /// Takes what waits to be carried to other worlds, in the order of sending.
    pub fn take_outbox(&mut self) -> std::vec::Drain<'_, Parcel<P::Message>> {
        self.out.abroad.outbox.drain(..)
    }

    /// How much waits to be carried.
    pub fn outbound(&self) -> usize {
        self.out.abroad.outbox.len()
    }

    /// A signal of ours to another world: it waits to be carried.
    pub(super) fn leave(&mut self, envelope: &mut Envelope<P::Message>) {
        let told = match envelope.letter {
            Letter::Exit(cause) | Letter::Down(_, cause) => Some(cause),
            Letter::Border(Border::Partner(cause)) => Some(cause),
            _ => None,
        };
        let why = told.and_then(|cause| match self.out.causes.tell(cause) {
            Reason::Failed(text) => Some(text),
            _ => None,
        });
        let letter = std::mem::replace(&mut envelope.letter, Letter::Start); // moved on, not copied
        let envelope = Envelope { to: envelope.to, from: envelope.from, letter };
        self.out.abroad.outbox.push(Parcel { envelope, why });
    }

    /// Takes in what was carried here; it waits like everything else. What one process sends another must be
    /// handed over in the order in which it left.
    pub fn accept(&mut self, parcel: Parcel<P::Message>) {
        let Parcel { mut envelope, why } = parcel;
        let why = why.map(|text| self.out.causes.note(&Reason::Failed(text)));
        match (&mut envelope.letter, why) {
            (Letter::Exit(cause) | Letter::Down(_, cause), Some(here)) => *cause = here,
            (Letter::Border(Border::Partner(cause)), Some(here)) => *cause = here,
            _ => {}
        }
        if let Some(name) = envelope.to.name() {
            let bearer = self.out.whereis(name).filter(|pid| !self.is_abroad(*pid));
            match bearer {
                Some(pid) => envelope.to = pid,
                None => {
                    self.turn_away(&envelope);
                    return self.let_go(envelope);
                }
            }
        }
        if let Letter::Down(monitor, _) = envelope.letter {
            // Its tie is no list's of ours: here it fires.
            if !self.out.ties.kind(monitor).waits() || self.out.ties.ends(monitor).0 != envelope.to
            {
                return;
            }
            self.out.ties.fire(monitor);
        }
        self.out.ring.push(envelope);
    }

    /// A signal from another world found nobody: who waits for an end is told that there is none to wait for.
    pub(super) fn turn_away(&mut self, envelope: &Envelope<P::Message>) {
        let &Envelope { to, from, ref letter } = envelope;
        let answer = match *letter {
            Letter::Border(Border::Watch(monitor, called)) => {
                Some((called, Letter::Down(monitor, Cause::NoProcess)))
            }
            Letter::Border(Border::Link) => {
                Some((to, Letter::Border(Border::Partner(Cause::NoProcess))))
            }
            _ => None,
        };
        match answer {
            // Behind what was sent to the same place before that end, which may wait here still.
            Some((by, letter)) => self.out.ring.push(Envelope { to: from, from: by, letter }),
            None => self.is_undeliverable(envelope),
        }
    }

    /// Nobody is there to get this, and nobody is told.
    pub(super) fn is_undeliverable(&mut self, envelope: &Envelope<P::Message>) {
        self.undeliverable += 1;
        self.watch.undeliverable(envelope);
    }

    /// A word between kernels, to a living process of ours. The exit signal that it makes, if any.
    pub(crate) fn border(&mut self, to: Pid, from: Pid, border: Border) -> Option<Cause> {
        if self.out.abroad.lost.contains(&from.world()) {
            // Its last words: who wants to be linked to us has ended already.
            return (border == Border::Link).then_some(Cause::NoConnection);
        }
        match border {
            Border::Watch(monitor, called) => {
                self.out.abroad.watched.insert((to, from, monitor, called));
                self.slots[to.index()].marks.set(Marks::ABROAD, true);
            }
            Border::Unwatch(monitor) => {
                let is =
                    |entry: &(Pid, Pid, MonitorRef, Pid)| (entry.1, entry.2) == (from, monitor);
                self.out.abroad.watched.retain(|entry| !is(entry));
            }
            Border::Link => {
                let head = self.slots[to.index()].ties.watching;
                if self.out.ties.find_link(head, from).is_none() {
                    let back = self.out.ties.reserve();
                    self.hang(back, Kind::LINK, to, from);
                }
            }
            Border::Unlink => self.drop_link(to, from),
            Border::Partner(cause) => {
                let head = self.slots[to.index()].ties.watching;
                let link = self.out.ties.find_link(head, from)?;
                self.drop_tie(link, to);
                return Some(cause);
            }
        }
        None
    }

    fn drop_link(&mut self, to: Pid, from: Pid) {
        let head = self.slots[to.index()].ties.watching;
        if let Some(link) = self.out.ties.find_link(head, from) {
            self.drop_tie(link, to);
        }
    }

    pub(super) fn drop_tie(&mut self, tie: MonitorRef, watcher: Pid) {
        let head = &mut self.slots[watcher.index()].ties.watching;
        self.out.ties.unhook_watcher(tie.index, head);
        self.out.ties.release(tie);
    }

    /// Hangs a tie on its watcher alone: the watched is elsewhere, or gone.
    pub(super) fn hang(&mut self, tie: MonitorRef, kind: Kind, watcher: Pid, watched: Pid) {
        self.out.ties.set(tie, kind, watcher, watched);
        let head = &mut self.slots[watcher.index()].ties.watching;
        self.out.ties.hook_watcher(tie, head);
    }

    /// Ties a process of ours to one elsewhere, and has that world know.
    #[cold]
    pub(super) fn tie_abroad(&mut self, tie: MonitorRef, kind: Kind, watcher: Pid, watched: Pid) {
        self.hang(tie, kind, watcher, watched);
        if self.out.abroad.lost.contains(&watched.world()) {
            return self.fire_abroad(tie);
        }
        let border = match kind {
            Kind::LINK => Border::Link,
            _ => Border::Watch(tie, watched),
        };
        let letter = Letter::Border(border);
        self.out.ring.push(Envelope { to: watched, from: watcher, letter });
    }

    /// A tie to one elsewhere was taken away, or its watcher has ended of this.
    #[cold]
    pub(super) fn untie_abroad(
        &mut self,
        tie: MonitorRef,
        kind: Kind,
        ends: (Pid, Pid),
        ended: Option<Cause>,
    ) {
        let (from, to) = ends;
        let border = match (kind, ended) {
            (Kind::LINK, Some(cause)) => Border::Partner(cause),
            (Kind::LINK, None) => Border::Unlink,
            _ => Border::Unwatch(tie),
        };
        self.out.ring.push(Envelope { to, from, letter: Letter::Border(border) });
    }

    /// Tells who is elsewhere and has watched a process of ours that it has ended.
    #[cold]
    pub(super) fn tell_abroad(&mut self, pid: Pid, cause: Cause) {
        let watched = std::mem::take(&mut self.out.abroad.watched);
        for entry @ (of, to, monitor, from) in watched {
            if of == pid {
                self.out.ring.push(Envelope { to, from, letter: Letter::Down(monitor, cause) });
            } else {
                self.out.abroad.watched.insert(entry);
            }
        }
    }

    /// Another world is lost for ever: all who watch a process of it are told, and nobody in it watches any
    /// more. What was handed over here before counts.
    pub fn lost(&mut self, world: u8) {
        self.out.abroad.lost.insert(world);
        self.out.abroad.watched.retain(|(_, by, ..)| by.world() != world);
        let lost = self.out.abroad.outbox.extract_if(.., |parcel| parcel.to() == world);
        self.failed_drops += discard_all(lost);
        for tie in self.out.ties.unfired() {
            let (_, watched) = self.out.ties.ends(tie);
            if self.is_abroad(watched) && watched.world() == world {
                self.fire_abroad(tie);
            }
        }
    }

    /// Whoever is watched there is lost with its world.
    fn fire_abroad(&mut self, tie: MonitorRef) {
        let (to, from) = self.out.ties.ends(tie);
        let letter = ending(self.out.ties.kind(tie), tie, Cause::NoConnection);
        self.out.ties.fire(tie);
        self.out.ring.push(Envelope { to, from, letter });
    }
}
