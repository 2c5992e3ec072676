//! A pool with backpressure: so many are served at once, so many wait, and whoever comes then is told so at
//! once. Each caller gets exactly one answer, whoever dies.
//!
//! ```text
//! caller -> pool    request          what if there is no room? busy, and nothing has happened
//! pool   -> worker  (spawned, watched)
//! worker -> pool    result           what if the worker dies? its monitor tells, and the caller hears failed
//! pool   -> caller  done             and the first who waits is served
//! ```

use std::collections::{BTreeMap, VecDeque};

use kernel::chart::{Picture, Recorder};
use kernel::{Event, Life, NoFact, NoKeeper, Out, Pid, Process, Watch, World};

const AT_ONCE: usize = 1;
const WAITING: usize = 1;
const CALLERS: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Say {
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
    Caller(Pid, Vec<Say>),
}

impl Process for Party {
    type Message = Say;
    type Fact = NoFact;
    type Keeper = NoKeeper;
    type Note = ();
    type Role = ();

    fn start(_role: &(), _life: Life<'_, ()>) -> Party {
        Party::Pool(BTreeMap::new(), VecDeque::new())
    }

    fn handle(&mut self, event: Event<'_, Say>, out: &mut Out<Party>) {
        match (self, event) {
            (Party::Caller(pool, _), Event::Start) => out.send(*pool, Say::Request),
            (Party::Caller(_, answers), Event::Message { message, .. }) => answers.push(*message),
            (Party::Worker(pool), Event::Start) => {
                out.send(*pool, Say::Result);
                out.exit(kernel::Reason::Normal);
            }
            (Party::Pool(_, queue), Event::Message { from, message: Say::Request })
                if queue.len() == WAITING =>
            {
                out.send(from, Say::Busy);
            }
            (Party::Pool(served, queue), Event::Message { from, message: Say::Request }) => {
                queue.push_back(from);
                serve(served, queue, out);
            }
            (Party::Pool(served, queue), Event::Message { from, message: Say::Result }) => {
                answer(served, queue, from, Say::Done, out);
            }
            (Party::Pool(served, queue), Event::Down { pid, .. }) => {
                answer(served, queue, pid, Say::Failed, out); // if it has given no result
            }
            _ => {} // nobody says anything else to them
        }
    }
}

type Served = BTreeMap<Pid, Pid>;

fn answer(served: &mut Served, queue: &mut VecDeque<Pid>, by: Pid, say: Say, out: &mut Out<Party>) {
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

fn house<W: Watch<Party>>(watch: W) -> (World<Party, W>, Vec<Pid>) {
    let mut world = World::new(NoKeeper, None, watch);
    let pool = world.spawn(Party::Pool(BTreeMap::new(), VecDeque::new()));
    let callers = (0..CALLERS).map(|_| world.spawn(Party::Caller(pool, Vec::new())));
    let all = std::iter::once(pool).chain(callers.collect::<Vec<_>>()).collect();
    (world, all)
}

#[allow(clippy::print_stdout, reason = "it tells its story")]
fn main() {
    let (mut world, all) = house(Recorder::new("nobody"));
    for (pid, name) in all.into_iter().zip(["pool", "ann", "bob", "eve"]) {
        world.watch.call(pid, name);
    }
    world.run();
    println!("{}", Picture::of("one is served, one waits, one is told to go", world.watch.rows()));
}

#[test]
fn every_caller_gets_one_answer_in_every_order_with_two_deaths_of_workers() {
    use kernel::explore::{Explorer, Law, Scene};
    let answers = |scene: &Scene<Party>| -> Vec<Vec<Say>> {
        let of = |party: &Party| match party {
            Party::Caller(_, answers) => Some(answers.clone()),
            Party::Pool(..) | Party::Worker(_) => None,
        };
        scene.world.processes().filter_map(|(.., party)| of(party)).collect()
    };
    let workers = |scene: &Scene<Party>| {
        scene.world.processes().filter(|(.., party)| matches!(party, Party::Worker(_))).count()
    };
    let once = Law::always("nobody is answered twice", move |scene| {
        let twice = answers(scene).into_iter().find(|answers| answers.len() > 1);
        twice.map_or(Ok(()), |twice| Err(format!("{twice:?}")))
    });
    let bound = Law::always("so many work at once, and no more", move |scene| {
        let many = workers(scene);
        if many <= AT_ONCE { Ok(()) } else { Err(format!("{many}")) }
    });
    let all = Law::can_always("everybody can be answered", move |scene| {
        answers(scene).iter().all(|answers| answers.len() == 1)
    });
    let is_worker =
        |world: &World<Party>, pid| matches!(world.process(pid), Some(Party::Worker(_)));
    let report = Explorer::new(Scene::new(house(()).0).faults(2).mortal(is_worker))
        .law(once.sometimes(move |scene| answers(scene).concat().contains(&Say::Failed)))
        .law(bound.sometimes(move |scene| workers(scene) == AT_ONCE))
        .law(all.sometimes(move |scene| answers(scene).concat().contains(&Say::Busy)))
        .search();
    assert!(report.is_proof(), "{report:?}");
}
