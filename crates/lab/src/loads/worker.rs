//! The processes of the loads. They do as little as possible: the kernel is measured.

use kernel::{Event, Name, NoFact, NoStateMachine, Out, Pid, Process, Reason, StartContext};

use super::BURST;

/// The supervisor of many children.
pub(super) const CHILDREN: Name = Name(0);
/// The process that fails on a message.
pub(super) const VICTIM: Name = Name(1);
/// The process that makes it fail.
const TORMENTOR: Name = Name(2);

/// 32 bytes, as in the measurements of other runtimes.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    count: u64,
    whom: Pid,
    _rest: [u64; 2],
}

const _: () = assert!(size_of::<Message>() == 32);

impl Message {
    pub(super) fn new(count: u64) -> Message {
        Message::about(Pid::OUTSIDE, count)
    }

    pub(super) fn about(whom: Pid, count: u64) -> Message {
        Message { count, whom, _rest: [count; 2] }
    }
}

/// The processes of these worlds.
#[derive(Debug)]
pub enum Worker {
    /// Passes a decreasing count back to its sender; messages from outside go to its partner.
    Passer {
        /// The partner.
        partner: Pid,
        /// Messages so far.
        heard: u32,
    },
    /// Sends a thousand messages to another process for each that it gets.
    Source {
        /// The other process.
        to: Pid,
    },
    /// Adds up what it gets.
    Sink {
        /// Messages so far.
        heard: u32,
        /// Their sum.
        sum: u64,
    },
    /// Spawns a child, receives its end, spawns the next.
    Parent {
        /// Children still to come.
        left: u64,
    },
    /// Ends at once.
    Mayfly,
    /// Ends on any message.
    Killable,
    /// Monitors others, a thousand at once, sends each a message that ends it, and continues when all have ended.
    Watcher {
        /// Those still to be watched. Boxed, so that idle processes need not be as large.
        others: Box<Vec<Pid>>,
        /// Ends that are still to come.
        awaited: u32,
    },
    /// Fails on any message, and reports each restart.
    Victim {
        /// Its incarnation.
        life: u32,
    },
    /// Makes the victim fail this many times.
    Tormentor {
        /// Failures still to come.
        left: u64,
    },
    /// Passes messages on to the next, until their count is used up.
    Hopper {
        /// The next.
        next: Pid,
    },
    /// Waits for ever.
    Idle {
        /// Something to hold.
        state: u64,
    },
}

/// Roles in the trees.
#[derive(Clone, Debug)]
pub enum Role {
    /// A child of another process; none is ever restarted.
    Child,
    /// The victim.
    Victim,
}

impl Process for Worker {
    type Message = Message;
    type Fact = NoFact;
    type StateMachine = NoStateMachine;
    type Note = ();
    type Role = Role;

    fn start(role: &Role, context: StartContext<'_, ()>) -> Worker {
        match role {
            Role::Child => Worker::Idle { state: context.key },
            Role::Victim => Worker::Victim { life: context.incarnation },
        }
    }

    // Inlined into the loop, as a market's step is; variants that need many registers are apart, so that the others
    // need not save them.
    #[inline(always)]
    fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Worker>) {
        match self {
            Worker::Passer { partner, heard } => pass(*partner, heard, event, out),
            Worker::Source { to } => burst(*to, event, out),
            Worker::Sink { heard, sum } => sink(heard, sum, event),
            Worker::Parent { left } => spawn_next(left, event, out),
            Worker::Mayfly => end_if(matches!(event, Event::Start), out),
            Worker::Killable => end_if(matches!(event, Event::Message { .. }), out),
            Worker::Watcher { others, awaited } => watch(others, awaited, event, out),
            Worker::Victim { life } => suffer(*life, event, out),
            Worker::Tormentor { left } => torment(left, event, out),
            Worker::Hopper { next } => hop(next, event, out),
            Worker::Idle { .. } => {}
        }
    }
}

#[inline(always)]
fn pass(partner: Pid, heard: &mut u32, event: Event<'_, Message>, out: &mut Out<Worker>) {
    let Event::Message { from, message } = event else { return };
    *heard += 1;
    if message.count > 0 {
        let to = if from == Pid::OUTSIDE { partner } else { from };
        out.send(to, Message::new(message.count - 1));
    }
}

#[inline(never)]
fn burst(to: Pid, event: Event<'_, Message>, out: &mut Out<Worker>) {
    let Event::Message { message, .. } = event else { return };
    for count in 0..BURST {
        out.send(to, Message::new(message.count + count));
    }
}

#[inline(always)]
fn sink(heard: &mut u32, sum: &mut u64, event: Event<'_, Message>) {
    let Event::Message { message, .. } = event else { return };
    *heard += 1;
    *sum = sum.wrapping_add(message.count);
}

#[inline(never)]
fn spawn_next(left: &mut u64, event: Event<'_, Message>, out: &mut Out<Worker>) {
    if *left > 0 && matches!(event, Event::Start | Event::Down { .. }) {
        *left -= 1;
        out.spawn_child_monitored(CHILDREN, *left, Worker::Mayfly);
    }
}

#[inline(always)]
fn end_if(it_is_time: bool, out: &mut Out<Worker>) {
    if it_is_time {
        out.exit(Reason::Normal);
    }
}

#[inline(never)]
fn watch(
    others: &mut Vec<Pid>,
    awaited: &mut u32,
    event: Event<'_, Message>,
    out: &mut Out<Worker>,
) {
    match event {
        Event::Down { .. } => *awaited -= 1,
        Event::Message { .. } => {}
        Event::Start | Event::Exit { .. } | Event::Timer { .. } => return,
    }
    if *awaited > 0 {
        return;
    }
    for _ in 0..BURST {
        let Some(other) = others.pop() else { return };
        out.monitor(other);
        out.send(other, Message::new(0));
        *awaited += 1;
    }
}

#[inline(never)]
fn suffer(life: u32, event: Event<'_, Message>, out: &mut Out<Worker>) {
    match event {
        Event::Start if life > 1 => out.send_to(TORMENTOR, Message::new(u64::from(life))),
        Event::Message { .. } => out.exit(Reason::Said(1)),
        Event::Start | Event::Down { .. } | Event::Exit { .. } | Event::Timer { .. } => {}
    }
}

#[inline(never)]
fn torment(left: &mut u64, event: Event<'_, Message>, out: &mut Out<Worker>) {
    match event {
        Event::Start => out.register(TORMENTOR),
        Event::Message { .. } if *left > 0 => {
            *left -= 1;
            out.send_to(VICTIM, Message::new(*left));
        }
        Event::Message { .. } | Event::Down { .. } | Event::Exit { .. } | Event::Timer { .. } => {}
    }
}

#[inline(always)]
fn hop(next: &mut Pid, event: Event<'_, Message>, out: &mut Out<Worker>) {
    let Event::Message { message, .. } = event else { return };
    if message.whom != Pid::OUTSIDE {
        *next = message.whom;
    } else if message.count > 0 {
        out.send(*next, Message::new(message.count - 1));
    }
}
