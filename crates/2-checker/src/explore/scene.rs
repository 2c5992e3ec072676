//! A world as a system to explore: clients that send their messages at any moment, every permitted
//! order of delivery, timers that fire at any moment, and kills at any moment while the budget
//! lasts.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use kernel::{Digest, Name, Pid, Process, Renaming, Watch, World};

use super::System;

/// What can happen in a scene.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// The oldest signal between these two is delivered.
    Deliver {
        /// The sender.
        from: Pid,
        /// The receiver.
        to: Pid,
    },
    /// A client, by number, sends its next message.
    Say(usize),
    /// Time advances to the next timer.
    Tick,
    /// A process is killed.
    Kill(Pid),
}

/// The receiver of a client's message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum To {
    /// One life of a process.
    Pid(Pid),
    /// The process that bears the name when it is sent.
    Name(Name),
}

impl From<Pid> for To {
    fn from(pid: Pid) -> To {
        To::Pid(pid)
    }
}

impl From<Name> for To {
    fn from(name: Name) -> To {
        To::Name(name)
    }
}

/// A client's messages, each with its receiver.
type Lines<M> = Arc<[(To, M)]>;

/// One world, and what can still happen to it from outside.
///
/// All parts can be set before the search; during it only actions change them.
pub struct Scene<P: Process, W = ()> {
    /// The world as it is.
    pub world: World<P, W>,
    /// Each client's messages, and how many of them are sent.
    clients: Vec<(Lines<P::Message>, usize)>,
    faults: u32,
    killable: fn(&World<P, W>, Pid) -> bool,
    renamings: Arc<[Renaming]>,
}

/// The outcome of [`Scene::settle`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Settled {
    /// Nothing waits, and no timer is set.
    Quiet,
    /// It had not ended after this many steps.
    Circles(usize),
}

impl<P, W> Scene<P, W>
where
    P: Process + Clone,
    P::StateMachine: Clone,
    W: Watch<P> + Clone,
{
    /// A scene of this world, without clients or faults. Its waiting signals are still to be
    /// delivered.
    pub fn new(world: World<P, W>) -> Scene<P, W> {
        let killable: fn(&World<P, W>, Pid) -> bool = |_, _| true;
        Scene { world, clients: Vec::new(), faults: 0, killable, renamings: [].into() }
    }

    /// Adds a client that sends these messages in this order, each at any moment.
    pub fn client<T: Into<To>>(
        mut self,
        lines: impl IntoIterator<Item = (T, P::Message)>,
    ) -> Scene<P, W> {
        let lines = lines.into_iter().map(|(to, line)| (to.into(), line));
        self.clients.push((lines.collect(), 0));
        self
    }

    /// Allows this many kills, each at any moment.
    pub fn faults(self, faults: u32) -> Scene<P, W> {
        Scene { faults, ..self }
    }

    /// Restricts which processes can be killed. Default: every process, and no supervisor.
    pub fn killable(self, killable: fn(&World<P, W>, Pid) -> bool) -> Scene<P, W> {
        Scene { killable, ..self }
    }

    /// Identifies states that differ only by one of these renamings. See [`Renaming`].
    pub fn symmetric(self, renamings: Vec<Renaming>) -> Scene<P, W> {
        Scene { renamings: renamings.into(), ..self }
    }

    /// Sets the kills that are left.
    pub(crate) fn allow(&mut self, faults: u32) {
        self.faults = faults;
    }

    /// Kills that are left.
    pub fn faults_left(&self) -> u32 {
        self.faults
    }

    /// True if nothing waits, every message is sent, and no timer is set.
    pub fn is_quiet(&self) -> bool {
        self.world.waiting() == 0
            && self.world.next_timer().is_none()
            && (0..self.clients.len()).all(|client| self.next_line(client).is_none())
    }

    /// Runs without further faults until nothing happens any more: sends all messages, delivers in
    /// order of sending, and fires timers when nothing waits. At most `steps` deliveries and
    /// timers.
    pub fn settle(&mut self, steps: usize) -> Settled {
        self.faults = 0;
        for client in 0..self.clients.len() {
            while self.say(client) {}
        }
        for _ in 0..steps {
            if self.world.death().is_some() {
                return Settled::Quiet;
            }
            if self.world.deliver_at(0) {
                continue;
            }
            match self.world.next_timer() {
                Some(at) => self.world.set_time(at),
                None => return Settled::Quiet,
            }
        }
        Settled::Circles(steps)
    }

    /// Performs these actions in order: for example a counterexample's path on a scene with a
    /// recorder.
    pub fn play(&mut self, path: &[Action]) {
        path.iter().for_each(|step| self.happen(step));
    }

    fn happen(&mut self, chosen: &Action) {
        match *chosen {
            Action::Deliver { from, to } => {
                self.world.deliver_between(from, to);
            }
            Action::Say(client) => {
                self.say(client);
            }
            Action::Tick => {
                if let Some(at) = self.world.next_timer() {
                    self.world.set_time(at);
                }
            }
            Action::Kill(pid) => {
                self.faults = self.faults.saturating_sub(1);
                self.world.kill(pid);
            }
        }
        self.world.prune();
    }

    fn next_line(&self, client: usize) -> Option<&(To, P::Message)> {
        let (lines, said) = &self.clients[client];
        lines.get(*said)
    }

    fn say(&mut self, client: usize) -> bool {
        let Some((to, line)) = self.next_line(client).cloned() else { return false };
        self.clients[client].1 += 1;
        match to {
            To::Pid(pid) => self.world.send(pid, line),
            To::Name(name) => {
                self.world.send_to(name, line); // lost if no process bears it
            }
        }
        true
    }
}

