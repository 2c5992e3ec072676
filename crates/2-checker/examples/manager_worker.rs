//! A manager and its workers: each job is answered exactly once, whichever process dies, and a job
//! that kills every worker is given up. `docs/manager-worker.md` explains this code and its output.
//!
//! ```text
//! a good job and a poisonous one
//! then
//!   client  -> manager  submit 3
//!   manager => log      taken 3 <4.1>
//!   client  -> manager  submit 13
//!   manager => log      taken 13 <4.1>
//!   manager -> worker1  work 3
//!   manager -> worker2  work 13
//!   x worker2 dies: job 13 is poison
//!   worker1 -> manager  result 3 9
//!   manager => log      answered 3 is 9
//!   worker2 -> manager  exit
//!   manager => log      killed 13
//!   manager -> client   answer 3 is 9
//!   manager -> worker1  work 13
//!   x worker1 dies: job 13 is poison
//!   worker1 -> manager  exit
//!   manager => log      killed 13
//!   manager => log      answered 13 givenup
//!   manager -> client   answer 13 givenup
//! ```
//!
//! What could go wrong here?
//!
//! - `submit`: the manager is dead. A monitor tells the client, which asks the next life for what is not answered.
//! - `taken`: the manager dies. Its workers die with it; its next life reads in the log what is taken and not answered.
//! - `work`: the worker dies. Its link tells the manager, which counts it in the log and gives the job to another.
//! - `result`: it was given up, or is another's: it is not awaited, and nothing happens.
//! - `answered`, `answer`: the manager dies between them. It cannot: they are one step.

use std::collections::{BTreeMap, BTreeSet};

use checker::chart::{Picture, Recorder};
use checker::explore::{Action, Explorer, Law, Report, Scene};
use kernel::{
    Broken, Event, Intensity, Name, Node, Out, Pid, Process, StartContext, StateMachine, Strategy,
    Watch, World,
};

const MANAGER: Name = Name(0);
const WORKERS: usize = 2;
/// A job that has killed this number of workers is given up.
const TOO_DEADLY: usize = 2;
/// The job that kills every worker.
const POISON: u32 = 13;

/// What they say to each other: jobs by number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Message {
    Submit(u32),
    Work(u32),
    Result(u32, u32),
    Answer(u32, End),
}

/// How a job ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum End {
    Is(u32),
    GivenUp,
}

/// What must not be forgotten.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Fact {
    /// For whom.
    Taken(u32, Pid),
    Killed(u32),
    Answered(u32, End),
}

/// The fold of the log: who asked for each open job, and how many it has killed; and how the others ended.
#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
struct Jobs {
    open: BTreeMap<u32, (Pid, usize)>,
    ended: BTreeMap<u32, End>,
}

impl StateMachine for Jobs {
    type Fact = Fact;

    fn apply(&mut self, _by: Pid, facts: &[Fact]) -> Result<(), Broken> {
        for fact in facts {
            match *fact {
                Fact::Taken(job, _) if self.knows(job) => {
                    return Err(Broken(format!("job {job} is taken twice")));
                }
                Fact::Taken(job, asker) => _ = self.open.insert(job, (asker, 0)),
                Fact::Killed(job) => match self.open.get_mut(&job) {
                    Some((_, deaths)) => *deaths += 1,
                    None => return Err(Broken(format!("job {job} kills and is not open"))),
                },
                Fact::Answered(job, end) => match (self.open.remove(&job), end) {
                    (None, _) => return Err(Broken(format!("job {job} ends and is not open"))),
                    (Some((_, ..TOO_DEADLY)), End::GivenUp) => {
                        return Err(Broken(format!("job {job} is given up too early")));
                    }
                    (Some(_), End::Is(_) | End::GivenUp) => _ = self.ended.insert(job, end),
                },
            }
        }
        Ok(())
    }
}

impl Jobs {
    fn knows(&self, job: u32) -> bool {
        self.open.contains_key(&job) || self.ended.contains_key(&job)
    }
}

/// A manager's books: its workers, and which job each is at.
type Books = BTreeMap<Pid, Option<u32>>;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Party {
    Manager(Books),
    Worker,
    Client(Client),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Client {
    jobs: &'static [u32],
    /// Watches the manager, and asks its next life for what is not answered.
    watches: bool,
    told: Vec<(u32, End)>,
}

impl Process for Party {
    type Message = Message;
    type Fact = Fact;
    type StateMachine = Jobs;
    type Note = ();
    type Role = ();

    fn start(_role: &(), _context: StartContext<'_, ()>) -> Party {
        Party::Manager(Books::new())
    }

    fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Party>) {
        match self {
            Party::Manager(workers) => manage(workers, event, out),
            Party::Worker => work(event, out),
            Party::Client(client) => client.handle(event, out),
        }
    }
}

