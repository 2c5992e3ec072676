//! Removes signals without effect: to a process that has ended, or of a monitor or link that was
//! removed. An explorer prunes them first, since every order of their delivery leads to the same
//! state.

use super::World;
use super::slot::State;
use crate::signal::{Envelope, RemoteSignal, Signal};
use crate::{Pid, Process, Watch};

impl<P: Process, W: Watch<P>> World<P, W> {
    /// Removes every waiting signal that can never have an effect. O(waiting).
    pub fn prune(&mut self) {
        let (slots, out, watch) = (&self.slots, &mut self.out, &mut self.watch);
        let home = out.number;
        let (ring, links) = (&mut out.ring, &out.links);
        let mut undeliverable = 0;
        ring.keep(|envelope: &Envelope<P::Message>| {
            let to = envelope.to;
            if to != Pid::OUTSIDE && to.world() != home {
                return true; // it leaves this world
            }
            let there = slots.get(to.index()).is_some_and(|slot| {
                slot.generation == to.generation() && slot.state != State::Free
            });
            if let Signal::Remote(RemoteSignal::Watch(..) | RemoteSignal::Link) = envelope.signal {
                return true; // the other world waits for an answer
            }
            if !there {
                undeliverable += 1;
                watch.undeliverable(envelope);
            }
            let has_effect = match envelope.signal {
                Signal::Down(link, _) | Signal::Linked(link, _) => links.kind(link).is_fired(),
                _ => true,
            };
            there && has_effect
        });
        self.undeliverable += undeliverable;
    }
}
