//! Request and reply with a late answer: a process that times out asks again. It must not take the
//! late answer to the first question for the answer to the second.
//!
//! ```text
//! without numbers: asked about 20, took 10
//! then
//!   asker  -> server  query 1 10
//!   asker  -> asker   timer 1
//!   server -> asker   answer 1 10
//!   asker  -> server  query 2 10
//!   server -> asker   answer 2 10
//! ```
//!
//! So each question has a number, and its answer carries it. What could go wrong here?
//!
//! - `query`: no answer comes in time. A timer fires, and the asker repeats it with a new number.
//! - `query`: the server dies. The monitor fires, and the asker sends it to the next life.
//! - `answer`: it is late. Its number is not the one awaited, and the asker drops it.

use checker::chart::{Picture, Recorder};
use checker::explore::{Action, Explorer, Law, Report, Scene};
use kernel::{
    Event, Intensity, Name, NoFact, NoStateMachine, Node, Out, Process, StartContext, Strategy,
    Watch, World,
};

const SERVER: Name = Name(0);
const ASKER: Name = Name(1);
const PATIENCE: u64 = 1_000;
/// What is asked about, one after the other; each until it is answered or was asked twice.
const QUESTIONS: [u32; 2] = [10, 20];

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Message {
    /// Its number, and about what.
    Query(u32, u32),
    /// To the question of this number, about what.
    Answer(u32, u32),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Party {
    Server,
    Asker(Asker),
}

#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
struct Asker {
    careful: bool,
    asked: u32,
    heard: Vec<(u32, u32)>,
}

impl Asker {
    fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Party>) {
        match event {
            Event::Start | Event::Down { .. } => self.ask(out),
            Event::Timer { token } if token == u64::from(self.asked) => self.ask(out),
            Event::Message { message: &Message::Answer(number, about), .. }
                if number == self.asked || !self.careful =>
            {
                if let Some(wanted) = self.about() {
                    self.heard.push((wanted, about));
                    self.asked += self.asked % 2; // answered: on to the next question
                    self.ask(out);
                }
            }
            // Late answers, timers of earlier questions, and messages that are not for an asker.
            Event::Message { message: Message::Answer(..) | Message::Query(..), .. }
            | Event::Timer { .. }
            | Event::Exit { .. } => {}
        }
    }

    /// What is asked about now: each may be asked once, and once more.
    fn about(&self) -> Option<u32> {
        QUESTIONS.get(self.asked.checked_sub(1)? as usize / 2).copied()
    }

    fn ask(&mut self, out: &mut Out<Party>) {
        out.demonitor_all();
        self.asked += 1;
        let (Some(about), Some(server)) = (self.about(), out.whereis(SERVER)) else { return };
        out.monitor(server);
        out.timer(PATIENCE, self.asked.into());
        out.send(server, Message::Query(self.asked, about));
    }
}

impl Process for Party {
    type Message = Message;
    type Fact = NoFact;
    type StateMachine = NoStateMachine;
    type Note = ();
    /// Whether an asker looks at the numbers of answers; `None` for the server.
    type Role = Option<bool>;

    fn start(careful: &Option<bool>, _context: StartContext<'_, ()>) -> Party {
        let asker = |careful| Party::Asker(Asker { careful, ..Asker::default() });
        careful.map_or(Party::Server, asker)
    }

    fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Party>) {
        match self {
            Party::Server => serve(event, out),
            Party::Asker(asker) => asker.handle(event, out),
        }
    }
}

fn serve(event: Event<'_, Message>, out: &mut Out<Party>) {
    match event {
        Event::Message { from, message: &Message::Query(number, about) } => {
            out.send(from, Message::Answer(number, about));
        }
        Event::Message { message: Message::Answer(..), .. }
        | Event::Start
        | Event::Down { .. }
        | Event::Exit { .. }
        | Event::Timer { .. } => {}
    }
}

fn shop<W: Watch<Party>>(careful: bool, watch: W) -> World<Party, W> {
    let mut world = World::new(NoStateMachine, None, watch);
    let server = Node::one("server", None).named(SERVER);
    let asker = Node::one("asker", Some(careful)).named(ASKER);
    let all = vec![server, asker];
    world.grow(None, Node::group("shop", Strategy::OneForOne, Intensity::times(9), all));
    world
}

fn asker<W: Watch<Party>>(world: &World<Party, W>) -> Asker {
    match world.whereis(ASKER).and_then(|pid| world.process(pid)) {
        Some(Party::Asker(asker)) => asker.clone(),
        _ => Asker::default(),
    }
}

fn explored(careful: bool) -> Report<Action> {
    let server_only = |world: &World<Party>, pid| world.whereis(SERVER) == Some(pid);
    let scene = Scene::new(shop(careful, ())).faults(1).killable(server_only);
    let right = Law::always("an answer is to what was asked", |scene: &Scene<Party>| {
        let wrong = asker(&scene.world).heard.into_iter().find(|(asked, told)| asked != told);
        wrong.map_or(Ok(()), |(asked, told)| Err(format!("asked about {asked}, took {told}")))
    });
    let law = right.sometimes(|scene| asker(&scene.world).heard.len() == QUESTIONS.len());
    Explorer::new(scene).law(law).search()
}

/// How it goes wrong without numbers, and that it does not with them.
fn story() -> String {
    let report = explored(false);
    let counterexample =
        report.verdicts[0].counterexample.as_ref().expect("it takes whatever comes");
    let mut again = Scene::new(shop(false, Recorder::new("outside"))).faults(1);
    for (name, called) in [(SERVER, "server"), (ASKER, "asker")] {
        again.world.whereis(name).into_iter().for_each(|pid| again.world.watch.call(pid, called));
    }
    again.play(&counterexample.path);
    let title = format!("without numbers: {}", counterexample.what);
    let chart = Picture::of(&title, again.world.watch.rows());
    let whole = explored(true);
    format!("{chart}\n\nwith numbers: {} states, proof: {}", whole.states, whole.is_proof())
}

#[allow(clippy::print_stdout, reason = "it tells its story")]
fn main() {
    println!("{}", story());
}

#[test]
fn a_late_answer_is_never_taken_for_another() {
    assert!(explored(true).is_proof());
    assert_eq!(explored(false).verdicts[0].holds, Some(false));
}

#[cfg(test)]
#[path = "shared/header.rs"]
mod header;

#[test]
fn its_header_shows_what_happens() {
    header::shows(include_str!("late_answer.rs"), &story());
}
