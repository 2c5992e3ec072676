//! The vocabulary of a process's protocol: its inputs, its effects, and the model that relates
//! them. It runs nothing.

use std::fmt;

use super::expected::Expected;
use super::stage::Stage;
use kernel::{Control, Name, Pid, Process, Reason};

/// An input of a process, from a peer or from the kernel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input<M> {
    /// The first event. The driver gives it; a model does not list it.
    Start,
    /// A peer sends a message; [`Pid::OUTSIDE`] is the edge of the world.
    Says {
        /// The sender.
        from: Pid,
        /// The message.
        message: M,
    },
    /// A peer ends. This is no step of the process, which is notified later if it watches the peer.
    Dies {
        /// The peer.
        who: Pid,
        /// Why.
        reason: Reason,
    },
    /// The process is notified of an end that it watches: a down, a link's exit signal, a child's
    /// end.
    Hears {
        /// The process that has ended.
        of: Pid,
    },
    /// A peer sends an exit signal.
    Exits {
        /// The sender.
        from: Pid,
        /// Why.
        reason: Reason,
    },
    /// Time advances until the process's timer with this token is due, and it fires.
    Fires {
        /// The token.
        token: u64,
    },
}

impl<M: fmt::Debug> Input<M> {
    /// The kind of input in a word; for a message, the first word of its text.
    pub fn kind(&self) -> String {
        match self {
            Input::Start => "start".to_owned(),
            Input::Says { message, .. } => {
                let text = format!("{message:?}");
                let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
                text[..end].to_lowercase()
            }
            Input::Dies { .. } => "dies".to_owned(),
            Input::Hears { .. } => "hears".to_owned(),
            Input::Exits { .. } => "exits".to_owned(),
            Input::Fires { .. } => "fires".to_owned(),
        }
    }
}

/// One effect of a step. The effects of a step come in this order: facts, notes, and processes
/// started and ended, as they happened; then what it has set up (monitors to groups); then what was
/// sent, in order of sending; then the process's own end. A network would see them in this order: a
/// fact is logged before a message is sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect<M, F, N> {
    /// Recorded a fact.
    Records(F),
    /// Replaced its note, or wiped it.
    Notes(Option<N>),
    /// Spawned a process or, as a supervisor, restarted it.
    Begins {
        /// Its address.
        who: Pid,
        /// Its key under a supervisor of many.
        key: u64,
        /// How often that place was started.
        incarnation: u32,
    },
    /// Ended another process, as its supervisor.
    Ends {
        /// Its address.
        who: Pid,
        /// Why.
        reason: Reason,
    },
    /// Gave up the child with this key, as its supervisor.
    GivesUp(u64),
    /// Set a monitor.
    Watches(Pid),
    /// Removed a monitor.
    Unwatches(Pid),
    /// Linked itself.
    Links(Pid),
    /// Removed a link.
    Unlinks(Pid),
    /// Set a timer.
    Sets {
        /// How long after the step's time, in nanoseconds.
        after: u64,
        /// The token.
        token: u64,
    },
    /// Removed the timer with this token.
    Unsets(u64),
    /// Registered a name.
    Takes(Name),
    /// Joined a group, or changed its topics there.
    Joins {
        /// The group.
        group: u32,
        /// The topics, a bit each.
        topics: u64,
    },
    /// Left a group.
    Quits(u32),
    /// Began to trap exits, or stopped.
    Traps(bool),
    /// Sent a message.
    Says {
        /// The receiver.
        to: Pid,
        /// The message.
        message: M,
    },
    /// Sent an exit signal.
    Signals {
        /// The receiver.
        to: Pid,
        /// Why.
        reason: Reason,
    },
    /// Sent a request to a supervisor. In a game the supervisor does not act on it: the model plays
    /// the outcome.
    Bids {
        /// The supervisor.
        supervisor: Pid,
        /// The request.
        control: Control,
    },
    /// Ended: on its own, by a panic, or by a fact that breaks a law.
    Exits(Reason),
}

