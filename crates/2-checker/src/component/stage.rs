//! A world with one real process, whose peers are played. It gives the process one input after the
//! other through the kernel's own loop, and returns all effects of each step. It checks nothing.

use super::model::{Effect, EffectOf, Input, InputOf};
use kernel::test_api::Mistake;
use kernel::test_api::Standing;
use kernel::{Envelope, Signal};
use kernel::{Intensity, Name, Node, NodeId, Pid, Process, Reason, Strategy, Watch, World};

/// An event that the stage's watcher has recorded.
#[derive(Clone, Debug)]
enum Heard<F, N> {
    Recorded(Pid, F),
    Noted(Pid, Option<N>),
    Began(Pid, u64, u32),
    Ended(Pid, Reason),
    GaveUp(u64),
}

/// The stage's watcher.
#[derive(Debug)]
pub struct Ear<P: Process> {
    heard: Vec<Heard<P::Fact, P::Note>>,
}

impl<P: Process> Watch<P> for Ear<P> {
    fn recorded(&mut self, by: Pid, fact: &P::Fact) {
        self.heard.push(Heard::Recorded(by, fact.clone()));
    }

    fn noted(&mut self, by: Pid, note: Option<&P::Note>) {
        self.heard.push(Heard::Noted(by, note.cloned()));
    }

    fn started(&mut self, pid: Pid, key: u64, incarnation: u32) {
        self.heard.push(Heard::Began(pid, key, incarnation));
    }

    fn ended(&mut self, pid: Pid, _key: u64, reason: &Reason) {
        self.heard.push(Heard::Ended(pid, reason.clone()));
    }

    fn gave_up(&mut self, key: u64) {
        self.heard.push(Heard::GaveUp(key));
    }
}

/// More restarts than any game has.
const MANY: Intensity = Intensity::times(1_000_000);

/// A world with one real process, the *subject*.
pub struct Stage<P: Process> {
    world: World<P, Ear<P>>,
    subject: Pid,
    /// What the subject had set up after its last step.
    before: Standing,
    mistake: Option<Mistake<P>>,
    /// Processes that its last step started: real until the next input, so that the model can read
    /// them.
    begun: Vec<Pid>,
}

impl<P: Process> Stage<P> {
    /// An empty stage with this fold of the log, which the process named `reader` may read.
    pub fn new(state_machine: P::StateMachine, reader: Option<Name>) -> Stage<P> {
        let world = World::new(state_machine, reader, Ear { heard: Vec::new() });
        let (before, begun) = (Standing::default(), Vec::new());
        Stage { world, subject: Pid::OUTSIDE, before, mistake: None, begun }
    }

    // ---- setup

    /// A played peer.
    pub fn play(&mut self) -> Pid {
        self.world.play()
    }

    /// A played peer that bears a name, in place of the former bearer.
    pub fn play_as(&mut self, name: Name) -> Pid {
        let pid = self.world.play();
        self.world.name_played(name, pid);
        pid
    }

    /// A played child of a supervisor of many, whose children must be temporary: else its next life
    /// is real.
    pub fn play_child(&mut self, supervisor: NodeId, key: u64) -> Pid {
        self.world.play_child(supervisor, key)
    }

    /// Kills a played peer.
    pub fn end(&mut self, pid: Pid) {
        self.world.end(pid, Reason::Killed);
    }

    /// Kills a played child, and plays its next life: same index, later generation.
    pub fn next_life_of(&mut self, pid: Pid, supervisor: NodeId, key: u64) -> Pid {
        self.end(pid);
        self.clear(); // its supervisor handles the end, which frees the slot
        let next = self.play_child(supervisor, key);
        assert!(next.index() == pid.index(), "the slot freed last is reused first");
        next
    }

    /// Grows a part of a tree: the supervisor of the process, or of played peers.
    pub fn grow(&mut self, parent: Option<NodeId>, node: Node<P::Role>) -> NodeId {
        self.world.grow(parent, node)
    }

