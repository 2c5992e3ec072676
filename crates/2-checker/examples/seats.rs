//! The last seat: the protocol of `docs/kernel.md`, whose code and output are these.

use checker::chart::{Picture, Recorder};
use checker::explore::{Action, Explorer, Law, Report, Scene};
use kernel::live::{Station, Turn, join};
use kernel::{
    Broken, Event, Intensity, Name, Node, Out, Pid, Process, StartContext, StateMachine, Strategy,
    Watch, World,
};

const DESK: Name = Name(0);

/// What they say to each other.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Message {
    Ask,
    Offer,
    Pay,
    Ticket,
    SoldOut,
}

/// What the desk has learnt to do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Skills {
    /// Watches the buyer to whom it has offered the seat.
    watches: bool,
    /// Looks into the log when it comes back from a death.
    reads: bool,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Party {
    Desk(Desk),
    Buyer(Option<Message>),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Desk {
    skills: Skills,
    sold: bool,
    /// Who asked and has no answer yet; the first of them has the offer.
    queue: Vec<Pid>,
}

impl Desk {
    fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Party>) {
        match event {
            Event::Start => {
                self.sold = self.skills.reads && out.read_state().is_some_and(|seat| seat.sold);
            }
            Event::Message { from, message: Message::Ask } if !self.queue.contains(&from) => {
                self.queue.push(from);
                if self.queue.len() == 1 {
                    self.serve(out);
                }
            }
            Event::Message { from, message: Message::Pay } if self.queue.first() == Some(&from) => {
                out.record(Sold);
                out.send(from, Message::Ticket);
                self.sold = true;
                self.queue.remove(0);
                self.serve(out);
            }
            Event::Down { pid, .. } => {
                self.queue.retain(|buyer| *buyer != pid);
                self.serve(out);
            }
            // Late and doubled words, and what buyers do not say.
            Event::Message { .. } | Event::Exit { .. } | Event::Timer { .. } => {}
        }
    }

    /// Offers the seat to the first in the queue; if it is sold, answers all of them.
    fn serve(&mut self, out: &mut Out<Party>) {
        out.demonitor_all();
        while self.sold && !self.queue.is_empty() {
            out.send(self.queue.remove(0), Message::SoldOut);
        }
        if let Some(first) = self.queue.first() {
            if self.skills.watches {
                out.monitor(*first);
            }
            out.send(*first, Message::Offer);
        }
    }
}

/// A buyer asks until it has an answer, and pays for what it is offered.
fn buy(answer: &mut Option<Message>, event: Event<'_, Message>, out: &mut Out<Party>) {
    match event {
        Event::Message { from, message: Message::Offer } => out.send(from, Message::Pay),
        Event::Message { message: Message::Ticket | Message::SoldOut, .. } if answer.is_some() => {}
        Event::Message { message, .. } => *answer = Some(*message),
        Event::Start | Event::Down { .. } if answer.is_none() => {
            if let Some(desk) = out.whereis(DESK) {
                out.monitor(desk);
                out.send(desk, Message::Ask);
            }
        }
        Event::Start | Event::Down { .. } | Event::Exit { .. } | Event::Timer { .. } => {}
    }
}

impl Process for Party {
    type Message = Message;
    type Fact = Sold;
    type StateMachine = Seat;
    type Note = ();
    type Role = Skills;

    fn start(skills: &Skills, _context: StartContext<'_, ()>) -> Party {
        Party::Desk(Desk { skills: *skills, sold: false, queue: Vec::new() })
    }

    fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Party>) {
        match self {
            Party::Desk(desk) => desk.handle(event, out),
            Party::Buyer(answer) => buy(answer, event, out),
        }
    }
}

/// The only fact there is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Sold;

/// What the log has folded to.
#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
struct Seat {
    sold: bool,
}

impl StateMachine for Seat {
    type Fact = Sold;

    fn apply(&mut self, _by: Pid, facts: &[Sold]) -> Result<(), Broken> {
        self.sold |= !facts.is_empty();
        Ok(())
    }
}

/// A supervised desk, and two unsupervised buyers.
fn hall<W: Watch<Party>>(skills: Skills, watch: W) -> World<Party, W> {
    let mut world = World::new(Seat::default(), Some(DESK), watch);
    let desk = Node::one("desk", skills).named(DESK);
    world.grow(None, Node::group("hall", Strategy::OneForOne, Intensity::times(5), vec![desk]));
    world.spawn(Party::Buyer(None));
    world.spawn(Party::Buyer(None));
    world
}

fn answers(scene: &Scene<Party>) -> Vec<Option<Message>> {
    heard(&scene.world)
}

/// What each buyer was answered.
fn heard(world: &World<Party>) -> Vec<Option<Message>> {
    let buyers = world.processes().filter_map(|(.., party)| match party {
        Party::Buyer(answer) => Some(*answer),
        Party::Desk(_) => None,
    });
    buyers.collect()
}

fn one_ticket() -> Law<Scene<Party>> {
    let tickets = |scene: &Scene<Party>| {
        answers(scene).into_iter().filter(|answer| *answer == Some(Message::Ticket)).count()
    };
    let law = Law::always("one seat, one ticket", move |scene| match tickets(scene) {
        0 | 1 => Ok(()),
        more => Err(format!("{more} tickets")),
    });
    law.sometimes(move |scene| tickets(scene) == 1)
}

