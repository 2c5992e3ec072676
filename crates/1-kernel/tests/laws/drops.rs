//! Destructors that panic: of processes, messages, notes, facts and panics' own payloads. The world continues, and
//! only a process whose own destructor panics dies of it.

use std::cell::Cell;
use std::panic::panic_any;
use std::rc::Rc;

use kernel::{
    Broken, Event, Intensity, Name, Node, NodeId, Out, Pid, Process, Reason, Restart, StartContext,
    StateMachine, Strategy, World,
};

use crate::schedule::{quietly, under_every_schedule};

/// Panics when it is dropped, if it is armed. Counts the drops of those that are, of all of its copies.
#[derive(Clone, Debug)]
struct Mine {
    armed: bool,
    drops: Rc<Cell<u64>>,
}

impl Drop for Mine {
    fn drop(&mut self) {
        if self.armed {
            self.drops.set(self.drops.get() + 1);
            panic!("planned");
        }
    }
}

/// A payload of a panic without a text.
struct Plain;

/// One whose destructor panics, and that panic's payload is plain.
struct Once;

/// One whose destructor panics with another of its kind, without end. (None of the three takes memory: what is
/// given up is no leak.)
struct Endless;

impl Drop for Once {
    fn drop(&mut self) {
        panic_any(Plain);
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        panic_any(Endless);
    }
}

/// What a process receives.
#[derive(Clone, Debug)]
enum Message {
    /// Something that it only gets.
    Have { _mine: Mine },
    /// What it does.
    Do(End),
    /// To send this one a message that is armed.
    Tell(Pid),
    /// To watch this one.
    Watch(Pid),
    /// To link itself to this one.
    Link(Pid),
}

#[derive(Clone, Debug)]
enum Fact {
    Good { _mine: Mine },
    Wrong { _mine: Mine },
}

/// Admits what is good.
#[derive(Clone, Debug, Default)]
struct Book;

impl StateMachine for Book {
    type Fact = Fact;

    fn apply(&mut self, _by: Pid, facts: &[Fact]) -> Result<(), Broken> {
        match facts.iter().any(|fact| matches!(fact, Fact::Wrong { .. })) {
            true => Err(Broken("wrong".into())),
            false => Ok(()),
        }
    }
}

/// What a place is for: whether its processes' destructors panic, and what is counted there.
#[derive(Clone, Debug)]
struct Role {
    armed: bool,
    drops: Rc<Cell<u64>>,
}

/// Holds something, and what it has heard of others' ends.
#[derive(Clone, Debug)]
struct Holder {
    mine: Mine,
    heard: Vec<(Pid, Reason)>,
}

impl Process for Holder {
    type Message = Message;
    type Fact = Fact;
    type StateMachine = Book;
    type Note = Mine;
    type Role = Role;

    fn start(role: &Role, _context: StartContext<'_, Mine>) -> Holder {
        holder(role.armed, &role.drops)
    }

    fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Holder>) {
        match event {
            Event::Message { message, .. } => match message {
                Message::Have { .. } => {}
                Message::Do(act) => act(&self.mine, out),
                Message::Tell(to) => out.send(*to, Message::Have { _mine: armed(&self.mine) }),
                Message::Watch(pid) => {
                    out.monitor(*pid);
                }
                Message::Link(pid) => out.link(*pid),
            },
            Event::Down { pid, reason, .. } => self.heard.push((pid, reason.clone())),
            Event::Start | Event::Exit { .. } | Event::Timer { .. } => {}
        }
    }

    fn given_up(role: &Role, _key: u64, _keeper: &Book) -> Option<Fact> {
        let drops = Rc::clone(&role.drops);
        role.armed.then_some(Fact::Wrong { _mine: Mine { armed: true, drops } })
    }

    fn gave_up(role: &Role, _key: u64) -> Option<(Name, Message)> {
        let drops = Rc::clone(&role.drops);
        let message = Message::Have { _mine: Mine { armed: true, drops } };
        role.armed.then_some((Name(9), message)) // which no process has
    }
}

fn holder(armed: bool, drops: &Rc<Cell<u64>>) -> Holder {
    Holder { mine: Mine { armed, drops: Rc::clone(drops) }, heard: Vec::new() }
}

