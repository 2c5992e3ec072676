//! Processes that do anything at random, and the books in which it is counted from outside.
//!
//! What a step did is recorded as facts of that step, so the count is as atomic as the step.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use kernel::{
    Broken, Envelope, Event, Intensity, MonitorRef, Name, Node, Out, Pid, Process, Reason, Restart,
    Seeded, Shutdown, Signal, StartContext, StateMachine, Strategy, Watch, World,
};

pub(crate) type Wild = World<Roamer, Counter>;

pub(crate) const MANY: Name = Name(0);
pub(crate) const ROOT: Name = Name(7);
/// Names that roamers take.
const NAMES: u32 = 6;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// The sender's count of its sends; goes up.
    pub(crate) number: u64,
    /// How far what this message sets off may go.
    pub(crate) fuel: u32,
    /// What decides what the receiver does.
    pub(crate) chance: u64,
}

#[derive(Clone, Debug)]
pub(crate) enum Fact {
    Sent,
    Monitored(MonitorRef, Pid, Pid),
    Demonitored(MonitorRef),
    Wrong,
}

/// One monitor, as the facts have it.
#[derive(Debug)]
pub(crate) struct Monitored {
    pub(crate) watcher: Pid,
    pub(crate) watched: Pid,
    pub(crate) demonitored: bool,
}

#[derive(Default)]
pub(crate) struct Books {
    pub(crate) sent: u64,
    pub(crate) monitors: BTreeMap<MonitorRef, Monitored>,
}

impl StateMachine for Books {
    type Fact = Fact;

    fn apply(&mut self, _by: Pid, facts: &[Fact]) -> Result<(), Broken> {
        if facts.iter().any(|fact| matches!(fact, Fact::Wrong)) {
            return Err(Broken("wrong".into()));
        }
        for fact in facts {
            match fact {
                Fact::Sent => self.sent += 1,
                Fact::Monitored(reference, watcher, watched) => {
                    let (watcher, watched) = (*watcher, *watched);
                    let monitored = Monitored { watcher, watched, demonitored: false };
                    let last = self.monitors.insert(*reference, monitored);
                    assert!(last.is_none(), "a reference names one monitor");
                }
                Fact::Demonitored(reference) => {
                    if let Some(monitored) = self.monitors.get_mut(reference) {
                        monitored.demonitored = true;
                    }
                }
                Fact::Wrong => unreachable!("looked for above"),
            }
        }
        Ok(())
    }
}

/// What was heard, by whatever step, undone or not.
#[derive(Default, Debug)]
pub(crate) struct Heard {
    /// Downs, by monitor.
    pub(crate) downs: BTreeMap<MonitorRef, u32>,
    /// Downs that came after the step that took their monitor away.
    pub(crate) late_downs: u32,
    /// Events that came before a life's start, and second starts.
    pub(crate) disorder: u32,
    pub(crate) panics: u32,
}

pub(crate) type Shared = Rc<RefCell<Heard>>;

#[derive(Clone, Debug)]
pub(crate) struct Roamer {
    heard: Shared,
    started: bool,
    sent: u64,
    peers: Vec<Pid>,
    monitors: Vec<MonitorRef>,
    taken_away: Vec<MonitorRef>,
}

impl Roamer {
    pub(crate) fn new(heard: &Shared) -> Roamer {
        let heard = Rc::clone(heard);
        let (peers, monitors, taken_away) = (Vec::new(), Vec::new(), Vec::new());
        Roamer { heard, started: false, sent: 0, peers, monitors, taken_away }
    }

    fn send(&mut self, to: Pid, fuel: u32, dice: &mut Seeded, out: &mut Out<Roamer>) {
        self.sent += 1;
        out.record(Fact::Sent);
        out.send(to, Message { number: self.sent, fuel, chance: dice.draw() });
    }

    fn anyone(&self, dice: &mut Seeded, out: &Out<Roamer>) -> Pid {
        let name = Name(1 + u32::try_from(dice.below(NAMES as usize)).expect("small"));
        let named = out.whereis(name);
        match (dice.below(3), self.peers.is_empty()) {
            (0, _) => named.unwrap_or(out.me()),
            (_, true) => named.unwrap_or(Pid::OUTSIDE),
            _ => self.peers[dice.below(self.peers.len())],
        }
    }

    fn act(&mut self, fuel: u32, dice: &mut Seeded, out: &mut Out<Roamer>) {
        let peer = self.anyone(dice, out);
        match dice.below(24) {
            0..=5 => self.send(peer, fuel, dice, out),
            6..=8 => {
                let pid = out.spawn(Roamer::new(&self.heard));
                self.peers.push(pid);
                self.send(pid, fuel, dice, out);
            }
            9 => {
                let key = dice.draw();
                let child = Roamer::new(&self.heard);
                let pid = if key.is_multiple_of(2) {
                    out.spawn_child(MANY, key, child)
                } else {
                    let (pid, reference) = out.spawn_child_monitored(MANY, key, child);
                    out.record(Fact::Monitored(reference, out.me(), pid));
                    self.monitors.push(reference);
                    pid
                };
                self.peers.push(pid);
                self.send(pid, fuel, dice, out);
            }
            10..=12 => {
                let reference = out.monitor(peer);
                out.record(Fact::Monitored(reference, out.me(), peer));
                self.monitors.push(reference);
            }
            13 => {
                if let Some(reference) = self.monitors.pop() {
                    out.demonitor(reference);
                    out.record(Fact::Demonitored(reference));
                    self.taken_away.push(reference);
                }
            }
            14 => out.link(peer),
            15 => out.unlink(peer),
            16 => out.trap_exits(dice.below(2) == 0),
            17 => out.note((dice.below(3) > 0).then_some(fuel)),
            18 => out.register(Name(1 + fuel % NAMES)),
            19 => {
                out.timer(u64::from(fuel), dice.draw());
            }
            20 => out.join(1, 1),
            _ => self.end(peer, dice, out),
        }
    }

