//! Whom a cell deals with, played: collectors of its neighbours, its own collector, a reader, neighbours that come
//! back, and the edge. They say what such would say; when, how often and after whose death is for the games.

use checker::component::{Effect, EffectOf, Input, InputOf, Model, Stage, Transition};
use kernel::{Intensity, NoStateMachine, Node, Pid, Process, Reason, StartContext};
use life::{Being, Cell, Collector, Memory, Message, Role, Torus, Ways};

use super::{FRESH, Played};
use crate::around::{self, Neighbour};

pub(super) const PLACE: u32 = 0;
/// No more questions about the future than this wait at once: they are answered in any order.
const MOST_OWED: usize = 4;

/// What the peers know.
#[derive(Clone, Debug)]
pub(crate) struct Peers {
    me: Pid,
    pub(super) neighbours: Vec<Neighbour>,
    /// Collectors of two neighbours, with the ways on which they ask.
    askers: Vec<(Pid, Ways)>,
    reader: Pid,
    /// Its collectors that have reported, and end at once.
    done: Vec<Pid>,
    /// Its collectors whose end it has not heard of.
    unheard: Vec<Pid>,
    pub(super) has_lived: bool,
    /// What is wrong with the collector that it began last.
    odd: Option<String>,
}

impl Peers {
    pub(super) fn dies(&mut self, who: Pid, collector: Option<Pid>) -> &'static str {
        let was_done = self.done.contains(&who);
        self.done.retain(|done| *done != who);
        if !was_done && collector != Some(who) {
            return "does not mind";
        }
        self.unheard.push(who);
        "is to hear of it"
    }

    pub(super) fn reported(&mut self, collector: Pid) {
        if !self.unheard.contains(&collector) {
            self.done.push(collector);
        }
    }

    pub(super) fn heard(&mut self, of: Pid) {
        self.unheard.retain(|dead| *dead != of);
    }

    fn knows(&self, pid: Pid) -> bool {
        self.neighbours.iter().any(|neighbour| neighbour.pid == pid)
            || self.askers.iter().any(|(asker, _)| *asker == pid)
            || [self.me, self.reader].contains(&pid)
    }
}

impl<const WHOLE: bool> Played<WHOLE> {
    /// A cell in its first life, with this number of steps between checkpoints.
    pub(crate) fn on(width: u16, height: u16, steps: u8) -> Self {
        let peers = Peers {
            me: Pid::OUTSIDE,
            neighbours: Vec::new(),
            askers: Vec::new(),
            reader: Pid::OUTSIDE,
            done: Vec::new(),
            unheard: Vec::new(),
            has_lived: false,
            odd: None,
        };
        Played {
            torus: Torus::new(width, height).unwrap(),
            steps,
            was: vec![false],
            first: 0,
            checkpoint: 0,
            until: 0,
            told: false,
            note: None,
            collector: None,
            owed: Vec::new(),
            peers,
        }
    }

    /// What it may be asked, and by whom.
    fn questions(&self) -> Vec<(Pid, Message)> {
        let (first, now) = (self.first, self.now());
        let mut said = vec![(self.peers.reader, Message::Tell { from: 0 })];
        said.push((self.peers.reader, Message::Tell { from: now }));
        let mut times = vec![first, now];
        times.extend(first.checked_sub(1)); // the collector of one that has died since may ask that
        if self.owed.len() < MOST_OWED {
            times.extend([now + 1, now + 2]);
        }
        for at in times {
            said.push((self.peers.reader, Message::Get { at }));
            let askers = self.peers.askers.iter();
            said.extend(askers.map(|(from, ways)| (*from, Message::Ask { at, ways: *ways })));
        }
        said
    }

    /// What its collector may report: the earliest checkpoint is one that neighbours of a cell at its time can have.
    fn reports(&self) -> Vec<(Pid, Message)> {
        let kept = [self.first, self.now(), self.now() + 1];
        let said = kept.map(|kept| [true, false].map(|alive| Message::Report { alive, kept }));
        let from = self.collector.into_iter();
        from.flat_map(|from| said.into_iter().flatten().map(move |said| (from, said))).collect()
    }

    fn differs(&self, cell: &Cell) -> Option<String> {
        let history = cell.history();
        let real = (history.first(), history.now(), cell.until(), cell.checkpoint());
        let mine = (self.first, self.now(), self.until, self.checkpoint);
        let also = (cell.is_told(), cell.collector(), cell.waiting());
        let mine_too = (self.told, self.collector, self.owed.len());
        let is_same = |time| history.at(time) == self.at(time);
        if real == mine && also == mine_too && (0..=self.now()).all(is_same) {
            return None;
        }
        Some(format!("it has {real:?} {also:?}, and should {mine:?} {mine_too:?}: {cell:?}"))
    }
}

