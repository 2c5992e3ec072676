//! What the kernel costs without a market: a message, a process's life, a process that is idle.

use kernel::{
    Event, Intensity, Life, Name, NoFact, NoKeeper, Node, Out, Pid, Process, Reason, Strategy,
    World,
};
use serde::Serialize;

use super::measure::{bytes_each, hundredths, median, nanoseconds_each, time};

/// Messages of one run.
const MESSAGES: u64 = 20_000_000;
/// Lives of one run.
const LIVES: u64 = 5_000_000;
/// Processes that are alive at once when memory is measured.
const ALIVE: u64 = 1_000_000;

/// The supervisor of the many children.
const CHILDREN: Name = Name(0);

/// What the kernel costs.
#[derive(Serialize)]
pub(crate) struct Kernel {
    /// One message of 32 bytes between two processes that pass it back and forth.
    message_ns: f64,
    /// One message in a burst of a thousand to one process.
    burst_message_ns: f64,
    /// A supervised child that is spawned, monitored, ends, and whose end is told.
    spawn_exit_ns: f64,
    /// A supervised child that is idle, of a million; not known on every system.
    bytes_per_process: Option<f64>,
    /// Of those, its own state.
    state_bytes: usize,
    runs: u32,
}

/// Measures all of it, and takes the median of `runs`.
pub(crate) fn run(runs: u32) -> Kernel {
    let (crowd, bytes_per_process) = bytes_each(ALIVE, crowd);
    drop(crowd);
    let repeat = |measure: fn() -> f64| {
        let mut measured: Vec<f64> = (0..runs).map(|_| measure()).collect();
        hundredths(median(&mut measured))
    };
    Kernel {
        message_ns: repeat(ping_pong),
        burst_message_ns: repeat(burst),
        spawn_exit_ns: repeat(lives),
        bytes_per_process,
        state_bytes: size_of::<Worker>(),
        runs,
    }
}

/// The processes of the measured worlds.
enum Worker {
    /// Passes a count that falls to whoever sent it; what comes from outside to its partner.
    Passer { partner: Option<Pid> },
    /// Sends a thousand messages to another for each that it gets.
    Source { to: Pid },
    /// Adds up what it gets.
    Sink { sum: u64 },
    /// Spawns a child, hears of its end, spawns the next.
    Parent { left: u64 },
    /// Ends at once.
    Mayfly,
    /// Waits for ever.
    Idle { _state: u64 },
}

/// As large as what others were measured with.
#[derive(Clone, Debug)]
struct Message {
    count: u64,
    _rest: [u64; 3],
}

impl Message {
    fn new(count: u64) -> Message {
        Message { count, _rest: [count; 3] }
    }
}

/// What the tree makes: only the supervisor of many has a role, and it never restarts anybody here.
#[derive(Clone, Debug)]
struct Child;

const BURST: u64 = 1000;

impl Process for Worker {
    type Message = Message;
    type Fact = NoFact;
    type Keeper = NoKeeper;
    type Note = ();
    type Role = Child;

    fn start(_role: &Child, _life: Life<'_, ()>) -> Worker {
        Worker::Idle { _state: 0 }
    }

    fn handle(&mut self, event: Event<&Message>, out: &mut Out<Worker>) {
        // First who, then what: matched as a pair, the event would be copied whole at each step.
        match self {
            Worker::Passer { partner } => {
                let Event::Message { from, message } = event else { return };
                let to = if from == Pid::OUTSIDE { *partner } else { Some(from) };
                if let (Some(to), 1..) = (to, message.count) {
                    out.send(to, Message::new(message.count - 1));
                }
            }
            Worker::Source { to } => {
                let Event::Message { message, .. } = event else { return };
                for count in 0..BURST {
                    out.send(*to, Message::new(message.count + count));
                }
            }
            Worker::Sink { sum } => {
                let Event::Message { message, .. } = event else { return };
                *sum = sum.wrapping_add(message.count);
            }
            Worker::Parent { left } => {
                if *left > 0 && matches!(event, Event::Start | Event::Down { .. }) {
                    *left -= 1;
                    let child = out.spawn_child(CHILDREN, *left, Worker::Mayfly);
                    out.monitor(child);
                }
            }
            Worker::Mayfly => {
                if matches!(event, Event::Start) {
                    out.exit(Reason::Normal);
                }
            }
            Worker::Idle { .. } => {}
        }
    }
}

fn world() -> World<Worker> {
    let mut world = World::new(NoKeeper, None, ());
    let children = Node::many("children", Child).named(CHILDREN);
    world.grow(
        None,
        Node::group("world", Strategy::OneForOne, Intensity::times(10), vec![children]),
    );
    world.run();
    world
}

/// A million idle children.
fn crowd() -> World<Worker> {
    let mut world = world();
    let children = world.node("world/children").expect("the tree has this node");
    for key in 0..ALIVE {
        world.spawn_child(children, key, Worker::Idle { _state: key });
        if key % BURST == 0 {
            world.run(); // so that their starts do not all wait at once, which would be the ring's memory
        }
    }
    world.run();
    world
}

fn ping_pong() -> f64 {
    let mut world = world();
    let there = world.spawn(Worker::Passer { partner: None });
    let here = world.spawn(Worker::Passer { partner: Some(there) });
    world.run();
    let ((), taken) = time(|| {
        world.send(here, Message::new(MESSAGES));
        world.run();
    });
    nanoseconds_each(taken, MESSAGES)
}

fn burst() -> f64 {
    let mut world = world();
    let sink = world.spawn(Worker::Sink { sum: 0 });
    let source = world.spawn(Worker::Source { to: sink });
    world.run();
    let ((), taken) = time(|| {
        for round in 0..MESSAGES / BURST {
            world.send(source, Message::new(round));
            world.run();
        }
    });
    assert!(matches!(world.process(sink), Some(Worker::Sink { sum: 1.. })), "the sink heard them");
    nanoseconds_each(taken, MESSAGES)
}

fn lives() -> f64 {
    let mut world = world();
    let (parent, taken) = time(|| {
        let parent = world.spawn(Worker::Parent { left: LIVES });
        world.run();
        parent
    });
    assert!(matches!(world.process(parent), Some(Worker::Parent { left: 0 })), "all have lived");
    nanoseconds_each(taken, LIVES)
}