    fn end(&mut self, peer: Pid, dice: &mut Seeded, out: &mut Out<Roamer>) {
        match dice.below(8) {
            0 => out.exit(Reason::Normal),
            1 => out.exit(Reason::Said(1)),
            2 => out.exit_other(peer, Reason::Killed),
            3 => out.exit_other(peer, Reason::Said(2)),
            4 => out.record(Fact::Wrong),
            5 => {
                self.heard.borrow_mut().panics += 1;
                panic!("planned")
            }
            _ => {}
        }
    }
}

impl Process for Roamer {
    type Message = Message;
    type Fact = Fact;
    type StateMachine = Books;
    type Note = u32;
    type Role = Shared;

    fn start(role: &Shared, _life: StartContext<'_, u32>) -> Roamer {
        Roamer::new(role)
    }

    fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Roamer>) {
        if self.started == matches!(event, Event::Start) {
            self.heard.borrow_mut().disorder += 1;
        }
        let (fuel, chance) = match event {
            Event::Start => {
                self.started = true;
                return;
            }
            Event::Message { from, message } => {
                self.peers.push(from);
                (message.fuel, message.chance)
            }
            Event::Down { monitor, .. } => {
                let mut heard = self.heard.borrow_mut();
                *heard.downs.entry(monitor).or_default() += 1;
                heard.late_downs += u32::from(self.taken_away.contains(&monitor));
                return;
            }
            // Asked to end, some do, and some must be killed.
            Event::Exit { reason: Reason::Shutdown, .. } if self.sent.is_multiple_of(2) => {
                return out.exit(Reason::Said(3));
            }
            Event::Exit { .. } => return,
            Event::Timer { token } => (3, token),
        };
        let mut dice = Seeded::new(chance);
        for _ in 0..1 + dice.below(7) {
            if fuel > 0 {
                self.act(fuel - 1, &mut dice, out);
            }
        }
    }
}

/// Counts messages as they arrive, and checks that those of a pair come in order.
#[derive(Default)]
pub(crate) struct Counter {
    pub(crate) delivered: u64,
    pub(crate) undeliverable: u64,
    pub(crate) overtaken: u64,
    last: BTreeMap<(Pid, Pid), u64>,
    pub(crate) all: Vec<String>,
}

impl Watch<Roamer> for Counter {
    fn delivered(&mut self, envelope: &Envelope<Message>) {
        if let Signal::Message(say) = &envelope.signal {
            self.delivered += 1;
            let last = self.last.insert((envelope.from, envelope.to), say.number);
            self.overtaken += u64::from(last.is_some_and(|last| last >= say.number));
        }
        self.all.push(format!("{envelope:?}"));
    }

    fn undeliverable(&mut self, envelope: &Envelope<Message>) {
        self.undeliverable += u64::from(matches!(envelope.signal, Signal::Message(_)));
        self.all.push(format!("{envelope:?}"));
    }
}

/// A tree with named roamers and a supervisor of many, and some outside it; messages under way
/// from outside, numbered from 1. How many they are is given too.
pub(crate) fn wild(seed: u64, heard: &Shared) -> (Wild, u64) {
    let mut world = World::new(Books::default(), None, Counter::default());
    let mut dice = Seeded::new(seed);
    let one = |name: &'static str, number| {
        let node = Node::one(name, Rc::clone(heard)).named(Name(number));
        node.restarted(Restart::Permanent).shutdown(Shutdown::Within(9))
    };
    let often = Intensity::times(1_000_000);
    let strategies = [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne];
    let (outer, inner) = (strategies[dice.below(3)], strategies[dice.below(3)]);
    let children = vec![
        one("a", 1),
        Node::group("inner", inner, often, vec![one("b", 2), one("c", 3)]),
        Node::many("many", Rc::clone(heard))
            .named(MANY)
            .intensity_per_child(Intensity::times(2))
            .shutdown(Shutdown::Within(9)),
    ];
    world.grow(None, Node::group("root", outer, often, children).named(ROOT));
    let loose: Vec<Pid> = (0..4).map(|_| world.spawn(Roamer::new(heard))).collect();
    let sent = 20;
    for number in 1..=sent {
        let to = match dice.below(2) {
            0 => loose[dice.below(loose.len())],
            _ => world
                .whereis(Name(1 + u32::try_from(dice.below(3)).expect("small")))
                .expect("the tree has named it"),
        };
        world.send(to, Message { number, fuel: 9, chance: dice.draw() });
    }
    (world, sent)
}

/// Moves the time on until no supervisor waits for anybody whom it has asked to end.
pub(crate) fn settle(world: &mut Wild) {
    let nodes: Vec<_> =
        ["root", "root/inner", "root/many"].iter().filter_map(|path| world.node(path)).collect();
    for time in 1.. {
        world.run();
        let mut children = nodes.iter().flat_map(|node| world.which_children(*node));
        let waits = children.any(|child| child.is_ending) || world.census().between > 0;
        if !waits && world.waiting() == 0 {
            return;
        }
        assert!(time < 1_000, "somebody is waited for, for ever");
        world.set_time(1_000_000 + time * 10);
    }
}
