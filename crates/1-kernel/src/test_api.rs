//! What tests of one process need of its world: addresses that are played from outside, what a
//! process has standing, and faults that are planted in a step. Only tests and checkers use it.
//!
//! The methods are [`World`](crate::World)'s, in `world/test_api.rs`: `play`, `play_child`,
//! `play_instead`, `name_played`, `send_as`, `exit_as`, `end`, `standing`, `monitors`, `pid_of`,
//! `reason`, `discard_signal`, `has_fired` and `deliver_with_fault`. None of them is on the path of
//! a message in production. (Fingerprints and checkpoints, which an explorer needs, are in
//! `world/fingerprint.rs` and `world/checkpoint.rs`.)

use crate::out::{Out, StepEffect};
use crate::signal::{Envelope, Signal};
use crate::step_flags::StepFlags;
use crate::{MonitorRef, Name, Pid, Process};

/// What a process has set up in its world that outlasts the step.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    /// Monitors and links that it holds, oldest first: reference, watched process, true for a link.
    /// Those whose end is on its way are included.
    pub links: Vec<(MonitorRef, Pid, bool)>,
    /// Timers by due time: time in nanoseconds, and token.
    pub timers: Vec<(u64, u64)>,
    /// Registered names.
    pub names: Vec<Name>,
    /// Groups that it has joined, each with its topics, a bit each.
    pub groups: Vec<(u32, u64)>,
    /// True if exit signals arrive as events.
    pub traps: bool,
}

/// A planted mistake: after each event of the process it may change what the step has requested.
pub type Mistake<P> = Box<FaultyStep<P>>;

/// The closure in a [`Mistake`].
pub type FaultyStep<P> = dyn FnMut(&crate::Event<'_, <P as Process>::Message>, &mut Fault<'_, P>);

/// What a step has sent and requested, before any of it happens.
pub struct Fault<'a, P: Process> {
    pub(crate) out: &'a mut Out<P>,
    /// The ring's tail when the step began.
    pub(crate) mark: u64,
}

impl<P: Process> Fault<'_, P> {
    /// The step's `Out`, to send, record or note something more.
    pub fn out(&mut self) -> &mut Out<P> {
        self.out
    }

    /// The messages of this step with their receivers, in order of sending.
    pub fn said(&self) -> Vec<(Pid, P::Message)> {
        let said = |envelope: Envelope<P::Message>| match envelope.signal {
            Signal::Message(message) => Some((envelope.to, message)),
            _ => None,
        };
        self.sent().into_iter().filter_map(said).collect()
    }

    /// Takes back the messages of this step for which `which` is true.
    pub fn unsay(&mut self, mut which: impl FnMut(Pid, &P::Message) -> bool) {
        let sent = self.sent();
        self.out.ring.take_back(self.mark);
        for envelope in sent {
            let goes =
                matches!(&envelope.signal, Signal::Message(said) if which(envelope.to, said));
            if !goes {
                self.out.ring.push(envelope);
            }
        }
    }

    /// Discards the step's note.
    pub fn forget_notes(&mut self) {
        self.out.forget_note();
    }

    /// Discards the step's monitors.
    pub fn forget_monitors(&mut self) {
        self.out.forget_monitor();
        let links = &mut self.out.links;
        self.out.effects.retain_mut(|effect| match *effect {
            StepEffect::Monitor(reference, _) => {
                links.release(reference);
                false
            }
            StepEffect::SpawnWatched(pid, supervisor, key, reference) => {
                links.release(reference);
                *effect = StepEffect::SpawnChild(pid, supervisor, key);
                true
            }
            _ => true,
        });
    }

    /// Discards the step's facts.
    pub fn forget_facts(&mut self) {
        if self.out.step_flags.has(StepFlags::RECORDED) {
            self.out.log.truncate(self.out.recorded);
            self.out.step_flags.not(StepFlags::RECORDED);
        }
    }

    /// Discards the step's end of the process.
    pub fn forget_exit(&mut self) {
        self.out.step_flags.not(StepFlags::ENDED);
    }

    fn sent(&self) -> Vec<Envelope<P::Message>> {
        let since = self.out.ring.tail() - self.mark;
        let before = (self.out.ring.len() as u64).saturating_sub(since);
        let before = usize::try_from(before).expect("the length of a buffer in memory");
        self.out.ring.waiting().skip(before).cloned().collect()
    }
}

impl<P: Process> std::fmt::Debug for Fault<'_, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fault({:?})", self.said())
    }
}