fn armed(like: &Mine) -> Mine {
    Mine { armed: true, drops: Rc::clone(&like.drops) }
}

type Room = World<Holder>;

/// A world with one whose destructor panics, another that is linked to it and a third that watches both.
fn three() -> (Room, Rc<Cell<u64>>, [Pid; 3]) {
    quietly();
    let drops = Rc::new(Cell::new(0));
    let mut room: Room = World::new(Book, None, ());
    let bad = room.spawn(holder(true, &drops));
    let [attached, witness] = [0, 0].map(|_| room.spawn(holder(false, &drops)));
    room.send(attached, Message::Link(bad));
    room.send(witness, Message::Watch(bad));
    room.send(witness, Message::Watch(attached));
    room.run();
    (room, drops, [bad, attached, witness])
}

/// The ends that the witness has heard of, by address: they come in any order.
fn heard(room: &Room, witness: Pid) -> Vec<(Pid, Reason)> {
    let mut heard = room.process(witness).expect("the witness lives").heard.clone();
    heard.sort_by_key(|(pid, _)| *pid);
    heard
}

/// A process can be started, be told something and end: the world goes on, in the slots that are free.
fn it_goes_on(room: &mut Room) {
    let drops = Rc::new(Cell::new(0));
    for _ in 0..5 {
        let next = room.spawn(holder(false, &drops));
        room.send(next, Message::Do(|_, out| out.exit(Reason::Normal)));
        room.run();
        assert!(!room.is_alive(next));
    }
    assert_eq!(room.waiting(), 0);
}

/// What a process does last.
type End = fn(&Mine, &mut Out<Holder>);

#[test]
fn a_process_whose_destructor_panics_has_ended_and_all_who_must_know_are_told() {
    let failed = || Reason::Failed("planned".into());
    let ends: [(End, Reason); 6] = [
        (|_, out| out.exit(Reason::Normal), failed()),
        (|_, out| out.exit(Reason::Shutdown), failed()),
        // Those that were none of its own wish, or a failure already, are told as they were.
        (|_, out| out.exit(Reason::Said(1)), Reason::Said(1)),
        (|_, out| out.exit_other(out.me(), Reason::Killed), Reason::Killed),
        (|_, _| panic!("planned"), failed()),
        (
            |mine, out| out.record(Fact::Wrong { _mine: armed(mine) }),
            Reason::Failed("wrong".into()),
        ),
    ];
    for (end, reason) in ends {
        under_every_schedule(20, |schedule| {
            let (mut room, drops, [bad, attached, witness]) = three();
            let before = room.census();
            room.send(bad, Message::Do(end));
            schedule.run(&mut room);
            let ends = [(bad, reason.clone()), (attached, reason.clone())];
            assert_eq!(heard(&room, witness), ends);
            assert!(!room.is_alive(bad) && !room.is_alive(attached) && room.is_alive(witness));
            let after = room.census();
            assert_eq!((after.processes, after.links), (before.processes - 2, 0));
            assert_eq!(after.free, before.free + 2, "both slots can be used again");
            assert_eq!(room.failed_drops(), drops.get());
            it_goes_on(&mut room);
        });
    }
}

#[test]
fn a_process_whose_destructor_panics_can_be_killed_from_the_edge() {
    let (mut room, drops, [bad, attached, witness]) = three();
    room.kill(bad);
    room.run();
    assert_eq!(heard(&room, witness), [(bad, Reason::Killed), (attached, Reason::Killed)]);
    assert_eq!((drops.get(), room.failed_drops(), room.failures()), (1, 1, 2));
    it_goes_on(&mut room);
}

/// A group with one place, of this kind and with a destructor that panics.
fn supervised(restart: Restart) -> (Room, Rc<Cell<u64>>, NodeId) {
    quietly();
    let drops = Rc::new(Cell::new(0));
    let mut room: Room = World::new(Book, None, ());
    let role = Role { armed: true, drops: Rc::clone(&drops) };
    let one = Node::one("bad", role).restarted(restart).named(Name(1));
    room.grow(None, Node::group("root", Strategy::OneForOne, Intensity::times(3), vec![one]));
    room.run();
    let node = room.node("root/bad").expect("was grown");
    (room, drops, node)
}

