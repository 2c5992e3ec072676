//! Processes that act at random, and counts of what they did, kept from outside. The tests of one
//! world (`laws`) and of joined worlds (`joined`) share them; each has [`Habits`] of its own.
//!
//! What a step did is recorded as facts of that step, so the count is as atomic as the step.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::rc::Rc;

use kernel::{
    Broken, Cause, Envelope, Event, MonitorRef, Name, Out, Pid, Process, Reason, RemoteSignal,
    Seeded, Signal, StartContext, StateMachine, Watch,
};

/// The supervisor of many, in each world its own.
pub(crate) const MANY: Name = Name(0);

/// What the roamers of a test do.
pub(crate) trait Habits: Sized {
    /// On [`Reason::Shutdown`] every second one ends by itself; the others must be killed.
    const END_ON_SHUTDOWN: bool;

    /// Does one thing at random. `fuel` is what is left for messages that it sends.
    fn act(roamer: &mut Roamer<Self>, fuel: u32, dice: &mut Seeded, out: &mut Out<Roamer<Self>>);
}

/// True for the address of a name in another world.
pub(crate) fn is_named(pid: Pid) -> bool {
    u32::try_from(pid.index()).is_ok_and(|name| pid == Pid::named(pid.world(), Name(name)))
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// The sender's count of its sends, rising.
    pub(crate) number: u64,
    /// The process that it was sent to; `None` if it was sent to a name of another world.
    pub(crate) meant: Option<Pid>,
    /// A process that the receiver may not know.
    pub(crate) friend: Pid,
    /// How many further messages it may set off, one after the other.
    pub(crate) fuel: u32,
    /// The seed of what the receiver does.
    pub(crate) chance: u64,
}

#[derive(Clone, Debug)]
pub(crate) enum Fact {
    Sent,
    /// Monitor, watcher, watched.
    Monitored(MonitorRef, Pid, Pid),
    Demonitored(MonitorRef),
    /// By which process, to which.
    Linked(Pid, Pid),
    Unlinked(Pid, Pid),
    Signalled(Pid, Pid),
    /// Rejected by the state machine.
    Wrong,
}

/// One monitor, as the facts have it.
#[derive(Debug)]
pub(crate) struct Monitored {
    pub(crate) watcher: Pid,
    pub(crate) watched: Pid,
    pub(crate) is_by_name: bool,
    pub(crate) demonitored: bool,
}

/// What happened in a world.
#[derive(Default)]
pub(crate) struct Books {
    pub(crate) sent: u64,
    pub(crate) monitors: BTreeMap<MonitorRef, Monitored>,
    /// How often one process has linked itself to another.
    pub(crate) links: BTreeMap<(Pid, Pid), u32>,
    pub(crate) unlinked: BTreeSet<(Pid, Pid)>,
    pub(crate) signals: BTreeMap<(Pid, Pid), u32>,
}

impl StateMachine for Books {
    type Fact = Fact;

    fn apply(&mut self, _by: Pid, facts: &[Fact]) -> Result<(), Broken> {
        if facts.iter().any(|fact| matches!(fact, Fact::Wrong)) {
            return Err(Broken("wrong".into()));
        }
        for fact in facts {
            match *fact {
                Fact::Sent => self.sent += 1,
                Fact::Monitored(reference, watcher, watched) => {
                    let is_by_name = is_named(watched);
                    let monitored = Monitored { watcher, watched, is_by_name, demonitored: false };
                    let last = self.monitors.insert(reference, monitored);
                    assert!(last.is_none(), "a reference names one monitor");
                }
                Fact::Demonitored(reference) => {
                    if let Some(monitored) = self.monitors.get_mut(&reference) {
                        monitored.demonitored = true;
                    }
                }
                Fact::Linked(by, to) => *self.links.entry((by, to)).or_default() += 1,
                Fact::Unlinked(by, to) => {
                    self.unlinked.insert((by, to));
                }
                Fact::Signalled(by, to) => *self.signals.entry((by, to)).or_default() += 1,
                Fact::Wrong => unreachable!("rejected above"),
            }
        }
        Ok(())
    }
}

/// What processes heard, in undone steps too.
#[derive(Default, Debug)]
pub(crate) struct Heard {
    /// Downs, by world and monitor.
    pub(crate) downs: BTreeMap<(u8, MonitorRef), Vec<Reason>>,
    /// Exit signals that were trapped: by which process, from which.
    pub(crate) exits: BTreeMap<(Pid, Pid), u32>,
    /// Downs that came after the step that removed their monitor.
    pub(crate) late_downs: u32,
    /// Messages that reached another process than the one they were sent to.
    pub(crate) astray: u32,
    /// Events before a start, and second starts.
    pub(crate) disorder: u32,
    pub(crate) panics: u32,
}

pub(crate) type Shared = Rc<RefCell<Heard>>;

#[derive(Clone, Debug)]
pub(crate) struct Roamer<H> {
    pub(crate) heard: Shared,
    pub(crate) peers: Vec<Pid>,
    pub(crate) monitors: Vec<MonitorRef>,
    started: bool,
    sent: u64,
    removed: Vec<MonitorRef>,
    habits: PhantomData<H>,
}

impl<H: Habits> Roamer<H> {
    pub(crate) fn new(heard: &Shared) -> Roamer<H> {
        Roamer {
            heard: Rc::clone(heard),
            peers: Vec::new(),
            monitors: Vec::new(),
            started: false,
            sent: 0,
            removed: Vec::new(),
            habits: PhantomData,
        }
    }