fn all_answered() -> Law<Scene<Party>> {
    let law = Law::can_always("every buyer can be answered", |scene: &Scene<Party>| {
        answers(scene).iter().all(Option::is_some)
    });
    law.sometimes(|scene| answers(scene).contains(&Some(Message::SoldOut)))
}

fn explored(skills: Skills) -> Report<Action> {
    let scene = Scene::new(hall(skills, ())).faults(2);
    Explorer::new(scene).law(one_ticket()).law(all_answered()).search()
}

/// Runs a path again, drawn.
fn drawn(title: &str, skills: Skills, path: &[Action]) -> Picture {
    let mut scene = Scene::new(hall(skills, Recorder::new("outside"))).faults(2);
    let pids: Vec<Pid> = scene.world.processes().map(|(pid, ..)| pid).collect();
    for (pid, name) in pids.into_iter().zip(["desk", "ann", "bob"]) {
        scene.world.watch.call(pid, name);
    }
    scene.play(path);
    Picture::of(title, scene.world.watch.rows())
}

/// How a law is broken, as a chart.
fn counterexample(skills: Skills, law: usize) -> Option<Picture> {
    let counterexample = explored(skills).verdicts.swap_remove(law).counterexample?;
    Some(drawn(&counterexample.what, skills, &counterexample.path))
}

const NAIVE: Skills = Skills { watches: false, reads: false };
const WATCHFUL: Skills = Skills { watches: true, reads: false };
const WHOLE: Skills = Skills { watches: true, reads: true };

/// A turn of the edge of a live world.
fn turn(world: &mut World<Party>, now: u64, brought: &[Message], journal: &mut Vec<Sold>) {
    world.set_time(now); // timers that are due will fire
    for message in brought {
        world.send_to(DESK, *message); // from whatever brings messages: a socket, a queue
    }
    world.run(); // until nothing waits
    journal.extend(world.take_log()); // make them durable before any client hears of them
}

/// A desk in one world, and the buyers in another, in which its name is known.
fn halls() -> [World<Party>; 2] {
    let world = |number| World::new(Seat::default(), Some(DESK), ()).numbered(number);
    let [mut here, mut there] = [0, 1].map(world);
    let desk = Node::one("desk", WHOLE).named(DESK);
    here.grow(None, Node::group("hall", Strategy::OneForOne, Intensity::times(5), vec![desk]));
    there.know(DESK, 0);
    there.spawn(Party::Buyer(None));
    there.spawn(Party::Buyer(None));
    [here, there]
}

/// Runs a world on this thread until it is over, or nothing can come any more.
fn run_until(station: &mut Station<Party>, is_over: impl Fn(&Station<Party>) -> bool) {
    while !is_over(station) {
        match station.turn() {
            Turn::Busy => {}
            Turn::HeldBack => std::thread::yield_now(), // the other world has to take something first
            Turn::Idle if station.wait() => {}
            Turn::Idle => return,
        }
    }
}

/// What the buyers are answered, if they have a thread of their own.
#[allow(clippy::disallowed_methods, reason = "an edge: each world has a thread")]
fn on_two_threads() -> Vec<Option<Message>> {
    let stations: [Station<Party>; 2] =
        join(halls().into(), 64).try_into().expect("a station for each world");
    let [mut desk, mut buyers] = stations;
    std::thread::scope(move |threads| {
        threads.spawn(move || run_until(&mut desk, |desk| desk.lost().next().is_some()));
        run_until(&mut buyers, |buyers| heard(&buyers.world).iter().all(Option::is_some));
        let heard = heard(&buyers.world);
        drop(buyers); // which the desk's world hears
        heard
    })
}

/// All that the tutorial shows, in its order.
pub(crate) fn story() -> String {
    let mut world = hall(NAIVE, Recorder::new("outside"));
    let pids: Vec<Pid> = world.processes().map(|(pid, ..)| pid).collect();
    for (pid, name) in pids.into_iter().zip(["desk", "ann", "bob"]) {
        world.watch.call(pid, name);
    }
    world.run();
    let happy = Picture::of("two buyers and one seat", world.watch.rows());
    let [stuck, twice] = [(NAIVE, 1), (WATCHFUL, 0)].map(|(skills, law)| {
        counterexample(skills, law).map(|picture| picture.to_string()).unwrap_or_default()
    });
    let whole = explored(WHOLE);
    let proof =
        format!("states {}, depth {}, proof: {}", whole.states, whole.depth, whole.is_proof());
    let (mut world, mut journal) = (hall(WHOLE, ()), Vec::new());
    turn(&mut world, 1_000, &[], &mut journal);
    turn(&mut world, 2_000, &[Message::Ask], &mut journal); // comes too late
    let live = format!("the journal of a live world: {journal:?}");
    let apart = format!("on two threads: {:?}", on_two_threads());
    [happy.to_string(), stuck, twice, proof, live, apart].join("\n\n")
}

#[allow(clippy::print_stdout, reason = "it tells its story")]
fn main() {
    println!("{}", story());
}