impl<M, F, N> Effect<M, F, N> {
    /// True for what is sent to another process: a kill can lose it, but not what was recorded.
    pub fn is_sent(&self) -> bool {
        matches!(self, Effect::Says { .. } | Effect::Signals { .. } | Effect::Bids { .. })
    }
}

/// An effect of this type of process.
pub type EffectOf<P> = Effect<<P as Process>::Message, <P as Process>::Fact, <P as Process>::Note>;

/// An input of this type of process.
pub type InputOf<P> = Input<<P as Process>::Message>;

/// One permitted answer to an input.
#[derive(Clone, Debug)]
pub struct Transition<M: Model> {
    /// Its name, unique in the model. A test must reach every transition.
    pub name: &'static str,
    /// The effects of the step.
    pub expected: Expected<EffectOf<M::Process>>,
    /// The model after the step.
    pub then: M,
}

/// A process's protocol, as a value: its state, the inputs possible in it, and the answers
/// required.
pub trait Model: Clone + fmt::Debug {
    /// The shipped process.
    type Process: Process<Message: PartialEq, Fact: PartialEq, Note: PartialEq>;

    /// Every [`Transition::name`]. A test that does not reach all of them fails.
    const TRANSITIONS: &'static [&'static str];

    /// Sets up a stage: plays the peers, and starts the process with [`Stage::begin`] or a similar
    /// method.
    fn set(&mut self) -> Stage<Self::Process>;

    /// The inputs possible now. The driver adds starts, kills and repeated messages.
    fn may(&self) -> Vec<InputOf<Self::Process>>;

    /// True if this message, which came since the last start, can come again at any time. The
    /// driver repeats those of the latest twelve to which [`must`](Model::must) has an answer. A
    /// message to a former life never reaches the next.
    fn comes_again(&self, _said: &InputOf<Self::Process>) -> bool {
        false
    }

    /// The permitted answers. None if this input must not come now.
    fn must(&self, input: &InputOf<Self::Process>) -> Vec<Transition<Self>>;

    /// What else the peer does before this input comes: it records a fact, or is restarted.
    fn prepare(&mut self, _input: &InputOf<Self::Process>, _stage: &mut Stage<Self::Process>) {}

    /// Makes an effect comparable: removes from it what the process is free to choose, and nothing
    /// else. `process` is the process that the effect started, if any.
    fn read(&self, _did: &mut EffectOf<Self::Process>, _process: Option<&Self::Process>) {}

    /// Takes over from the effects, before [`Model::read`], what the process was free to choose.
    fn learn(&mut self, _did: &[EffectOf<Self::Process>]) {}

    /// The step has started this process at this address: the model learns the address here.
    fn born(&mut self, _who: Pid, _process: &Self::Process) {}

    /// The process was killed after a step whose last messages, these, did not get out. Its facts
    /// and note stay. Its next life starts after this.
    fn reborn(&mut self, _lost: &[EffectOf<Self::Process>]) {}

    /// The state's name, in a word or two.
    fn state_name(&self) -> &'static str;

    /// Compares the process's own state with the model; the error says what differs.
    fn agrees(&self, _process: Option<&Self::Process>) -> Result<(), String> {
        Ok(())
    }

    /// The process's name in charts.
    fn itself(&self) -> &'static str {
        "it"
    }

    /// A peer's name in charts.
    fn name(&self, pid: Pid) -> String {
        format!("{pid:?}")
    }

    /// A message's text in charts.
    fn text(&self, message: &<Self::Process as Process>::Message) -> String {
        format!("{message:?}")
    }
}

/// Constructs a [`Transition`].
pub fn transition<M: Model>(
    name: &'static str,
    expected: Expected<EffectOf<M::Process>>,
    then: M,
) -> Transition<M> {
    Transition { name, expected, then }
}