    /// One of three times, or without peers, whatever `named` finds; else a peer.
    pub(crate) fn anyone(&self, named: Pid, dice: &mut Seeded) -> Pid {
        match (dice.below(3), self.peers.is_empty()) {
            (0, _) | (_, true) => named,
            _ => self.peers[dice.below(self.peers.len())],
        }
    }

    pub(crate) fn send(&mut self, to: Pid, fuel: u32, dice: &mut Seeded, out: &mut Out<Self>) {
        self.sent += 1;
        out.record(Fact::Sent);
        let meant = (!is_named(to)).then_some(to);
        let friend = self.peers.get(dice.below(self.peers.len().max(1)));
        let (number, friend) = (self.sent, friend.copied().unwrap_or(out.me()));
        out.send(to, Message { number, meant, friend, fuel, chance: dice.draw() });
    }

    /// Makes a process that it has just spawned a peer, and sends to it.
    pub(crate) fn greet(&mut self, pid: Pid, fuel: u32, dice: &mut Seeded, out: &mut Out<Self>) {
        self.peers.push(pid);
        self.send(pid, fuel, dice, out);
    }

    pub(crate) fn monitor(&mut self, peer: Pid, out: &mut Out<Self>) {
        let reference = out.monitor(peer);
        self.has_monitored(reference, peer, out);
    }

    pub(crate) fn has_monitored(&mut self, reference: MonitorRef, peer: Pid, out: &mut Out<Self>) {
        out.record(Fact::Monitored(reference, out.me(), peer));
        self.monitors.push(reference);
    }

    pub(crate) fn demonitor(&mut self, out: &mut Out<Self>) {
        if let Some(reference) = self.monitors.pop() {
            out.demonitor(reference);
            out.record(Fact::Demonitored(reference));
            self.removed.push(reference);
        }
    }

    pub(crate) fn panic(&self) -> ! {
        self.heard.borrow_mut().panics += 1;
        panic!("planned")
    }
}

impl<H: Habits> Process for Roamer<H> {
    type Message = Message;
    type Fact = Fact;
    type StateMachine = Books;
    type Note = u32;
    type Role = Shared;

    fn start(role: &Shared, _context: StartContext<'_, u32>) -> Roamer<H> {
        Roamer::new(role)
    }

    fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Self>) {
        if self.started == matches!(event, Event::Start) {
            self.heard.borrow_mut().disorder += 1;
        }
        let (fuel, chance) = match event {
            Event::Start => {
                self.started = true;
                return;
            }
            Event::Message { from, message } => {
                let is_mine = message.meant.is_none_or(|meant| meant == out.me());
                self.heard.borrow_mut().astray += u32::from(!is_mine);
                self.peers.extend([from, message.friend].iter().filter(|p| **p != Pid::OUTSIDE));
                (message.fuel, message.chance)
            }
            Event::Down { monitor, reason, .. } => {
                let mut heard = self.heard.borrow_mut();
                heard.late_downs += u32::from(self.removed.contains(&monitor));
                heard.downs.entry((out.me().world(), monitor)).or_default().push(reason.clone());
                return;
            }
            Event::Exit { from, reason } => {
                *self.heard.borrow_mut().exits.entry((out.me(), from)).or_default() += 1;
                let ends = H::END_ON_SHUTDOWN && self.sent.is_multiple_of(2);
                if ends && *reason == Reason::Shutdown {
                    out.exit(Reason::Said(3));
                }
                return;
            }
            Event::Timer { token } => (3, token),
        };
        let mut dice = Seeded::new(chance);
        for _ in 0..1 + dice.below(7) {
            if fuel > 0 {
                H::act(self, fuel - 1, &mut dice, out);
            }
        }
    }
}

/// Watches one world: counts messages, and checks the order of the signals of each pair.
#[derive(Default)]
pub(crate) struct Counter {
    pub(crate) delivered: u64,
    pub(crate) undeliverable: u64,
    /// Messages that came after a later one of the same sender.
    pub(crate) overtaken: u64,
    /// Messages that came after the signal of their sender's end, with its cause.
    pub(crate) after_end: Vec<(Pid, Pid, Cause)>,
    /// Why processes ended.
    pub(crate) ends: BTreeMap<Pid, Reason>,
    last: BTreeMap<(Pid, Pid, bool), u64>,
    reported: BTreeMap<(Pid, Pid), Cause>,
    /// All signals, in order.
    pub(crate) all: Vec<String>,
}

impl<H: Habits> Watch<Roamer<H>> for Counter {
    fn delivered(&mut self, envelope: &Envelope<Message>) {
        let &Envelope { to, from, ref signal } = envelope;
        match signal {
            Signal::Message(message) => {
                self.delivered += 1;
                let is_to_process = message.meant.is_some();
                let last = self.last.insert((from, to, is_to_process), message.number);
                self.overtaken += u64::from(last.is_some_and(|last| last >= message.number));
                // A message to a name is of another pair than one to the process that bears it.
                let reported = self.reported.get(&(from, to)).filter(|_| is_to_process);
                self.after_end.extend(reported.map(|cause| (from, to, *cause)));
            }
            Signal::Down(_, cause)
            | Signal::Linked(_, cause)
            | Signal::Remote(RemoteSignal::Partner(cause)) => {
                self.reported.insert((from, to), *cause);
            }
            _ => {}
        }
        self.all.push(format!("{envelope:?}"));
    }

    fn undeliverable(&mut self, envelope: &Envelope<Message>) {
        self.undeliverable += u64::from(matches!(envelope.signal, Signal::Message(_)));
        self.all.push(format!("{envelope:?}"));
    }

    fn ended(&mut self, pid: Pid, _key: u64, reason: &Reason) {
        self.ends.insert(pid, reason.clone());
    }
}
