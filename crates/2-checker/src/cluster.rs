//! Several worlds on one thread, joined by wires: for tests, simulation and exhaustive checks of
//! what runs in production on one thread for each world ([`kernel::live`]). When a signal is
//! carried from world to world is an action like any other; a world can be lost with all that it
//! holds.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::explore::{Action, Scene, System};
use kernel::{Process, RemoteEnvelope, Watch, World};

/// What can happen to joined worlds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Step {
    /// An action within a world.
    In(u8, Action),
    /// The oldest signal on the wire from one world to another arrives.
    Carry(u8, u8),
    /// A world is lost, with what is on the wires from it.
    Lose(u8),
}

/// Worlds, by number, and the wires between them.
///
/// All worlds share one budget of faults.
pub struct Cluster<P: Process, W = ()> {
    scenes: Vec<Option<Scene<P, W>>>,
    wires: BTreeMap<(u8, u8), VecDeque<RemoteEnvelope<P::Message>>>,
    deaths: u32,
    losses: u32,
}

impl<P, W> Cluster<P, W>
where
    P: Process + Clone,
    P::StateMachine: Clone,
    W: Watch<P> + Clone,
{
    /// Joins these worlds. A world's number must be its position in the list.
    ///
    /// # Panics
    /// If a world has another number.
    pub fn new(scenes: impl IntoIterator<Item = Scene<P, W>>) -> Cluster<P, W> {
        let scenes: Vec<_> = scenes.into_iter().collect();
        for (number, scene) in (0..).zip(&scenes) {
            assert_eq!(scene.world.number(), number, "worlds are joined in order of their numbers");
        }
        let scenes = scenes.into_iter().map(Some).collect();
        let mut cluster = Cluster { scenes, wires: BTreeMap::new(), deaths: 0, losses: 0 };
        cluster.collect();
        cluster
    }

    /// Allows this many kills of processes over all worlds.
    pub fn deaths(mut self, deaths: u32) -> Cluster<P, W> {
        self.deaths = deaths;
        self.allow();
        self
    }

    /// Allows this many losses of whole worlds.
    pub fn losses(self, losses: u32) -> Cluster<P, W> {
        Cluster { losses, ..self }
    }

    fn allow(&mut self) {
        let deaths = self.deaths;
        for scene in self.scenes.iter_mut().flatten() {
            scene.allow(deaths);
        }
    }

    /// A world, if it is not lost.
    pub fn world(&self, number: u8) -> Option<&World<P, W>> {
        self.scenes.get(usize::from(number))?.as_ref().map(|scene| &scene.world)
    }

    /// A world, to be acted upon from outside.
    pub fn world_mut(&mut self, number: u8) -> Option<&mut World<P, W>> {
        self.scenes.get_mut(usize::from(number))?.as_mut().map(|scene| &mut scene.world)
    }

    /// All worlds that are not lost.
    pub fn worlds(&self) -> impl Iterator<Item = &World<P, W>> {
        self.scenes.iter().flatten().map(|scene| &scene.world)
    }

    /// True if nothing waits in a world or on a wire, no timer is set, and all clients have sent
    /// all.
    pub fn is_quiet(&self) -> bool {
        self.wires.values().all(VecDeque::is_empty)
            && self.scenes.iter().flatten().all(Scene::is_quiet)
    }

    /// Moves what worlds have sent each other onto the wires.
    fn collect(&mut self) {
        for (from, scene) in (0..).zip(&mut self.scenes) {
            for remote in scene.iter_mut().flat_map(|scene| scene.world.take_outbox()) {
                self.wires.entry((from, remote.to())).or_default().push_back(remote);
            }
        }
    }

    /// Delivers the oldest signal on a wire to its world. False if there is none, or the world is
    /// lost.
    pub fn carry(&mut self, from: u8, to: u8) -> bool {
        let Some(remote) = self.wires.get_mut(&(from, to)).and_then(VecDeque::pop_front) else {
            return false;
        };
        let Some(world) = self.world_mut(to) else { return false };
        world.accept(remote);
        world.prune();
        self.collect();
        true
    }

    /// Loses a world. The others are notified at once.
    pub fn lose(&mut self, number: u8) {
        if let Some(place) = self.scenes.get_mut(usize::from(number)) {
            *place = None;
        }
        self.wires.retain(|(from, to), _| *from != number && *to != number);
        for scene in self.scenes.iter_mut().flatten() {
            scene.world.lost(number);
            scene.world.prune();
        }
        self.collect();
    }

    /// Runs all worlds in turn until nothing waits. Timers do not fire.
    pub fn run(&mut self) {
        loop {
            for scene in self.scenes.iter_mut().flatten() {
                scene.world.run();
            }
            self.collect();
            let busy: Vec<(u8, u8)> =
                self.wires.iter().filter(|(_, wire)| !wire.is_empty()).map(|(at, _)| *at).collect();
            if busy.is_empty() {
                return;
            }
            for (from, to) in busy {
                while self.carry(from, to) {}
            }
        }
    }
}

impl<P, W> System for Cluster<P, W>
where
    P: Process + Clone + Hash,
    P::Message: Hash,
    P::Note: Hash,
    P::StateMachine: Clone + Hash,
    W: Watch<P> + Clone,
{
    type Action = Step;
    type Kept = Cluster<P, W>;

    fn actions(&self, actions: &mut Vec<Step>) {
        actions.clear();
        let mut within = Vec::new();
        for (number, scene) in (0..).zip(&self.scenes) {
            let Some(scene) = scene else { continue };
            scene.actions(&mut within);
            actions.extend(within.iter().map(|step| Step::In(number, *step)));
            if self.losses > 0 {
                actions.push(Step::Lose(number));
            }
        }
        let busy = self.wires.iter().filter(|(_, wire)| !wire.is_empty());
        actions.extend(busy.map(|((from, to), _)| Step::Carry(*from, *to)));
    }

    fn make(&mut self, chosen: &Step) {
        match *chosen {
            Step::In(number, step) => {
                if let Some(Some(scene)) = self.scenes.get_mut(usize::from(number)) {
                    scene.make(&step);
                    self.deaths = scene.faults_left().min(self.deaths);
                }
                self.allow();
                self.collect();
            }
            Step::Carry(from, to) => {
                self.carry(from, to);
            }
            Step::Lose(number) => {
                self.losses = self.losses.saturating_sub(1);
                self.lose(number);
            }
        }
    }

    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for scene in &self.scenes {
            scene.as_ref().map(Scene::fingerprint).hash(&mut hasher);
        }
        for (at, wire) in self.wires.iter().filter(|(_, wire)| !wire.is_empty()) {
            (at, wire).hash(&mut hasher);
        }
        (self.deaths, self.losses).hash(&mut hasher);
        hasher.finish()
    }

    fn is_fault(chosen: &Step) -> bool {
        matches!(chosen, Step::Lose(_) | Step::In(_, Action::Kill(_)))
    }

    fn keep(&mut self) -> Cluster<P, W> {
        self.clone()
    }

    fn put_back(&mut self, kept: &Cluster<P, W>) {
        self.clone_from(kept);
    }
}

impl<P, W> Clone for Cluster<P, W>
where
    P: Process + Clone,
    P::StateMachine: Clone,
    W: Watch<P> + Clone,
{
    fn clone(&self) -> Cluster<P, W> {
        Cluster {
            scenes: self.scenes.clone(),
            wires: self.wires.clone(),
            deaths: self.deaths,
            losses: self.losses,
        }
    }
}

impl<P: Process, W> fmt::Debug for Cluster<P, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cluster({:?}, {} wires)", self.scenes, self.wires.len())
    }
}
