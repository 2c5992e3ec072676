//! Signals that can do nothing: to a life that is over, or of a tie that was taken away. Whoever looks
//! at every order of delivery takes them away first, since whether they come now or later is all one.

use super::World;
use super::slot::State;
use crate::signal::{Envelope, RemoteSignal, Signal};
use crate::{Pid, Process, Watch};

impl<P: Process, W: Watch<P>> World<P, W> {
    /// Takes away every waiting signal that would find nobody or mean nothing, now and for ever. O(waiting).
    pub fn prune(&mut self) {
        let (slots, out, watch) = (&self.slots, &mut self.out, &mut self.watch);
        let home = out.number;
        let (ring, links) = (&mut out.ring, &out.links);
        let mut found_nobody = 0;
        ring.keep(|envelope: &Envelope<P::Message>| {
            let to = envelope.to;
            if to != Pid::OUTSIDE && to.world() != home {
                return true; // it is to leave
            }
            let there = slots.get(to.index()).is_some_and(|slot| {
                slot.generation == to.generation() && slot.state != State::Free
            });
            if let Signal::Remote(RemoteSignal::Watch(..) | RemoteSignal::Link) = envelope.signal {
                return true; // somebody elsewhere waits for an answer
            }
            if !there {
                found_nobody += 1;
                watch.undeliverable(envelope);
            }
            let means_something = match envelope.signal {
                Signal::Down(link, _) | Signal::Linked(link, _) => links.kind(link).is_fired(),
                _ => true,
            };
            there && means_something
        });
        self.undeliverable += found_nobody;
    }
}