#[test]
fn a_transient_child_that_wanted_to_end_and_failed_at_it_lives_again() {
    under_every_schedule(20, |schedule| {
        let (mut room, drops, _) = supervised(Restart::Transient);
        let first = room.whereis(Name(1)).expect("is named");
        room.send(first, Message::Do(|_, out| out.exit(Reason::Normal)));
        schedule.run(&mut room);
        let next = room.whereis(Name(1)).expect("is named again");
        assert!(next != first && room.is_alive(next));
        assert_eq!((drops.get(), room.death()), (1, None));
    });
}

#[test]
fn a_tree_is_shut_down_whatever_destructors_do() {
    let (mut room, drops, node) = supervised(Restart::Permanent);
    assert_eq!(room.terminate_child(node), Ok(()));
    room.run();
    assert_eq!(room.restart_child(node), Ok(()));
    room.run();
    room.shut_down();
    room.run();
    assert_eq!((room.death(), room.census().processes), (Some(&Reason::Shutdown), 0));
    assert_eq!((drops.get(), room.failed_drops()), (2, 2));
}

#[test]
fn one_of_many_whose_destructor_panics_is_counted_and_given_up_alone() {
    under_every_schedule(20, |schedule| {
        quietly();
        let drops = Rc::new(Cell::new(0));
        let mut room: Room = World::new(Book, None, ());
        let role = Role { armed: true, drops: Rc::clone(&drops) };
        let many = Node::many("many", role).intensity_per_child(Intensity::times(1));
        room.grow(None, Node::group("root", Strategy::OneForOne, Intensity::times(3), vec![many]));
        let many = room.node("root/many").expect("was grown");
        let [one, two] = [1, 2].map(|key| room.spawn_child(many, key, holder(true, &drops)));
        schedule.run(&mut room);
        for _ in 0..2 {
            let pid = room.child(many, 1).expect("lives");
            room.send(pid, Message::Do(|_, out| out.exit(Reason::Normal)));
            schedule.run(&mut room);
        }
        assert_eq!((room.child(many, 1), room.child(many, 2)), (None, Some(two)));
        // Its two lives, the refused fact, and the message to an unregistered name.
        assert_eq!((drops.get(), room.failed_drops(), room.death()), (4, 4, None));
        assert_eq!(room.give_up_one_of(many, 2), Ok(()));
        assert_eq!((room.child(many, 2), drops.get()), (None, 7));
        assert!(!room.is_alive(one));
    });
}

#[test]
fn what_a_step_that_is_undone_had_made_is_dropped_in_peace() {
    under_every_schedule(20, |schedule| {
        let (mut room, drops, [bad, attached, witness]) = three();
        room.send(
            bad,
            Message::Do(|mine, out| {
                for _ in 0..3 {
                    out.record(Fact::Good { _mine: armed(mine) });
                    out.spawn(holder(true, &mine.drops));
                    out.multicast(Name(1), Message::Have { _mine: armed(mine) });
                    out.note(Some(armed(mine)));
                    out.send(out.me(), Message::Have { _mine: armed(mine) });
                }
                panic!("planned");
            }),
        );
        schedule.run(&mut room);
        let reason = Reason::Failed("planned".into());
        assert_eq!(heard(&room, witness), [(bad, reason.clone()), (attached, reason)]);
        assert_eq!(room.take_log().count(), 0);
        // Three of each, and the process itself. Messages lie in the ring until others want their places.
        for _ in 0..2_000 {
            room.send(witness, Message::Do(|_, _| {}));
            schedule.some(&mut room, 1);
        }
        assert_eq!((drops.get(), room.failed_drops()), (16, 16));
        it_goes_on(&mut room);
    });
}

#[test]
fn a_message_whose_destructor_panics_harms_nobody_wherever_it_ends() {
    under_every_schedule(5, |schedule| {
        let (mut room, drops, [_, attached, witness]) = three();
        let gone = room.spawn(holder(false, &drops));
        room.kill(gone);
        // To one who lives, to one who is gone, to oneself, to a place in no world.
        for to in [attached, gone, witness, Pid::OUTSIDE] {
            room.send(witness, Message::Tell(to));
        }
        schedule.run(&mut room);
        let mut told = 0;
        // Those that were delivered are the ring's past, and are dropped in the steps of others.
        while told < 3_000 {
            room.send(witness, Message::Tell(attached));
            schedule.run(&mut room);
            told += 1;
        }
        assert!(drops.get() > 1_500, "{}", drops.get());
        assert_eq!(room.failed_drops(), drops.get());
        assert!(room.is_alive(attached) && room.is_alive(witness));
        assert!(heard(&room, witness).is_empty());
    });
}

