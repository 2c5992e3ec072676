//! Worlds of roamers that a seed joins: what crosses is carried whenever chance says, in order within a pair and in
//! none between pairs; processes are killed between any two steps, and whole worlds are lost.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use kernel::{
    Intensity, Node, Pid, RemoteEnvelope, Restart, Seeded, Shutdown, Signal, Strategy, World,
};

use crate::roamer::{Books, Counter, MANY, Message, ROOT, Roamer, Shared, Wild, name_in};

/// Messages from outside to each world at the beginning.
const FIRST: u64 = 8;
/// Steps of a run, before it is left to itself.
const STEPS: u32 = 3_000;

/// A mistake of the carrier, to check that the laws notice it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mistake {
    /// The latest of a pair is handed over first.
    Overtakes,
    /// Now and then one is handed over twice.
    Doubles,
    /// Now and then one is not handed over.
    Drops,
    /// No process learns of the loss of a world.
    KeepsTheLossSecret,
}

/// What a seed makes of its run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    worlds: u8,
    /// Each pair of processes has a wire; otherwise each pair of worlds, as threads have.
    wire_per_pair: bool,
    /// Steps of 100 that carry a signal.
    carries: usize,
    /// One step in this number kills a process.
    kills: usize,
    /// One step in this number loses a world.
    losses: usize,
}

/// From which world to which, and of whom if each pair has its own.
type Wire = (u8, u8, Option<(Pid, Pid)>);

pub(crate) struct Joined {
    pub(crate) plan: Plan,
    pub(crate) worlds: Vec<Wild>,
    pub(crate) lost: BTreeSet<u8>,
    pub(crate) heard: Shared,
    wires: BTreeMap<Wire, VecDeque<RemoteEnvelope<Message>>>,
    dice: Seeded,
    mistake: Option<Mistake>,
    pub(crate) carried: u64,
    pub(crate) killed: u64,
    /// Messages from outside.
    pub(crate) first: u64,
    /// Messages that were on a wire of a world that was lost, or sent to it later.
    pub(crate) dropped: u64,
}

impl Plan {
    fn draw(dice: &mut Seeded) -> Plan {
        let mut of = |choices: &[usize]| choices[dice.below(choices.len())];
        Plan {
            worlds: u8::try_from(of(&[2, 2, 3, 4])).expect("small"),
            wire_per_pair: of(&[0, 1]) == 1,
            carries: of(&[5, 30, 70]),
            kills: of(&[30, 100, usize::MAX]),
            losses: of(&[300, 1_500, usize::MAX, usize::MAX]),
        }
    }
}

fn world(number: u8, worlds: u8, heard: &Shared) -> Wild {
    let mut world = World::new(Books::default(), None, Counter::default()).numbered(number);
    let often = Intensity::times(1_000_000);
    let one = Node::one("one", Rc::clone(heard)).named(name_in(number));
    let many = Node::many("many", Rc::clone(heard)).named(MANY);
    let children = vec![
        one.restarted(Restart::Permanent).shutdown(Shutdown::Within(9)),
        many.intensity_per_child(Intensity::times(2)).shutdown(Shutdown::Within(9)),
    ];
    world.grow(None, Node::group("root", Strategy::OneForOne, often, children).named(ROOT));
    for other in (0..worlds).filter(|other| *other != number) {
        world.know(name_in(other), other);
    }
    world
}

impl Joined {
    pub(crate) fn new(seed: u64, mistake: Option<Mistake>) -> Joined {
        let mut dice = Seeded::new(seed);
        let (plan, heard) = (Plan::draw(&mut dice), Shared::default());
        let worlds = (0..plan.worlds).map(|number| world(number, plan.worlds, &heard)).collect();
        let (lost, wires) = (BTreeSet::new(), BTreeMap::new());
        let (carried, killed, first, dropped) = (0, 0, 0, 0);
        let mut joined = Joined {
            plan,
            worlds,
            lost,
            heard,
            wires,
            dice,
            mistake,
            carried,
            killed,
            first,
            dropped,
        };
        joined.begin();
        joined
    }

    fn begin(&mut self) {
        for world in &mut self.worlds {
            let loose: Vec<Pid> = (0..3).map(|_| world.spawn(Roamer::new(&self.heard))).collect();
            for number in 1..=FIRST {
                let to = loose[self.dice.below(loose.len())];
                let (meant, chance) = (Some(to), self.dice.draw());
                world.send(to, Message { number, meant, friend: to, fuel: 9, chance });
                self.first += 1;
            }
        }
    }

    /// The numbers of the worlds that are there.
    fn there(&self) -> Vec<u8> {
        (0..self.plan.worlds).filter(|number| !self.lost.contains(number)).collect()
    }

    fn any(&mut self) -> usize {
        let there = self.there();
        usize::from(there[self.dice.below(there.len())])
    }

