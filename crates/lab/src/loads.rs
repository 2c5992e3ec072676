//! Loads to measure the kernel with: small worlds that do one thing very often. The clocks are in
//! `bench kernel` and `bench-peers`; here is only the work, and a check that it was
//! done.
//!
//! ```
//! use lab::loads::{Load, Ready};
//!
//! for load in Load::ALL {
//!     let mut ready = Ready::new(load, 2_000);
//!     ready.run(); // this is what is timed
//!     ready.check();
//! }
//! ```

mod worker;

use kernel::{Intensity, NoStateMachine, Node, NodeId, Pid, Strategy, World};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use worker::{CHILDREN, VICTIM};
pub use worker::{Message, Role, Worker};

/// The repeated operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Load {
    /// A supervised child is spawned and monitored, ends, and its monitor fires; then the next.
    SpawnExit,
    /// A supervised child of very many that are spawned, are all alive at once, and all end on a message.
    SpawnMany,
    /// One message of a burst of a thousand to one process.
    Burst,
    /// A message is passed back and forth between two processes: one count is a round trip.
    PingPong,
    /// A monitor is set on an existing process, which ends on a message, and the monitor fires: a
    /// thousand at once.
    MonitorFired,
    /// A supervised process fails on a message, is restarted, and reports that it runs.
    Restart,
}

impl Load {
    /// All of them.
    pub const ALL: [Load; 6] = [
        Load::SpawnExit,
        Load::SpawnMany,
        Load::Burst,
        Load::PingPong,
        Load::MonitorFired,
        Load::Restart,
    ];

    /// Its key in reports.
    pub fn key(self) -> &'static str {
        match self {
            Load::SpawnExit => "spawn_exit_ns",
            Load::SpawnMany => "spawn_many_ns",
            Load::Burst => "burst_message_ns",
            Load::PingPong => "ping_pong_ns",
            Load::MonitorFired => "monitor_fired_ns",
            Load::Restart => "restart_ns",
        }
    }
}

/// Messages in a burst, and processes monitored at once.
pub const BURST: u64 = 1_000;

/// A world prepared for a load.
#[derive(Debug)]
pub struct Ready {
    world: World<Worker>,
    load: Load,
    count: u64,
    children: NodeId,
    /// The process that starts the load.
    first: Pid,
    /// The process that shows the result.
    last: Pid,
}

impl Ready {
    /// Prepares this many operations, rounded down to whole bursts where there are bursts.
    pub fn new(load: Load, count: u64) -> Ready {
        let count = if load == Load::Burst { count / BURST * BURST } else { count };
        let mut world = world();
        let children = world.node("world/children").expect("the tree has this node");
        let (first, last) = match load {
            Load::SpawnExit | Load::SpawnMany => (Pid::OUTSIDE, Pid::OUTSIDE),
            Load::Burst => {
                let sink = world.spawn(Worker::Sink { heard: 0, sum: 0 });
                (world.spawn(Worker::Source { to: sink }), sink)
            }
            Load::PingPong => {
                let there = world.spawn(Worker::Passer { partner: Pid::OUTSIDE, heard: 0 });
                (world.spawn(Worker::Passer { partner: there, heard: 0 }), there)
            }
            Load::MonitorFired => {
                let others = (0..count).map(|_| {
                    let other = world.spawn(Worker::Killable);
                    world.run();
                    other
                });
                let others = Box::new(others.collect());
                let watcher = world.spawn(Worker::Watcher { others, awaited: 0 });
                (watcher, watcher)
            }
            Load::Restart => {
                let tormentor = world.spawn(Worker::Tormentor { left: count });
                (tormentor, tormentor)
            }
        };
        world.run();
        Ready { world, load, count, children, first, last }
    }

    /// Number of operations.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Runs all of them. Once.
    pub fn run(&mut self) {
        let world = &mut self.world;
        match self.load {
            Load::SpawnExit => self.last = world.spawn(Worker::Parent { left: self.count }),
            Load::SpawnMany => {
                let spawn = |key| world.spawn_child(self.children, key, Worker::Killable);
                let all: Vec<Pid> = (0..self.count).map(spawn).collect();
                world.run();
                for mortal in &all {
                    world.send(*mortal, Message::new(0));
                }
                self.last = all.last().copied().unwrap_or(Pid::OUTSIDE);
            }
            Load::Burst => {
                for round in 0..self.count / BURST {
                    world.send(self.first, Message::new(round));
                    world.run();
                }
            }
            Load::PingPong => world.send(self.first, Message::new(2 * self.count)),
            Load::MonitorFired | Load::Restart => world.send(self.first, Message::new(0)),
        }
        self.world.run();
    }