#[test]
fn a_message_is_dropped_in_peace_also_where_its_receiver_panics() {
    for at_once in [true, false] {
        let (mut room, drops, [bad, _, witness]) = three();
        // Delivered out of its turn, a message is no ring's any more when its receiver panics over it.
        let armed = Mine { armed: true, drops: Rc::clone(&drops) };
        room.send(bad, Message::Have { _mine: armed });
        room.send(bad, Message::Do(|_, _| panic!("planned")));
        match at_once {
            true => room.run(),
            false => while room.deliver_at(0) {},
        }
        assert!(!room.is_alive(bad) && room.is_alive(witness));
        assert_eq!(heard(&room, witness)[0], (bad, Reason::Failed("planned".into())));
    }
}

#[test]
fn a_note_whose_destructor_panics_is_wiped_out() {
    under_every_schedule(20, |schedule| {
        let (mut room, drops, [_, _, witness]) = three();
        for _ in 0..3 {
            room.send(witness, Message::Do(|mine, out| out.note(Some(armed(mine)))));
        }
        schedule.run(&mut room);
        assert_eq!((drops.get(), room.census().notes), (2, 1));
        room.kill(witness);
        assert_eq!((drops.get(), room.failed_drops(), room.census().notes), (3, 3, 0));
        it_goes_on(&mut room);
    });
}

#[test]
fn a_panic_whose_payload_panics_when_it_is_dropped_is_the_end_of_its_process_alone() {
    let ends: [End; 3] =
        [|_, _| panic_any(Plain), |_, _| panic_any(Once), |_, _| panic_any(Endless)];
    for panics in ends {
        under_every_schedule(5, |schedule| {
            let (mut room, _, [bad, attached, witness]) = three();
            room.send(bad, Message::Do(panics));
            schedule.run(&mut room);
            let reason = Reason::Failed("panic".into());
            assert_eq!(heard(&room, witness), [(bad, reason.clone()), (attached, reason)]);
            it_goes_on(&mut room);
        });
    }
}

#[test]
fn a_child_that_cannot_be_started_is_dropped_in_peace() {
    under_every_schedule(20, |schedule| {
        let (mut room, drops, [_, _, witness]) = three();
        room.send(
            witness,
            Message::Do(|mine, out| {
                let child = out.spawn_child(Name(7), 1, holder(true, &mine.drops));
                out.monitor(child);
                out.multicast(Name(7), Message::Have { _mine: armed(mine) });
            }),
        );
        schedule.run(&mut room);
        assert_eq!((drops.get(), room.failed_drops()), (2, 2));
        assert_eq!(heard(&room, witness)[0].1, Reason::NoProcess);
    });
}

#[test]
fn a_world_is_dropped_whatever_is_in_it() {
    let (mut room, drops, [bad, attached, _]) = three();
    for _ in 0..3 {
        room.spawn(holder(true, &drops));
        room.send(bad, Message::Tell(attached));
        room.send(bad, Message::Do(|mine, out| out.record(Fact::Good { _mine: armed(mine) })));
    }
    room.send(attached, Message::Do(|mine, out| out.note(Some(armed(mine)))));
    room.run();
    drop(room);
    assert_eq!(drops.get(), 4 + 3 + 3 + 1, "processes, messages, facts, a note");
}

#[test]
fn what_waits_for_a_world_that_is_lost_is_dropped_in_peace() {
    quietly();
    let drops = Rc::new(Cell::new(0));
    let mut room: Room = World::new(Book, None, ());
    let far = Pid::named(1, Name(3));
    let ann = room.spawn(holder(false, &drops));
    for _ in 0..3 {
        room.send(ann, Message::Tell(far));
    }
    room.run();
    assert_eq!((room.outbound(), drops.get()), (3, 0));
    room.lost(1);
    assert_eq!((room.outbound(), drops.get()), (0, 3));
    assert_eq!(room.failed_drops(), 3);
}
