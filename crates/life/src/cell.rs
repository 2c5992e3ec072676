//! A cell: it knows its content, its time and its history, and nothing else. Neighbours are names.
//!
//! Content that it has sent is final; nothing here may change it. It never waits: it stores a question
//! that it cannot answer yet, and a collector fetches what it needs.

use kernel::{Event, Out, Pid, StartContext};

use crate::being::Being;
use crate::collector::Collector;
use crate::history::History;
use crate::message::{Memory, Message, Note, Role};
use crate::mutation::{FORGETS_QUESTION, FORGETS_TOO_MUCH, NO_AGAIN, NO_RESPAWN, SPEAKS_FIRST};
use crate::torus::{Torus, Ways};

/// Topics of the group in which a restarted cell announces itself to readers: its place modulo this.
const TOPICS: u32 = 64;
/// The one group.
const RETURNS: u32 = 0;

/// A cell.
///
/// - its history reaches from at most its checkpoint to its present
/// - at most one step is in progress, with one collector
/// - no stored question is about a time that has come
/// - its content at time 0 is fixed from the first question on
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Cell {
    place: u32,
    torus: Torus,
    memory: Memory,
    history: History,
    /// The time up to which it steps.
    until: u32,
    /// The time of its checkpoint, from which a restart continues.
    checkpoint: u32,
    /// The content at time 0 may be known, so it is fixed.
    told: bool,
    /// The collector of the step in progress.
    collector: Option<Pid>,
    /// Questions about future times: one for each living asker, and one for each asker that
    /// has died since. Answers to the latter go to a dead process and are dropped.
    waiting: Vec<Question>,
}

/// A question about the future.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Question {
    from: Pid,
    at: u32,
    /// `None` if a reader asked.
    ways: Option<Ways>,
}

impl Cell {
    /// A start: from the note of the life before, or empty at time 0.
    pub(crate) fn new(role: &Role, context: &StartContext<'_, Note>) -> Cell {
        let place = u32::try_from(context.key).expect("the keys of cells are their places");
        let (history, until, told) = match context.note {
            Some(note) => (History::from_note(note, role.memory), note.until, note.told),
            None => (History::new(false, role.memory), 0, false),
        };
        let (checkpoint, collector, waiting) = (history.now(), None, Vec::new());
        let Role { torus, memory, .. } = *role;
        Cell { place, torus, memory, history, until, checkpoint, told, collector, waiting }
    }

    /// Its place on the torus.
    pub fn place(&self) -> u32 {
        self.place
    }

    /// What it remembers.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The time up to which it steps.
    pub fn until(&self) -> u32 {
        self.until
    }

    /// The time of its checkpoint.
    pub fn checkpoint(&self) -> u32 {
        self.checkpoint
    }

    /// Its collector, if a step is in progress.
    pub fn collector(&self) -> Option<Pid> {
        self.collector
    }

    /// Questions about future times.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// True once its content at time 0 can no longer be set.
    pub fn is_told(&self) -> bool {
        self.told
    }

    pub(crate) fn handle(&mut self, event: Event<'_, Message>, out: &mut Out<Being>) {
        match event {
            Event::Message { from, message } => self.on_message(from, message, out),
            Event::Start => self.on_start(out),
            Event::Exit { from, .. } => self.on_exit(from, out),
            Event::Down { .. } | Event::Timer { .. } => {} // it has no monitors and no timers
        }
    }

    #[inline]
    fn on_message(&mut self, from: Pid, message: &Message, out: &mut Out<Being>) {
        match *message {
            Message::Ask { at, ways } => self.on_ask(Question { from, at, ways: Some(ways) }, out),
            Message::Report { alive, kept } => self.on_report(from, alive, kept, out),
            Message::Here { ways } => self.on_here(ways, out),
            Message::Set { alive } => self.on_set(alive, out),
            Message::Run { until } => self.on_run(until, out),
            Message::Pause => self.on_run(self.history.now(), out),
            Message::Get { at } => self.on_ask(Question { from, at, ways: None }, out),
            Message::Tell { from: time } => self.on_tell(from, time, out),
            // Sent to collectors and readers.
            Message::Answer { .. }
            | Message::Again { .. }
            | Message::Was { .. }
            | Message::Forgotten { .. }
            | Message::Past { .. } => {}
        }
    }

    /// Every start but the first announces itself: questions to the former life, or to its name while no process
    /// had it, are lost, so open questions must be asked again. (The first start announces
    /// nothing: all cells exist before any of them gets a command.)
    fn on_start(&mut self, out: &mut Out<Being>) {
        out.trap_exits(true);
        out.register(Torus::name(self.place));
        if out.incarnation() == 1 {
            return;
        }
        for (ways, place) in self.torus.around(self.place) {
            out.send_to(Torus::name(place), Message::Here { ways: ways.back() });
        }
        out.publish(RETURNS, topic(self.place), &Message::Here { ways: Ways::NONE });
        self.collect(out);
    }

    #[inline]
    fn on_ask(&mut self, question: Question, out: &mut Out<Being>) {
        self.stand_by_time_0(out);
        if question.at > self.history.now() {
            if !FORGETS_QUESTION.is_on() {
                self.waiting.push(question);
            }
        } else {
            self.answer(question, out);
        }
    }

