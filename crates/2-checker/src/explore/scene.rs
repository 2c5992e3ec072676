//! A world as a system to be explored: clients who say their lines at any moment, every permitted order of
//! delivery, timers that fire at any moment, and deaths at any moment while the budget lasts.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use kernel::{Digest, Name, Pid, Process, Renaming, Watch, World};

use super::System;

/// What may happen in a scene.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// The oldest signal between these two is delivered.
    Deliver {
        /// From whom.
        from: Pid,
        /// To whom.
        to: Pid,
    },
    /// A client, by number, says its next line.
    Say(usize),
    /// Time goes on to when the next timer is due.
    Tick,
    /// Somebody is killed.
    Kill(Pid),
}

/// Whom a client speaks to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum To {
    /// One life of a process.
    Pid(Pid),
    /// Whoever bears the name then.
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

/// What a client says, to whom.
type Lines<M> = Arc<[(To, M)]>;

/// One world, and what may still happen to it from outside.
///
/// All parts are public or settable before the search; during it only moves change them.
pub struct Scene<P: Process, W = ()> {
    /// The world as it is.
    pub world: World<P, W>,
    /// What each says, and how many lines of it are said.
    clients: Vec<(Lines<P::Message>, usize)>,
    faults: u32,
    mortal: fn(&World<P, W>, Pid) -> bool,
    renamings: Arc<[Renaming]>,
}

/// What became of a scene that was left to itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Settled {
    /// Nothing waits, and no timer is set.
    Quiet,
    /// There was no end within so many steps.
    Circles(usize),
}

impl<P, W> Scene<P, W>
where
    P: Process + Clone,
    P::StateMachine: Clone,
    W: Watch<P> + Clone,
{
    /// This world, without clients or faults. What waits in it is still to be delivered.
    pub fn new(world: World<P, W>) -> Scene<P, W> {
        let mortal: fn(&World<P, W>, Pid) -> bool = |_, _| true;
        Scene { world, clients: Vec::new(), faults: 0, mortal, renamings: [].into() }
    }

    /// With one more client, who says these lines in this order, each at any moment.
    pub fn client<T: Into<To>>(
        mut self,
        lines: impl IntoIterator<Item = (T, P::Message)>,
    ) -> Scene<P, W> {
        let lines = lines.into_iter().map(|(to, line)| (to.into(), line));
        self.clients.push((lines.collect(), 0));
        self
    }

    /// With so many deaths, each at any moment.
    pub fn faults(self, faults: u32) -> Scene<P, W> {
        Scene { faults, ..self }
    }

    /// Only these may be killed. Otherwise every process may, and no supervisor.
    pub fn killable(self, mortal: fn(&World<P, W>, Pid) -> bool) -> Scene<P, W> {
        Scene { mortal, ..self }
    }

    /// Takes states for one that differ only in who is who, by these renamings. See [`Renaming`].
    pub fn symmetric(self, renamings: Vec<Renaming>) -> Scene<P, W> {
        Scene { renamings: renamings.into(), ..self }
    }

    /// So many deaths may still come, whatever there were.
    pub(crate) fn allow(&mut self, faults: u32) {
        self.faults = faults;
    }

    /// Deaths that may still come.
    pub fn faults_left(&self) -> u32 {
        self.faults
    }

    /// True if nothing waits, every line is said, and no timer is set.
    pub fn is_quiet(&self) -> bool {
        self.world.waiting() == 0
            && self.world.next_timer().is_none()
            && (0..self.clients.len()).all(|client| self.next_line(client).is_none())
    }

    /// Leaves it to itself, without faults and with all lines said: delivers in order of sending, and lets timers
    /// fire when nothing waits. At most `steps` of both.
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

    /// Lets these happen, one after the other: a breach's path on a scene that is watched, for one.
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
                self.world.send_to(name, line); // to nobody if nobody bears it
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

    fn actions(&self, moves: &mut Vec<Action>) {
        moves.clear();
        if self.world.death().is_some() {
            return;
        }
        self.world.ready_pairs(|from, to| moves.push(Action::Deliver { from, to }));
        let clients = 0..self.clients.len();
        moves.extend(clients.filter(|at| self.next_line(*at).is_some()).map(Action::Say));
        if self.world.next_timer().is_some() {
            moves.push(Action::Tick);
        }
        if self.faults > 0 {
            let may = |pid: &Pid| (self.mortal)(&self.world, *pid);
            let alive = self.world.processes().map(|(pid, ..)| pid).filter(may);
            moves.extend(alive.map(Action::Kill));
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
            said.hash(&mut hasher); // the lines themselves never change
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
            mortal: self.mortal,
            renamings: self.renamings.clone(),
        }
    }
}

impl<P: Process, W> fmt::Debug for Scene<P, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scene({:?}, {} faults left)", self.world, self.faults)
    }
}
