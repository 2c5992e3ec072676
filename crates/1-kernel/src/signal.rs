//! What processes and kernels send each other: plain data, from sender to receiver.

use crate::reason::Cause;
use crate::{MonitorRef, Name, Pid};

/// A signal on its way.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Envelope<M> {
    /// To whom.
    pub to: Pid,
    /// From whom.
    pub from: Pid,
    /// What.
    pub signal: Signal<M>,
}

/// What can be in an envelope.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Signal<M> {
    /// A message.
    Message(M),
    /// The first event of a life.
    Start,
    /// A timer's end.
    Timer(u64),
    /// An exit signal that somebody sent.
    Exit(Cause),
    /// The end of a linked process.
    Linked(MonitorRef, Cause),
    /// The end of a monitored process.
    Down(MonitorRef, Cause),
    /// The end of a child, to its supervisor.
    ChildDown(Cause),
    /// An order to a supervisor.
    Control(Control),
    /// A word between the kernels of two worlds.
    Remote(RemoteSignal),
}

/// What one world's kernel tells another's of a process and its ties.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RemoteSignal {
    /// The sender monitors the receiver, under this name, and calls it so.
    Watch(MonitorRef, Pid),
    /// It does not any more.
    Unwatch(MonitorRef),
    /// The sender is linked to the receiver.
    Link,
    /// It is not any more.
    Unlink,
    /// The sender, who was linked, has ended.
    Partner(Cause),
}

/// What a process may have a supervisor do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Control {
    /// End a child, and do not restart it.
    Terminate(ChildId),
    /// Give up on one of many like children, by its key.
    GiveUp(u64),
    /// Start a child that has ended.
    Restart(Name),
}

/// Which child of a supervisor is meant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ChildId {
    /// One of many like children, by its key.
    Key(u64),
    /// A child of a group, by the name that it bears in each of its lives.
    Named(Name),
}
