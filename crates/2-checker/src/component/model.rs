//! The words in which a process's protocol is stated: what it may be given, what it must put out, and
//! the model that says which of the second answers which of the first. It runs nothing.

use std::fmt;

use super::expected::Expected;
use super::stage::Stage;
use kernel::{Control, Name, Pid, Process, Reason};

/// Something that a process is given, by a peer or by its kernel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input<M> {
    /// The first event of a life. The driver gives it; no model lists it among what may come.
    Start,
    /// A peer says something. From [`Pid::OUTSIDE`] it is the edge of the world.
    Says {
        /// Who.
        from: Pid,
        /// What.
        message: M,
    },
    /// A peer ends. This is no step of the process: of that it hears later, if it watches the peer.
    Dies {
        /// Who.
        who: Pid,
        /// Why.
        reason: Reason,
    },
    /// The process hears of the end of one that it watches: a down, a link's exit, a child's end.
    Hears {
        /// Who has ended.
        of: Pid,
    },
    /// A peer sends an exit signal.
    Exits {
        /// Who.
        from: Pid,
        /// Why.
        reason: Reason,
    },
    /// Time passes until the process's timer of this token is due, and it fires.
    Fires {
        /// What the process called it.
        token: u64,
    },
}

impl<M: fmt::Debug> Input<M> {
    /// What sort of input it is, in a word: of a message, the first of its text.
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

/// One effect of a step. Those of one step come in this order: facts, notes, and lives begun and
/// ended as they happened; then what stands from now on (monitors to groups); then what was sent,
/// in order of sending; then the process's own end. It is the order in which a network would see
/// them: what is logged is logged before anything is said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect<M, F, N> {
    /// Recorded a fact.
    Records(F),
    /// Wrote a note, or wiped it out.
    Notes(Option<N>),
    /// Began a life: spawned it or, as a supervisor, restarted it.
    Begins {
        /// Its address.
        who: Pid,
        /// Its key under a supervisor of many.
        key: u64,
        /// Which life in that place.
        incarnation: u32,
    },
    /// Ended another life, as its supervisor.
    Ends {
        /// Its address.
        who: Pid,
        /// Why.
        reason: Reason,
    },
    /// Gave up on the child with this key, as its supervisor.
    GivesUp(u64),
    /// Set a monitor.
    Watches(Pid),
    /// Took a monitor away.
    Unwatches(Pid),
    /// Linked itself.
    Links(Pid),
    /// Took a link away.
    Unlinks(Pid),
    /// Set a timer.
    Sets {
        /// How long after the step's time, in nanoseconds.
        after: u64,
        /// The token.
        token: u64,
    },
    /// Took the timer of this token away.
    Unsets(u64),
    /// Took a name.
    Takes(Name),
    /// Joined a group, or changed its topics there.
    Joins {
        /// Which.
        group: u32,
        /// A bit each.
        topics: u64,
    },
    /// Left a group.
    Quits(u32),
    /// Traps exits from now on, or no more.
    Traps(bool),
    /// Sent a message.
    Says {
        /// To whom.
        to: Pid,
        /// What.
        message: M,
    },
    /// Sent an exit signal.
    Signals {
        /// To whom.
        to: Pid,
        /// Why.
        reason: Reason,
    },
    /// Had a supervisor do something with one of its children. It does not, in a game: what becomes of that
    /// the model plays.
    Bids {
        /// Which.
        supervisor: Pid,
        /// What.
        control: Control,
    },
    /// Ended itself: as it wished, or by a panic, or by a fact that breaks a law.
    Exits(Reason),
}

impl<M, F, N> Effect<M, F, N> {
    /// True of what goes to somebody else, and may be lost on the way while what was written is not.
    pub fn is_sent(&self) -> bool {
        matches!(self, Effect::Says { .. } | Effect::Signals { .. } | Effect::Bids { .. })
    }
}

/// An effect of a step of this kind of process.
pub type EffectOf<P> = Effect<<P as Process>::Message, <P as Process>::Fact, <P as Process>::Note>;

/// What a process of this kind is given.
pub type InputOf<P> = Input<<P as Process>::Message>;

/// One way in which a process may answer an input.
#[derive(Clone, Debug)]
pub struct Transition<M: Model> {
    /// A few words for it, unique in the model: each must be reached by its test.
    pub name: &'static str,
    /// What is put out.
    pub expected: Expected<EffectOf<M::Process>>,
    /// The model from there on.
    pub then: M,
}

/// A process's protocol, as a value: where it stands, what may come there, what must be answered.
pub trait Model: Clone + fmt::Debug {
    /// The process, as it is shipped.
    type Process: Process<Message: PartialEq, Fact: PartialEq, Note: PartialEq>;

    /// Every [`Transition::name`]. A test that does not come by all of them fails.
    const TRANSITIONS: &'static [&'static str];

    /// Sets a stage: plays the peers, and starts the process with [`Stage::begin`] or the like.
    fn set(&mut self) -> Stage<Self::Process>;

    /// What may come now. The driver adds the start of a life, kills, and what comes twice.
    fn may(&self) -> Vec<InputOf<Self::Process>>;

    /// True if this message, which has come in this life, may come again at any time from now on: of
    /// the latest dozen, each that [`must`](Model::must) has an answer to then does. Messages to a
    /// former life never reach the next.
    fn comes_again(&self, _said: &InputOf<Self::Process>) -> bool {
        false
    }

    /// How the process must answer: in one of these ways. None of them says that this must not come now.
    fn must(&self, input: &InputOf<Self::Process>) -> Vec<Transition<Self>>;

    /// What else the peer does along with this input, before it comes: records a fact, has a next life.
    fn prepare(&mut self, _input: &InputOf<Self::Process>, _stage: &mut Stage<Self::Process>) {}

    /// Makes an effect comparable: takes out of it what the process is free to choose, and nothing
    /// else. `process` is whoever lives at the address of a life that was begun.
    fn read(&self, _did: &mut EffectOf<Self::Process>, _process: Option<&Self::Process>) {}

    /// Takes over from what was put out, as it was put out, what the process was free to choose.
    fn learn(&mut self, _did: &[EffectOf<Self::Process>]) {}

    /// A life was begun at this address, by this process: whose address it is the model learns here.
    fn born(&mut self, _who: Pid, _process: &Self::Process) {}

    /// The process was killed after a step whose last messages, these, did not get out. What it had
    /// recorded and noted stands. Its next life starts after this.
    fn reborn(&mut self, _lost: &[EffectOf<Self::Process>]) {}

    /// Where the process stands, in a word or two.
    fn state_name(&self) -> &'static str;

    /// Looks into the process, and says what does not agree with the model.
    fn agrees(&self, _process: Option<&Self::Process>) -> Result<(), String> {
        Ok(())
    }

    /// What a chart calls the process itself.
    fn itself(&self) -> &'static str {
        "it"
    }

    /// What a chart calls the address of a peer.
    fn name(&self, pid: Pid) -> String {
        format!("{pid:?}")
    }

    /// How a chart writes a message.
    fn text(&self, message: &<Self::Process as Process>::Message) -> String {
        format!("{message:?}")
    }
}

/// A way.
pub fn transition<M: Model>(
    name: &'static str,
    expected: Expected<EffectOf<M::Process>>,
    then: M,
) -> Transition<M> {
    Transition { name, expected, then }
}
