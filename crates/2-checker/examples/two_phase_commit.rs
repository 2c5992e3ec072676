//! Two-phase commit, and where it blocks: a bank that has voted waits for the coordinator's decision.
//!
//! ```text
//! a bank has voted, and the coordinator does not come back
//! then
//!   coordinator -> bank1        prepare
//!   x coordinator dies
//!   bank1       -x coordinator  vote true
//! ```
//!
//! What could go wrong here?
//!
//! - `prepare`: the coordinator dies. Its next life decides no; without a next life, as here, there is no decision.
//! - `vote`: the bank is bound from here on, and can only wait.
//! - `decided`: the coordinator dies. Its next life finds the decision in the log and sends it again.

use checker::chart::{Picture, Recorder};
use checker::explore::{Action, Explorer, Law, Report, Scene};
use kernel::{
    Broken, Event, Intensity, Name, Node, Out, Pid, Process, Restart, StartContext, StateMachine,
    Strategy, Watch, World,
};

const COORDINATOR: Name = Name(0);
const BANKS: [Name; 2] = [Name(1), Name(2)];

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Message {
    Prepare,
    Vote(bool),
    Decide(bool),
}

/// The coordinator's word, which is one for ever.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Decided(bool);

#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
struct Log(Option<bool>);

impl StateMachine for Log {
    type Fact = Decided;

    fn apply(&mut self, _by: Pid, facts: &[Decided]) -> Result<(), Broken> {
        for Decided(word) in facts {
            if self.0.replace(*word).is_some_and(|before| before != *word) {
                return Err(Broken("it was decided otherwise".into()));
            }
        }
        Ok(())
    }
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Party {
    /// How many said yes.
    Coordinator(usize),
    /// How it votes; whether it has, and is bound; what it was told.
    Bank(bool, bool, Option<bool>),
}

impl Process for Party {
    type Message = Message;
    type Fact = Decided;
    type StateMachine = Log;
    type Note = ();
    /// A bank's vote; `None` for the coordinator.
    type Role = Option<bool>;

    fn start(vote: &Option<bool>, _context: StartContext<'_, ()>) -> Party {
        vote.map_or(Party::Coordinator(0), |vote| Party::Bank(vote, false, None))
    }

    fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Party>) {
        match self {
            Party::Coordinator(yes) => match event {
                Event::Start => match out.read_state().and_then(|log| log.0) {
                    None if out.incarnation() == 1 => {
                        BANKS.into_iter().for_each(|bank| out.send_to(bank, Message::Prepare));
                    }
                    word => decide(word.unwrap_or(false), out), // back from a death: the log's word, or no
                },
                Event::Message { message: Message::Vote(true), .. } if *yes + 1 < BANKS.len() => {
                    *yes += 1;
                }
                Event::Message { message: Message::Vote(vote), .. } => decide(*vote, out),
                Event::Message { message: Message::Prepare | Message::Decide(_), .. }
                | Event::Down { .. }
                | Event::Exit { .. }
                | Event::Timer { .. } => {}
            },
            Party::Bank(vote, bound, told) => match event {
                Event::Message { message: Message::Prepare, .. } => {
                    *bound = true;
                    out.send_to(COORDINATOR, Message::Vote(*vote));
                }
                Event::Message { message: Message::Decide(word), .. } => *told = Some(*word),
                Event::Message { message: Message::Vote(_), .. }
                | Event::Start
                | Event::Down { .. }
                | Event::Exit { .. }
                | Event::Timer { .. } => {}
            },
        }
    }
}

/// Says the word that is in the log, or puts this one there.
fn decide(word: bool, out: &mut Out<Party>) {
    let logged = out.read_state().and_then(|log| log.0);
    if logged.is_none() {
        out.record(Decided(word));
    }
    let word = logged.unwrap_or(word);
    BANKS.into_iter().for_each(|bank| out.send_to(bank, Message::Decide(word)));
}

