//! What comes and goes leaves nothing behind.

use kernel::{
    Event, Intensity, Name, NoFact, NoStateMachine, Node, NodeId, Out, Process, Reason,
    StartContext, Strategy, World,
};

/// A ledger process that has `count` workers come and go, or one of them.
#[derive(Clone, Debug)]
enum Staff {
    Clerk { key: u64 },
    Worker,
}

#[derive(Clone, Debug)]
enum Message {
    Hire { count: u64 },
    Work { then: Reason },
}

const CLERK: Name = Name(0);
const WORKERS: Name = Name(1);

impl Process for Staff {
    type Message = Message;
    type Fact = NoFact;
    type StateMachine = NoStateMachine;
    type Note = u64;
    type Role = Staff;

    fn start(role: &Staff, _context: StartContext<'_, u64>) -> Staff {
        role.clone()
    }

    fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Staff>) {
        match (self, event) {
            (Staff::Clerk { key }, Event::Message { message: Message::Hire { count }, .. }) => {
                for _ in 0..*count {
                    *key += 1;
                    let (worker, _) = out.spawn_child_monitored(WORKERS, *key, Staff::Worker);
                    if *key % 8 == 0 {
                        let gone = out.monitor(worker);
                        out.demonitor(gone);
                        out.link(worker);
                        out.unlink(worker);
                    }
                    let then = [Reason::Normal, Reason::Shutdown, Reason::Said(1)];
                    let then =
                        then[usize::from(*key % 16 == 0) + usize::from(*key % 32 == 0)].clone();
                    out.send(worker, Message::Work { then });
                }
            }
            (Staff::Worker, Event::Message { message: Message::Work { then }, .. }) => {
                out.note(Some(out.key()));
                out.timer(1_000_000, 1);
                out.join(1, 1);
                out.exit(then.clone());
            }
            // One that failed and lives again is done then.
            (Staff::Worker, Event::Start) if out.incarnation() > 1 => out.exit(Reason::Normal),
            (Staff::Worker | Staff::Clerk { .. }, _) => {}
        }
    }
}

fn office() -> (World<Staff>, NodeId) {
    let mut world = World::new(NoStateMachine, None, ());
    let children = vec![
        Node::many("workers", Staff::Worker).named(WORKERS),
        Node::one("recruiter", Staff::Clerk { key: 0 }).named(CLERK),
    ];
    world.grow(None, Node::group("office", Strategy::OneForAll, Intensity::times(3), children));
    world.run();
    let workers = world.node("office/workers").expect("was grown");
    (world, workers)
}

#[test]
fn a_million_that_come_and_go_take_no_more_room_than_a_thousand() {
    let (mut world, workers) = office();
    let mut first = None;
    for _ in 0..1_000 {
        world.send_to(CLERK, Message::Hire { count: 1_000 });
        world.run();
        let census = world.census();
        assert_eq!((census.processes, census.supervisors, census.between), (1, 2, 0));
        assert_eq!((census.links, census.notes, census.timers), (0, 0, 0));
        assert_eq!(*first.get_or_insert(census), census, "nothing has grown");
    }
    assert_eq!(world.child(workers, 1_000_000), None);
    assert_eq!(world.undeliverable(), 0);
}

#[test]
fn restarts_of_a_whole_branch_take_no_room_either() {
    let (mut world, _) = office();
    let mut first = None;
    for time in 1..1_000 {
        world.set_time(time * 10_000_000_000);
        world.send_to(CLERK, Message::Hire { count: 10 });
        let clerk = world.whereis(CLERK).expect("lives");
        while world.waiting() > 12 {
            world.deliver_at(0);
        }
        world.kill(clerk);
        world.run();
        let census = world.census();
        assert_eq!((census.processes, census.supervisors, census.between), (1, 2, 0));
        assert_eq!((census.links, census.notes, census.timers), (0, 0, 0));
        assert_eq!(*first.get_or_insert(census), census, "nothing has grown");
    }
    assert!(world.death().is_none());
}

#[test]
fn what_a_step_that_panics_had_reserved_is_free_again() {
    crate::schedule::quietly();
    let diary = crate::actor::Diary::default();
    let mut town = crate::actor::town();
    let mut first = None;
    for _ in 0..10_000 {
        let ann = town.spawn(diary.actor("ann"));
        let mine = diary.clone();
        town.send(
            ann,
            crate::actor::act(move |out| {
                for _ in 0..3 {
                    let pid = out.spawn(mine.actor("child"));
                    out.monitor(pid);
                    out.link(pid);
                }
                panic!("planned")
            }),
        );
        town.run();
        assert_eq!(*first.get_or_insert(town.census()), town.census());
    }
}