    pub(crate) fn is_alive(&self, pid: Pid) -> bool {
        let is_lost = self.lost.contains(&pid.world());
        !is_lost && self.worlds[usize::from(pid.world())].is_alive(pid)
    }

    /// Puts what worlds have sent each other on the wires.
    fn post(&mut self) {
        for from in self.there() {
            let sent: Vec<_> = self.worlds[usize::from(from)].take_outbox().collect();
            for remote in sent {
                if self.lost.contains(&remote.to()) {
                    self.drop_one(&remote);
                    continue;
                }
                let pair = (remote.envelope.from, remote.envelope.to);
                let wire = (from, remote.to(), self.plan.wire_per_pair.then_some(pair));
                self.wires.entry(wire).or_default().push_back(remote);
            }
        }
    }

    fn drop_one(&mut self, remote: &RemoteEnvelope<Message>) {
        self.dropped += u64::from(matches!(remote.envelope.signal, Signal::Message(_)));
    }

    /// Hands over the oldest of a wire. False if nothing is on any.
    fn carry(&mut self) -> bool {
        if self.wires.is_empty() {
            return false;
        }
        let at = self.dice.below(self.wires.len());
        let mistaken = self.mistake.filter(|_| self.dice.below(8) == 0);
        let (key, wire) = self.wires.iter_mut().nth(at).expect("below their number");
        let key = *key;
        let remote = match mistaken {
            Some(Mistake::Overtakes) => wire.pop_back(),
            _ => wire.pop_front(),
        };
        let remote = remote.expect("a wire without anything is taken away");
        if wire.is_empty() {
            self.wires.remove(&key);
        }
        let world = &mut self.worlds[usize::from(remote.to())];
        if mistaken == Some(Mistake::Doubles) {
            world.accept(remote.clone());
        }
        if mistaken != Some(Mistake::Drops) {
            world.accept(remote);
        }
        self.carried += 1;
        true
    }

    /// Loses a world, unless it is the last.
    fn lose(&mut self) {
        let number = u8::try_from(self.any()).expect("small");
        if self.there().len() == 1 {
            return;
        }
        self.post();
        self.lost.insert(number);
        let (wires, lost) = std::mem::take(&mut self.wires)
            .into_iter()
            .partition(|((from, to, _), _)| *from != number && *to != number);
        self.wires = wires;
        let lost: BTreeMap<Wire, VecDeque<RemoteEnvelope<Message>>> = lost;
        lost.into_values().flatten().for_each(|remote| self.drop_one(&remote));
        if self.mistake != Some(Mistake::KeepsTheLossSecret) {
            for other in self.there() {
                self.worlds[usize::from(other)].lost(number);
            }
        }
    }

    fn kill(&mut self) {
        let at = self.any();
        let world = &mut self.worlds[at];
        let pids: Vec<_> = world.processes().map(|(pid, ..)| pid).collect();
        if !pids.is_empty() {
            self.killed += 1;
            world.kill(pids[self.dice.below(pids.len())]);
        }
    }

    /// Takes the seed's random steps.
    pub(crate) fn roam(&mut self) {
        let mut ready = Vec::new();
        for time in 0..STEPS {
            self.post();
            let Plan { carries, kills, losses, .. } = self.plan;
            let at = self.any();
            if self.dice.below(100) < carries {
                self.carry();
            } else {
                self.worlds[at].step_by(&mut self.dice, &mut ready);
            }
            if time % 16 == 0 {
                self.worlds[at].set_time(u64::from(time));
            }
            if kills < usize::MAX && self.dice.below(kills) == 0 {
                self.kill();
            }
            if losses < usize::MAX && self.dice.below(losses) == 0 {
                self.lose();
            }
        }
    }

    /// Leaves all to themselves until nothing waits and no timer is set.
    pub(crate) fn settle(&mut self) {
        for time in 1..1_000 {
            loop {
                self.there().iter().for_each(|number| self.worlds[usize::from(*number)].run());
                self.post();
                if !self.carry() {
                    break;
                }
            }
            let there = self.there();
            let is_quiet = |number: &u8| {
                let world = &self.worlds[usize::from(*number)];
                world.waiting() == 0 && world.next_timer().is_none() && world.census().between == 0
            };
            if there.iter().all(is_quiet) {
                return;
            }
            for number in there {
                self.worlds[usize::from(number)].set_time(1_000_000 + time * 10);
            }
        }
        panic!("a process is waited for, for ever");
    }

    /// Ends all living processes, and settles.
    pub(crate) fn end_all(&mut self) {
        for number in self.there() {
            let world = &mut self.worlds[usize::from(number)];
            let root = world.whereis(ROOT).expect("the root is never ended");
            world.kill(root);
            let loose: Vec<_> = world.processes().map(|(pid, ..)| pid).collect();
            loose.into_iter().for_each(|pid| world.kill(pid));
        }
        self.settle();
    }
}
