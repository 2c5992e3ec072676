//! A pool with backpressure: it serves a bounded number of callers, queues a bounded number, and answers the others
//! *busy* at once. Each caller gets exactly one answer, whichever worker dies.
//!
//! ```text
//! one is served, one waits, one is rejected
//! then
//!   ann    -> pool  request
//!   bob    -> pool  request
//!   eve    -> pool  request
//!   pool   -> eve   busy
//!   worker -> pool  result
//!   worker -> pool  down
//!   pool   -> ann   done
//!   worker -> pool  result
//!   worker -> pool  down
//!   pool   -> bob   done
//! ```
//!
//! What could go wrong here?
//!
//! - `request`: the queue is full. The pool answers *busy* and changes nothing.
//! - `request`: the worker dies. The monitor fires, and the pool answers *failed*.
//! - `result`: the worker ends after it. Its `down` comes too, and concerns no caller any more.
//! - `done` or `failed`: a worker is free, so the pool serves the first caller in the queue.

use std::collections::{BTreeMap, VecDeque};

use checker::chart::{Picture, Recorder};
use kernel::{Event, NoFact, NoStateMachine, Out, Pid, Process, StartContext, Watch, World};

const AT_ONCE: usize = 1;
const WAITING: usize = 1;
const CALLERS: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Message {
    Request,
    Result,
    Done,
    Failed,
    Busy,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Party {
    /// Who is served by which worker, and who waits.
    Pool(BTreeMap<Pid, Pid>, VecDeque<Pid>),
    Worker(Pid),
    /// Where the pool is, and what it was answered.
    Caller(Pid, Vec<Message>),
}

impl Process for Party {
    type Message = Message;
    type Fact = NoFact;
    type StateMachine = NoStateMachine;
    type Note = ();
    type Role = ();

    fn start(_role: &(), _context: StartContext<'_, ()>) -> Party {
        Party::Pool(BTreeMap::new(), VecDeque::new())
    }

    fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Party>) {
        match self {
            Party::Pool(served, queue) => match event {
                Event::Message { from, message: Message::Request } if queue.len() == WAITING => {
                    out.send(from, Message::Busy);
                }
                Event::Message { from, message: Message::Request } => {
                    queue.push_back(from);
                    serve(served, queue, out);
                }
                Event::Message { from, message: Message::Result } => {
                    answer(served, queue, from, Message::Done, out);
                }
                // If it has given no result.
                Event::Down { pid, .. } => answer(served, queue, pid, Message::Failed, out),
                Event::Message {
                    message: Message::Done | Message::Failed | Message::Busy, ..
                }
                | Event::Start
                | Event::Exit { .. }
                | Event::Timer { .. } => {}
            },
            Party::Worker(pool) => match event {
                Event::Start => {
                    out.send(*pool, Message::Result);
                    out.exit(kernel::Reason::Normal);
                }
                // It lives for one step.
                Event::Message { .. }
                | Event::Down { .. }
                | Event::Exit { .. }
                | Event::Timer { .. } => {}
            },
            Party::Caller(pool, answers) => match event {
                Event::Start => out.send(*pool, Message::Request),
                Event::Message { message, .. } => answers.push(*message),
                Event::Down { .. } | Event::Exit { .. } | Event::Timer { .. } => {}
            },
        }
    }
}

type Served = BTreeMap<Pid, Pid>;

fn answer(
    served: &mut Served,
    queue: &mut VecDeque<Pid>,
    by: Pid,
    say: Message,
    out: &mut Out<Party>,
) {
    if let Some(caller) = served.remove(&by) {
        out.send(caller, say);
    }
    serve(served, queue, out);
}

fn serve(served: &mut Served, queue: &mut VecDeque<Pid>, out: &mut Out<Party>) {
    while served.len() < AT_ONCE
        && let Some(caller) = queue.pop_front()
    {
        let worker = out.spawn(Party::Worker(out.me()));
        out.monitor(worker);
        served.insert(worker, caller);
    }
}

fn house<W: Watch<Party>>(watch: W) -> World<Party, W> {
    let mut world = World::new(NoStateMachine, None, watch);
    let pool = world.spawn(Party::Pool(BTreeMap::new(), VecDeque::new()));
    (0..CALLERS).for_each(|_| _ = world.spawn(Party::Caller(pool, Vec::new())));
    world
}

/// Callers by name; workers are alike, and one may come to where another was.
fn name_all(world: &mut World<Party, Recorder>) {
    let pids: Vec<Pid> = world.processes().map(|(pid, ..)| pid).collect();
    let names = ["pool", "ann", "bob", "eve"].into_iter().chain(std::iter::repeat("worker"));
    pids.into_iter().zip(names).for_each(|(pid, name)| world.watch.call(pid, name));
}

/// One run, in order of sending.
fn story() -> String {
    let mut world = house(Recorder::new("outside"));
    name_all(&mut world);
    while world.deliver_at(0) {
        name_all(&mut world);
    }
    Picture::of("one is served, one waits, one is rejected", world.watch.rows()).to_string()
}

#[allow(clippy::print_stdout, reason = "it tells its story")]
fn main() {
    println!("{}", story());
}

#[test]
fn every_caller_gets_one_answer_in_every_order_with_two_deaths_of_workers() {
    use checker::explore::{Explorer, Law, Scene};
    let answers = |scene: &Scene<Party>| -> Vec<Vec<Message>> {
        let of = |party: &Party| match party {
            Party::Caller(_, answers) => Some(answers.clone()),
            Party::Pool(..) | Party::Worker(_) => None,
        };
        scene.world.processes().filter_map(|(.., party)| of(party)).collect()
    };
    let workers = |scene: &Scene<Party>| {
        scene.world.processes().filter(|(.., party)| matches!(party, Party::Worker(_))).count()
    };
    let once = Law::always("no caller is answered twice", move |scene| {
        let twice = answers(scene).into_iter().find(|answers| answers.len() > 1);
        twice.map_or(Ok(()), |twice| Err(format!("{twice:?}")))
    });
    let bound = Law::always("the number of workers is bounded", move |scene| {
        let many = workers(scene);
        if many <= AT_ONCE { Ok(()) } else { Err(format!("{many}")) }
    });
    let all = Law::can_always("every caller can be answered", move |scene| {
        answers(scene).iter().all(|answers| answers.len() == 1)
    });
    let is_worker =
        |world: &World<Party>, pid| matches!(world.process(pid), Some(Party::Worker(_)));
    let report = Explorer::new(Scene::new(house(())).faults(2).killable(is_worker))
        .law(once.sometimes(move |scene| answers(scene).concat().contains(&Message::Failed)))
        .law(bound.sometimes(move |scene| workers(scene) == AT_ONCE))
        .law(all.sometimes(move |scene| answers(scene).concat().contains(&Message::Busy)))
        .search();
    assert!(report.is_proof(), "{report:?}");
}

#[cfg(test)]
#[path = "shared/header.rs"]
mod header;

#[test]
fn its_header_shows_what_happens() {
    header::shows(include_str!("pool.rs"), &story());
}
