//! A lock with leases: a lease ends by itself when its holder dies or is slow. A holder cannot know that its lease ends
//! while its write is on its way. So each lease has a number, and the store rejects older ones.
//!
//! ```text
//! without numbers, a late write comes after a younger lease's
//! then
//!   ann  -> lock   acquire
//!   bob  -> lock   acquire
//!   lock -> ann    lease 1
//!   lock -> lock   timer 1
//!   lock -> bob    lease 2
//!   bob  -> store  write 2
//!   ann  -> store  write 1
//! ```
//!
//! What could go wrong here?
//!
//! - `lease`: the holder dies, or never comes back. The lease ends by a timer.
//! - `write`: it comes after the lease's end. The store knows a younger number, and drops it.

use checker::chart::{Picture, Recorder};
use checker::explore::{Action, Explorer, Law, Report, Scene};
use kernel::{Event, NoFact, NoStateMachine, Out, Pid, Process, StartContext, Watch, World};

const TERM: u64 = 1_000;
const USERS: u32 = 2;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Message {
    Acquire,
    Lease(u32),
    Write(u32),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Party {
    /// The number of the last lease, whether it is on, and who waits for the next.
    Lock { lease: u32, on: bool, queue: Vec<Pid> },
    /// What was written, by the numbers of leases; whether it looks at them.
    Store { writes: Vec<u32>, careful: bool },
    /// Where lock and store are.
    User(Pid, Pid),
}

impl Process for Party {
    type Message = Message;
    type Fact = NoFact;
    type StateMachine = NoStateMachine;
    type Note = ();
    type Role = ();

    fn start(_role: &(), _context: StartContext<'_, ()>) -> Party {
        Party::Store { writes: Vec::new(), careful: true } // never called: no process is supervised
    }

    fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Party>) {
        match self {
            Party::Lock { lease, on, queue } => match event {
                Event::Message { from, message: Message::Acquire } => {
                    queue.push(from);
                    if !*on {
                        grant(lease, on, queue, out);
                    }
                }
                Event::Timer { .. } => grant(lease, on, queue, out),
                Event::Message { message: Message::Lease(_) | Message::Write(_), .. }
                | Event::Start
                | Event::Down { .. }
                | Event::Exit { .. } => {}
            },
            Party::Store { writes, careful } => match event {
                Event::Message { message: Message::Write(lease), .. }
                    if !*careful || writes.last().is_none_or(|last| last <= lease) =>
                {
                    writes.push(*lease);
                }
                // A write that is too late, and messages that are not for a store.
                Event::Message {
                    message: Message::Write(_) | Message::Acquire | Message::Lease(_),
                    ..
                }
                | Event::Start
                | Event::Down { .. }
                | Event::Exit { .. }
                | Event::Timer { .. } => {}
            },
            Party::User(lock, store) => match event {
                Event::Start => out.send(*lock, Message::Acquire),
                Event::Message { message: Message::Lease(number), .. } => {
                    out.send(*store, Message::Write(*number));
                }
                Event::Message { message: Message::Acquire | Message::Write(_), .. }
                | Event::Down { .. }
                | Event::Exit { .. }
                | Event::Timer { .. } => {}
            },
        }
    }
}

/// The lease is over: the next in the queue gets a new one.
fn grant(lease: &mut u32, on: &mut bool, queue: &mut Vec<Pid>, out: &mut Out<Party>) {
    *on = !queue.is_empty();
    if *on {
        *lease += 1;
        out.send(queue.remove(0), Message::Lease(*lease));
        out.timer(TERM, u64::from(*lease));
    }
}

fn house<W: Watch<Party>>(careful: bool, watch: W) -> World<Party, W> {
    let mut world = World::new(NoStateMachine, None, watch);
    let lock = world.spawn(Party::Lock { lease: 0, on: false, queue: Vec::new() });
    let store = world.spawn(Party::Store { writes: Vec::new(), careful });
    for _ in 0..USERS {
        world.spawn(Party::User(lock, store));
    }
    world
}

fn writes(scene: &Scene<Party>) -> Vec<u32> {
    let of = |party: &Party| match party {
        Party::Store { writes, .. } => Some(writes.clone()),
        Party::Lock { .. } | Party::User(..) => None,
    };
    scene.world.processes().find_map(|(.., party)| of(party)).unwrap_or_default()
}

fn explored(careful: bool) -> Report<Action> {
    let is_user = |world: &World<Party>, pid| matches!(world.process(pid), Some(Party::User(..)));
    let in_order = Law::always("writes come in the order of leases", |scene: &Scene<Party>| {
        let writes = writes(scene);
        if writes.is_sorted() { Ok(()) } else { Err(format!("{writes:?}")) }
    });
    let comes_free = Law::can_always("the lock comes free", |scene: &Scene<Party>| {
        scene.world.processes().any(|(.., party)| matches!(party, Party::Lock { on: false, .. }))
    });
    let explorer = Explorer::new(Scene::new(house(careful, ())).faults(1).killable(is_user));
    explorer.law(in_order.sometimes(|scene| writes(scene).len() == 2)).law(comes_free).search()
}

/// How it goes wrong without numbers, and that it does not with them.
fn story() -> String {
    let report = explored(false);
    let counterexample =
        report.verdicts[0].counterexample.as_ref().expect("it takes whatever comes");
    let mut scene = Scene::new(house(false, Recorder::new("outside"))).faults(1);
    let names = ["lock", "store", "ann", "bob"];
    let pids: Vec<Pid> = scene.world.processes().map(|(pid, ..)| pid).collect();
    pids.into_iter().zip(names).for_each(|(pid, name)| scene.world.watch.call(pid, name));
    scene.play(&counterexample.path);
    let title = "without numbers, a late write comes after a younger lease's";
    let chart = Picture::of(title, scene.world.watch.rows());
    let whole = explored(true);
    format!("{chart}\n\nwith numbers: {} states, proof: {}", whole.states, whole.is_proof())
}

#[allow(clippy::print_stdout, reason = "it tells its story")]
fn main() {
    println!("{}", story());
}

#[test]
fn a_late_write_never_comes_after_a_younger_one() {
    let report = explored(true);
    assert!(report.is_proof(), "{report:?}");
    assert_eq!(explored(false).verdicts[0].holds, Some(false));
}

#[cfg(test)]
#[path = "shared/header.rs"]
mod header;

#[test]
fn its_header_shows_what_happens() {
    header::shows(include_str!("lease_lock.rs"), &story());
}
