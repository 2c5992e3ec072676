//! Processes of joined worlds that do anything at random, to whomever they know in any world, and the books in
//! which it is counted from outside.
//!
//! What a step did is recorded as facts of that step, so the count is as atomic as the step.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use kernel::{
    Broken, Cause, Envelope, Event, MonitorRef, Name, Out, Pid, Process, Reason, RemoteSignal,
    Seeded, Signal, StartContext, StateMachine, Watch, World,
};

pub(crate) type Wild = World<Roamer, Counter>;

/// The supervisor of many, in each world its own.
pub(crate) const MANY: Name = Name(0);
pub(crate) const ROOT: Name = Name(99);

/// The name that is borne in this world, and known in all.
pub(crate) fn name_in(world: u8) -> Name {
    Name(1 + u32::from(world))
}

/// True of an address that is a name's in another world.
fn is_named(pid: Pid) -> bool {
    u32::try_from(pid.index()).is_ok_and(|name| pid == Pid::named(pid.world(), Name(name)))
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// The sender's count of its sends; goes up.
    pub(crate) number: u64,
    /// The life that it was sent to; `None` if to whoever bears a name.
    pub(crate) meant: Option<Pid>,
    /// Somebody whom the receiver may not know.
    pub(crate) friend: Pid,
    /// How far what this message sets off may go.
    pub(crate) fuel: u32,
    /// What decides what the receiver does.
    pub(crate) chance: u64,
}

#[derive(Clone, Debug)]
pub(crate) enum Fact {
    Sent,
    /// Which, by whom, of whom.
    Monitored(MonitorRef, Pid, Pid),
    Demonitored(MonitorRef),
    /// By whom, to whom.
    Linked(Pid, Pid),
    Unlinked(Pid, Pid),
    Signalled(Pid, Pid),
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
    /// How often one has linked itself to another.
    pub(crate) links: BTreeMap<(Pid, Pid), u32>,
    pub(crate) unlinked: BTreeSet<(Pid, Pid)>,
    pub(crate) signals: BTreeMap<(Pid, Pid), u32>,
}

impl StateMachine for Books {
    type Fact = Fact;

    fn apply(&mut self, _by: Pid, facts: &[Fact]) -> Result<(), Broken> {
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
            }
        }
        Ok(())
    }
}

/// What processes heard.
#[derive(Default, Debug)]
pub(crate) struct Heard {
    /// Downs, by world and monitor.
    pub(crate) downs: BTreeMap<(u8, MonitorRef), Vec<Reason>>,
    /// Exits that were trapped: at whom, from whom.
    pub(crate) exits: BTreeMap<(Pid, Pid), u32>,
    /// Downs that came after the step that took their monitor away.
    pub(crate) late_downs: u32,
    /// Messages that reached another life than the one that they were sent to.
    pub(crate) astray: u32,
}

pub(crate) type Shared = Rc<RefCell<Heard>>;

#[derive(Clone, Debug)]
pub(crate) struct Roamer {
    heard: Shared,
    sent: u64,
    peers: Vec<Pid>,
    monitors: Vec<MonitorRef>,
    taken_away: Vec<MonitorRef>,
}

impl Roamer {
    pub(crate) fn new(heard: &Shared) -> Roamer {
        let heard = Rc::clone(heard);
        let (peers, monitors, taken_away) = (Vec::new(), Vec::new(), Vec::new());
        Roamer { heard, sent: 0, peers, monitors, taken_away }
    }

    fn send(&mut self, to: Pid, fuel: u32, dice: &mut Seeded, out: &mut Out<Roamer>) {
        self.sent += 1;
        out.record(Fact::Sent);
        let meant = (!is_named(to)).then_some(to);
        let friend = self.peers.get(dice.below(self.peers.len().max(1)));
        let (number, friend) = (self.sent, friend.copied().unwrap_or(out.me()));
        out.send(to, Message { number, meant, friend, fuel, chance: dice.draw() });
    }

    /// A life that it knows, or whoever bears a name in some world.
    fn anyone(&self, dice: &mut Seeded, out: &Out<Roamer>) -> Pid {
        let named = name_in(u8::try_from(dice.below(4)).expect("small"));
        match (dice.below(3), self.peers.is_empty()) {
            (0, _) | (_, true) => out.whereis(named).unwrap_or(out.me()),
            _ => self.peers[dice.below(self.peers.len())],
        }
    }