impl<P, W> System for Scene<P, W>
where
    P: Process + Clone + Hash,
    P::Message: Hash,
    P::Note: Hash,
    P::StateMachine: Clone + Hash,
    W: Watch<P> + Clone,
{
    type Action = Action;
    type Kept = Scene<P, W>;

    fn actions(&self, actions: &mut Vec<Action>) {
        actions.clear();
        if self.world.death().is_some() {
            return;
        }
        self.world.ready_pairs(|from, to| actions.push(Action::Deliver { from, to }));
        let clients = 0..self.clients.len();
        actions.extend(clients.filter(|at| self.next_line(*at).is_some()).map(Action::Say));
        if self.world.next_timer().is_some() {
            actions.push(Action::Tick);
        }
        if self.faults > 0 {
            let may = |pid: &Pid| (self.killable)(&self.world, *pid);
            let alive = self.world.processes().map(|(pid, ..)| pid).filter(may);
            actions.extend(alive.map(Action::Kill));
        }
    }

    fn make(&mut self, chosen: &Action) {
        self.happen(chosen);
    }

    fn fingerprint(&self) -> u64 {
        let mut hasher = Digest::new();
        self.world.fingerprint_of_any(&self.renamings).hash(&mut hasher);
        self.faults.hash(&mut hasher);
        for (_, said) in &self.clients {
            said.hash(&mut hasher); // the messages themselves never change
        }
        hasher.finish()
    }

    fn is_fault(chosen: &Action) -> bool {
        matches!(chosen, Action::Kill(_))
    }

    fn keep(&mut self) -> Scene<P, W> {
        self.clone()
    }

    fn put_back(&mut self, kept: &Scene<P, W>) {
        self.clone_from(kept);
    }
}

impl<P, W> Clone for Scene<P, W>
where
    P: Process + Clone,
    P::StateMachine: Clone,
    W: Watch<P> + Clone,
{
    fn clone(&self) -> Scene<P, W> {
        Scene {
            world: self.world.clone(),
            clients: self.clients.clone(),
            faults: self.faults,
            killable: self.killable,
            renamings: self.renamings.clone(),
        }
    }
}

impl<P: Process, W> fmt::Debug for Scene<P, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scene({:?}, {} faults left)", self.world, self.faults)
    }
}
