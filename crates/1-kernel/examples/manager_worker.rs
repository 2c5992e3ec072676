//! A manager and its workers: each job is answered exactly once, whoever dies, and a job that kills
//! everybody is given up.
//!
//! ```text
//! client  -> manager  submit 3
//! manager => log      taken 3
//! manager -> worker   work 3            what if the worker dies? its link tells; another gets the job
//! worker  -> manager  result 3 9        what if the manager dies? its workers die with it; its next
//! manager => log      answered 3        life takes from the log what is taken and not answered
//! ```

use std::collections::{BTreeMap, BTreeSet};

use kernel::chart::{Picture, Recorder};
use kernel::{
    Broken, Event, Intensity, Keeper, Life, Name, Node, Out, Pid, Process, Strategy, Watch, World,
};

const MANAGER: Name = Name(0);
const WORKERS: usize = 2;
/// A job that has killed so many is given up.
const TOO_DEADLY: usize = 3;
/// The job that kills whoever takes it.
const POISON: u32 = 13;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Say {
    Submit(u32),
    Work(u32),
    Result(u32, u32),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Fact {
    Taken(u32),
    Killed(u32),
    Answered(u32, Option<u32>),
}

/// The fold of the log: deaths by job that is taken and not answered; what was answered.
#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
struct Jobs {
    open: BTreeMap<u32, usize>,
    answers: BTreeMap<u32, Option<u32>>,
}

impl Keeper for Jobs {
    type Fact = Fact;

    fn admit(&mut self, _by: Pid, facts: &[Fact]) -> Result<(), Broken> {
        for fact in facts {
            match *fact {
                Fact::Taken(job) if self.answers.contains_key(&job) => {}
                Fact::Taken(job) => _ = self.open.entry(job).or_insert(0),
                Fact::Killed(job) => *self.open.entry(job).or_insert(0) += 1,
                Fact::Answered(job, _) if self.open.remove(&job).is_none() => {
                    return Err(Broken(format!("job {job} is answered twice")));
                }
                Fact::Answered(job, answer) => _ = self.answers.insert(job, answer),
            }
        }
        Ok(())
    }
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Party {
    /// Its workers, and which job each is at.
    Manager(BTreeMap<Pid, Option<u32>>),
    Worker,
}

impl Process for Party {
    type Message = Say;
    type Fact = Fact;
    type Keeper = Jobs;
    type Note = ();
    type Role = ();

    fn start(_role: &(), _life: Life<'_, ()>) -> Party {
        Party::Manager(BTreeMap::new())
    }

    fn handle(&mut self, event: Event<'_, Say>, out: &mut Out<Party>) {
        match self {
            Party::Manager(workers) => manage(workers, event, out),
            Party::Worker => {
                if let Event::Message { from, message: &Say::Work(job) } = event {
                    assert!(job != POISON, "job {job} is poison");
                    out.send(from, Say::Result(job, job * job));
                }
            }
        }
    }
}

fn manage(workers: &mut BTreeMap<Pid, Option<u32>>, event: Event<'_, Say>, out: &mut Out<Party>) {
    let jobs = out.kept().cloned().unwrap_or_default();
    let mut open: BTreeSet<u32> = jobs.open.keys().copied().collect();
    match event {
        Event::Start => out.trap_exits(true),
        Event::Message { message: &Say::Submit(job), .. } => {
            if !jobs.answers.contains_key(&job) && open.insert(job) {
                out.record(Fact::Taken(job));
            }
        }
        Event::Message { from, message: &Say::Result(job, answer) } => {
            workers.insert(from, None);
            open.remove(&job);
            out.record(Fact::Answered(job, Some(answer)));
        }
        Event::Exit { from, .. } => {
            if let Some(Some(job)) = workers.remove(&from) {
                out.record(Fact::Killed(job));
                if jobs.open.get(&job).is_some_and(|deaths| deaths + 1 == TOO_DEADLY) {
                    open.remove(&job);
                    out.record(Fact::Answered(job, None));
                }
            }
        }
        Event::Message { .. } | Event::Down { .. } | Event::Timer { .. } => {}
    }
    while workers.len() < WORKERS {
        let worker = out.spawn(Party::Worker);
        out.link(worker);
        workers.insert(worker, None);
    }
    let given: BTreeSet<u32> = workers.values().flatten().copied().collect();
    let idle = workers.iter_mut().filter(|(_, job)| job.is_none());
    for ((worker, at), job) in idle.zip(open.difference(&given)) {
        *at = Some(*job);
        out.send(*worker, Say::Work(*job));
    }
}

/// An office with its manager, who is supervised.
fn office<W: Watch<Party>>(watch: W) -> World<Party, W> {
    let mut world = World::new(Jobs::default(), Some(MANAGER), watch);
    let manager = Node::one("manager", ()).named(MANAGER);
    world
        .grow(None, Node::group("office", Strategy::OneForOne, Intensity::times(9), vec![manager]));
    world
}

#[allow(clippy::print_stdout, reason = "it tells its story")]
fn main() {
    std::panic::set_hook(Box::new(|_| {})); // a worker's death is told by the chart
    let mut world = office(Recorder::new("client"));
    let manager = world.whereis(MANAGER).expect("the office has a manager");
    world.watch.call(manager, "manager");
    for job in [3, POISON, 5] {
        world.send(manager, Say::Submit(job));
    }
    world.run();
    println!("{}", Picture::of("three jobs, of which one is poison", world.watch.rows()));
    println!("answers: {:?}", world.keeper().answers);
}

#[test]
fn every_job_is_answered_once_in_every_order_with_two_deaths() {
    use kernel::explore::{Explorer, Law, Scene};
    let scene =
        Scene::new(office(())).client([(MANAGER, Say::Submit(3)), (MANAGER, Say::Submit(5))]);
    let jobs = |scene: &Scene<Party>| scene.world.keeper().clone();
    let right = Law::always("answers are right", move |scene| {
        let wrong =
            jobs(scene).answers.into_iter().find(|(job, answer)| *answer != Some(job * job));
        wrong.map_or(Ok(()), |wrong| Err(format!("{wrong:?}")))
    });
    let all = Law::can_always("what is taken can be answered", move |s| jobs(s).open.is_empty());
    let explorer = Explorer::new(scene.faults(2))
        .law(right.sometimes(move |scene| jobs(scene).answers.len() == 2))
        .law(all.sometimes(move |scene| !jobs(scene).open.is_empty()));
    let report = explorer.search();
    assert!(report.is_proof(), "{report:?}");
}

#[test]
fn a_job_that_kills_everybody_is_given_up() {
    let mut world = office(());
    world.send_to(MANAGER, Say::Submit(POISON));
    world.send_to(MANAGER, Say::Submit(5));
    world.run();
    assert_eq!(world.keeper().answers, BTreeMap::from([(5, Some(25)), (POISON, None)]));
}