fn manage(workers: &mut Books, event: Event<'_, Message>, out: &mut Out<Party>) {
    let jobs = out.read_state().cloned().unwrap_or_default();
    let mut open: BTreeSet<u32> = jobs.open.keys().copied().collect();
    match event {
        Event::Start => out.trap_exits(true),
        Event::Message { from, message: &Message::Submit(job) } if !jobs.knows(job) => {
            open.insert(job);
            out.record(Fact::Taken(job, from));
        }
        Event::Message { from, message: &Message::Result(job, result) }
            if workers.get(&from) == Some(&Some(job)) =>
        {
            workers.insert(from, None);
            open.remove(&job);
            answer(&jobs, job, End::Is(result), out);
        }
        Event::Exit { from, .. } => {
            if let Some(job) = workers.remove(&from).flatten() {
                out.record(Fact::Killed(job));
                if jobs.open.get(&job).is_some_and(|(_, deaths)| deaths + 1 == TOO_DEADLY) {
                    open.remove(&job);
                    answer(&jobs, job, End::GivenUp, out);
                }
            }
        }
        // Known jobs, results of unassigned jobs, and messages that are not for a manager.
        Event::Message { message: Message::Submit(_) | Message::Result(..), .. }
        | Event::Message { message: Message::Work(_) | Message::Answer(..), .. }
        | Event::Down { .. }
        | Event::Timer { .. } => {}
    }
    while workers.len() < WORKERS {
        workers.insert(out.spawn_linked(Party::Worker), None);
    }
    let given: BTreeSet<u32> = workers.values().flatten().copied().collect();
    let idle = workers.iter_mut().filter(|(_, job)| job.is_none());
    for ((worker, at), job) in idle.zip(open.difference(&given)) {
        *at = Some(*job);
        out.send(*worker, Message::Work(*job));
    }
}

/// Ends a job: the fact and the answer belong to one step, so both happen or neither.
fn answer(jobs: &Jobs, job: u32, end: End, out: &mut Out<Party>) {
    out.record(Fact::Answered(job, end));
    if let Some((asker, _)) = jobs.open.get(&job) {
        out.send(*asker, Message::Answer(job, end));
    }
}

fn work(event: Event<'_, Message>, out: &mut Out<Party>) {
    match event {
        Event::Message { from, message: &Message::Work(job) } => {
            assert!(job != POISON, "job {job} is poison");
            out.send(from, Message::Result(job, job * job));
        }
        Event::Message {
            message: Message::Submit(_) | Message::Result(..) | Message::Answer(..),
            ..
        }
        | Event::Start
        | Event::Down { .. }
        | Event::Exit { .. }
        | Event::Timer { .. } => {}
    }
}

impl Client {
    fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Party>) {
        match event {
            Event::Start | Event::Down { .. } => {
                let Some(manager) = out.whereis(MANAGER) else { return };
                if self.watches {
                    out.monitor(manager);
                }
                for job in self.jobs.iter().filter(|job| !self.was_told(**job)) {
                    out.send(manager, Message::Submit(*job));
                }
            }
            Event::Message { message: &Message::Answer(job, end), .. } => {
                self.told.push((job, end))
            }
            Event::Message {
                message: Message::Submit(_) | Message::Work(_) | Message::Result(..),
                ..
            }
            | Event::Exit { .. }
            | Event::Timer { .. } => {}
        }
    }

    fn was_told(&self, job: u32) -> bool {
        self.told.iter().any(|(of, _)| *of == job)
    }
}

/// What is explored: a client with these jobs, and the number of deaths.
#[derive(Clone, Copy)]
struct Case {
    jobs: &'static [u32],
    watches: bool,
    deaths: u32,
}

/// Two jobs of which one is poison, and one death of any process but the client.
const WHOLE: Case = Case { jobs: &[3, POISON], watches: true, deaths: 1 };
/// A client that asks once and waits.
const NAIVE: Case = Case { watches: false, ..WHOLE };
/// As many deaths as make a good job look deadly.
#[cfg(test)]
const UNLUCKY: Case = Case { jobs: &[3], watches: true, deaths: 2 };

/// A supervised manager, and an unsupervised client.
fn office<W: Watch<Party>>(case: Case, watch: W) -> World<Party, W> {
    let mut world = World::new(Jobs::default(), Some(MANAGER), watch);
    let office = vec![Node::one("manager", ()).named(MANAGER)];
    world.grow(None, Node::group("office", Strategy::OneForOne, Intensity::times(9), office));
    let Case { jobs, watches, .. } = case;
    world.spawn(Party::Client(Client { jobs, watches, told: Vec::new() }));
    world
}

/// All that the client was told, in order.
fn told(scene: &Scene<Party>) -> Vec<(u32, End)> {
    let of = |party: &Party| match party {
        Party::Client(client) => Some(client.told.clone()),
        Party::Manager(_) | Party::Worker => None,
    };
    scene.world.processes().find_map(|(.., party)| of(party)).unwrap_or_default()
}

/// Which life of the manager this is.
fn life(scene: &Scene<Party>) -> u32 {
    let of = |life, party: &Party| matches!(party, Party::Manager(_)).then_some(life);
    scene.world.processes().find_map(|(.., life, party)| of(life, party)).unwrap_or(0)
}