    #[inline]
    fn answer(&self, Question { from, at, ways }: Question, out: &mut Out<Being>) {
        match (self.history.at(at), ways) {
            (Some(alive), Some(ways)) => {
                let kept = if SPEAKS_FIRST.is_on() { self.history.now() } else { self.checkpoint };
                out.send(from, Message::Answer { ways, alive, kept });
            }
            (Some(alive), None) => out.send(from, Message::Was { alive }),
            (None, None) => out.send(from, Message::Forgotten { first: self.history.first() }),
            // No living cell needs what is forgotten. So the asker is the collector of a dead cell, and the end of
            // its link is in flight to it.
            (None, Some(_)) => {}
        }
    }

    #[inline]
    fn on_report(&mut self, from: Pid, alive: bool, kept: u32, out: &mut Out<Being>) {
        if self.collector != Some(from) {
            return; // not the collector of this step
        }
        self.collector = None;
        self.history.push(alive);
        self.history.forget_before(if FORGETS_TOO_MUCH.is_on() { u32::MAX } else { kept });
        if let Memory::Since(steps) = self.memory
            && self.history.now() - self.checkpoint >= u32::from(steps)
        {
            self.write_down(out);
        }
        self.answer_waiting(out);
        self.collect(out);
        self.check();
    }

    /// Answers the questions about times that have come.
    #[inline]
    fn answer_waiting(&mut self, out: &mut Out<Being>) {
        let now = self.history.now();
        let mut index = 0;
        while let Some(&question) = self.waiting.get(index) {
            if question.at <= now {
                self.waiting.swap_remove(index);
                self.answer(question, out);
            } else {
                index += 1;
            }
        }
    }

    /// A neighbour has restarted: questions to its former life must be asked again.
    fn on_here(&mut self, ways: Ways, out: &mut Out<Being>) {
        if let Some(collector) = self.collector
            && !NO_AGAIN.is_on()
        {
            out.send(collector, Message::Again { ways });
        }
    }

    /// Sets the content at time 0, unless it may be known already.
    fn on_set(&mut self, alive: bool, out: &mut Out<Being>) {
        if !self.told {
            self.history.set(alive);
            self.write_down(out);
        }
    }

    /// Steps up to this time from now on; a step in progress is finished. The note holds this time, and keeps
    /// the checkpoint.
    fn on_run(&mut self, until: u32, out: &mut Out<Being>) {
        self.until = until;
        self.told |= until > 0;
        match out.noted().copied() {
            Some(note) => out.note(Some(Note { until, told: self.told, ..note })),
            None => self.write_down(out),
        }
        self.collect(out);
    }

    fn on_tell(&mut self, from: Pid, time: u32, out: &mut Out<Being>) {
        self.stand_by_time_0(out);
        let (first, count, bits) = self.history.part(time);
        out.send(from, Message::Past { first, count, bits });
    }

    /// The end of a linked process: its collector, whose report has arrived before, or never will.
    fn on_exit(&mut self, from: Pid, out: &mut Out<Being>) {
        if self.collector == Some(from) && !NO_RESPAWN.is_on() {
            self.collector = None;
            self.collect(out);
        }
    }

    /// From the first question on, the content at time 0 is fixed, also for the next life.
    #[inline]
    fn stand_by_time_0(&mut self, out: &mut Out<Being>) {
        if !self.told {
            self.told = true;
            self.write_down(out);
        }
    }

    /// Writes the checkpoint to the note. Log before send: a process that learns of this
    /// checkpoint learns of it in this step or a later one.
    fn write_down(&mut self, out: &mut Out<Being>) {
        let (until, told) = (self.until, self.told);
        let (at, first, bits) = match (self.memory, self.history.at(0)) {
            (Memory::Whole, Some(alive)) => (0, 0, u64::from(alive)),
            _ => (self.history.now(), self.history.first(), self.history.recent()),
        };
        self.checkpoint = at;
        out.note(Some(Note { at, first, bits, until, told }));
    }

    /// Starts the next step, if one is due and none is in progress.
    #[inline]
    fn collect(&mut self, out: &mut Out<Being>) {
        let now = self.history.now();
        if self.collector.is_some() || now >= self.until {
            return;
        }
        let alive = self.history.alive();
        let collector = Collector::new(out.me(), self.place, self.torus, now, alive);
        let collector = out.spawn(Being::Collector(collector));
        out.link(collector);
        self.collector = Some(collector);
    }

    /// Invariants: the checkpoint is in the history, and no stored question is about a time that has come.
    #[inline]
    fn check(&self) {
        let (first, now) = (self.history.first(), self.history.now());
        assert!(
            first <= now && self.checkpoint <= now,
            "cell {}: times {first} to {now} with a checkpoint at {}",
            self.place,
            self.checkpoint
        );
    }
}

/// The topic on which a restarted cell announces itself.
fn topic(place: u32) -> u64 {
    1 << (place % TOPICS)
}

/// Subscribes a process to the restarts of a cell, and of those that share its topic.
pub(crate) fn hear_of_returns(place: u32, out: &mut Out<Being>) {
    out.join(RETURNS, topic(place));
}