    /// A supervisor above everything else on the stage, which allows any number of restarts.
    pub fn root(&mut self) -> NodeId {
        let root = Node::group("stage", Strategy::OneForOne, MANY, Vec::new());
        self.world.grow(None, root)
    }

    /// Records a fact as a played peer.
    ///
    /// # Panics
    ///
    /// If the fact breaks a law, which is a mistake of the model.
    pub fn record(&mut self, fact: P::Fact) {
        let text = format!("{fact:?}");
        if let Err(broken) = self.world.record(fact) {
            panic!("a played peer may not record {text}: {}", broken.0);
        }
    }

    /// Starts the subject in a place of its own, under this name.
    pub fn begin(&mut self, role: P::Role, name: Name) {
        let root = self.root();
        let node = Node::one("subject", role).named(name);
        self.before.names = vec![name]; // given, not taken
        self.begin_with(|stage| {
            stage.grow(Some(root), node);
            stage.world.whereis(name)
        });
    }

    /// Starts the subject as a child of a supervisor of many, under a key.
    pub fn begin_child(&mut self, supervisor: NodeId, key: u64, process: P) {
        self.begin_with(|stage| Some(stage.world.spawn_child(supervisor, key, process)));
    }

    /// Makes the supervisor of this tree the subject. Its children are real.
    pub fn begin_supervisor(&mut self, node: Node<P::Role>) {
        self.begin_with(|stage| {
            let node = stage.grow(None, node);
            Some(stage.world.pid_of(node))
        });
    }

    fn begin_with(&mut self, start: impl FnOnce(&mut Stage<P>) -> Option<Pid>) {
        self.clear();
        self.world.watch.heard.clear();
        self.subject = start(self).expect("a process that was just started has an address");
    }

    /// Advances time. Timers due by then fire, and their signals wait.
    pub fn pass(&mut self, nanoseconds: u64) {
        let now = self.world.now();
        self.world.set_time(now.saturating_add(nanoseconds));
    }

    /// Plants a mistake in the subject's further steps.
    pub fn mistake(&mut self, mistake: Mistake<P>) {
        self.mistake = Some(mistake);
    }

    // ---- reading it

    /// The world.
    pub fn world(&self) -> &World<P, Ear<P>> {
        &self.world
    }

    /// The subject's present address.
    pub fn subject(&self) -> Pid {
        self.subject
    }

    /// True while the subject is alive.
    pub fn is_on(&self) -> bool {
        self.world.is_alive(self.subject)
    }

    // ---- its steps

    /// The effects of the first step.
    pub(crate) fn first(&mut self) -> Vec<EffectOf<P>> {
        let waits = |e: &Envelope<_>| matches!(e.signal, Signal::Start);
        let offset = self.world.signals().position(|e| e.to == self.subject && waits(e));
        match offset {
            Some(offset) => self.deliver(offset),
            None => self.collect(0),
        }
    }

    /// Gives the subject an input, and returns the effects. An error if no such end waits, or no
    /// such timer is set.
    pub(crate) fn give(&mut self, input: &InputOf<P>) -> Result<Vec<EffectOf<P>>, String> {
        self.play_begun();
        let last = self.world.waiting();
        match input {
            Input::Start => Err("a life is started by its supervisor".to_owned()),
            Input::Says { from, message } => {
                self.world.send_as(*from, self.subject, message.clone());
                Ok(self.deliver(last))
            }
            Input::Exits { from, reason } => {
                self.world.exit_as(*from, self.subject, reason);
                Ok(self.deliver(last))
            }
            Input::Dies { who, reason } => {
                self.world.end(*who, reason.clone());
                self.clear();
                Ok(Vec::new())
            }
            Input::Hears { of } => match self.ending(*of) {
                Some(offset) => Ok(self.deliver(offset)),
                None => Err("it would not hear of that end: it does not watch".to_owned()),
            },
            Input::Fires { token } => {
                let due = self.before.timers.iter().find(|(_, set)| set == token);
                let Some(&(at, _)) = due else { return Err("that timer is not set".to_owned()) };
                self.world.set_time(at);
                self.before = self.world.standing(self.subject); // it has fired, and was not removed
                let me = self.subject;
                let fired = |e: &Envelope<P::Message>| {
                    e.to == me && matches!(e.signal, Signal::Timer(fired) if fired == *token)
                };
                let offset = self.world.signals().position(fired);
                match offset {
                    Some(offset) => Ok(self.deliver(offset)),
                    None => Err("that timer did not fire".to_owned()),
                }
            }
        }
    }