    fn act(&mut self, fuel: u32, dice: &mut Seeded, out: &mut Out<Roamer>) {
        let peer = self.anyone(dice, out);
        let is_life = !is_named(peer);
        match dice.below(24) {
            0..=6 => self.send(peer, fuel, dice, out),
            7 | 8 => {
                let pid = out.spawn(Roamer::new(&self.heard));
                self.peers.push(pid);
                self.send(pid, fuel, dice, out);
            }
            9 => {
                let pid = out.spawn_child(MANY, dice.draw(), Roamer::new(&self.heard));
                self.peers.push(pid);
                self.send(pid, fuel, dice, out);
            }
            10..=13 => {
                let reference = out.monitor(peer);
                out.record(Fact::Monitored(reference, out.me(), peer));
                self.monitors.push(reference);
            }
            14 => {
                if let Some(reference) = self.monitors.pop() {
                    out.demonitor(reference);
                    out.record(Fact::Demonitored(reference));
                    self.taken_away.push(reference);
                }
            }
            // Links and exit signals are for lives: a name is nobody's end.
            15 | 16 if is_life => {
                out.link(peer);
                out.record(Fact::Linked(out.me(), peer));
            }
            17 if is_life => {
                out.unlink(peer);
                out.record(Fact::Unlinked(out.me(), peer));
            }
            18 => out.trap_exits(true),
            19 => {
                out.timer(u64::from(fuel), dice.draw());
            }
            20 => out.note((dice.below(3) > 0).then_some(fuel)),
            _ => self.end(peer, is_life, dice, out),
        }
    }

    fn end(&mut self, peer: Pid, is_life: bool, dice: &mut Seeded, out: &mut Out<Roamer>) {
        match dice.below(10) {
            0 => out.exit(Reason::Normal),
            1 => out.exit(Reason::Said(1)),
            2 | 3 if is_life => {
                let reason = if dice.below(2) == 0 { Reason::Killed } else { Reason::Said(2) };
                out.record(Fact::Signalled(out.me(), peer));
                out.exit_other(peer, reason);
            }
            4 => panic!("planned"),
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
        let (fuel, chance) = match event {
            Event::Start => return,
            Event::Message { from, message } => {
                let is_mine = message.meant.is_none_or(|meant| meant == out.me());
                self.heard.borrow_mut().astray += u32::from(!is_mine);
                self.peers.extend([from, message.friend].iter().filter(|p| **p != Pid::OUTSIDE));
                (message.fuel, message.chance)
            }
            Event::Down { monitor, reason, .. } => {
                let mut heard = self.heard.borrow_mut();
                heard.late_downs += u32::from(self.taken_away.contains(&monitor));
                heard.downs.entry((out.me().world(), monitor)).or_default().push(reason.clone());
                return;
            }
            Event::Exit { from, .. } => {
                *self.heard.borrow_mut().exits.entry((out.me(), from)).or_default() += 1;
                return;
            }
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

/// Looks at one world: counts messages, and holds the order of signals against each pair.
#[derive(Default)]
pub(crate) struct Counter {
    pub(crate) delivered: u64,
    pub(crate) undeliverable: u64,
    /// Messages that came after a later one of the same sender.
    pub(crate) overtaken: u64,
    /// Messages that came after the word of their sender's end, with that.
    pub(crate) after_end: Vec<(Pid, Pid, Cause)>,
    /// How lives ended.
    pub(crate) ends: BTreeMap<Pid, Reason>,
    last: BTreeMap<(Pid, Pid, bool), u64>,
    told: BTreeMap<(Pid, Pid), Cause>,
    /// All that was heard, in order.
    pub(crate) all: Vec<String>,
}

impl Watch<Roamer> for Counter {
    fn delivered(&mut self, envelope: &Envelope<Message>) {
        let &Envelope { to, from, ref signal } = envelope;
        match signal {
            Signal::Message(say) => {
                self.delivered += 1;
                let last = self.last.insert((from, to, say.meant.is_some()), say.number);
                self.overtaken += u64::from(last.is_some_and(|last| last >= say.number));
                // What is sent to a name goes another way than what is sent to its bearer.
                let told = self.told.get(&(from, to)).filter(|_| say.meant.is_some());
                self.after_end.extend(told.map(|cause| (from, to, *cause)));
            }
            Signal::Down(_, cause)
            | Signal::Linked(_, cause)
            | Signal::Remote(RemoteSignal::Partner(cause)) => {
                self.told.insert((from, to), *cause);
            }
            _ => {}
        }
        self.all.push(format!("{envelope:?}"));
    }

    fn undeliverable(&mut self, envelope: &Envelope<Message>) {
        self.undeliverable += u64::from(matches!(envelope.signal, Signal::Message(_)));
    }

    fn ended(&mut self, pid: Pid, _key: u64, reason: &Reason) {
        self.ends.insert(pid, reason.clone());
    }
}
