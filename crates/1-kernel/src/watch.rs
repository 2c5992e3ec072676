//! Who looks at a world from outside: charts, laws, explorers. Looking changes nothing.

use crate::{Envelope, Pid, Process, Reason};

/// Hears what happens in a world, as it happens. `()` hears nothing and costs nothing.
pub trait Watch<P: Process> {
    /// A signal is about to be handled by its receiver.
    fn delivered(&mut self, _envelope: &Envelope<P::Message>) {}
    /// A signal found nobody.
    fn undeliverable(&mut self, _envelope: &Envelope<P::Message>) {}
    /// A process recorded a fact, and the state machine admitted it.
    fn recorded(&mut self, _by: Pid, _fact: &P::Fact) {}
    /// A process wrote a note.
    fn noted(&mut self, _by: Pid, _note: Option<&P::Note>) {}
    /// A life began.
    fn started(&mut self, _pid: Pid, _key: u64, _incarnation: u32) {}
    /// A life ended.
    fn ended(&mut self, _pid: Pid, _key: u64, _reason: &Reason) {}
    /// A supervisor gave up on a child.
    fn gave_up(&mut self, _key: u64) {}
}

impl<P: Process> Watch<P> for () {}