    /// Addresses of other processes whose ends wait to be reported.
    pub(crate) fn endings(&self) -> Vec<Pid> {
        let is_end = |e: &&Envelope<P::Message>| {
            let end =
                matches!(e.signal, Signal::Down(..) | Signal::Linked(..) | Signal::ChildDown(_));
            e.to == self.subject && end
        };
        self.world.signals().filter(is_end).map(|e| e.from).collect()
    }

    fn ending(&self, of: Pid) -> Option<usize> {
        self.world.signals().position(|e| {
            let of_child = matches!(e.signal, Signal::ChildDown(_)) && e.from.index() == of.index();
            let of_other =
                matches!(e.signal, Signal::Down(..) | Signal::Linked(..)) && e.from == of;
            e.to == self.subject && (of_child || of_other)
        })
    }

    /// Kills the subject between two steps.
    pub(crate) fn kill(&mut self) {
        self.play_begun();
        self.world.kill(self.subject);
    }

    /// Has the supervisor restart the subject. Returns the effects of its start; `None` if it is
    /// alive or not restarted.
    pub(crate) fn next_life(&mut self) -> Option<Vec<EffectOf<P>>> {
        if self.is_on() {
            return None;
        }
        let old = self.subject;
        self.world.watch.heard.clear();
        let mine = |e: &Envelope<P::Message>| {
            matches!(e.signal, Signal::ChildDown(_)) && e.from.index() == old.index()
        };
        let offset = self.world.signals().position(mine)?;
        self.subject = old.next_life()?;
        self.before = self.world.standing(self.subject); // its name, which belongs to its place
        self.before.traps = false; // not passed on to the next life
        let waiting = self.world.waiting();
        self.world.deliver_at(offset);
        let fresh = self.subject;
        let is_fresh = |h: &Heard<_, _>| matches!(h, Heard::Began(pid, ..) if *pid == fresh);
        self.world.watch.heard.retain(|h| !is_fresh(h));
        Some(self.collect(waiting - 1))
    }

    fn deliver(&mut self, offset: usize) -> Vec<EffectOf<P>> {
        self.world.watch.heard.clear();
        let waiting = self.world.waiting();
        // The delivery uses up a fired monitor or link: the process has not removed it.
        if let Some(envelope) = self.world.signals().nth(offset)
            && let Signal::Down(link, _) | Signal::Linked(link, _) = envelope.signal
        {
            self.before.links.retain(|(other, ..)| *other != link);
        }
        match &mut self.mistake {
            Some(mistake) => {
                self.world.deliver_with_fault(offset, mistake.as_mut());
            }
            None => {
                self.world.deliver_at(offset);
            }
        }
        self.collect(waiting - 1)
    }

    /// Replaces the processes that the last step started by played ones, which take no step.
    fn play_begun(&mut self) {
        for who in std::mem::take(&mut self.begun) {
            self.world.play_instead(who);
        }
        self.clear();
    }