fn banks(scene: &Scene<Party>) -> impl Iterator<Item = (bool, Option<bool>)> {
    scene.world.processes().filter_map(|(.., party)| match *party {
        Party::Bank(_, bound, told) => Some((bound, told)),
        Party::Coordinator(_) => None,
    })
}

/// Two banks and a coordinator, who comes back from a death or does not.
fn deal<W: Watch<Party>>(comes_back: Restart, votes: [bool; 2], watch: W) -> World<Party, W> {
    let mut world = World::new(Log::default(), Some(COORDINATOR), watch);
    let bank = |(name, vote)| Node::one("bank", Some(vote)).named(name);
    let mut all: Vec<_> = BANKS.into_iter().zip(votes).map(bank).collect();
    all.push(Node::one("coordinator", None).named(COORDINATOR).restarted(comes_back));
    world.grow(None, Node::group("deal", Strategy::OneForOne, Intensity::times(9), all));
    world
}

/// Every order of it, with a death of the coordinator.
fn explored(comes_back: Restart, votes: [bool; 2]) -> Report<Action> {
    let coordinator = |world: &World<Party>, pid| world.whereis(COORDINATOR) == Some(pid);
    let agree = Law::always("no two are told otherwise", move |scene: &Scene<Party>| {
        let mut told: Vec<bool> = banks(scene).filter_map(|(_, told)| told).collect();
        told.dedup();
        if told.len() < 2 && told.first().is_none_or(|yes| !yes || votes == [true; 2]) {
            Ok(())
        } else {
            Err(format!("{told:?} after the votes {votes:?}"))
        }
    });
    let all_told =
        |scene: &Scene<Party>| banks(scene).all(|(bound, told)| !bound || told.is_some());
    let ends = Law::can_always("who is bound can be told", all_told);
    let agree = agree.sometimes(|scene| banks(scene).all(|(_, told)| told.is_some()));
    let scene = Scene::new(deal(comes_back, votes, ())).faults(1).killable(coordinator);
    Explorer::new(scene)
        .law(agree)
        .law(ends.sometimes(|scene| banks(scene).any(|(bound, _)| bound)))
        .search()
}

/// How it blocks if the coordinator stays away, and that it does not if there is a next life.
fn story() -> String {
    let gone = explored(Restart::Temporary, [true; 2]);
    let counterexample =
        gone.verdicts[1].counterexample.as_ref().expect("a bound bank waits for ever");
    let mut again = Scene::new(deal(Restart::Temporary, [true; 2], Recorder::new("outside")));
    for (name, called) in [(COORDINATOR, "coordinator"), (BANKS[0], "bank1"), (BANKS[1], "bank2")] {
        again.world.whereis(name).into_iter().for_each(|pid| again.world.watch.call(pid, called));
    }
    again.play(&counterexample.path);
    let title = "a bank has voted, and the coordinator does not come back";
    let chart = Picture::of(title, again.world.watch.rows());
    let back = explored(Restart::Permanent, [true; 2]);
    format!("{chart}\n\nif it comes back: {} states, proof: {}", back.states, back.is_proof())
}

#[allow(clippy::print_stdout, reason = "it tells its story")]
fn main() {
    println!("{}", story());
}

#[test]
fn it_blocks_only_if_the_coordinator_stays_away() {
    for votes in [[true, true], [true, false], [false, false]] {
        assert!(explored(Restart::Permanent, votes).is_proof(), "{votes:?}");
        let report = explored(Restart::Temporary, votes);
        let holds: Vec<_> = report.verdicts.iter().map(|verdict| verdict.holds).collect();
        assert_eq!(holds, [Some(true), Some(false)], "{votes:?}: agreed, and stuck");
    }
}

#[cfg(test)]
#[path = "shared/header.rs"]
mod header;

#[test]
fn its_header_shows_what_happens() {
    header::shows(include_str!("two_phase_commit.rs"), &story());
}