impl<const WHOLE: bool> Model for Played<WHOLE> {
    type Process = Being;
    const TRANSITIONS: &'static [&'static str] = if WHOLE { WAYS } else { ALL_WAYS };

    fn set(&mut self) -> Stage<Being> {
        let mut stage = Stage::new(NoStateMachine, None);
        self.peers.neighbours = around::play(self.torus, PLACE, &mut stage);
        let ways = self.peers.neighbours.iter().take(2).map(|neighbour| neighbour.back);
        self.peers.askers = ways.map(|ways| (stage.play(), ways)).collect();
        self.peers.reader = stage.play();
        let memory = if WHOLE { Memory::Whole } else { Memory::Since(self.steps) };
        let role = Role { torus: self.torus, first: 0, end: 0, memory };
        let root = stage.root();
        let many = Intensity::times(1_000_000);
        let cells = stage.grow(Some(root), Node::many("cells", role).intensity_per_child(many));
        let life = StartContext { key: PLACE.into(), incarnation: 1, note: None };
        stage.begin_child(cells, PLACE.into(), Being::start(&role, life));
        self.peers.me = stage.subject();
        stage
    }

    fn may(&self) -> Vec<InputOf<Being>> {
        let now = self.now();
        let mut said = self.questions();
        said.extend(self.reports());
        let runs = [now + 1, now + 3].map(|until| Message::Run { until });
        let sets = [true, false].map(|alive| Message::Set { alive });
        let edge = sets.into_iter().chain(runs).chain([Message::Pause]);
        said.extend(edge.map(|said| (Pid::OUTSIDE, said)));
        let back = self.peers.neighbours.iter();
        said.extend(back.map(|neighbour| (neighbour.pid, Message::Here { ways: neighbour.ways })));
        let mut may: Vec<_> =
            said.into_iter().map(|(from, message)| Input::Says { from, message }).collect();
        let alive = self.collector.filter(|pid| !self.peers.unheard.contains(pid));
        let killed = self.peers.neighbours.iter().map(|neighbour| neighbour.pid);
        let killed = killed.chain(self.peers.askers.iter().map(|(pid, _)| *pid));
        let killed = killed.chain(alive.into_iter().chain(alive)); // it matters more than the others
        may.extend(killed.map(|who| Input::Dies { who, reason: Reason::Killed }));
        let done = self.peers.done.iter();
        may.extend(done.map(|who| Input::Dies { who: *who, reason: Reason::Normal }));
        may.extend(self.peers.unheard.iter().map(|of| Input::Hears { of: *of }));
        may
    }

    /// Everything; a report too, which is by then of an earlier step.
    fn comes_again(&self, said: &InputOf<Being>) -> bool {
        let Input::Says { message, .. } = said else { return false };
        match *message {
            Message::Ask { at, .. } | Message::Get { at } => {
                at <= self.now() || self.owed.len() < MOST_OWED
            }
            _ => true,
        }
    }

    fn must(&self, input: &InputOf<Being>) -> Vec<Transition<Self>> {
        self.answer(input).into_iter().collect()
    }

    /// A process that dies restarts at once, with another address.
    fn prepare(&mut self, input: &InputOf<Being>, stage: &mut Stage<Being>) {
        let Input::Dies { who, .. } = input else { return };
        around::dies(*who, &mut self.peers.neighbours, stage);
        if let Some(asker) = self.peers.askers.iter_mut().find(|(pid, _)| pid == who) {
            asker.0 = stage.play();
        }
    }

    /// A link to a process that is no peer is the one to its new collector. What a note says of times before
    /// its first means nothing.
    fn read(&self, did: &mut EffectOf<Being>, _process: Option<&Being>) {
        match did {
            Effect::Begins { who, .. } => *who = FRESH,
            Effect::Links(who) if !self.peers.knows(*who) => *who = FRESH,
            Effect::Notes(Some(note)) => note.bits &= u64::MAX >> (63 - (note.at - note.first)),
            _ => {}
        }
    }

    fn learn(&mut self, done: &[EffectOf<Being>]) {
        let begun = done.iter().find_map(|did| match did {
            Effect::Begins { who, .. } => Some(*who),
            _ => None,
        });
        let linked = done.iter().find_map(|did| match did {
            Effect::Links(who) => Some(*who),
            _ => None,
        });
        self.peers.odd = (begun != linked).then(|| "it links itself to another process".to_owned());
    }

    /// It asks for the very step that is next.
    fn born(&mut self, who: Pid, process: &Being) {
        self.collector = Some(who);
        let Being::Collector(collector) = process else { panic!("a cell begins collectors alone") };
        let cell = collector.cell();
        let due = Collector::new(cell, PLACE, self.torus, self.now(), self.alive());
        if *collector != due || cell.index() != self.peers.me.index() {
            self.peers.odd = Some(format!("it begins {collector:?}, and should {due:?}"));
        }
    }

    fn reborn(&mut self, _lost: &[EffectOf<Being>]) {
        self.next_life();
        self.peers.done.clear(); // its collectors end with it
        self.peers.unheard.clear();
    }

    fn state_name(&self) -> &'static str {
        match self.collector {
            _ if !self.told => "new",
            Some(_) => "making a step",
            None => "resting",
        }
    }

    fn agrees(&self, process: Option<&Being>) -> Result<(), String> {
        let Some(Being::Cell(cell)) = process else { return Ok(()) };
        self.peers.odd.clone().or_else(|| self.differs(cell)).map_or(Ok(()), Err)
    }

    fn itself(&self) -> &'static str {
        "cell"
    }
}

/// Those of a cell that forgets nothing.
const WAYS: &[&str] = ALL_WAYS.split_at(ALL_WAYS.len() - 2).0;

const ALL_WAYS: &[&str] = &[
    "starts",
    "is back",
    "is back and goes on",
    "answers",
    "answers a reader",
    "will answer",
    "tells its history",
    "makes a step and goes on",
    "makes a step, answers and goes on",
    "makes its last step",
    "makes its last step and answers",
    "hears another's report",
    "has it asked again",
    "has not asked",
    "is set",
    "is set too late",
    "begins to go",
    "gets the time",
    "is to hear of it",
    "does not mind",
    "begins its step again",
    "stays where it is",
    "knew that it was done",
    "owes nothing",
    "tells a reader that it has forgotten",
];
