//! The delivery loop, and what each kind of signal does.
//!
//! The fast path is a message to a living process, then starts and ends, which come in bursts. All
//! other signals are copied out of the ring and handled by `deliver_rare`, off the fast path.

use super::slot::{Flags, State};
use super::{NO_STEP, World};
use crate::discard::Held;
use crate::links::{Kind, MonitorRef, survives};
use crate::reason::Cause;
use crate::ring::Lent;
use crate::signal::{Envelope, Signal};
use crate::step_flags::StepFlags;
use crate::{Event, Pid, Process, Reason, Watch, mutation};

/// [`World::deliver_other`] delivers one signal.
const ONE: bool = false;
/// [`World::deliver_other`] delivers all signals up to the next message.
const BURST: bool = true;

impl<P: Process, W: Watch<P>> World<P, W> {
    /// Delivers everything. A message is handled in place in the ring. If the step only sent and
    /// the next message is for the same process, the inner loop handles that at once, without
    /// looking the process up: messages come in bursts.
    #[inline(always)]
    pub(super) fn deliver_all(&mut self) {
        let Some(mut lent) = self.out.ring.next_to_handle() else { return };
        'signals: loop {
            // SAFETY, here and below: the handler is the last to use the reference. The handler and
            // the watcher are the only functions that get it, and both can reach the ring for
            // sending only.
            #[allow(unsafe_code)]
            let mut envelope = unsafe { lent.get() };
            let to = envelope.to;
            if let Signal::Message(first) = &envelope.signal
                && let Some(slot) = self.slots.get_mut(to.index())
                && slot.generation == to.generation()
                && let Some(body) = &mut slot.body
            {
                let out = &mut self.out;
                slot.flags.set(Flags::BEGUN, true);
                out.begin_step(to, slot.key, slot.incarnation, slot.note);
                let mut message = first;
                loop {
                    self.watch.delivered(envelope);
                    // A panic undoes the ring to here: each message of a burst is a step of its
                    // own.
                    self.mark = out.ring.tail();
                    body.handle(Event::Message { from: envelope.from, message }, out);
                    if out.step_flags != StepFlags::NOTHING {
                        break;
                    }
                    self.mark = NO_STEP;
                    let Some(next) = out.ring.next_to_handle() else { return };
                    lent = next;
                    // SAFETY: as above.
                    #[allow(unsafe_code)]
                    let next = unsafe { lent.get() };
                    envelope = next;
                    match &envelope.signal {
                        Signal::Message(next) if envelope.to == to => message = next,
                        _ => continue 'signals,
                    }
                }
                self.end_step(to);
            } else if !self.deliver_other::<BURST>(lent) {
                return;
            }
            let Some(next) = self.out.ring.next_to_handle() else { return };
            lent = next;
        }
    }

    /// Delivers the oldest waiting signal. False if none can be delivered.
    #[inline(always)]
    pub(super) fn deliver_next(&mut self) -> bool {
        let Some(lent) = self.out.ring.next_to_handle() else { return false };
        // SAFETY: as above.
        #[allow(unsafe_code)]
        let envelope = unsafe { lent.get() };
        let &Envelope { to, from, ref signal } = envelope;
        if let Signal::Message(message) = signal
            && let Some(slot) = self.slots.get_mut(to.index())
            && slot.generation == to.generation()
            && let Some(body) = &mut slot.body
        {
            self.watch.delivered(envelope);
            let out = &mut self.out;
            slot.flags.set(Flags::BEGUN, true);
            self.mark = out.begin_step(to, slot.key, slot.incarnation, slot.note);
            body.handle(Event::Message { from, message }, out);
            self.end_step(to);
            return true;
        }
        self.deliver_other::<ONE>(lent)
    }

    /// Delivers a signal of any kind that was just taken from the ring. It is not inlined, which
    /// keeps its code out of the message loop. False if nothing could be delivered.
    #[inline(never)]
    fn deliver_other<const MORE: bool>(&mut self, mut lent: Lent<P::Message>) -> bool {
        loop {
            if !self.starts_or_hears(lent) {
                return self.deliver_rare(lent);
            }
            if !MORE {
                return true;
            }
            let Some(next) = self.out.ring.next_to_handle() else { return false };
            // SAFETY: the reference is used once, before anything else happens.
            #[allow(unsafe_code)]
            let is_message = matches!(unsafe { next.get() }.signal, Signal::Message(_));
            if is_message {
                self.out.ring.put_back();
                return true;
            }
            lent = next;
        }
    }

    /// Delivers a start, or the normal end of a monitored process. False if the signal is neither,
    /// or needs the rare path. The event is built where it is handled; moving it causes a
    /// store-forwarding stall.
    #[inline(always)]
    fn starts_or_hears(&mut self, lent: Lent<P::Message>) -> bool {
        // SAFETY: as in `deliver_all`; this step can only send, and the reference is not used after
        // it.
        #[allow(unsafe_code)]
        let envelope = unsafe { lent.get() };
        let &Envelope { to, from, ref signal } = envelope;
        let Some(slot) = self.slots.get_mut(to.index()) else { return false };
        if slot.generation != to.generation() {
            return self.is_late_down(envelope);
        }
        let Some(body) = &mut slot.body else { return false };
        let ended = match *signal {
            Signal::Start => None,
            Signal::Down(monitor, Cause::Normal)
                if self.out.links.use_up(monitor, Kind::MONITOR, &mut slot.links.watching) =>
            {
                Some(monitor)
            }
            Signal::Down(monitor, _) if !self.out.links.kind(monitor).is_attached() => {
                self.watch.delivered(envelope);
                return true; // removed before it arrived
            }
            _ => return false,
        };
        self.watch.delivered(envelope);
        let out = &mut self.out;
        self.mark = out.begin_step(to, slot.key, slot.incarnation, slot.note);
        match ended {
            None => {
                slot.flags.set(Flags::BEGUN, true);
                body.handle(Event::Start, out);
            }
            // `BEGUN` is set already: setting the monitor took a step.
            Some(monitor) => {
                let reason = &Reason::Normal;
                body.handle(Event::Down { monitor, pid: from, reason }, out);
            }
        }
        self.end_step(to);
        true
    }

    /// Drops a `Down` to a process that has ended meanwhile, a common case: an order that fills and
    /// ends still monitors its counterparty. False if the signal is something else.
    fn is_late_down(&mut self, envelope: &Envelope<P::Message>) -> bool {
        let is_down = matches!(envelope.signal, Signal::Down(..)) && !self.is_remote(envelope.to);
        if is_down && !mutation::LATER_LIFE.is_on() {
            self.is_undeliverable(envelope);
            return true;
        }
        false
    }

    #[cold]
    fn deliver_rare(&mut self, lent: Lent<P::Message>) -> bool {
        // SAFETY: cloned before the ring is touched, and not used again.
        #[allow(unsafe_code)]
        let envelope = unsafe { lent.get() };
        if self.is_between(envelope.to) {
            self.out.ring.put_back();
            return self.deliver_first_ready();
        }
        let envelope = envelope.clone();
        self.deliver_own(envelope);
        true
    }

    /// The oldest signal is for a process that its supervisor, busy ending others, has not
    /// restarted yet. It waits, and the first signal that may overtake it is delivered. False if
    /// there is none.
    #[cold]
    fn deliver_first_ready(&mut self) -> bool {
        let mut ready = Vec::new();
        self.ready(&mut ready);
        let first = ready.first().and_then(|offset| self.out.ring.take(*offset));
        first.is_some_and(|envelope| {
            self.deliver_own(envelope);
            true
        })
    }

    /// Delivers a signal that was copied out of the ring, and drops it.
    fn deliver_own(&mut self, envelope: Envelope<P::Message>) {
        let mut held = Held::new(envelope);
        self.deliver(held.get());
        self.failed_drops += u64::from(held.let_go().is_err());
    }

    /// Delivers a signal that was copied out of the ring. Its content may be moved out of it.
    pub(super) fn deliver(&mut self, envelope: &mut Envelope<P::Message>) {
        let index = envelope.to.index();
        match self.slots.get(index) {
            Some(slot) if slot.generation == envelope.to.generation() && slot.body.is_some() => {}
            Some(slot) if mutation::LATER_LIFE.is_on() && slot.body.is_some() => {
                envelope.to = Pid::new(envelope.to.slot(), slot.generation);
                return self.deliver(envelope);
            }
            _ => return self.deliver_to_nobody(envelope),
        }
        self.watch.delivered(envelope);
        let &Envelope { to, from, ref signal } = &*envelope;
        let mut why = Reason::Normal;
        if let Some(event) = self.signal(to, from, signal, &mut why) {
            self.step(to, event);
        }
    }

    /// The event that a signal makes for a living process, if any. `why` holds the event's reason,
    /// if it has one.
    ///
    /// An exit signal that is not trapped makes no event: it ends the process here.
    #[cold]
    pub(super) fn signal<'a>(
        &mut self,
        to: Pid,
        from: Pid,
        signal: &'a Signal<P::Message>,
        why: &'a mut Reason,
    ) -> Option<Event<'a, P::Message>> {
        match *signal {
            Signal::Message(ref message) => Some(Event::Message { from, message }),
            Signal::Start => Some(Event::Start),
            Signal::Timer(token) => Some(Event::Timer { token }),
            Signal::Down(monitor, cause) => self.use_up(to, monitor).then(|| {
                *why = self.out.causes.tell(cause);
                Event::Down { monitor, pid: from, reason: why }
            }),
            Signal::Linked(link, cause) if self.use_up(to, link) => {
                *why = self.out.causes.tell(cause);
                self.exit_signal(to, from, why)
            }
            Signal::Exit(Cause::Killed) => {
                self.terminate(to, Reason::Killed);
                None
            }
            Signal::Exit(cause) => {
                *why = self.out.causes.tell(cause);
                let is_own = from == to && !mutation::NORMAL_TO_ONESELF.is_on();
                if is_own && !self.slots[to.index()].flags.any(Flags::TRAPS) {
                    self.terminate(to, why.clone()); // even if it is `Normal`, as in Erlang
                    return None;
                }
                self.exit_signal(to, from, why)
            }
            Signal::Remote(remote) => {
                let cause = self.on_remote_signal(to, from, remote)?;
                *why = self.out.causes.tell(cause);
                self.exit_signal(to, from, why)
            }
            Signal::Linked(..) | Signal::ChildDown(_) | Signal::Control(_) => None,
        }
    }

    pub(super) fn exit_signal<'a>(
        &mut self,
        to: Pid,
        from: Pid,
        reason: &'a Reason,
    ) -> Option<Event<'a, P::Message>> {
        let traps = self.slots[to.index()].flags.any(Flags::TRAPS);
        if traps {
            return Some(Event::Exit { from, reason });
        }
        if !survives(reason, traps) {
            self.terminate(to, reason.clone());
        }
        None
    }

    /// Removes a fired record from its watcher's list. False if the watcher removed it before, so
    /// that the signal means nothing.
    pub(crate) fn use_up(&mut self, watcher: Pid, link: MonitorRef) -> bool {
        let kind = self.out.links.kind(link);
        if !kind.is_fired() {
            return false;
        }
        self.drop_record(link, watcher);
        if kind.is_call() {
            self.forget_alias(link);
        }
        true
    }

    #[cold]
    pub(super) fn deliver_to_nobody(&mut self, envelope: &mut Envelope<P::Message>) {
        if self.is_remote(envelope.to) {
            return self.leave(envelope);
        }
        let slot = self.slots.get(envelope.to.index());
        match slot.filter(|slot| slot.generation == envelope.to.generation()).map(|slot| slot.state)
        {
            Some(State::Supervisor | State::Closing) => {
                self.watch.delivered(envelope);
                return self.supervise(envelope);
            }
            Some(State::Alias) if matches!(envelope.signal, Signal::Message(_)) => {
                return self.answer(envelope);
            }
            _ => {}
        }
        self.turn_away(envelope);
    }

    /// Delivers an answer to the caller. Alias and monitor end with it, so there is no second
    /// answer and no `Down`.
    fn answer(&mut self, envelope: &mut Envelope<P::Message>) {
        let alias = envelope.to;
        let Some(&monitor) = self.calls.get(&alias) else { return };
        let (caller, _) = self.out.links.ends(monitor);
        self.detach(monitor, caller);
        envelope.to = caller;
        self.watch.delivered(envelope);
        if let Signal::Message(message) = &envelope.signal {
            self.step(caller, Event::Message { from: alias, message });
        }
    }
}