fn open_or_answered() -> Law<Scene<Party>> {
    let law = Law::always("no job is both open and answered", |scene: &Scene<Party>| {
        let open = &scene.world.state_machine().open;
        let both = told(scene).into_iter().find(|(job, _)| open.contains_key(job));
        both.map_or(Ok(()), |(job, end)| Err(format!("job {job} is open and {end:?}")))
    });
    law.sometimes(|scene| !told(scene).is_empty())
}

fn answered_once(case: Case) -> Law<Scene<Party>> {
    let law = Law::ends("each job is answered once", move |scene: &Scene<Party>| {
        let told = told(scene);
        let once = |job: &u32| told.iter().filter(|(of, _)| of == job).count() == 1;
        let right = |(job, end): &(u32, End)| match *end {
            End::Is(result) => result == job * job,
            End::GivenUp => *job == POISON || case.deaths as usize >= TOO_DEADLY,
        };
        let holds = case.jobs.iter().all(once) && told.iter().all(right);
        if holds { Ok(()) } else { Err(format!("in the end it was told {told:?}")) }
    });
    law.sometimes(|scene| told(scene).iter().any(|(_, end)| *end == End::GivenUp))
}

/// The state machine refuses nothing: who is refused dies of it.
fn never_refused(case: Case) -> Law<Scene<Party>> {
    let law = Law::always("a manager dies only if killed", move |scene: &Scene<Party>| {
        let (life, killed) = (life(scene), case.deaths - scene.faults_left());
        if life <= 1 + killed { Ok(()) } else { Err(format!("life {life} after {killed} kills")) }
    });
    law.sometimes(|scene| life(scene) == 2)
}

/// The office as it is explored: every process but the client may be killed.
fn scene<W: Watch<Party> + Clone>(case: Case, watch: W) -> Scene<Party, W> {
    let is_staff =
        |world: &World<Party, W>, pid| !matches!(world.process(pid), Some(Party::Client(_)));
    Scene::new(office(case, watch)).faults(case.deaths).killable(is_staff)
}

fn explored(case: Case) -> Report<Action> {
    let explorer = Explorer::new(scene(case, ()));
    explorer.law(open_or_answered()).law(answered_once(case)).law(never_refused(case)).search()
}

/// Names the processes that are new since the last call; workers get numbers in order of their start.
fn name_all(world: &mut World<Party, Recorder>, named: &mut Vec<Pid>) {
    let living = world.processes().filter(|(pid, ..)| !named.contains(pid));
    let new: Vec<_> = living.map(|(pid, .., party)| (pid, party.clone())).collect();
    for (pid, party) in new {
        named.push(pid);
        let name = match party {
            Party::Manager(_) => "manager".to_owned(),
            Party::Worker => format!("worker{}", named.len() - 1),
            Party::Client(_) => "client".to_owned(),
        };
        world.watch.call(pid, name);
    }
}

/// Poison kills by a panic, which the chart tells.
fn hush() {
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.to_string().contains("is poison") {
            told(panic);
        }
    }));
}

/// A run as a chart: the moves of a path, or what happens if everything is delivered in order of sending.
fn drawn(title: &str, case: Case, path: Option<&[Action]>) -> String {
    let (mut scene, mut named) = (scene(case, Recorder::new("outside")), Vec::new());
    name_all(&mut scene.world, &mut named);
    match path {
        Some(path) => path.iter().for_each(|step| {
            scene.play(&[*step]);
            name_all(&mut scene.world, &mut named);
        }),
        None => {
            while scene.world.deliver_at(0) {
                name_all(&mut scene.world, &mut named);
            }
        }
    }
    Picture::of(title, scene.world.watch.rows()).to_string()
}

/// All that the chapter shows, in its order.
pub(crate) fn story() -> String {
    hush();
    let given_up = drawn("a good job and a poisonous one", WHOLE, None);
    let counterexample =
        explored(NAIVE).verdicts.swap_remove(1).counterexample.expect("it asks only once");
    let lost = drawn(&counterexample.what, NAIVE, Some(&counterexample.path));
    let whole = explored(WHOLE);
    let proof =
        format!("states {}, depth {}, proof: {}", whole.states, whole.depth, whole.is_proof());
    [given_up, lost, proof].join("\n\n")
}

#[allow(clippy::print_stdout, reason = "it tells its story")]
fn main() {
    println!("{}", story());
}

#[test]
fn every_job_is_answered_once_in_every_order_whoever_dies() {
    hush();
    for case in [WHOLE, UNLUCKY] {
        let report = explored(case);
        assert!(report.is_proof(), "{report:?}");
    }
    assert_eq!(explored(NAIVE).verdicts[1].holds, Some(false));
}

#[test]
fn its_header_shows_what_happens() {
    let chart = drawn("a good job and a poisonous one", WHOLE, None);
    let shown: String = chart.lines().map(|line| format!("//! {line}\n")).collect();
    assert!(include_str!("manager_worker.rs").contains(&shown), "{chart}");
}
