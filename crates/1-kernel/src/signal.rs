//! What processes and kernels send each other: plain data, from sender to receiver.

use crate::reason::Cause;
use crate::{MonitorRef, Name, Pid};

/// A signal with its sender and receiver.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Envelope<M> {
    /// The receiver.
    pub to: Pid,
    /// The sender.
    pub from: Pid,
    /// The signal.
    pub signal: Signal<M>,
}

/// What an envelope carries.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Signal<M> {
    /// A message.
    Message(M),
    /// The first event of a process.
    Start,
    /// A timer that is due, with its token.
    Timer(u64),
    /// An exit signal that a process or supervisor sent.
    Exit(Cause),
    /// The end of a linked process, and the link.
    Linked(MonitorRef, Cause),
    /// The end of a monitored process, and the monitor.
    Down(MonitorRef, Cause),
    /// The end of a child, to its supervisor.
    ChildDown(Cause),
    /// A request to a supervisor.
    Control(Control),
    /// A signal between the kernels of two worlds.
    Remote(RemoteSignal),
}

/// A signal from one world's kernel to another's, about monitors and links between their processes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RemoteSignal {
    /// The sender monitors the receiver, with this reference, under this address (which can be that
    /// of a name).
    Watch(MonitorRef, Pid),
    /// The sender has removed this monitor.
    Unwatch(MonitorRef),
    /// The sender links itself to the receiver.
    Link,
    /// The sender has removed its link.
    Unlink,
    /// The sender, which was linked, has ended.
    Partner(Cause),
}

/// What a process can request from a supervisor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Control {
    /// Ends a child without a restart.
    Terminate(ChildId),
    /// Gives up one of many like children, by its key.
    GiveUp(u64),
    /// Starts a child that has ended, by its registered name.
    Restart(Name),
}

/// Names a child of a supervisor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ChildId {
    /// One of many like children, by its key.
    Key(u64),
    /// A child of a group, by its registered name.
    Named(Name),
}