    /// Panics unless all of them were done.
    pub fn check(&self) {
        let done = match (self.load, self.world.process(self.last)) {
            (Load::SpawnExit, Some(Worker::Parent { left })) => *left == 0,
            (Load::SpawnMany, None) => {
                self.last != Pid::OUTSIDE && self.world.child(self.children, 0).is_none()
            }
            (Load::Burst, Some(Worker::Sink { heard, .. })) => u64::from(*heard) == self.count,
            (Load::PingPong, Some(Worker::Passer { heard, .. })) => u64::from(*heard) == self.count,
            (Load::MonitorFired, Some(Worker::Watcher { others, awaited })) => {
                others.is_empty() && *awaited == 0
            }
            (Load::Restart, Some(Worker::Tormentor { left })) => {
                let lives = self.world.processes().find_map(|(_, _, life, process)| {
                    matches!(process, Worker::Victim { .. }).then_some(u64::from(life))
                });
                *left == 0 && lives == Some(self.count + 1)
            }
            _ => false,
        };
        assert!(done, "{:?} was not done {} times", self.load, self.count);
    }
}

/// The tree of every load. Any number of restarts is allowed.
fn world() -> World<Worker> {
    const WITHOUT_END: Intensity = Intensity::times(u32::MAX).within(0);
    let mut world = World::new(NoStateMachine, None, ());
    let children = Node::many("children", Role::Child).named(CHILDREN);
    let victim = Node::one("victim", Role::Victim).named(VICTIM);
    let root = Node::group("world", Strategy::OneForOne, WITHOUT_END, vec![children, victim]);
    world.grow(None, root);
    world.run();
    world
}

/// This many idle supervised children, each with eight bytes of state.
pub fn crowd(count: u64) -> World<Worker> {
    let mut world = world();
    let children = world.node("world/children").expect("the tree has this node");
    for key in 0..count {
        world.spawn_child(children, key, Worker::Idle { state: key });
        if key.is_multiple_of(BURST) {
            world.run(); // delivers the starts now; all of them waiting at once would grow the ring
        }
    }
    world.run();
    world
}

/// Processes among which a thousand messages are in flight, each passed on to a process anywhere in
/// memory: the cost of a message among very many processes.
#[derive(Debug)]
pub struct Hoppers {
    world: World<Worker>,
    /// In the order of passing.
    all: Vec<Pid>,
}

impl Hoppers {
    /// This many of them, in an order drawn from a seed.
    pub fn new(count: usize, seed: u64) -> Hoppers {
        let mut world = World::new(NoStateMachine, None, ());
        let mut all: Vec<Pid> = Vec::with_capacity(count);
        for index in 0..count {
            all.push(world.spawn(Worker::Hopper { next: Pid::OUTSIDE }));
            if (index as u64).is_multiple_of(BURST) {
                world.run();
            }
        }
        let mut chance = Xoshiro256PlusPlus::seed_from_u64(seed);
        for index in (1..count).rev() {
            let other = chance.next_u64() % (index as u64 + 1);
            all.swap(index, usize::try_from(other).expect("below count"));
        }
        for (index, hopper) in all.iter().enumerate() {
            world.send(*hopper, Message::about(all[(index + 1) % count], 0));
            if (index as u64).is_multiple_of(BURST) {
                world.run();
            }
        }
        world.run();
        Hoppers { world, all }
    }

    /// Sends about this many messages; returns the exact number.
    pub fn run(&mut self, messages: u64) -> u64 {
        let each = (messages / BURST).max(1);
        let starts = usize::try_from(BURST).expect("a thousand");
        let apart = (self.all.len() / starts).max(1);
        for start in 0..starts {
            let first = self.all[start * apart % self.all.len()];
            self.world.send(first, Message::new(each - 1));
        }
        self.world.run();
        each * BURST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_run_is_not_done_and_what_was_is() {
        for load in Load::ALL {
            let mut ready = Ready::new(load, 3_000);
            let before = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| ready.check()));
            assert!(before.is_err(), "{load:?} is done before it was run");
            ready.run();
            ready.check();
        }
    }

    #[test]
    fn a_crowd_is_alive_and_idle() {
        let crowd = crowd(2_500);
        let idle = crowd.processes().filter(|(.., it)| matches!(it, Worker::Idle { .. }));
        assert_eq!(idle.count(), 2_500);
    }

    #[test]
    fn hoppers_send_each_message_on_as_often_as_was_said() {
        let mut hoppers = Hoppers::new(3_000, 1);
        let number =
            |hoppers: &Hoppers| hoppers.world.past().last().map_or(0, |(number, _)| number);
        let before = number(&hoppers);
        assert_eq!(hoppers.run(50_500), 50_000);
        assert_eq!(number(&hoppers) - before, 50_000);
        assert_eq!(hoppers.world.undeliverable(), 0);
    }
}