    /// The effects of the last step, whose signals wait from `offset` on. Removes the signals to
    /// played peers.
    fn collect(&mut self, offset: usize) -> Vec<EffectOf<P>> {
        let me = self.subject;
        let (mut done, mut exit) = (Vec::new(), None);
        let is_supervisor = self.world.process(me).is_none() && self.is_on();
        for heard in std::mem::take(&mut self.world.watch.heard) {
            match heard {
                Heard::Recorded(by, fact) if by == me => done.push(Effect::Records(fact)),
                Heard::Noted(by, note) if by == me => done.push(Effect::Notes(note)),
                Heard::Began(who, key, incarnation) if who != me => {
                    if !is_supervisor {
                        self.begun.push(who);
                    }
                    done.push(Effect::Begins { who, key, incarnation });
                }
                Heard::Ended(who, reason) if who == me => exit = Some(Effect::Exits(reason)),
                Heard::Ended(who, reason) => done.push(Effect::Ends { who, reason }),
                Heard::GaveUp(key) => done.push(Effect::GivesUp(key)),
                Heard::Recorded(..) | Heard::Noted(..) | Heard::Began(..) => {}
            }
        }
        let after = self.world.standing(me);
        if exit.is_none() {
            compare(&self.before, &after, self.world.now(), &mut done);
        }
        self.before = after;
        let world = &self.world;
        done.extend(world.signals().skip(offset).filter(|e| e.from == me).filter_map(|e| {
            match &e.signal {
                Signal::Message(message) => {
                    Some(Effect::Says { to: e.to, message: message.clone() })
                }
                Signal::Exit(cause) => {
                    Some(Effect::Signals { to: e.to, reason: world.reason(*cause) })
                }
                Signal::Control(control) => {
                    Some(Effect::Bids { supervisor: e.to, control: *control })
                }
                _ => None,
            }
        }));
        done.extend(exit);
        self.clear();
        done
    }

    /// Removes the waiting signals, except those to the subject, those of its end to its
    /// supervisor, and starts of new processes; and of those to the subject, ends that it no longer
    /// watches.
    fn clear(&mut self) {
        loop {
            let offset = self.world.signals().position(|e| !self.stays(e));
            let Some(offset) = offset else { return };
            let mine =
                |e: &Envelope<_>| e.from == self.subject && matches!(e.signal, Signal::Control(_));
            if self.world.signals().nth(offset).is_some_and(mine) {
                self.world.discard_signal(offset); // the model plays the outcome
            } else {
                self.world.deliver_at(offset);
            }
        }
    }

    fn stays(&self, envelope: &Envelope<P::Message>) -> bool {
        let is_mine = envelope.to == self.subject;
        match envelope.signal {
            Signal::ChildDown(_) => {
                let of_mine = envelope.from.index() == self.subject.index();
                (is_mine || of_mine) && self.world.is_between(envelope.from)
            }
            Signal::Down(link, _) | Signal::Linked(link, _) => {
                is_mine && self.world.has_fired(link)
            }
            _ => is_mine || self.begun.contains(&envelope.to),
        }
    }
}

/// Adds the effects by which `before` became `after`.
fn compare<M, F, N>(
    before: &Standing,
    after: &Standing,
    now: u64,
    done: &mut Vec<Effect<M, F, N>>,
) {
    for (_, who, is_link) in before.links.iter().filter(|link| !after.links.contains(link)) {
        done.push(if *is_link { Effect::Unlinks(*who) } else { Effect::Unwatches(*who) });
    }
    for (_, who, is_link) in after.links.iter().filter(|link| !before.links.contains(link)) {
        done.push(if *is_link { Effect::Links(*who) } else { Effect::Watches(*who) });
    }
    for (_, token) in before.timers.iter().filter(|timer| !after.timers.contains(timer)) {
        done.push(Effect::Unsets(*token));
    }
    for &(at, token) in after.timers.iter().filter(|timer| !before.timers.contains(timer)) {
        done.push(Effect::Sets { after: at - now, token });
    }
    let names = after.names.iter().filter(|name| !before.names.contains(name));
    done.extend(names.map(|name| Effect::Takes(*name)));
    for &(group, topics) in after.groups.iter().filter(|group| !before.groups.contains(group)) {
        done.push(Effect::Joins { group, topics });
    }
    for (group, _) in &before.groups {
        if !after.groups.iter().any(|(still, _)| still == group) {
            done.push(Effect::Quits(*group));
        }
    }
    if before.traps != after.traps {
        done.push(Effect::Traps(after.traps));
    }
}

impl<P: Process> std::fmt::Debug for Stage<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stage({:?} in {:?})", self.subject, self.world)
    }
}
