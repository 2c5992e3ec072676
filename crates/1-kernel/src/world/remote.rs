//! Signals to and from processes of other worlds, monitors and links between worlds, and the loss
//! of a whole world. Outgoing signals wait in the outbox until the world's owner carries them.
//! Nothing here blocks, or knows how worlds are joined.

use super::World;
use super::links::ending;
use super::slot::Flags;
use crate::discard::discard_all;
use crate::links::Kind;
use crate::reason::Cause;
use crate::remote::RemoteEnvelope;
use crate::signal::{Envelope, RemoteSignal, Signal};
use crate::{MonitorRef, Name, Pid, Process, Reason, Watch};

impl<P: Process, W: Watch<P>> World<P, W> {
    /// Numbers an empty world, below [`Pid::WORLDS`]. All its addresses carry the number.
    ///
    /// # Panics
    /// If the world has had a process, or the number is too large.
    pub fn numbered(mut self, number: u8) -> World<P, W> {
        assert!(self.out.fresh == 0, "a world gets its number before its processes");
        assert!(number < Pid::WORLDS, "worlds are numbered below {}", Pid::WORLDS);
        self.out.number = number;
        self
    }

    /// The world's number; 0 by default.
    pub fn number(&self) -> u8 {
        self.out.number
    }

    /// Maps a name to the process that bears it in another world.
    ///
    /// # Panics
    /// If that is this world, its number is too large, or the name is not below [`Name::LIMIT`].
    pub fn know(&mut self, name: Name, world: u8) {
        assert!(world < Pid::WORLDS, "worlds are numbered below {}", Pid::WORLDS);
        assert!(world != self.out.number, "a process of this world registers its name itself");
        self.give_name(name, Pid::named(world, name));
    }

    /// True for the address of a process of another world.
    #[inline]
    pub(crate) fn is_remote(&self, pid: Pid) -> bool {
        pid != Pid::OUTSIDE && pid.world() != self.out.number
    }

