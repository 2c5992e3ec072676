//! Mistakes that are planted: the shipped process takes its step, and then says something else.
//! A model that does not notice is none. Used by tests of models, and by nothing else.

use crate::out::{Effect, Out};
use crate::ring::{Envelope, Letter};
use crate::wants::Wants;
use crate::{Pid, Process};

/// A mistake: it is shown each event of the process and may change what its step has put out.
pub type Mistake<P> = Box<Slipping<P>>;

/// What a [`Mistake`] holds.
pub type Slipping<P> = dyn FnMut(&crate::Event<'_, <P as Process>::Message>, &mut Slip<'_, P>);

/// What a step has put out, none of which has happened yet.
pub struct Slip<'a, P: Process> {
    pub(crate) out: &'a mut Out<P>,
    /// Where the ring stood when the step began.
    pub(crate) mark: u64,
}

impl<P: Process> Slip<'_, P> {
    /// The way out of the step: to say, record or note something more.
    pub fn out(&mut self) -> &mut Out<P> {
        self.out
    }

    /// The messages of this step, in order of sending.
    pub fn said(&self) -> Vec<(Pid, P::Message)> {
        let said = |envelope: Envelope<P::Message>| match envelope.letter {
            Letter::Say(message) => Some((envelope.to, message)),
            _ => None,
        };
        self.sent().into_iter().filter_map(said).collect()
    }

    /// Takes back messages of this step that `which` is true of.
    pub fn unsay(&mut self, mut which: impl FnMut(Pid, &P::Message) -> bool) {
        let sent = self.sent();
        self.out.ring.take_back(self.mark);
        for envelope in sent {
            let goes = matches!(&envelope.letter, Letter::Say(said) if which(envelope.to, said));
            if !goes {
                self.out.ring.push(envelope);
            }
        }
    }

    /// Writes no note in this step.
    pub fn forget_notes(&mut self) {
        self.out.forget_note();
    }

    /// Sets no monitor in this step.
    pub fn forget_monitors(&mut self) {
        self.out.forget_tie();
        let ties = &mut self.out.ties;
        self.out.effects.retain_mut(|effect| match *effect {
            Effect::Monitor(reference, _) => {
                ties.release(reference);
                false
            }
            Effect::SpawnWatched(pid, supervisor, key, reference) => {
                ties.release(reference);
                *effect = Effect::SpawnChild(pid, supervisor, key);
                true
            }
            _ => true,
        });
    }

    /// Records nothing in this step.
    pub fn forget_facts(&mut self) {
        if self.out.wants.has(Wants::RECORDED) {
            self.out.log.truncate(self.out.recorded);
            self.out.wants.not(Wants::RECORDED);
        }
    }

    /// Does not end with this step.
    pub fn forget_exit(&mut self) {
        self.out.wants.not(Wants::ENDED);
    }

    fn sent(&self) -> Vec<Envelope<P::Message>> {
        let since = self.out.ring.tail() - self.mark;
        let before = (self.out.ring.len() as u64).saturating_sub(since);
        let before = usize::try_from(before).expect("the length of a buffer in memory");
        self.out.ring.waiting().skip(before).cloned().collect()
    }
}

impl<P: Process> std::fmt::Debug for Slip<'_, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Slip({:?})", self.said())
    }
}
