//! Observers of a world: charts, laws, explorers. They change nothing.

use crate::{Envelope, Pid, Process, Reason};

/// Observes a world: it is called for each event as it happens. `()` observes nothing and costs
/// nothing.
pub trait Watch<P: Process> {
    /// A signal is about to be handled by its receiver.
    fn delivered(&mut self, _envelope: &Envelope<P::Message>) {}
    /// A signal was undeliverable.
    fn undeliverable(&mut self, _envelope: &Envelope<P::Message>) {}
    /// The state machine accepted a fact that a process recorded.
    fn recorded(&mut self, _by: Pid, _fact: &P::Fact) {}
    /// A process replaced its note.
    fn noted(&mut self, _by: Pid, _note: Option<&P::Note>) {}
    /// A process or supervisor was started.
    fn started(&mut self, _pid: Pid, _key: u64, _incarnation: u32) {}
    /// A process or supervisor ended.
    fn ended(&mut self, _pid: Pid, _key: u64, _reason: &Reason) {}
    /// A supervisor gave up the child with this key.
    fn gave_up(&mut self, _key: u64) {}
}

impl<P: Process> Watch<P> for () {}