    /// Takes the signals for other worlds, in order of sending.
    pub fn take_outbox(&mut self) -> std::vec::Drain<'_, RemoteEnvelope<P::Message>> {
        self.out.remote.outbox.drain(..)
    }

    /// Signals that wait in the outbox.
    pub fn outbound(&self) -> usize {
        self.out.remote.outbox.len()
    }

    /// Moves a signal for another world to the outbox, with the text of its failure: a cause is a
    /// number that only this world can resolve.
    pub(super) fn leave(&mut self, envelope: &mut Envelope<P::Message>) {
        let cause = match envelope.signal {
            Signal::Exit(cause) | Signal::Down(_, cause) => Some(cause),
            Signal::Remote(RemoteSignal::Partner(cause)) => Some(cause),
            _ => None,
        };
        let why = cause.and_then(|cause| match self.out.causes.tell(cause) {
            Reason::Failed(text) => Some(text),
            _ => None,
        });
        let signal = std::mem::replace(&mut envelope.signal, Signal::Start); // moved on, not copied
        let envelope = Envelope { to: envelope.to, from: envelope.from, signal };
        self.out.remote.outbox.push(RemoteEnvelope { envelope, why });
    }

    /// Accepts a signal from another world into the ring. The carrier must keep the order of the
    /// signals between each pair of processes.
    pub fn accept(&mut self, remote: RemoteEnvelope<P::Message>) {
        let RemoteEnvelope { mut envelope, why } = remote;
        let why = why.map(|text| self.out.causes.note(&Reason::Failed(text)));
        match (&mut envelope.signal, why) {
            (Signal::Exit(cause) | Signal::Down(_, cause), Some(here)) => *cause = here,
            (Signal::Remote(RemoteSignal::Partner(cause)), Some(here)) => *cause = here,
            _ => {}
        }
        if let Some(name) = envelope.to.name() {
            let bearer = self.out.whereis(name).filter(|pid| !self.is_remote(*pid));
            match bearer {
                Some(pid) => envelope.to = pid,
                None => {
                    self.turn_away(&envelope);
                    return self.let_go(envelope);
                }
            }
        }
        if let Signal::Down(monitor, _) = envelope.signal {
            // The watched process is elsewhere, so no list of ours fires this record: it fires
            // here. If it was removed meanwhile, or its place is reused, the `Down` is dropped.
            if !self.out.links.kind(monitor).waits()
                || self.out.links.ends(monitor).0 != envelope.to
            {
                return;
            }
            self.out.links.fire(monitor);
        }
        self.out.ring.push(envelope);
    }

    /// Handles a signal without a receiver. To a monitor or link from another world it answers that
    /// there is no such process; anything else is undeliverable.
    pub(super) fn turn_away(&mut self, envelope: &Envelope<P::Message>) {
        let &Envelope { to, from, ref signal } = envelope;
        let answer = match *signal {
            Signal::Remote(RemoteSignal::Watch(monitor, called)) => {
                Some((called, Signal::Down(monitor, Cause::NoProcess)))
            }
            Signal::Remote(RemoteSignal::Link) => {
                Some((to, Signal::Remote(RemoteSignal::Partner(Cause::NoProcess))))
            }
            _ => None,
        };
        match answer {
            // Through the ring, and so behind signals to the same process that still wait here.
            Some((by, signal)) => self.out.ring.push(Envelope { to: from, from: by, signal }),
            None => self.is_undeliverable(envelope),
        }
    }

    /// Counts an undeliverable signal, and reports it to the watcher.
    pub(super) fn is_undeliverable(&mut self, envelope: &Envelope<P::Message>) {
        self.undeliverable += 1;
        self.watch.undeliverable(envelope);
    }

    /// Handles a signal between kernels to a living process. Returns the cause of the exit signal
    /// that it makes, if any.
    pub(crate) fn on_remote_signal(
        &mut self,
        to: Pid,
        from: Pid,
        remote: RemoteSignal,
    ) -> Option<Cause> {
        if self.out.remote.lost.contains(&from.world()) {
            // It was carried before its world was lost. That process has ended, and a link to it
            // fires at once.
            return (remote == RemoteSignal::Link).then_some(Cause::NoConnection);
        }
        match remote {
            RemoteSignal::Watch(monitor, called) => {
                self.out.remote.watched.insert((to, from, monitor, called));
                self.slots[to.index()].flags.set(Flags::REMOTE, true);
            }
            RemoteSignal::Unwatch(monitor) => {
                let is =
                    |entry: &(Pid, Pid, MonitorRef, Pid)| (entry.1, entry.2) == (from, monitor);
                self.out.remote.watched.retain(|entry| !is(entry));
            }
            RemoteSignal::Link => {
                let head = self.slots[to.index()].links.watching;
                if self.out.links.find_link(head, from).is_none() {
                    let back = self.out.links.reserve();
                    self.hang(back, Kind::LINK, to, from);
                }
            }
            RemoteSignal::Unlink => self.drop_link(to, from),
            RemoteSignal::Partner(cause) => {
                let head = self.slots[to.index()].links.watching;
                let link = self.out.links.find_link(head, from)?;
                self.drop_record(link, to);
                return Some(cause);
            }
        }
        None
    }

    fn drop_link(&mut self, to: Pid, from: Pid) {
        let head = self.slots[to.index()].links.watching;
        if let Some(link) = self.out.links.find_link(head, from) {
            self.drop_record(link, to);
        }
    }

    /// Removes a record that is in its watcher's list alone.
    pub(super) fn drop_record(&mut self, link: MonitorRef, watcher: Pid) {
        let head = &mut self.slots[watcher.index()].links.watching;
        self.out.links.unhook_watcher(link.index, head);
        self.out.links.release(link);
    }

    /// Enters a record into its watcher's list alone: the watched process is elsewhere, or has
    /// ended.
    pub(super) fn hang(&mut self, link: MonitorRef, kind: Kind, watcher: Pid, watched: Pid) {
        self.out.links.set(link, kind, watcher, watched);
        let head = &mut self.slots[watcher.index()].links.watching;
        self.out.links.hook_watcher(link, head);
    }

    /// Sets a monitor or link to a process of another world, and notifies that world.
    #[cold]
    pub(super) fn attach_remote(
        &mut self,
        link: MonitorRef,
        kind: Kind,
        watcher: Pid,
        watched: Pid,
    ) {
        self.hang(link, kind, watcher, watched);
        if self.out.remote.lost.contains(&watched.world()) {
            return self.fire_remote(link);
        }
        let remote = match kind {
            Kind::LINK => RemoteSignal::Link,
            _ => RemoteSignal::Watch(link, watched),
        };
        let signal = Signal::Remote(remote);
        self.out.ring.push(Envelope { to: watched, from: watcher, signal });
    }

    /// Notifies another world that a monitor or link to its process was removed, or that its
    /// watcher has ended (then `ended` is the cause).
    #[cold]
    pub(super) fn detach_remote(
        &mut self,
        link: MonitorRef,
        kind: Kind,
        ends: (Pid, Pid),
        ended: Option<Cause>,
    ) {
        let (from, to) = ends;
        let remote = match (kind, ended) {
            (Kind::LINK, Some(cause)) => RemoteSignal::Partner(cause),
            (Kind::LINK, None) => RemoteSignal::Unlink,
            _ => RemoteSignal::Unwatch(link),
        };
        self.out.ring.push(Envelope { to, from, signal: Signal::Remote(remote) });
    }

    /// Notifies the watchers in other worlds of the end of a process.
    #[cold]
    pub(super) fn notify_remote(&mut self, pid: Pid, cause: Cause) {
        let watched = std::mem::take(&mut self.out.remote.watched);
        for entry @ (of, to, monitor, from) in watched {
            if of == pid {
                self.out.ring.push(Envelope { to, from, signal: Signal::Down(monitor, cause) });
            } else {
                self.out.remote.watched.insert(entry);
            }
        }
    }

    /// Declares another world lost for ever: monitors and links to its processes fire with
    /// [`Reason::NoConnection`], and its watchers are forgotten. Signals accepted before are still
    /// delivered.
    pub fn lost(&mut self, world: u8) {
        self.out.remote.lost.insert(world);
        self.out.remote.watched.retain(|(_, by, ..)| by.world() != world);
        let lost = self.out.remote.outbox.extract_if(.., |remote| remote.to() == world);
        self.failed_drops += discard_all(lost);
        for link in self.out.links.unfired() {
            let (_, watched) = self.out.links.ends(link);
            if self.is_remote(watched) && watched.world() == world {
                self.fire_remote(link);
            }
        }
    }

    /// Fires a record whose watched process was in a lost world.
    fn fire_remote(&mut self, link: MonitorRef) {
        let (to, from) = self.out.links.ends(link);
        let signal = ending(self.out.links.kind(link), link, Cause::NoConnection);
        self.out.links.fire(link);
        self.out.ring.push(Envelope { to, from, signal });
    }
}
